/* SPDX-License-Identifier: MIT */
/*
 * Swap areas for tests, on the paper machine: each on a disk that is an array.
 * Like all that is taken, they are given back when the test ends.
 */
#ifndef ASHLAR_TESTS_SWAP_H
#define ASHLAR_TESTS_SWAP_H

#include "../mm/swapfile.h"
#include "space.h"

struct swap_disk {
	u8 *bytes;
	unsigned long pages;
	bool fail_reads, fail_writes; /* each is an error */
	bool slow; /* a transfer ends when somebody waits */
	bool apart; /* each page by itself, the last one first */
	unsigned long hole; /* page that lies nowhere; or 0 */
	unsigned long odd; /* page that does not lie in one piece; or 0 */
	unsigned long reads, writes, released;
	struct {
		struct page *page;
		u64 sector;
		bool write;
	} queue[64];
	unsigned int queued;
};

/* A disk of so many pages, with mkswap's header for all of them. */
struct swap_disk *take_swap_disk(unsigned long pages);
/* A word of its header, counted in bytes from the start of the page. */
void set_swap_header(struct swap_disk *d, unsigned long at, u32 word);
/* What swapon makes of it. */
struct swap_info_struct *swapon(struct swap_disk *d, int flags);
int swapoff(struct swap_info_struct *si);
struct swap_disk *swap_disk_of(struct swap_info_struct *si);

/* An area with so many slots for use; pages may go there. */
struct swap_info_struct *take_swap(unsigned long pages, int prio);
/* Nothing is in it any more. */
void give_swap(struct swap_info_struct *si);
/* Its counts are those of its slots. */
void check_swap(struct swap_info_struct *si);

/*
 * What reclaim does: every entry of the anonymous page at @addr leads to a slot
 * then, and the page is on its way there. False: no slot, or no memory.
 */
bool swap_out(struct mm_struct *mm, unsigned long addr);
/* Memory forgets the page of a slot, if it is clean and nobody else has it. */
bool swap_drop(swp_entry_t entry);
/* Both: the page is on the disk alone. */
bool swap_away(struct mm_struct *mm, unsigned long addr);
/* The entry at @addr; it leads to a slot. */
swp_entry_t slot_at(struct mm_struct *mm, unsigned long addr);

/* For space_settle(). */
void swap_settle(void);

#endif
