/* SPDX-License-Identifier: MIT */
/* Fuzzes the PLIC: any accesses and line toggles; after each, pins and claims must fit the registers. */
#include "fuzz_device.h"

#define BASE 0xc000000ull
#define SIZE 0x210000
#define NDEV 40
#define VCPUS 2
#define CONTEXTS 4

static struct virq_line lines[NDEV + 1];

static void make_vm(void)
{
	struct virq_chip *chip;

	fake_vm_init(&f, VCPUS);
	fake_node_begin(&f, "plic@c000000", "riscv,plic0");
	fake_reg(&f, BASE, SIZE);
	fake_cells(&f, "#interrupt-cells", 1);
	fake_cells(&f, "phandle", 50);
	fake_cells(&f, "riscv,ndev", NDEV);
	fake_cells(&f, "interrupts-extended", 1, 11, 1, 9, 2, 11, 2, 9);
	fake_node_end(&f);
	must(fake_vm_create(&f) == 0);
	chip = fake_vdev(&f, "plic@c000000")->chip;
	for (u32 irq = 1; irq <= NDEV; irq++) {
		lines[irq] = (struct virq_line){ .chip = chip, .irq = irq };
		chip->ops->configure(chip, irq, irq & 1 ? VIRQ_EDGE : VIRQ_LEVEL);
	}
}

static u32 get(u64 offset)
{
	return (u32)fake_read(&f, BASE + offset, 4);
}

/* The interrupt that a claim has to give, from the registers alone. */
static u32 best(unsigned context, u32 *priority)
{
	u32 found = 0;

	*priority = 0;
	for (u32 word = 0; word <= NDEV / 32; word++) {
		u32 bits = get(0x1000 + 4 * word) & get(0x2000 + 0x80 * context + 4 * word);

		for (; bits; bits &= bits - 1) {
			u32 irq = 32 * word + (u32)__builtin_ctz(bits), level = get(4 * irq);

			if (level > *priority) {
				*priority = level;
				found = irq;
			}
		}
	}
	return found;
}

static void check_pins(void)
{
	for (unsigned vcpu = 0; vcpu < VCPUS; vcpu++) {
		unsigned context = 2 * vcpu + 1;
		u32 priority;
		bool want = best(context, &priority) && priority > get(0x200000 + 0x1000 * context);

		must(fake_pin(&f, vcpu, VCPU_PIN_EXTERNAL) == want);
	}
}

static void claim(unsigned context)
{
	u32 priority, want = best(context, &priority);
	u32 bit = 1u << want % 32;

	must(get(0x200004 + 0x1000 * context) == want);
	must(!want || !(get(0x1000 + want / 32 * 4) & bit));
}

/* Registers that exist, so that small changes of the input reach them. */
static void named_write(const u8 *op)
{
	unsigned context = op[1] % CONTEXTS;
	u64 value = op[3] * 0x01010101ull;

	switch (op[0] >> 4 & 3) {
	case 0:
		fake_write(&f, BASE + 4 * (op[1] % (NDEV + 1)), 4, value);
		break;
	case 1:
		fake_write(&f, BASE + 0x2000 + 0x80 * context + 4 * (op[2] & 1), 4, value);
		break;
	case 2:
		fake_write(&f, BASE + 0x200000 + 0x1000 * context, 4, value);
		break;
	case 3:
		fake_write(&f, BASE + 0x200004 + 0x1000 * context, 4, op[2] % (NDEV + 2));
		break;
	}
}

static void any_access(const u8 *op)
{
	u64 offset = ((u64)op[0] >> 3 << 16 | (u64)op[1] << 8 | op[2]) % (SIZE + 0x100), value;
	bool defined = (op[3] & 3) == 2 && offset % 4 == 0 && offset < SIZE;
	int err = fuzz_access(BASE + offset, op[3], op[3] * 0x01010101ull, &value);

	must((err == 0) == defined);
	must(value >> 32 == 0);
}

static void fuzz_step(const u8 *op)
{
	u32 irq = op[1] % NDEV + 1;

	switch (op[0] % 8) {
	case 0:
	case 1:
		virq_set(&lines[irq], op[2] & 1);
		break;
	case 2:
		virq_pulse(&lines[irq]);
		break;
	case 3:
	case 4:
		claim(op[1] % CONTEXTS);
		break;
	case 5:
		any_access(op);
		break;
	default:
		named_write(op);
		break;
	}
	check_pins();
}

/* A driver that claims and completes what it can gets to the end when all wires are low. */
static void fuzz_end(void)
{
	unsigned rounds = 0;
	u32 irq;

	for (irq = 1; irq <= NDEV; irq++) {
		virq_set(&lines[irq], false);
		fake_write(&f, BASE + 4 * irq, 4, 1);
	}
	fake_write(&f, BASE + 0x2080, 4, ~0u);
	fake_write(&f, BASE + 0x2084, 4, ~0u);
	fake_write(&f, BASE + 0x201000, 4, 0);
	for (irq = 1; irq <= NDEV; irq++) /* what was claimed before */
		fake_write(&f, BASE + 0x201004, 4, irq);
	while ((irq = get(0x201004))) {
		fake_write(&f, BASE + 0x201004, 4, irq);
		must(++rounds <= 2 * NDEV);
	}
	must(!fake_pin(&f, 0, VCPU_PIN_EXTERNAL) && get(0x1000) == 0 && get(0x1004) == 0);
	/* All gateways are open. */
	for (irq = 1; irq <= NDEV; irq++) {
		virq_pulse(&lines[irq]);
		must(get(0x201004) == irq);
		fake_write(&f, BASE + 0x201004, 4, irq);
	}
}

static void fuzz_begin(const u8 *first)
{
	static bool made;

	(void)first;
	if (!made)
		make_vm();
	made = true;
	for (u32 irq = 1; irq <= NDEV; irq++)
		virq_set(&lines[irq], false);
	vdev_reset_all(&f.vm);
}
