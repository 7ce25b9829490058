/* SPDX-License-Identifier: MIT */
/*
 * The page allocator's front: who asks for frames, and what is tried.
 *
 *   alloc_pages
 *      1. this CPU's lists (pcp.c), refilled from a zone
 *      2. the zones, down to their low watermarks (mmzone.c)
 *      3. more RAM from the machine (port_grow_ram)
 *      4. the zones, down to their min watermarks
 *      5. where more than a frame is wanted, compaction, and 4 again
 *      6. reclaim, and 4 and 5 again: a few rounds, or for ever (__GFP_NOFAIL)
 *      7. the end of a process, where there are some
 *
 * 5 to 7 are for callers that may sleep. A release goes to the CPU's lists
 * if the block is small, else to its zone.
 *
 * A block in a caller's hands has PG_used on its first frame and the order
 * that was asked for; that is what a release is compared with.
 *
 * Locks: none of its own.
 */
#include <ashlar/fault-inject.h>
#include <mach/trace.h>
#include "page_alloc.h"

/* What higher files and the kernel do for this one. NULL asks for nothing. */
unsigned long (*page_alloc_reclaim)(gfp_t gfp, unsigned int order);
void (*page_alloc_low)(gfp_t gfp);
bool (*page_alloc_compact)(gfp_t gfp, unsigned int order, bool again);
enum oom_verdict (*page_alloc_oom)(gfp_t gfp, unsigned int order);
void (*page_alloc_owner)(struct page *page, unsigned int order, gfp_t gfp);
void (*page_alloc_clear_high)(struct page *page, unsigned long nr);

#define RECLAIM_ROUNDS 12

static struct page *alloc_after_grow(gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;

	while (!page && port_grow_ram(order))
		page = alloc_from_zones(gfp, order, WMARK_LOW);
	return page;
}

/*
 * A task that is to end so that memory comes free, or that reclaims, may take
 * the last of it.
 */
static struct page *alloc_from_reserve(gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;
	int i;

	for (i = (int)gfp_zone(gfp); i >= 0 && !page; i--) {
		spin_lock(&zones[i].lock);
		page = rmqueue(&zones[i], order, gfp_migratetype(gfp));
		spin_unlock(&zones[i].lock);
	}
	return page;
}

/* True if the end of a process would help, and the caller is worth one. */
static bool may_oom(gfp_t gfp, unsigned int order)
{
	return page_alloc_oom && order <= PAGE_ALLOC_COSTLY_ORDER &&
	       !(gfp & (__GFP_NORETRY | __GFP_DMA));
}

/*
 * Nothing was reclaimed. Returns whether to look again; the caller may have
 * been given a page from the reserve.
 */
static bool alloc_oom(gfp_t gfp, unsigned int order, struct page **page)
{
	enum oom_verdict verdict = OOM_NOBODY;

	if (may_oom(gfp, order))
		verdict = page_alloc_oom(gfp, order);
	if (verdict == OOM_MYSELF)
		*page = alloc_from_reserve(gfp, order);
	else if (verdict == OOM_ANOTHER ||
		 (verdict == OOM_NOBODY && (gfp & __GFP_NOFAIL)))
		port_wait(&zones);
	return verdict == OOM_ANOTHER || verdict == OOM_FREED ||
	       (gfp & __GFP_NOFAIL);
}

static void count_stall(gfp_t gfp)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	count_vm_events(cpu, ALLOCSTALL, 1);
	if (gfp & __GFP_DMA)
		count_vm_events(cpu, ALLOCSTALL_DMA, 1);
	else if (gfp & __GFP_HIGHMEM)
		count_vm_events(cpu,
				gfp & __GFP_MOVABLE ? ALLOCSTALL_MOVABLE :
						      ALLOCSTALL_HIGH,
				1);
}

/* The free lists have no block of that order; what is free may be moved. */
static struct page *alloc_compacted(gfp_t gfp, unsigned int order, bool again)
{
	struct page *page;

	if (!order || !page_alloc_compact ||
	    !page_alloc_compact(gfp, order, again))
		return NULL;
	page = alloc_from_zones(gfp, order, WMARK_MIN);
	count_vm_event(page ? COMPACTSUCCESS : COMPACTFAIL);
	return page;
}

/*
 * The zones are below their low watermark, and the machine has no more RAM.
 * A caller who may not wait takes what the min watermark leaves; one who may
 * has the shrinkers run, a few rounds or for ever (__GFP_NOFAIL), and where
 * there are processes, one of them ended.
 */
