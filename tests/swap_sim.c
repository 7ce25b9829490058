/* SPDX-License-Identifier: MIT */
/* Swap areas for tests; see swap.h. */
#include "../mm/lru.h"
#include "../mm/pgtable.h"
#include "../mm/vmscan.h"
#include "swap.h"
#include <ashlar/highmem.h>
#include <ashlar/pagemap.h>
#include <ashlar/string.h>

#define MOST 8

static struct swap_disk *disks[MOST];

/* ---- disks ---- */

static void transfer(struct swap_disk *d, struct page *page, u64 sector,
		     bool write)
{
	u8 *at = d->bytes + sector * 512;

	CHECK_OP(sector + 8, <=, d->pages * 8);
	if (write) {
		d->writes++;
		if (!d->fail_writes)
			memcpy_from_page(at, page, 0, PAGE_SIZE);
		swap_write_end(page, d->fail_writes ? -EIO : 0);
	} else {
		d->reads++;
		if (!d->fail_reads)
			memcpy_to_page(page, 0, at, PAGE_SIZE);
		swap_read_end(page, d->fail_reads ? -EIO : 0);
	}
}

/* One of those that wait, in any order. Return: false if there is none. */
static bool finish_one(struct swap_disk *d)
{
	unsigned int i;

	if (!d->queued)
		return false;
	i = (unsigned int)rnd(d->queued--);
	transfer(d, d->queue[i].page, d->queue[i].sector, d->queue[i].write);
	d->queue[i] = d->queue[d->queued];
	return true;
}

static bool finish_some(const void *key)
{
	bool some = false;

	for (int i = 0; i < MOST; i++)
		some |= disks[i] && finish_one(disks[i]);
	return some;
}

static void submit(void *device, struct page *page, u64 sector, bool write)
{
	struct swap_disk *d = device;

	if (!d->slow || d->queued == ARRAY_SIZE(d->queue)) {
		transfer(d, page, sector, write);
		return;
	}
	d->queue[d->queued].page = page;
	d->queue[d->queued].sector = sector;
	d->queue[d->queued++].write = write;
	sim.on_wait = finish_some;
}

/* Runs of any length. */
static int map(void *device, unsigned long index, unsigned long *nr,
	       u64 *sector)
{
	struct swap_disk *d = device;

	if (d->hole && index == d->hole)
		return -EINVAL;
	if (d->odd && index == d->odd)
		return -EAGAIN;
	if (d->hole > index)
		*nr = min(*nr, d->hole - index);
	if (d->odd > index)
		*nr = min(*nr, d->odd - index);
	*nr = 1 + rnd(*nr);
	*sector = index * 8;
	if (d->apart)
		*sector = (d->pages - 1 - index) * 8;
	if (d->apart)
		*nr = 1;
	return 0;
}

static void release(void *device)
{
	((struct swap_disk *)device)->released++;
}

static const struct swap_device_ops ops = { submit, map, release };

void set_swap_header(struct swap_disk *d, unsigned long at, u32 word)
{
	memcpy(d->bytes + at, &word, 4);
}

struct swap_disk *take_swap_disk(unsigned long pages)
{
	struct swap_disk *d = __builtin_calloc(1, sizeof(*d));
	int i = 0;

	while (i < MOST && disks[i])
		i++;
	CHECK_OP(i, <, MOST);
	disks[i] = d;
	d->bytes = __builtin_calloc(pages, PAGE_SIZE);
	d->pages = pages;
	memcpy(d->bytes + PAGE_SIZE - 10, "SWAPSPACE2", 10);
	set_swap_header(d, 1024, 1);
	set_swap_header(d, 1028, (u32)pages - 1);
	return d;
}

struct swap_info_struct *swapon(struct swap_disk *d, int flags)
{
	struct swap_source src = { .ops = &ops,
				   .device = d,
				   .dev = 0x800,
				   .partition = true,
				   .bytes = d->pages * PAGE_SIZE };

	return mm_swapon(&src, d->bytes, flags);
}

static bool never(void)
{
	return false;
}

int swapoff(struct swap_info_struct *si)
{
	return mm_swapoff(si, never);
}

struct swap_disk *swap_disk_of(struct swap_info_struct *si)
{
	return si->device;
}

/* ---- areas ---- */

