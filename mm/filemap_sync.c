/* SPDX-License-Identifier: MIT */
/*
 * A file's bytes reach its disk, or somebody hears that they did not.
 *
 *   write ─▶ every dirty page of the range is on its way
 *   wait  ─▶ none of the range is on its way
 *   look  ─▶ wb_err: has there been an error since this file looked last?
 *
 * A page that could not be written counts as clean: it may never be written,
 * and memory has to become free. What remains is the error. wb_err tells each
 * open file once (fsync, msync); AS_EIO and AS_ENOSPC tell whoever asks first,
 * for those who write a file without having it open.
 *
 * Locks: none held; flags and marks under i_pages.xa_lock.
 */
#include <ashlar/errno.h>
#include <ashlar/errseq.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "filemap.h"

/* ---- errors ---- */

/**
 * filemap_check_errors() - errors that nobody asked for yet in this way
 * @m: the file
 *
 * Return: 0, -ENOSPC or -EIO; then 0 until there is another.
 */
int filemap_check_errors(struct address_space *m)
{
	u32 flags;

	xa_lock(&m->i_pages);
	flags = m->flags;
	m->flags &= ~(AS_ENOSPC | AS_EIO);
	xa_unlock(&m->i_pages);
	if (flags & AS_EIO)
		return -EIO;
	return flags & AS_ENOSPC ? -ENOSPC : 0;
}

/** filemap_sample_wb_err() - a file is opened: for struct file::f_wb_err */
errseq_t filemap_sample_wb_err(struct address_space *m)
{
	return errseq_sample(&m->wb_err);
}

/**
 * file_check_and_advance_wb_err() - tell an open file of errors since
 * @f: the file, whose position among errors moves on
 *
 * Return: 0 or -errno.
 */
int file_check_and_advance_wb_err(struct file *f)
{
	struct address_space *m = f->f_mapping;
	int err = errseq_check_and_advance(&m->wb_err, &f->f_wb_err);

	if (err)
		filemap_check_errors(m);
	return err;
}

/* ---- writing and waiting ---- */

/**
 * filemap_fdatawrite_range() - begin to write a part of a file
 * @m: the file
 * @start: first byte
 * @end: last byte
 * @mode: WB_SYNC_ALL: all that is dirty now; _NONE: leave out what is locked
 *	by a disk
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int filemap_fdatawrite_range(struct address_space *m, loff_t start, loff_t end,
			     enum writeback_sync_modes mode)
{
	struct writeback_control wbc = {
		.sync_mode = mode,
		.nr_to_write = (long)(~0ul >> 1),
		.range_start = start,
		.range_end = end,
	};

	if (!mapping_can_writeback(m))
		return 0;
	return do_writepages(m, &wbc);
}

/* The next page that is on its way, with a reference. */
static struct page *next_on_its_way(struct address_space *m,
				    unsigned long *index, unsigned long last)
{
	struct page *page;

	xa_lock(&m->i_pages);
	page = __xa_find_marked(&m->i_pages, index, last, XA_MARK_WRITEBACK);
	if (page)
		get_page(page);
	xa_unlock(&m->i_pages);
	return page;
}

/**
 * filemap_fdatawait_range() - until what is on its way has arrived, or failed
 * @m: the file
 * @start: first byte
 * @end: last byte
 *
 * Context: may sleep.
 */
void filemap_fdatawait_range(struct address_space *m, loff_t start, loff_t end)
{
	unsigned long index = pos_to_index(start), last = pos_to_index(end);
	struct page *page;

	while ((page = next_on_its_way(m, &index, last))) {
		wait_on_page_writeback(page);
		put_page(page);
		if (index++ == last)
			break;
	}
}

/**
 * filemap_write_and_wait_range() - a part of a file reaches its disk
 * @m: the file
 * @start: first byte
 * @end: last byte
 *
 * For whoever has no open file. Context: may sleep. Return: 0 or -errno.
 */
int filemap_write_and_wait_range(struct address_space *m, loff_t start,
				 loff_t end)
{
	int err = filemap_fdatawrite_range(m, start, end, WB_SYNC_ALL), err2;

	filemap_fdatawait_range(m, start, end);
	err2 = filemap_check_errors(m);
	return err ? err : err2;
}

/**
 * file_write_and_wait_range() - the same of an open file: fsync's first half
 * @f: the file
 * @start: first byte
 * @end: last byte
 *
 * Context: may sleep. Return: 0, or the error of this time or of an earlier
 * one that @f was not told of.
 */
int file_write_and_wait_range(struct file *f, loff_t start, loff_t end)
{
	struct address_space *m = f->f_mapping;
	int err = filemap_fdatawrite_range(m, start, end, WB_SYNC_ALL), err2;

	filemap_fdatawait_range(m, start, end);
	err2 = file_check_and_advance_wb_err(f);
	return err ? err : err2;
}
