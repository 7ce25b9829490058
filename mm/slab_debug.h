/* SPDX-License-Identifier: MIT */
/*
 * What the files that watch objects share: the geometry of a slot, and what
 * its record says.
 */
#ifndef ASHLAR_MM_SLAB_DEBUG_H
#define ASHLAR_MM_SLAB_DEBUG_H

#include <ashlar/report_record.h>
#include <ashlar/stackdepot.h>
#include "internal.h"
#include "slab_record.h"

#define RED_INACTIVE 0xbb
#define RED_ACTIVE 0xcc
#define POISON_INUSE 0x5a
#define POISON_FREE 0x6b
#define POISON_END 0xa5

/* slab_debug_option.c */
extern bool slab_debug_keep_order __hidden; /* O: no larger blocks of frames */
bool slab_debug_given(void);

/* slab_debug_report.c */
extern struct stack_depot slab_stacks __hidden;
u32 slab_stack_now(void);

/* The same, where @s keeps it; else 0. */
static inline u32 slab_debug_stack(const struct kmem_cache *s)
{
	return likely(s->flags & SLAB_STORE_USER) ? slab_stack_now() : 0;
}

/* Some of a slab's bytes, and what they must be. */
enum part_kind {
	PART_LEFT,
	PART_RIGHT,
	PART_POISON,
	PART_PADDING,
	PART_RECORD
};

struct part {
	char *start;
	size_t bytes;
	enum part_kind kind;
	u64 word; /* as mm/slab_bytes.h has it */
};

void slab_report_part(const struct kmem_cache *s, char *slot,
		      const struct part *part, char *bad);
void slab_report_twice(const struct kmem_cache *s, char *slot, const char *obj,
		       const struct slab_call *call);
void slab_report_inside(const struct kmem_cache *s, char *slot, const char *obj,
			const struct slab_call *call);
void slab_report_foreign(const struct kmem_cache *s, const struct slab_block *b,
			 const char *obj, const struct slab_call *call);
void slab_check_release_slow(const struct kmem_cache *s, char *slot,
			     const char *obj, const struct slab_call *call);
void slab_describe(const struct kmem_cache *s, char *slot, const char *what);

/* slab_debug.c */
void *slab_debug_alloc(struct kmem_cache *s, void *slot,
		       const struct slab_call *call, u32 stack);
void slab_debug_free(struct kmem_cache *s, void *slot, u32 stack);
void slab_debug_leave(struct kmem_cache *s, void *slot);

/* ---- the slot ---- */

static inline struct slab_record *slot_record(const struct kmem_cache *s,
					      char *slot)
{
	return (struct slab_record *)(slot + s->record);
}

/* The slot of @slab that @addr, which is in one of its frames, lies in. */
static inline char *slot_of(const struct kmem_cache *s, const struct page *slab,
			    const char *addr)
{
	u64 n;

	if (!slab_is_packed(s))
		return page_address(slab);
	n = mul_u64_u64_hi((uintptr_t)addr, s->reciprocal);
	return (char *)(uintptr_t)(n * s->size);
}

/* The same, if an object there was ever handed out; else NULL. */
static inline __racy char *used_slot(const struct kmem_cache *s,
				     const struct page *slab, const char *addr)
{
	char *slot = slot_of(s, slab, addr);

	return slot >= slab_start(s, slab) && slot < slab_unused(slab) ? slot :
									 NULL;
}

/* The record of a slot; NULL: there is none, or it was written over. */
static inline struct slab_record *whole_record(const struct kmem_cache *s,
					       char *slot)
{
	struct slab_record *r = slot_record(s, slot);

	return s->record && likely(record_is_whole(r)) ? r : NULL;
}

/* Where an object lies in its slot, and how many bytes it has. */
struct extent {
	char *start;
	u32 bytes;
};

/* The record was looked at already. */
static inline struct extent known_extent(const struct kmem_cache *s, char *slot)
{
	const struct slab_record *r = slot_record(s, slot);

	if (likely(s->record))
		return (struct extent){ slot + r->offset, record_asked(r) };
	return (struct extent){ slot + s->red_left, s->object_size };
}

static inline struct extent slot_extent(const struct kmem_cache *s, char *slot)
{
	const struct slab_record *r = whole_record(s, slot);

	if (likely(r))
		return (struct extent){ slot + r->offset, record_asked(r) };
	return (struct extent){ slot + s->red_left, s->object_size };
}

/*
 * slab_check_release - is @obj released as it was allocated?
 *
 * What differs is reported; the release goes on. Most is free() of malloc's.
 */
static __always_inline void slab_check_release(const struct kmem_cache *s,
					       char *slot, const char *obj,
					       const struct slab_call *call)
{
	if (likely(s->record) &&
	    unlikely(call->kind != ALLOC_MALLOC ||
		     call->asked != ASKED_UNKNOWN ||
		     record_kind(slot_record(s, slot)) != ALLOC_MALLOC))
		slab_check_release_slow(s, slot, obj, call);
}

#endif
