/* SPDX-License-Identifier: MIT */
/*
 * Files made of huge pages: their bytes are pages of the pool, and nothing is
 * below them. They are mapped, or read; write(2) they have not.
 *
 *   cut, or a hole punched:   whole pages go, whoever maps them, and what was
 *                             promised for a part that is cut; parts of pages
 *                             become zeroes
 *   filled ahead (fallocate)  as a shared area's faults would
 *
 * A page joins the file with one reference of the file's, and is found by its
 * number in huge pages. ->nrpages counts those.
 *
 * Locks: i_rwsem around what changes size, holes or seals, below it
 * invalidate_lock for write (mm/hugetlb_vma.c), which the size changes under.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/rwsem.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/uio.h>
#include <ashlar/xa_slots.h>
#include "filemap.h"
#include "hugetlb.h"

/* The number of the page of byte @pos. */
static unsigned long huge_index(loff_t pos)
{
	return (unsigned long)(pos >> PGDIR_SHIFT);
}

static unsigned long offset_in_hugepage(loff_t pos)
{
	return (unsigned long)pos & ~HPAGE_PMD_MASK;
}

/**
 * hugetlb_mapping_init() - begin a file's bytes
 * @m: what to fill in
 * @spool: the part of the pool they count in, or NULL
 * @host: whatever the caller wants to find again
 *
 * Context: may sleep. Return: 0 or -ENOMEM.
 */
int hugetlb_mapping_init(struct address_space *m,
			 struct hugepage_subpool *spool, void *host)
{
	struct resv_map *map = resv_map_alloc();

	if (!map)
		return -ENOMEM;
	map->spool = spool;
	address_space_init(m, NULL, host, AS_HUGETLB);
	m->private_data = map;
	m->seals = F_SEAL_SEAL;
	return 0;
}

/* ---- pages go ---- */

/* A page leaves the file: the file's reference; NULL: there is no more. */
static struct page *take_next_page(struct address_space *m,
				   unsigned long *index, unsigned long last)
{
	struct page *page;

	xa_lock(&m->i_pages);
	page = __xa_find(&m->i_pages, index, last);
	if (page) {
		__xa_erase(&m->i_pages, *index);
		m->nrpages--;
	}
	xa_unlock(&m->i_pages);
	return page;
}

/*
 * Pages from @first to @last leave, and are promised no more; if the set of
 * those that are cannot be told, the page stays promised as it goes. Return:
 * how many. invalidate_lock.
 */
static long remove_pages(struct address_space *m, unsigned long first,
			 unsigned long last, bool hole)
{
	unsigned long index = first;
	struct page *page;
	long freed = 0;

	while ((page = take_next_page(m, &index, last))) {
		if (hole && region_del(inode_resv_map(m), index, index + 1) < 0)
			set_page_flags(page, PG_private);
		put_page(page);
		freed++;
	}
	return freed;
}

/* All from @first on leave. invalidate_lock. */
static void truncate_pages(struct address_space *m, unsigned long first)
{
	long freed;

	hugetlb_unmap_file(m, first, ~0ul);
	freed = remove_pages(m, first, ~0ul, false);
	hugetlb_unreserve_pages(m, first, freed);
}

/**
 * hugetlb_evict() - end of a file's bytes
 * @m: the file; nobody maps or holds it any more
 */
void hugetlb_evict(struct address_space *m)
{
	struct resv_map *map = inode_resv_map(m);

	filemap_invalidate_lock(m);
	mapping_set_size(m, 0);
	truncate_pages(m, 0);
	filemap_invalidate_unlock(m);
	resv_map_put(map);
	m->private_data = NULL;
}

/* hugetlb_setsize() with i_rwsem. */
static int setsize(struct address_space *m, loff_t size)
{
	loff_t old = m->i_size;

	if ((size < old && (m->seals & F_SEAL_SHRINK)) ||
	    (size > old && (m->seals & F_SEAL_GROW)))
		return -EPERM;
	filemap_invalidate_lock(m);
	mapping_set_size(m, size);
	truncate_pages(m, huge_index(size));
	filemap_invalidate_unlock(m);
	return 0;
}

/**
 * hugetlb_setsize() - ftruncate
 * @m: the file
 * @size: bytes
 *
 * Context: takes i_rwsem; may sleep. Return: 0; -EINVAL: not whole pages;
 * -EPERM: sealed; -EFBIG.
 */
int hugetlb_setsize(struct address_space *m, loff_t size)
{
	int err;

	if (size > MAX_LFS_FILESIZE)
		return -EFBIG;
	if (offset_in_hugepage(size))
		return -EINVAL;
	down_write(&m->i_rwsem);
	err = setsize(m, size);
	up_write(&m->i_rwsem);
	return err;
}

/* ---- holes ---- */

/* Zero [@start, @end), in one page, as far as the file reaches. */
static void zero_part(struct address_space *m, loff_t start, loff_t end)
{
	struct page *page = hugetlb_find_page(m, huge_index(start));
	unsigned long from = offset_in_hugepage(start), n;
	unsigned long to = from + (unsigned long)(end - start);

	if (!page)
		return;
	for (; from < to; from += n) {
		n = min(to - from, PAGE_SIZE - from % PAGE_SIZE);
		zero_page_part(page + (from >> PAGE_SHIFT), from % PAGE_SIZE,
			       from % PAGE_SIZE + n);
	}
	put_page(page);
}

