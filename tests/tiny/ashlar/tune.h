/* SPDX-License-Identifier: MIT */
/*
 * The core's constants, made small: frames of 1 KiB, 8 of them in the largest
 * block, two or three objects in a slab, two in a sheaf. A test reaches every
 * corner within a few allocations. What each means: include/ashlar/tune.h.
 */
#ifndef ASHLAR_TUNE_H
#define ASHLAR_TUNE_H

#define PAGE_SHIFT 10

#define MAX_ORDER 4
#define pageblock_order 2

#define PCP_ORDERS 2
#define PCP_BATCH 2
#define PCP_HIGH 4

#define SHEAF_SLOTS 4
#define SHEAF_BYTES (1 << 10)
#define BARN_BYTES (1 << 10)
#define BARN_FULL_MAX 2

#define NR_CPU_CACHES 96

#define SLAB_MIN_BYTES (1 << 10)
#define SLAB_MAX_BYTES (4 << 10)
#define SLAB_GROWTH 2

#define KMALLOC_MIN_SIZE 16
#define KMALLOC_MAX_CACHE_SIZE (4 << 10)

#define MEMBLOCK_REGIONS 8

#define SHRINK_BATCH 4

#define REPORT_KEEP_BYTES (8ul << 10)
#define REPORT_KEEP_FRACTION 8
#define REPORT_MIN_ORDER 1

#endif
