/* SPDX-License-Identifier: MIT */
/*
 * The mappings that may count on huge pages. Each is promised its pages when
 * it is made (or refused, -ENOMEM), so that later faults of it find some.
 *
 *   shared, or a file by itself:  a set of pages (resv_map) for the file; what
 *                                 is in it is promised, or there
 *   private:                      a set for the area that was mapped, and its
 *                                 parts; what is in it has been taken, the rest
 *                                 is promised still
 *   MAP_NORESERVE, private areas
 *     that came by fork:          no promise
 *
 *   vm_private_data of a private area:  ┌ resv_map ┬─ UNMAPPED ─┬─ OWNER ─┐
 *                                       └──────────┴────────────┴─────────┘
 *
 * A page that is taken: the promise is looked up (region_chg), the page taken
 * from the pool for it or without, and the set told (region_add). A fault that
 * fails behind this gives all of it back (put_new_hugetlb_page()).
 *
 * UNMAPPED: the area lost a page to the one it was forked from, which had been
 * promised it; a fault is SIGBUS from then on.
 *
 * Locks: a file's invalidate_lock for write, around all that takes or promises
 * pages of it; an area's set goes with mmap_lock and that.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/gfp.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/rwsem.h>
#include <ashlar/xa_slots.h>
#include "hugetlb.h"
#include "vma.h"

#define HPAGE_RESV_OWNER 1ul
#define HPAGE_RESV_UNMAPPED 2ul
#define HPAGE_RESV_FLAGS (HPAGE_RESV_OWNER | HPAGE_RESV_UNMAPPED)

/* ---- an area's own set ---- */

static bool vma_is_shared(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_MAYSHARE;
}

static unsigned long resv_word(const struct vm_area_struct *vma)
{
	return vma_is_shared(vma) ? 0 : (unsigned long)vma->vm_private_data;
}

/* The set that says what the area is promised; NULL: nothing is. */
static struct resv_map *vma_resv_map(const struct vm_area_struct *vma)
{
	if (vma_is_shared(vma))
		return inode_resv_map(vma_mapping(vma));
	return (struct resv_map *)(resv_word(vma) & ~HPAGE_RESV_FLAGS);
}

/** vma_is_resv_owner() - true if the area was promised private pages. */
bool vma_is_resv_owner(const struct vm_area_struct *vma)
{
	return resv_word(vma) & HPAGE_RESV_OWNER;
}

/** vma_is_resv_unmapped() - true if it lost a page to its owner. */
bool vma_is_resv_unmapped(const struct vm_area_struct *vma)
{
	return resv_word(vma) & HPAGE_RESV_UNMAPPED;
}

/** vma_set_resv_unmapped() - a private area loses a page to its owner. */
void vma_set_resv_unmapped(struct vm_area_struct *vma)
{
	vma->vm_private_data = (void *)(resv_word(vma) | HPAGE_RESV_UNMAPPED);
}

/** hugetlb_dup_vma_private() - a private area of fork's is promised nothing. */
void hugetlb_dup_vma_private(struct vm_area_struct *vma)
{
	if (!vma_is_shared(vma))
		vma->vm_private_data = NULL;
}

/**
 * clear_vma_resv_huge_pages() - another area has taken over the promises
 * @vma: whose pages moved to that one
 */
void clear_vma_resv_huge_pages(struct vm_area_struct *vma)
{
	if (!vma_is_resv_owner(vma))
		return;
	resv_map_put(vma_resv_map(vma));
	vma->vm_private_data = NULL;
}

/* ---- one page's promise ---- */

/*
 * Begin to take a page: 0 if it was promised to the area, 1 if not, or -ENOMEM.
 * If there is a set, one of the two below follows.
 */
static long vma_needs_reservation(struct vm_area_struct *vma,
				  unsigned long index)
{
	struct resv_map *map = vma_resv_map(vma);
	long chg;

	if (!map)
		return 1;
	chg = region_chg(map, index, index + 1);
	if (chg < 0 || vma_is_shared(vma))
		return chg;
	return !chg; /* what is in the set has been taken */
}

/* It was taken. */
static void vma_commit_reservation(struct vm_area_struct *vma,
				   unsigned long index)
{
	struct resv_map *map = vma_resv_map(vma);

	if (map)
		region_add(map, index, index + 1);
}

