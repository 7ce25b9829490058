/* SPDX-License-Identifier: MIT */
/*
 * The page cache: a file's bytes as pages, found by their number.
 *
 *   address_space ─ i_pages ─► page 0, page 1, hole, page 3 …
 *        │                       │ mapping, index lead back
 *        └ i_mmap ─► areas that map the file (mm/zap.c, mm/rmap.c)
 *
 *   a cached page has one reference of the cache's, one for each page table
 *   entry, and one for each caller that holds it
 *   nrpages = entries of i_pages; every one has an index below the end of the
 *   file, but for pages that fallocate(KEEP_SIZE) put past it
 *   bytes of the last page past the end of the file read as zeroes once the
 *   file grows over them
 *
 * A page joins the cache with its contents complete, so there is no page that
 * is locked while it is being filled. Whatever may sleep (allocating, copying
 * from a program) happens before, and the slot is looked at again after it.
 *
 * Locks: i_rwsem for write around whatever changes the size: there is one
 * writer at a time, and no write beside a truncation. Reading and faults take
 * none but i_pages.xa_lock, for each look at a slot; a page that is found gets
 * a reference before it is let go. So a fault may find that the file became
 * shorter under it: its new page then does not join the cache (looked at under
 * xa_lock, and truncation sets the size before it takes that to remove pages),
 * and a page that was there has ->mapping 0 before it is unmapped (see
 * mm/fault.c).
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/fs.h>
#include <ashlar/gfp.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/rmap.h>
#include <ashlar/rwsem.h>
#include <ashlar/string.h>
#include <ashlar/vmstat.h>
#include <ashlar/xarray.h>
#include <mach/spinlock.h>
#include "lru.h"

static inline unsigned long offset_in_page(loff_t pos)
{
	return (unsigned long)pos & ~PAGE_MASK;
}

static inline unsigned long pos_to_index(loff_t pos)
{
	return (unsigned long)(pos >> PAGE_SHIFT);
}

/* Pages that a file of @size bytes has. */
static inline unsigned long size_to_pages(loff_t size)
{
	return pos_to_index(size + (loff_t)PAGE_SIZE - 1);
}

/**
 * address_space_init() - a file without pages
 * @m: what to fill in
 * @ops: how pages come and go, or NULL
 * @host: whatever the caller wants to find again
 * @flags: AS_*
 */
void address_space_init(struct address_space *m,
			const struct address_space_operations *ops, void *host,
			u32 flags)
{
	memset(m, 0, sizeof(*m));
	xa_init(&m->i_pages);
	init_rwsem(&m->i_rwsem);
	spin_lock_init(&m->i_mmap_lock);
	INIT_LIST_HEAD(&m->i_mmap);
	m->a_ops = ops;
	m->host = host;
	m->flags = flags;
}

/**
 * find_get_page() - a cached page
 * @m: the file
 * @index: number of the page
 *
 * Return: the page with a reference, or NULL.
 */
struct page *find_get_page(struct address_space *m, unsigned long index)
{
	struct page *page;

	xa_lock(&m->i_pages);
	page = __xa_load(&m->i_pages, index);
	if (page)
		get_page(page);
	xa_unlock(&m->i_pages);
	return page;
}

/* More, or fewer, are cached. Context: xa_lock. */
static void count_pages(struct address_space *m, long nr)
{
	m->nrpages += (unsigned long)nr;
	mod_node_page_state(NR_FILE_PAGES, nr);
	if (likely(m->flags & AS_SHMEM))
		mod_node_page_state(NR_SHMEM, nr);
	if (unlikely(m->flags & AS_BDEV))
		mod_node_page_state(NR_BLOCKDEV_PAGES, nr);
}

static int charge(struct address_space *m)
{
	return m->a_ops && m->a_ops->charge ? m->a_ops->charge(m, 1) : 0;
}

static void uncharge(struct address_space *m, unsigned long nr)
{
	if (nr && m->a_ops && m->a_ops->uncharge)
		m->a_ops->uncharge(m, nr);
}

