/* SPDX-License-Identifier: MIT */
/*
 * A shared heap's segment, as heap.c and its neighbours see it:
 *
 *   | heap_header, shards | heap_page a page | bits a page | pages →       |
 *   page 0                                     free: 1       first_page
 *
 * The core's buddies and slabs are linked by pointers and found through its
 * own tables, which are another process's nonsense: so the mechanisms are
 * here anew, smaller, and on numbers of pages.
 *
 *   the truth      what each page is (kind, nr), which places of a slab are
 *                  free (free[]), one intent for each lock (log)
 *   derived of it  lists of slabs with room, counts, the bits of free pages
 *
 * A change of the truth is one store; where it takes several, the intent is
 * written before, and taken away when all are done. Whoever gets a lock of a
 * process that is no more carries the intent out or takes it back, and derives
 * the rest anew (heap_repair.c). That may end at any instruction, too: the
 * next one does it again.
 */
#ifndef ASHLAR_PORT_HEAP_SEGMENT_H
#define ASHLAR_PORT_HEAP_SEGMENT_H

#include <ashlar/compiler.h>
#include <ashlar/heap.h>
#include <ashlar/types.h>

#define HEAP_MAGIC 0x00706165482d7241ull
#define HEAP_VERSION 1u
#define HEAP_PAGE_SHIFT 13
#define HEAP_PAGE (1ul << HEAP_PAGE_SHIFT)
#define HEAP_WORDS (HEAP_PAGE / 16 / 64)
#define HEAP_CLASSES 25u
#define HEAP_SMALL 4096u /* bytes of the largest class */
#define HEAP_SHARDS 8u
#define HEAP_EMPTY_MOST 4u /* slabs that a shard keeps, of each class */

/* A process, in one word: its number and when it started. 0: none. */
typedef u64 heap_owner;

struct heap_lock {
	heap_owner owner;
	u32 turn; /* a futex: changes with each wake-up */
	u32 waiters; /* as many at least; may be too large */
};

enum heap_op { HEAP_IDLE, HEAP_ALLOC, HEAP_FREE };

struct heap_log {
	u64 block, where; /* offsets; where 0: nowhere */
	u32 nr; /* pages; 0: a place in a slab */
	u32 op; /* enum heap_op: written last, and back to HEAP_IDLE last */
};

enum heap_kind {
	HEAP_PAGE_FREE,
	HEAP_PAGE_SLAB,
	HEAP_PAGE_RUN,
	HEAP_PAGE_TAIL
};

struct heap_page {
	u32 kind; /* enum heap_kind | class << 8 | shard << 16 */
	u32 nr; /* run: its pages */
	u32 next, prev; /* slab with room: in its shard's list; 0: none */
	u32 nr_free; /* places */
	u32 hint; /* words of free[] before it are 0 */
	u64 unused[5]; /* a slab's words lie in one cache line */
	u64 free[HEAP_WORDS]; /* 1: a free place of a slab */
};

struct heap_shard {
	struct heap_lock lock;
	struct heap_log log;
	u32 room[HEAP_CLASSES]; /* first slab with room; 0: none */
	u32 nr_empty[HEAP_CLASSES]; /* slabs of those without a block */
} __aligned_to(64);

struct heap_header {
	u64 magic; /* written last; tells the order of bytes as well */
	u32 version;
	u16 word; /* bytes of a pointer, which must agree as types do */
	u16 page_shift; /* HEAP_PAGE_SHIFT */
	u64 size; /* bytes of the segment */
	u64 nr_pages, first_page;
	u64 pid_space; /* in which processes have their numbers */
	ashlar_heap_ref root;
	u32 next_shard; /* for the next process that opens it */
	struct heap_lock lock __aligned_to(64); /* of kinds and bits */
	struct heap_log log;
	u32 cursor; /* no page before it is free */
	struct heap_shard shard[HEAP_SHARDS];
};

/* What a fork takes away from the child, which has to find it anew. */
struct heap_process {
	heap_owner owner;
	u32 shard;
};

struct ashlar_heap {
	struct heap_header *header;
	struct heap_page *page;
	u64 *bits;
	char *base;
	struct heap_process *process;
	u32 nr_pages, first_page; /* not read where others may write */
	size_t mapped; /* bytes that close() unmaps; 0: the caller's */
	int fd; /* or -1 */
	char name[64]; /* or "" */
};

/* Stores before come before stores behind, as this process's end sees them. */
#define heap_order() barrier()

/* heap.c */
int heap_check_header(const struct heap_header *got, size_t size);

/* heap_lock.c */
heap_owner heap_myself(struct ashlar_heap *h);
bool heap_lock(struct ashlar_heap *h, struct heap_lock *l);
void heap_unlock(struct heap_lock *l);
u64 heap_pid_space(void);

/* heap_page.c: Context: header->lock */
void heap_lock_pages(struct ashlar_heap *h);
u32 heap_take_pages(struct ashlar_heap *h, u32 nr);
void heap_mark_pages(struct ashlar_heap *h, u32 page, u32 nr, bool is_free);
u64 heap_alloc_run(struct ashlar_heap *h, size_t size, u64 where);
int heap_free_run(struct ashlar_heap *h, u64 block, u64 where);

/* heap_slab.c */
extern const u16 heap_class_size[HEAP_CLASSES] __hidden;
u64 heap_alloc_small(struct ashlar_heap *h, size_t size, u64 where);
int heap_free_small(struct ashlar_heap *h, u64 block, u64 where);
void heap_release_empty(struct ashlar_heap *h);
void heap_lock_shard(struct ashlar_heap *h, struct heap_shard *s);
void heap_link_slab(struct ashlar_heap *h, struct heap_shard *s, u32 class,
		    u32 page);

/* heap_repair.c */
void heap_repair_pages(struct ashlar_heap *h);
void heap_repair_shard(struct ashlar_heap *h, struct heap_shard *s);

static inline u32 heap_kind_of(u32 kind)
{
	return kind & 0xff;
}

static inline u32 heap_class_of(u32 kind)
{
	return (kind >> 8 & 0xff) % HEAP_CLASSES;
}

static inline u32 heap_shard_of(u32 kind)
{
	return (kind >> 16 & 0xff) % HEAP_SHARDS;
}

static inline u32 heap_slab_kind(u32 class, u32 shard)
{
	return HEAP_PAGE_SLAB | class << 8 | shard << 16;
}

static inline u64 heap_page_start(u32 page)
{
	return (u64)page << HEAP_PAGE_SHIFT;
}

static inline ashlar_heap_ref *heap_where(struct ashlar_heap *h, u64 where)
{
	return (ashlar_heap_ref *)(h->base + where);
}

static inline void heap_begin(struct heap_log *log, enum heap_op op, u64 block,
			      u32 nr, u64 where)
{
	WRITE_ONCE(log->block, block);
	WRITE_ONCE(log->where, where);
	WRITE_ONCE(log->nr, nr);
	heap_order();
	WRITE_ONCE(log->op, op);
	heap_order();
}

static inline void heap_end(struct heap_log *log)
{
	heap_order();
	WRITE_ONCE(log->op, HEAP_IDLE);
}

#endif
