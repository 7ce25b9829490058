/* SPDX-License-Identifier: MIT */
/* Exercises about areas and files: lessons 6, and 24 to 26. */
#include <ashlar/err.h>
#include <ashlar/pagemap.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/swap.h>
#include <ashlar/writeback.h>
#include "../../mm/lru.h"
#include "exercise.h"
#include "file.h"
#include "picture.h"
#include "spaces.h"

/* ---- 6: where areas lie ---- */

static unsigned long place(struct mm_struct *mm, unsigned long pages)
{
	return ksys_mmap(mm, NULL, 0, pages << PAGE_SHIFT, RW,
			 MAP_PRIVATE | MAP_ANONYMOUS, 0);
}

static unsigned int areas(const struct mm_struct *mm)
{
	return (unsigned int)mm->map_count;
}

void ask_areas(void)
{
	unsigned long a = 1 + draw_below(6), b = 1 + draw_below(6), first;
	unsigned long second, middle;
	struct mm_struct *mm;

	course_boot();
	mm = new_space();
	first = place(mm, a);
	second = ksys_mmap(mm, NULL, 0, b << PAGE_SHIFT, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, 0);
	ask("A program maps %lu pages and gets %#lx. Then it maps %lu pages "
	    "that may only be read, without saying where. Where do they "
	    "begin? (A page is 0x1000 bytes.)",
	    a, first, b);
	answer("%#lx", second);
	because("Areas are placed downwards: the next one ends where the last "
		"one begins, %#lx - %lu pages.",
		first, b);
	middle = place(mm, 5);
	ask("It maps five pages more, writable. How many lines has its "
	    "/proc/PID/maps now?");
	answer("%u", areas(mm));
	because("Areas with the same rights that touch become one; here a "
		"read-only one lies between two writable ones.");
	vm_munmap(mm, middle + 2 * PAGE_SIZE, PAGE_SIZE);
	ask("It unmaps the third of those five pages. How many lines now?");
	answer("%u", areas(mm));
	because("An area with a hole is two areas.");
}

/* ---- 24: shared memory ---- */

static struct mm_struct *attach(struct file *f, unsigned long pages)
{
	struct mm_struct *mm = new_space();

	ksys_mmap(mm, f, 0x40000000ul, pages << PAGE_SHIFT, RW,
		  MAP_SHARED | MAP_FIXED, 0);
	return mm;
}

void ask_shared(void)
{
	unsigned long pages = 6 + draw_below(8), a = 1 + draw_below(5);
	unsigned long both = draw_below(a + 1), b = 1 + both + draw_below(3);
	unsigned long i, before;
	struct mm_struct *one, *other;
	struct file *f;

	course_boot();
	f = shmem_file_setup("segment", (loff_t)(pages << PAGE_SHIFT), 0);
	if (IS_ERR(f))
		sim_fail("no memory for a segment");
	one = attach(f, pages);
	other = attach(f, pages);
	for (i = 0; i < a; i++)
		touch(one, 0x40000000ul + i * PAGE_SIZE, true);
	for (i = a - both; i < a - both + b && i < pages; i++)
		touch(other, 0x40000000ul + i * PAGE_SIZE, true);
	ask("Two processes attach a segment of %lu pages. The first writes to "
	    "pages 0 to %lu, the second to pages %lu to %lu. How many frames "
	    "has the segment?",
	    pages, a - 1, a - both, min(a - both + b, pages) - 1);
	before = f->f_mapping->nrpages;
	answer("%lu", before);
	because("Each page that anybody has touched has one frame, whoever "
		"it was.");
	ask("What is RssShmem of the second process, in kB?");
	answer("%ld", other->rss_shmem * 4);
	because("The pages that its own tables lead to: those it has touched, "
		"or that a fault found around them.");
	sim_load_mm(NULL);
	mmput(one);
	ask("The first process ends. How many frames has the segment then?");
	answer("%lu", f->f_mapping->nrpages);
	because("They are the segment's, and not a process's.");
}

/* ---- 25: drop_caches ---- */

static void make_dirty(unsigned long n)
{
	struct page *page = file_page(n);

	lock_page(page);
	set_page_dirty(page);
	unlock_page(page);
}

void ask_drop(void)
{
	unsigned long pages = 5 + draw_below(7), dirty = 1 + draw_below(3), i;
	unsigned long left = 0;

	file_begin();
	for (i = 0; i < pages; i++)
		file_read(i);
	file_read(0);
	for (i = 1; i <= dirty; i++)
		make_dirty(i);
	ask("%lu pages of a file are cached, one of them active. %lu others "
	    "are dirty. How many does echo 1 >/proc/sys/vm/drop_caches free?",
	    pages, dirty);
	answer("%lu", drop_pagecache());
	because("All that is clean, active or not; what is dirty stays, for "
		"it is nowhere else.");
	for (i = 0; i < pages; i++)
		left += file_page(i) != NULL;
	ask("How many pages are cached then?");
	answer("%lu", left);
	because("The dirty ones. After a sync they could go, too.");
}

/* ---- 26: reclaim ---- */

static unsigned long oldest_inactive(void)
{
	const struct list_head *list = &node_lruvec.lists[LRU_INACTIVE_FILE];

	return list_last_entry(list, struct page, lru)->index;
}

void ask_reclaim(void)
{
	unsigned long again = draw_below(3), looks = 2 + draw_below(2), i;
	unsigned long gone = 0;

	file_begin();
	for (i = 0; i < 6; i++)
		file_read(i);
	file_read(again);
	ask("Pages 0 to 5 of a file are read in this order, once each; then "
	    "page %lu once more, so that it becomes active. Which page is "
	    "looked at first when memory is short?",
	    again);
	answer("%lu", oldest_inactive());
	because("The inactive list's oldest. The active list is not asked.");
	file_shrink(false, (unsigned int)looks);
	for (i = 0; i < 6; i++)
		gone += !file_page(i);
	ask("%lu pages are looked at. How many of the six are no longer in "
	    "memory?",
	    looks);
	answer("%lu", gone);
	because("They are clean and nobody maps them: each goes at once.");
	i = 0;
	while (i < 5 && file_page(i))
		i++;
	file_read(i);
	ask("Page %lu is read again now. On which list is it then? active or "
	    "inactive",
	    i);
	answer("%s", file_page(i)->pflags & PG_active ? "active" : "inactive");
	because("Its shadow tells that so few pages left the list since it "
		"went, that it would have stayed had the list been a little "
		"longer.");
}
