/* SPDX-License-Identifier: MIT */
/* PLIC: each register, gateways, and long random use against a plain model of the specification. */
#include <test.h>

#include <core/errno.h>
#include <fake.h>
#include <fake_vm.h>

#define BASE 0xc000000ull
#define NDEV 70 /* the last word of sources is not full */
#define VCPUS 3
#define CONTEXTS (2 * VCPUS) /* M and S of each, as QEMU's machine has them */
#define S(vcpu) (2 * (vcpu) + 1)

static struct fake_vm f;
static struct virq_line lines[NDEV + 1];

static bool is_edge(u32 irq)
{
	return irq % 3 == 0;
}

/* Two cells: the second says level (4) or rising edge (1). */
static void plic_node(u32 ndev, const u32 *contexts, unsigned cells)
{
	fake_node_begin(&f, "plic@c000000", "riscv,plic0");
	fake_reg(&f, BASE, 0x600000);
	fake_cells(&f, "#interrupt-cells", 2);
	fake_cells(&f, "phandle", 50);
	fake_cells(&f, "riscv,ndev", ndev);
	fake_property_cells(&f, "interrupts-extended", contexts, cells);
	fake_node_end(&f);
}

static void start(void)
{
	static const u32 contexts[] = { 1, 11, 1, 9, 2, 0xffffffff, 2, 9, 3, 11, 3, 9 };
	const struct virq_chip_ops *ops;
	struct virq_chip *chip;

	fake_vm_init(&f, VCPUS);
	plic_node(NDEV, contexts, ARRAY_SIZE(contexts));
	assert_int_equal(fake_vm_create(&f), 0);
	chip = fake_vdev(&f, "plic@c000000")->chip;
	ops = chip->ops;
	for (u32 irq = 1; irq <= NDEV; irq++) {
		u32 cells[2] = { irq, is_edge(irq) ? 1 : 4 };
		enum virq_trigger trigger;

		lines[irq] = (struct virq_line){ .chip = chip };
		assert_int_equal(ops->translate(chip, cells, 2, &lines[irq].irq, &trigger), 0);
		assert_int_equal(lines[irq].irq, irq);
		assert_int_equal(trigger, is_edge(irq) ? VIRQ_EDGE : VIRQ_LEVEL);
		ops->configure(chip, irq, trigger);
	}
}

static void stop(void)
{
	fake_vm_destroy(&f);
}

static u32 get(u64 offset)
{
	return (u32)fake_read(&f, BASE + offset, 4);
}

static void set(u64 offset, u32 value)
{
	fake_write(&f, BASE + offset, 4, value);
}

static u64 priority_reg(u32 irq)
{
	return 4ull * irq;
}

static u64 enable_reg(unsigned context, u32 word)
{
	return 0x2000 + 0x80ull * context + 4 * word;
}

static u64 threshold_reg(unsigned context)
{
	return 0x200000 + 0x1000ull * context;
}

static u64 claim_reg(unsigned context)
{
	return threshold_reg(context) + 4;
}

static bool pin(unsigned vcpu)
{
	return fake_pin(&f, vcpu, VCPU_PIN_EXTERNAL);
}

static void enable(unsigned context, u32 irq)
{
	set(enable_reg(context, irq / 32), get(enable_reg(context, irq / 32)) | 1u << irq % 32);
}

/* ---- registers ---- */

