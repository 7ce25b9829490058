/* SPDX-License-Identifier: MIT */
/*
 * Each access of code that was compiled with -fsanitize=kernel-address is
 * looked at before it is made.
 *
 *   p->field = 1  ─► __asan_store4(&p->field) ─► may these bytes be touched?
 *
 *   an object of a watched cache   as far as it was asked for, until released
 *   a guarded one                  the same
 *   a free frame                   not at all
 *   the last frame of a vmalloc    as far as was asked for (page->index)
 *   area, or of a large block
 *   anything else                  yes
 *
 * No shadow memory says so, as in Linux, but what the allocators know anyway:
 * slab_block_at(), kfence_room(), and the descriptors of frames. So it is slow,
 * and precise to the byte. An access that is wrong is reported, and made.
 *
 * No kernel that is installed has this file. It is linked with code that was
 * compiled for it: all of kernel/ (tests/machine/looked), and Linux's tests
 * (tests/foreign/linux-kunit).
 */
#include <ashlar/mmzone.h>
#include <ashlar/printf.h>
#include <ashlar/report_record.h>
#include <ashlar/vmalloc.h>
#include <i386.h>
#include <mach/page.h>
#include <mm/kfence.h>
#include <mm/slab_debug.h>
#include "kasan.h"

#define ALL (~(size_t)0)

extern const u8 _end[]; /* of the image: port/i386/kernel.ld */

static bool reporting; /* by code that is looked at itself */

/* True if @page lies in a block that is free, or on a CPU's list. */
static bool is_free(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	const struct page *head;
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++) {
		head = pfn_to_page(pfn & ~((1ul << order) - 1));
		if (head->flags & (PG_slab | PG_used))
			return false;
		if (head->flags & (PG_buddy | PG_pcp))
			return head->order >= order;
	}
	return false;
}

/* Bytes of a frame from @offset on; of a user's page @index is its own. */
static size_t frame_room(const struct page *page, size_t offset)
{
	if (page->flags & PG_slab || page->mapping)
		return ALL;
	if (page->index)
		return offset < page->index ? page->index - offset : 0;
	return is_free(page) ? 0 : ALL;
}

/**
 * kasan_room() - bytes that may be touched from an address on
 * @p: any address of the kernel's
 *
 * Context: any; takes no lock. Return: as many as it is known of; ~0: nothing
 * is known that forbids any.
 */
size_t kasan_room(const void *p)
{
	uintptr_t addr = (uintptr_t)p;
	struct slab_block b;
	struct page *page;
	size_t room;

	if (kfence_slab && kfence_room(p, &room))
		return room;
	if (is_vmalloc_addr(p)) {
		page = vmalloc_to_page(p);
		return page ? frame_room(page, addr & ~PAGE_MASK) : 0;
	}
	if (!virt_addr_valid(p) || addr < (uintptr_t)_end)
		return ALL;
	if (!slab_block_at(p, &b))
		return frame_room(virt_to_page(p), addr & ~PAGE_MASK);
	room = addr - (uintptr_t)b.start;
	return b.slot && b.live && room < b.bytes ? b.bytes - room : 0;
}

static void report_frame(const void *p, size_t bytes, bool write,
			 const char *by)
{
	const struct page *page = is_vmalloc_addr(p) ? vmalloc_to_page(p) :
						       virt_to_page(p);
	const char *what = write ? "write" : "read", *s = bytes == 1 ? "" : "s";

	if (page && page->index)
		mm_report("heap-buffer-overflow",
			  "%s of %zu byte%s at %p by %s, in a page of which "
			  "%lu bytes were asked for",
			  what, bytes, s, p, by, page->index);
	else
		mm_report("heap-use-after-free",
			  "%s of %zu byte%s at %p by %s, in a free page", what,
			  bytes, s, p, by);
}

/**
 * kasan_check() - look at an access
 * @p: where it begins
 * @bytes: of it
 * @write: it is a write
 * @ip: an instruction of whoever makes it
 *
 * Context: any. Return: false, after a report, if it is wrong.
 */
bool kasan_check(const void *p, size_t bytes, bool write, unsigned long ip)
{
	struct slab_block b;
	char by[64];

	if (!bytes || bytes <= kasan_room(p) || reporting)
		return true;
	reporting = true;
	sprint_symbol(by, (u32)ip);
	if (!kfence_refuse(p, bytes, write ? REPORT_WRITE : REPORT_READ, by)) {
		if (slab_block_at(p, &b))
			slab_report_access(&b, p, bytes, write, by);
		else
			report_frame(p, bytes, write, by);
	}
	reporting = false;
	return false;
}

/* ---- what the compiler calls ---- */

#define CALLER ((unsigned long)__builtin_return_address(0))

#define HOOKS(size)                                       \
	void __asan_load##size##_noabort(const void *p);  \
	void __asan_load##size##_noabort(const void *p)   \
	{                                                 \
		kasan_check(p, size, false, CALLER);      \
	}                                                 \
	void __asan_store##size##_noabort(const void *p); \
	void __asan_store##size##_noabort(const void *p)  \
	{                                                 \
		kasan_check(p, size, true, CALLER);       \
	}

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

void __asan_loadN_noabort(const void *p, size_t bytes);
void __asan_loadN_noabort(const void *p, size_t bytes)
{
	kasan_check(p, bytes, false, CALLER);
}

void __asan_storeN_noabort(const void *p, size_t bytes);
void __asan_storeN_noabort(const void *p, size_t bytes)
{
	kasan_check(p, bytes, true, CALLER);
}

/* Stacks are not looked at. */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
}
