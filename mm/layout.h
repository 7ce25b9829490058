/* SPDX-License-Identifier: MIT */
/*
 * What a reader outside the process relies on: where each field of the core's
 * structures lies, and what its numbers mean. The core and its readers compile
 * this list into a table each. ashlar_root leads to the core's, and a reader
 * that has another one reads nothing.
 *
 *   a field    | offset, 32 bits | size, 32 bits |
 *   a constant | value, 64 bits                  |
 *
 * tests/tools/layout holds the list to what the readers use.
 */
#ifndef ASHLAR_MM_LAYOUT_H
#define ASHLAR_MM_LAYOUT_H

#include <ashlar/root.h>
#include <ashlar/stackdepot.h>
#include "internal.h"
#include "slab_record.h"

#define FIELD(tag, field)                                    \
	((u64) __builtin_offsetof(struct tag, field) << 32 | \
	 sizeof(((struct tag *)0)->field))
#define VALUE(value) ((u64)(value))

/* Not const: a core dump leaves out what cannot have changed. */
static u64 mm_layout[] = {
	FIELD(ashlar_root, zones),
	FIELD(ashlar_root, slab_caches),
	FIELD(ashlar_root, mm_cpus),
	FIELD(ashlar_root, vm_events_dead),
	FIELD(ashlar_root, mem_map),
	FIELD(ashlar_root, large_bytes),
	FIELD(ashlar_root, large_count),
	FIELD(ashlar_root, large_cached_bytes),
	FIELD(ashlar_root, online),
	FIELD(ashlar_root, places),
	FIELD(ashlar_root, free_mark),
	FIELD(ashlar_root, snapshot),
	FIELD(ashlar_root, stacks),
	FIELD(stack_depot, chunk),
	FIELD(depot_stack, nr),
	VALUE(__builtin_offsetof(struct depot_stack, pc)),
	FIELD(slab_record, sum),
	FIELD(slab_record, offset),
	FIELD(slab_record, what),
	FIELD(slab_record, stack),
	FIELD(slab_record, who),
	FIELD(ashlar_snapshot, signal),
	FIELD(ashlar_snapshot, serial),
	FIELD(ashlar_snapshot, pid),
	FIELD(ashlar_snapshot, is_copy),
	FIELD(ashlar_snapshot, held),
	FIELD(ashlar_held, sp),
	FIELD(ashlar_held, reg),
	FIELD(ashlar_places, frames),
	FIELD(ashlar_places, large),
	FIELD(ashlar_places, nr_large),
	FIELD(large_slot, key),
	FIELD(large_slot, range),
	FIELD(large_range, addr),
	FIELD(large_range, size),
	FIELD(large_range, state),
	FIELD(list_head, next),
	FIELD(list_head, prev),
	FIELD(zone, index),
	FIELD(zone, start_pfn),
	FIELD(zone, spanned_pages),
	FIELD(zone, present_pages),
	FIELD(zone, managed_pages),
	FIELD(zone, watermark),
	FIELD(zone, lowmem_reserve),
	FIELD(zone, free_pages),
	FIELD(zone, resident_free),
	FIELD(zone, free_area),
	FIELD(free_area, nr_free),
	FIELD(page, flags),
	FIELD(page, order),
	FIELD(page, nr),
	FIELD(page, block_type),
	FIELD(page, bump),
	FIELD(page, head),
	FIELD(page, slab_cache),
	FIELD(page, priv),
	FIELD(page, free_bits),
	FIELD(kmem_cache, id),
	FIELD(kmem_cache, size),
	FIELD(kmem_cache, object_size),
	FIELD(kmem_cache, red_left),
	FIELD(kmem_cache, record),
	FIELD(kmem_cache, flags),
	FIELD(kmem_cache, sheaf_min),
	FIELD(kmem_cache, sheaf_capacity),
	FIELD(kmem_cache, barn_max),
	FIELD(kmem_cache, name),
	FIELD(kmem_cache, list),
	FIELD(kmem_cache, nr_slabs),
	FIELD(kmem_cache, nr_free_slabs),
	FIELD(kmem_cache, nr_pages),
	FIELD(kmem_cache, total_objects),
	FIELD(kmem_cache, inuse),
	FIELD(kmem_cache, barns),
	FIELD(barn, objects),
	FIELD(barn, full),
	FIELD(mm_cpu, list),
	FIELD(mm_cpu, nr),
	FIELD(mm_cpu, tops),
	FIELD(mm_cpu, pcp),
	FIELD(mm_cpu, events),
	FIELD(per_cpu_pages, count),
	FIELD(sheaf_tops, top),
	VALUE(PAGE_SHIFT),
	VALUE(pageblock_order),
	VALUE(PCP_BATCH),
	VALUE(PCP_HIGH),
	VALUE(NR_CPU_GROUPS),
	VALUE(SHEAF_SLOTS),
	VALUE(SLAB_RECLAIM_ACCOUNT),
	VALUE(SLAB_KMALLOC),
	VALUE(SLAB_WATCHED),
	VALUE(SLAB_STORE_USER),
	VALUE(SLAB_PACK_MAX),
	VALUE(SLAB_GRANULE),
	VALUE(PG_used),
	VALUE(PG_slab),
	VALUE(PG_tail),
	VALUE(PG_vacant),
	VALUE(ORDER_NONE),
	VALUE(LARGE_BLOCK),
	VALUE(HELD_MOST),
	VALUE(DEPOT_CHUNK_SHIFT),
	VALUE(DEPOT_CHUNKS),
	VALUE(DEPOT_DEPTH),
	VALUE(RECORD_LIVE),
	VALUE(RECORD_ALLOC),
	VALUE(ZONE_DMA),
	VALUE(ZONE_NORMAL),
	VALUE(ZONE_HIGHMEM),
	VALUE(WMARK_MIN),
	VALUE(WMARK_LOW),
	VALUE(WMARK_HIGH),
	VALUE(MIGRATE_UNMOVABLE),
	VALUE(MIGRATE_MOVABLE),
	VALUE(MIGRATE_RECLAIMABLE),
	VALUE(PGALLOC),
	VALUE(PGFREE),
	VALUE(PGSTEAL_BLOCK),
	VALUE(PGREPORT),
	VALUE(PGREFAULT),
	VALUE(PGONLINE),
	VALUE(SLAB_REFILL),
	VALUE(SLAB_FLUSH),
	VALUE(BARN_GET),
	VALUE(BARN_PUT),
	VALUE(SLAB_RECLAIM),
	VALUE(ALLOCSTALL),
	VALUE(ALLOC_FAIL),
	VALUE(sizeof(struct zone)),
	VALUE(sizeof(struct kmem_cache)),
	VALUE(sizeof(struct mm_cpu)),
	VALUE(sizeof(struct page)),
};

#undef FIELD
#undef VALUE

#endif
