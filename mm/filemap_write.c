/* SPDX-License-Identifier: MIT */
/*
 * write(2) of files with a page cache: a page at a time.
 *
 *   cached, complete     copied over
 *   not cached, and all  made with the bytes in it: nothing is read
 *   that it will hold
 *   is written
 *   not cached           read, then copied over; of a file in RAM alone: made,
 *                        zeroes around the bytes
 *
 * With a disk below the file the page is locked while its place on the disk is
 * asked for, and not while bytes are copied: they come from a program's memory,
 * a fault there takes mmap_lock, and a fault of another thread may have that
 * and wait for the page. Between the two the page cannot leave the file, for it
 * has a reference, and who cuts is kept out by i_rwsem; it may be written out,
 * and becomes dirty again after the copy.
 *
 * Whoever writes a page out makes zeroes of what is past the end of the file.
 * Bytes past it that are being copied are spared: write_end.
 *
 * Locks: i_rwsem for write, taken by generic_file_write_iter(): one writer.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/gfp.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/rwsem.h>
#include <ashlar/string.h>
#include <ashlar/writeback.h>
#include "filemap.h"

/* ---- files in RAM alone ---- */

/* Another task made the page while ours was being filled. */
static int copy_to_other(struct address_space *m, struct page *page,
			 unsigned long index, size_t off, size_t n)
{
	struct page *other = read_mapping_page(m, index);
	char *to, *from;

	if (IS_ERR(other))
		return (int)PTR_ERR(other);
	to = kmap_local_page(other);
	from = kmap_local_page(page);
	memcpy(to + off, from + off, n);
	kunmap_local(from);
	kunmap_local(to);
	set_page_flags(other, PG_dirty);
	put_page(other);
	return 0;
}

/* Bytes into a hole: what is not written is zeroed. */
static ssize_t write_shmem_hole(struct address_space *m, unsigned long index,
				size_t off, size_t n, struct iov_iter *from)
{
	struct page *page = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	size_t copied;
	int err;

	if (!page)
		return -ENOMEM;
	copied = copy_page_from_iter(page, off, n, from);
	if (!copied) {
		put_page(page);
		return -EFAULT;
	}
	zero_page_part(page, 0, off);
	zero_page_part(page, off + copied, PAGE_SIZE);
	set_page_flags(page, PG_dirty);
	err = add_to_page_cache(m, page, index);
	if (likely(!err))
		return (ssize_t)copied;
	if (err == -EBUSY)
		err = copy_to_other(m, page, index, off, copied);
	put_page(page);
	return err ? err : (ssize_t)copied;
}

static ssize_t write_shmem_page(struct address_space *m, loff_t pos, size_t n,
				struct iov_iter *from)
{
	struct page *page = find_get_page(m, pos_to_index(pos));
	size_t copied;

	if (!page)
		page = filemap_swapin(m, pos_to_index(pos));
	if (IS_ERR(page))
		return PTR_ERR(page);
	if (!page)
		return write_shmem_hole(m, pos_to_index(pos),
					offset_in_page(pos), n, from);
	copied = copy_page_from_iter(page, offset_in_page(pos), n, from);
	if (copied)
		set_page_flags(page, PG_dirty);
	put_page(page);
	return copied ? (ssize_t)copied : -EFAULT;
}

/* ---- files with a disk below them ---- */

/* True if of a page that is not cached all that it holds is to be written. */
static bool covers_page(const struct address_space *m, loff_t pos, size_t n)
{
	loff_t start = pos - (loff_t)offset_in_page(pos);

	return start >= m->i_size ||
	       (pos == start &&
		(n == PAGE_SIZE || pos + (loff_t)n >= m->i_size));
}

static int make_room(struct address_space *m, struct page *page, loff_t pos,
		     size_t n)
{
	unsigned int off = (unsigned int)offset_in_page(pos);

	if (!m->a_ops->write_begin)
		return 0;
	return m->a_ops->write_begin(m, page, off, off + (unsigned int)n);
}

/* Bytes of a page are new, up to @end of the file. */
static void page_written(struct address_space *m, struct page *page, loff_t end)
{
	if (end > m->i_size)
		mapping_set_size(m, end);
	set_page_dirty(page);
}

/* Before a page is copied to: 0, -errno, or -EAGAIN: it has left the file. */
static int begin_copy(struct address_space *m, struct page *page, loff_t pos,
		      size_t n)
{
	int err = -EAGAIN;

	lock_page(page);
	if (likely(page_is_in(page, m)))
		err = make_room(m, page, pos, n);
	if (likely(!err))
		m->write_end = pos + (loff_t)n;
	unlock_page(page);
	return err;
}

/*
 * Into a page that is uptodate. Takes over the reference. Return: bytes, or
 * -errno; -EAGAIN: the page has left the file.
 */
