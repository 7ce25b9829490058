/* SPDX-License-Identifier: MIT */
/*
 * /proc/kpagecount and /proc/kpageflags: eight bytes for each frame of RAM,
 * from frame 0. How many page table entries map it; and what it is, in the
 * bits that Linux's tools know.
 *
 * A frame inside a free block says so too: its head is found by trying the
 * alignments that a block may have. Frames on per-CPU lists, and those of the
 * kernel that are no slab's, have no bit. What is said of a huge page is said
 * of each of its frames.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mmzone.h>
#include <ashlar/tune.h>
#include <kernel/fs/libfs.h>
#include <kernel/sched/sched.h>
#include <mach/page.h>
#include <mm/pgtable.h>
#include "proc.h"

#define ENTRY sizeof(u64)

enum {
	KPF_LOCKED = 0,
	KPF_REFERENCED = 2,
	KPF_UPTODATE = 3,
	KPF_DIRTY = 4,
	KPF_LRU = 5,
	KPF_ACTIVE = 6,
	KPF_SLAB = 7,
	KPF_WRITEBACK = 8,
	KPF_RECLAIM = 9,
	KPF_BUDDY = 10,
	KPF_MMAP = 11,
	KPF_ANON = 12,
	KPF_SWAPCACHE = 13,
	KPF_SWAPBACKED = 14,
	KPF_COMPOUND_HEAD = 15,
	KPF_COMPOUND_TAIL = 16,
	KPF_HUGE = 17,
	KPF_UNEVICTABLE = 18,
	KPF_NOPAGE = 20,
	KPF_KSM = 21,
	KPF_THP = 22,
	KPF_ZERO_PAGE = 24,
	KPF_MLOCKED = 33,
};
#define BIT(n) (1ull << (n))

static unsigned long end_of_ram(void)
{
	unsigned long end = 0;
	struct zone *z;

	for_each_populated_zone(z)
		end = max(end, z->start_pfn + z->spanned_pages);
	return end;
}

/* True if @pfn lies in a zone, so that it has a descriptor. */
static bool has_page(unsigned long pfn)
{
	struct zone *z;

	for_each_populated_zone(z) {
		if (pfn - z->start_pfn < z->spanned_pages)
			return true;
	}
	return false;
}

static bool in_free_block(unsigned long pfn)
{
	const struct page *head;
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++) {
		head = pfn_to_page(pfn & ~((1ul << order) - 1));
		if (head->flags & PG_buddy)
			return head->order >= order;
	}
	return false;
}

/* True if the frame is a program's or a file's: others have no mapping. */
static bool is_user_page(const struct page *page)
{
	return page->flags & PG_used && !(page->flags & PG_slab) &&
	       page->mapping;
}

static u64 user_flags(const struct page *page)
{
	static const struct {
		u32 pflag;
		u8 bit;
	} same[] = {
		{ PG_locked, KPF_LOCKED },
		{ PG_referenced, KPF_REFERENCED },
		{ PG_uptodate, KPF_UPTODATE },
		{ PG_dirty, KPF_DIRTY },
		{ PG_lru, KPF_LRU },
		{ PG_active, KPF_ACTIVE },
		{ PG_writeback, KPF_WRITEBACK },
		{ PG_reclaim, KPF_RECLAIM },
		{ PG_swapcache, KPF_SWAPCACHE },
		{ PG_swapbacked, KPF_SWAPBACKED },
		{ PG_unevictable, KPF_UNEVICTABLE },
	};
	u64 flags = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		if (page->pflags & same[i].pflag)
			flags |= BIT(same[i].bit);
	}
	if (atomic_read(&page->_mapcount) > 0)
		flags |= BIT(KPF_MMAP);
	if (page->mapping & PAGE_MAPPING_ANON)
		flags |= BIT(KPF_ANON);
	if ((page->mapping & PAGE_MAPPING_KSM) == PAGE_MAPPING_KSM)
		flags |= BIT(KPF_KSM);
	if (atomic_read(&page->_mlock_count) > 0)
		flags |= BIT(KPF_MLOCKED);
	return flags;
}

/* True if it is the first frame of a page of the pool, in use or free. */
static bool is_hugetlb(const struct page *head)
{
	return (head->flags & (PG_used | PG_slab)) == PG_used &&
	       head->order == HPAGE_PMD_ORDER && head->pflags & PG_hugetlb;
}

static bool is_huge(const struct page *head)
{
	return is_hugetlb(head) || (is_user_page(head) && PageTransHuge(head));
}

/* The page that the frame belongs to, which may be a huge one. */
static const struct page *user_page(struct page *frame)
{
	const struct page *head = compound_head(frame);

	return is_huge(head) ? head : frame;
}

static u64 huge_flags(const struct page *frame, const struct page *head)
{
	return user_flags(head) | BIT(is_hugetlb(head) ? KPF_HUGE : KPF_THP) |
	       BIT(frame == head ? KPF_COMPOUND_HEAD : KPF_COMPOUND_TAIL);
}

static u64 frame_flags(unsigned long pfn)
{
	const struct page *page = pfn_to_page(pfn), *head;

	if (!has_page(pfn))
		return BIT(KPF_NOPAGE);
	if (pfn == zero_pfn)
		return BIT(KPF_ZERO_PAGE);
	if (page->flags & PG_slab) {
		if (page->flags & PG_tail)
			return BIT(KPF_SLAB) | BIT(KPF_COMPOUND_TAIL);
		return BIT(KPF_SLAB) |
		       (page->nr > 1 ? BIT(KPF_COMPOUND_HEAD) : 0);
	}
	head = user_page(pfn_to_page(pfn));
	if (is_huge(head))
		return huge_flags(page, head);
	if (is_user_page(head))
		return user_flags(page);
	return in_free_block(pfn) ? BIT(KPF_BUDDY) : 0;
}

static u64 frame_count(unsigned long pfn)
{
	const struct page *page;

	if (!has_page(pfn))
		return 0;
	page = user_page(pfn_to_page(pfn));
	return is_user_page(page) ? (u64)atomic_read(&page->_mapcount) : 0;
}

static ssize_t read_frames(struct iov_iter *to, loff_t *pos,
			   u64 (*what)(unsigned long pfn))
{
	const loff_t end = (loff_t)end_of_ram() * (loff_t)ENTRY;
	ssize_t total = 0;
	u64 entry;

	if (*pos % (loff_t)ENTRY || to->count % ENTRY)
		return -EINVAL;
	while (to->count && *pos < end) {
		entry = what((unsigned long)(*pos / (loff_t)ENTRY));
		if (copy_to_iter(&entry, ENTRY, to) != ENTRY)
			return total ? total : -EFAULT;
		*pos += (loff_t)ENTRY;
		total += (ssize_t)ENTRY;
		cond_resched();
	}
	return total;
}

static ssize_t flags_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	(void)f;
	return read_frames(to, pos, frame_flags);
}

static ssize_t count_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	(void)f;
	return read_frames(to, pos, frame_count);
}

const struct file_operations proc_kpageflags_fops = {
	.read_iter = flags_read,
	.llseek = generic_file_llseek,
};

const struct file_operations proc_kpagecount_fops = {
	.read_iter = count_read,
	.llseek = generic_file_llseek,
};
