/* SPDX-License-Identifier: MIT */
/* Test guest: the PL011: identity, registers, loopback through the FIFOs, interrupts (Arm DDI 0183). */
#include <arm64.h>

enum {
	DR = 0x00,
	RSR = 0x04,
	FR = 0x18,
	ILPR = 0x20,
	IBRD = 0x24,
	FBRD = 0x28,
	LCR_H = 0x2c,
	CR = 0x30,
	IFLS = 0x34,
	IMSC = 0x38,
	RIS = 0x3c,
	MIS = 0x40,
	ICR = 0x44,
	DMACR = 0x48,
};
enum { FR_BUSY = 1 << 3, FR_RXFE = 1 << 4, FR_TXFF = 1 << 5, FR_RXFF = 1 << 6, FR_TXFE = 1 << 7 };
enum { INT_RX = 1 << 4, INT_TX = 1 << 5, INT_RT = 1 << 6, INT_OE = 1 << 10, INT_ALL = 0x7ff };
enum { CR_ON = 1 | 1 << 8 | 1 << 9, CR_LOOP = 1 << 7, LCR_H_8_FIFO = 0x70, LCR_H_8 = 0x60 };

static u32 get(u32 reg)
{
	return read32(UART_BASE + reg);
}
static void put(u32 reg, u32 value)
{
	write32(UART_BASE + reg, value);
}

/* Nothing may be printed in loopback: results are kept until it ends. */
static void loop_on(u32 lcr)
{
	while (get(FR) & FR_BUSY)
		;
	put(IMSC, 0);
	put(LCR_H, 0); /* FIFOs are emptied when they are switched off */
	put(LCR_H, lcr);
	put(CR, CR_ON | CR_LOOP);
	put(ICR, INT_ALL);
	put(RSR, 0);
}
static void loop_off(void)
{
	put(IMSC, 0);
	put(ICR, INT_ALL);
	put(RSR, 0);
	put(LCR_H, 0);
	put(LCR_H, LCR_H_8_FIFO);
	put(CR, CR_ON);
}

/* A character takes its time on a real line. */
static void send(u8 byte)
{
	put(DR, byte);
	delay_us(300);
}

static void identification(void)
{
	static const struct {
		u32 reg;
		u8 value, mask;
	} rows[] = {
		{ 0xfe0, 0x11, 0xff }, { 0xfe4, 0x10, 0xff }, { 0xfe8, 0x04, 0x0f },
		{ 0xfec, 0x00, 0xff }, { 0xff0, 0x0d, 0xff }, { 0xff4, 0xf0, 0xff },
		{ 0xff8, 0x05, 0xff }, { 0xffc, 0xb1, 0xff },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 before = get(rows[i].reg);

		check_equal("identification", before & rows[i].mask, rows[i].value);
		put(rows[i].reg, ~before);
		check_equal("  cannot be written", get(rows[i].reg), before);
	}
}

static void registers(void)
{
	static const struct {
		const char *name;
		u32 reg, mask;
	} rows[] = {
		{ "IBRD", IBRD, 0xffff },
		{ "FBRD", FBRD, 0x3f },
		{ "IFLS", IFLS, 0x3f },
		{ "IMSC", IMSC, 0x7ff },
	};

	while (get(FR) & FR_BUSY)
		;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 before = get(rows[i].reg), ones, zeros;

		put(rows[i].reg, rows[i].mask & 0xa5a5);
		ones = get(rows[i].reg) & rows[i].mask;
		put(rows[i].reg, rows[i].mask & 0x5a5a);
		zeros = get(rows[i].reg) & rows[i].mask;
		put(rows[i].reg, before);
		check_equal(rows[i].name, ones, rows[i].mask & 0xa5a5);
		check_equal("  both ways", zeros, rows[i].mask & 0x5a5a);
	}
	check_equal("idle: the transmitter is empty, nothing was received",
		    get(FR) & (FR_BUSY | FR_RXFE | FR_TXFF | FR_RXFF | FR_TXFE), FR_RXFE | FR_TXFE);
	put(FR, 0);
	put(RIS, INT_ALL);
	put(MIS, INT_ALL);
	check_equal("registers of state cannot be written", get(RIS) & (INT_OE | INT_RX | INT_RT),
		    0);
}

