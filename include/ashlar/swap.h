/* SPDX-License-Identifier: MIT */
/* Memory that is taken back: reclaim, to the kernel. Code: mm/vmscan.c. */
#ifndef ASHLAR_SWAP_H
#define ASHLAR_SWAP_H

#include <ashlar/types.h>

void vmscan_init(void); /* once, when mmap_init() is over */

/* Has balance_pgdat() called soon by kswapd; any context. NULL: none. */
extern void (*wakeup_kswapd)(void);
bool kswapd_is_due(void);
unsigned long balance_pgdat(void);

/*
 * The running task begins, or ends, to wait for memory alone. NULL: nobody
 * keeps count.
 */
extern void (*psi_memstall)(bool begins);

extern int vm_swappiness; /* 0 … 200: how readily anonymous pages go */

/* /proc/sys/vm/drop_caches */
unsigned long drop_pagecache(void);
void drop_slab(void);

#endif
