/* SPDX-License-Identifier: MIT */
/*
 * The bytes of frames that may lie beyond the direct map.
 *
 *   kmap_local_page   a window of this moment: cheap, nests, given back in
 *                     the reverse order; a task that sleeps keeps its own
 *   kmap              a window that stays, shared by all who ask for the same
 *                     page; may sleep until one is free
 *
 * A low frame needs no window: both are then arithmetic.
 */
#ifndef ASHLAR_HIGHMEM_H
#define ASHLAR_HIGHMEM_H

#include <ashlar/mm.h>
#include <ashlar/string.h>
#include <mach/percpu.h>
#include <mach/pgtable.h>

/* Once, before high frames come online. */
void highmem_init(void);

static inline bool PageHighMem(const struct page *page)
{
	return page_is_high(page);
}

/* A task's local windows while it does not run. */
struct kmap_ctrl {
	unsigned int top;
	pte_t ptes[KMAP_LOCAL_SLOTS];
};

DECLARE_PER_CPU(unsigned int, kmap_local_top); /* windows open now */
void __kmap_local_switch(struct kmap_ctrl *prev, struct kmap_ctrl *next);

/* Another task runs from now on. */
static inline void kmap_local_switch(struct kmap_ctrl *prev,
				     struct kmap_ctrl *next)
{
	if (unlikely(*this_cpu_ptr(kmap_local_top) | next->top))
		__kmap_local_switch(prev, next);
}

void *__kmap_local(const struct page *page);
void __kunmap_local(void);
void *kmap_high(struct page *page);
void kunmap_high(struct page *page);

static inline void *kmap_local_page(const struct page *page)
{
	if (unlikely(PageHighMem(page)))
		return __kmap_local(page);
	return page_address(page);
}

/* @addr: anywhere within the page, what kmap_local_page() returned last. */
static inline void kunmap_local(const void *addr)
{
	if (unlikely((uintptr_t)addr - KMAP_LOCAL_BASE <
		     KMAP_LOCAL_SLOTS * PAGE_SIZE))
		__kunmap_local();
}

/* Context: may sleep. */
static inline void *kmap(struct page *page)
{
	if (unlikely(PageHighMem(page)))
		return kmap_high(page);
	return page_address(page);
}

static inline void kunmap(struct page *page)
{
	if (unlikely(PageHighMem(page)))
		kunmap_high(page);
}

static inline void clear_highpage(struct page *page)
{
	void *p = kmap_local_page(page);

	clear_page(p);
	kunmap_local(p);
}

/* @vaddr: where the program has it; caches here do not care. */
static inline void clear_user_highpage(struct page *page, unsigned long vaddr)
{
	(void)vaddr;
	clear_highpage(page);
}

static inline void copy_highpage(struct page *to, const struct page *from)
{
	void *src = kmap_local_page(from), *dst = kmap_local_page(to);

	copy_page(dst, src);
	kunmap_local(dst);
	kunmap_local(src);
}

static inline void copy_user_highpage(struct page *to, const struct page *from,
				      unsigned long vaddr)
{
	(void)vaddr;
	copy_highpage(to, from);
}

static inline void zero_user(struct page *page, size_t offset, size_t n)
{
	char *p = kmap_local_page(page);

	memset(p + offset, 0, n);
	kunmap_local(p);
}

static inline void memcpy_from_page(void *to, const struct page *page,
				    size_t offset, size_t n)
{
	const char *p = kmap_local_page(page);

	memcpy(to, p + offset, n);
	kunmap_local(p);
}

static inline void memcpy_to_page(struct page *page, size_t offset,
				  const void *from, size_t n)
{
	char *p = kmap_local_page(page);

	memcpy(p + offset, from, n);
	kunmap_local(p);
}

/* Frames that have windows from kmap() now, for reports and tests. */
unsigned long nr_kmaps(void);

#endif
