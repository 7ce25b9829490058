/* SPDX-License-Identifier: MIT */
/*
 * swapoff: everything that an area has comes back into memory.
 *
 *   every space   ─→ its entries that lead there: faults, so to speak
 *   every file in memory ─→ likewise (mm/shmem.c)
 *   the cache     ─→ pages that nobody's entry leads to: they leave it
 *                    … until no slot is in use
 *
 * Nothing goes to the area any more, but entries that lead there still spread
 * by forks: so spaces are looked at again as long as slots are in use. If there
 * is no room, which is looked at before a program would have to die for it, or
 * the caller is to end, what came back stays, and the area is as it was.
 *
 * Locks: a space is held by mm_users while it is looked at, with its mmap_lock
 * for read; mmlist_lock for the way to the next one.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/fs.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/swapfile.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "pgtable.h"
#include "shmem.h"
#include "swapfile.h"
#include "vma.h"

/*
 * True if what is still in the area fits into memory that is free, or taken by
 * pages of files, and into other areas. A guess: it may be wrong either way.
 */
static bool is_room_for(const struct swap_info_struct *si)
{
	unsigned long room = global_node_page_state(NR_INACTIVE_FILE) +
			     global_node_page_state(NR_ACTIVE_FILE);
	struct zone *z;

	for_each_populated_zone(z)
		room += z->free_pages -
			min(z->free_pages, z->watermark[WMARK_HIGH]);
	room += (unsigned long)READ_ONCE(nr_swap_pages) +
		global_node_page_state(
			NR_SWAPCACHE); /* they are back already */
	return room >= READ_ONCE(si->inuse);
}

static bool leads_to(pte_t pte, unsigned int type)
{
	return is_swap_pte(pte) && swp_type(pte_to_swp_entry(pte)) == type;
}

static int unuse_errno(vm_fault_t ret)
{
	if (ret & VM_FAULT_OOM)
		return -ENOMEM;
	return ret & VM_FAULT_ERROR ? -EIO : 0;
}

/* The page of one entry comes back; 0 or -errno. mmap_lock. */
static int unuse_pte(struct vm_area_struct *vma, unsigned long addr, pte_t *pte,
		     unsigned int type)
{
	pte_t entry = *pte;
	int err = 0;

	while (!err && leads_to(entry, type) && !vma->vm_mm->oom_reaped) {
		err = unuse_errno(do_swap_page(vma, addr, pte, entry, false));
		entry = *pte;
	}
	return err;
}

static int unuse_vma(struct vm_area_struct *vma, unsigned int type,
		     bool (*cancelled)(void))
{
	unsigned long addr, next;
	pte_t *pte;
	int err;

	for (addr = vma->vm_start; addr < vma->vm_end; addr = next) {
		next = pgd_addr_end(addr, vma->vm_end);
		pte = pte_lookup(vma->vm_mm, addr);
		if (pte && pte_huge(*pte))
			continue; /* it is in memory, whole */
		for (; pte && addr < next; addr += PAGE_SIZE, pte++) {
			if (!leads_to(*pte, type))
				continue;
			err = cancelled() ? -EINTR :
					    unuse_pte(vma, addr, pte, type);
			if (err)
				return err;
		}
	}
	return 0;
}

static int unuse_mm(struct mm_struct *mm, unsigned int type,
		    bool (*cancelled)(void))
{
	struct vm_area_struct *vma;
	int err = 0;

	down_read(&mm->mmap_lock);
	for (vma = mm->mmap; vma && !err; vma = vma->vm_next)
		if (vma->anon_vma)
			err = unuse_vma(vma, type, cancelled);
	up_read(&mm->mmap_lock);
	return err;
}

/*
 * The next space after @mm, whose reference goes, with one of its own; NULL
 * after the last.
 */
static struct mm_struct *next_mm(struct mm_struct *mm)
{
	struct list_head *at = mm ? &mm->mmlist : &mm_list;
	struct mm_struct *next = NULL;

	spin_lock(&mmlist_lock);
	for (at = at->next; at != &mm_list && !next; at = at->next) {
		next = list_entry(at, struct mm_struct, mmlist);
		if (!next->swap_ents || !atomic_inc_not_zero(&next->mm_users))
			next = NULL;
	}
	spin_unlock(&mmlist_lock);
	if (mm)
		mmput(mm);
	return next;
}

static int unuse_spaces(unsigned int type, bool (*cancelled)(void))
{
	struct mm_struct *mm = NULL;
	int err = 0;

	while (!err && (mm = next_mm(mm)))
		err = unuse_mm(mm, type, cancelled);
	if (mm)
		mmput(mm);
	return err;
}

/* Pages leave the cache, once they are not written any more. */
static void empty_cache(struct swap_info_struct *si)
{
	unsigned long offset;
	struct page *page;

	for (offset = 1; offset < si->max; offset++) {
		page = lookup_swap_cache(swp_entry(swp_info_type(si), offset));
		if (!page)
			continue;
		lock_page(page);
		wait_on_page_writeback(page);
		try_to_free_swap(page);
		unlock_page(page);
		put_page(page);
	}
}

/* Until no slot is in use; 0 or -errno. */
static int try_to_unuse(struct swap_info_struct *si, bool (*cancelled)(void))
{
	unsigned int type = swp_info_type(si);
	unsigned long left;
	int err = 0;

	while (!err && (left = READ_ONCE(si->inuse))) {
		if (!is_room_for(si))
			return -ENOMEM;
		err = unuse_spaces(type, cancelled);
		if (!err)
			err = shmem_unuse(type, cancelled);
		if (!err)
			empty_cache(si);
		if (!err && cancelled())
			err = -EINTR;
		if (!err && left == READ_ONCE(si->inuse))
			port_wait(si); /* a space is on its way out */
	}
	return err;
}

/* True if the area can be written to: it is not on its way out already. */
static bool stop_writing(struct swap_info_struct *si)
{
	bool was = false;

	spin_lock(&swap_lock);
	if (si->used && si->writeok) {
		was = true;
		__swap_disable(si);
	}
	spin_unlock(&swap_lock);
	return was;
}

/**
 * mm_swapoff() - an area is used no more
 * @si: the area
 * @cancelled: true if the caller is to end; asked at each page
 *
 * Context: may sleep. Return: 0; -EINVAL: it is being taken away already;
 * -ENOMEM; -EINTR; -EIO: a page cannot be read. But for 0 the area goes on.
 */
int mm_swapoff(struct swap_info_struct *si, bool (*cancelled)(void))
{
	const struct swap_device_ops *ops = si->ops;
	struct file *file = si->file;
	void *device = si->device;
	int err;

	if (!stop_writing(si))
		return -EINVAL;
	err = try_to_unuse(si, cancelled);
	if (err) {
		swap_enable(si, si->prio);
		return err;
	}
	swap_area_free(si);
	if (ops->release)
		ops->release(device);
	if (file)
		fput(file);
	return 0;
}
