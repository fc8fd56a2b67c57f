/* SPDX-License-Identifier: MIT */
/* The guest's timers: each expiry is one interrupt, wherever the vCPU is and whatever CPU it moves to. */
#include <test.h>

#include <fake_arm64.h>
#include <libfdt.h>

#define V FAKE_VIRTUAL_PPI
#define P FAKE_PHYSICAL_PPI
#define OFFSET 1000

static struct vcpu *vcpu;

static int start(void **state)
{
	(void)state;
	fake_arm64_start(2);
	vcpu = fake->vcpus[0];
	for (unsigned i = 0; i < 2; i++)
		guest_timer_create(fake->vcpus[i]);
	if (guest_timer_bind(FAKE_HOST_PPI))
		return -1;
	fake->now = OFFSET;
	guest_timer_vm_start(&fake->vm);
	guest_timer_reset(vcpu);
	guest_timer_load(vcpu);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static void put(void)
{
	guest_timer_put(vcpu);
	arch_this_cpu()->loaded = NULL;
	vcpu->loaded_cpu = -1;
}

static void load(unsigned cpu)
{
	fake_arm64_use_cpu(cpu);
	arch_this_cpu()->loaded = vcpu;
	vcpu->loaded_cpu = (s32)cpu;
	guest_timer_load(vcpu);
}

/* As the host's GIC does: a level that is not active already comes to the handler, and stays active. */
static void host_interrupt(void)
{
	u64 ctl = sysreg_read(CNTV_CTL_EL0);
	bool *active = &fake->host_active[arch_this_cpu()->id];

	if ((ctl & (CNT_ENABLE | CNT_IMASK | CNT_ISTATUS)) != (CNT_ENABLE | CNT_ISTATUS) || *active)
		return;
	*active = true;
	fake->irq_handler(NULL);
}

static void set_virtual(u64 ctl, u64 cval)
{
	sysreg_write(CNTV_CVAL_EL0, cval);
	sysreg_write(CNTV_CTL_EL0, ctl);
}

static void test_start(void **state)
{
	(void)state;
	assert_int_equal(fake->requested_irq, FAKE_HOST_PPI);
	assert_int_equal(fake->host_forwarded, FAKE_HOST_PPI);
	assert_int_equal(fake->forwarded, FAKE_HOST_PPI);
	assert_int_equal(sysreg_read(CNTVOFF_EL2), OFFSET);
	assert_int_equal(sysreg_read(CNTVCT_EL0), 0);
	assert_int_equal(sysreg_read(CNTHCTL_EL2), 0); /* physical counter and timer trap */
	assert_int_equal(guest_timer_deadline(vcpu), TIME_NEVER);
	assert_false(guest_timer_is_due(vcpu));
	/* A machine that starts again begins at 0 again. */
	put();
	fake->now = 7777;
	guest_timer_vm_start(&fake->vm);
	guest_timer_reset(vcpu);
	load(0);
	assert_int_equal(sysreg_read(CNTVCT_EL0), 0);
}

/* With CNTPOFF_EL2 the counter need not trap; it is believed only where it does something. */
static void test_offset(void **state)
{
	(void)state;
	fake->now = 7777;
	arm64_features.ecv_poff = true;
	for (unsigned works = 0; works < 2; works++) {
		fake->offset_works = works;
		assert_int_equal(guest_timer_bind(FAKE_HOST_PPI), 0);
		assert_int_equal(sysreg_read(CNTP_CTL_EL0), 0);
		guest_timer_load(vcpu);
		assert_int_equal(sysreg_read(CNTHCTL_EL2), works ? 1 | 1 << 12 : 0);
		assert_int_equal(sysreg_read(CNTPOFF_EL2), works ? OFFSET : 0);
	}
	arm64_features.ecv_poff = false;
	assert_int_equal(guest_timer_bind(FAKE_HOST_PPI), 0);
	guest_timer_load(vcpu);
	assert_int_equal(sysreg_read(CNTHCTL_EL2), 0);
}

static void test_virtual_while_loaded(void **state)
{
	(void)state;
	set_virtual(CNT_ENABLE, 500);
	assert_int_equal(guest_timer_deadline(vcpu), OFFSET + 500);
	fake->now = OFFSET + 499;
	host_interrupt();
	assert_false(guest_timer_is_due(vcpu));
	assert_int_equal(fake->ppi_rises[0][V], 0);
	fake->now = OFFSET + 500;
	assert_true(guest_timer_is_due(vcpu));
	assert_true(guest_timer_line(vcpu));
	host_interrupt();
	assert_int_equal(fake->ppi_rises[0][V], 1);
	/* It was told: it is not due a second time, until the guest has ended it. */
	assert_false(guest_timer_is_due(vcpu));
	assert_int_equal(guest_timer_deadline(vcpu), TIME_NEVER);
	host_interrupt();
	assert_int_equal(fake->ppi_rises[0][V], 1);
	fake->host_active[0] = false;
	assert_true(guest_timer_is_due(vcpu));
	host_interrupt();
	assert_int_equal(fake->ppi_rises[0][V], 2);
	/* Ended and set anew. */
	set_virtual(CNT_ENABLE, 900);
	fake->host_active[0] = false;
	assert_int_equal(guest_timer_deadline(vcpu), OFFSET + 900);
	assert_false(guest_timer_is_due(vcpu));
}

/* A guest that is about to wait need not wait for the host's GIC to see that the timer is due. */
static void test_virtual_taken_up(void **state)
{
	(void)state;
	fake->now = OFFSET + 100;
	set_virtual(CNT_ENABLE, 500);
	guest_timer_take_up(vcpu);
	assert_int_equal(fake->ppi_rises[0][V], 0);
	fake->now = OFFSET + 500;
	guest_timer_take_up(vcpu);
	assert_int_equal(fake->ppi_rises[0][V], 1);
	assert_true(fake->host_active[0]);
	assert_false(guest_timer_is_due(vcpu));
	guest_timer_take_up(vcpu);
	host_interrupt();
	assert_int_equal(fake->ppi_rises[0][V], 1);
	/* Elsewhere it is its next load that does so. */
	fake->host_active[0] = false;
	put();
	guest_timer_take_up(vcpu);
	assert_int_equal(fake->ppi_rises[0][V], 1);
}

static void test_virtual_masked(void **state)
{
	static const u64 quiet[] = { 0, CNT_IMASK, CNT_ENABLE | CNT_IMASK };

	(void)state;
	fake->now = OFFSET + 100;
	for (unsigned i = 0; i < ARRAY_SIZE(quiet); i++) {
		set_virtual(quiet[i], 50);
		assert_false(guest_timer_line(vcpu));
		assert_false(guest_timer_is_due(vcpu));
		assert_int_equal(guest_timer_deadline(vcpu), TIME_NEVER);
		put();
		assert_false(guest_timer_is_due(vcpu));
		assert_int_equal(guest_timer_deadline(vcpu), TIME_NEVER);
		load(0);
		assert_int_equal(sysreg_read(CNTV_CTL_EL0) & 3, quiet[i]);
	}
	assert_int_equal(fake->ppi_rises[0][V], 0);
}

/* It fires while nobody runs it: told once, when it is loaded, without an interrupt of the host. */
static void test_virtual_while_away(void **state)
{
	(void)state;
	set_virtual(CNT_ENABLE, 500);
	put();
	assert_int_equal(sysreg_read(CNTV_CTL_EL0), 0);
	assert_int_equal(guest_timer_deadline(vcpu), OFFSET + 500);
	fake->now = OFFSET + 600;
	assert_true(guest_timer_is_due(vcpu));
	assert_int_equal(guest_timer_deadline(vcpu), OFFSET + 500);
	load(1);
	assert_int_equal(fake->ppi_rises[0][V], 1);
	assert_true(fake->host_active[1]);
	assert_int_equal(sysreg_read(CNTV_CTL_EL0) & 3, CNT_ENABLE);
	assert_int_equal(sysreg_read(CNTV_CVAL_EL0), 500);
	host_interrupt();
	assert_false(guest_timer_is_due(vcpu));
	assert_int_equal(fake->ppi_rises[0][V], 1);
}

/* The active state goes where the vCPU goes, and does not stay behind for another one. */
static void test_virtual_moves(void **state)
{
	(void)state;
	set_virtual(CNT_ENABLE, 500);
	fake->now = OFFSET + 500;
	host_interrupt();
	put();
	assert_false(fake->host_active[0]);
	assert_false(guest_timer_is_due(vcpu));
	assert_int_equal(guest_timer_deadline(vcpu), TIME_NEVER);
	load(3);
	assert_true(fake->host_active[3]);
	assert_int_equal(fake->ppi_rises[0][V], 1);
	/* The guest ends it there: it is quiet everywhere, and due again since its time is still past. */
	fake->host_active[3] = false;
	put();
	assert_false(vcpu->arch.timers.forwarded_active);
	assert_true(guest_timer_is_due(vcpu));
	load(0);
	assert_int_equal(fake->ppi_rises[0][V], 2);
	for (unsigned i = 1; i < FAKE_CPUS; i++)
		assert_false(fake->host_active[i]);
}

/* The host's GIC is slow: it is not read where nothing was given to the guest. */
static void test_no_needless_reads(void **state)
{
	(void)state;
	set_virtual(CNT_ENABLE, 500);
	for (unsigned i = 0; i < 10; i++) {
		put();
		load(i % FAKE_CPUS);
	}
	assert_int_equal(fake->host_reads, 0);
}

/* A guest that has no line for its timer is asked for nothing, and interrupts the host once only. */
static void test_no_line(void **state)
{
	(void)state;
	fake->vm.arch.timers = (struct arm64_guest_timers){ 0, 0 };
	set_virtual(CNT_ENABLE, 0);
	guest_timer_write(vcpu, SYS_CNTP_CTL_EL0, CNT_ENABLE);
	host_interrupt();
	assert_true(fake->host_active[0]);
	host_interrupt();
	put();
	assert_false(fake->host_active[0]);
	load(1);
	assert_true(fake->host_active[1]);
	fake->vm.arch.gic = NULL;
	guest_timer_reset(vcpu);
	guest_timer_vm_start(&fake->vm);
}

/* It came too late: the vCPU has left. */
static void test_nobody_loaded(void **state)
{
	(void)state;
	put();
	fake->host_active[0] = true;
	fake->irq_handler(NULL);
	assert_false(fake->host_active[0]);
	assert_int_equal(fake->ppi_rises[0][V], 0);
}

static void test_reset(void **state)
{
	(void)state;
	set_virtual(CNT_ENABLE, 0);
	host_interrupt();
	guest_timer_write(vcpu, SYS_CNTP_CVAL_EL0, 5);
	guest_timer_write(vcpu, SYS_CNTP_CTL_EL0, CNT_ENABLE);
	put();
	guest_timer_reset(vcpu);
	assert_false(fake->ppi[0][P]);
	assert_int_equal(vcpu->arch.timers.cntp.deadline, TIME_NEVER);
	load(0);
	assert_false(fake->host_active[0]);
	assert_int_equal(sysreg_read(CNTV_CTL_EL0), 0);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_CTL_EL0), 0);
}

