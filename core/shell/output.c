/* SPDX-License-Identifier: MIT */
/* What commands print, how Ctrl-C ends it, and numbers in both directions. */
#include <core/errno.h>
#include <core/shell.h>
#include <core/time.h>
#include <libs/parse.h>
#include <string.h>

#define CTRL_C 3

/* ---------------------------------------------------------------- keys while a command runs */

/* Takes keys until @deadline passes or Ctrl-C comes; what does not fit is lost. */
static void take_keys(struct shell *sh, u64 deadline)
{
	int c;

	while (!sh->interrupted) {
		c = sh->io.getc(sh->io.ctx, deadline);
		if (c == CTRL_C) {
			sh->interrupted = true;
			sh->ahead_count = 0;
		} else if (c >= 0 && sh->ahead_count < sizeof(sh->ahead)) {
			sh->ahead[sh->ahead_count++] = (u8)c;
		} else if (c == -ETIMEDOUT) {
			return;
		}
	}
}

static void look_for_interrupt(struct shell *sh)
{
	take_keys(sh, 0);
}

void shell_sleep_ms(struct shell *sh, u64 ms)
{
	take_keys(sh, time_now() + time_from_ms(ms));
}

bool shell_stopped(struct shell *sh)
{
	look_for_interrupt(sh);
	return sh->interrupted;
}

int shell_getc(struct shell *sh, u64 deadline)
{
	int c;

	if (sh->ahead_count == 0)
		return sh->io.getc(sh->io.ctx, deadline);
	c = sh->ahead[0];
	sh->ahead_count--;
	memmove(sh->ahead, sh->ahead + 1, sh->ahead_count);
	return c;
}

/* ---------------------------------------------------------------- text */

/* Ctrl-C is looked for once a row, so that a long list ends soon and short output costs nothing. */
void shell_write(struct shell *sh, const char *s, size_t len)
{
	if (sh->interrupted)
		return;
	sh->io.write(sh->io.ctx, s, len);
	if (memchr(s, '\n', len))
		look_for_interrupt(sh);
}

void shell_sink(void *ctx, const char *s, size_t len)
{
	shell_write(ctx, s, len);
}

/* Collects the pieces of one text, for fewer and larger writes. */
struct pieces {
	struct shell *sh;
	size_t len;
	char text[160];
};

static void flush_pieces(struct pieces *p)
{
	if (p->len)
		shell_write(p->sh, p->text, p->len);
	p->len = 0;
}

static void pieces_sink(void *ctx, const char *s, size_t len)
{
	struct pieces *p = ctx;

	if (p->len + len > sizeof(p->text))
		flush_pieces(p);
	if (len > sizeof(p->text)) {
		shell_write(p->sh, s, len);
		return;
	}
	memcpy(p->text + p->len, s, len);
	p->len += len;
}

static void __printf(2, 0) print_va(struct shell *sh, const char *fmt, va_list ap)
{
	struct pieces p;

	p.sh = sh;
	p.len = 0;
	format_va(pieces_sink, &p, fmt, ap);
	flush_pieces(&p);
}

void shell_printf(struct shell *sh, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_va(sh, fmt, ap);
	va_end(ap);
}

void shell_print(void *ctx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_va(ctx, fmt, ap);
	va_end(ap);
}

int shell_error(struct shell *sh, const char *fmt, ...)
{
	va_list ap;

	if (sh->script)
		shell_printf(sh, "%s:%u: ", sh->script, sh->script_line);
	va_start(ap, fmt);
	print_va(sh, fmt, ap);
	va_end(ap);
	shell_write(sh, "\n", 1);
	return -EINVAL;
}

int shell_failed(struct shell *sh, int e)
{
	shell_error(sh, "%s", sh->caller.error);
	return e;
}

void shell_json_begin(struct shell *sh, struct json *json)
{
	json_begin(json, shell_sink, sh);
}

void shell_json_end(struct shell *sh)
{
	shell_write(sh, "\n", 1);
}

/* ---------------------------------------------------------------- text of guests and files */

enum filter_state { FILTER_TEXT, FILTER_ESCAPE, FILTER_CSI, FILTER_STRING, FILTER_STRING_ESCAPE };

/* Operating-system commands, device control, privacy messages: they last until BEL or ESC \. */
static bool begins_string(u8 byte)
{
	return byte == ']' || byte == 'P' || byte == '^' || byte == '_' || byte == 'X';
}

static u8 filter_next(u8 state, u8 byte)
{
	if (byte == 0x1b)
		return state == FILTER_STRING ? FILTER_STRING_ESCAPE : FILTER_ESCAPE;
	if (state == FILTER_ESCAPE && byte == '[')
		return FILTER_CSI;
	if (state == FILTER_ESCAPE && begins_string(byte))
		return FILTER_STRING;
	if (state == FILTER_ESCAPE && byte >= 0x20 && byte <= 0x2f) /* one more byte follows */
		return FILTER_ESCAPE;
	if (state == FILTER_CSI && byte >= 0x20 && byte <= 0x3f)
		return FILTER_CSI;
	if (state == FILTER_STRING && byte != '\a' && byte != '\n')
		return FILTER_STRING;
	return FILTER_TEXT;
}

