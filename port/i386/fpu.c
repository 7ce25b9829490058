/* SPDX-License-Identifier: MIT */
/*
 * FPU and SSE registers. They belong to one task at a time (fpu_owner); a
 * kernel thread uses none, so when it runs they stay where they are, and a
 * program that runs again right after it finds its own. The kernel itself
 * uses xmm0 for moving memory and puts it back (copy.S).
 */
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/task/task.h>
#include <mach/irqflags.h>
#include "local.h"

#define FPU_BYTES 512
#define MXCSR_FRESH 0x1f80 /* all exceptions masked */

/* The parts of an fxsave area that have a name here. */
struct fxsave {
	u16 cwd, swd, twd, fop;
	u32 fip, fcs, foo, fos, mxcsr, mxcsr_mask;
	u8 st[8][16], xmm[8][16];
	u8 reserved[224];
} __attribute__((__aligned__(16)));

/* What fsave writes: i387's form, 108 bytes. */
struct fsave {
	u32 cwd, swd, twd, fip, fcs, foo, fos;
	u8 st[8][10];
};

_Static_assert(sizeof(struct fxsave) == FPU_BYTES, "fxsave area");
_Static_assert(sizeof(struct fsave) == 108, "fsave area");

static struct kmem_cache *fpu_cache;
static struct task_struct *fpu_owner; /* whose values the registers hold */
static struct fxsave fpu_fresh; /* as after fninit */
static u32 mxcsr_mask;

/* ---- processors without fxsave: the same area, by way of i387's form ---- */

static void fxsave_from_fsave(struct fxsave *fx, const struct fsave *fs)
{
	u32 i;

	memset(fx, 0, sizeof(*fx));
	fx->cwd = (u16)fs->cwd;
	fx->swd = (u16)fs->swd;
	for (i = 0; i < 8; i++)
		if ((fs->twd >> i * 2 & 3) != 3)
			fx->twd |= (u16)(1u << i);
	fx->fop = fs->fcs >> 16 & 0x7ff;
	fx->fip = fs->fip;
	fx->fcs = fs->fcs & 0xffff;
	fx->foo = fs->foo;
	fx->fos = fs->fos & 0xffff;
	fx->mxcsr = MXCSR_FRESH;
	for (i = 0; i < 8; i++)
		memcpy(fx->st[i], fs->st[i], 10);
}

static void __cold_path save_by_fnsave(struct fxsave *fx)
{
	struct fsave fs;

	__asm__ volatile("fnsave %0; frstor %0" : "+m"(fs));
	fxsave_from_fsave(fx, &fs);
}

static void __cold_path restore_by_frstor(const struct fxsave *fx)
{
	struct fsave fs;

	fsave_from_fxsave(&fs, fx);
	__asm__ volatile("fnclex; frstor %0" ::"m"(fs));
}

static inline void fxsave(void *area)
{
	if (likely(cpu_has_fxsr))
		__asm__ volatile("fxsave %0" : "=m"(*(struct fxsave *)area));
	else
		save_by_fnsave(area);
}

static inline void fxrstor(const void *area)
{
	if (likely(cpu_has_fxsr))
		__asm__ volatile(
			"fxrstor %0" ::"m"(*(const struct fxsave *)area));
	else
		restore_by_frstor(area);
}

void __init fpu_init(void)
{
	u32 cr4 = read_cr4();

	if (cpu_has_fxsr)
		cr4 |= X86_CR4_OSFXSR;
	if (cpu_has_sse)
		cr4 |= X86_CR4_OSXMMEXCPT;
	write_cr4(cr4);
	__asm__ volatile("fninit");
	fxsave(&fpu_fresh);
	mxcsr_mask = fpu_fresh.mxcsr_mask ? fpu_fresh.mxcsr_mask : 0xffbf;
	memset(&fpu_fresh.fip, 0, FPU_BYTES - 8);
	fpu_fresh.mxcsr = MXCSR_FRESH;
}

/**
 * alloc_fpu() - registers as after fninit
 *
 * Return: an area of 512 bytes, or NULL without memory.
 */
void *alloc_fpu(void)
{
	if (!fpu_cache)
		fpu_cache = kmem_cache_create("fpu_state", FPU_BYTES, 16,
					      SLAB_PANIC, NULL);
	return fpu_cache ? kmem_cache_alloc(fpu_cache, GFP_KERNEL) : NULL;
}

void free_fpu(struct task_struct *t)
{
	if (fpu_owner == t)
		fpu_owner = NULL;
	if (t->thread.fpu)
		kmem_cache_free(fpu_cache, t->thread.fpu);
	t->thread.fpu = NULL;
}

