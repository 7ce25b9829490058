/* SPDX-License-Identifier: MIT */
/*
 * Private to the slab allocator and to user/malloc.c: the cache's
 * descriptor, and the fast path, which is here and nowhere else.
 *
 * Each CPU has, for each cache id, one pointer into the cache's main sheaf:
 *
 *   sheaf (512 bytes, aligned to its size)
 *   | link | bottom | ..... | 0 | obj | obj | obj | free | free |
 *                      sentinel ^ ^               ^             ^
 *                                 bottom          top           top of a full
 *                                                               sheaf (aligned)
 *
 *   empty  ⇔ top[-1] == 0            full ⇔ top is aligned to the sheaf size
 *
 * The sentinel's place sets the sheaf's capacity, so one size of sheaf
 * serves all caches, and a sheaf's capacity may change while it is empty. A
 * CPU without a sheaf points at bootstrap_sheaf, whose
 * capacity is 0: at once empty and full, so both directions reach the slow
 * path without a test of their own.
 *
 * Sheaves are Bonwick's magazines (J. Bonwick and J. Adams, "Magazines and
 * Vmem", USENIX 2001) under the name Linux gives them.
 */
#ifndef ASHLAR_MM_SLAB_H
#define ASHLAR_MM_SLAB_H

#include <ashlar/atomic.h>
#include <ashlar/math64.h>
#include <ashlar/mm.h>
#include <ashlar/slab.h>
#include <ashlar/tune.h>
#include <mach/percpu.h>
#include <mach/sanitize.h>
#include <mach/spinlock.h>

/* Internal cache flag: a general cache, whose free objects are marked. */
#define SLAB_KMALLOC 0x8000u
/* The same, watched: each object has as many bytes as were asked for. */
#define SLAB_ASKED 0x4000u
/* malloc counts its objects for the heap profile, or each is a sample. */
#define SLAB_PROFILED 0x10000u
/* The core's own records: no caller has its objects. */
#define SLAB_OWN 0x20000u

/* Any of these: the cache has no sheaves, and slab_debug.c looks on. */
#define SLAB_WATCHED                                             \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | \
	 SLAB_STORE_USER | SLAB_TRACE)

#define SHEAF_SIZE (SHEAF_SLOTS * sizeof(void *))
#define SHEAF_OBJECTS (SHEAF_SLOTS - 3u)

typedef void **sheaf_t; /* a top: points one past the last object */

static inline void **sheaf_base(sheaf_t top)
{
	return (void **)(((uintptr_t)top - sizeof(*top)) & ~(SHEAF_SIZE - 1));
}

/* Where the objects of the sheaf at @base begin: this slot says it. */
static inline sheaf_t *sheaf_bottom(void **base)
{
	return (sheaf_t *)(base + 1);
}

/* Objects in the sheaf @top, which is not that of a CPU without one. */
static __always_inline u32 sheaf_length(sheaf_t top)
{
	return (u32)(top - *sheaf_bottom(sheaf_base(top)));
}

/* The next in a barn; or the spare sheaf of a CPU whose main one this is. */
static inline sheaf_t *sheaf_next(sheaf_t top)
{
	return (sheaf_t *)sheaf_base(top);
}

/*
 * A free object of a general cache holds this secret, the same on all CPUs,
 * in its second word (the first is the one that programs write in bytes just
 * before they free it, which would delay the look at it). A second free finds
 * it. Objects of caches with a constructor stay constructed, unmarked.
 */
#define FREE_MARK port_free_mark()

static __always_inline void **object_mark(void *obj)
{
	return (void **)obj + 1;
}

struct sheaf_tops {
	sheaf_t top[NR_CPU_CACHES];
	void *watched; /* mm_cpu.watched, where one looks who seeks leaks */
};

DECLARE_PER_CPU(struct sheaf_tops, sheaf_tops);

/* Sheaves of a cache that no CPU has, linked through slot 0: see barn.c. */
struct barn {
	spinlock_t lock;
	u32 objects; /* in full sheaves */
	sheaf_t full;
	sheaf_t empty;
	char apart[CACHE_LINE / 2]; /* no two in one line, in a process */
};