static void vma_end_reservation(struct vm_area_struct *vma)
{
	struct resv_map *map = vma_resv_map(vma);

	if (map)
		region_abort(map);
}

/**
 * alloc_hugetlb_page() - a page for an area, out of what it was promised
 * @vma: of huge pages
 * @index: the page's number in the file
 *
 * What is in it is unknown. Context: the file's invalidate_lock for write; may
 * sleep. Return: the page, with one reference; or ERR_PTR: -ENOSPC: there is
 * none; -ENOMEM.
 */
struct page *alloc_hugetlb_page(struct vm_area_struct *vma, unsigned long index)
{
	struct hugepage_subpool *spool =
		inode_resv_map(vma_mapping(vma))->spool;
	long map_chg = vma_needs_reservation(vma, index);
	long pool_chg = 0; /* pages without a promise */
	struct page *page = NULL;

	if (map_chg < 0)
		return ERR_PTR(-ENOMEM);
	if (map_chg)
		pool_chg = hugepage_subpool_get_pages(spool, 1);
	if (pool_chg >= 0)
		page = hugetlb_take_page(pool_chg ? CLAIM_FREE : CLAIM_RESERVED,
					 spool);
	if (likely(page)) {
		vma_commit_reservation(vma, index);
		return page;
	}
	if (pool_chg > 0)
		hugepage_subpool_put_pages(spool, 1);
	vma_end_reservation(vma);
	return ERR_PTR(-ENOSPC);
}

/**
 * put_new_hugetlb_page() - a page that was taken is not used after all
 * @vma: as it was taken for
 * @index: as well
 * @page: that nobody else has seen
 *
 * What was promised is promised again. The set becomes what it was: a shared
 * page that was promised stays in it, and so does a private one for which
 * nothing was. Where it cannot, the promise is made to agree with the set.
 * Context: the file's invalidate_lock for write; may sleep.
 */
void put_new_hugetlb_page(struct vm_area_struct *vma, unsigned long index,
			  struct page *page)
{
	struct resv_map *map = vma_resv_map(vma);
	bool promised = page->pflags & PG_private;

	if (map && promised != vma_is_shared(vma) &&
	    region_del(map, index, index + 1) < 0)
		page->pflags ^= PG_private;
	put_page(page);
}

/* ---- many pages ---- */

/* Promise @chg pages to a mount's files: by itself, or by the pool. */
static bool promise(struct hugepage_subpool *spool, long chg)
{
	long from_pool = hugepage_subpool_get_pages(spool, chg);

	if (from_pool < 0)
		return false;
	if (!hugetlb_acct_memory(from_pool))
		return true;
	hugepage_subpool_put_pages(spool, chg);
	return false;
}

static void unpromise(struct hugepage_subpool *spool, long chg)
{
	hugetlb_acct_memory(-hugepage_subpool_put_pages(spool, chg));
}

static bool reserve_shared(struct resv_map *map, unsigned long from,
			   unsigned long to)
{
	long chg = region_chg(map, from, to);

	if (chg < 0)
		return false;
	if (!promise(map->spool, chg)) {
		region_abort(map);
		return false;
	}
	region_add(map, from, to);
	return true;
}

static bool reserve_private(struct resv_map *file, unsigned long pages,
			    struct vm_area_struct *vma)
{
	struct resv_map *map = resv_map_alloc();

	if (!map)
		return false;
	if (!promise(file->spool, (long)pages)) {
		resv_map_put(map);
		return false;
	}
	vma->vm_private_data = (void *)((unsigned long)map | HPAGE_RESV_OWNER);
	return true;
}

/**
 * hugetlb_reserve_pages() - promise pages to a new area, or to a file
 * @m: the file
 * @from: first page
 * @to: past the last one
 * @vma: of the file, or NULL
 * @vm_flags: the area's; VM_NORESERVE: nothing is promised
 *
 * Context: invalidate_lock of @m for write; may sleep. Return: false: there
 * are not as many pages, or there is no memory.
 */
bool hugetlb_reserve_pages(struct address_space *m, unsigned long from,
			   unsigned long to, struct vm_area_struct *vma,
			   u32 vm_flags)
{
	if (vm_flags & VM_NORESERVE)
		return true;
	if (!vma || vma_is_shared(vma))
		return reserve_shared(inode_resv_map(m), from, to);
	return reserve_private(inode_resv_map(m),
			       vma_pages(vma) >> HPAGE_PMD_ORDER, vma);
}

