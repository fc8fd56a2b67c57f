/* SPDX-License-Identifier: MIT */
/* The line editor: a state machine over key bytes, and as little drawing as will do. */
#include <core/line.h>
#include <libs/format.h>
#include <string.h>

#define CTRL(key) ((key)&0x1f)

/* Where we are in a key that takes several bytes: ESC, ESC [ with a parameter, ESC O. */
enum key_state { KEY_PLAIN, KEY_ESCAPE, KEY_CSI, KEY_SS3 };

static void put(struct line *line, const char *s, size_t len)
{
	if (len)
		line->write(line->ctx, s, len);
}

static void put_text(struct line *line, const char *s)
{
	put(line, s, strlen(s));
}

static void beep(struct line *line)
{
	put_text(line, "\a");
}

static u32 columns(const struct line *line)
{
	return LINE_COLUMNS - (u32)strlen(line->prompt);
}

void line_init(struct line *line, const char *prompt,
	       void (*write)(void *ctx, const char *s, size_t len), void *ctx)
{
	memset(line, 0, sizeof(*line));
	line->prompt = prompt;
	line->write = write;
	line->ctx = ctx;
}

void line_redraw(struct line *line)
{
	char text[LINE_COLUMNS +
		  32]; /* in one piece: a message of the log must not come in between */
	u32 width = columns(line);
	size_t len;
	u32 shown;

	if (line->cursor < line->scroll)
		line->scroll = line->cursor;
	if (line->cursor - line->scroll >= width)
		line->scroll = line->cursor - width + 1;
	shown = MIN(line->len - line->scroll, width);
	len = format_to(text, sizeof(text), "\r%s%.*s\x1b[K", line->prompt, (int)shown,
			line->text + line->scroll);
	if (line->cursor - line->scroll < shown)
		len += format_to(text + len, sizeof(text) - len, "\x1b[%uD",
				 shown - (line->cursor - line->scroll));
	put(line, text, len);
}

static void set_text(struct line *line, const char *text)
{
	format_to(line->text, sizeof(line->text), "%s", text);
	line->len = (u32)strlen(line->text);
	line->cursor = line->len;
	line->scroll = 0;
}

void line_begin(struct line *line)
{
	set_text(line, "");
	line->state = KEY_PLAIN;
	line->history_at = line->history_count;
	put_text(line, line->prompt);
}

/* ---------------------------------------------------------------- editing */

/* At the end of a short line the text itself is all there is to draw. */
static void insert_at_cursor(struct line *line, const char *text, u32 len)
{
	bool at_end = line->cursor == line->len && line->len - line->scroll + len < columns(line);

	memmove(line->text + line->cursor + len, line->text + line->cursor,
		line->len - line->cursor + 1);
	memcpy(line->text + line->cursor, text, len);
	line->len += len;
	line->cursor += len;
	if (at_end)
		put(line, text, len);
	else
		line_redraw(line);
}

void line_insert(struct line *line, const char *text, size_t len)
{
	char clean[LINE_SIZE];
	u32 count = 0;

	for (size_t i = 0; i < len && line->len + count < LINE_SIZE - 1; i++)
		if (text[i] >= ' ' && text[i] < 0x7f)
			clean[count++] = text[i];
	insert_at_cursor(line, clean, count);
	if (count < len)
		beep(line);
}

static void erase(struct line *line, u32 from, u32 to)
{
	bool at_end = from == line->len - 1 && to == line->len && line->cursor == line->len &&
		      line->scroll == 0;

	if (from >= to)
		return;
	memmove(line->text + from, line->text + to, line->len - to + 1);
	line->len -= to - from;
	line->cursor = from;
	if (at_end)
		put_text(line, "\b \b");
	else
		line_redraw(line);
}

static u32 word_left(const struct line *line)
{
	u32 at = line->cursor;

	while (at && line->text[at - 1] == ' ')
		at--;
	while (at && line->text[at - 1] != ' ')
		at--;
	return at;
}

static u32 word_right(const struct line *line)
{
	u32 at = line->cursor;

	while (at < line->len && line->text[at] == ' ')
		at++;
	while (at < line->len && line->text[at] != ' ')
		at++;
	return at;
}

static void move_to(struct line *line, u32 at)
{
	line->cursor = at;
	line_redraw(line);
}

static void move_left(struct line *line)
{
	if (line->cursor)
		move_to(line, line->cursor - 1);
}

static void move_right(struct line *line)
{
	if (line->cursor < line->len)
		move_to(line, line->cursor + 1);
}

static void move_home(struct line *line)
{
	move_to(line, 0);
}

static void move_end(struct line *line)
{
	move_to(line, line->len);
}

static void move_word_left(struct line *line)
{
	move_to(line, word_left(line));
}

static void move_word_right(struct line *line)
{
	move_to(line, word_right(line));
}

static void erase_back(struct line *line)
{
	if (line->cursor)
		erase(line, line->cursor - 1, line->cursor);
}

static void erase_here(struct line *line)
{
	if (line->cursor < line->len)
		erase(line, line->cursor, line->cursor + 1);
}

static void erase_to_end(struct line *line)
{
	erase(line, line->cursor, line->len);
}

static void erase_to_start(struct line *line)
{
	erase(line, 0, line->cursor);
}

static void erase_word(struct line *line)
{
	erase(line, word_left(line), line->cursor);
}

static void clear_screen(struct line *line)
{
	put_text(line, "\x1b[H\x1b[2J");
	line_redraw(line);
}

