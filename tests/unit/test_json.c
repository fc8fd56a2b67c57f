/* SPDX-License-Identifier: MIT */
/* The JSON writer: nesting, commas, escapes. */
#include <test.h>

#include <libs/json.h>

static char text[1024];

static void sink(void *ctx, const char *s, size_t len)
{
	(void)ctx;
	strncat(text, s, len);
}

static struct json begin(void)
{
	struct json json;

	text[0] = '\0';
	json_begin(&json, sink, NULL);
	return json;
}

static void test_nesting(void **state)
{
	struct json json = begin();

	(void)state;
	json_object_open(&json, NULL);
	json_string(&json, "name", "linux");
	json_array_open(&json, "cpus");
	for (unsigned i = 0; i < 3; i++)
		json_u64(&json, NULL, i);
	json_array_close(&json);
	json_array_open(&json, "none");
	json_array_close(&json);
	json_object_open(&json, "inner");
	json_bool(&json, "yes", true);
	json_bool(&json, "no", false);
	json_s64(&json, "below", -5);
	json_hex(&json, "pc", 0xffffffff80000000ull);
	json_string(&json, "nothing", NULL);
	json_object_close(&json);
	json_u64(&json, "most", UINT64_MAX);
	json_object_close(&json);
	assert_string_equal(text, "{\"name\":\"linux\",\"cpus\":[0,1,2],\"none\":[],"
				  "\"inner\":{\"yes\":true,\"no\":false,\"below\":-5,"
				  "\"pc\":\"0xffffffff80000000\",\"nothing\":null},"
				  "\"most\":18446744073709551615}");
}

static void test_escapes(void **state)
{
	struct json json = begin();

	(void)state;
	json_string(&json, NULL, "a\"b\\c\n\r\t\x01\x1f\x7f\xe4z");
	assert_string_equal(text, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\\u007f\\u00e4z\"");
	json = begin();
	json_object_open(&json, NULL);
	json_u64(&json, "a\"b", 1);
	json_object_close(&json);
	assert_string_equal(text, "{\"a\\\"b\":1}");
}

static void test_array_of_objects(void **state)
{
	struct json json = begin();

	(void)state;
	json_array_open(&json, NULL);
	for (unsigned i = 0; i < 2; i++) {
		json_object_open(&json, NULL);
		json_u64(&json, "id", i);
		json_object_close(&json);
	}
	json_array_close(&json);
	assert_string_equal(text, "[{\"id\":0},{\"id\":1}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_array_of_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