size_t shell_filter(struct shell_filter *filter, const char *in, size_t len, char *out)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		u8 byte = (u8)in[i];
		bool in_text = filter->state == FILTER_TEXT;

		filter->state = filter_next(filter->state, byte);
		/* Within a sequence too, so that one which was cut off hides one row at most. */
		if (byte == '\n')
			out[count++] = '\n';
		else if (in_text && byte >= 0x80)
			out[count++] = '?';
		else if (in_text && ((byte >= ' ' && byte < 0x7f) || byte == '\t'))
			out[count++] = (char)byte;
	}
	return count;
}

void shell_write_filtered(struct shell *sh, struct shell_filter *filter, const char *s, size_t len)
{
	char clean[128];

	while (len && !shell_stopped(sh)) {
		size_t piece = MIN(len, sizeof(clean));

		shell_write(sh, clean, shell_filter(filter, s, piece, clean));
		s += piece;
		len -= piece;
	}
}

size_t shell_last_rows(const char *text, size_t len, u64 rows)
{
	size_t at = len;

	if (at && text[at - 1] == '\n')
		at--;
	while (at && rows) {
		if (text[at - 1] == '\n' && --rows == 0)
			break;
		at--;
	}
	return at;
}

void shell_hexdump(struct shell *sh, u64 address, const u8 *bytes, size_t len)
{
	char row[16 * 4 + 4];

	for (size_t at = 0; at < len && !sh->interrupted; at += 16) {
		size_t used = 0;
		char text[17];

		for (size_t i = 0; i < 16; i++) {
			bool there = at + i < len;
			u8 byte = there ? bytes[at + i] : ' ';

			used += there ? format_to(row + used, sizeof(row) - used, " %02x", byte) :
					format_to(row + used, sizeof(row) - used, "   ");
			text[i] = byte >= ' ' && byte < 0x7f ? (char)byte : '.';
		}
		text[16] = '\0';
		shell_printf(sh, "%016lx %s  %s\n", address + at, row, text);
	}
}

/* ---------------------------------------------------------------- numbers */

int shell_number(struct shell *sh, const char *what, const char *text, u64 min, u64 max, u64 *value)
{
	if (parse_u64(text, min, max, value) == 0)
		return 0;
	return shell_error(
		sh, "%s cannot be %.40s; give a number from %lu to %lu (0x... for hexadecimal)",
		what, text, min, max);
}

int shell_bytes(struct shell *sh, const char *what, const char *text, u64 min, u64 max, u64 *value)
{
	if (parse_size(text, min, max, value) == 0)
		return 0;
	return shell_error(
		sh, "%s cannot be %.40s; give a number from 0x%lx to 0x%lx (K, M and G may follow)",
		what, text, min, max);
}

/* A number below @limit at *@text, which is moved on; -1 if there is none. */
static int take_cpu(const char **text, unsigned limit)
{
	unsigned value = 0;
	const char *s = *text;

	for (; *s >= '0' && *s <= '9'; s++) {
		value = value * 10 + (unsigned)(*s - '0');
		if (value >= limit)
			return -1;
	}
	if (s == *text)
		return -1;
	*text = s;
	return (int)value;
}

static bool parse_cpus(const char *text, struct cpumask *mask)
{
	int first, last;

	*mask = (struct cpumask){ { 0 } };
	for (;; text++) {
		first = last = take_cpu(&text, cpu_count);
		if (first >= 0 && *text == '-') {
			text++;
			last = take_cpu(&text, cpu_count);
		}
		if (first < 0 || last < first)
			return false;
		for (int cpu = first; cpu <= last; cpu++)
			cpumask_set(mask, (unsigned)cpu);
		if (*text != ',')
			return *text == '\0';
	}
}

int shell_cpus(struct shell *sh, const char *text, struct cpumask *mask)
{
	if (strcmp(text, "all") == 0) {
		*mask = cpumask_all();
		return 0;
	}
	if (parse_cpus(text, mask))
		return 0;
	return shell_error(sh,
			   "CPUS cannot be %.40s; give numbers from 0 to %u, as in 0,2-3, or all",
			   text, cpu_count - 1);
}

const char *shell_size_text(struct shell_text *text, u64 bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned unit = 0;
	u64 tenths;

	for (tenths = bytes; tenths >= 1024 && unit + 1 < ARRAY_SIZE(units); tenths >>= 10)
		unit++;
	tenths = unit ? ((bytes >> (10 * (unit - 1))) % 1024) * 10 / 1024 : 0;
	if (tenths)
		format_to(text->s, sizeof(text->s), "%lu.%lu %s", bytes >> (10 * unit), tenths,
			  units[unit]);
	else
		format_to(text->s, sizeof(text->s), "%lu %s", bytes >> (10 * unit), units[unit]);
	return text->s;
}

const char *shell_time_text(struct shell_text *text, u64 ticks)
{
	u64 ms = time_to_ns(ticks) / 1000000;

	format_to(text->s, sizeof(text->s), "%lu.%03lu s", ms / 1000, ms % 1000);
	return text->s;
}

const char *shell_cpus_text(struct shell_text *text, const struct cpumask *mask)
{
	size_t len = 0;
	unsigned last;

	text->s[0] = '\0';
	for (unsigned cpu = 0; cpu < cpu_count && len < sizeof(text->s); cpu = last + 1) {
		last = cpu;
		if (!cpumask_has(mask, cpu))
			continue;
		while (last + 1 < cpu_count && cpumask_has(mask, last + 1))
			last++;
		len += format_to(text->s + len, sizeof(text->s) - len,
				 last > cpu ? "%s%u-%u" : "%s%u", len ? "," : "", cpu, last);
	}
	return len ? text->s : "none";
}