/**
 * hugetlb_unreserve_pages() - a file is cut
 * @m: the file
 * @from: the first page that is promised no more
 * @freed: of those that were promised, pages that it had
 *
 * Context: invalidate_lock of @m for write; may sleep.
 */
void hugetlb_unreserve_pages(struct address_space *m, unsigned long from,
			     long freed)
{
	struct resv_map *map = inode_resv_map(m);

	unpromise(map->spool, region_del(map, from, ~0ul) - freed);
}

/* ---- a file's pages ---- */

/** hugetlb_find_page() - the page with a reference, or NULL. */
struct page *hugetlb_find_page(struct address_space *m, unsigned long index)
{
	struct page *page;

	xa_lock(&m->i_pages);
	page = __xa_load(&m->i_pages, index);
	if (page)
		get_page(page);
	xa_unlock(&m->i_pages);
	return page;
}

/**
 * hugetlb_add_to_page_cache() - a page that is filled becomes a file's
 * @page: that nobody else has seen
 *
 * Context: invalidate_lock of @m for write; may sleep. Return: 0 or -ENOMEM.
 */
int hugetlb_add_to_page_cache(struct address_space *m, struct page *page,
			      unsigned long index)
{
	int err;

	page->mapping = (unsigned long)m;
	page->index = index;
	get_page(page);
	xa_lock(&m->i_pages);
	err = __xa_insert(&m->i_pages, index, page, GFP_KERNEL);
	if (!err)
		m->nrpages++;
	xa_unlock(&m->i_pages);
	if (err) {
		put_page(page);
		return err;
	}
	clear_page_flags(page, PG_private);
	set_page_flags(page, PG_uptodate | PG_dirty);
	return 0;
}

/* ---- areas come and go ---- */

static void hugetlb_vm_op_open(struct vm_area_struct *vma)
{
	if (vma_is_resv_owner(vma))
		resv_map_get(vma_resv_map(vma));
}

/* What was promised to the area, and not taken, is promised no more. */
static void hugetlb_vm_op_close(struct vm_area_struct *vma)
{
	unsigned long from = vma_hugecache_offset(vma, vma->vm_start);
	unsigned long to = vma_hugecache_offset(vma, vma->vm_end);
	struct resv_map *map;

	if (!vma_is_resv_owner(vma))
		return;
	map = vma_resv_map(vma);
	unpromise(inode_resv_map(vma_mapping(vma))->spool,
		  (long)(to - from) - region_count(map, from, to));
	resv_map_put(map);
}

const struct vm_operations_struct hugetlb_vm_ops = {
	.open = hugetlb_vm_op_open,
	.close = hugetlb_vm_op_close,
};

/**
 * hugetlb_file_mmap() - mmap(2) of a file of huge pages
 * @f: the file
 * @vma: the area that is being made
 *
 * A file that is mapped to be written grows to what is mapped of it. Context:
 * mmap_lock for write; may sleep. Return: 0, -EINVAL, or -ENOMEM: the pool
 * cannot promise as many pages.
 */
int hugetlb_file_mmap(struct file *f, struct vm_area_struct *vma)
{
	struct address_space *m = f->f_mapping;
	loff_t end = ((loff_t)vma->vm_pgoff << PAGE_SHIFT) +
		     (loff_t)(vma->vm_end - vma->vm_start);
	int err = -ENOMEM;

	if ((vma->vm_pgoff & (HPAGE_PMD_NR - 1)) || end > MAX_LFS_FILESIZE)
		return -EINVAL;
	vma->vm_flags |= VM_HUGETLB | VM_DONTEXPAND;
	vma->vm_ops = &hugetlb_vm_ops;
	filemap_invalidate_lock(m);
	if (hugetlb_reserve_pages(m, vma->vm_pgoff >> HPAGE_PMD_ORDER,
				  (unsigned long)(end >> PGDIR_SHIFT), vma,
				  vma->vm_flags)) {
		if ((vma->vm_flags & VM_WRITE) && m->i_size < end)
			mapping_set_size(m, end);
		err = 0;
	}
	filemap_invalidate_unlock(m);
	return err;
}