static void test_registers(void **state)
{
	u64 value;

	(void)state;
	start();
	for (u32 irq = 0; irq < 1024; irq++) {
		set(priority_reg(irq), 0xffffffff);
		assert_int_equal(get(priority_reg(irq)), irq >= 1 && irq <= NDEV ? 7 : 0);
		set(priority_reg(irq), 0xfffffffa);
		assert_int_equal(get(priority_reg(irq)), irq >= 1 && irq <= NDEV ? 2 : 0);
	}
	for (unsigned context = 0; context < CONTEXTS + 2; context++) {
		static const u32 exists[] = { 0xfffffffe, 0xffffffff, 0x7f, 0 };
		bool there = context < CONTEXTS;

		for (unsigned word = 0; word < 32; word++) {
			set(enable_reg(context, word), 0xffffffff);
			assert_int_equal(get(enable_reg(context, word)),
					 there ? exists[MIN(word, 3u)] : 0);
			set(enable_reg(context, word), 0);
			assert_int_equal(get(enable_reg(context, word)), 0);
		}
		set(threshold_reg(context), 0xfffffffd);
		assert_int_equal(get(threshold_reg(context)), there ? 5 : 0);
		assert_int_equal(get(claim_reg(context)), 0);
		set(claim_reg(context), 1);
	}
	for (u64 offset = 0x1000; offset < 0x2000; offset += 4) { /* pending bits are read-only */
		set(offset, 0xffffffff);
		assert_int_equal(get(offset), 0);
	}
	for (u64 offset = 8; offset < 0x1000; offset += 4) { /* the rest of a context */
		set(threshold_reg(0) + offset, 0xffffffff);
		assert_int_equal(get(threshold_reg(0) + offset), 0);
	}
	assert_int_equal(get(0x5ffffc), 0);
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 1, 4, &value, NULL), -EFAULT);
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 4, 1, &value, NULL), -EFAULT);
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 4, 2, &value, NULL), -EFAULT);
	assert_int_equal(bus_write(&f.vm.mmio, BASE + 8, 8, 1, NULL), -EFAULT);
	stop();
}

static void test_claim_order(void **state)
{
	static const struct {
		u32 irq, priority;
	} rows[] = { { 40, 7 }, { 4, 5 }, { 5, 5 }, { 65, 5 }, { 1, 1 } };

	(void)state;
	start();
	for (unsigned i = ARRAY_SIZE(rows); i-- > 0;) {
		set(priority_reg(rows[i].irq), rows[i].priority);
		enable(S(1), rows[i].irq);
		virq_set(&lines[rows[i].irq], true);
	}
	enable(S(1), 7); /* priority 0: never */
	virq_set(&lines[7], true);
	assert_true(pin(1));
	assert_false(pin(0) || pin(2));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(pin(1));
		assert_int_equal(get(claim_reg(S(1))), rows[i].irq);
	}
	assert_false(pin(1));
	assert_int_equal(get(claim_reg(S(1))), 0);
	assert_int_equal(get(0x1000), 1 << 7);
	stop();
}

/* The threshold keeps the pin low, and has no say in claims. */
static void test_threshold(void **state)
{
	(void)state;
	start();
	set(priority_reg(1), 3);
	enable(S(0), 1);
	set(threshold_reg(S(0)), 3);
	virq_set(&lines[1], true);
	assert_false(pin(0));
	set(threshold_reg(S(0)), 2);
	assert_true(pin(0));
	set(threshold_reg(S(0)), 7);
	assert_false(pin(0));
	set(priority_reg(1), 7);
	assert_false(pin(0));
	assert_int_equal(get(claim_reg(S(0))), 1);
	stop();
}

/* Contexts of machine mode keep registers, can claim, and drive nothing. */
static void test_machine_contexts(void **state)
{
	(void)state;
	start();
	set(priority_reg(1), 1);
	enable(0, 1);
	enable(2, 1);
	virq_set(&lines[1], true);
	for (unsigned vcpu = 0; vcpu < VCPUS; vcpu++)
		assert_int_equal(f.vcpus[vcpu].arch.pins, 0);
	assert_int_equal(get(claim_reg(2)), 1);
	assert_int_equal(get(claim_reg(0)), 0);
	stop();
}