/* All counts in objects or slabs; lock protects what has no other comment. */
struct kmem_cache {
	/* constant after creation */
	u32 id; /* CPU list, or 0: none */
	u32 push_id; /* that kmem_cache_free() fills; 0: it looks first */
	u32 free_id; /* that of releases: the same, but see split sheaves */
	u32 size; /* bytes from one object to the next: a slot */
	u32 object_size; /* bytes asked for */
	u32 align;
	u32 red_left; /* bytes of a slot before its object; see slab_debug.c */
	u32 lead; /* bytes at least before a slab's first slot */
	u32 record; /* bytes of a slot before its record, or 0: it has none */
	u8 hand; /* place in CPUs' hands, or 0: none; see watched_cpu.c */
	u8 hand_most; /* slots that lie there, at most */
	bool by_lines; /* watched in every way, quickly; see slab_debug.c */
	bool guard; /* slabs may have a guard behind them; see slab_guard.c */
	bool guarded; /* one has, or had (racy) */
	u32 unguarded; /* frames of slabs since one got it (racy) */
	u64 red_word; /* what lies around an object in use; see slab_bytes.h */
	u64 free_word; /* where slots go by lines, what a free one is */
	u64 reciprocal; /* RECIPROCAL_U64(size) */
	slab_flags_t flags;
	u32 sheaf_min; /* objects that each of its sheaves may hold */
	u32 sheaf_most; /* … and that one ever may */
	u32 barn_min; /* objects that its barns may always hold */
	void (*ctor)(void *);
	char name[32];
	struct list_head list; /* slab_caches (slab_mutex) */
	u32 busy; /* CPUs in slab_shrink_all() that look at it (slab_mutex) */

	/* changed now and then, without a lock */
	u32 sheaf_capacity; /* of the next empty sheaf that a CPU gets */
	u32 exchanges; /* sheaves into barns and out, since it changed */
	u32 flushes; /* since the last refill */
	u32 idle; /* calls of slab_shrink_…() since it was used */
	const void *sheaf_seen; /* by the last of them; see sheaf.c */
	u32 barn_max; /* objects that its barns may hold now (lock) */
	atomic_t spare_growth; /* objects; see barn.c */

	struct barn barns[NR_CPU_GROUPS];

	spinlock_t lock;
	struct list_head slabs_full;
	struct list_head slabs_partial;
	struct list_head slabs_free;
	struct list_head slabs_isolated; /* see slab_reporting.c */
	unsigned long nr_slabs; /* on all four lists */
	unsigned long nr_free_slabs;
	unsigned long nr_partial;
	unsigned long nr_pages; /* frames of all slabs */
	unsigned long total_objects; /* in all slabs */
	unsigned long inuse; /* handed to sheaves or callers */
	u32 missed; /* objects flushed since slabs last refilled a sheaf */

	/* slab_reporting.c */
	unsigned long inuse_peak; /* objects, since the last pass */
	unsigned long report_below; /* objects in use from which on to look */
	unsigned long report_slack; /* frames that came back in use lately */
	unsigned long report_last; /* port_time_ms() when that was halved */
	unsigned long report_time; /* … of the last pass */
};

extern struct list_head slab_caches __hidden;

/* Objects in full sheaves of all barns. */
static inline u32 barn_objects(const struct kmem_cache *s)
{
	u32 n = 0, i;

#pragma GCC unroll 8
	for (i = 0; i < NR_CPU_GROUPS; i++)
		n += READ_ONCE(s->barns[i].objects);
	return n;
}

static inline bool cache_is_watched(const struct kmem_cache *s)
{
	return s->flags & SLAB_WATCHED;
}

/* True if malloc's slow paths have more to do than to allocate. */
static inline bool cache_is_noted(const struct kmem_cache *s)
{
	return s->flags & (SLAB_WATCHED | SLAB_PROFILED);
}

/* Bytes that the holder of an object may use, at most. */
static inline u32 slab_ksize(const struct kmem_cache *s)
{
	return cache_is_watched(s) ? s->object_size : s->size;
}

/* True if @page is of a slab whose objects are watched. */
static inline __racy bool page_is_watched(const struct page *page)
{
	return (page->flags & PG_slab) && cache_is_watched(page->slab_cache);
}

