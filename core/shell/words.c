/* SPDX-License-Identifier: MIT */
/* Cuts command lines into words, and usage texts into theirs. */
#include <core/errno.h>
#include <core/shell.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_text(char c)
{
	return (c >= ' ' && c < 0x7f) || c == '\t';
}

/*
 * Copies what is inside quotes from *@in to *@out; both are moved on. False: the closing quote is
 * missing.
 */
static bool unquote(char **in, char **out)
{
	char quote = *(*in)++;

	for (; **in && **in != quote; (*in)++) {
		if (quote == '"' && **in == '\\' && ((*in)[1] == '"' || (*in)[1] == '\\'))
			(*in)++;
		*(*out)++ = **in;
	}
	if (!**in)
		return false;
	(*in)++;
	return true;
}

/* Takes one word from *@in; it is written over the line at @out. The text never gets longer. */
static bool take_word(char **in, char *out)
{
	bool more = true;
	char end;

	while (more && **in && !is_blank(**in)) {
		if (**in == '"' || **in == '\'') {
			if (!unquote(in, &out))
				return false;
		} else {
			*out++ = *(*in)++;
		}
	}
	end = **in;
	*out = '\0';
	if (end)
		(*in)++;
	return true;
}

static int split_error(struct shell_words *words, const char *error)
{
	words->error = error;
	return -EINVAL;
}

int words_split(struct shell_words *words, char *line)
{
	*words = (struct shell_words){ 0 };
	for (const char *c = line; *c; c++)
		if (!is_text(*c))
			return split_error(words, "the line holds a byte that is no ASCII text");
	for (;;) {
		char *out;

		while (is_blank(*line))
			line++;
		if (!*line || *line == '#')
			return 0;
		if (words->count == SHELL_WORDS_MAX)
			return split_error(words, "the line has too many words; 16 is the most");
		out = line;
		words->word[words->count] = out;
		if (!take_word(&line, out))
			return split_error(words, "a quote is not closed: add the second \" or '");
		words->count++;
	}
}

bool usage_next(const char **usage, struct usage_word *word)
{
	const char *s = *usage;
	const char *end;

	while (is_blank(*s))
		s++;
	for (end = s; *end && !is_blank(*end); end++)
		;
	*usage = end;
	if (s == end)
		return false;
	*word = (struct usage_word){ .optional = *s == '[' };
	if (word->optional) {
		s++;
		end--;
	}
	word->repeated = end - s > 3 && strncmp(end - 3, "...", 3) == 0;
	if (word->repeated)
		end -= 3;
	word->flag = *s == '-';
	word->text = s;
	word->len = (u32)(end - s);
	return true;
}

bool usage_choice(const struct usage_word *word, u32 *at, const char **text, u32 *len)
{
	u32 start = *at;

	if (start >= word->len)
		return false;
	while (*at < word->len && word->text[*at] != '|')
		(*at)++;
	*text = word->text + start;
	*len = *at - start;
	(*at)++;
	return true;
}