static __cold_path struct page *alloc_slow(gfp_t gfp, unsigned int order)
{
	unsigned int round = 0, rounds = RECLAIM_ROUNDS;
	struct page *page = alloc_after_grow(gfp, order);

	if (page)
		return page;
	if (page_alloc_low)
		page_alloc_low(gfp);
	page = alloc_from_zones(gfp, order, WMARK_MIN);
	if (!page)
		page = alloc_compacted(gfp, order, false);
	if (gfp & __GFP_NORETRY)
		rounds = 1;
	while (!page && gfpflags_allow_blocking(gfp)) {
		unsigned long freed = 0;

		if (page_alloc_reclaim)
			freed = page_alloc_reclaim(gfp, order);
		if (freed == RECLAIM_RECURSION)
			return alloc_from_reserve(gfp, order);
		count_stall(gfp);
		page = alloc_from_zones(gfp, order, WMARK_MIN);
		if (!page)
			page = alloc_compacted(gfp, order, true);
		if (page)
			break;
		if (freed && (++round < rounds || (gfp & __GFP_NOFAIL)))
			continue;
		if (!alloc_oom(gfp, order, &page))
			break;
	}
	return page;
}

#define SILENCE_MS 5000 /* after a line about a failure, as in Linux */

static void alloc_failed(gfp_t gfp, unsigned int order)
{
	static unsigned long silent_until, silent;
	unsigned long now;

	count_vm_events(*this_cpu_ptr(mm_cpu_self), ALLOC_FAIL, 1);
	if (gfp & __GFP_NOWARN)
		return;
	now = port_time_ms();
	if ((long)(now - READ_ONCE(silent_until)) < 0) {
		__atomic_fetch_add(&silent, 1, __ATOMIC_RELAXED);
		return;
	}
	WRITE_ONCE(silent_until, now + SILENCE_MS);
	mm_log("page allocation failure: order:%u, mode:%#x%s", order, gfp,
	       __atomic_exchange_n(&silent, 0, __ATOMIC_RELAXED) ?
		       " (and others before)" :
		       "");
}

static __always_inline struct page *find_block(gfp_t gfp, unsigned int order)
{
	struct page *page = pcp_alloc(gfp, order);

	if (unlikely(!page))
		page = alloc_from_zones(gfp, order, WMARK_LOW);
	if (unlikely(!page))
		page = alloc_slow(gfp, order);
	if (unlikely(!page)) {
		alloc_failed(gfp, order);
		return NULL;
	}
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGALLOC, 1ul << order);
	trace_mm_page_alloc(page, order, gfp);
	return page;
}

/* True if blocks are made to fail, or there is page_alloc_owner. */
static inline bool blocks_are_watched(void)
{
	return (fail_page_alloc.probability | fail_nth_left |
		(uintptr_t)page_alloc_owner) != 0;
}

static __cold_path struct page *find_watched_block(gfp_t gfp,
						   unsigned int order)
{
	struct page *page;

	if (should_fail_alloc_page(gfp, order))
		return NULL;
	page = find_block(gfp, order);
	if (page && page_alloc_owner)
		page_alloc_owner(page, order, gfp);
	return page;
}

/* A block with PG_zeroed still saying whether it reads as zero. */
struct page *alloc_block(gfp_t gfp, unsigned int order)
{
	might_alloc(gfp);
	if (unlikely(order >= MAX_ORDER))
		return NULL;
	if (unlikely(blocks_are_watched()))
		return find_watched_block(gfp, order);
	return find_block(gfp, order);
}

static void prepare_new_block(struct page *page, unsigned int order, gfp_t gfp)
{
	unpoison_frames(page, 1ul << order);
	if ((gfp & __GFP_ZERO) && block_resident(page))
		clear_frames(page, 1ul << order);
	page->flags = PG_used;
	page->order = (u8)order;
	page->priv = 0;
}

/**
 * alloc_pages() - allocate 2^order contiguous page frames
 * @gfp: GFP_* flags: which zone, which mobility, may it wait
 * @order: 0 … MAX_ORDER - 1
 *
 * Context: may sleep if @gfp has __GFP_RECLAIM. Return: the first frame's
 * descriptor, or NULL. The block is aligned to its own size.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	(void)mm_this_cpu(); /* this may be all that a program asks for */
	page = alloc_block(gfp, order);
	if (likely(page))
		prepare_new_block(page, order, gfp);
	return page;
}

/* ---- release ---- */

static void free_to_zone(struct page *page, unsigned int order, u8 zeroed)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone *z = pfn_zone(pfn);

	spin_lock(&z->lock);
	free_one_block(z, pfn, order, zeroed);
	spin_unlock(&z->lock);
	page_report_balance(z);
}

