# SPDX-License-Identifier: MIT
# Builds what tests run: host binaries (unit, fuzz), bare-metal guests, the benchmark guest.

# ---------------------------------------------------------------- host: unit tests and fuzz targets
# The product's core/, emulators/ and libs/, whole, for this machine: against the C library instead of
# libs' own, and tests/unit/arch instead of a real architecture, with sanitizers.
HOSTCC      ?= gcc
host-sources := $(wildcard core/*.c core/*/*.c emulators/*/*.c libs/*.c tests/unit/arch/*.c tests/unit/lib/*.c)
# string.c would replace functions that the sanitizers watch.
host-sources := $(filter-out libs/string.c,$(host-sources))
HOST_INCLUDES = -I tests/unit/arch/include -I tests/unit/include -I core/include -I emulators/include -I libs/include \
	-I $(O)/include -I $(O)/libfdt \
	-include $(O)/include/config.h -include tests/unit/include/config_host.h
HOST_CFLAGS   = $(COMMON) -O1 -fno-pie -DHOST_TEST $(HOST_INCLUDES)
unit-sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz-sanitize := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

unit-tests   := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))
fuzz-targets := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
unit: $(unit-tests)
fuzz: $(fuzz-targets)

# host-rules KIND COMPILER: objects below $(O)/KIND/obj, the product in $(O)/KIND/product.a
define host-rules
$(O)/$(1)/flags: FORCE
	@$$(call need,$(2)); mkdir -p $$(@D)
	@echo '$(2) $$(HOST_CFLAGS) $$($(1)-sanitize)' | cmp -s - $$@ || \
		echo '$(2) $$(HOST_CFLAGS) $$($(1)-sanitize)' > $$@
$(O)/$(1)/obj/%.o: %.c $(O)/$(1)/flags $(O)/include/config.h | $(O)/include/version.h $(O)/libfdt/libfdt.h
	@mkdir -p $$(@D)
	@$$(call say,HOST,$$<)
	$$(Q)$(2) $$(HOST_CFLAGS) $$($(1)-sanitize) -MMD -MP -MF $$@.d -c -o $$@ $$<
$(O)/$(1)/obj/libfdt/%.o: $(O)/libfdt/libfdt.h $(O)/$(1)/flags
	@mkdir -p $$(@D)
	$$(Q)$(2) $$(HOST_CFLAGS) $$($(1)-sanitize) -w -c -o $$@ $(O)/libfdt/$$*.c
$(O)/$(1)/product.a: $(host-sources:%.c=$(O)/$(1)/obj/%.o) $(libfdt:%=$(O)/$(1)/obj/libfdt/%.o)
	@rm -f $$@
	$$(Q)ar rcsD $$@ $$^
endef
$(eval $(call host-rules,unit,$(HOSTCC)))
$(eval $(call host-rules,fuzz,clang))

# Whole, because link-time tables name nobody; what a test defines itself replaces the product's.
host-link = -no-pie -Wl,-z,muldefs \
	-Wl,--whole-archive $(filter %.a,$^) -Wl,--no-whole-archive
$(O)/unit/test_%: $(O)/unit/obj/tests/unit/test_%.o $(O)/unit/product.a
	@$(call say,LD,$@)
	$(Q)$(HOSTCC) $(unit-sanitize) -o $@ $< $(host-link) -lcmocka
$(O)/fuzz/fuzz_%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $(O)/fuzz/product.a
	@$(call say,LD,$@)
	$(Q)clang -fsanitize=fuzzer,address,undefined -o $@ $< $(host-link)

# Architectures' files that decide something, with variables for system registers and a played core
# (tests/unit/<a>/fake.c). tests/unit/<a>/test_<topic>.c becomes unit/test_<a>_<topic>, tests/fuzz/<a>/ likewise.
# What a test defines itself replaces the product's, and the product replaces what fake.c plays.
tested-riscv := $(addprefix arch/riscv/,decode.c dump.c fpu.c guest_csr.c guest_timer.c isa.c translate.c) \
	$(filter-out %/sbi_console.c,$(wildcard arch/riscv/sbi*.c))
tested-arm64 := $(wildcard $(addprefix arch/arm64/,cache.c decode.c dump.c exit.c fault.c features.c fpu.c guest_timer.c \
	id_regs.c inject.c psci.c smccc*.c sysreg*.c translate.c trng.c vgic*.c))

# arch-host-rules ARCH
define arch-host-rules
sources-$(1) := $(tested-$(1)) core/errno.c libs/format.c $(wildcard tests/unit/$(1)/fake*.c)
objects-$(1) = $$(sources-$(1):%.c=$(O)/$$(1)/obj/%.o) $$(libfdt:%=$(O)/$$(1)/obj/libfdt/%.o)
$$(foreach d,arch/$(1) tests/unit/$(1) tests/fuzz/$(1),$(O)/unit/obj/$$d/%.o $(O)/fuzz/obj/$$d/%.o): HOST_INCLUDES = \
	-I tests/unit/$(1)/include -I tests/unit/include -I arch/$(1)/include -I core/include -I emulators/include \
	-I libs/include -I $(O)/include -I $(O)/libfdt -include $(O)/include/config.h
unit: $(patsubst tests/unit/$(1)/test_%.c,$(O)/unit/test_$(1)_%,$(wildcard tests/unit/$(1)/test_*.c))
fuzz: $(patsubst tests/fuzz/$(1)/fuzz_%.c,$(O)/fuzz/fuzz_$(1)_%,$(wildcard tests/fuzz/$(1)/fuzz_*.c))
$(O)/unit/test_$(1)_%: $(O)/unit/obj/tests/unit/$(1)/test_%.o $$(call objects-$(1),unit)
	@$$(call say,LD,$$@)
	$$(Q)$$(HOSTCC) $$(unit-sanitize) -no-pie -Wl,-z,muldefs -o $$@ $$(filter %.o,$$^) -lcmocka
$(O)/fuzz/fuzz_$(1)_%: $(O)/fuzz/obj/tests/fuzz/$(1)/fuzz_%.o $$(call objects-$(1),fuzz)
	@$$(call say,LD,$$@)
	$$(Q)clang -fsanitize=fuzzer,address,undefined -no-pie -Wl,-z,muldefs -o $$@ $$(filter %.o,$$^)
endef
$(foreach a,riscv arm64,$(eval $(call arch-host-rules,$a)))

# ---------------------------------------------------------------- bare-metal guests
# tests/guests/<topic>.c or tests/guests/<arch>/<topic>.c is one guest, linked with tests/guests/lib.
guests-dir := tests/guests
guest-sources := $(wildcard $(guests-dir)/*.c $(if $(GUEST_ARCH),$(guests-dir)/$(GUEST_ARCH)/*.c))
guest-lib := $(wildcard $(addprefix $(guests-dir)/lib/,*.c $(GUEST_ARCH)/*.c $(GUEST_ARCH)/*.S))
guests := $(foreach s,$(guest-sources),$(O)/guests/$(basename $(notdir $s)).bin)
guests: $(guests)

GUEST_COMMON = -std=gnu17 -O2 -g -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-common \
	-fno-stack-protector -fno-asynchronous-unwind-tables -ffile-prefix-map=$(CURDIR)=. -nostdinc \
	-isystem $(shell $(CC) -print-file-name=include 2>/dev/null)
# Guests are one segment that may do everything.
GUEST_LDFLAGS = -z noexecstack --build-id=none $(if $(LLVM),,--no-warn-rwx-segments) $(ARCH_LDFLAGS)
guest-flags = $(GUEST_COMMON) $(GUEST_CFLAGS) -I $(guests-dir)/lib -I $(guests-dir)/lib/$(GUEST_ARCH)
$(O)/guests/obj/%.o: % $(O)/flags tests/tests.mk | $(O)/libfdt/libfdt.h
	@mkdir -p $(@D)
	@$(call say,CC,$<)
	$(Q)$(CC) $(guest-flags) -MMD -MP -MF $@.d -c -o $@ $<

guest-script := $(guests-dir)/lib/$(GUEST_ARCH)/guest.lds
define guest-rule
$(O)/guests/$(basename $(notdir $(1))).elf: $(O)/guests/obj/$(1).o $(guest-lib:%=$(O)/guests/obj/%.o) $(guest-script)
	$$(Q)$$(LD) $$(GUEST_LDFLAGS) --gc-sections -T $(guest-script) -o $$@ $$(filter %.o,$$^)
endef
$(foreach s,$(guest-sources),$(eval $(call guest-rule,$s)))
$(O)/guests/%.bin: $(O)/guests/%.elf
	@$(call say,BIN,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

# ---------------------------------------------------------------- the benchmark guest
payload-sources := $(addprefix bench/payload/,bench.c $(GUEST_ARCH).c $(GUEST_ARCH).S)
payload-objects := $(payload-sources:%=$(O)/%.o)
# Where it runs: 2 MiB into memory, as its Image header says.
payload-base := $(if $(filter arm64,$(GUEST_ARCH)),0x40200000,0x80200000)
payload: $(O)/bench/payload.bin $(O)/bench/linux-init
$(O)/bench/payload/%.o: bench/payload/% bench/payload/bench.h $(O)/flags tests/tests.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_COMMON) $(PAYLOAD_CFLAGS) -c -o $@ $<
$(O)/bench/payload.elf: $(payload-objects) bench/payload/payload.lds
	$(Q)$(LD) $(GUEST_LDFLAGS) --defsym LINK_BASE=$(payload-base) \
		-T bench/payload/payload.lds -o $@ $(filter %.o,$^)
$(O)/bench/payload.bin: $(O)/bench/payload.elf
	@$(call say,BIN,$@)
	$(Q)$(OBJCOPY) -O binary $< $@
# The user space of the Linux whose boot is counted.
$(O)/bench/init/%.o: bench/init/% $(O)/flags tests/tests.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_COMMON) $(PAYLOAD_CFLAGS) -c -o $@ $<
$(O)/bench/linux-init: $(O)/bench/init/init.c.o $(O)/bench/init/$(GUEST_ARCH).S.o
	$(Q)$(LD) $(GUEST_LDFLAGS) -o $@ $(filter %.o,$^)

# ---------------------------------------------------------------- check
# Each board is built in its own folder: the others by a make of their own.
others := $(filter-out $(BOARD),$(check-boards))
folder-of = $(if $(filter $(BOARD),$(1)),$(O),$(if $(filter file,$(origin O)),build/$(1),$(O)/$(1)))
.PHONY: check-build $(others:%=check-build-%)
check-build: all guests bundle payload
$(others:%=check-build-%): check-build-%: auto-setup
	@$(MAKE) BOARD=$* O=$(call folder-of,$*) check-build
run-check = $(env) $(PYTHON) scripts/check.py $(foreach b,$(check-boards),--board $b=$(call folder-of,$b))
check: auto-setup check-build unit $(others:%=check-build-%)
	@$(run-check) $(CHECK_ARGS)
check-all: auto-setup check-build unit fuzz $(others:%=check-build-%)
	@$(run-check) --all $(CHECK_ARGS)
