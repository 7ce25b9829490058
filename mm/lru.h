/* SPDX-License-Identifier: MIT */
/* The lists of pages by age, to mm/ and who reports them. Picture: swap.c. */
#ifndef ASHLAR_MM_LRU_H
#define ASHLAR_MM_LRU_H

#include <ashlar/compiler.h>
#include <ashlar/huge_mm.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>

enum lru_list {
	LRU_INACTIVE_ANON,
	LRU_ACTIVE_ANON,
	LRU_INACTIVE_FILE,
	LRU_ACTIVE_FILE,
	LRU_UNEVICTABLE,
	NR_LRU_LISTS
};

#define LRU_ACTIVE 1u
#define LRU_FILE 2u

struct lruvec {
	spinlock_t lru_lock;
	struct list_head lists[NR_LRU_LISTS]; /* struct page::lru */
	struct list_head laundry; /* the part of the inactive anonymous ones
				   * that would have to be written */
	struct list_head huge; /* huge pages: ->lru of the second frame */
	unsigned long cost[2]; /* anonymous, of files: transfers of late */
	unsigned long age; /* pages that left the inactive lists (atomic) */
	unsigned long dropped; /* clean anonymous pages, since one was written
				* (atomic) */
	unsigned long refaults; /* that were active, as reclaim left it */
};

extern struct lruvec node_lruvec;

/* Frees a page of mm/hugetlb.c whose last reference went. */
extern void (*lru_free_hugetlb)(struct page *head);

/* The list of a page with the flags @pflags. */
static inline enum lru_list lru_of_flags(u32 pflags)
{
	if (unlikely(pflags & PG_unevictable))
		return LRU_UNEVICTABLE;
	return (enum lru_list)((pflags & PG_swapbacked ? 0 : LRU_FILE) |
			       (pflags & PG_active ? LRU_ACTIVE : 0));
}

/* True if its contents can go to a swap area alone. */
static inline bool page_is_file_lru(const struct page *page)
{
	return !(page->pflags & PG_swapbacked);
}

static inline void lru_count(enum lru_list lru, long n)
{
	vm_node_stat[NR_LRU_BASE + lru] += n;
}

/* Context of both: lru_lock. @nr: thp_nr_pages(@page), 1 if it is not huge. */
static inline void lru_link(struct page *page, enum lru_list lru, long nr)
{
	list_add(&page->lru, &node_lruvec.lists[lru]);
	lru_count(lru, nr);
}

static inline void lru_unlink(struct page *page, long nr)
{
	list_del(&page->lru);
	lru_count(lru_of_flags(page->pflags), -nr);
}

/*
 * A new anonymous page, that only the caller knows, gets its flags and is the
 * newest of the active ones: what was just made is not yet known to be unused,
 * as what comes back from a swap area is.
 */
static inline void lru_add_new_anon(struct page *page, u32 pflags)
{
	spin_lock(&node_lruvec.lru_lock);
	page->pflags = pflags | PG_lru | PG_swapbacked | PG_active;
	lru_link(page, LRU_ACTIVE_ANON, 1);
	spin_unlock(&node_lruvec.lru_lock);
}

/* @nr pages more have left an inactive list; how many had before. */
static inline unsigned long lru_age(unsigned long nr)
{
	return __atomic_fetch_add(&node_lruvec.age, nr, __ATOMIC_RELAXED);
}

void lru_init(void);
void lru_validate_frames(void);
void lru_cache_add(struct page *page);
bool isolate_lru_page(struct page *page);
void putback_lru_page(struct page *page);
void __mark_page_accessed(struct page *page);
void activate_page(struct page *page);
void deactivate_page(struct page *page);
void rotate_reclaimable_page(struct page *page);
void mark_page_lazyfree(struct page *page);
void lru_set_evictable(struct page *page);
void lru_add_huge(struct page *head);
struct page *lru_next_huge(void);
void lru_split_huge(struct page *head);
void lru_set_unevictable(struct page *page);
void lru_note_cost(bool file, unsigned long nr);
void lru_costs(unsigned long *anon, unsigned long *file);
void free_user_pages(struct page **pages, unsigned int nr);
void release_pages(struct page **pages, unsigned int nr);

/* A page of a file was read or written: twice makes it an active one. */
static inline void mark_page_accessed(struct page *page)
{
	const u32 most = PG_active | PG_referenced;

	if (unlikely((READ_ONCE(page->pflags) & most) != most))
		__mark_page_accessed(page);
}

#endif
