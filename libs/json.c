/* SPDX-License-Identifier: MIT */
/* Streaming JSON writer behind the --json form of shell lists. */
#include <libs/json.h>
#include <string.h>

static void put(struct json *json, const char *s)
{
	json->sink(json->ctx, s, strlen(s));
}

static const char *short_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_quoted(struct json *json, const char *s)
{
	const char *run;

	put(json, "\"");
	while (*s) {
		for (run = s; is_plain(*s); s++)
			;
		if (s != run)
			json->sink(json->ctx, run, (size_t)(s - run));
		else if (short_escape(*s))
			put(json, short_escape(*s++));
		else
			format(json->sink, json->ctx, "\\u%04x", (u8)*s++);
	}
	put(json, "\"");
}

/* What comes before every value: the comma, and the key within objects. */
static void begin_value(struct json *json, const char *key)
{
	u32 bit = 1u << (json->depth % JSON_DEPTH_MAX);

	if (json->depth && (json->filled & bit))
		put(json, ",");
	json->filled |= bit;
	if (key) {
		put_quoted(json, key);
		put(json, ":");
	}
}

static void open_container(struct json *json, const char *key, const char *bracket)
{
	begin_value(json, key);
	put(json, bracket);
	json->depth++;
	json->filled &= ~(1u << (json->depth % JSON_DEPTH_MAX));
}

void json_begin(struct json *json, text_sink_fn sink, void *ctx)
{
	*json = (struct json){ .sink = sink, .ctx = ctx };
}

void json_object_open(struct json *json, const char *key)
{
	open_container(json, key, "{");
}

void json_object_close(struct json *json)
{
	json->depth--;
	put(json, "}");
}

void json_array_open(struct json *json, const char *key)
{
	open_container(json, key, "[");
}

void json_array_close(struct json *json)
{
	json->depth--;
	put(json, "]");
}

void json_string(struct json *json, const char *key, const char *value)
{
	begin_value(json, key);
	if (value)
		put_quoted(json, value);
	else
		put(json, "null");
}

void json_u64(struct json *json, const char *key, u64 value)
{
	begin_value(json, key);
	format(json->sink, json->ctx, "%llu", (unsigned long long)value);
}

void json_s64(struct json *json, const char *key, s64 value)
{
	begin_value(json, key);
	format(json->sink, json->ctx, "%lld", (long long)value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	put(json, value ? "true" : "false");
}

void json_hex(struct json *json, const char *key, u64 value)
{
	begin_value(json, key);
	format(json->sink, json->ctx, "\"0x%llx\"", (unsigned long long)value);
}
