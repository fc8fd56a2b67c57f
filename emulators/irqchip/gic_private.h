/* SPDX-License-Identifier: MIT */
/* Virtual GIC: the state of interrupts, shared by the files gic*.c and by nobody else. */
#ifndef EMULATORS_GIC_PRIVATE_H
#define EMULATORS_GIC_PRIVATE_H

#include <core/emulator.h>
#include <core/vcpu.h>
#include <emulators/gic.h>
#include <libs/gic.h>

/*
 * What an interrupt goes through:
 *
 *   line, latch ─► pending ─► enabled, group on, not active? ─► queued ──────► held ──────────► active ─► ended
 *                     ▲                                      in a vCPU's set   in its list                  │
 *                     │                                      `waiting`         register                     │
 *                     └── line still high, or latched meanwhile ────────────────────────────────────────────┘
 *
 * A list register is the hardware's while the vCPU runs: what the guest made of it is seen when that vCPU
 * comes to gic_sync(). Who has ended there keeps it until another interrupt needs it. An active interrupt without list register (there are too few, or the guest wrote
 * GICD_ISACTIVER) is in the set `stranded`. An emulated CPU interface has no list registers: from `queued` an
 * interrupt becomes active at once, by a read of GICC_IAR.
 *
 * dev->lock guards all of it. Bits of 32 interrupts are one word, so that most registers are a word of a bank.
 */
#define GIC_BANKS 32 /* of 32 interrupts each; bank 0 is private to its vCPU */
#define GIC_LRS_MAX 16
#define GIC_V2_VCPUS 8
#define GIC_V3_VCPUS 512
#define GIC_AFF0_COUNT 16 /* vCPUs a value of affinity level 1 */

/* Instead of a vCPU's number. */
#define GIC_ANY 0xfffe /* one of those that gic->route allows */
#define GIC_NOWHERE 0xffff

/* A set of interrupts by number. */
struct gic_set {
	u32 banks; /* bit n: word[n] is not 0; read without the lock too */
	u32 word[GIC_BANKS];
};

/* 32 interrupts: bit n, element n is INTID first + n. */
struct gic_bank {
	u32 first;
	u32 exists;
	u32 always; /* enabled for ever: SGIs of version 2 */
	u32 enabled;
	u32 group1;
	u32 edge;      /* configuration; SGIs are */
	u32 edge_tree; /* what the guest's tree says: configuration after reset */
	u32 line;      /* levels of the wires; forwarded ones have none */
	u32 latch;     /* an edge was seen, or software made it pending */
	u32 forwarded; /* the host's: gic_forward_ppi() */
	u32 sourced;   /* SGIs of version 2: what is latched is a bitmap of their senders */
	u32 active;    /* of held ones: when the list register was looked at last */
	u32 queued;    /* in `waiting` of vCPU owner[] */
	u32 held;      /* in list register slot[] of vCPU owner[], perhaps ended there */
	u32 shown; /* held ones that took the latch with them and have not been seen acknowledged */
	u32 ended; /* listeners are being told; not offered meanwhile */
	u8 priority[32];
	u8 slot[32];
	u16 owner[32];  /* meaningful while queued, held or active */
	u16 target[32]; /* where the guest routes it: a vCPU's number, GIC_ANY or GIC_NOWHERE */
};

/* CPU interface of version 2 when it is emulated (IHI 0048, 4.4), as GICV shows it: 32 levels of priority. */
struct gic_interface {
	u32 ctlr;
	u32 active_priorities; /* bit n: something of group priority 8 n is active */
	u8 pmr;
	u8 bpr;
	u8 abpr;
	bool irq; /* outputs */
	bool fiq;
};

