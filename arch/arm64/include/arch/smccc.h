/* SPDX-License-Identifier: MIT */
/* arm64: the SMC Calling Convention (DEN 0028), PSCI (DEN 0022) and TRNG (DEN 0098): numbers for both sides. */
#ifndef ARCH_SMCCC_H
#define ARCH_SMCCC_H

#include <core/types.h>

/* Function ids (DEN 0028, 2.5): a fast call, its width, who answers it (bits 29..24), a number. */
#define SMCCC_FAST 0x80000000u
#define SMCCC_64 0x40000000u

/* Results of all services (DEN 0028, 7.1). */
#define SMCCC_SUCCESS 0
#define SMCCC_NOT_SUPPORTED (-1l)
#define SMCCC_NOT_REQUIRED 1 /* of ARCH_FEATURES for a workaround: this machine needs none */

/* Arm architecture service (DEN 0028, chapter 7). */
#define SMCCC_ARCH_FIRST 0x80000000u
#define SMCCC_ARCH_LAST 0x8000ffffu
#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_ARCH_SOC_ID 0x80000002u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu
#define SMCCC_VERSION_1_2 0x10002u

/* Vendor-specific hypervisor service (DEN 0028, 6.2). */
#define SMCCC_HYP_FIRST 0x86000000u
#define SMCCC_HYP_LAST 0x8600ffffu
#define SMCCC_HYP_CALL_COUNT 0x8600ff00u
#define SMCCC_HYP_UID 0x8600ff01u
#define SMCCC_HYP_REVISION 0x8600ff03u

/* PSCI (DEN 0022, chapter 5); those with addresses or affinities exist with SMCCC_64 too. */
#define PSCI_FIRST 0x84000000u
#define PSCI_LAST 0x8400001fu
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE 0x84000005u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_MIGRATE_INFO_UP_CPU 0x84000007u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_SUSPEND 0x8400000eu
#define PSCI_SYSTEM_RESET2 0x84000012u
#define PSCI_VERSION_1_1 0x10001u

#define PSCI_SUCCESS 0l
#define PSCI_NOT_SUPPORTED (-1l)
#define PSCI_INVALID_PARAMETERS (-2l)
#define PSCI_DENIED (-3l)
#define PSCI_ALREADY_ON (-4l)
#define PSCI_ON_PENDING (-5l)
#define PSCI_INTERNAL_FAILURE (-6l)
#define PSCI_INVALID_ADDRESS (-9l)

/* AFFINITY_INFO. */
#define PSCI_AFFINITY_ON 0
#define PSCI_AFFINITY_OFF 1
#define PSCI_AFFINITY_ON_PENDING 2
/* MIGRATE_INFO_TYPE: nothing that would have to migrate. */
#define PSCI_MIGRATE_NONE 2
/* power_state of CPU_SUSPEND, original format (5.4.2). */
#define PSCI_POWER_STATE_ID 0xffffu
#define PSCI_POWER_STATE_DOWN BIT(16)
/* SYSTEM_RESET2. */
#define PSCI_RESET2_WARM 0

/* TRNG (DEN 0098). */
#define TRNG_FIRST 0x84000050u
#define TRNG_LAST 0x8400005fu
#define TRNG_VERSION 0x84000050u
#define TRNG_FEATURES 0x84000051u
#define TRNG_GET_UUID 0x84000052u
#define TRNG_RND 0x84000053u
#define TRNG_VERSION_1_0 0x10000u
#define TRNG_INVALID_PARAMETERS (-2l)
#define TRNG_NO_ENTROPY (-3l)

#endif
