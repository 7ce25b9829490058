/* SPDX-License-Identifier: MIT */
/*
 * Reclaim's two lists, with a file of twelve pages on a disk made of paper.
 *
 *   read once ─► inactive ── read again ──► active
 *                 │   ▲ ▲─────── grown old ──┘
 *                 ▼   └ read again, after long
 *               goes; a shadow stays, which tells how long ago that was
 *
 * The newest page of a list stands on the left; the one on the right is looked
 * at first.
 */
#include <ashlar/fs.h>
#include <ashlar/pagemap.h>
#include <ashlar/readahead.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/string.h>
#include <ashlar/err.h>
#include "../../mm/filemap.h"
#include "../../mm/internal.h"
#include "../../mm/lru.h"
#include "../../mm/vmscan.h"
#include "../../port/sim/sim.h"
#include "file.h"
#include "picture.h"

static struct file *file;
static unsigned long reads; /* of the disk */
static long last = -1; /* page that the last step was about */

static int read_folio(struct address_space *m, struct page *page)
{
	(void)m;
	memset(page_address(page), 0, PAGE_SIZE);
	reads++;
	end_page_read(page, 0);
	return 0;
}

static const struct address_space_operations aops = {
	.read_folio = read_folio,
};

static const struct file_operations fops = {
	.read_iter = generic_file_read_iter,
};

void file_begin(void)
{
	course_boot();
	file = shmem_alloc_file("file");
	if (IS_ERR(file))
		sim_fail("no memory for a file");
	address_space_init(file->f_mapping, &aops, NULL, 0);
	mapping_set_size(file->f_mapping, FILE_PAGES << PAGE_SHIFT);
	file->f_op = &fops;
	generic_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
	file->f_ra.prev_index = ~0ul;
}

/* A byte of page @n; true if the disk was asked. */
bool file_read(unsigned long n)
{
	loff_t pos = (loff_t)(n << PAGE_SHIFT);
	unsigned long before = reads;
	struct iov_iter iter;
	char byte;

	iov_iter_kernel(&iter, &byte, 1);
	file->f_op->read_iter(file, &iter, &pos);
	/* Reads of one page in a row count as one use. */
	file->f_ra.prev_index = ~0ul;
	return reads > before;
}

struct page *file_page(unsigned long n)
{
	struct page *page = xa_load(&file->f_mapping->i_pages, n);

	return xa_is_value(page) ? NULL : page;
}

/* @nr pages of a list are looked at; so many go. */
unsigned long file_shrink(bool active, unsigned int nr)
{
	struct scan_control sc = { .gfp = GFP_KERNEL,
				   .highest = MAX_NR_ZONES - 1,
				   .may_unmap = true };

	if (active)
		shrink_active_list(LRU_ACTIVE_FILE, nr, &sc);
	else
		shrink_inactive_list(LRU_INACTIVE_FILE, nr, &sc);
	return sc.nr_reclaimed;
}

static void start(void)
{
	file_begin();
	last = -1;
	for (unsigned long i = 0; i < 6; i++)
		file_read(i);
	tell("Six pages of a file were read, once each.");
}

static void tell_read(unsigned long n, bool cached, bool was_active,
		      bool from_disk)
{
	const struct page *page = file_page(n);
	bool active = page && page->pflags & PG_active;

	if (from_disk && active)
		tell("Page %lu comes back from the disk so soon that it would "
		     "have stayed, had the list been longer: it is active at "
		     "once.",
		     n);
	else if (from_disk)
		tell("Page %lu is read from the disk, and is the newest of the "
		     "inactive ones.",
		     n);
	else if (active && !was_active)
		tell("Page %lu was in memory and is used a second time: it "
		     "moves to the active list.",
		     n);
	else if (cached)
		tell("Page %lu was in memory: a mark says that it was used.",
		     n);
}

static bool step(const char *what, unsigned long n)
{
	const struct page *page;
	bool active;

	if (same(what, "read") && n < FILE_PAGES) {
		page = file_page(n);
		active = page && page->pflags & PG_active;
		last = (long)n;
		tell_read(n, page, active, file_read(n));
		return true;
	}
	last = -1;
	if (same(what, "shrink") && n && n < 100) {
		tell("Memory is short: the %lu oldest inactive pages are "
		     "looked at. They are clean, and nobody maps them: %lu go.",
		     n, file_shrink(false, (unsigned int)n));
		return true;
	}
	if (!same(what, "age") || !n || n >= 100)
		return false;
	file_shrink(true, (unsigned int)n);
	tell("The %lu oldest active pages grow old: they are inactive now.", n);
	return true;
}

static void draw_list(const char *name, enum lru_list lru)
{
	struct list_head *list = &node_lruvec.lists[lru];
	const struct page *page;

	row("%s", name);
	list_for_each_entry(page, list, lru)
		cell((long)page->index == last ? NEW : USED, 3, "%lu",
		     page->index);
	if (list_empty(list))
		cell(PLAIN, 1, "-");
}

static void draw(void)
{
	draw_list("active, newest first", LRU_ACTIVE_FILE);
	draw_list("inactive", LRU_INACTIVE_FILE);
	row("on the disk alone");
	for (unsigned long i = 0; i < FILE_PAGES; i++)
		if (!file_page(i))
			cell(LOW, 2, " %lu ", i);
	row("shadows");
	cell(PLAIN, 1, "%lu", file->f_mapping->nrshadows);
	row("reads of the disk");
	cell(PLAIN, 1, "%lu", reads);
	for (long i = 0; i < 8; i++)
		button("read", i, "read page %ld", i);
	button("shrink", 2, "look at 2 inactive");
	button("age", 1, "age 1 active");
}

const struct scene scene_reclaim = {
	.name = "reclaim",
	.title = "Reclaim: two lists",
	.start = start,
	.step = step,
	.draw = draw,
};