static void test_physical(void **state)
{
	struct timer *timer = &vcpu->arch.timers.cntp;

	(void)state;
	fake->now = OFFSET + 100;
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTPCT_EL0), 100);
	guest_timer_write(vcpu, SYS_CNTP_CVAL_EL0, 300);
	assert_int_equal(timer->deadline, TIME_NEVER);
	guest_timer_write(vcpu, SYS_CNTP_CTL_EL0, CNT_ENABLE);
	assert_int_equal(timer->deadline, OFFSET + 300);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_TVAL_EL0), 200);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_CTL_EL0), CNT_ENABLE);
	assert_false(fake->ppi[0][P]);
	fake->now = OFFSET + 300;
	timer->fn(timer);
	assert_true(fake->ppi[0][P]);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_CTL_EL0), CNT_ENABLE | CNT_ISTATUS);
	/* The level falls with the mask, rises with it, and falls with a new time. */
	guest_timer_write(vcpu, SYS_CNTP_CTL_EL0, CNT_ENABLE | CNT_IMASK);
	assert_false(fake->ppi[0][P]);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_CTL_EL0), 7);
	guest_timer_write(vcpu, SYS_CNTP_CTL_EL0, ~0ull);
	assert_false(fake->ppi[0][P]);
	guest_timer_write(vcpu, SYS_CNTP_CTL_EL0, CNT_ENABLE);
	assert_true(fake->ppi[0][P]);
	assert_int_equal(timer->deadline, TIME_NEVER);
	guest_timer_write(vcpu, SYS_CNTP_TVAL_EL0, 50);
	assert_false(fake->ppi[0][P]);
	assert_int_equal(timer->deadline, OFFSET + 350);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_CVAL_EL0), 350);
}

