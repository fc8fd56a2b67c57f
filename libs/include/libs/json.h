/* SPDX-License-Identifier: MIT */
/* Writes JSON as a stream: no tree is built, commas and escapes are taken care of. */
#ifndef LIBS_JSON_H
#define LIBS_JSON_H

#include <libs/format.h>

#define JSON_DEPTH_MAX 32

/*
 * One value is written after begin(); within an object each value has a key, within an array and
 * outermost @key is NULL. Numbers are decimal, so those above 2^53 want json_hex(): a string.
 */
struct json {
	text_sink_fn sink;
	void *ctx;
	u32 depth;
	u32 filled; /* bit n: the container at depth n has a member */
};

void json_begin(struct json *json, text_sink_fn sink, void *ctx);

/* Containers nest JSON_DEPTH_MAX - 1 deep; deeper is a bug of the caller that garbles the text, not memory. */
void json_object_open(struct json *json, const char *key);
void json_object_close(struct json *json);
void json_array_open(struct json *json, const char *key);
void json_array_close(struct json *json);

/* @value is taken as Latin-1 when it is no ASCII, so that every text is valid; NULL writes null. */
void json_string(struct json *json, const char *key, const char *value);
void json_u64(struct json *json, const char *key, u64 value);
void json_s64(struct json *json, const char *key, s64 value);
void json_bool(struct json *json, const char *key, bool value);
/* "0x..." as a string. */
void json_hex(struct json *json, const char *key, u64 value);

#endif