struct gic_cpu {
	u32 index;
	u32 used; /* bitmap of list registers with something in them; changed by the vCPU's own CPU */
	u32 eoi;       /* of these: those that tell of their interrupt's end */
	u32 attention; /* of these: those whose interrupt came again, or was changed, since */
	u32 plain; /* of these: those that can show it once more by lr[] as it is, since only it came again */
	u32 reasons;         /* maintenance interrupts asked for */
	u32 waker;           /* GICR_WAKER, ProcessorSleep */
	u64 lr[GIC_LRS_MAX]; /* as written last */
	u16 lr_intid[GIC_LRS_MAX];
	u8 sgi_sources[GIC_SGI_COUNT]; /* version 2: bitmap of vCPUs whose SGI is latched */
	u8 sgi_source[GIC_SGI_COUNT];  /* the one that is held or active */
	struct gic_set waiting;
	struct gic_set stranded;
	struct gic_interface interface;
	struct gic_bank own; /* SGIs and PPIs */
};

struct gic {
	struct vdev *dev;
	struct virq_chip chip;
	const struct gic_hardware *hardware;
	struct gic_cpu *cpus;
	struct gic_bank *spis; /* banks from number 1 on */
	u64 *route;            /* of SPIs: GICD_IROUTER, or the byte of GICD_ITARGETSR */
	u32 cpu_count;
	u32 bank_count;  /* with bank 0 */
	u32 ctlr;        /* GICD_CTLR, enable bits */
	u32 group_on[2]; /* all ones or 0 */
	u32 lr_mask;     /* 0: the CPU interface is emulated */
	u8 version;
	u8 priority_mask;
	bool attached;              /* arch code knows of it */
	u16 host_intid[16];         /* of forwarded PPIs 16..31 */
	u32 next_any;               /* where the search for GIC_ANY begins */
	const struct gic_cpu *busy; /* needs no notice: it is in gic_sync() */
	u32 end_count;              /* gic_unlock() tells the listeners of these */
	u16 ends[8];
};

extern const struct gic_hardware *gic_hardware;

/* ---- bits ---- */

static inline u32 gic_bit(u32 intid)
{
	return 1u << (intid % 32);
}

/* @intid exists. @cpu: whose private interrupts are meant. */
static inline struct gic_bank *gic_bank_of(struct gic *g, struct gic_cpu *cpu, u32 intid)
{
	return intid < 32 ? &cpu->own : &g->spis[intid / 32 - 1];
}

static inline void gic_set_add(struct gic_set *set, u32 intid)
{
	set->word[intid / 32] |= gic_bit(intid);
	__atomic_store_n(&set->banks, set->banks | 1u << (intid / 32), __ATOMIC_RELAXED);
}

static inline void gic_set_remove(struct gic_set *set, u32 intid)
{
	set->word[intid / 32] &= ~gic_bit(intid);
	if (!set->word[intid / 32])
		__atomic_store_n(&set->banks, set->banks & ~(1u << (intid / 32)), __ATOMIC_RELAXED);
}

/* Any member; the set is not empty. */
static inline u32 gic_set_first(const struct gic_set *set)
{
	u32 bank = (u32)__builtin_ctz(set->banks);

	return bank * 32 + (u32)__builtin_ctz(set->word[bank]);
}

/* What is pending outside of list registers. */
static inline u32 gic_pending(const struct gic_bank *b)
{
	return b->latch | (b->line & ~b->edge);
}

/* Interrupts that the distributor would pass on if they were pending. */
static inline u32 gic_passed(const struct gic *g, const struct gic_bank *b)
{
	return b->enabled & ((b->group1 & g->group_on[1]) | (~b->group1 & g->group_on[0]));
}

/* ---- gic.c: the state machine; dev->lock is held ---- */

/* Tells listeners of interrupts that have ended, then looks at their wires again. The lock is released meanwhile. */
irqflags_t gic_tell_listeners(struct gic *g, irqflags_t flags);

static inline irqflags_t gic_lock(struct gic *g)
{
	return spin_lock(&g->dev->lock);
}

static inline void gic_unlock(struct gic *g, irqflags_t flags)
{
	while (unlikely(g->end_count))
		flags = gic_tell_listeners(g, flags);
	spin_unlock(&g->dev->lock, flags);
}

