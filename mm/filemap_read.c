/* SPDX-License-Identifier: MIT */
/*
 * read(2) of files with a page cache: a page at a time.
 *
 *   pos ── page ──┬── page ──┬── page ── pos + count, or the end of the file
 *         copied      copied     copied: memory of the program's may end
 *
 * Locks: none. It looks again at the file's size whenever it may have slept.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/readahead.h>
#include "filemap.h"
#include "lru.h"

/* The page is not there, not uptodate, or where reading ahead goes on. */
static __attribute__((__noinline__)) struct page *
look_ahead(struct file *f, unsigned long index, unsigned long want,
	   struct page *page)
{
	struct address_space *m = f->f_mapping;

	if (!page) {
		page_cache_sync_readahead(f, index, want);
		page = find_get_page(m, index);
	}
	if (page && page->pflags & PG_readahead)
		page_cache_async_readahead(f, page, want);
	if (page && PageUptodate(page))
		return page;
	return filemap_fill(m, index, page, true);
}

/*
 * A page to read from, of @left bytes that are still wanted from @off of it on;
 * NULL: a hole.
 */
static inline struct page *page_to_read(struct file *f, unsigned long index,
					size_t off, size_t left)
{
	const u32 plain = PG_uptodate | PG_readahead;
	struct page *page = find_get_page(f->f_mapping, index);

	if (likely(page && (__atomic_load_n(&page->pflags, __ATOMIC_ACQUIRE) &
			    plain) == PG_uptodate))
		return page;
	if (!page && !mapping_reads(f->f_mapping))
		return filemap_swapin(f->f_mapping, index);
	return look_ahead(f, index, DIV_ROUND_UP(off + left, PAGE_SIZE), page);
}

/* Bytes of one page to where @to points: how many, 0 at the end, or -errno. */
static inline ssize_t read_page(struct file *f, unsigned long index, size_t off,
				size_t left, struct iov_iter *to)
{
	struct page *page = page_to_read(f, index, off, left);
	size_t n = min(PAGE_SIZE - off, left), copied;

	if (unlikely(IS_ERR_VALUE(page))) /* the file may end before it now */
		return page == ERR_PTR(-EINVAL) ? 0 : PTR_ERR(page);
	if (likely(page)) {
		copied = copy_page_to_iter(page, off, n, to);
		if (index != f->f_ra.prev_index)
			mark_page_accessed(page);
		put_page(page);
	} else {
		copied = iov_iter_zero(n, to);
	}
	return likely(copied) ? (ssize_t)copied : -EFAULT;
}

/* Bytes that can be read from @pos on. */
static inline size_t readable(const struct address_space *m, loff_t pos,
			      const struct iov_iter *to)
{
	loff_t left = mapping_size(m) - pos;

	if (left <= 0)
		return 0;
	return left < (loff_t)to->count ? (size_t)left : to->count;
}

/**
 * generic_file_read_iter() - read(2) of a file with a page cache
 * @f: the file
 * @to: where to
 * @pos: position; moves on
 *
 * Context: may sleep. Return: bytes read, 0 at the end, -errno if there was
 * an error before the first.
 */
ssize_t generic_file_read_iter(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	size_t left = readable(m, *pos, to), off = offset_in_page(*pos), done;
	unsigned long index = pos_to_index(*pos);
	loff_t size = mapping_size(m);
	ssize_t n = 0;

	for (done = 0; left; left -= (size_t)n) {
		n = read_page(f, index, off, left, to);
		if (unlikely(n <= 0))
			break;
		f->f_ra.prev_index = index;
		done += (size_t)n;
		off += (size_t)n;
		index += off >> PAGE_SHIFT;
		off &= ~PAGE_MASK;
		if (unlikely(mapping_size(m) != size)) { /* while we slept */
			size = mapping_size(m);
			left = readable(m, *pos + done, to) + (size_t)n;
		}
	}
	*pos += done;
	return done ? (ssize_t)done : n;
}

/**
 * filemap_ready_bytes() - what can be read without waiting for a disk
 * @m: a file with a page cache
 * @pos: from where on
 * @n: bytes that are wanted
 *
 * Context: does not sleep. Return: how many of them the cache has in one piece;
 * they may go at any time.
 */
size_t filemap_ready_bytes(struct address_space *m, loff_t pos, size_t n)
{
	unsigned long index = pos_to_index(pos);
	size_t ready = 0, off = offset_in_page(pos);
	struct page *page;
	bool uptodate;

	while (ready < n && (page = find_get_page(m, index++))) {
		uptodate = PageUptodate(page);
		put_page(page);
		if (!uptodate)
			break;
		ready += PAGE_SIZE - off;
		off = 0;
	}
	return min(ready, n);
}

/**
 * kernel_read() - bytes of a file for the kernel itself
 * @f: the file
 * @buf: kernel memory
 * @n: bytes
 * @pos: where in the file
 *
 * Context: may sleep. Return: bytes read, fewer than @n at the end; -errno.
 */
ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t pos)
{
	struct iov_iter to;

	if (!f->f_op->read_iter)
		return -EINVAL;
	iov_iter_kernel(&to, buf, n);
	return f->f_op->read_iter(f, &to, &pos);
}
