/* SPDX-License-Identifier: MIT */
/*
 * RAM before the buddy system exists: two sorted lists of address ranges.
 *
 *   memory    |=========================|      |==================|
 *   reserved      |####|         |##########|        |##|
 *   free      |===|    |=========|             |=====|  |=========|
 *
 * `memory` is what the machine has; `reserved` is what is taken, be it RAM
 * or not (an image, a table, a device's registers may be reserved before the
 * memory around them is known). Free is memory minus reserved; it is not
 * stored. memblock_free_all() cuts it at the borders of zones, hands it over
 * page by whole page, and from then on memblock allocates nothing.
 *
 * Invariants of each list: regions are sorted, not empty, and between two of
 * them is a gap: region[i].end < region[i + 1].base.
 *
 * Only the booting CPU runs, so there is no lock. Simpler than in Linux: the
 * lists have a fixed length (a list that is full is an error with its name),
 * and there are no nodes, flags or per-region attributes.
 */
#include <ashlar/errno.h>
#include <ashlar/memblock.h>
#include <ashlar/string.h>
#include "internal.h"

struct region {
	phys_addr_t base, end; /* [base, end) in bytes */
};

struct region_list {
	const char *name;
	unsigned int nr;
	struct region region[MEMBLOCK_REGIONS];
};

static struct region_list memory = { .name = "memory" };
static struct region_list reserved = { .name = "reserved" };
static bool handed_over;

/* The first frame after each zone; unset, all RAM is Normal. */
static unsigned long zone_end_pfn[MAX_NR_ZONES] = {
	[ZONE_NORMAL] = ~0ul,
	[ZONE_HIGHMEM] = ~0ul,
};

/* A range that would wrap around ends at the last address instead. */
static phys_addr_t range_end(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end;

	return __builtin_add_overflow(base, size, &end) ? ~(phys_addr_t)0 : end;
}

/* Replace @count regions from index @at by @with_nr regions of @with. */
static int list_replace(struct region_list *l, unsigned int at,
			unsigned int count, const struct region *with,
			unsigned int with_nr)
{
	if (l->nr - count + with_nr > MEMBLOCK_REGIONS) {
		mm_log("memblock: the list of %s is full at %u regions",
		       l->name, l->nr);
		return -ENOSPC;
	}
	memmove(&l->region[at + with_nr], &l->region[at + count],
		(l->nr - at - count) * sizeof(*with));
	memcpy(&l->region[at], with, with_nr * sizeof(*with));
	l->nr += with_nr - count;
	return 0;
}

/* The first region that ends at or after @addr; l->nr if none does. */
static unsigned int list_find(const struct region_list *l, phys_addr_t addr)
{
	unsigned int low = 0, high = l->nr;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (l->region[mid].end < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Union: what touches or overlaps the new range becomes one with it. */
static int list_add_range(struct region_list *l, phys_addr_t base,
			  phys_addr_t size)
{
	struct region new = { base, range_end(base, size) };
	unsigned int first = list_find(l, base);
	unsigned int last = first;

	if (new.base == new.end)
		return 0;
	while (last < l->nr && l->region[last].base <= new.end) {
		new.base = min(new.base, l->region[last].base);
		new.end = max(new.end, l->region[last].end);
		last++;
	}
	return list_replace(l, first, last - first, &new, 1);
}

/* Difference: the outer regions may leave a piece on either side. */
static int list_remove_range(struct region_list *l, phys_addr_t base,
			     phys_addr_t size)
{
	phys_addr_t end = range_end(base, size);
	unsigned int first = list_find(l, base);
	unsigned int last = first;
	struct region rest[2];
	phys_addr_t stop;
	unsigned int nr = 0;

	if (base == end)
		return 0;
	while (last < l->nr && l->region[last].base < end)
		last++;
	if (first == last)
		return 0;
	if (l->region[first].base < base) {
		stop = min(base, l->region[first].end);
		rest[nr++] = (struct region){ l->region[first].base, stop };
	}
	if (l->region[last - 1].end > end)
		rest[nr++] = (struct region){ end, l->region[last - 1].end };
	return list_replace(l, first, last - first, rest, nr);
}

static bool list_contains(const struct region_list *l, phys_addr_t addr)
{
	unsigned int i = list_find(l, addr);

	if (i < l->nr && l->region[i].end == addr)
		i++; /* end is outside */
	return i < l->nr && l->region[i].base <= addr;
}

/**
 * memblock_add() - the machine has RAM here
 * @base: first byte
 * @size: bytes; a range that wraps around is cut at the last address
 *
 * Return: 0, or -ENOSPC when the list of regions is full.
 */
int memblock_add(phys_addr_t base, phys_addr_t size)
{
	return list_add_range(&memory, base, size);
}

/**
 * memblock_remove() - pretend that there is no RAM here (mem= uses it)
 * @base: first byte
 * @size: bytes
 *
 * Return: 0, or -ENOSPC when a region had to be split and the list is full.
 */
int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	return list_remove_range(&memory, base, size);
}

/**
 * memblock_reserve() - this range is taken
 * @base: first byte
 * @size: bytes; need not be RAM
 *
 * Return: 0, or -ENOSPC when the list of regions is full.
 */
int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	return list_add_range(&reserved, base, size);
}