static void fifo(void)
{
	unsigned got = 0, good = 0, depth = get(0xfe8) >> 4 >= 3 ? 32 : 16; /* by the revision */
	u32 before, full, empty, error, cleared, overrun_mark;

	loop_on(LCR_H_8_FIFO);
	before = get(FR);
	for (unsigned i = 0; i < depth; i++)
		send((u8)(0x40 + i));
	full = get(FR);
	while (!(get(FR) & FR_RXFE) && got < 40) {
		good += (get(DR) & 0xff) == 0x40 + got;
		got++;
	}
	empty = get(FR);
	for (unsigned i = 0; i < depth + 1; i++)
		send((u8)i);
	error = get(RIS);
	overrun_mark = 0;
	for (unsigned i = 0; i < 40 && !(get(FR) & FR_RXFE); i++)
		overrun_mark |= get(DR);
	send(0x55);
	overrun_mark |= get(DR);
	put(ICR, INT_OE);
	cleared = get(RIS);
	loop_off();
	check_equal("nothing was received before loopback", before & FR_RXFE, FR_RXFE);
	check_equal("16 or 32 characters fill the FIFO", full & (FR_RXFF | FR_RXFE), FR_RXFF);
	check_equal("  and come back", got, depth);
	check_equal("  in order", good, depth);
	check_equal("  then it is empty", empty & (FR_RXFF | FR_RXFE), FR_RXFE);
	if (option("bare")) /* QEMU has no overruns */
		return;
	check_equal("one more is an overrun", error & INT_OE, INT_OE);
	check_equal("  which its interrupt's clear ends", cleared & INT_OE, 0);
	check("  and DR tells of it", overrun_mark & 1 << 11);
}

static void one_character(void)
{
	u32 none, one, value;

	loop_on(LCR_H_8);
	none = get(FR);
	send('x');
	one = get(FR);
	value = get(DR);
	loop_off();
	check_equal("without FIFOs nothing at first", none & (FR_RXFE | FR_RXFF), FR_RXFE);
	check_equal("one character fills the register", one & (FR_RXFE | FR_RXFF), FR_RXFF);
	check_equal("  it is the one", value & 0xff, 'x');
}

static void interrupts(void)
{
	u32 idle, received, masked, shown, gone, transmitted, tx_cleared;

	loop_on(LCR_H_8_FIFO);
	idle = get(RIS);
	send('a');
	wait_until(get(RIS) & (INT_RX | INT_RT), 100);
	received = get(RIS);
	masked = get(MIS);
	put(IMSC, INT_RX | INT_RT);
	shown = get(MIS);
	put(IMSC, 0);
	get(DR);
	put(ICR, INT_RX | INT_RT);
	gone = get(RIS);
	transmitted = get(RIS);
	put(ICR, INT_TX);
	tx_cleared = get(RIS);
	loop_off();
	check_equal("nothing is raised at first", idle & (INT_RX | INT_RT), 0);
	check("a character raises receive or its timeout", received & (INT_RX | INT_RT));
	check_equal("  masked, it does not show", masked, 0);
	check_equal("  unmasked, it does", shown, received & (INT_RX | INT_RT));
	check_equal("  read and cleared, it has gone", gone & (INT_RX | INT_RT), 0);
	check("one that was sent raises transmit", transmitted & INT_TX);
	check_equal("  which can be cleared", tx_cleared & INT_TX, 0);
}

/* Every word of the page, in every size: a value or the fault, and the UART goes on. */
static void odd_accesses(void)
{
	unsigned faults = 0, values = 0;

	for (u32 size = 1; size <= 8; size *= 2)
		for (u32 offset = 0; offset < 0x1000; offset += size) {
			if (offset / 4 * 4 == DR)
				continue;
			if (probe_read(UART_BASE + offset, size, NULL))
				values++;
			else
				faults++;
			if (offset >= 0x50)
				probe_write(UART_BASE + offset, size, 0);
		}
	print("- odd reads: %u values, %u faults\n", values, faults);
	put(IBRD, 0x1234);
	check_equal("odd accesses change nothing", get(IBRD), 0x1234);
	put(IBRD, 0);
	check_equal("  the line is as it was", get(LCR_H), LCR_H_8_FIFO);
}

void guest_main(void)
{
	loop_off();
	identification();
	registers();
	fifo();
	one_character();
	interrupts();
	odd_accesses();
}
