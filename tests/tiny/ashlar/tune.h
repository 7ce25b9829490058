/* SPDX-License-Identifier: MIT */
/*
 * The core's constants, made small: frames of 1 KiB, 8 of them in the largest
 * block, two or three objects in a slab, one to five in a sheaf. A test reaches
 * every corner within a few allocations. What each means is said in the real
 * <ashlar/tune.h>; what is not named here is as it is there.
 */
#ifndef ASHLAR_TINY_TUNE_H
#define ASHLAR_TINY_TUNE_H

#include_next <ashlar/tune.h>

#undef PAGE_SHIFT
#define PAGE_SHIFT 10

#undef MAX_ORDER
#define MAX_ORDER 4
#undef pageblock_order
#define pageblock_order 2

#undef PCP_ORDERS
#define PCP_ORDERS 2
#undef PCP_BATCH
#define PCP_BATCH 2
#undef PCP_HIGH
#define PCP_HIGH 4

#undef SHEAF_SLOTS
#define SHEAF_SLOTS 8
#undef SHEAF_BYTES
#define SHEAF_BYTES 64
#undef SHEAF_BYTES_MOST
#define SHEAF_BYTES_MOST (2 << 10)
#undef SHEAF_EXCHANGES
#define SHEAF_EXCHANGES 2
#undef BARN_BYTES
#define BARN_BYTES (1 << 10)
#undef BARN_FULL_MAX
#define BARN_FULL_MAX 2
#undef BARN_GROWTH_BYTES
#define BARN_GROWTH_BYTES (256 << 10)
#undef BARN_FLUSHES
#define BARN_FLUSHES 64

#undef SHEAF_WARM_BYTES
#define SHEAF_WARM_BYTES (1 << 10)
#undef SHEAF_WARM_COUNT
#define SHEAF_WARM_COUNT 2

#undef SLAB_MIN_BYTES
#define SLAB_MIN_BYTES (1 << 10)
#undef SLAB_MAX_BYTES
#define SLAB_MAX_BYTES (4 << 10)
#undef SLAB_PACK_MAX
#define SLAB_PACK_MAX (2ul << PAGE_SHIFT)
#undef SLAB_REPORT_BYTES
#define SLAB_REPORT_BYTES (8 << 10)
#undef SLAB_GROWTH
#define SLAB_GROWTH 2

#undef KMALLOC_MAX_CACHE_SIZE
#define KMALLOC_MAX_CACHE_SIZE (4 << 10)

#undef MEMBLOCK_REGIONS
#define MEMBLOCK_REGIONS 8

#undef SHRINK_BATCH
#define SHRINK_BATCH 4

#undef REPORT_KEEP_BYTES
#define REPORT_KEEP_BYTES (8ul << 10)
#undef REPORT_MIN_ORDER
#define REPORT_MIN_ORDER 1

#undef HAND_SLOTS
#define HAND_SLOTS 5u

#undef DEPOT_CHUNK_SHIFT
#define DEPOT_CHUNK_SHIFT 12
#undef DEPOT_CHUNKS
#define DEPOT_CHUNKS 4

#undef KFENCE_SAMPLES
#define KFENCE_SAMPLES 4u
#undef KFENCE_BLOCKS
#define KFENCE_BLOCKS 8u
#undef KFENCE_PAGES
#define KFENCE_PAGES 64ul

#undef PROFILE_SITES
#define PROFILE_SITES 128u
#undef PROFILE_LIVE
#define PROFILE_LIVE 256u

#endif