/* A level is taken in once until completion; what falls meanwhile stays pending. */
static void test_level_gateway(void **state)
{
	(void)state;
	start();
	set(priority_reg(1), 1);
	enable(S(0), 1);
	virq_set(&lines[1], true);
	virq_set(&lines[1], false);
	assert_true(pin(0));
	assert_int_equal(get(claim_reg(S(0))), 1);
	virq_set(&lines[1], true);
	assert_false(pin(0));
	set(claim_reg(S(0)), 1);
	assert_true(pin(0)); /* still high */
	assert_int_equal(get(claim_reg(S(0))), 1);
	virq_set(&lines[1], false);
	set(claim_reg(S(0)), 1);
	assert_false(pin(0));
	assert_int_equal(get(0x1000), 0);
	stop();
}

/* An edge between claim and completion is remembered, once; others before the claim are one. */
static void test_edge_gateway(void **state)
{
	(void)state;
	start();
	set(priority_reg(3), 1);
	enable(S(0), 3);
	virq_pulse(&lines[3]);
	virq_pulse(&lines[3]);
	assert_int_equal(get(claim_reg(S(0))), 3);
	assert_false(pin(0));
	virq_pulse(&lines[3]);
	virq_pulse(&lines[3]);
	assert_false(pin(0));
	set(claim_reg(S(0)), 3);
	assert_true(pin(0));
	assert_int_equal(get(claim_reg(S(0))), 3);
	set(claim_reg(S(0)), 3);
	assert_false(pin(0));
	virq_set(&lines[3], true); /* a level that stays is one event */
	assert_int_equal(get(claim_reg(S(0))), 3);
	set(claim_reg(S(0)), 3);
	assert_false(pin(0));
	stop();
}

static unsigned ends;

static void on_end(void *ctx, u32 irq)
{
	struct virq_line *line = ctx;

	assert_int_equal(irq, line->irq);
	ends++;
	virq_set(line, !line->asserted); /* no lock of the chip is held */
}

static void test_end_of_interrupt(void **state)
{
	(void)state;
	start();
	ends = 0;
	assert_int_equal(virq_listen_eoi(&lines[1], on_end, &lines[1]), 0);
	set(priority_reg(1), 1);
	set(priority_reg(2), 1);
	enable(S(0), 1);
	virq_set(&lines[1], true);
	set(claim_reg(S(0)), 1); /* nothing was claimed */
	assert_int_equal(get(claim_reg(S(0))), 1);
	set(claim_reg(S(1)), 1); /* not enabled there */
	set(claim_reg(S(0)), 0);
	set(claim_reg(S(0)), 2);
	set(claim_reg(S(0)), NDEV + 1);
	set(claim_reg(S(0)), 0xffffffff);
	set(claim_reg(S(0)), 1 + (1u << 31));
	assert_int_equal(ends, 0);
	set(claim_reg(S(0)), 1);
	assert_int_equal(ends, 1);
	/* It was lowered in time, so it is not pending again. */
	assert_false(lines[1].asserted || pin(0));
	virq_pulse(&lines[1]);
	assert_int_equal(get(claim_reg(S(0))), 1);
	set(claim_reg(S(0)), 1);
	assert_int_equal(ends, 2);
	/* And this time it was raised, which is one more interrupt. */
	assert_true(lines[1].asserted && pin(0));
	assert_int_equal(get(claim_reg(S(0))), 1);
	assert_false(pin(0));
	stop();
}

static void test_reset(void **state)
{
	(void)state;
	start();
	for (u32 irq = 1; irq <= NDEV; irq++) {
		set(priority_reg(irq), 7);
		enable(S(0), irq);
	}
	set(threshold_reg(S(0)), 1);
	virq_set(&lines[1], true);
	virq_set(&lines[2], true);
	virq_set(&lines[3], true);
	virq_set(&lines[9], true);
	assert_int_not_equal(get(claim_reg(S(0))), 0);
	virq_set(&lines[2], false);
	assert_true(pin(0));
	vdev_reset_all(&f.vm);
	assert_false(pin(0));
	for (u32 irq = 1; irq <= NDEV; irq++)
		assert_int_equal(get(priority_reg(irq)), 0);
	assert_int_equal(get(enable_reg(S(0), 0)), 0);
	assert_int_equal(get(threshold_reg(S(0))), 0);
	assert_int_equal(get(0x1000), 1 << 1); /* the one level that is high still */
	set(priority_reg(1), 1);
	enable(S(0), 1);
	assert_true(pin(0));
	stop();
}

