/* SPDX-License-Identifier: MIT */
/* Host tests: cache maintenance that takes as long as the test says, in place of cache.c. For one test file each. */
#ifndef TESTS_FAKE_CACHE_H
#define TESTS_FAKE_CACHE_H

#include <fake_arm64.h>

static bool fake_is_finished(void)
{
	if (!fake->unfinished)
		return true;
	fake->unfinished--;
	return false;
}

bool cache_set_way(struct vcpu *vcpu)
{
	(void)vcpu;
	fake->set_way_count++;
	return fake_is_finished();
}

bool cache_write_sctlr(struct vcpu *vcpu, u64 value)
{
	(void)vcpu;
	if (!fake_is_finished())
		return false;
	sysreg_write(SCTLR_EL1, value);
	return true;
}

#endif
