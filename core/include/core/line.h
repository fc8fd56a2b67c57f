/* SPDX-License-Identifier: MIT */
/* Line editor of the shell: keys in, an edited line out; knows no console. */
#ifndef CORE_LINE_H
#define CORE_LINE_H

#include <core/types.h>

#define LINE_SIZE 256   /* with the terminating NUL */
#define LINE_HISTORY 16 /* a power of two */
#define LINE_COLUMNS 79 /* of the terminal that are used; longer lines scroll sideways */

/* What a key led to. */
enum line_result {
	LINE_MORE,      /* go on */
	LINE_DONE,      /* line->text is complete */
	LINE_COMPLETE,  /* Tab: the caller may line_insert() */
	LINE_CANCELLED, /* Ctrl-C: the line is empty again */
};

struct line {
	const char *prompt; /* borrowed; at most LINE_COLUMNS / 2 */
	void (*write)(void *ctx, const char *s, size_t len);
	void *ctx;
	char text[LINE_SIZE]; /* printable ASCII only, NUL-terminated */
	u32 len;
	u32 cursor;    /* 0..len */
	u32 scroll;    /* first byte on the screen */
	u8 state;      /* within an escape sequence */
	u16 parameter; /* of it */
	bool after_cr; /* a following \n belongs to it */
	char history[LINE_HISTORY][LINE_SIZE];
	u32 history_count;     /* lines ever remembered */
	u32 history_at;        /* the one on the screen; == history_count: the new one */
	char draft[LINE_SIZE]; /* the new one, while another is on the screen */
};

void line_init(struct line *line, const char *prompt,
	       void (*write)(void *ctx, const char *s, size_t len), void *ctx);
/* A new empty line, drawn; the cursor must be at the start of a row. */
void line_begin(struct line *line);
/* Takes one byte. After LINE_DONE the cursor is at the start of the next row of the terminal. */
enum line_result line_key(struct line *line, u8 byte);
/* Draws prompt and text again; from the start of the row. */
void line_redraw(struct line *line);
/* Types @text at the cursor; what is not printable or does not fit is left out, with a beep. */
void line_insert(struct line *line, const char *text, size_t len);
/* Remembers text, unless it is empty or the same as the newest. */
void line_remember(struct line *line, const char *text);

#endif
