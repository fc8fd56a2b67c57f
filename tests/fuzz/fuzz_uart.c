/* SPDX-License-Identifier: MIT */
/* Fuzzes the 16550A: any accesses, input and shutdown requests; what must always hold is checked. */
#include <fake.h>
#include <fake_vm.h>
#include <stdlib.h>
#include <string.h>

#define BASE 0x10000000ull
#define SHIFT 1 /* with gaps, and accesses of two widths */
#define IRQ 10

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR, REGS };

static struct fake_vm f;

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void make_vm(void)
{
	fake_vm_init(&f, 1);
	fake_node_begin(&f, "serial@10000000", "ns16550a");
	fake_reg(&f, BASE, 0x100);
	fake_cells(&f, "interrupts", IRQ);
	fake_cells(&f, "reg-shift", SHIFT);
	fake_cells(&f, "reg-io-width", 2);
	fake_property_text(&f, "verdigris,shutdown", "sysrq");
	fake_node_end(&f);
	must(fake_vm_create(&f) == 0);
}

static u8 in(unsigned reg)
{
	return (u8)fake_read(&f, BASE + ((u64)reg << SHIFT), 1);
}

static void out(unsigned reg, u8 value)
{
	fake_write(&f, BASE + ((u64)reg << SHIFT), 1, value);
}

static void type(const u8 *bytes, size_t len)
{
	(void)!vconsole_input(&f.vm.console, bytes, len);
}

static void shut_down(void)
{
	struct vdev *dev = fake_vdev(&f, "serial@10000000");

	must(dev->emulator->request_shutdown(dev) == 0);
}

/* Looks at registers whose reading changes nothing, and at the line. */
static void check_state(void)
{
	u8 lcr = in(LCR);
	u64 sent = f.vm.console.written;

	must((in(MCR)&0xe0) == 0);
	if (!(lcr & 0x80))
		must((in(IER)&0xf0) == 0);
	must(f.vm.console.written == sent);
}

/* The line is on exactly when IIR names an interrupt, and goes off when each was served once. */
static void check_interrupt(void)
{
	bool level = fake_irq_level(&f, IRQ);
	u8 iir = in(IIR);

	must(level == !(iir & 1));
	must((iir & 0x30) == 0 && ((iir >> 6) == 0 || (iir >> 6) == 3));
	must((iir & 0x0f) != 0x0c || (iir >> 6) == 3); /* timeouts are a FIFO's */
	must((iir & 1) == 0 || (iir & 0x0f) == 1);
}

static void check_line_status(void)
{
	u8 before = in(LSR), after = in(LSR);

	must((before & 0x60) == 0x60);
	must(!(before & 0x80) || (before & 1));
	must((after & 0x1e) == 0 && (before & 1) == (after & 1));
}

static void any_access(const u8 *op)
{
	u64 addr = BASE + op[1], value = 0;
	unsigned size = 1u << (op[2] & 3);
	u64 sent = f.vm.console.written;
	int err;

	if (op[2] & 4)
		err = bus_write(&f.vm.mmio, addr, size, op[3] * 0x0101010101010101ull, NULL);
	else
		err = bus_read(&f.vm.mmio, addr, size, &value, NULL);
	must(value <= 0xff);
	must(f.vm.console.written - sent <= 1);
	/* Only defined accesses get through. */
	must((err == 0) == (size <= 2 && op[1] % size == 0));
}

static void step(const u8 *op)
{
	switch (op[0] % 8) {
	case 0:
		type(op + 1, 3);
		break;
	case 1:
		shut_down();
		break;
	case 2:
		check_interrupt();
		break;
	case 3:
		check_line_status();
		break;
	case 4:
		out(op[1] % REGS, op[3]);
		break;
	default:
		any_access(op);
		break;
	}
	check_state();
}

/* However it was left: with loopback off and all input read, it is quiet. */
static void drain(void)
{
	unsigned reads = 0;

	out(LCR, 3);
	out(MCR, 0);
	out(IER, 0x0f);
	while (in(LSR)&1) {
		(void)in(RBR);
		must(++reads <= VCONSOLE_INPUT_SIZE + 16 + 2);
	}
	(void)in(MSR);
	(void)in(IIR);
	must(in(RBR) == 0 && (in(IIR)&0x0f) == 1);
	must(!fake_irq_level(&f, IRQ));
	must(f.vm.heap_owner.heap_objects > 0 && f.vm.console.lock.next == f.vm.console.lock.owner);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool made;

	if (!made)
		make_vm();
	made = true;
	vdev_reset_all(&f.vm);
	vconsole_restart(&f.vm.console);
	for (; size >= 4; data += 4, size -= 4)
		step(data);
	drain();
	return 0;
}