/* ---- the model ---- */

static struct {
	u32 priority;
	bool level, again;
	enum { IDLE, PENDING, CLAIMED } state;
} source[NDEV + 1];

static struct {
	bool enabled[NDEV + 1];
	u32 threshold;
} context[CONTEXTS];

static u32 model_best(unsigned c)
{
	u32 best = 0;

	for (u32 irq = NDEV; irq >= 1; irq--)
		if (source[irq].state == PENDING && context[c].enabled[irq] &&
		    source[irq].priority && source[irq].priority >= source[best].priority)
			best = irq;
	return best;
}

static void model_line(u32 irq, bool level)
{
	bool event = level && (!is_edge(irq) || !source[irq].level);

	source[irq].level = level;
	if (event && source[irq].state == IDLE)
		source[irq].state = PENDING;
	else if (event && is_edge(irq) && source[irq].state == CLAIMED)
		source[irq].again = true;
}

static void model_complete(unsigned c, u32 irq)
{
	if (irq < 1 || irq > NDEV || !context[c].enabled[irq] || source[irq].state != CLAIMED)
		return;
	source[irq].state = is_edge(irq)      ? source[irq].again ? PENDING : IDLE :
			    source[irq].level ? PENDING :
						IDLE;
	source[irq].again = false;
}

static void step_enable(unsigned c, u64 *seed)
{
	u32 word = (u32)test_random_below(seed, 3), bits = (u32)test_random(seed);

	set(enable_reg(c, word), bits);
	for (u32 i = 0; i < 32; i++) {
		u32 irq = word * 32 + i;

		if (irq >= 1 && irq <= NDEV)
			context[c].enabled[irq] = bits >> i & 1;
	}
}

static void random_step(u64 *seed)
{
	unsigned c = (unsigned)test_random_below(seed, CONTEXTS);
	u32 irq = (u32)test_random_below(seed, NDEV) + 1, value = (u32)test_random(seed), want;

	switch (test_random_below(seed, 16)) {
	case 0:
		set(priority_reg(irq), value);
		source[irq].priority = value & 7;
		break;
	case 1:
		step_enable(c, seed);
		break;
	case 2:
		set(threshold_reg(c), value);
		context[c].threshold = value & 7;
		break;
	case 3 ... 6:
		want = model_best(c);
		assert_int_equal(get(claim_reg(c)), want);
		if (want)
			source[want].state = CLAIMED;
		break;
	case 7 ... 10:
		irq = (u32)test_random_below(seed, NDEV + 4);
		set(claim_reg(c), irq);
		model_complete(c, irq);
		break;
	default:
		virq_set(&lines[irq], value & 1);
		model_line(irq, value & 1);
		break;
	}
}

static void compare(void)
{
	for (unsigned vcpu = 0; vcpu < VCPUS; vcpu++) {
		u32 best = model_best(S(vcpu));

		assert_int_equal(pin(vcpu),
				 best && source[best].priority > context[S(vcpu)].threshold);
	}
	for (u32 word = 0; word < 3; word++) {
		u32 want = 0;

		for (u32 i = 0; i < 32; i++)
			if (word * 32 + i <= NDEV && source[word * 32 + i].state == PENDING)
				want |= 1u << i;
		assert_int_equal(get(0x1000 + 4 * word), want);
	}
}

static void test_against_model(void **state)
{
	u64 seed = 77;

	(void)state;
	memset(source, 0, sizeof(source));
	memset(context, 0, sizeof(context));
	start();
	for (unsigned step = 0; step < 200000; step++) {
		random_step(&seed);
		compare();
	}
	stop();
}