static ssize_t write_over(struct address_space *m, struct page *page,
			  loff_t pos, size_t n, struct iov_iter *from)
{
	int err = begin_copy(m, page, pos, n);
	size_t copied = 0;

	if (likely(!err)) {
		copied =
			copy_page_from_iter(page, offset_in_page(pos), n, from);
		if (likely(copied))
			page_written(m, page, pos + (loff_t)copied);
		else
			err = -EFAULT;
		m->write_end = 0;
	}
	put_page(page);
	return err ? err : (ssize_t)copied;
}

/* Into a page of the file, read first if need be. */
static ssize_t write_cached(struct address_space *m, struct page *page,
			    loff_t pos, size_t n, struct iov_iter *from)
{
	unsigned long index = pos_to_index(pos);
	ssize_t ret;

	do {
		if (!page || !PageUptodate(page))
			page = filemap_fill(m, index, page, false);
		if (IS_ERR(page))
			return PTR_ERR(page);
		ret = write_over(m, page, pos, n, from);
		page = NULL;
	} while (ret == -EAGAIN);
	return ret;
}

/* The bytes are in a page of our own, but the file needs them in its page. */
static ssize_t move_to_cached(struct address_space *m, struct page *page,
			      loff_t pos, size_t n)
{
	char *addr = kmap(page);
	struct iov_iter from;
	ssize_t ret;

	iov_iter_kernel(&from, addr + offset_in_page(pos), n);
	ret = write_cached(m, find_get_page(m, pos_to_index(pos)), pos, n,
			   &from);
	kunmap(page);
	return ret;
}

/* @page is complete, locked, and in the cache, but no task has seen it yet. */
static ssize_t publish(struct address_space *m, struct page *page, loff_t pos,
		       size_t n)
{
	int err = make_room(m, page, pos, n);

	if (likely(!err)) {
		page_written(m, page, pos + (loff_t)n);
		end_page_read(page, 0);
		return (ssize_t)n;
	}
	delete_from_page_cache(page);
	unlock_page(page);
	return err;
}

/* A page that is not cached, and need not be read. */
static ssize_t write_new(struct address_space *m, loff_t pos, size_t n,
			 struct iov_iter *from)
{
	struct page *page = alloc_user_page(m->gfp_mask);
	size_t off = offset_in_page(pos), copied;
	ssize_t ret = -EFAULT;
	int err;

	if (!page)
		return -ENOMEM;
	copied = copy_page_from_iter(page, off, n, from);
	if (!copied)
		goto out;
	zero_page_part(page, 0, off);
	zero_page_part(page, off + copied, PAGE_SIZE);
	err = -EBUSY; /* the program's memory ended within data */
	if (likely(covers_page(m, pos, copied)))
		err = add_to_page_cache_locked(m, page, pos_to_index(pos),
					       false);
	if (likely(!err)) {
		get_page(page); /* the other one is the cache's */
		ret = publish(m, page, pos, copied);
	} else {
		ret = err == -EBUSY ? move_to_cached(m, page, pos, copied) :
				      err;
	}
out:
	put_page(page);
	return ret;
}

static ssize_t write_disk_page(struct address_space *m, loff_t pos, size_t n,
			       struct iov_iter *from)
{
	struct page *page = find_get_page(m, pos_to_index(pos));
	ssize_t ret;

	if (!page && covers_page(m, pos, n))
		ret = write_new(m, pos, n, from);
	else
		ret = write_cached(m, page, pos, n, from);
	balance_dirty_pages_ratelimited(m);
	return ret;
}

/* ---- all files ---- */

/**
 * __generic_file_write_iter() - write(2) of a file with a page cache
 * @f: the file
 * @from: where from
 * @pos: position; moves on, and the file's size with it
 *
 * Context: i_rwsem for write; may sleep. Return: bytes written, -errno if
 * there was an error before the first.
 */
ssize_t __generic_file_write_iter(struct file *f, struct iov_iter *from,
				  loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	bool disk = mapping_can_writeback(m);
	loff_t p = *pos;
	ssize_t done = 0, n = 0;

	if (!from->count)
		return 0;
	if (IS_SWAPFILE(m))
		return -ETXTBSY;
	if (p >= MAX_LFS_FILESIZE)
		return -EFBIG;
	if (unlikely(p > m->i_size))
		zero_past_end(m);
	while (from->count) {
		size_t room = PAGE_SIZE - offset_in_page(p);

		room = min(room, from->count);
		n = disk ? write_disk_page(m, p, room, from) :
			   write_shmem_page(m, p, room, from);
		if (unlikely(n < 0))
			break;
		p += n;
		done += n;
		if (p > m->i_size)
			mapping_set_size(m, p);
		if (p >= MAX_LFS_FILESIZE)
			break;
	}
	*pos = p;
	return done ? done : n;
}

/**
 * generic_file_write_iter() - __generic_file_write_iter() that takes i_rwsem.
 */
ssize_t generic_file_write_iter(struct file *f, struct iov_iter *from,
				loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	ssize_t ret;

	down_write(&m->i_rwsem);
	ret = __generic_file_write_iter(f, from, pos);
	up_write(&m->i_rwsem);
	return ret;
}