/* True if malloc has more to do than to release an object of @page. */
static inline __racy bool page_is_noted(const struct page *page)
{
	return (page->flags & PG_slab) && cache_is_noted(page->slab_cache);
}

/*
 * Geometry of a slab. Objects up to SLAB_PACK_MAX lie at multiples of their
 * size, counted from address 0:
 *
 *     n size   (n+1) size (n+2) size (n+3) size (n+4) size
 *       |         |         |         |         |
 *            [ slab    . object 0  object 1 ... ]
 *                      ^ slab_start
 *
 * so whether an address starts an object takes one multiplication and no
 * look at the slab; successive slabs begin at different cache lines, which
 * is Bonwick's colouring; and an object is aligned to every power of two that
 * divides its size. Larger objects begin their slab and have it to themselves.
 */
static inline bool slab_is_packed(const struct kmem_cache *s)
{
	return s->size <= SLAB_PACK_MAX;
}

/* Number, counted from address 0, of the slab's first object. */
static inline u64 slab_first(const struct kmem_cache *s,
			     const struct page *slab)
{
	return mul_u64_u64_hi((uintptr_t)page_address(slab) + s->lead +
				      s->size - 1,
			      s->reciprocal);
}

static inline char *slab_start(const struct kmem_cache *s,
			       const struct page *slab)
{
	if (!slab_is_packed(s))
		return page_address(slab);
	return (char *)(uintptr_t)(slab_first(s, slab) * s->size);
}

static inline __racy u32 slab_objects(const struct kmem_cache *s,
				      const struct page *slab)
{
	u64 end = (uintptr_t)page_address(slab) + ((u64)slab->nr << PAGE_SHIFT);

	if (!slab_is_packed(s))
		return 1;
	return (u32)(mul_u64_u64_hi(end, s->reciprocal) - slab_first(s, slab));
}

/* The address from which on the slab's memory was never handed out. */
static __always_inline char *slab_unused(const struct page *slab)
{
	return (char *)page_address(slab) + (size_t)slab->bump * SLAB_GRANULE;
}

/* True if @slot, which lies in the slab's frames, is one for an object. */
static __always_inline bool slab_starts_at(const struct kmem_cache *s,
					   const struct page *slab,
					   const char *slot)
{
	u64 address = (uintptr_t)slot;

	return slab_is_packed(s) ? address * s->reciprocal < s->reciprocal :
				   slot == page_address(slab);
}

/* True if the object in @slot, which was used before, was given back. */
static inline __racy bool slot_is_free(const void *slot)
{
	const struct page *page = virt_to_page(slot);
	u32 bit = (u32)((uintptr_t)slot & ~PAGE_MASK) / SLAB_GRANULE;
	unsigned long word = page->free_bits[bit / (8 * sizeof(long))];

	return word >> bit % (8 * sizeof(long)) & 1;
}

/* General caches have the ids 1 … KMALLOC_NR, their kmalloc_index(). */
#define KMALLOC_NR 88

extern struct kmem_cache *cache_by_id[NR_CPU_CACHES] __hidden;

extern slab_flags_t kmalloc_flags __hidden; /* of general caches, at first */
struct kmem_cache *kmalloc_cache_create(unsigned int index);

static __always_inline unsigned int kmalloc_index_above_256(size_t size)
{
	unsigned int top;

	size--;
	top = (8 * sizeof(long) - 1) ^ (unsigned int)__builtin_clzl(size);
	return (unsigned int)(size >> (top - 3)) + ((top - 7) << 3) + 1;
}

/*
 * The smallest general cache that holds @size, 1 … KMALLOC_MAX_CACHE_SIZE:
 *
 *   size    16 32 … 128 │ 144 160 … 256 │ 288 320 … 512 │ 576 …
 *   index    1  2 …   8 │   9  10 …  16 │  17  18 …  24 │  25 …
 */
static __always_inline unsigned int kmalloc_index(size_t size)
{
	return likely(size <= 256) ? (unsigned int)(size + 15) >> 4 :
				     kmalloc_index_above_256(size);
}

