/* SPDX-License-Identifier: MIT */
/*
 * What the files of the page cache share: filemap.c (pages are found, made
 * and filled), filemap_read.c, filemap_write.c, filemap_fault.c (mappings),
 * filemap_sync.c (to the disk), truncate.c (pages go).
 */
#ifndef ASHLAR_MM_FILEMAP_H
#define ASHLAR_MM_FILEMAP_H

#include <ashlar/compiler.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>

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

/* True if what is not cached lies elsewhere, and is not zeroes. */
static inline bool mapping_reads(const struct address_space *m)
{
	return m->a_ops && m->a_ops->read_folio;
}

/* True if the page is still the file's. Context: its lock, or xa_lock. */
static inline bool page_is_in(const struct page *page,
			      const struct address_space *m)
{
	return READ_ONCE(page->mapping) == (unsigned long)m;
}

/* A page that a swap area has, back with a reference; or NULL; or ERR_PTR. */
static inline struct page *filemap_swapin(struct address_space *m,
					  unsigned long index)
{
	if (likely(!READ_ONCE(m->nrswapped)))
		return NULL;
	return m->a_ops->swapin(m, index);
}

/* ---- filemap.c ---- */

/* Counts of pages that join or leave. Context: xa_lock for the first. */
void filemap_count(struct address_space *m, long nr);
void filemap_uncharge(struct address_space *m, unsigned long nr);
struct page *filemap_fill(struct address_space *m, unsigned long index,
			  struct page *page, bool inside);

/* ---- truncate.c ---- */

void zero_page_part(struct page *page, size_t from, size_t to);
void zero_past_end(struct address_space *m);

#endif
