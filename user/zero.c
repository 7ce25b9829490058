/* SPDX-License-Identifier: MIT */
/*
 * Blocks of no bytes: addresses without memory, each its own.
 *
 *   | bits: is the address in use? | addresses, 16 apart, without access |
 *
 * A program may compare such a block and free it; one that reads or writes it
 * is stopped. An address is handed out again only when all others have been, or
 * are in use. Where there is no room for the range, and where so many
 * are in use that none is found, a block of no bytes is one of a few.
 *
 * Context of all: any thread; there is no lock.
 */
#include <string.h>
#include "mm/internal.h"
#include "port/user/sys.h"
#include "port/user/user.h"
#include "guarded.h"
#include "user.h"

#define APART 16ul
#define RANGE_BYTES (16ul << 20)
#define NR_ADDRESSES (RANGE_BYTES / APART)
#define WORD_BITS (8 * sizeof(unsigned long))
#define TRIES 4096u
#define BITS_BYTES (NR_ADDRESSES / 8)

static char *range; /* NULL: not asked for yet */
static bool no_range;
static unsigned long next;

static unsigned long *bits(char *base)
{
	return (unsigned long *)(base - BITS_BYTES);
}

static bool in_range(const void *p)
{
	const char *base = smp_load_acquire(&range);

	return base && (uintptr_t)p - (uintptr_t)base < RANGE_BYTES;
}

static const char *describe(uintptr_t addr)
{
	return in_range((void *)addr) ? "a block of no bytes" : NULL;
}

/* Threads may meet here: one of the ranges stays. */
static __cold_path char *make_range(void)
{
	char *p = sys_mmap(NULL, BITS_BYTES + RANGE_BYTES, PROT_NONE,
			   MAP_NORESERVE);
	char *other = NULL;

	segv_knows = describe;
	if (!p || sys_mprotect(p, BITS_BYTES, PROT_READ | PROT_WRITE)) {
		if (p)
			sys_munmap(p, BITS_BYTES + RANGE_BYTES);
		WRITE_ONCE(no_range, true);
		return NULL;
	}
	if (__atomic_compare_exchange_n(&range, &other, p + BITS_BYTES, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return p + BITS_BYTES;
	sys_munmap(p, BITS_BYTES + RANGE_BYTES);
	return other;
}

static bool take(char *base, unsigned long index)
{
	unsigned long mask = 1ul << index % WORD_BITS;

	return !(__atomic_fetch_or(&bits(base)[index / WORD_BITS], mask,
				   __ATOMIC_RELAXED) &
		 mask);
}

/**
 * zero_alloc() - a block of no bytes
 *
 * Return: its address, or NULL: there is none without memory.
 */
__cold_path void *zero_alloc(void)
{
	char *base = smp_load_acquire(&range);
	unsigned long i, index;

	if (!base && (READ_ONCE(no_range) || !(base = make_range())))
		return NULL;
	for (i = 0; i < TRIES; i++) {
		index = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) %
			NR_ADDRESSES;
		if (take(base, index))
			return base + index * APART;
	}
	return NULL;
}

/** zero_holds() - True if @p is a block of no bytes that is in use. */
__cold_path bool zero_holds(const void *p)
{
	unsigned long index = (unsigned long)((const char *)p - range) / APART;

	return in_range(p) && (uintptr_t)p % APART == 0 &&
	       READ_ONCE(bits(range)[index / WORD_BITS]) >> index % WORD_BITS &
		       1;
}

/**
 * zero_free() - take a block of no bytes back
 * @p: any address
 *
 * Return: false if it is none; one that is not in use is reported.
 */
__cold_path bool zero_free(void *p)
{
	unsigned long index, mask;

	if (!in_range(p) || (uintptr_t)p % APART)
		return false;
	index = (unsigned long)((char *)p - range) / APART;
	mask = 1ul << index % WORD_BITS;
	if (__atomic_fetch_and(&bits(range)[index / WORD_BITS], ~mask,
			       __ATOMIC_RELAXED) &
	    mask)
		return true;
	mm_report("double-free",
		  "free of %p, a block of no bytes that is not "
		  "in use",
		  p);
	return true;
}