/*
 * Split sheaves: what is released goes to another sheaf than the one that
 * allocations come from, so that these arrive in the slow path each time as
 * many as it had are gone, whatever comes back meanwhile. The frames of such a
 * class say the id of the other one: that is all. It takes an id more, so only
 * the first SPLIT_CLASSES can be (up to 1 KiB).
 */
#define SPLIT_CLASSES 32
#define SPLIT_ID(index) (KMALLOC_NR + (index))

extern bool sheaves_split __hidden; /* set before the first cache, or never */
extern bool sheaves_turn __hidden; /* see sheaf_turn.h */

/*
 * Kinds: where a release has to fit what allocated the object, C++'s new and
 * new [] have classes of their own up to 1 KiB, in ids that are not split
 * then. A release looks for the reciprocal in a table of its kind, where other
 * kinds have none: no instruction tells them apart, the address does.
 *
 *   id   1 … 32    33 … 88    89      90 … 121   122 … 153
 *        malloc    of any     none    new        new []
 */
#define KIND_CLASSES 32
#define NEW_ID(index) (KMALLOC_NR + 1 + (index))
#define ARRAY_ID(index) (NEW_ID(KIND_CLASSES) + (index))

extern bool slab_kinds
	__hidden; /* the ids are kept; set before the first cache */

extern const u32 kmalloc_sizes[KMALLOC_NR + SPLIT_CLASSES + 1] __hidden;

static inline unsigned int kmalloc_size(unsigned long index)
{
	return kmalloc_sizes[index];
}

/*
 * What is known of each class, by id, lies before the frames' classes: whoever
 * has just read one of these needs no other pointer.
 *
 *   | new [] | new | less | span | reciprocal | port_slab_ids →
 *
 * The first two are reciprocals as well, of what delete [] and delete take.
 */
enum class_word {
	CLASS_RECIPROCAL = 1, /* of its objects' size */
	CLASS_SPAN, /* so many sizes are served by it; 0: see a slow path */
	CLASS_LESS, /* from this one on */
	CLASS_NEW, /* its reciprocal, if new has such objects */
	CLASS_ARRAY, /* ... new [] */
};

static __always_inline u64 *class_words(enum class_word which)
{
	return class_words_end() - (unsigned int)which * NR_CPU_CACHES;
}

void kmalloc_classes_init(void);
void kmalloc_kinds_init(bool kinds);
struct kmem_cache *kmalloc_kind_cache(unsigned int id);

/*
 * True if a general cache's object may start at @obj, which lies in a frame
 * with the id @id. Objects with a slab each start frames; of their slab only
 * the first frame has an id.
 */
static __always_inline bool class_starts_at(unsigned long *id, const void *obj,
					    enum class_word whose)
{
	const u64 *words = class_words(whose);
	u64 product;

	reckon_once(words);
	reckon_anew(*id);
	if (sizeof(obj) == sizeof(u32)) {
		/* Of a product of 96 bits, 32 tell: see math64.h. */
		u32 n = (u32)(uintptr_t)obj;
		u32 middle = (u32)(((u64)(u32)words[*id] * n) >> 32);

		/* The upper half is read when there is a register for it. */
		__asm__("" : "+r"(middle) : : "memory");
		middle += (u32)(words[*id] >> 32) * n;
		__asm__("" : "+r"(middle) : : "memory");
		return middle < (u32)(words[*id] >> 32);
	}
	product = words[*id] * (u64)(uintptr_t)obj;
	reckon_anew(*id);
	return product < words[*id];
}

static __always_inline bool kmalloc_starts_at(unsigned long id, const void *obj)
{
	return class_starts_at(&id, obj, CLASS_RECIPROCAL);
}

static inline struct kmem_cache *kmalloc_cache(unsigned int index)
{
	struct kmem_cache *s = smp_load_acquire(&cache_by_id[index]);

	return likely(s) ? s : kmalloc_cache_create(index);
}

/*
 * A checker of the host is told which objects are in callers' hands. A free
 * one keeps its first two words readable: the mark is there.
 */
static inline void object_taken(const struct kmem_cache *s, void *obj)
{
	port_unpoison(obj, s->object_size);
}

static inline void object_freed(const struct kmem_cache *s, void *obj)
{
	if (!cache_is_watched(s))
		port_poison((void **)obj + 2, s->size - 2 * sizeof(void *));
}