/* After interrupts @bits changed: queues them or takes them back, and tells the vCPUs. Those held are left alone. */
void gic_update(struct gic *g, struct gic_bank *b, u32 bits);
/* The same, and vCPUs that hold one of them look at it again soon. */
void gic_changed(struct gic *g, struct gic_bank *b, u32 bits);
/* Interrupt @n is shown to the guest now: so is its latch; of an SGI of version 2 that of one sender. */
static inline void gic_show(struct gic_cpu *cpu, struct gic_bank *b, u32 n)
{
	u32 bit = 1u << n, left = 0;

	if (unlikely(b->sourced & bit)) {
		u32 sources = cpu->sgi_sources[n] | 1u << GIC_V2_VCPUS;

		left = sources & (sources - 1) & ~(1u << GIC_V2_VCPUS);
		cpu->sgi_source[n] = (u8)__builtin_ctz(sources);
		cpu->sgi_sources[n] = (u8)left;
	}
	b->shown |= b->latch & bit;
	if (!left)
		b->latch &= ~bit;
}

/* Takes it out of its vCPU's waiting set, for a list register or to become active. */
static inline void gic_take(struct gic_cpu *cpu, struct gic_bank *b, u32 n)
{
	b->queued &= ~(1u << n);
	gic_set_remove(&cpu->waiting, b->first + n);
	gic_show(cpu, b, n);
}

/* It is in no list register and not active any more: listeners hear of it, and it may wait again. */
void gic_end(struct gic *g, struct gic_bank *b, u32 n);
/* One that is neither active nor held becomes active without having been acknowledged. */
void gic_activate(struct gic *g, struct gic_bank *b, u32 n);
/* An active interrupt without list register is made inactive: what GICC_DIR does. */
void gic_deactivate(struct gic *g, struct gic_bank *b, u32 n);
/* The member of @set with the highest priority among groups (bit 0, bit 1) @groups; GIC_SPURIOUS: none. */
u32 gic_best(struct gic *g, struct gic_cpu *cpu, const struct gic_set *set, u32 groups);
/* An SPI that is not held is routed to @target from now on. */
void gic_reroute(struct gic *g, struct gic_bank *b, u32 n, u16 target);
bool gic_has_listener(const struct gic *g, u32 intid);
/* SGI @n from vCPU @from for @to. */
void gic_latch_sgi(struct gic *g, u32 from, struct gic_cpu *to, u32 n);
/* The wire of an SPI, or of a vCPU's PPI. */
void gic_set_line(struct gic *g, struct gic_bank *b, u32 n, bool level);
/* GICD_CTLR's enable bits. */
void gic_set_ctlr(struct gic *g, u32 value);
/* Where route[] sends an SPI. */
u16 gic_route_target(const struct gic *g, u64 route);
/* A forwarded PPI is active at the host until it is ended there: done if its vCPU is the one loaded here. */
void gic_end_forwarded(struct gic *g, struct gic_bank *b, u32 n);
/* To the state after power-on; wires stay. */
void gic_reset(struct gic *g);

/* ---- gic_lr.c: list registers ---- */

/*
 * Interrupts @bits of @b, wherever they are: list registers give them back, on the CPU of the vCPU that holds them, and
 * apply() is called with the lock held for a part of them at a time. With apply NULL they stay where they are, and
 * the bank's active and shown bits are as of now. No lock is held.
 */
typedef void (*gic_apply_fn)(struct gic *g, struct gic_bank *b, u32 bits, u64 value);
void gic_lr_apply(struct gic *g, struct gic_bank *b, u32 bits, gic_apply_fn apply, u64 value);

/* ---- gic_cpu.c: the emulated CPU interface of version 2 ---- */

extern const struct bus_ops gic_cpu_ops;
/* The vCPU's waiting set has changed: its outputs follow. Locked. */
void gic_cpu_update(struct gic *g, struct gic_cpu *cpu);
void gic_cpu_reset(struct gic *g, struct gic_cpu *cpu);

/* ---- gic_registers.c: distributor and redistributors ---- */

extern const struct bus_ops gic_distributor_ops;
extern const struct bus_ops gic_redistributor_ops;
/* The part of the vCPU whose access is emulated here. */
static inline struct gic_cpu *gic_accessor(struct gic *g)
{
	const struct vcpu *vcpu = vdev_vcpu_here(g->dev);

	return &g->cpus[vcpu ? vcpu->index : 0];
}

#endif