struct swap_info_struct *take_swap(unsigned long pages, int prio)
{
	struct swap_disk *d = take_swap_disk(pages + 1);
	struct swap_info_struct *si =
		swapon(d, prio < 0 ? 0 : SWAP_FLAG_PREFER | prio);

	if (si == ERR_PTR(-ENOMEM))
		needed(__FILE__, __LINE__, "swapon");
	CHECK(!IS_ERR(si));
	return si;
}

void give_swap(struct swap_info_struct *si)
{
	check_swap(si);
	CHECK_EQ(si->inuse, 0);
	CHECK_EQ(swapoff(si), 0);
}

void check_swap(struct swap_info_struct *si)
{
	unsigned long used = 0, bad = 0, cached = 0, index = 0, i;
	unsigned long in_cluster = 0;
	struct page *page;

	for (i = 0; i < si->max; i++) {
		bad += si->map[i] == SWAP_MAP_BAD;
		used += si->map[i] && si->map[i] != SWAP_MAP_BAD;
		in_cluster += si->map[i] != 0;
		if (i + 1 == si->max)
			in_cluster +=
				SWAPFILE_CLUSTER - 1 - i % SWAPFILE_CLUSTER;
		if ((i + 1) % SWAPFILE_CLUSTER && i + 1 < si->max)
			continue;
		CHECK_EQ(si->cluster_used[i / SWAPFILE_CLUSTER], in_cluster);
		in_cluster = 0;
	}
	CHECK_EQ(used, si->inuse);
	CHECK_EQ(si->pages, si->max - bad);
	xa_for_each_range(&si->cache, index, page, 0, si->max)
	{
		CHECK(page->pflags & PG_swapcache);
		CHECK_EQ(swp_offset(page_swap_entry(page)), index);
		CHECK(si->map[index] & SWAP_HAS_CACHE);
		cached++;
	}
	for (i = 0; i < si->max; i++)
		cached -= si->map[i] != SWAP_MAP_BAD &&
			  (si->map[i] & SWAP_HAS_CACHE);
	CHECK_EQ(cached, 0);
}

void swap_settle(void)
{
	struct swap_info_struct *si;

	while (finish_some(NULL))
		;
	for (si = swap_info; si < swap_info + MAX_SWAPFILES; si++)
		if (si->used && mm_swapoff(si, never))
			check_failed(__FILE__, __LINE__, "swapoff at the end");
	for (int i = 0; i < MOST; i++) {
		if (disks[i])
			__builtin_free(disks[i]->bytes);
		__builtin_free(disks[i]);
		disks[i] = NULL;
	}
}

/* ---- pages go ---- */

bool swap_out(struct mm_struct *mm, unsigned long addr)
{
	struct scan_control sc = { .may_unmap = true, .ignore_use = true };
	pte_t *pte = pte_lookup(mm, addr);
	struct page *page;
	bool anon;

	if (!pte || !pte_present(*pte) || pte_special(*pte))
		return false;
	page = pte_page(*pte);
	anon = PageAnon(page);
	if (!isolate_lru_page(page))
		return false;
	if (anon) /* so that it stays in the cache */
		get_page(page);
	if (reclaim_page(page, &sc) == PAGE_CLEAN)
		atomic_set(&page->_refcount, 1);
	putback_lru_page(page);
	if (anon)
		put_page(page);
	return !pte_present(*pte);
}

bool swap_drop(swp_entry_t entry)
{
	struct page *page = lookup_swap_cache(entry);
	bool gone = false;

	if (!page)
		return true;
	if (!isolate_lru_page(page)) {
		put_page(page);
		return false;
	}
	put_page(page);
	if (!trylock_page(page)) {
		putback_lru_page(page);
		return false;
	}
	if (!PageWriteback(page))
		gone = remove_from_swap_cache(page);
	if (gone)
		atomic_set(&page->_refcount, 1);
	unlock_page(page);
	putback_lru_page(page);
	return gone;
}

swp_entry_t slot_at(struct mm_struct *mm, unsigned long addr)
{
	pte_t *pte = pte_lookup(mm, addr);

	CHECK(pte && is_swap_pte(*pte));
	return pte_to_swp_entry(*pte);
}

bool swap_away(struct mm_struct *mm, unsigned long addr)
{
	return swap_out(mm, addr) && swap_drop(slot_at(mm, addr));
}
