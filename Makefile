# SPDX-License-Identifier: MIT
# Builds, runs and checks Verdigris. `make help` lists the goals; CONTRIBUTING.md tells how to add a file.

BOARD  ?= qemu-riscv64
O      ?= build/$(BOARD)
CACHE  ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/verdigris
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all FORCE setup auto-setup menuconfig savedefconfig run debug image bench bundle \
	check check-all unit fuzz guests payload clean distclean help docs

# V=1 shows the commands instead of one short line each.
Q   := $(if $(V),,@)
say  = $(if $(V),:,printf '  %-4s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))')
need = command -v $(firstword $(1)) >/dev/null || \
	{ echo "$(firstword $(1)) not found: run \`make setup\`" >&2; exit 1; }

all: $(O)/verdigris.elf $(O)/verdigris.bin $(O)/compile_commands.json

help:
	@sed -n 's/^#: //p' $(firstword $(MAKEFILE_LIST))
#: make                   build build/<board>/verdigris.elf and .bin      (BOARD= O= LLVM=1 DEBUG=1 V=1)
#: make run               start the board's emulator with a Linux guest   (CPUS= MEM= CPU= QEMU_ARGS=, more in docs/boards.md)
#: make debug             the same, waiting for gdb
#: make check             unit tests, and system tests of all boards or of BOARD=; check-all adds slow tests and fuzzing
#: make bench             counts instructions and compares with KVM and Xvisor
#: make image             pack what the board's own firmware boots
#: make menuconfig        change the configuration in build/<board>/.config
#: make <board>_defconfig go back to the board's configuration
#: make setup             install what is missing (Debian; other systems: list it)
#: make clean             remove the board's build folder; distclean also the downloads