/* ---------------------------------------------------------------- history */

void line_remember(struct line *line, const char *text)
{
	char *newest = line->history[(line->history_count - 1) % LINE_HISTORY];

	if (!*text || (line->history_count && strcmp(newest, text) == 0))
		return;
	format_to(line->history[line->history_count % LINE_HISTORY], LINE_SIZE, "%s", text);
	line->history_count++;
}

static void show_history(struct line *line, u32 at)
{
	if (line->history_at == line->history_count)
		memcpy(line->draft, line->text, sizeof(line->draft));
	line->history_at = at;
	set_text(line, at == line->history_count ? line->draft : line->history[at % LINE_HISTORY]);
	line_redraw(line);
}

static void history_older(struct line *line)
{
	u32 kept = MIN(line->history_count, (u32)LINE_HISTORY);

	if (line->history_count - line->history_at < kept)
		show_history(line, line->history_at - 1);
	else
		beep(line);
}

static void history_newer(struct line *line)
{
	if (line->history_at != line->history_count)
		show_history(line, line->history_at + 1);
}

/* ---------------------------------------------------------------- keys */

struct key {
	u16 code;
	void (*run)(struct line *line);
};

static const struct key plain_keys[] = {
	{ CTRL('A'), move_home },     { CTRL('B'), move_left },      { CTRL('D'), erase_here },
	{ CTRL('E'), move_end },      { CTRL('F'), move_right },     { CTRL('H'), erase_back },
	{ CTRL('K'), erase_to_end },  { CTRL('L'), clear_screen },   { CTRL('N'), history_newer },
	{ CTRL('P'), history_older }, { CTRL('U'), erase_to_start }, { CTRL('W'), erase_word },
	{ 0x7f, erase_back },
};

/* After ESC. */
static const struct key meta_keys[] = {
	{ 'b', move_word_left },
	{ 'f', move_word_right },
};

/* After ESC [ or ESC O; and with another value, ESC [ 1 ; 5 and such, for control and shift. */
static const struct key cursor_keys[] = {
	{ 'A', history_older }, { 'B', history_newer }, { 'C', move_right },
	{ 'D', move_left },     { 'F', move_end },      { 'H', move_home },
};
static const struct key modified_keys[] = {
	{ 'C', move_word_right },
	{ 'D', move_word_left },
};

/* ESC [ n ~ */
static const struct key numbered_keys[] = {
	{ 1, move_home }, { 3, erase_here }, { 4, move_end }, { 7, move_home }, { 8, move_end },
};

static void run_key(struct line *line, const struct key *keys, size_t count, u16 code)
{
	for (size_t i = 0; i < count; i++) {
		if (keys[i].code == code) {
			keys[i].run(line);
			return;
		}
	}
}

static void key_csi(struct line *line, u8 byte)
{
	if (byte >= '0' && byte <= '9') {
		line->parameter = (u16)MIN(line->parameter * 10u + (byte - '0'), 9999u);
		return;
	}
	if (byte == ';') {
		line->parameter = 0;
		return;
	}
	if (byte < 0x40 || byte > 0x7e) /* other parameters, or the key was cut off */
		return;
	line->state = KEY_PLAIN;
	if (byte == '~')
		run_key(line, numbered_keys, ARRAY_SIZE(numbered_keys), line->parameter);
	else if (line->parameter > 1)
		run_key(line, modified_keys, ARRAY_SIZE(modified_keys), byte);
	else
		run_key(line, cursor_keys, ARRAY_SIZE(cursor_keys), byte);
}

/* True when the byte was part of a longer key. */
static bool key_sequence(struct line *line, u8 byte)
{
	enum key_state state = line->state;

	if (byte == 0x1b) {
		line->state = KEY_ESCAPE;
		return true;
	}
	if (state == KEY_PLAIN)
		return false;
	if (byte < ' ') { /* a control key ends what was never finished */
		line->state = KEY_PLAIN;
		return false;
	}
	line->state = KEY_PLAIN;
	if (state == KEY_CSI) {
		line->state = KEY_CSI;
		key_csi(line, byte);
	} else if (state == KEY_SS3) {
		run_key(line, cursor_keys, ARRAY_SIZE(cursor_keys), byte);
	} else if (byte == '[' || byte == 'O') {
		line->state = byte == '[' ? KEY_CSI : KEY_SS3;
		line->parameter = 0;
	} else {
		run_key(line, meta_keys, ARRAY_SIZE(meta_keys), byte);
	}
	return true;
}

static enum line_result finish(struct line *line)
{
	put_text(line, "\n");
	line_remember(line, line->text);
	line->scroll = 0;
	return LINE_DONE;
}

static enum line_result cancel(struct line *line)
{
	put_text(line, "^C\n");
	set_text(line, "");
	line->history_at = line->history_count;
	return LINE_CANCELLED;
}

enum line_result line_key(struct line *line, u8 byte)
{
	bool after_cr = line->after_cr;
	char c = (char)byte;

	line->after_cr = byte == '\r';
	if (key_sequence(line, byte))
		return LINE_MORE;
	switch (byte) {
	case '\n':
		return after_cr ? LINE_MORE : finish(line);
	case '\r':
		return finish(line);
	case '\t':
		return LINE_COMPLETE;
	case CTRL('C'):
		return cancel(line);
	}
	if (byte >= ' ' && byte < 0x7f)
		line_insert(line, &c, 1);
	else
		run_key(line, plain_keys, ARRAY_SIZE(plain_keys), byte);
	return LINE_MORE;
}