/* With i_rwsem. */
static int punch_hole(struct address_space *m, loff_t off, loff_t len)
{
	loff_t end = off + len;
	loff_t first = ALIGN(off, (loff_t)HPAGE_PMD_SIZE);
	loff_t past = end & ~(loff_t)(HPAGE_PMD_SIZE - 1);

	if (m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	filemap_invalidate_lock(m);
	if (off < first)
		zero_part(m, off, min(first, end));
	if (first < past) {
		hugetlb_unmap_file(m, huge_index(first), huge_index(past));
		remove_pages(m, huge_index(first), huge_index(past) - 1, true);
	}
	if (past >= first && past < end)
		zero_part(m, past, end);
	filemap_invalidate_unlock(m);
	return 0;
}

/* ---- filled ahead ---- */

/* A page, if there is none. invalidate_lock. */
static int fill_page(struct vm_area_struct *vma, unsigned long index)
{
	struct address_space *m = vma->vm_file->f_mapping;
	struct page *page = hugetlb_find_page(m, index);
	int err = 0;

	if (!page) {
		page = alloc_hugetlb_page(vma, index);
		if (IS_ERR(page))
			return (int)PTR_ERR(page);
		clear_hugetlb_page(page);
		err = hugetlb_add_to_page_cache(m, page, index);
	}
	if (err)
		put_new_hugetlb_page(vma, index, page);
	else
		put_page(page);
	return err;
}

/* With i_rwsem. */
static int fill_range(struct file *f, int mode, loff_t off, loff_t len)
{
	/* What faults of a shared area take, and give back, will do. */
	struct vm_area_struct vma = {
		.vm_flags = VM_HUGETLB | VM_MAYSHARE | VM_SHARED, .vm_file = f
	};
	struct address_space *m = f->f_mapping;
	loff_t end = off + len;
	unsigned long index;
	int err = 0;

	if (end > m->i_size && (m->seals & F_SEAL_GROW))
		return -EPERM;
	for (index = huge_index(off); !err && index <= huge_index(end - 1);
	     index++) {
		filemap_invalidate_lock(m);
		err = fill_page(&vma, index);
		filemap_invalidate_unlock(m);
	}
	if (err || (mode & FALLOC_FL_KEEP_SIZE) || end <= m->i_size)
		return err;
	filemap_invalidate_lock(m);
	mapping_set_size(m, end);
	filemap_invalidate_unlock(m);
	return 0;
}

/**
 * hugetlb_fallocate() - fill a range ahead, or punch a hole
 * @f: the file
 * @mode: FALLOC_FL_*
 * @off: first byte, not negative
 * @len: bytes, not 0
 *
 * Context: takes i_rwsem; may sleep. Return: 0, -EOPNOTSUPP, -EPERM (sealed),
 * -ENOSPC, -EFBIG, -ENOMEM; pages that could be had stay.
 */
long hugetlb_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	struct address_space *m = f->f_mapping;
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_PUNCH_HOLE) && off + len > MAX_LFS_FILESIZE)
		return -EFBIG;
	down_write(&m->i_rwsem);
	if (mode & FALLOC_FL_PUNCH_HOLE)
		err = punch_hole(m, off, len);
	else
		err = fill_range(f, mode, off, len);
	up_write(&m->i_rwsem);
	return err;
}

/**
 * hugetlb_reserve_file() - promise a file pages before anybody maps it
 * @m: the file
 * @from: first page
 * @to: past the last one
 *
 * Context: may sleep. Return: false: there are not as many.
 */
bool hugetlb_reserve_file(struct address_space *m, unsigned long from,
			  unsigned long to)
{
	bool reserved;

	filemap_invalidate_lock(m);
	reserved = hugetlb_reserve_pages(m, from, to, NULL, 0);
	filemap_invalidate_unlock(m);
	return reserved;
}

/* ---- read(2) ---- */

/* @n bytes of one page from @off on; @page NULL: a hole. Return: bytes. */
static size_t read_part(struct page *page, unsigned long off, size_t n,
			struct iov_iter *to)
{
	size_t done, part;

	if (!page)
		return iov_iter_zero(n, to);
	for (done = 0; done < n; done += part, off += part) {
		part = min(n - done, (size_t)(PAGE_SIZE - off % PAGE_SIZE));
		if (copy_page_to_iter(page + (off >> PAGE_SHIFT),
				      off % PAGE_SIZE, part, to) != part)
			break;
	}
	return done;
}

/**
 * hugetlb_read_iter() - read(2); holes are zeroes
 * @f: the file
 * @to: where to
 * @pos: position; moves on
 *
 * Context: may sleep. Return: bytes read, 0 at the end; -EFAULT.
 */
ssize_t hugetlb_read_iter(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	unsigned long off;
	struct page *page;
	size_t done = 0, n, copied;
	loff_t left;

	while (to->count) {
		left = mapping_size(m) - *pos;
		if (left <= 0)
			break;
		off = offset_in_hugepage(*pos);
		n = min(to->count, (size_t)(HPAGE_PMD_SIZE - off));
		if (left < (loff_t)n)
			n = (size_t)left;
		page = hugetlb_find_page(m, huge_index(*pos));
		copied = read_part(page, off, n, to);
		if (page)
			put_page(page);
		*pos += (loff_t)copied;
		done += copied;
		if (copied < n)
			return done ? (ssize_t)done : -EFAULT;
	}
	return (ssize_t)done;
}
