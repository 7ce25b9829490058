/* SPDX-License-Identifier: MIT */
/*
 * An object's life in a slot by lines (slab_debug.c), and its record: what each
 * allocation and each release of a watched object does, for who inlines it.
 *
 *   allocated: is the free slot as it must be? ─► record, object, red zones
 *   released:  are the red zones?              ─► record, a free slot
 */
#ifndef ASHLAR_MM_SLAB_LINES_H
#define ASHLAR_MM_SLAB_LINES_H

#include "slab_bytes.h"
#include "slab_debug.h"

/* ---- the record ---- */

static inline void seal(struct slab_record *r)
{
	r->sum = record_sum(r);
}

/* The first eight bytes of a record as a word. */
static inline u64 record_head(u16 sum, u16 offset, u32 what)
{
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return (u64)sum << 48 | (u64)offset << 32 | what;
	return (u64)what << 32 | (u64)offset << 16 | sum;
}

/*
 * The other CPUs, which look without a lock, see state and sum change at once:
 * it is one write where words have eight bytes. @begun: record_sum_begun().
 */
static inline void set_released(struct slab_record *r, u64 begun,
				enum record_state state)
{
	u32 what = (r->what & ~3u) | state;
	u16 sum = record_sum_ended(r, begun, what);

	barrier();
	SET_WORD(r, record_head(sum, r->offset, what));
}

static inline void set_state(struct slab_record *r, enum record_state state)
{
	set_released(r, record_sum_begun(r, (uintptr_t)r, r->what), state);
}

/* The time is asked for once in so many calls. */
#define WHO_CALLS 8u

u64 slab_who_asked(struct mm_cpu *cpu);

/* When this is, and who runs. */
static __always_inline u64 who_now(void)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (unlikely(!cpu || !cpu->who_left))
		return slab_who_asked(cpu);
	cpu->who_left--;
	return cpu->who;
}

static __always_inline void note(const struct kmem_cache *s,
				 struct slab_record *r, unsigned int which,
				 u32 stack)
{
	if (!(s->flags & SLAB_STORE_USER))
		return;
	r->stack[which] = stack;
	r->who[which] = who_now();
}

/* ---- slots by lines ---- */

/* Longer than this, memset() is worth its call. */
#define LINES_SHORT 512

static __always_inline void fill_long(char *start, char *end, u64 word)
{
	if (unlikely(end - start > LINES_SHORT))
		memset(start, (int)(u8)word, (size_t)(end - start));
	else
		fill_lines(start, end, word);
}

static __always_inline bool free_lines_are_good(const struct kmem_cache *s,
						const char *slot, size_t bytes)
{
	line_t diff = { 0, 0 };

	lines_differ(&diff, slot, slot + bytes, s->free_word);
	return !(diff[0] | diff[1]);
}

/* What of a slot is looked at when that has been done since its release. */
#define FIRST_LINES (2 * sizeof(line_t))

/* False: something in the free @slot was written over. */
static __always_inline bool free_slot_is_good(const struct kmem_cache *s,
					      char *slot)
{
	const struct slab_record *r = slot_record(s, slot);
	bool seen = record_state(r) == RECORD_FREE;

	return record_is_whole(r) &&
	       free_lines_are_good(s, slot, seen ? FIRST_LINES : s->record);
}

static __always_inline bool red_lines_are_good(const struct kmem_cache *s,
					       const char *slot,
					       struct extent obj)
{
	const char *end = obj.start + obj.bytes;
	u64 red = s->red_word, turned = word_at(red, end);
	line_t diff = PAIR(end) ^ PAIR_OF(turned);

	lines_differ(&diff, slot, obj.start, red);
	lines_differ(&diff, line_after(end), slot + s->record, red);
	return !(diff[0] | diff[1]);
}

/* What an object is when it is allocated. */
static inline u64 new_word(void)
{
	return slab_harden ? 0 : word_of(POISON_INUSE);
}

/* What is new of an object, and the red zones beside it. */
static __always_inline void fill_new_lines(const struct kmem_cache *s,
					   char *slot, struct extent obj)
{
	char *end = obj.start + obj.bytes, *next = line_after(end);
	char *record = slot + s->record;
	u64 red = s->red_word, turned = word_at(red, end);

	fill_lines(slot, obj.start, red);
	fill_long(obj.start, next, new_word());
	SET_PAIR(end, PAIR_OF(turned));
	fill_lines(next, record, red);
}

/* Where the object is to lie that @call asks for. */
static __always_inline struct extent extent_asked(const struct kmem_cache *s,
						  char *slot,
						  const struct slab_call *call)
{
	uintptr_t start = (uintptr_t)slot + s->red_left;

	if (!(s->flags & SLAB_ASKED))
		return (struct extent){ (char *)start, s->object_size };
	return (struct extent){ (char *)ALIGN(start, 1ul << call->align),
				call->asked };
}

/* The record of an object that @call asks for, at @obj. */
static __always_inline void note_alloc(const struct kmem_cache *s, char *slot,
				       const char *obj,
				       const struct slab_call *call, u32 stack)
{
	struct slab_record *r = slot_record(s, slot);

	r->offset = (u16)(obj - slot);
	r->what =
		record_pack(call->asked, call->align, call->kind, RECORD_LIVE);
	note(s, r, RECORD_ALLOC, stack);
	seal(r);
}

/* slab_debug_alloc() of a @slot by lines. */
static __always_inline void *lines_alloc(struct kmem_cache *s, char *slot,
					 const struct slab_call *call,
					 u32 stack)
{
	struct extent obj;

	if (unlikely(!free_slot_is_good(s, slot)))
		return slab_debug_alloc(s, slot, call, stack);
	obj = extent_asked(s, slot, call);
	note_alloc(s, slot, obj.start, call, stack);
	fill_new_lines(s, slot, obj);
	return obj.start;
}

/* slab_debug_free(), where the record is whole; @begun: record_sum_begun(). */
static __always_inline void lines_free(struct kmem_cache *s, char *slot,
				       u64 begun, u32 stack)
{
	struct slab_record *r = slot_record(s, slot);

	if (unlikely(!red_lines_are_good(s, slot, known_extent(s, slot)))) {
		slab_debug_free(s, slot, stack);
		return;
	}
	note(s, r, RECORD_RELEASE, stack);
	set_released(r, begun, s->hand ? RECORD_WAITING : RECORD_FREE);
	fill_long(slot, (char *)r, s->free_word);
}

#endif
