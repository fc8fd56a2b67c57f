/* SPDX-License-Identifier: MIT */
/* Extension discovery: both forms of the property, several harts, and what guests get of it. */
#include <test.h>

#include <arch/isa.h>
#include <core/errno.h>
#include <libfdt.h>

/* What I stood for when riscv,isa was defined. */
#define I_BITS (BIT(EXT_I) | BIT(EXT_ZICSR) | BIT(EXT_ZIFENCEI) | BIT(EXT_ZICNTR))

static void test_strings(void **state)
{
	static const struct {
		const char *isa;
		u64 bits;
	} cases[] = {
		{ "", 0 },
		{ "rv32imac", 0 },
		{ "rv6", 0 },
		{ "rv64", 0 },
		{ "rv64i", I_BITS },
		{ "RV64IM", I_BITS | BIT(EXT_M) },
		{ "rv64imafdch", I_BITS | BIT(EXT_M) | BIT(EXT_A) | BIT(EXT_F) | BIT(EXT_D) |
					 BIT(EXT_C) | BIT(EXT_H) },
		{ "rv64gc",
		  I_BITS | BIT(EXT_M) | BIT(EXT_A) | BIT(EXT_F) | BIT(EXT_D) | BIT(EXT_C) },
		{ "rv64ib", I_BITS | BIT(EXT_ZBA) | BIT(EXT_ZBB) | BIT(EXT_ZBS) },
		{ "rv64i_sstc_svpbmt", I_BITS | BIT(EXT_SSTC) | BIT(EXT_SVPBMT) },
		{ "rv64i__sstc_", I_BITS | BIT(EXT_SSTC) },
		{ "rv64izicbom_zicboz", I_BITS | BIT(EXT_ZICBOM) | BIT(EXT_ZICBOZ) },
		{ "rv64i2p1m2p0a2_sstc1p0_zba1",
		  I_BITS | BIT(EXT_M) | BIT(EXT_A) | BIT(EXT_SSTC) | BIT(EXT_ZBA) },
		{ "rv64imsu", I_BITS | BIT(EXT_M) }, /* modes among the letters */
		{ "rv64imsuh_sstc", I_BITS | BIT(EXT_M) | BIT(EXT_H) | BIT(EXT_SSTC) },
		{ "rv64isstcx", I_BITS }, /* another extension, not Sstc */
		{ "rv64i_ss", I_BITS },
		{ "rv64i_zvl128b_zve64d", I_BITS },
		{ "rv64i_xvendor_h", I_BITS | BIT(EXT_H) },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 bits = isa_parse_string(cases[i].isa);

		if (bits != cases[i].bits)
			fail_msg("%s: %llx, expected %llx", cases[i].isa, (unsigned long long)bits,
				 (unsigned long long)cases[i].bits);
	}
}

/* One cpu node; NULL properties are left out. */
struct hart {
	const char *status;
	const char *isa;
	const char *base;
	const char *list;
	size_t list_len;
	u32 block;
};

static char fdt[4096];

static void make_tree(const struct hart *harts, unsigned count)
{
	int err = fdt_create(fdt, sizeof(fdt));

	err |= fdt_finish_reservemap(fdt) | fdt_begin_node(fdt, "") | fdt_begin_node(fdt, "cpus");
	err |= fdt_begin_node(fdt, "cpu-map") | fdt_end_node(fdt);
	for (unsigned i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu@%u", i);
		err |= fdt_begin_node(fdt, name) | fdt_property_string(fdt, "device_type", "cpu");
		if (harts[i].status)
			err |= fdt_property_string(fdt, "status", harts[i].status);
		if (harts[i].isa)
			err |= fdt_property_string(fdt, "riscv,isa", harts[i].isa);
		if (harts[i].base)
			err |= fdt_property_string(fdt, "riscv,isa-base", harts[i].base);
		if (harts[i].list)
			err |= fdt_property(fdt, "riscv,isa-extensions", harts[i].list,
					    (int)harts[i].list_len);
		if (harts[i].block)
			err |= fdt_property_u32(fdt, "riscv,cboz-block-size", harts[i].block);
		err |= fdt_end_node(fdt);
	}
	err |= fdt_end_node(fdt) | fdt_end_node(fdt) | fdt_finish(fdt);
	assert_int_equal(err, 0);
}

static void test_common_to_all(void **state)
{
	static const struct hart harts[] = {
		{ NULL, "rv64imafdch_sstc_zba", NULL, NULL, 0, 64 },
		{ "okay", "rv64imac_sstc_zbb", NULL, NULL, 0, 64 },
		{ "disabled", "rv64i", NULL, NULL, 0, 32 },
	};

	(void)state;
	make_tree(harts, 3);
	assert_int_equal(isa_init(fdt), 0);
	assert_true(isa_has(EXT_SSTC) && isa_has(EXT_M) && isa_has(EXT_C));
	assert_false(isa_has(EXT_ZBA) || isa_has(EXT_ZBB) || isa_has(EXT_H) || isa_has(EXT_D));
	assert_int_equal(isa_cboz_block_size(), 64);
}

