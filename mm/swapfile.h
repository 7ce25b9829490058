/* SPDX-License-Identifier: MIT */
/* Swap areas and their slots, to mm/. Picture: mm/swap_map.c. */
#ifndef ASHLAR_MM_SWAPFILE_H
#define ASHLAR_MM_SWAPFILE_H

#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <ashlar/swapfile.h>
#include <ashlar/swapops.h>
#include <ashlar/types.h>
#include <ashlar/xarray.h>

/* A slot: how many entries lead to it, and a bit. */
#define SWAP_HAS_CACHE 0x8000u /* its page is in memory, or about to be */
#define SWAP_MAP_MAX 0x7ffeu
#define SWAP_MAP_BAD 0x7fffu /* never used: the header, bad pages */

#define SWAPFILE_CLUSTER 256ul /* slots that are filled in a row */

struct swap_info_struct {
	int prio; /* areas with the same are used in turn (swap_lock) */
	u32 dev; /* its block device's number */
	struct list_head avail; /* swap_avail, while writeok (swap_lock) */
	struct xarray cache; /* offset → page; its lock is for all below */
	u16 *map; /* a word for each slot; NULL: the area is gone */
	u16 *cluster_used; /* slots in use of each cluster */
	u16 *evicted; /* swap_age() when a slot's page left memory */
	unsigned long max; /* slots, the header's included */
	unsigned long pages; /* of those, for use */
	unsigned long inuse; /* of those, not free */
	unsigned long next; /* where to look for the next free one */
	/* Where it lies: mm/page_io.c, mm/swapfile.c. */
	const struct swap_device_ops *ops;
	void *device; /* theirs */
	struct file *file; /* for reports */
	struct rb_root extents; /* struct swap_extent, by slot */
	struct swap_extent *last_extent; /* that was used last, or NULL */
	unsigned int nr_extents;
	bool partition; /* a device, not a file on one */
	bool used; /* (swap_lock) */
	bool writeok; /* new pages may go there (swap_lock) */
};

extern struct swap_info_struct swap_info[MAX_SWAPFILES];
extern spinlock_t swap_lock;

/* ---- swap_map.c ---- */

int swap_map_init(struct swap_info_struct *si, unsigned long max);
void swap_map_bad(struct swap_info_struct *si, unsigned long offset);
void swap_map_free(struct swap_info_struct *si);
void swap_enable(struct swap_info_struct *si, int prio);
void __swap_disable(struct swap_info_struct *si);
void swap_disable(struct swap_info_struct *si);
swp_entry_t get_swap_page(void);
void __swap_put(struct swap_info_struct *si, unsigned long offset, u16 what);
int swap_duplicate(swp_entry_t entry);
unsigned int swap_free(swp_entry_t entry);
unsigned int swp_swapcount(swp_entry_t entry);

/* ---- swap_state.c ---- */

struct page *lookup_swap_cache(swp_entry_t entry);
int add_to_swap_cache(struct page *page, swp_entry_t entry, gfp_t gfp);
void delete_from_swap_cache(struct page *page);
bool try_to_free_swap(struct page *page);
void free_swap_cache(struct page *page);
void free_swap_and_cache(swp_entry_t entry);
void __join_swap_cache(struct page *page, swp_entry_t entry);
bool add_to_swap(struct page *page);
bool remove_from_swap_cache(struct page *page);

/* ---- page_io.c ---- */

int swap_add_extent(struct swap_info_struct *si, unsigned long start,
		    unsigned long nr, u64 sector);
void swap_free_extents(struct swap_info_struct *si);
unsigned long swap_span(const struct swap_info_struct *si);
void swap_writepage(struct page *page);
void swap_readpage(struct page *page);

/* ---- swap_readahead.c ---- */

struct page *swapin_readahead(swp_entry_t entry, bool *major);
void swapin_soon(swp_entry_t entry);

/* ---- swapfile.c ---- */

void swap_area_free(struct swap_info_struct *si);

static inline struct swap_info_struct *swp_info(swp_entry_t entry)
{
	return &swap_info[swp_type(entry) - 1];
}

static inline unsigned int swp_info_type(const struct swap_info_struct *si)
{
	return (unsigned int)(si - swap_info) + 1;
}

/*
 * How many pages had left the inactive lists (lru_age()), in two bytes: for a
 * slot that is enough to tell whether its page comes back soon.
 */
#define SWAP_AGE_SHIFT 4
static inline u16 swap_age(unsigned long age)
{
	return (u16)(age >> SWAP_AGE_SHIFT);
}

/* The entry of a page that is in the swap cache. */
static inline swp_entry_t page_swap_entry(const struct page *page)
{
	return (swp_entry_t){ page->priv };
}

#endif
