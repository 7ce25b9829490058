/* SPDX-License-Identifier: MIT */
/*
 * Windows on frames that have no address of their own.
 *
 *   kmap_local: a stack of slots            kmap: a table of slots
 *
 *   KMAP_LOCAL_BASE                         PKMAP_BASE
 *   | 0 | 1 | 2 |   |   | … | 15 |          | 0 | 1 | 2 | … | 1023 |
 *             ^ kmap_local_top                users[i], page[i]
 *
 * A local window is one store and one flush of a page; the next is the slot
 * above. Interrupt handlers touch no user page, so each CPU's stack is its
 * running task's; one that goes to sleep with windows open takes their entries
 * along and finds them at the same addresses (kmap_local_switch), so it stays
 * on its CPU.
 *
 * A permanent window has users and is found again by its page: slots are
 * looked up through a small hash, chained by index. A slot without users
 * keeps its page, in case it is asked for again, until a pass over all slots
 * takes back the idle ones and flushes them at once. When every slot has
 * users the caller waits for a kunmap().
 *
 * Locks: kmap_lock, held alone; local windows have none, being a CPU's own.
 */
#include <ashlar/highmem.h>
#include <mach/tlb.h>
#include "internal.h"

#define KMAP_HASH 256
#define NO_SLOT 0

/* Slot 0 is not used: 0 ends a chain. */
static u16 hash_heads[KMAP_HASH];
static struct kmap_slot {
	struct page *page; /* NULL: the slot is free */
	u32 users;
	u16 next; /* in its hash chain */
} slots[LAST_PKMAP];

static spinlock_t kmap_lock = SPIN_LOCK_UNLOCKED;
static unsigned int last_slot; /* where the last search ended */
static unsigned long slots_used; /* with users */
DEFINE_PER_CPU(unsigned int, kmap_local_top);

/* ---- windows of this moment ---- */

static unsigned long local_address(unsigned int slot)
{
	return KMAP_LOCAL_BASE + ((unsigned long)slot << PAGE_SHIFT);
}

/**
 * __kmap_local() - kmap_local_page() of a high page
 * @page: the page
 *
 * Context: any but interrupts. Return: where its bytes are.
 */
void *__kmap_local(const struct page *page)
{
	unsigned int slot = (*this_cpu_ptr(kmap_local_top))++;
	unsigned long addr = local_address(slot);

	if (unlikely(slot >= KMAP_LOCAL_SLOTS))
		mm_panic("kmap_local: %u windows are open", slot);
	set_pte(kmap_local_ptes + slot, mk_pte(page, PAGE_KERNEL));
	__flush_tlb_one(addr);
	return (void *)addr;
}

/** __kunmap_local() - close the window that was opened last */
void __kunmap_local(void)
{
	unsigned int *top = this_cpu_ptr(kmap_local_top);

	if (unlikely(!*top))
		mm_panic("kunmap_local: no window is open");
	--*top;
	pte_clear(kmap_local_ptes + *top);
	__flush_tlb_one(local_address(*top));
}

/**
 * __kmap_local_switch() - another task runs, and one of the two has windows
 * @prev: whose windows are open; they are closed and kept here
 * @next: whose are to be open again
 */
void __kmap_local_switch(struct kmap_ctrl *prev, struct kmap_ctrl *next)
{
	unsigned int *top = this_cpu_ptr(kmap_local_top), slot;

	prev->top = *top;
	for (slot = 0; slot < max(*top, next->top); slot++) {
		prev->ptes[slot] = kmap_local_ptes[slot];
		if (slot < next->top)
			set_pte(kmap_local_ptes + slot, next->ptes[slot]);
		else
			pte_clear(kmap_local_ptes + slot);
		__flush_tlb_one(local_address(slot));
	}
	*top = next->top;
}

/* ---- windows that stay ---- */

static u16 *hash_head(const struct page *page)
{
	return hash_heads + page_to_pfn(page) % KMAP_HASH;
}

