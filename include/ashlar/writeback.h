/* SPDX-License-Identifier: MIT */
/*
 * Dirty pages of files, and how they come to their disks. Code:
 * mm/page_dirty.c (which pages are dirty), mm/page-writeback.c (how many may
 * be, and writing them), mm/filemap_sync.c (waiting, and errors).
 */
#ifndef ASHLAR_WRITEBACK_H
#define ASHLAR_WRITEBACK_H

#include <ashlar/fs.h>
#include <ashlar/types.h>

enum writeback_sync_modes {
	WB_SYNC_NONE, /* as many as can be had without waiting */
	WB_SYNC_ALL, /* every page that is dirty now */
};

/* What is to be written, and how far it is. */
struct writeback_control {
	enum writeback_sync_modes sync_mode;
	long nr_to_write; /* pages at most; goes down; not for WB_SYNC_ALL */
	loff_t range_start, range_end; /* bytes, the last one included */
	bool range_cyclic; /* from where the last such one ended */
	bool for_reclaim; /* so that memory becomes free */
};

/* ---- page_dirty.c ---- */

/* A file with a disk below it has a dirty page more. NULL: not to be told. */
extern void (*mark_inode_dirty_pages)(struct address_space *m);
/* A dirty page of one need not be written. Context: under xa_lock. */
extern void (*account_page_cleaned)(void);

bool set_page_dirty(struct page *page);
bool page_mkclean(struct page *page);
bool clear_page_dirty_for_io(struct page *page);
void cancel_page_dirty(const struct address_space *m, struct page *page);
void drop_dirty_mark(struct address_space *m, struct page *page);

/* ---- page-writeback.c ---- */

extern int vm_dirty_ratio, dirty_background_ratio; /* percent */
extern unsigned long vm_dirty_bytes, dirty_background_bytes; /* 0: ratio */

/* So much is dirty that a flusher is to begin. NULL: there is none. */
extern void (*start_background_writeback)(void);

typedef int writepage_fn(struct address_space *m, struct page *page,
			 struct writeback_control *wbc);

void global_dirty_limits(unsigned long *background, unsigned long *dirty);
bool over_background_thresh(void);
void writeback_wanted(unsigned long nr);
void balance_dirty_pages_ratelimited(struct address_space *m);
int write_cache_pages(struct address_space *m, struct writeback_control *wbc,
		      writepage_fn *fn);
int do_writepages(struct address_space *m, struct writeback_control *wbc);
void mapping_set_error(struct address_space *m, int err);
void redirty_page_for_writepage(struct page *page);

/* ---- filemap_sync.c ---- */

int filemap_check_errors(struct address_space *m);
errseq_t filemap_sample_wb_err(struct address_space *m);
int file_check_and_advance_wb_err(struct file *f);
int filemap_fdatawrite_range(struct address_space *m, loff_t start, loff_t end,
			     enum writeback_sync_modes mode);
void filemap_fdatawait_range(struct address_space *m, loff_t start, loff_t end);
int filemap_write_and_wait_range(struct address_space *m, loff_t start,
				 loff_t end);
int file_write_and_wait_range(struct file *f, loff_t start, loff_t end);

#endif
