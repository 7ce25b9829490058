/* SPDX-License-Identifier: MIT */
/* Files in memory and swap areas, to mm/. Picture: mm/shmem_swap.c. */
#ifndef ASHLAR_MM_SHMEM_H
#define ASHLAR_MM_SHMEM_H

#include <ashlar/fs.h>
#include <ashlar/swapops.h>
#include <ashlar/xarray.h>

/* A slot as a value of an array: an entry's lowest bit is 0. */
static inline void *swp_to_xa_value(swp_entry_t entry)
{
	return xa_mk_value(entry.val >> 1);
}

static inline swp_entry_t xa_value_to_swp(const void *value)
{
	return (swp_entry_t){ xa_to_value(value) << 1 };
}

bool shmem_swap_out(struct page *page);
struct page *shmem_swapin(struct address_space *m, unsigned long index);
void shmem_swapin_soon(struct address_space *m, unsigned long first,
		       unsigned long nr);
void shmem_swap_forget(struct address_space *m);
int shmem_unuse(unsigned int type, bool (*cancelled)(void));
unsigned long shmem_swap_usage(struct address_space *m, unsigned long first,
			       unsigned long nr);

#endif