/* ---- trees ---- */

static void test_bad_nodes(void **state)
{
	static const struct {
		u32 ndev, contexts[4];
		const char *message;
	} rows[] = {
		{ 0, { 1, 9, 1, 11 }, "riscv,ndev is 0" },
		{ 1024, { 1, 9, 1, 11 }, "riscv,ndev is 1024" },
		{ 10, { 9, 9, 1, 11 }, "entry 0" },
		{ 10, { 1, 9, 1, 7 }, "CPU interrupt 7" },
		{ 10, { 1, 9, 2, 9 }, "entry 1" }, /* a CPU that is not there */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_vm_init(&f, 1);
		plic_node(rows[i].ndev, rows[i].contexts, 4);
		assert_int_equal(fake_vm_create(&f), -EINVAL);
		assert_non_null(strstr(fake_output, "/soc/plic@c000000"));
		assert_non_null(strstr(fake_output, rows[i].message));
		stop();
	}
	fake_vm_init(&f, 1);
	plic_node(10, NULL, 0);
	assert_int_equal(fake_vm_create(&f), -EINVAL);
	assert_non_null(strstr(fake_output, "0 contexts"));
	stop();
}

/* More contexts than its registers have room for. */
static void test_small_region(void **state)
{
	static const u32 contexts[] = { 1, 9, 2, 9 };

	(void)state;
	fake_vm_init(&f, 2);
	fake_node_begin(&f, "plic@c000000", "sifive,plic-1.0.0");
	fake_reg(&f, BASE, 0x201000);
	fake_cells(&f, "#interrupt-cells", 1);
	fake_cells(&f, "phandle", 50);
	fake_cells(&f, "riscv,ndev", 1023);
	fake_property_cells(&f, "interrupts-extended", contexts, 4);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), -EINVAL);
	assert_non_null(strstr(fake_output, "0x202000"));
	stop();
}

/* The largest number of sources: the last one works, and devices are checked against it. */
static void test_all_sources(void **state)
{
	static const u32 contexts[] = { 1, 9 };

	(void)state;
	fake_vm_init(&f, 1);
	plic_node(1023, contexts, 2);
	fake_node_begin(&f, "rtc@101000", "google,goldfish-rtc");
	fake_reg(&f, 0x101000, 0x1000);
	fake_cells(&f, "interrupts-extended", 50, 1023, 4);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
	set(priority_reg(1023), 1);
	enable(0, 1023);
	assert_int_equal(get(enable_reg(0, 31)), 0x80000000);
	fake_write(&f, 0x101000 + 0x10, 4, 1);
	fake_write(&f, 0x101000 + 0x08, 4, 0); /* an alarm in the past */
	assert_true(pin(0));
	assert_int_equal(get(claim_reg(0)), 1023);
	stop();

	fake_vm_init(&f, 1);
	plic_node(95, contexts, 2);
	fake_node_begin(&f, "rtc@101000", "google,goldfish-rtc");
	fake_reg(&f, 0x101000, 0x1000);
	fake_cells(&f, "interrupts-extended", 50, 96, 4);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), -ERANGE);
	assert_non_null(strstr(fake_output, "interrupt 96"));
	assert_non_null(strstr(fake_output, "1 to 95"));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),        cmocka_unit_test(test_claim_order),
		cmocka_unit_test(test_threshold),        cmocka_unit_test(test_machine_contexts),
		cmocka_unit_test(test_level_gateway),    cmocka_unit_test(test_edge_gateway),
		cmocka_unit_test(test_end_of_interrupt), cmocka_unit_test(test_reset),
		cmocka_unit_test(test_against_model),    cmocka_unit_test(test_bad_nodes),
		cmocka_unit_test(test_small_region),     cmocka_unit_test(test_all_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