static void test_block_sizes_differ(void **state)
{
	static const struct hart harts[] = { { NULL, "rv64i", NULL, NULL, 0, 64 },
					     { NULL, "rv64i", NULL, NULL, 0, 32 },
					     { NULL, "rv64i", NULL, NULL, 0, 64 } };

	(void)state;
	make_tree(harts, 2);
	assert_int_equal(isa_init(fdt), 0);
	assert_int_equal(isa_cboz_block_size(), 0);
	make_tree(harts, 3);
	assert_int_equal(isa_init(fdt), 0);
	assert_int_equal(isa_cboz_block_size(), 0);
}

static void test_list(void **state)
{
	/* The list wins over the string; the last name has no end. */
	static const char list[] = "i\0m\0zicsr\0h\0sstcx\0svinval";
	const struct hart hart = { NULL, "rv64imafdc_sstc", "rv64i", list, sizeof(list) - 1, 0 };
	const struct hart other_base = { NULL, "rv64im", "rv32i", list, sizeof(list), 0 };

	(void)state;
	make_tree(&hart, 1);
	assert_int_equal(isa_init(fdt), 0);
	assert_true(isa_has(EXT_M) && isa_has(EXT_H) && isa_has(EXT_SVINVAL));
	assert_false(isa_has(EXT_SSTC) || isa_has(EXT_A) || isa_has(EXT_ZIFENCEI));
	make_tree(&other_base, 1);
	assert_int_equal(isa_init(fdt), 0);
	assert_true(isa_has(EXT_ZIFENCEI));
	assert_false(isa_has(EXT_H));
}

static void test_none(void **state)
{
	static const struct hart harts[] = { { NULL, NULL, NULL, NULL, 0, 0 },
					     { NULL, "rv32i", NULL, NULL, 0, 0 },
					     { "disabled", "rv64i", NULL, NULL, 0, 0 } };

	(void)state;
	make_tree(harts, 3);
	assert_int_equal(isa_init(fdt), -EINVAL);
	assert_false(isa_has(EXT_I));
	assert_int_equal(fdt_create_empty_tree(fdt, sizeof(fdt)), 0);
	assert_int_equal(isa_init(fdt), -EINVAL);
}

static void init_with(const char *isa)
{
	const struct hart hart = { NULL, isa, NULL, NULL, 0, 0 };

	make_tree(&hart, 1);
	assert_int_equal(isa_init(fdt), 0);
}

static void test_guest_choice(void **state)
{
	(void)state;
	init_with("rv64imafdcvh_svadu_zvbb_zfh");
	assert_false(isa_guest_has(EXT_H) || isa_guest_has(EXT_SVADU));
	assert_true(isa_guest_has(EXT_V) && isa_guest_has(EXT_SVADE) && isa_guest_has(EXT_ZVBB));
	init_with("rv64imafcv_zvbb_zfh"); /* registers of 32 bits: no float, so no vectors */
	assert_false(isa_guest_has(EXT_F) || isa_guest_has(EXT_V) || isa_guest_has(EXT_ZVBB) ||
		     isa_guest_has(EXT_ZFH));
	init_with("rv64imafdc_zvbb");
	assert_true(isa_guest_has(EXT_D));
	assert_false(isa_guest_has(EXT_ZVBB));
}

static void test_guest_names(void **state)
{
	char text[256];
	size_t len = sizeof(text);

	(void)state;
	init_with("rv64imach_sstc_zba");
	assert_int_equal(isa_guest_string(text, sizeof(text)), 0);
	assert_string_equal(text, "rv64imac_sstc_zicntr_zicsr_zifencei_zba");
	/* What we print we can read. */
	assert_true(isa_parse_string(text) == isa_parse_string("rv64imac_sstc_zba"));
	for (size_t size = 0; size <= strlen("rv64imac_sstc_zicntr_zicsr_zifencei_zba"); size++)
		assert_int_equal(isa_guest_string(text, size), -ENOSPC);
	assert_int_equal(isa_guest_extensions(text, &len), 0);
	assert_memory_equal(text, "i\0m\0a\0c\0sstc\0zicntr\0zicsr\0zifencei\0zba", len);
	assert_int_equal(len, sizeof("i\0m\0a\0c\0sstc\0zicntr\0zicsr\0zifencei\0zba"));
	len--;
	assert_int_equal(isa_guest_extensions(text, &len), -ENOSPC);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_common_to_all),
		cmocka_unit_test(test_block_sizes_differ),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_guest_choice),
		cmocka_unit_test(test_guest_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
