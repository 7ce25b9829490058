/* SPDX-License-Identifier: MIT */
/*
 * What each frame of the machine is, as text for whoever draws it.
 *
 *   PFN FRAMES free TYPE                       a free block, of that mobility
 *   PFN FRAMES pcp                             on a processor's list
 *   PFN FRAMES slab CACHE SIZE LEAD SLOTS BITS
 *       bytes of a slot, bytes before the first, how many were ever used, and
 *       a bit for each that is in use: four to a digit, the first the lowest
 *   PFN FRAMES anon|file|huge|kernel|reserved  neighbours alike, in one line
 *
 *   zone NAME PFN TYPES                        a letter for each page block
 *
 * No lock is taken: what is read changes between two parts of the text.
 */
#include <ashlar/huge_mm.h>
#include <ashlar/mm.h>
#include <ashlar/seq_file.h>
#include "../page_alloc.h"
#include "../slub.h"
#include "report.h"

#define LINE 512 /* bytes, at most */

/* Frames that begin with @page's; its descriptor says it in several ways. */
static __racy unsigned long frames_of(const struct page *page)
{
	if (page->flags & PG_slab)
		return page->flags & PG_tail ? 1 : page->nr;
	if (!(page->flags & (PG_used | PG_buddy | PG_pcp)))
		return 1;
	if (page->order == ORDER_NONE)
		return max(page->priv, 1ul);
	return 1ul << page->order;
}

/* What is told together with its neighbours; NULL: this is told alone. */
static __racy const char *kind_of(const struct page *page)
{
	if (page->flags & (PG_slab | PG_buddy) ||
	    (page->flags & PG_pcp && !(page->flags & PG_used)))
		return NULL;
	if (!(page->flags & PG_used))
		return "reserved";
	if (page->order == HPAGE_PMD_ORDER &&
	    page->pflags & (PG_huge | PG_hugetlb))
		return "huge";
	if (page->order || !page->mapping)
		return "kernel";
	return page->mapping & PAGE_MAPPING_ANON ? "anon" : "file";
}

static void show_slab(struct seq_file *m, const struct page *slab)
{
	const struct kmem_cache *s = slab->slab_cache;
	char *start = slab_start(s, slab);
	u32 nr = slab_objects(s, slab), slots = 0, i;
	unsigned int digit = 0;

	while (slots < nr &&
	       object_state(s, slab, start + (size_t)slots * s->size) !=
		       OBJECT_NONE)
		slots++;
	seq_printf(m, " slab %s %u %lu %u ", s->name, s->size,
		   (unsigned long)(start - (char *)page_address(slab)), slots);
	for (i = 0; i < slots; i++) {
		if (object_state(s, slab, start + (size_t)i * s->size) ==
		    OBJECT_USED)
			digit |= 1u << i % 4;
		if (i % 4 == 3 || i == slots - 1) {
			seq_printf(m, "%x", digit);
			digit = 0;
		}
	}
	if (!slots)
		seq_putc(m, '-');
}

static void show_alone(struct seq_file *m, const struct page *page)
{
	if (page->flags & PG_slab)
		show_slab(m, page);
	else if (page->flags & PG_buddy)
		seq_printf(m, " free %s", migratetype_names[page->list_type]);
	else
		seq_puts(m, " pcp");
}

/* A line for what begins at @pfn. Returns the frame behind it. */
static unsigned long show_run(struct seq_file *m, unsigned long pfn,
			      unsigned long end)
{
	const struct page *page = pfn_to_page(pfn);
	const char *kind = kind_of(page);
	unsigned long next = pfn + frames_of(page);

	while (kind && next < end && kind_of(pfn_to_page(next)) == kind)
		next += frames_of(pfn_to_page(next));
	next = min(next, end);
	seq_printf(m, "%lu %lu", pfn, next - pfn);
	if (kind)
		seq_printf(m, " %s", kind);
	else
		show_alone(m, page);
	seq_putc(m, '\n');
	return next;
}

/**
 * show_frames() - what each frame is, from the lowest on
 * @m: gets as many lines as fit from frame @m->index on; m->index is then the
 *	next one, or 0
 */
void show_frames(struct seq_file *m)
{
	unsigned long at = m->index, end;
	bool any = false;
	struct zone *z;

	for_each_populated_zone(z) {
		end = z->start_pfn + z->spanned_pages;
		at = max(at, z->start_pfn);
		while (at < end) {
			m->index = at;
			if (any && m->count + LINE > m->size)
				return;
			at = show_run(m, at, end);
			any = true;
		}
	}
	m->index = 0;
}

/** show_pageblocks() - the mobility of each page block, zone by zone */
void show_pageblocks(struct seq_file *m)
{
	unsigned long pfn, end;
	struct zone *z;

	for_each_populated_zone(z) {
		seq_printf(m, "zone %s %lu ", z->name, z->start_pfn);
		end = z->start_pfn + z->spanned_pages;
		for (pfn = z->start_pfn; pfn < end;
		     pfn = ALIGN_DOWN(pfn, PAGEBLOCK_FRAMES) + PAGEBLOCK_FRAMES)
			seq_putc(m,
				 migratetype_names[pageblock_type(z, pfn)][0]);
		seq_putc(m, '\n');
	}
}