struct slab_call;

struct kmem_cache *slab_object_cache(void *obj);
u32 slab_object_size(const struct kmem_cache *s, const void *obj);
void *slab_alloc_slow(struct kmem_cache *s, gfp_t gfp);
void *slab_alloc_asked(struct kmem_cache *s, gfp_t gfp,
		       const struct slab_call *call);
void *slab_alloc_at_hand(struct kmem_cache *s, gfp_t gfp,
			 const struct slab_call *call);
void slab_free_asked(struct kmem_cache *s, void *obj,
		     const struct slab_call *call);
void slab_free_slow(struct kmem_cache *s, void *obj);
void slab_free_used(struct kmem_cache *s, void *obj);
u32 sheaf_limit(struct kmem_cache *s, u32 most);
bool sheaf_was_used(struct kmem_cache *s);
void slab_note_growth(u32 nr);
void slab_growth_begins(void);

/* This CPU's main sheaf of cache @id, and the move of that, @top, by @n. */
#define sheaf_top(id) this_cpu_read_element(sheaf_tops, sheaf_t, id)
#define sheaf_move_at(id, from, top, n) \
	this_cpu_move_element(sheaf_tops, id, from, top, n)
#define sheaf_move(id, top, n) sheaf_move_at(id, 0, top, n)
/* It is @top still: as the machine has it sooner. */
#define sheaf_top_again(id, top) \
	this_cpu_reread_element(sheaf_tops, sheaf_t, id, top)

/*
 * Take an object from this CPU's sheaf of the cache @id + @from, a constant;
 * NULL when it is empty.
 */
static __always_inline void *sheaf_pop_at(unsigned long id, unsigned long from)
{
	sheaf_t top = sheaf_top(id + from);
	void *obj = top[-1];

	if (likely(obj))
		sheaf_move_at(id, from, top, -1);
	return obj;
}

static __always_inline void *sheaf_pop(unsigned long id)
{
	return sheaf_pop_at(id, 0);
}

static __always_inline bool sheaf_full(sheaf_t top)
{
	return ((uintptr_t)top & (SHEAF_SIZE - 1)) == 0;
}

/* Put @obj on this CPU's sheaf; false when it is full. */
static __always_inline bool sheaf_push(unsigned long id, void *obj)
{
	sheaf_t top = sheaf_top(id);

	if (unlikely(sheaf_full(top)))
		return false;
	*top = obj;
	sheaf_move(id, top, 1);
	return true;
}

/*
 * The release of a general cache's object: sheaf_push(), and the mark that
 * tells a second release. @whose: the table of the kind that may be released.
 * False: see to it in a slow path.
 */
static __always_inline bool sheaf_push_marked(void *obj, enum class_word whose)
{
	unsigned long id = frame_id_of(obj);
	sheaf_t top = sheaf_top(id), again;

	if (unlikely(sheaf_full(top) || *object_mark(obj) == FREE_MARK ||
		     !class_starts_at(&id, obj, whose)))
		return false;
	*object_mark(obj) = FREE_MARK;
	again = sheaf_top_again(id, top);
	*again = obj;
	sheaf_move(id, again, 1);
	return true;
}

/*
 * The same, where the caller says the object's @size: false also if it is of
 * another class. It is as it was then.
 */
static __always_inline bool sheaf_push_sized(void *obj, size_t *size,
					     enum class_word whose)
{
	unsigned long id = frame_id_of(obj);
	sheaf_t top = sheaf_top(id);

	if (unlikely(sheaf_full(top) || *object_mark(obj) == FREE_MARK ||
		     !class_starts_at(&id, obj, whose)))
		return false;
	reckon_anew(id);
	*size -= class_words(CLASS_LESS)[id];
	reckon_anew(id);
	reckon_anew(*size);
	if (unlikely(*size >= class_words(CLASS_SPAN)[id])) {
		reckon_anew(id);
		*size += class_words(CLASS_LESS)[id];
		return false;
	}
	*object_mark(obj) = FREE_MARK;
	*top = obj;
	sheaf_move(id, top, 1);
	return true;
}

#endif
