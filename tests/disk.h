/* SPDX-License-Identifier: MIT */
/*
 * A file with a disk below it, on the paper machine. The disk does nothing by
 * itself: what is asked of it waits until something waits for it, and then one
 * request is done, whichever comes by chance.
 *
 *   page cache ── read_folio ─▶ queue ─ on_wait, or disk_run() ─▶ data[]
 *                 writepage
 */
#ifndef ASHLAR_TESTS_DISK_H
#define ASHLAR_TESTS_DISK_H

#include "space.h"

#define DISK_PAGES 40ul

struct disk {
	u8 data[DISK_PAGES * PAGE_SIZE];
	bool bad[DISK_PAGES]; /* reading and writing such a page fails */
	unsigned long room; /* pages from here on find no room */
	bool at_once; /* a request is done before it returns */
	unsigned int nr; /* requests that wait */
	struct disk_request {
		struct page *page;
		bool write;
	} queue[DISK_PAGES];
	unsigned long reads, writes; /* that were done */
};

extern struct disk disk;

/* The disk's file, of so many pages; its bytes are those of disk.data. */
struct file *take_disk_file(unsigned long pages);
/* True if a request was waiting: it has been done. */
bool disk_step(void);
/* Do all. */
void disk_run(void);

/* What must be true of the file's pages, marks and counts at any time. */
void check_disk_file(struct file *f);

int disk_fsync(struct file *f);
ssize_t disk_read(struct file *f, loff_t pos, void *p, size_t n);
ssize_t disk_write(struct file *f, loff_t pos, const void *p, size_t n);

#endif
