/* SPDX-License-Identifier: MIT */
/* Pages that move to other frames, to mm/. Picture: mm/migrate.c. */
#ifndef ASHLAR_MM_MIGRATE_H
#define ASHLAR_MM_MIGRATE_H

#include <ashlar/pagemap.h>
#include <ashlar/swapops.h>
#include <ashlar/types.h>
#include <mach/pgtable.h>

struct page;

enum migrate_mode {
	MIGRATE_ASYNC, /* what is locked or being written stays */
	MIGRATE_SYNC /* it is waited for */
};

/* True if the entry stands for a page that is being moved. */
static inline bool is_migration_pte(pte_t pte)
{
	return is_swap_pte(pte) && is_migration_entry(pte_to_swp_entry(pte));
}

/*
 * True if there are references beside @mine that belong neither to entries nor
 * to a cache: its frame is being read or written.
 */
static inline bool page_is_pinned(const struct page *page, int mine)
{
	unsigned long mapping = READ_ONCE(page->mapping);
	int refs = atomic_read(&page->_refcount) - mine;
	int cache = (mapping && !(mapping & PAGE_MAPPING_ANON)) ||
		    PageSwapCache(page);

	return refs > atomic_read(&page->_mapcount) + cache;
}

int migrate_page(struct page *page, struct page *newpage,
		 enum migrate_mode mode);

#endif
