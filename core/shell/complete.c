/* SPDX-License-Identifier: MIT */
/* Tab: commands, sub-commands, VM names, bundle files and flags, by what the usage allows. */
#include <core/bundle.h>
#include <core/errno.h>
#include <core/shell.h>
#include <string.h>

/*
 * Candidates go through offer(), twice: to find what they have in common, then perhaps to be
 * listed.
 */
struct search {
	struct shell *sh;
	const char *prefix;
	size_t prefix_len;
	u32 count;
	char common[LINE_SIZE]; /* of all candidates */
	bool list;
};

static void offer(struct search *search, const char *candidate, size_t len)
{
	size_t same = 0;

	if (len < search->prefix_len || len >= sizeof(search->common) ||
	    strncmp(candidate, search->prefix, search->prefix_len) != 0)
		return;
	if (search->list)
		shell_printf(search->sh, "%s%.*s", search->count ? "  " : "", (int)len, candidate);
	if (search->count++ == 0) {
		memcpy(search->common, candidate, len);
		search->common[len] = '\0';
		return;
	}
	while (same < len && search->common[same] == candidate[same])
		same++;
	search->common[same] = '\0';
}

static void offer_text(struct search *search, const char *candidate)
{
	offer(search, candidate, strlen(candidate));
}

static void offer_nouns(struct search *search)
{
	const struct shell_cmd *cmd = NULL;
	const char *last = "";

	while ((cmd = shell_next(cmd))) {
		if (strcmp(cmd->noun, last) != 0)
			offer_text(search, cmd->noun);
		last = cmd->noun;
	}
}

static void offer_verbs(struct search *search, const char *noun)
{
	const struct shell_cmd *cmd = NULL;

	while ((cmd = shell_next(cmd)))
		if (strcmp(cmd->noun, noun) == 0 && *cmd->verb)
			offer_text(search, cmd->verb);
}

static void offer_vms(struct search *search)
{
	struct control_vm vm;
	u64 cursor = 0;

	while (control_vm_next(&search->sh->caller, &cursor, &vm) == 0)
		offer_text(search, vm.name);
}

static void offer_files(struct search *search)
{
	struct bundle_file file;

	for (unsigned i = 0; bundle_get(i, &file); i++)
		offer_text(search, file.name);
}

static const struct {
	const char *word;
	void (*offer)(struct search *search);
} kinds[] = {
	{ "NAME", offer_vms },
	{ "FILE", offer_files },
	{ "COMMAND", offer_nouns },
};

static void offer_choice(struct search *search, const char *text, u32 len)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].word) == len && strncmp(kinds[i].word, text, len) == 0)
			kinds[i].offer(search);
	if (*text >= 'a' && *text <= 'z')
		offer(search, text, len);
}

/* Argument @index of @cmd. */
static void offer_argument(struct search *search, const struct shell_cmd *cmd, u32 index)
{
	const char *usage = cmd->usage;
	struct usage_word word;
	const char *text;
	u32 len, at, position = 0;

	while (usage_next(&usage, &word)) {
		if (word.flag && search->prefix[0] == '-')
			offer(search, word.text, word.len);
		if (word.flag || search->prefix[0] == '-')
			continue;
		at = 0;
		if (position++ == index)
			while (usage_choice(&word, &at, &text, &len))
				offer_choice(search, text, len);
	}
}

static u32 count_arguments(const struct shell_words *words, u32 from)
{
	u32 count = 0;

	for (u32 i = from; i < words->count; i++)
		count += words->word[i][0] != '-';
	return count;
}

/* @before holds the words that stand before the one being typed. */
static void offer_all(struct search *search, const struct shell_words *before)
{
	const struct shell_cmd *cmd;

	if (before->count == 0) {
		offer_nouns(search);
		return;
	}
	cmd = before->count > 1 ? shell_find(before->word[0], before->word[1]) : NULL;
	if (cmd) {
		offer_argument(search, cmd, count_arguments(before, 2));
		return;
	}
	if (before->count == 1)
		offer_verbs(search, before->word[0]);
	cmd = shell_find(before->word[0], "");
	if (cmd)
		offer_argument(search, cmd, count_arguments(before, 1));
}

static void list(struct search *search, const struct shell_words *before)
{
	struct line *line = &search->sh->line;

	shell_write(search->sh, "\n", 1);
	search->list = true;
	search->count = 0;
	offer_all(search, before);
	shell_write(search->sh, "\n", 1);
	search->sh->interrupted = false;
	line_redraw(line);
}

void shell_complete(struct shell *sh)
{
	struct line *line = &sh->line;
	struct search search = { .sh = sh };
	struct shell_words before;
	char head[LINE_SIZE];
	u32 start = line->cursor;
	size_t common;

	while (start && line->text[start - 1] != ' ')
		start--;
	memcpy(head, line->text, line->cursor);
	head[line->cursor] = '\0';
	search.prefix = line->text + start;
	search.prefix_len = line->cursor - start;
	head[start] = '\0';
	if (words_split(&before, head) != 0 || before.count == SHELL_WORDS_MAX)
		return;
	offer_all(&search, &before);
	common = strlen(search.common);
	if (search.count == 0)
		return;
	if (common > search.prefix_len)
		line_insert(line, search.common + search.prefix_len, common - search.prefix_len);
	else if (search.count > 1)
		list(&search, &before);
	if (search.count == 1 && line->text[line->cursor] != ' ')
		line_insert(line, " ", 1);
}
