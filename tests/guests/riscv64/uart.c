/* SPDX-License-Identifier: MIT */
/* Test guest: the 16550A: registers, FIFOs, loopback, identification of interrupts (PC16550D data sheet). */
#include <riscv.h>

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR, THR = RBR, FCR = IIR, DLL = RBR, DLM = IER };
enum { LSR_DR = 1, LSR_OE = 2, LSR_THRE = 0x20, LSR_TEMT = 0x40 };
enum { MCR_LOOP = 0x10, IIR_NONE = 1, IIR_THRE = 2, IIR_DATA = 4, IIR_LINE = 6, IIR_TIMEOUT = 0xc };

static u8 get(unsigned reg)
{
	return read8(UART_BASE + reg);
}
static void put(unsigned reg, u8 value)
{
	write8(UART_BASE + reg, value);
}

/* Nothing may be printed in loopback: results are kept until it ends. */
static void loop_on(u8 fcr)
{
	while (!(get(LSR) & LSR_TEMT))
		;
	put(MCR, MCR_LOOP);
	put(FCR, fcr | 6); /* both FIFOs empty */
}
static void loop_off(void)
{
	put(IER, 0);
	put(FCR, 7);
	put(MCR, 0);
}

/* In loopback a byte takes its time on a real line, and reading LSR would clear the overrun. */
static void send(u8 byte)
{
	put(THR, byte);
	delay_us(300);
}

static void registers(void)
{
	u8 seen[3];

	for (unsigned i = 0, wrong = 0; i < 256; i++) {
		put(SCR, (u8)i);
		wrong += get(SCR) != i;
		if (i == 255)
			check_equal("the scratch register keeps 256 values", wrong, 0);
	}
	put(IER, 0xff);
	seen[0] = get(IER);
	put(IER, 0);
	check_equal("IER has four bits", seen[0], 0x0f);
	put(LCR, 0x83);
	put(DLL, 0x12);
	put(DLM, 0x34);
	seen[0] = get(DLL);
	seen[1] = get(DLM);
	put(DLL, 1);
	put(DLM, 0);
	put(LCR, 3);
	seen[2] = get(IER);
	check_equal("the divisor's low byte reads back", seen[0], 0x12);
	check_equal("the divisor's high byte reads back", seen[1], 0x34);
	check_equal("and IER was not touched", seen[2], 0);
	check_equal("LCR reads back", get(LCR), 3);
	check_equal("the upper half of IIR tells of FIFOs", (put(FCR, 1), get(IIR)) & 0xc0, 0xc0);
	check_equal("and that they are off", (put(FCR, 0), get(IIR)) & 0xc0, 0);
	check("LSR says that there is room", wait_until((get(LSR) & 0x60) == 0x60, 1000));
	put(FCR, 1);
}

static void modem(void)
{
	u8 before, after, delta;

	loop_on(0);
	put(MCR, MCR_LOOP);
	get(MSR);
	before = get(MSR) & 0xf0;
	put(MCR, MCR_LOOP | 0x0f);
	after = get(MSR);
	delta = get(MSR) & 0x0f;
	loop_off();
	check_equal("in loopback the modem inputs are off", before, 0);
	check_equal("and follow DTR, RTS, OUT1, OUT2", after & 0xf0, 0xf0);
	check_equal("reading MSR clears the deltas", delta, 0);
}

static void loopback(void)
{
	unsigned got = 0, good = 0;
	u8 lsr_empty, lsr_after, overrun, overrun_cleared;

	loop_on(1);
	lsr_empty = get(LSR);
	for (unsigned i = 0; i < 16; i++)
		send((u8)(0x40 + i));
	while (get(LSR) & LSR_DR) {
		u8 byte = get(RBR);

		good += byte == 0x40 + got;
		got++;
		if (got > 20)
			break;
	}
	lsr_after = get(LSR);
	for (unsigned i = 0; i < 18; i++)
		send((u8)i);
	overrun = get(LSR);
	overrun_cleared = get(LSR);
	loop_off();
	check_equal("no data before loopback", lsr_empty & LSR_DR, 0);
	check_equal("16 bytes come back through the FIFO", got, 16);
	check_equal("in order", good, 16);
	check_equal("and then none is left", lsr_after & LSR_DR, 0);
	check_equal("18 bytes overrun it", overrun & LSR_OE, LSR_OE);
	check_equal("reading LSR clears the overrun", overrun_cleared & LSR_OE, 0);
}

static void identification(void)
{
	u8 idle, thre, thre_again, thre_next, data, data_gone, line, line_gone;

	loop_on(1);
	put(IER, 0);
	idle = get(IIR);
	put(IER, 2);
	thre = get(IIR);
	thre_again = get(IIR);
	send('x');
	thre_next = get(IIR);
	put(IER, 1);
	data = get(IIR);
	get(RBR);
	data_gone = get(IIR);
	put(IER, 4);
	for (unsigned i = 0; i < 18; i++)
		send((u8)i);
	line = get(IIR);
	get(LSR);
	line_gone = get(IIR);
	loop_off();
	check_equal("no interrupt to begin with", idle & 0xf, IIR_NONE);
	check_equal("enabling THRE raises it at once", thre & 0xf, IIR_THRE);
	check_equal("reading IIR ends it", thre_again & 0xf, IIR_NONE);
	check_equal("it comes again when the byte has left", thre_next & 0xf, IIR_THRE);
	check("received data has its own", (data & 0xf) == IIR_DATA || (data & 0xf) == IIR_TIMEOUT);
	check_equal("reading the byte ends it", data_gone & 0xf, IIR_NONE);
	check_equal("overrun raises line status", line & 0xf, IIR_LINE);
	check_equal("reading LSR ends it", line_gone & 0xf, IIR_NONE);
}

static void trigger_level(void)
{
	u8 below, at;

	loop_on(0x81); /* 8 bytes */
	put(IER, 1);
	for (unsigned i = 0; i < 7; i++)
		send((u8)i);
	below = get(IIR);
	send(7);
	at = get(IIR);
	loop_off();
	check("below the trigger level there is none, or the time-out", (below & 0xf) != IIR_DATA);
	check("at the trigger level there is data",
	      (at & 0xf) == IIR_DATA || (at & 0xf) == IIR_TIMEOUT);
}

/* Other widths, and offsets that the chip has not: a fault or a value, the guest goes on in any case. */
static void odd_accesses(void)
{
	unsigned faults = 0, values = 0;

	for (unsigned size = 1; size <= 8; size *= 2)
		for (unsigned offset = 0; offset < 0x100; offset += size) {
			if (size == 1 && offset < 8)
				continue;
			if (probe_read(UART_BASE + offset, size, NULL))
				values++;
			else
				faults++;
			if (offset >= 8)
				probe_write(UART_BASE + offset, size, 0);
		}
	print("- odd reads: %u values, %u faults\n", values, faults);
	check("odd accesses are survived", true);
	put(SCR, 0x5a);
	check_equal("and change nothing", get(SCR), 0x5a);
	check_equal("LCR is still 3", get(LCR), 3);
}

void guest_main(void)
{
	while (get(LSR) & LSR_DR)
		get(RBR);
	put(LCR, 3);
	registers();
	modem();
	loopback();
	identification();
	trigger_level();
	odd_accesses();
}