static unsigned long slot_address(unsigned int slot)
{
	return PKMAP_BASE + ((unsigned long)slot << PAGE_SHIFT);
}

static unsigned int find_slot(const struct page *page)
{
	unsigned int i;

	for (i = *hash_head(page); i; i = slots[i].next)
		if (slots[i].page == page)
			break;
	return i;
}

static void forget_slot(unsigned int slot)
{
	u16 *link = hash_head(slots[slot].page);

	while (*link != slot)
		link = &slots[*link].next;
	*link = slots[slot].next;
	slots[slot].page = NULL;
	pte_clear(pkmap_page_table + slot);
}

/* Take back all slots without users, and flush them together. */
static void forget_idle_slots(void)
{
	unsigned int i, first = LAST_PKMAP, last = 0;

	for (i = 1; i < LAST_PKMAP; i++) {
		if (!slots[i].page || slots[i].users)
			continue;
		forget_slot(i);
		first = min(first, i);
		last = i;
	}
	if (last)
		flush_tlb_kernel_range(slot_address(first),
				       slot_address(last + 1));
}

static unsigned int next_free_slot(void)
{
	unsigned int n;

	for (n = 1; n < LAST_PKMAP; n++) {
		last_slot = last_slot % (LAST_PKMAP - 1) + 1;
		if (last_slot == 1)
			forget_idle_slots();
		if (!slots[last_slot].page)
			return last_slot;
	}
	return NO_SLOT;
}

static unsigned int new_slot(struct page *page)
{
	unsigned int slot = next_free_slot();
	u16 *head = hash_head(page);

	if (slot == NO_SLOT) {
		forget_idle_slots();
		slot = next_free_slot();
	}
	if (slot == NO_SLOT)
		return NO_SLOT;
	slots[slot] = (struct kmap_slot){ .page = page, .next = *head };
	*head = (u16)slot;
	set_pte(pkmap_page_table + slot, mk_pte(page, PAGE_KERNEL));
	flush_cache_vmap(slot_address(slot), slot_address(slot + 1));
	return slot;
}

/**
 * kmap_high() - kmap() of a high page
 * @page: the page; the caller holds a reference
 *
 * Context: may sleep, until another user gives a window back. Return: where
 * its bytes are, the same for everybody, until kunmap_high().
 */
void *kmap_high(struct page *page)
{
	unsigned int slot;

	for (;;) {
		spin_lock(&kmap_lock);
		slot = find_slot(page);
		if (slot == NO_SLOT)
			slot = new_slot(page);
		if (slot != NO_SLOT)
			break;
		spin_unlock(&kmap_lock);
		port_wait(slots);
	}
	slots_used += slots[slot].users++ == 0;
	spin_unlock(&kmap_lock);
	return (void *)slot_address(slot);
}

/**
 * kunmap_high() - one user of a page's window is done
 * @page: what kmap_high() was given
 *
 * Context: any but interrupts.
 */
void kunmap_high(struct page *page)
{
	unsigned int slot;
	bool idle;

	spin_lock(&kmap_lock);
	slot = find_slot(page);
	if (slot == NO_SLOT || !slots[slot].users)
		mm_panic("kunmap of frame %#lx, which has no window",
			 page_to_pfn(page));
	idle = --slots[slot].users == 0;
	slots_used -= idle;
	spin_unlock(&kmap_lock);
	if (idle)
		port_wake(slots);
}

/** nr_kmaps() - frames that have permanent windows with users */
unsigned long nr_kmaps(void)
{
	return slots_used;
}

/* ---- for the page allocator ---- */

static void clear_frames(struct page *page, unsigned long nr)
{
	while (nr--)
		clear_highpage(page++);
}

/** highmem_init() - high frames may be cleared from now on; once, at boot. */
void highmem_init(void)
{
	page_alloc_clear_high = clear_frames;
}
