/* SPDX-License-Identifier: MIT */
/*
 * Page table entries that say where a page is that is not mapped.
 *
 *   31              12 11   9 8  7   6 5    1 0
 *   ┌─────────────────┬──────┬─┬─┬───┬──────┬─┐
 *   │ offset          │  0   │0│0│ X │ type │0│   bits 0 and 8: not present
 *   └─────────────────┴──────┴─┴─┴───┴──────┴─┘
 *
 *   type  1 … MAX_SWAPFILES   offset: page of a swap area
 *         SWP_MIGRATION_*     offset: frame of a page that is being moved; the
 *                             entry allowed writes, or only reads
 *   X     the page was the entry's alone (PG_anon_exclusive)
 *
 * An entry for a swap area is one owner of its page there: swap_duplicate(),
 * free_swap_and_cache(). One for a page that is moved holds no reference and is
 * no mapping, so whoever moves the page holds both; it counts in rss_*, and in
 * no other way. No entry is 0, so none is taken for "nothing".
 */
#ifndef ASHLAR_SWAPOPS_H
#define ASHLAR_SWAPOPS_H

#include <ashlar/mm_types.h>
#include <ashlar/types.h>
#include <mach/pgtable.h>

typedef struct {
	unsigned long val; /* as in a page table, without X */
} swp_entry_t;

#define MAX_SWAPFILES 28u
#define SWP_MIGRATION_READ 30u
#define SWP_MIGRATION_WRITE 31u

#define _PAGE_SWP_EXCLUSIVE 0x040u
#define SWP_OFFSET_MAX ((1ul << 20) - 1)

static inline swp_entry_t swp_entry(unsigned int type, unsigned long offset)
{
	return (swp_entry_t){ offset << PAGE_SHIFT | type << 1 };
}

static inline unsigned int swp_type(swp_entry_t entry)
{
	return (unsigned int)(entry.val >> 1) & 31;
}

static inline unsigned long swp_offset(swp_entry_t entry)
{
	return entry.val >> PAGE_SHIFT;
}

/* True if the entry is no page, but says where one is. */
static inline bool is_swap_pte(pte_t pte)
{
	return !pte_none(pte) && !pte_present(pte);
}

static inline swp_entry_t pte_to_swp_entry(pte_t pte)
{
	return (swp_entry_t){ pte_val(pte) & ~_PAGE_SWP_EXCLUSIVE };
}

static inline pte_t swp_entry_to_pte(swp_entry_t entry)
{
	return __pte(entry.val);
}

static inline bool pte_swp_exclusive(pte_t pte)
{
	return pte_val(pte) & _PAGE_SWP_EXCLUSIVE;
}

static inline pte_t pte_swp_mkexclusive(pte_t pte)
{
	return __pte(pte_val(pte) | _PAGE_SWP_EXCLUSIVE);
}

static inline pte_t pte_swp_clear_exclusive(pte_t pte)
{
	return __pte(pte_val(pte) & ~_PAGE_SWP_EXCLUSIVE);
}

static inline bool is_migration_entry(swp_entry_t entry)
{
	return swp_type(entry) >= SWP_MIGRATION_READ;
}

/* An entry for @page, which is locked until it has been moved. */
static inline swp_entry_t make_migration_entry(const struct page *page,
					       bool write)
{
	return swp_entry(write ? SWP_MIGRATION_WRITE : SWP_MIGRATION_READ,
			 (unsigned long)(page - port_mem_map));
}

static inline bool is_writable_migration_entry(swp_entry_t entry)
{
	return swp_type(entry) == SWP_MIGRATION_WRITE;
}

static inline struct page *migration_entry_to_page(swp_entry_t entry)
{
	return port_mem_map + swp_offset(entry);
}

/* The same entry for a page that may only be read. */
static inline pte_t pte_migration_wrprotect(pte_t pte)
{
	return __pte(pte_val(pte) &
		     ~((SWP_MIGRATION_READ ^ SWP_MIGRATION_WRITE) << 1));
}

#endif