# ---------------------------------------------------------------- set-up and configuration
# `run` and its like set up what is missing before anything is built; a plain `make` only says so.
setup-for-run := build run
setup-for-debug := build run debug
setup-for-bench := build run
setup-for-check := build run check
setup-for-check-all := build run check llvm
setup-for-image := build image
groups := $(sort $(foreach g,$(MAKECMDGOALS),$(setup-for-$g)))
# What is checked: the one board that was named, else all.
all-boards := $(patsubst boards/%/run,%,$(wildcard boards/*/run))
check-boards := $(if $(filter file,$(origin BOARD)),$(all-boards),$(BOARD))
arch-of = $(shell sed -n 's/^CONFIG_ARCH_\(.*\)=y/\1/p' configs/$(1)_defconfig 2>/dev/null | tr A-Z a-z)
setup-arches = $(sort $(foreach b,$(if $(filter check check-all,$(MAKECMDGOALS)),$(check-boards),$(BOARD)),$(call arch-of,$b)))
setup:
	@scripts/setup.sh $(sort $(foreach b,$(all-boards),$(call arch-of,$b))) build run check debug image llvm
	@echo 'Everything that the goals of this Makefile need is installed.'
auto-setup:
	@PYTHON='$(PYTHON)' scripts/setup.sh $(setup-arches) $(if $(LLVM),llvm) $(groups)

kconfig = $(call need,$(PYTHON)); $(PYTHON) scripts/kconfig.py
%_defconfig: configs/%_defconfig FORCE
	@$(kconfig) defconfig $(if $(filter file,$(origin O)),build/$*,$(O)) $<
menuconfig savedefconfig: $(O)/.config
	@$(kconfig) $@ $(O) configs/$(BOARD)_defconfig
$(O)/.config: | $(if $(groups),auto-setup)
	@$(kconfig) defconfig $(O) configs/$(BOARD)_defconfig
$(O)/config.mk: $(O)/.config $(shell find . -name 'Kconfig*' -not -path './build/*') scripts/kconfig.py
	@$(kconfig) sync $(O)
$(O)/include/config.h: $(O)/config.mk ;

no-config-goals := setup help docs clean distclean %_defconfig
ifneq ($(filter-out $(no-config-goals),$(or $(MAKECMDGOALS),all)),)
include $(O)/config.mk
include $(ARCH:%=arch/%/arch.mk)
endif

# ---------------------------------------------------------------- tools and flags
ifdef LLVM
CC := clang --target=$(LLVM_TARGET)
LD := ld.lld
OBJCOPY := llvm-objcopy
NM := llvm-nm
else
CC := $(CROSS_COMPILE)gcc
LD := $(CROSS_COMPILE)ld
OBJCOPY := $(CROSS_COMPILE)objcopy
NM := $(CROSS_COMPILE)nm
endif

WARNINGS := -Wall -Wextra -Wshadow -Wundef -Wvla -Wmissing-prototypes -Wstrict-prototypes -Werror
INCLUDES  = -I core/include -I emulators/include -I libs/include -I arch/$(ARCH)/include -I $(O)/include -I $(O)/libfdt \
	-include core/include/core/visibility.h -include $(O)/include/config.h
COMMON    = -std=gnu17 -g $(WARNINGS) -fno-common -fno-strict-aliasing -fno-omit-frame-pointer \
	-ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(O))=build -ffile-prefix-map=$(O)=build
# What the compiler itself brings (stdint.h, stddef.h, stdarg.h) is all there is of a C library.
# Builtins are on, so that small copies are inlined; calls that remain go to libs/string.c.
CFLAGS    = $(COMMON) $(if $(LLVM),-fdebug-compilation-dir=.) $(if $(DEBUG),-Og,-O2) $(ARCH_CFLAGS) \
	-ffreestanding -fbuiltin -nostdinc -fpie -fno-stack-protector -fno-asynchronous-unwind-tables \
	-ffunction-sections -fdata-sections \
	$(INCLUDES) -I libs/freestanding/include -isystem $(shell $(CC) -print-file-name=include 2>/dev/null)
LDFLAGS   = -pie --no-dynamic-linker -z norelro -z noexecstack -z text -z nostart-stop-gc --build-id=none \
	--gc-sections --fatal-warnings -T arch/$(ARCH)/verdigris.lds $(ARCH_LDFLAGS)

# ---------------------------------------------------------------- sources
# core/, libs/ and arch/<a>/ are built whole. A driver, emulator, loader or a folder in arch/<a>/ is
# built when the Kconfig option named after it is on: drivers/serial/sbi-dbcn.c <-> DRIVER_SBI_DBCN,
# emulators/rtc/goldfish.c <-> EMULATOR_GOLDFISH, core/loader/elf.c <-> LOADER_ELF, arch/x86/svm/*.c
# <-> X86_SVM. No list of files to edit.
option  = $(1)_$(subst -,_,$(basename $(notdir $(2))))
pick    = $(foreach f,$(2),$(if $(filter $(call option,$(1),$f),$(options_on)),$f))
orphans = $(foreach f,$(2),$(if $(filter $(call option,$(1),$f),$(options_on) $(options_off)),,$f))
folders = $(filter-out %/include,$(patsubst %/,%,$(wildcard arch/$(ARCH)/*/)))
each    = $(call $(1),loader,$(wildcard core/loader/*.c)) $(call $(1),driver,$(wildcard drivers/*/*.c)) \
	$(call $(1),emulator,$(wildcard emulators/*/*.c))
ifdef ARCH
sources := $(sort $(wildcard core/*.c core/shell/*.c libs/*.c arch/$(ARCH)/*.c arch/$(ARCH)/*.S) \
	$(call each,pick) $(foreach d,$(call pick,$(ARCH),$(folders)),$(wildcard $d/*.c $d/*.S)))
endif
libfdt  := fdt fdt_addresses fdt_check fdt_empty_tree fdt_overlay fdt_ro fdt_rw fdt_strerror fdt_sw fdt_wip
objects  = $(sources:%=$(O)/obj/%.o) $(libfdt:%=$(O)/obj/libfdt/%.o)

# ---------------------------------------------------------------- compile
# Objects depend on the exact command line: another compiler or flag rebuilds, nothing else does.
$(O)/flags: FORCE
	@$(call need,$(CC)); mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) : $(LD) $(LDFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(CFLAGS) : $(LD) $(LDFLAGS)' > $@
$(O)/include/version.h: FORCE
	@scripts/version.sh $@
prepared = $(O)/flags $(O)/include/config.h | $(O)/include/version.h $(O)/libfdt/libfdt.h

define compile
@mkdir -p $(@D)
@$(call say,CC,$<)
$(Q)$(CC) $(CFLAGS) $(1) -MMD -MP -MF $@.d -c -o $@ $<
endef
$(O)/obj/%.c.o: %.c $(prepared)
	$(call compile)
$(O)/obj/libs/string.c.o: CFLAGS += -fno-builtin $(if $(LLVM),,-fno-tree-loop-distribute-patterns)
$(O)/obj/%.S.o: %.S $(prepared)
	$(call compile,-D__ASSEMBLY__)
$(O)/obj/libfdt/%.o: $(O)/libfdt/libfdt.h $(O)/flags
	@mkdir -p $(@D)
	@$(call say,CC,libfdt/$*.c)
	$(Q)$(CC) $(CFLAGS) -Wno-sign-compare -Wno-unused-parameter -c -o $@ $(O)/libfdt/$*.c

# libfdt comes from a Debian source package (pinned in scripts/fetch.sh) or from LIBFDT_SRC=folder.
$(O)/libfdt/libfdt.h: scripts/fetch.sh
	$(Q)mkdir -p $(@D) && CACHE='$(CACHE)' LIBFDT_SRC='$(LIBFDT_SRC)' scripts/fetch.sh libfdt $(@D) && touch $@

$(O)/compile_commands.json: $(O)/flags scripts/compile-commands.py $(sources)
	$(Q)$(PYTHON) scripts/compile-commands.py $@ '$(CC) $(CFLAGS)' $(sources)
	$(if $(filter build/%,$(O)),@ln -sf $(O:build/%=%)/compile_commands.json build/)

# ---------------------------------------------------------------- link
# Twice: the names for backtraces are read off the first link and added at the end of .rodata,
# where they move no code; gen-symbols fails if they did.
link = $(LD) $(LDFLAGS) -o $@ $(filter %.o,$^)
$(O)/verdigris.nosym.elf: $(objects) $(O)/obj/nosym.o arch/$(ARCH)/verdigris.lds
	$(Q)$(link)
orphans-here := $(call each,orphans) $(call orphans,$(ARCH),$(folders))
$(O)/verdigris.elf: $(objects) $(O)/obj/symbols.o arch/$(ARCH)/verdigris.lds $(orphans-here)
	@$(call say,LD,$@)
	$(foreach f,$(orphans-here),$(error $f: no Kconfig option is named after it))
	$(Q)$(link)
	$(Q)$(NM) -n $@ | scripts/gen-symbols | cmp -s - $(O)/obj/symbols.S || \
		{ echo "$@: the symbol table moved the code: see arch/$(ARCH)/verdigris.lds" >&2; rm $@; exit 1; }
$(O)/obj/nosym.S: scripts/gen-symbols
	@mkdir -p $(@D)
	$(Q)scripts/gen-symbols </dev/null > $@
$(O)/obj/symbols.S: $(O)/verdigris.nosym.elf scripts/gen-symbols
	$(Q)$(NM) -n $< | scripts/gen-symbols > $@
$(O)/obj/symbols.o $(O)/obj/nosym.o: %.o: %.S
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<
$(O)/verdigris.bin: $(O)/verdigris.elf
	@$(call say,BIN,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

# ---------------------------------------------------------------- bundle, run, debug, image, bench
board := boards/$(BOARD)
env = BOARD='$(BOARD)' O='$(O)' CACHE='$(CACHE)' PYTHON='$(PYTHON)'
bundle: $(O)/bundle.cpio
$(O)/bundle.cpio: $(board)/bundle.list scripts/mkbundle.py scripts/fetch.sh $(wildcard configs/guests/*) | \
		$(if $(groups),auto-setup)
	@mkdir -p $(@D)
	@$(call say,PACK,$@)
	$(Q)$(env) $(PYTHON) scripts/mkbundle.py $@ $(board)/bundle.list

run debug: auto-setup $(O)/verdigris.elf $(O)/verdigris.bin $(O)/bundle.cpio
	@$(env) CPUS='$(CPUS)' MEM='$(MEM)' CPU='$(CPU)' GIC='$(GIC)' UART='$(UART)' BIOS='$(BIOS)' QEMU_ARGS='$(QEMU_ARGS)' \
		$(board)/run $@
image: auto-setup $(O)/verdigris.bin $(O)/bundle.cpio
	@$(env) $(board)/image
bench: auto-setup all $(O)/bundle.cpio payload
	@$(env) $(PYTHON) bench/run.py --board $(BOARD) --build $(O)

# The tables of commands in docs/shell.md, from the sources.
docs:
	$(Q)$(PYTHON) scripts/gen-shell-docs.py

include tests/tests.mk

clean:
	rm -rf $(O)
distclean:
	rm -rf build $(CACHE)

FORCE:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
