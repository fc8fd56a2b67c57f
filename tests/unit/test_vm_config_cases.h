/* SPDX-License-Identifier: MIT */
/* Wrong guest trees: what is added to the sound one of test_vm_config.c, and all messages about it. */

/* clang-format off */
{
	"/ { verdigris,autostart = <1>; };",
	{
		"/: verdigris,autostart has a value; write `verdigris,autostart;`, or leave it "
		"out",
	},
},
{
	"/ { cpus { verdigris,count = <0>; }; };",
	{
		"/cpus: verdigris,count is 0; give 1 to 512",
	},
},
{
	"/ { cpus { verdigris,count = <513>; verdigris,weight = <0>; "
	"verdigris,cap-percent = <101>; }; };",
	{
		"/cpus: verdigris,count is 513; give 1 to 512",
		"/cpus: verdigris,weight is 0; give 1 to 65536",
		"/cpus: verdigris,cap-percent is 101; give 1 to 100",
	},
},
{
	"/ { cpus { verdigris,weight = <65537>; verdigris,cap-percent = <0>; "
	"verdigris,count = <1 2>; }; };",
	{
		"/cpus: verdigris,weight is 65537; give 1 to 65536",
		"/cpus: verdigris,cap-percent is 0; give 1 to 100",
		"/cpus: verdigris,count has 8 bytes; give one cell, verdigris,count = <1>",
	},
},
{
	"/ { cpus { verdigris,affinity = <0 9>; }; };",
	{
		"/cpus: verdigris,affinity names CPU 9; this machine has CPUs 0 to 3",
	},
},
{
	"/ { cpus { verdigris,affinity; }; };",
	{
		"/cpus: verdigris,affinity has 0 bytes; give a list of CPU numbers, <0 1>",
	},
},
{
	"/ { cpus { verdigris,affinity = [00 01]; }; };",
	{
		"/cpus: verdigris,affinity has 2 bytes; give a list of CPU numbers, <0 1>",
	},
},
{
	"/ { cpus { verdigris,cout = <2>; }; };",
	{
		"/cpus: verdigris,cout is not known; did you mean verdigris,count?",
	},
},
{
	"/ { chosen { verdigris,kernal = \"vmlinuz\"; }; };",
	{
		"/chosen: verdigris,kernal is not known; did you mean verdigris,kernel?",
	},
},
{
	"/ { verdigris,zyx; };",
	{
		"/: verdigris,zyx is not known; remove it",
	},
},
{
	"/ { verdigris,count = <2>; };",
	{
		"/: verdigris,count has no meaning here; it belongs in /cpus",
	},
},
{
	"/ { soc { verdigris,kernel = \"vmlinuz\"; }; };",
	{
		"/soc: verdigris,kernel has no meaning here; it belongs in /chosen",
	},
},
{
	"/ { chosen { verdigris,kernel = \"vmlinux\"; }; };",
	{
		"/chosen: verdigris,kernel names \"vmlinux\", which is not in the bundle; there "
		"are: vmlinuz, initramfs.cpio, u-boot.bin",
	},
},
{
	"/ { chosen { verdigris,kernel = \"\"; }; };",
	{
		"/chosen: verdigris,kernel has 0 characters; give 1 to 63",
	},
},
{
	"/ { chosen { verdigris,kernel; }; };",
	{
		"/chosen: verdigris,kernel has no value; give a string, verdigris,kernel = "
		"\"...\"",
	},
},
{
	"/ { chosen { verdigris,kernel = \"vmlinuz\", \"initramfs.cpio\"; }; };",
	{
		"/chosen: verdigris,kernel has more than one string; give one",
	},
},
{
	"/ { chosen { verdigris,kernel = [76 6d]; }; };",
	{
		"/chosen: verdigris,kernel is not terminated; give a string in quotes",
	},
},
{
	"/ { chosen { verdigris,kernel = [01 02 00]; }; };",
	{
		"/chosen: verdigris,kernel has characters that cannot be printed; give ASCII text",
	},
},
{
	"/ { chosen { verdigris,initrd = "
	"\"0123456789012345678901234567890123456789012345678901234567890123\"; }; };",
	{
		"/chosen: verdigris,initrd has 64 characters; give 1 to 63",
	},
},
{
	"/ { chosen { /delete-property/ verdigris,kernel; }; };",
	{
		"/chosen: there is nothing to start; name an image of the bundle with "
		"verdigris,kernel or verdigris,firmware",
	},
},
{
	"/ { chosen { /delete-property/ verdigris,kernel; verdigris,initrd = "
	"\"initramfs.cpio\"; verdigris,firmware = \"u-boot.bin\"; }; };",
	{
		"/chosen: verdigris,initrd without verdigris,kernel has no meaning; add the "
		"kernel or remove it",
	},
},
{
	"/ { chosen { verdigris,firmware = \"u-boot.bin\"; }; };",
	{
		"/chosen: verdigris,kernel and verdigris,firmware exclude each other; keep one",
	},
},
{
	"/ { chosen { verdigris,entry = <0 0x80000000>; }; };",
	{
		"/chosen: verdigris,entry is for verdigris,firmware only; kernels say themselves "
		"where they start",
	},
},
{
	"/ { chosen { /delete-property/ verdigris,kernel; verdigris,firmware = "
	"\"u-boot.bin\"; verdigris,entry = <0 0x1000>; }; };",
	{
		"/chosen: verdigris,entry 0x1000 is in no RAM or ROM; give an address in a "
		"memory node",
	},
},
{
	"/ { chosen { /delete-property/ verdigris,kernel; verdigris,firmware = "
	"\"u-boot.bin\"; verdigris,entry = <0 0x80000000 0>; }; };",
	{
		"/chosen: verdigris,entry has 12 bytes; give one number of one or two cells",
	},
},
{
	"/ { /delete-node/ chosen; };",
	{
		"/: there is no chosen node; add it with verdigris,kernel or verdigris,firmware",
	},
},
{
	"/ { chosen { bootargs = [61 62]; }; };",
	{
		"/chosen: bootargs is not terminated; give a string in quotes",
	},
},
{
	"/ { chosen { stdout-path = \"/soc/serial@1000\"; }; };",
	{
		"/chosen: stdout-path names \"/soc/serial@1000\", which is no node; give the "
		"path of a UART",
	},
},
{
	"/ { chosen { stdout-path = \":115200\"; }; };",
	{
		"/chosen: stdout-path names \"\", which is no node; give the path of a UART",
	},
},
{
	"/ { compatible = \"riscv-virtio\"; };",
	{
		"/: compatible lacks \"verdigris,vm\": no guest configuration; add it if it is "
		"one",
	},
},
{
	"/ { compatible = [76]; };",
	{
		"/: compatible is no list of strings; give \"verdigris,vm\"",
	},
},
{
	"/ { /delete-property/ compatible; /delete-property/ model; };",
	{
		"/: compatible is missing; a guest configuration has compatible = "
		"\"verdigris,vm\"",
		"/: model is missing; give the VM's name, model = \"linux\"",
	},
},
{
	"/ { model = \"my guest\"; };",
	{
		"/: model is \"my guest\"; use letters, digits, '.', '_' and '-' only",
	},
},
{
	"/ { model = \"\"; };",
	{
		"/: model has 0 characters; give 1 to 31",
	},
},
{
	"/ { model = \"a23456789012345678901234567890123\"; };",
	{
		"/: model has 33 characters; give 1 to 31",
	},
},
{
	"/ { model = [61 62 63]; };",
	{
		"/: model is not terminated; give a string in quotes",
	},
},
{
	"/ { #address-cells = <3>; };",
	{
		"/: #address-cells is 3; give 1 or 2",
	},
},
{
	"/ { /delete-property/ #size-cells; };",
	{
		"/: #size-cells is missing; add #size-cells = <2>",
	},
},
{
	"/ { soc { #size-cells = <0>; }; };",
	{
		"/soc: #size-cells is 0; give 1 or 2",
	},
},
{
	"/ { soc { #size-cells = [00 01]; }; };",
	{
		"/soc: #size-cells has 2 bytes; give one cell, <1> or <2>",
	},
},
{
	"/ { soc { ranges = <0 1 2>; }; };",
	{
		"/soc: ranges has 12 bytes; an entry has 24 (child address, parent address, size)",
	},
},
{
	"/ { soc { ranges = <0 0x100000 0 0x100000 0 0x800>; }; };",
	{
		"/soc/test@100000: reg 0x100000 is not within the ranges of soc; extend them or "
		"move it",
		"/soc/rtc@101000: reg 0x101000 is not within the ranges of soc; extend them or "
		"move it",
		"/soc/clint@2000000: reg 0x2000000 is not within the ranges of soc; extend them "
		"or move it",
		"/soc/plic@c000000: reg 0xc000000 is not within the ranges of soc; extend them "
		"or move it",
		"/soc/serial@10000000: reg 0x10000000 is not within the ranges of soc; extend "
		"them or move it",
	},
},
{
	"/ { cpus { #address-cells = <3>; #size-cells = <1>; }; };",
	{
		"/cpus: #address-cells is wrong or missing; give <1> or <2>",
		"/cpus: #size-cells is wrong or missing; give <0>",
	},
},
{
	"/ { /delete-node/ cpus; soc { /delete-node/ clint@2000000; plic@c000000 { "
	"/delete-property/ interrupts-extended; }; }; };",
	{
		"/: there is no cpus node; add it, or include a machine of configs/guests",
	},
},
{
	"/ { cpus { /delete-node/ cpu@0; }; soc { /delete-node/ clint@2000000; "
	"plic@c000000 { /delete-property/ interrupts-extended; }; }; };",
	{
		"/cpus: there is no cpu@0; add it as the template for all CPUs",
	},
},
{
	"/ { cpus { cpu@1 { device_type = \"cpu\"; reg = <1>; }; }; };",
	{
		"/cpus/cpu@1: there is a template for all CPUs already; remove this node and set "
		"verdigris,count in /cpus",
	},
},
{
	"/ { cpus { cpu@0 { reg = <1>; }; }; };",
	{
		"/cpus/cpu@0: reg is not 0; the template cpu@0 has reg = <0> in 1 cells",
	},
},
{
	"/ { cpus { cpu@0 { /delete-property/ reg; }; }; };",
	{
		"/cpus/cpu@0: reg is not 0; the template cpu@0 has reg = <0> in 1 cells",
	},
},
{
	"/ { /delete-node/ memory@80000000; };",
	{
		"/: the machine has no RAM; add memory@... { device_type = \"memory\"; reg = "
		"<base size>; }",
	},
},
{
	"/ { memory@80000000 { /delete-property/ reg; }; };",
	{
		"/memory@80000000: reg is missing; give base and size of the memory",
	},
},
{
	"/ { memory@80000000 { reg = <0 0x80000000 0x10000000>; }; };",
	{
		"/memory@80000000: reg has 12 bytes; with #address-cells 2 and #size-cells 2 an "
		"entry has 16",
	},
},
{
	"/ { memory@80000000 { reg = <0 0x80000000 0 0>; }; };",
	{
		"/memory@80000000: reg 0x80000000 has size 0; give a size, or remove the entry",
	},
},
{
	"/ { memory@80000000 { reg = <0 0x80000800 0 0x10000000>; }; };",
	{
		"/memory@80000000: reg 0x80000800 with size 0x10000000 is not aligned; give "
		"multiples of 4096",
	},
},
{
	"/ { memory@80000000 { reg = <0xffffffff 0x80000000 0 0x80001000>; }; };",
	{
		"/memory@80000000: reg 0xffffffff80000000 with size 0x80001000 runs over the end "
		"of the address space; give less",
	},
},
{
	"/ { memory@80000000 { reg = <0 0x0 0 0x10000000>; }; };",
	{
		"/soc/test@100000: reg 0x100000-0x100fff overlaps /memory@80000000 "
		"(0x0-0xfffffff); move one",
		"/soc/rtc@101000: reg 0x101000-0x101fff overlaps /memory@80000000 "
		"(0x0-0xfffffff); move one",
		"/soc/clint@2000000: reg 0x2000000-0x200ffff overlaps /memory@80000000 "
		"(0x0-0xfffffff); move one",
		"/soc/plic@c000000: reg 0xc000000-0xc5fffff overlaps /memory@80000000 "
		"(0x0-0xfffffff); move one",
	},
},
{
	"/ { memory@88000000 { reg = <0 0x88000000 0 0x10000000>; }; };",
	{
		"/memory@88000000: reg 0x88000000-0x97ffffff overlaps /memory@80000000 "
		"(0x80000000-0x8fffffff); move one",
	},
},
{
	"/ { memory@a0000000 { reg = <0 0xa0000000 0 0x1000 0 0xa0001000 0 0x1000 0 "
	"0xa0002000 0 0x1000 0 0xa0003000 0 0x1000 0 0xa0004000 0 0x1000 0 0xa0005000 0 "
	"0x1000 0 0xa0006000 0 0x1000 0 0xa0007000 0 0x1000>; }; };",
	{
		"/memory@a0000000: the machine has more than 8 memory regions; join some",
	},
},
{
	"/ { soc { serial@10000010 { compatible = \"ns16550a\"; reg = <0 0x10000010 0 "
	"0x100>; }; }; };",
	{
		"/soc/serial@10000010: reg 0x10000010-0x1000010f overlaps /soc/serial@10000000 "
		"(0x10000000-0x100000ff); move one",
	},
},
{
	"/ { soc { serial@10000000 { reg = <0 0x10000000>; }; }; };",
	{
		"/soc/serial@10000000: reg has 8 bytes; with #address-cells 2 and #size-cells 2 "
		"an entry has 16",
	},
},
{
	"/ { rom@0 { reg = <0 0x10000 0 0x800>; verdigris,rom; }; };",
	{
		"/rom@0: reg 0x10000 with size 0x800 is not aligned; give multiples of 4096",
	},
},
{
	"/ { rom@0 { reg = <0 0x10000 0 0x1000>; verdigris,rom = \"bios.bin\"; "
	"verdigris,shared = \"x\"; }; };",
	{
		"/rom@0: verdigris,rom names \"bios.bin\", which is not in the bundle; there "
		"are: vmlinuz, initramfs.cpio, u-boot.bin",
		"/rom@0: verdigris,rom and verdigris,shared exclude each other; keep one",
	},
},
{
	"/ { rom@0 { reg = <0 0x10000 0 0x1000 0 0x20000 0 0x1000>; verdigris,rom; }; };",
	{
		"/rom@0: reg has several entries; verdigris,rom allows one",
	},
},
{
	"/ { alias@0 { reg = <0 0x10000 0 0x1000>; verdigris,alias-of = <0 0x12345000>; "
	"}; };",
	{
		"/alias@0: verdigris,alias-of 0x12345000 with size 0x1000 is not in one memory "
		"region; give the address of memory",
	},
},
{
	"/ { alias@0 { reg = <0 0x10000 0 0x1000>; verdigris,alias-of = <0 0x80000800>; "
	"}; };",
	{
		"/alias@0: verdigris,alias-of is 0x80000800; give a multiple of 4096",
	},
},
{
	"/ { alias@0 { reg = <0 0x10000 0 0x1000>; verdigris,alias-of; }; };",
	{
		"/alias@0: verdigris,alias-of has 0 bytes; give one number of one or two cells",
	},
},
{
	"/ { s@0 { reg = <0 0x10000 0 0x1000>; verdigris,shared = \"a/b\"; }; };",
	{
		"/s@0: verdigris,shared is \"a/b\"; use letters, digits, '.', '_' and '-' only",
	},
},
{
	"/ { p@0 { reg = <0 0x20000000 0 0x2000>; verdigris,passthrough = <0 0x53fff000>; }; };",
	{
		"/p@0: verdigris,passthrough 0x54000000 is what the hypervisor itself drives; give the "
		"registers of a device that no driver of the hypervisor's has (see `dev`)",
	},
},
{
	"/ { p@0 { reg = <0 0x10000 1 0>; verdigris,passthrough = <0 0x10000>; }; };",
	{
		"/soc/test@100000: reg 0x100000-0x100fff overlaps /p@0 (0x10000-0x10000ffff); "
		"move one",
		"/soc/rtc@101000: reg 0x101000-0x101fff overlaps /p@0 (0x10000-0x10000ffff); "
		"move one",
		"/soc/clint@2000000: reg 0x2000000-0x200ffff overlaps /p@0 "
		"(0x10000-0x10000ffff); move one",
		"/soc/plic@c000000: reg 0xc000000-0xc5fffff overlaps /p@0 (0x10000-0x10000ffff); "
		"move one",
		"/soc/serial@10000000: reg 0x10000000-0x100000ff overlaps /p@0 "
		"(0x10000-0x10000ffff); move one",
		"/memory@80000000: reg 0x80000000-0x8fffffff overlaps /p@0 "
		"(0x10000-0x10000ffff); move one",
		"/p@0: verdigris,passthrough covers 0x100000000 bytes; give at most 1 GiB",
	},
},
{
	"/ { soc { serial@10000000 { verdigris,shutdown = \"acpi\"; }; }; };",
	{
		"/soc/serial@10000000: verdigris,shutdown: the word \"acpi\" is not known; "
		"known: sysrq",
	},
},
{
	"/ { soc { serial@10000000 { verdigris,shutdown = \"sysrq\", \"sysrq2\"; }; }; };",
	{
		"/soc/serial@10000000: verdigris,shutdown: the word \"sysrq2\" is not known; "
		"known: sysrq",
	},
},
{
	"/ { verdigris,capabilities = \"vm-list\", \"vm-destroy\"; };",
	{
		"/: verdigris,capabilities: the word \"vm-destroy\" is not known; known: "
		"vm-list vm-control vm-create vm-console vm-inspect host-list host-control "
		"host-inspect",
	},
},
{
	"/ { verdigris,capabilities = <1>; };",
	{
		"/: verdigris,capabilities is no list of strings; known words: vm-list "
		"vm-control vm-create vm-console vm-inspect host-list host-control host-inspect",
	},
},
{
	"/ { verdigris,table-limit = <100>; };",
	{
		"/: verdigris,table-limit is 0x64; give a multiple of 4096 from 0x10000 to "
		"0x40000000",
	},
},
{
	"/ { verdigris,table-limit = \"64K\"; };",
	{
		"/: verdigris,table-limit is 0x36344b00; give a multiple of 4096 from 0x10000 to "
		"0x40000000",
	},
},
{
	"/ { soc { serial@10000000 { interrupt-parent = <0x77>; }; }; };",
	{
		"/soc/serial@10000000: interrupt-parent names phandle 0x77, which no node has; "
		"name an interrupt controller",
	},
},
{
	"/ { soc { serial@10000000 { /delete-property/ interrupt-parent; }; }; };",
	{
		"/soc/serial@10000000: interrupts has no interrupt parent; add interrupt-parent "
		"= <&controller>",
	},
},
{
	"/ { soc { serial@10000000 { interrupt-parent = <&syscon>; }; }; };",
	{
		"/soc/serial@10000000: interrupts has the parent test@100000, which has no "
		"#interrupt-cells; name an interrupt controller",
	},
},
{
	"/ { soc { serial@10000000 { interrupts = [00]; }; }; };",
	{
		"/soc/serial@10000000: interrupts has 1 bytes; #interrupt-cells of plic@c000000 "
		"is 1, so give a multiple of 4",
	},
},
{
	"/ { soc { serial@10000000 { interrupts-extended = <&syscon 1>; }; }; };",
	{
		"/soc/serial@10000000: interrupts-extended names test@100000, which has no "
		"#interrupt-cells; name an interrupt controller",
	},
},
{
	"/ { soc { serial@10000000 { interrupts-extended = <0x77 1>; }; }; };",
	{
		"/soc/serial@10000000: interrupts-extended names phandle 0x77, which no node "
		"has; name an interrupt controller",
	},
},
{
	"/ { soc { serial@10000000 { interrupts-extended = <&plic>; }; }; };",
	{
		"/soc/serial@10000000: interrupts-extended ends within an entry; the last one "
		"has 1 cells, 2 are wanted",
	},
},
{
	"/ { soc { serial@10000000 { interrupts-extended = [00 01]; }; }; };",
	{
		"/soc/serial@10000000: interrupts-extended has 2 bytes; give cells",
	},
},
{
	"/ { soc { plic@c000000 { #interrupt-cells = <0>; }; }; };",
	{
		"/soc/plic@c000000: #interrupt-cells is wrong; give one cell, <1> to <8>",
	},
},
{
	"/ { a { b { c { d { e { f { g { h { i { j { k { l { m { n { o { p { }; }; }; }; "
	"}; }; }; }; }; }; }; }; }; }; }; }; };",
	{
		"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p: this is more than 16 nodes deep; move it up",
	},
},
{
	"/ { soc { serial@10000000 { phandle = <0xfffffff0>; }; }; };",
	{
		"/: phandle 0xfffffff0 leaves no numbers for more CPUs; use small ones",
	},
},
{
	"/ { soc { serial@10000000 { status = [6f 6b]; device_type = \"\"; }; }; };",
	{
		"/soc/serial@10000000: status is not terminated; give a string in quotes",
		"/soc/serial@10000000: device_type has 0 characters; give 1 to 63",
	},
},
{
	"/ { chosen { verdigris,load = \"vmlinuz\", \"@1\", \"a@0x\", \"a@0x1000\", \"vmlinuz@0x1000\"; }; };",
	{
		"/chosen: verdigris,load has \"vmlinuz\"; give a file and its address, "
		"\"vmlinuz@0x82000000\"",
		"/chosen: verdigris,load has \"@1\"; give a file and its address, \"vmlinuz@0x82000000\"",
		"/chosen: verdigris,load has \"a@0x\"; give a file and its address, \"vmlinuz@0x82000000\"",
		"/chosen: verdigris,load names \"a\", which is not in the bundle; there are: vmlinuz, "
		"initramfs.cpio, u-boot.bin",
		"/chosen: verdigris,load: vmlinuz with 0x6 bytes at 0x1000 is not in one RAM or ROM; move it",
	},
},
{
	"/ { chosen { verdigris,load = <1>; }; };",
	{
		"/chosen: verdigris,load is no list of strings; give files and addresses, "
		"\"vmlinuz@0x82000000\"",
	},
},
{
	"/ { chosen { verdigris,load = \"vmlinuz@0x80000000\", \"vmlinuz@0x81000000\", "
	"\"vmlinuz@0x82000000\", \"vmlinuz@0x83000000\", \"vmlinuz@0x84000000\"; }; };",
	{
		"/chosen: verdigris,load has more than 4 files; give fewer",
	},
},
{
	"/ { ram@90000000 { device_type = \"memory\"; reg = <0 0x90000000 0 0x1000>; verdigris,rom; }; };",
	{
		"/ram@90000000: verdigris,rom has no meaning here; it belongs in a node with `reg` that "
		"is no memory node",
	},
},
	/* clang-format on */