static void test_physical_edges(void **state)
{
	struct timer *timer = &vcpu->arch.timers.cntp;

	(void)state;
	fake->now = OFFSET + 100;
	guest_timer_write(vcpu, SYS_CNTP_CTL_EL0, CNT_ENABLE);
	/* TVAL is signed, and 32 bits. */
	guest_timer_write(vcpu, SYS_CNTP_TVAL_EL0, 0xffffffff);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_CVAL_EL0), 99);
	assert_true(fake->ppi[0][P]);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_TVAL_EL0), 0xffffffff);
	guest_timer_write(vcpu, SYS_CNTP_TVAL_EL0, 0x700000001);
	assert_int_equal(guest_timer_read(vcpu, SYS_CNTP_CVAL_EL0), 101);
	/* A time that the host's counter never reaches. */
	guest_timer_write(vcpu, SYS_CNTP_CVAL_EL0, ~0ull);
	assert_int_equal(timer->deadline, TIME_NEVER);
	assert_false(fake->ppi[0][P]);
	guest_timer_write(vcpu, SYS_CNTP_CVAL_EL0, TIME_NEVER - OFFSET + 1);
	assert_int_equal(timer->deadline, TIME_NEVER);
	set_virtual(CNT_ENABLE, ~0ull);
	assert_int_equal(guest_timer_deadline(vcpu), TIME_NEVER);
	/* The GIC goes: no timer comes after that. */
	guest_timer_write(vcpu, SYS_CNTP_CVAL_EL0, 1000);
	assert_int_equal(timer->deadline, OFFSET + 1000);
	guest_timer_vm_stop(&fake->vm);
	assert_int_equal(timer->deadline, TIME_NEVER);
}

