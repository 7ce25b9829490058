/* SPDX-License-Identifier: MIT */
/*
 * Every constant of the core. Tests put a directory with another tune.h
 * first on the include path: small numbers reach the corners sooner.
 */
#ifndef ASHLAR_TUNE_H
#define ASHLAR_TUNE_H

/* A page frame is 4 KiB, whatever the host's own page size. */
#define PAGE_SHIFT 12

/* Buddy orders 0 … MAX_ORDER - 1: blocks of 1 … 1024 frames. */
#define MAX_ORDER 11
/* Mobility is tracked per block of 2^pageblock_order frames. */
#define pageblock_order 9

/* Orders kept on per-CPU lists, frames per refill, and most frames kept. */
#define PCP_ORDERS 4
#define PCP_BATCH 8
#define PCP_HIGH 24

/* Slots of a sheaf: a link, its bottom, one sentinel, the rest objects. */
#define SHEAF_SLOTS 64
/* Bytes of objects that one sheaf may hold, and that one barn may hold … */
#define SHEAF_BYTES (8 << 10)
#define BARN_BYTES (32 << 10)
#define BARN_FULL_MAX 16
/* … until they grow: a sheaf up to so many bytes, after so many exchanges … */
#define SHEAF_BYTES_MOST (512 << 10)
#define SHEAF_EXCHANGES 16
/* … all sheaves and barns together by so many bytes … */
#define BARN_GROWTH_BYTES (8 << 20)
/* … and this fraction of the frames in use. */
#define BARN_GROWTH_FRACTION 64
/*
 * Not counted is growth up to these fractions of a cache's objects: of those
 * that are free in its slabs, and of those in use.
 */
#define GROWTH_FREE_FRACTION 4
#define GROWTH_USED_FRACTION 16
/* Flushes in a row from which on the barn is flushed, too. */
#define BARN_FLUSHES 8

/*
 * Objects over this many bytes get a sheaf on a CPU only after as many slow
 * allocations there: what is seldom asked for is not kept.
 */
#define SHEAF_WARM_BYTES (4 << 10)
#define SHEAF_WARM_COUNT 8
/* Smaller ones do after so many slow calls, but for those within a line. */
#define SHEAF_WARM_CALLS 4
#define CACHE_LINE 64

/*
 * Caches that were not used are shrunk when RAM in use has grown by so many
 * frames, or by this fraction of it.
 */
#define SHRINK_FRAMES 32ul
#define SHRINK_FRACTION 4

/* Caches with a CPU list; the others work from their slabs directly. */
#define NR_CPU_CACHES 160

/*
 * What a release wants to know of an object's class lies before the classes of
 * all frames, where one pointer reaches both: so many words of 64 bits.
 */
#define CLASS_WORDS (5 * NR_CPU_CACHES)
#define CLASS_BYTES (8 * CLASS_WORDS)

/* Bytes of a slab: it grows with its cache between these two. */
#define SLAB_MIN_BYTES (4 << 10)
#define SLAB_MAX_BYTES (64 << 10)
/* With harden=1, slabs with a frame without access behind them, at most. */
#define SLAB_GUARDS_MOST (12 << 10)
/* Larger objects have a slab each, which is no larger than they need. */
#define SLAB_PACK_MAX (4ul << PAGE_SHIFT)
/* A cache's next slab is about this fraction of what it already holds. */
#define SLAB_GROWTH 8

/* General caches: steps of 16 to 128 bytes, then 8 steps a doubling. */
#define KMALLOC_MIN_SIZE 16
#define KMALLOC_MAX_CACHE_SIZE (128 << 10)

/* Free frames are given back to the host beyond this many bytes … */
#define REPORT_KEEP_BYTES (2ul << 20)
/* … or this fraction of the frames in use, whichever is more. */
#define REPORT_KEEP_FRACTION 32
/* Of what came back in use, half is forgotten in this time. */
#define REPORT_HALF_LIFE_MS 250
/* Smallest free block worth giving back. */
#define REPORT_MIN_ORDER 2

/* Regions that each of memblock's two lists can hold. */
#define MEMBLOCK_REGIONS 128

/* Objects that a shrinker is asked to look at in one call. */
#define SHRINK_BATCH 128
/* A cache of at least this size also gives back frames inside its slabs … */
#define SLAB_REPORT_BYTES (1ul << 20)
/* … when about this fraction of them became idle. */
#define SLAB_REPORT_FRACTION 16

/* Slots of one watched cache that a CPU may have at hand, and one more. */
#define HAND_SLOTS 32u

/* Stacks of callers: bytes of a chunk, and how many chunks there may be. */
#define DEPOT_CHUNK_SHIFT 16
#define DEPOT_CHUNKS 1024

/* Guarded blocks: samples, and where all are guarded; pages for the latter. */
#define KFENCE_SAMPLES 256u
#define KFENCE_BLOCKS 16384u
#define KFENCE_PAGES (1ul << 24)

/* The heap profile: slots of its tables, of which three in four are used. */
#define PROFILE_SITES (1u << 15)
#define PROFILE_LIVE (1u << 16)

#endif
