/* SPDX-License-Identifier: MIT */
/*
 * What is known of an object of a watched cache: a record in its slot, at
 * slot + s->record. A program may write over it, so it carries a sum, and says
 * nothing while that is wrong. Readers outside the process know it, too.
 *
 *   0     2        4      8          16            24            32
 *   | sum | offset | what | stack[2] | who[0]      | who[1]      |
 *                     └ bytes asked for:24, alignment:4, kind:2, state:2
 */
#ifndef ASHLAR_MM_SLAB_RECORD_H
#define ASHLAR_MM_SLAB_RECORD_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

/* The function that allocated a block, or that a release is meant for. */
enum alloc_kind { ALLOC_ANY, ALLOC_MALLOC, ALLOC_NEW, ALLOC_NEW_ARRAY };

enum record_state {
	RECORD_FREE,
	RECORD_LIVE,
	RECORD_WAITING, /* free, and not looked at since (mm/quarantine.c) */
	RECORD_CLAIMED, /* its release has begun */
};

enum { RECORD_ALLOC, RECORD_RELEASE };

struct slab_record {
	u16 sum; /* of what follows but its state, and where it lies */
	u16 offset; /* bytes from the slot to the object */
	u32 what;
	u32 stack[2]; /* handles of slab_stacks: RECORD_ALLOC, RECORD_RELEASE */
	u64 who[2]; /* port_time_ms() << 22 | port_pid(); 0: not yet */
};

#define RECORD_PID_BITS 22

/* How an object is asked for, or released. */
struct slab_call {
	u32 asked; /* bytes; on release ASKED_UNKNOWN, unless it was said */
	u8 kind; /* enum alloc_kind */
	u8 align; /* log2 of an alignment that was asked for, or 0 */
};

#define ASKED_UNKNOWN 0xffffffffu

/* The slot that some address lies in. */
struct slab_block {
	const struct kmem_cache *cache;
	char *slot; /* NULL: between the slots of a slab */
	char *start; /* of the object */
	u32 bytes;
	bool live; /* in a caller's hands */
};

static inline u32 record_asked(const struct slab_record *r)
{
	return r->what >> 8;
}

static inline u8 record_align(const struct slab_record *r)
{
	return r->what >> 4 & 15;
}

static inline u8 record_kind(const struct slab_record *r)
{
	return r->what >> 2 & 3;
}

static inline enum record_state record_state(const struct slab_record *r)
{
	return (enum record_state)(r->what & 3);
}

static inline u32 record_pack(u32 asked, u8 align, u8 kind,
			      enum record_state state)
{
	return asked << 8 | (u32)align << 4 | (u32)kind << 2 | (u32)state;
}

/* True if who released the object is known. */
static inline bool record_is_released(const struct slab_record *r)
{
	return !(r->what & 1);
}

/* Turned by no whole byte: the same bytes in two words are not the same. */
static inline u64 record_add(u64 h, u64 word)
{
	return (h << 13 | h >> 51) ^ word;
}

/*
 * The sum of a record that lies at @address, of which @r may be a copy, were
 * @what in it: begun with what stays from an allocation to its release.
 */
static inline u64 record_sum_begun(const struct slab_record *r, u64 address,
				   u32 what)
{
	u64 h = ((u64)(what & ~3u) << 32 | (u64)r->offset << 16) ^ address;

	h = record_add(h, r->stack[RECORD_ALLOC]);
	return record_add(h, r->who[RECORD_ALLOC]);
}

/* ... and ended. Without a release the second half may be anything. */
static inline u16 record_sum_ended(const struct slab_record *r, u64 h, u32 what)
{
	if (!(what & 1)) {
		h = record_add(h, r->stack[RECORD_RELEASE]);
		h = record_add(h, r->who[RECORD_RELEASE]);
	}
	return (u16)(h * 0x9e3779b97f4a7c15ull >> 48);
}

static inline u16 record_sum_with(const struct slab_record *r, u64 address,
				  u32 what)
{
	return record_sum_ended(r, record_sum_begun(r, address, what), what);
}

static inline u16 record_sum_at(const struct slab_record *r, u64 address)
{
	return record_sum_with(r, address, r->what);
}

static inline u16 record_sum(const struct slab_record *r)
{
	return record_sum_at(r, (uintptr_t)r);
}

static inline bool record_is_whole(const struct slab_record *r)
{
	return r->sum == record_sum(r);
}

/*
 * True if the object, of two releases at once, is the caller's to release: its
 * state alone changes by that. @alone: there cannot be two at once.
 */
static __always_inline bool record_claim(struct slab_record *r, bool alone)
{
	u32 what = READ_ONCE(r->what);

	if ((what & 3) != RECORD_LIVE)
		return false;
	if (alone) {
		r->what = what | RECORD_CLAIMED;
		return true;
	}
	return __atomic_compare_exchange_n(&r->what, &what,
					   what | RECORD_CLAIMED, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* The object has waited for long enough, and was looked at. */
static inline void record_leaves(struct slab_record *r)
{
	r->what &= ~3u;
}

#endif