/* ---- the tree ---- */

static void make_tree(void *fdt, int size, const u32 *cells, int count)
{
	fdt32_t raw[16];
	int err = fdt_create(fdt, size);

	for (int i = 0; i < count; i++)
		raw[i] = cpu_to_fdt32(cells[i]);
	err |= fdt_finish_reservemap(fdt) | fdt_begin_node(fdt, "") | fdt_begin_node(fdt, "timer");
	err |= fdt_property_string(fdt, "compatible", "arm,armv8-timer");
	if (count)
		err |= fdt_property(fdt, "interrupts", raw, count * (int)sizeof(*raw));
	err |= fdt_end_node(fdt) | fdt_end_node(fdt) | fdt_finish(fdt);
	assert_int_equal(err, 0);
}

static void assert_timers(const u32 *cells, int count, u32 physical, u32 virtual)
{
	char fdt[512];

	make_tree(fdt, sizeof(fdt), cells, count);
	fake->vm.arch.timers = (struct arm64_guest_timers){ 0, 0 };
	guest_timer_vm_create(&fake->vm, fdt);
	assert_int_equal(fake->vm.arch.timers.physical, physical);
	assert_int_equal(fake->vm.arch.timers.virtual, virtual);
}

static void test_tree(void **state)
{
	static const u32 usual[] = { 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4 };
	static const u32 spi[] = { 1, 13, 4, 0, 14, 4, 1, 16, 4 };
	static const u32 others[] = { 1, 0, 4, 1, 0, 8, 1, 15, 8 };
	char fdt[256];
	int err = fdt_create_empty_tree(fdt, sizeof(fdt));

	(void)state;
	assert_timers(usual, 12, 30, 27);
	assert_timers(usual, 6, 30, 0);
	assert_timers(usual, 8, 30, 0);
	assert_timers(usual, 3, 0, 0);
	assert_timers(usual, 0, 0, 0);
	assert_timers(spi, 9, 0, 0);
	assert_timers(others, 9, 16, 31);
	assert_int_equal(err, 0);
	fake->vm.arch.timers = (struct arm64_guest_timers){ 0, 0 };
	guest_timer_vm_create(&fake->vm, fdt);
	assert_int_equal(fake->vm.arch.timers.virtual, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_start),
		TEST(test_offset),
		TEST(test_virtual_while_loaded),
		TEST(test_virtual_taken_up),
		TEST(test_virtual_masked),
		TEST(test_virtual_while_away),
		TEST(test_virtual_moves),
		TEST(test_no_needless_reads),
		TEST(test_no_line),
		TEST(test_nobody_loaded),
		TEST(test_reset),
		TEST(test_physical),
		TEST(test_physical_edges),
		TEST(test_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