/* @next is a program: the registers get its values. Interrupts are off. */
void fpu_switch(struct task_struct *next)
{
	if (fpu_owner == next || !next->thread.fpu)
		return;
	if (fpu_owner)
		fxsave(fpu_owner->thread.fpu);
	fpu_owner = next;
	fxrstor(next->thread.fpu);
}

/* The running task begins with fresh registers: a program, a handler. */
void fpu_flush(void)
{
	struct thread_struct *t = &current->thread;

	if (!fpu_cache)
		t->fpu = alloc_fpu();
	if (!t->fpu)
		t->fpu = kmem_cache_alloc(fpu_cache, GFP_KERNEL | __GFP_NOFAIL);
	fpu_restore(&fpu_fresh);
}

/**
 * fpu_save() - the running task's registers
 * @area: 512 bytes, 16-aligned, kernel memory
 */
void fpu_save(void *area)
{
	if (fpu_owner == current)
		fxsave(area);
	else
		memcpy(area, current->thread.fpu, FPU_BYTES);
}

/**
 * fpu_restore() - the running task gets other registers
 * @area: 512 bytes, 16-aligned, kernel memory; bits that must be 0 are made 0
 */
void fpu_restore(const void *area)
{
	struct fxsave *fx = current->thread.fpu;
	unsigned long flags;

	if (fx != area)
		memcpy(fx, area, FPU_BYTES);
	fx->mxcsr &= mxcsr_mask;
	flags = local_irq_save();
	if (fpu_owner && fpu_owner != current)
		fxsave(fpu_owner->thread.fpu);
	fpu_owner = current;
	fxrstor(fx);
	local_irq_restore(flags);
}

/**
 * fpu_get() - a task's registers
 * @t: any program
 * @area: 512 bytes
 */
void fpu_get(struct task_struct *t, void *area)
{
	if (fpu_owner == t)
		fxsave(t->thread.fpu);
	memcpy(area, t->thread.fpu, FPU_BYTES);
}

/**
 * fpu_set() - a task that does not run gets other registers
 * @t: the task
 * @area: 512 bytes
 *
 * Return: 0, or -EINVAL if a reserved bit of mxcsr is set.
 */
int fpu_set(struct task_struct *t, const void *area)
{
	if (((const struct fxsave *)area)->mxcsr & ~mxcsr_mask)
		return -EINVAL;
	memcpy(t->thread.fpu, area, FPU_BYTES);
	if (fpu_owner == t)
		fpu_owner = NULL;
	return 0;
}

/* ---- i387's form, for signal frames ---- */

/* The tag of a register in use: 0 valid, 1 zero, 2 special. */
static u32 tag_of(const u8 st[16])
{
	u64 mantissa;
	u32 exponent = (u32)(st[9] & 0x7f) << 8 | st[8];

	__builtin_memcpy(&mantissa, st, 8);
	if (exponent == 0x7fff)
		return 2;
	if (!exponent)
		return mantissa ? 2 : 1;
	return mantissa >> 63 ? 0 : 2;
}

/* fxsave has one bit a register (in use), fsave two; both by number, while
 * the values are in the order of the stack. */
static u32 full_tag_word(const struct fxsave *fx)
{
	u32 top = fx->swd >> 11 & 7, tags = 0, i;

	for (i = 0; i < 8; i++) {
		u32 tag = 3;

		if (fx->twd & 1u << i)
			tag = tag_of(fx->st[(i - top) & 7]);
		tags |= tag << i * 2;
	}
	return tags;
}

/**
 * fsave_from_fxsave() - i387's form of the registers
 * @to: 108 bytes
 * @from: 512 bytes of fxsave
 */
void fsave_from_fxsave(void *to, const void *from)
{
	const struct fxsave *fx = from;
	struct fsave *fs = to;
	u32 i;

	fs->cwd = fx->cwd | 0xffff0000u;
	fs->swd = fx->swd | 0xffff0000u;
	fs->twd = full_tag_word(fx) | 0xffff0000u;
	fs->fip = fx->fip;
	fs->fcs = (fx->fcs & 0xffff) | (u32)fx->fop << 16;
	fs->foo = fx->foo;
	fs->fos = fx->fos | 0xffff0000u;
	for (i = 0; i < 8; i++)
		memcpy(fs->st[i], fx->st[i], 10);
}

/**
 * fpu_exceptions() - which unmasked exceptions the running task has raised
 * @sse: of SSE, not of the FPU
 *
 * Return: bits 0 invalid, 1 denormal, 2 division by zero, 3 overflow, 4
 * underflow, 5 precision.
 */
u32 fpu_exceptions(bool sse)
{
	struct fxsave *fx = current->thread.fpu;

	if (!fx)
		return 0;
	fpu_save(fx);
	if (sse)
		return fx->mxcsr & ~(fx->mxcsr >> 7) & 0x3f;
	return fx->swd & ~fx->cwd & 0x3f;
}
