/* SPDX-License-Identifier: MIT */
/*
 * RAM of a process: one range of addresses, brought online from its start.
 *
 *   port_ram_base                 online          reserved
 *   | committed, in the zones     | PROT_NONE     | not ours yet
 *   '----- port_ram_pages --------'
 *
 *   port_mem_map, port_slab_ids: two more ranges, committed in step with it
 *
 * Without a limit on addresses the whole range is reserved at once (a
 * terabyte, halved until it is granted), so that nobody else maps into it.
 * Under RLIMIT_AS reserving would spend the limit: then only the tables are
 * reserved, and the range is extended where it ends, as long as the next
 * addresses are free. A reserved page costs neither memory nor commit
 * charge, and is left out of core dumps; it starts to count when mprotect()
 * makes it writable.
 */
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <mach/page.h>
#include "sys.h"
#include "user.h"

uintptr_t port_ram_base;
unsigned long port_ram_pages;
struct page *port_mem_map;
u8 *port_slab_ids;

#define BLOCK_BYTES (PAGE_SIZE << (MAX_ORDER - 1))
#define RESERVE_MOST (1ul << 40)
#define RESERVE_LEAST (4 * BLOCK_BYTES)
#define STEP_MOST (8 * BLOCK_BYTES)

static uintptr_t reserved_end; /* of the RAM range */
static uintptr_t range_end; /* what the tables can describe */
static size_t host_page;
static spinlock_t grow_lock = SPIN_LOCK_UNLOCKED;

size_t port_host_page_size(void)
{
	return host_page;
}

static void *reserve(void *hint, size_t size, int flags)
{
	void *p = sys_mmap(hint, size, PROT_NONE, MAP_NORESERVE | flags);

	if (p)
		sys_madvise(p, size, MADV_DONTDUMP);
	return p;
}

/* Reserve @size bytes aligned to a block, or return 0. */
static uintptr_t reserve_aligned(size_t size)
{
	char *p = reserve(NULL, size + BLOCK_BYTES, 0);
	uintptr_t start;

	if (!p)
		return 0;
	start = ALIGN((uintptr_t)p, BLOCK_BYTES);
	if (start > (uintptr_t)p)
		sys_munmap(p, start - (uintptr_t)p);
	sys_munmap((char *)start + size, (uintptr_t)p + BLOCK_BYTES - start);
	return start;
}

static bool reserve_tables(size_t range)
{
	size_t frames = range >> PAGE_SHIFT;

	port_mem_map = reserve(NULL, frames * sizeof(struct page), 0);
	port_slab_ids = reserve(NULL, ALIGN(frames, host_page), 0);
	if (port_mem_map && port_slab_ids)
		return true;
	if (port_mem_map)
		sys_munmap(port_mem_map, frames * sizeof(struct page));
	if (port_slab_ids)
		sys_munmap(port_slab_ids, ALIGN(frames, host_page));
	return false;
}

/* Room for a range of @size bytes; all of it reserved, or its start only. */
static bool reserve_range(size_t size, bool whole)
{
	size_t first = whole ? size : BLOCK_BYTES;
	uintptr_t base = reserve_aligned(first);

	if (!base)
		return false;
	if (!reserve_tables(size)) {
		sys_munmap((void *)base, first);
		return false;
	}
	port_ram_base = base;
	reserved_end = base + first;
	range_end = base + size;
	return true;
}

/*
 * Under a limit the start of the range goes where the kernel does not place
 * mappings by itself, so that it can be extended for long.
 */
static bool start_range_far_away(size_t size)
{
	uintptr_t hint = (0x100000000000ul + (port_random() & 0xfffff000000ul)) &
			 ~(BLOCK_BYTES - 1);
	char *p = reserve((void *)hint, BLOCK_BYTES, MAP_FIXED_NOREPLACE);

	if (!p)
		return false;
	if ((uintptr_t)p != hint || !reserve_tables(size)) {
		sys_munmap(p, BLOCK_BYTES);
		return false;
	}
	port_ram_base = hint;
	reserved_end = hint + BLOCK_BYTES;
	range_end = hint + size;
	return true;
}