void free_block(struct page *page, unsigned int order)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned long pfn = page_to_pfn(page);
	struct zone *z = pfn_zone(pfn);
	unsigned int type = pageblock_type(z, pfn);

	trace_mm_page_free(page, order);
	count_vm_events(cpu, PGFREE, 1ul << order);
	poison_frames(page, 1ul << order);
	if (!cpu || order >= PCP_ORDERS || z->index != pcp_zone(type)) {
		free_to_zone(page, order, 0);
		return;
	}
	local_lock(&cpu->pcp.lock);
	pcp_add(&cpu->pcp, page, order, type, 0);
	if (likely(cpu->pcp.count <= pcp_high(&cpu->pcp))) {
		local_unlock(&cpu->pcp.lock);
		return;
	}
	pcp_trim(&cpu->pcp, pcp_high(&cpu->pcp) - cpu->pcp.batch);
	pcp_warm_up(&cpu->pcp);
	local_unlock(&cpu->pcp.lock);
	page_report_balance(z);
}

/* A frame among others of free_unref_pages(); @z has it. Context: pcp.lock. */
static inline void free_unref_page(struct mm_cpu *cpu, struct page *page,
				   struct zone *z)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned int type = pageblock_type(z, pfn);

	poison_frames(page, 1);
	if (likely(z->index == pcp_zone(type))) {
		pcp_add(&cpu->pcp, page, 0, type, 0);
		return;
	}
	spin_lock(&z->lock);
	free_one_block(z, pfn, 0, 0);
	spin_unlock(&z->lock);
}

/**
 * free_unref_pages() - free single frames, as __free_page() does one
 * @pages: that were allocated with order 0
 * @nr: how many
 *
 * Context: no lock of the allocator held.
 */
__racy void free_unref_pages(struct page **pages, unsigned int nr)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	struct page **end = pages + nr;
	struct zone *z = zones;

	if (unlikely(!cpu)) {
		for (; pages < end; pages++)
			__free_page(*pages);
		return;
	}
	count_vm_events(cpu, PGFREE, nr);
	local_lock(&cpu->pcp.lock);
	for (; pages < end; pages++) {
		if (page_to_pfn(*pages) - z->start_pfn >= z->spanned_pages)
			z = pfn_zone(page_to_pfn(*pages));
		free_unref_page(cpu, *pages, z);
	}
	if (cpu->pcp.count > pcp_high(&cpu->pcp)) {
		pcp_trim(&cpu->pcp, pcp_high(&cpu->pcp) - cpu->pcp.batch);
		pcp_warm_up(&cpu->pcp);
	}
	local_unlock(&cpu->pcp.lock);
	page_report_balance(z);
}

/**
 * __free_pages() - free what alloc_pages() returned
 * @page: the first frame, or NULL
 * @order: the order that was asked for
 *
 * Context: any. A frame that is not allocated, or another order, is
 * reported and not freed.
 */
void __free_pages(struct page *page, unsigned int order)
{
	if (!page)
		return;
	if (unlikely(!(page->flags & PG_used) || page->order != order)) {
		mm_report(page->flags & PG_used ? "bad-free" : "double-free",
			  "frame %#lx freed with order %u is not an allocated "
			  "block of that order",
			  page_to_pfn(page), order);
		return;
	}
	free_block(page, order);
}

/**
 * __get_free_pages() - alloc_pages() by address
 * @gfp: GFP_* flags, without __GFP_HIGHMEM (such frames have no address)
 * @order: 0 … MAX_ORDER - 1
 *
 * Return: the address of the first byte, or 0.
 */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp & ~__GFP_HIGHMEM, order);

	return page ? (unsigned long)page_address(page) : 0;
}

/** get_zeroed_page() - one page of zeroes. @gfp: GFP_* flags. */
unsigned long get_zeroed_page(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

/** free_pages() - __free_pages() by address; 0 is ignored. */
void free_pages(unsigned long addr, unsigned int order)
{
	if (!addr)
		return;
	if (unlikely(!virt_addr_valid((void *)addr))) {
		mm_report("bad-free", "%#lx is not an address of this memory",
			  addr);
		return;
	}
	__free_pages(virt_to_page((void *)addr), order);
}

/** get_order() - the order whose block holds @size bytes (0 for size 0). */
unsigned int get_order(unsigned long size)
{
	unsigned int order = 0;

	while ((PAGE_SIZE << order) < size &&
	       order < 8 * sizeof(long) - 1 - PAGE_SHIFT)
		order++;
	return order;
}

/**
 * split_page() - make a block of 2^order frames into single frames
 * @page: what alloc_pages(gfp, order) returned
 * @order: its order
 *
 * Afterwards each frame is freed alone, with order 0.
 */
void split_page(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1ul << order; i++) {
		page[i].flags = PG_used;
		page[i].order = 0;
		page[i].priv = 0;
	}
}