/**
 * memblock_phys_free() - the opposite of memblock_reserve()
 * @base: first byte
 * @size: bytes
 *
 * Return: 0, or -ENOSPC when a region had to be split and the list is full.
 */
int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	return list_remove_range(&reserved, base, size);
}

/*
 * The highest place for @size bytes in the free part of [start, end), or 0.
 * Goes down through the gaps between reserved regions; @r counts those that
 * begin below the gap being looked at.
 */
static phys_addr_t find_top_down(phys_addr_t start, phys_addr_t end,
				 phys_addr_t size, phys_addr_t align)
{
	unsigned int r = list_find(&reserved, end);

	if (r < reserved.nr && reserved.region[r].base < end)
		r++;
	for (;;) {
		phys_addr_t low = r ? reserved.region[r - 1].end : 0;

		low = max(low, start);
		if (end > low && end - low >= size) {
			phys_addr_t at = ALIGN_DOWN(end - size, align);

			if (at >= low)
				return at;
		}
		if (r == 0 || reserved.region[r - 1].base <= start)
			return 0;
		end = min(end, reserved.region[--r].base);
	}
}

/**
 * memblock_phys_alloc_range() - take RAM from the top of a range
 * @size: bytes
 * @align: power of two, 0 means 1
 * @start: lowest address wanted
 * @end: first address not wanted, 0 means no limit
 *
 * The first page of the machine is never handed out: 0 means failure.
 *
 * Return: the address, reserved now; 0 if there is no such range, the list
 * of reserved regions is full, or the buddy system has taken over.
 */
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end)
{
	unsigned int i;

	if (size == 0 || handed_over)
		return 0;
	align = max(align, (phys_addr_t)1);
	start = max(start, (phys_addr_t)PAGE_SIZE);
	end = end ? end : ~(phys_addr_t)0;

	for (i = memory.nr; i-- > 0;) {
		const struct region *r = &memory.region[i];
		phys_addr_t at = find_top_down(max(start, r->base),
					       min(end, r->end), size, align);

		if (at)
			return memblock_reserve(at, size) ? 0 : at;
	}
	return 0;
}

/**
 * memblock_alloc() - zeroed RAM that the direct map shows
 * @size: bytes
 * @align: power of two, 0 means 1
 *
 * Return: its address, or NULL as for memblock_phys_alloc_range().
 */