/* Once, before the core starts. False: no addresses at all. */
bool port_ram_init(void)
{
	struct rlimit limit;
	size_t size = RESERVE_MOST;
	bool whole = true;

	host_page = getauxval(AT_PAGESZ);
	if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur < RESERVE_MOST) {
		size = ALIGN((size_t)limit.rlim_cur, BLOCK_BYTES);
		if (start_range_far_away(size))
			return true;
		whole = false;
	}
	for (; size >= RESERVE_LEAST; size /= 2) {
		if (reserve_range(ALIGN_DOWN(size, BLOCK_BYTES), whole)) {
			sys_madvise((void *)port_ram_base,
				    reserved_end - port_ram_base,
				    MADV_NOHUGEPAGE);
			return true;
		}
	}
	return false;
}

/* Make the bytes [from, to) of @table usable, in whole host pages. */
static bool commit(void *table, size_t from, size_t to)
{
	char *start = (char *)table + ALIGN(from, host_page);
	size_t size = ALIGN(to, host_page) - ALIGN(from, host_page);

	if (!size)
		return true;
	sys_madvise(start, size, MADV_DODUMP);
	return !sys_mprotect(start, size, PROT_READ | PROT_WRITE);
}

/* Bytes by which to grow: an eighth of what there is, a block at least. */
static size_t grow_step(size_t online, size_t need)
{
	size_t step = ALIGN_DOWN(online / 8, BLOCK_BYTES);

	step = clamp(step, BLOCK_BYTES, STEP_MOST);
	return max(step, ALIGN(need, BLOCK_BYTES));
}

static bool extend_reservation(uintptr_t end)
{
	size_t size = end - reserved_end;
	char *p;

	if (end > range_end)
		return false;
	if (end <= reserved_end)
		return true;
	p = reserve((void *)reserved_end, size, MAP_FIXED_NOREPLACE);
	if (!p)
		return false;
	if ((uintptr_t)p != reserved_end) {
		sys_munmap(p, size);
		return false;
	}
	reserved_end = end;
	return true;
}

static unsigned long grow_by(size_t step)
{
	size_t online = port_ram_pages << PAGE_SHIFT, end = online + step;
	unsigned long pfn = port_ram_pages, nr = step >> PAGE_SHIFT;

	if (!extend_reservation(port_ram_base + end) ||
	    !commit((void *)port_ram_base, online, end) ||
	    !commit(port_mem_map, pfn * sizeof(struct page),
		    (pfn + nr) * sizeof(struct page)) ||
	    !commit(port_slab_ids, pfn, pfn + nr))
		return 0;
	WRITE_ONCE(port_ram_pages, pfn + nr);
	mm_online_pages(ZONE_NORMAL, pfn, nr, true);
	return nr;
}

unsigned long port_grow_ram(unsigned int order)
{
	size_t step, need = PAGE_SIZE << order;
	unsigned long nr;

	if (!port_ram_base)
		return 0;
	spin_lock(&grow_lock);
	step = grow_step(port_ram_pages << PAGE_SHIFT, need);
	nr = grow_by(step);
	if (!nr && step > BLOCK_BYTES)
		nr = grow_by(BLOCK_BYTES);
	spin_unlock(&grow_lock);
	return nr;
}

/* Whole host pages leave; what is left of a larger host page is zeroed. */
int port_discard(unsigned long pfn, unsigned long nr)
{
	char *start = pfn_to_virt(pfn), *end = start + (nr << PAGE_SHIFT);
	char *first = (char *)ALIGN((uintptr_t)start, host_page);
	char *last = (char *)ALIGN_DOWN((uintptr_t)end, host_page);
	long err;

	if (first >= last) {
		__builtin_memset(start, 0, (size_t)(end - start));
		return 0;
	}
	err = sys_madvise(first, (size_t)(last - first), MADV_DONTNEED);
	if (err)
		return (int)err;
	__builtin_memset(start, 0, (size_t)(first - start));
	__builtin_memset(last, 0, (size_t)(end - last));
	return 0;
}