/* As add_to_page_cache(); @inside: -EINVAL for a page past the end. */
static int insert_page(struct address_space *m, struct page *page,
		       unsigned long index, bool inside)
{
	int err = charge(m);

	if (err)
		return err;
	page->mapping = (unsigned long)m;
	page->index = index;
	page->pflags |= PG_uptodate | (m->flags & AS_SHMEM ? PG_swapbacked : 0);
	xa_lock(&m->i_pages);
	err = __xa_insert(&m->i_pages, index, page, GFP_KERNEL);
	if (unlikely(inside && !err &&
		     index >= size_to_pages(mapping_size(m)))) {
		__xa_erase(&m->i_pages, index);
		err = -EINVAL;
	}
	if (likely(!err)) {
		count_pages(m, 1);
		if (unlikely(m->flags & AS_UNEVICTABLE))
			page->pflags |= PG_unevictable;
		lru_cache_add(page);
	} else {
		page->mapping = 0;
	}
	xa_unlock(&m->i_pages);
	if (unlikely(err))
		uncharge(m, 1);
	return err;
}

/**
 * add_to_page_cache() - a page becomes part of a file
 * @m: the file
 * @page: the page, with its contents
 * @index: its number
 *
 * Context: may sleep. Return: 0 and the caller's reference is the cache's;
 * -EBUSY if there is a page already, -ENOMEM, or what the filesystem says
 * (-ENOSPC), and the reference remains the caller's.
 */
int add_to_page_cache(struct address_space *m, struct page *page,
		      unsigned long index)
{
	return insert_page(m, page, index, false);
}

/* A page with a file's bytes, not yet in the cache. */
static struct page *make_page(struct address_space *m, unsigned long index)
{
	bool zero = !m->a_ops || !m->a_ops->read_folio;
	struct page *page =
		alloc_user_page(GFP_HIGHUSER_MOVABLE | (zero ? __GFP_ZERO : 0));
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	if (zero)
		return page;
	page->index = index;
	err = m->a_ops->read_folio(m, page);
	if (err) {
		put_page(page);
		return ERR_PTR(err);
	}
	return page;
}

/*
 * The page is not cached, or was not a moment ago. @inside: it is wanted only
 * if the file reaches as far, or else -EINVAL.
 */
static __attribute__((__noinline__)) struct page *
fill_page(struct address_space *m, unsigned long index, bool inside)
{
	struct page *page = make_page(m, index);
	struct page *other;
	int err;

	if (IS_ERR(page))
		return page;
	get_page(page);
	err = insert_page(m, page, index, inside);
	if (likely(!err))
		return page;
	put_page(page);
	put_page(page);
	if (err != -EBUSY)
		return ERR_PTR(err);
	other = find_get_page(m, index);
	return other ? other : ERR_PTR(-ENOMEM);
}

/**
 * read_mapping_page() - a page of a file
 * @m: the file
 * @index: number of the page
 *
 * A page that is not cached is made: read, or zeroed. Context: may sleep.
 * Return: the page with a reference, or ERR_PTR(-ENOMEM, -ENOSPC, -EIO).
 */
struct page *read_mapping_page(struct address_space *m, unsigned long index)
{
	struct page *page = find_get_page(m, index);

	return likely(page) ? page : fill_page(m, index, false);
}

/* ---- read and write ---- */

/* A page to read from; NULL: a hole. */
static inline struct page *page_to_read(struct address_space *m,
					unsigned long index)
{
	struct page *page = find_get_page(m, index);

	if (likely(page) || likely(!m->a_ops || !m->a_ops->read_folio))
		return page;
	return fill_page(m, index, true);
}