void *memblock_alloc(phys_addr_t size, phys_addr_t align)
{
	phys_addr_t limit = (phys_addr_t)zone_end_pfn[ZONE_NORMAL];
	phys_addr_t phys;
	char *virt;

	limit = limit > (~(phys_addr_t)0 >> PAGE_SHIFT) ? 0 :
							  limit << PAGE_SHIFT;
	phys = memblock_phys_alloc_range(size, align, 0, limit);
	if (!phys)
		return NULL;
	virt = pfn_to_virt((unsigned long)(phys >> PAGE_SHIFT));
	virt += phys & ~PAGE_MASK;
	return memset(virt, 0, (size_t)size);
}

/**
 * memblock_is_memory() - is this RAM?
 * @addr: any address
 */
bool memblock_is_memory(phys_addr_t addr)
{
	return list_contains(&memory, addr);
}

/**
 * memblock_is_reserved() - is this taken?
 * @addr: any address
 */
bool memblock_is_reserved(phys_addr_t addr)
{
	return list_contains(&reserved, addr);
}

/**
 * memblock_start_of_DRAM() - the lowest address of RAM, 0 without RAM
 */
phys_addr_t memblock_start_of_DRAM(void)
{
	return memory.nr ? memory.region[0].base : 0;
}

/**
 * memblock_end_of_DRAM() - the first address after all RAM, 0 without RAM
 */
phys_addr_t memblock_end_of_DRAM(void)
{
	return memory.nr ? memory.region[memory.nr - 1].end : 0;
}

/**
 * free_area_init() - where the zones end
 * @max_zone_pfn: for each zone the first frame after it, ascending
 *
 * Context: before memblock_free_all().
 */
void free_area_init(const unsigned long *max_zone_pfn)
{
	memcpy(zone_end_pfn, max_zone_pfn, sizeof(zone_end_pfn));
}

/* Hand the whole frames of [base, end) to the zones they lie in. */
static void online_range(phys_addr_t base, phys_addr_t end)
{
	unsigned long pfn = (base + PAGE_SIZE - 1) >> PAGE_SHIFT;
	unsigned long end_pfn = end >> PAGE_SHIFT;
	unsigned int zone;

	if (base > ~(phys_addr_t)0 - (PAGE_SIZE - 1))
		return;
	for (zone = 0; zone < MAX_NR_ZONES && pfn < end_pfn; zone++) {
		unsigned long stop = min(end_pfn, zone_end_pfn[zone]);

		if (stop <= pfn)
			continue;
		mm_online_pages(zone, pfn, stop - pfn, false);
		pfn = stop;
	}
}

/**
 * memblock_free_all() - everything that is left goes to the buddy system
 *
 * A frame that is reserved in part stays out. Afterwards memblock still
 * answers questions, but allocates nothing.
 *
 * Context: once, after mm_init().
 */
void memblock_free_all(void)
{
	unsigned int i, r;

	handed_over = true;
	for (i = 0; i < memory.nr; i++) {
		phys_addr_t at = memory.region[i].base;
		phys_addr_t end = memory.region[i].end;

		for (r = list_find(&reserved, at);
		     r < reserved.nr && reserved.region[r].base < end; r++) {
			if (reserved.region[r].base > at)
				online_range(at, reserved.region[r].base);
			at = max(at, reserved.region[r].end);
		}
		if (at < end)
			online_range(at, end);
	}
}

static void list_validate(const struct region_list *l)
{
	phys_addr_t before = 0;
	unsigned int i;

	if (l->nr > MEMBLOCK_REGIONS)
		mm_panic("memblock: %s has %u regions of %u", l->name, l->nr,
			 MEMBLOCK_REGIONS);
	for (i = 0; i < l->nr; i++) {
		const struct region *r = &l->region[i];

		if (r->base >= r->end || (i && r->base <= before))
			mm_panic("memblock: %s[%u] = [%llx, %llx) after %llx",
				 l->name, i, (unsigned long long)r->base,
				 (unsigned long long)r->end,
				 (unsigned long long)before);
		before = r->end;
	}
}

/**
 * memblock_validate() - check both lists against their invariants
 *
 * Return: 0; a list that is wrong panics with the region that is.
 */
int memblock_validate(void)
{
	list_validate(&memory);
	list_validate(&reserved);
	return 0;
}
