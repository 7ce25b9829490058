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
extern bool slab_debug_keep_order; /* O: no larger blocks of frames */
bool slab_debug_given(void);

/* slab_debug_report.c */
extern struct stack_depot slab_stacks;
u32 slab_stack_now(void);
u32 slab_debug_stack(const struct kmem_cache *s);

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
void slab_check_release(const struct kmem_cache *s, char *slot, const char *obj,
			const struct slab_call *call);
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

#endif