/* Bytes of one page to where @to points: how many, or -errno. */
static inline ssize_t read_page(struct address_space *m, unsigned long index,
				size_t off, size_t n, struct iov_iter *to)
{
	struct page *page = page_to_read(m, index);
	size_t copied;

	if (unlikely(IS_ERR_VALUE(page)))
		return PTR_ERR(page);
	if (likely(page)) {
		copied = copy_page_to_iter(page, off, n, to);
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
		n = read_page(m, index, off, min(PAGE_SIZE - off, left), to);
		if (unlikely(n < 0))
			break;
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

static void zero_page_part(struct page *page, size_t from, size_t to)
{
	char *addr;

	if (from >= to)
		return;
	addr = kmap_local_page(page);
	memset(addr + from, 0, to - from);
	kunmap_local(addr);
}

/* Another task made the page while ours was being filled. */
static void copy_to_other(struct address_space *m, struct page *page,
			  unsigned long index, size_t off, size_t n)
{
	struct page *other = find_get_page(m, index);
	char *to, *from;

	if (!other)
		return;
	to = kmap_local_page(other);
	from = kmap_local_page(page);
	memcpy(to + off, from + off, n);
	kunmap_local(from);
	kunmap_local(to);
	put_page(other);
}

/* Bytes into a page that the file lacks: what is not written is zeroed. */
static ssize_t write_new_page(struct address_space *m, unsigned long index,
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
		copy_to_other(m, page, index, off, copied);
	put_page(page);
	return err == -EBUSY ? (ssize_t)copied : err;
}

/* Up to the end of one page. */
static ssize_t write_page(struct address_space *m, loff_t pos, size_t n,
			  struct iov_iter *from)
{
	unsigned long index = pos_to_index(pos);
	bool read = m->a_ops && m->a_ops->read_folio;
	struct page *page = find_get_page(m, index);
	size_t copied;

	if (!page && !read)
		return write_new_page(m, index, offset_in_page(pos), n, from);
	if (!page)
		page = fill_page(m, index, false);
	if (IS_ERR(page))
		return PTR_ERR(page);
	copied = copy_page_from_iter(page, offset_in_page(pos), n, from);
	if (copied)
		set_page_flags(page, PG_dirty);
	put_page(page);
	return copied ? (ssize_t)copied : -EFAULT;
}

/* Bytes past the end that a mapping left in the last page are not data. */
static void zero_past_end(struct address_space *m)
{
	struct page *page;

	if (!offset_in_page(m->i_size))
		return;
	page = find_get_page(m, pos_to_index(m->i_size));
	if (!page)
		return;
	zero_page_part(page, offset_in_page(m->i_size), PAGE_SIZE);
	put_page(page);
}

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
	loff_t p = *pos;
	ssize_t done = 0, n = 0;

	if (!from->count)
		return 0;
	if (p >= MAX_LFS_FILESIZE)
		return -EFBIG;
	if (unlikely(p > m->i_size))
		zero_past_end(m);
	while (from->count) {
		size_t room = PAGE_SIZE - offset_in_page(p);

		n = write_page(m, p, min(room, from->count), from);
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

/* ---- pages go ---- */

/* The pages of one run of slots leave the cache: how many there were. */
static unsigned long drop_slots(void **slots, unsigned int nr)
{
	unsigned long dropped = 0;
	struct page *page;

	for (; nr; nr--) {
		page = *slots++;
		if (!page)
			continue;
		WRITE_ONCE(page->mapping, 0);
		put_page(page);
		dropped++;
	}
	return dropped;
}

static void remove_pages(struct address_space *m, unsigned long first,
			 unsigned long last)
{
	unsigned long index = first, run, dropped = 0;
	unsigned int nr;
	void **slots;

	xa_lock(&m->i_pages);
	while (__xa_find(&m->i_pages, &index, last)) {
		slots = xa_slots(&m->i_pages, index, &nr);
		if (nr - 1 > last - index)
			nr = (unsigned int)(last - index) + 1;
		run = drop_slots(slots, nr);
		xa_clear_slots(&m->i_pages, index, nr);
		count_pages(m, -(long)run);
		dropped += run;
		index += nr - 1;
		if (index++ == last)
			break;
		xa_unlock(&m->i_pages); /* others have waited long enough */
		xa_lock(&m->i_pages);
	}
	xa_unlock(&m->i_pages);
	uncharge(m, dropped);
}

/* Zero [@start, @end), which lies within one page. */
static void zero_range(struct address_space *m, loff_t start, loff_t end)
{
	struct page *page = find_get_page(m, pos_to_index(start));

	if (!page)
		return;
	zero_page_part(page, offset_in_page(start),
		       offset_in_page(start) + (size_t)(end - start));
	put_page(page);
}

static void drop_range(struct address_space *m, loff_t start, loff_t end,
		       bool even_cows)
{
	unsigned long first = size_to_pages(start);
	/* The last page that goes whole, and one more. */
	unsigned long past = end >= MAX_LFS_FILESIZE ? ~0ul : pos_to_index(end);
	loff_t whole = (loff_t)first << PAGE_SHIFT;

	if (start >= end)
		return;
	if (first > past) {
		zero_range(m, start, end);
		return;
	}
	if (past > first) { /* the order: see mm/fault.c */
		if (m->nrpages)
			remove_pages(m, first, past - 1);
		if (!list_empty(&m->i_mmap))
			unmap_mapping_range(m, first, past - first, even_cows);
	}
	if (start < whole)
		zero_range(m, start, whole);
	if (past != ~0ul && offset_in_page(end))
		zero_range(m, (loff_t)past << PAGE_SHIFT, end);
}

/**
 * truncate_inode_pages_range() - bytes leave a file for good
 * @m: the file
 * @start: first byte
 * @end: past the last byte; MAX_LFS_FILESIZE and above: everything
 *
 * Pages that lie within go, whoever maps them, private copies included; the
 * parts of others are zeroed. Context: may sleep.
 */
void truncate_inode_pages_range(struct address_space *m, loff_t start,
				loff_t end)
{
	drop_range(m, start, end, true);
}

/**
 * truncate_pagecache_range() - a hole in a file
 * @m: the file
 * @start: first byte
 * @end: past the last byte
 *
 * As truncate_inode_pages_range(), but private copies of pages stay with
 * those who have them. Context: may sleep.
 */
void truncate_pagecache_range(struct address_space *m, loff_t start, loff_t end)
{
	drop_range(m, start, end, false);
}

/**
 * truncate_setsize() - a file's new size
 * @m: the file
 * @size: bytes
 *
 * Context: i_rwsem for write; may sleep.
 */
void truncate_setsize(struct address_space *m, loff_t size)
{
	loff_t old = m->i_size;

	if (size > old)
		zero_past_end(m);
	mapping_set_size(m, size);
	if (size <= old)
		truncate_inode_pages_range(m, size, MAX_LFS_FILESIZE);
}

/* ---- mappings ---- */

/* A page fault that finds no page mapped. */
static vm_fault_t filemap_fault(struct vm_fault *vmf)
{
	struct address_space *m = vmf->vma->vm_file->f_mapping;
	struct page *page;

	if (unlikely(vmf->pgoff >= size_to_pages(mapping_size(m))))
		return VM_FAULT_SIGBUS;
	page = find_get_page(m, vmf->pgoff);
	if (unlikely(!page))
		page = fill_page(m, vmf->pgoff, true);
	if (IS_ERR(page))
		return PTR_ERR(page) == -ENOMEM ? VM_FAULT_OOM :
						  VM_FAULT_SIGBUS;
	vmf->page = page;
	return 0;
}

/* Map what is cached of a window of pages around a fault. */
static void filemap_map_pages(struct vm_fault *vmf, unsigned long start_pgoff,
			      unsigned long end_pgoff)
{
	struct address_space *m = vmf->vma->vm_file->f_mapping;
	unsigned long end = min(end_pgoff, size_to_pages(mapping_size(m)));

	xa_lock(&m->i_pages);
	while (start_pgoff < end) {
		unsigned int nr;
		void **slots = xa_slots(&m->i_pages, start_pgoff, &nr);

		nr = (unsigned int)min((unsigned long)nr, end - start_pgoff);
		if (slots)
			set_pte_range(vmf, (struct page **)slots, start_pgoff,
				      nr);
		start_pgoff += nr;
	}
	xa_unlock(&m->i_pages);
}

const struct vm_operations_struct generic_file_vm_ops = {
	.fault = filemap_fault,
	.map_pages = filemap_map_pages,
};

/**
 * generic_file_mmap() - map a file with a page cache
 * @f: the file
 * @vma: the new area
 *
 * Return: 0.
 */
int generic_file_mmap(struct file *f, struct vm_area_struct *vma)
{
	(void)f;
	vma->vm_ops = &generic_file_vm_ops;
	return 0;
}
