/* SPDX-License-Identifier: MIT */
/*
 * RAM of a process: one range of addresses that grows at its end.
 *
 *   base                base + TABLE_SPAN           base + RAM_AT
 *   | port_slab_ids →   | port_mem_map →            | frames →  ┊ hole ┊ →
 *
 * Nothing is reserved: a step maps the next few megabytes of frames, and of
 * the two tables what describes them. So the process's size is what it uses,
 * limits on addresses (RLIMIT_AS, set early or late) and on commit charge
 * mean what they say, and core dumps and mlockall() see no giants.
 *
 * What keeps the next addresses free is where the range lies: high above
 * what a program's brk heap reaches and far below where the kernel places
 * mappings, at a random spot. Should somebody map something there all the
 * same, the range goes on behind it, and those frames are a hole: never
 * online, their descriptors zero.
 */
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <mach/page.h>
#include "sys.h"
#include "user.h"

unsigned long port_ram_frame;
unsigned long port_ram_pages;
struct page *port_mem_map;
u8 *port_slab_ids;

#define BLOCK_BYTES (PAGE_SIZE << (MAX_ORDER - 1))
#define STEP_MOST (16 * BLOCK_BYTES)

static size_t ram_most; /* bytes, what the tables' places allow */
static size_t host_page;
static spinlock_t grow_lock = SPIN_LOCK_UNLOCKED;

/*
 * Map exactly [addr, addr + size), or nothing: -EEXIST, when something lies
 * there, or the kernel's reason.
 */
static long map_at(uintptr_t addr, size_t size)
{
	long ret = sys6(SYS_mmap, (long)addr, (long)size,
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED_NOREPLACE,
			-1, 0);

	if (sys_is_error(ret))
		return ret;
	if ((uintptr_t)ret != addr) { /* a kernel before 4.17 */
		sys_munmap((void *)ret, size);
		return -EEXIST;
	}
	return 0;
}

/*
 * Is there an address space of @bits bits with room for a range in it? From
 * its middle to five eighths lies nothing that the kernel places by itself.
 */
static bool place_range(unsigned int bits)
{
	uintptr_t span = 1ul << (bits - 4), base = span * 8;

	base += port_random() % span & ~(BLOCK_BYTES - 1);
	if (map_at(base, host_page))
		return false;
	sys_munmap((void *)base, host_page);
	/* A sixteenth each for the tables, the rest is RAM's. */
	port_slab_ids = (u8 *)base;
	port_mem_map = (struct page *)(base + span / 16);
	port_ram_frame = (base + span / 8) >> PAGE_SHIFT;
	ram_most = span / 2;
	return true;
}

/*
 * Once, before the core starts. False: no addresses at all. 47 bits are what
 * x86-64 gives a process; checkers and other processors leave fewer.
 */
bool port_ram_init(void)
{
	unsigned int bits;

	host_page = port_host_page_size();
	for (bits = 47; bits >= 36; bits--)
		if (place_range(bits))
			return true;
	return false;
}

/* Bytes by which to grow: an eighth of what there is, a block at least. */
static size_t grow_step(size_t online, size_t need)
{
	size_t step = ALIGN_DOWN(online / 8, BLOCK_BYTES);

	step = clamp(step, BLOCK_BYTES, STEP_MOST);
	return max(step, ALIGN(need, BLOCK_BYTES));
}

/* A table's bytes [from, to), in whole host pages, those not mapped yet. */
static bool extend_table(void *table, size_t from, size_t to)
{
	from = ALIGN(from, host_page);
	to = ALIGN(to, host_page);
	return from == to || !map_at((uintptr_t)table + from, to - from);
}

static void shorten_table(void *table, size_t from, size_t to)
{
	from = ALIGN(from, host_page);
	to = ALIGN(to, host_page);
	if (from < to)
		sys_munmap((char *)table + from, to - from);
}

/* The tables grow together or not at all. */
static bool extend_tables(unsigned long from, unsigned long to)
{
	if (!extend_table(port_slab_ids, from, to))
		return false;
	if (extend_table(port_mem_map, from * sizeof(struct page),
			 to * sizeof(struct page)))
		return true;
	shorten_table(port_slab_ids, from, to);
	return false;
}

/*
 * Bring frames [pfn + hole, pfn + hole + nr) online; the hole stays one.
 * Returns 0 or -errno.
 */
static long grow_behind(unsigned long hole, unsigned long nr)
{
	unsigned long pfn = port_ram_pages, start = pfn + hole;
	unsigned long end = start + nr;
	long err;

	if (end << PAGE_SHIFT > ram_most)
		return -ENOMEM;
	err = map_at((uintptr_t)pfn_to_virt(start), nr << PAGE_SHIFT);
	if (err)
		return err;
	if (!extend_tables(pfn, end)) {
		sys_munmap(pfn_to_virt(start), nr << PAGE_SHIFT);
		return -ENOMEM;
	}
	sys_madvise(pfn_to_virt(start), nr << PAGE_SHIFT, MADV_NOHUGEPAGE);
	WRITE_ONCE(port_ram_pages, end);
	mm_online_pages(ZONE_NORMAL, start, nr, true);
	return 0;
}

/* Behind whatever lies in the way, twice as far each time. */
static bool grow_by(size_t step)
{
	unsigned long nr = step >> PAGE_SHIFT, hole = 0;
	long err;

	do {
		err = grow_behind(hole, nr);
		hole = hole ? 2 * hole : BLOCK_BYTES >> PAGE_SHIFT;
	} while (err == -EEXIST);
	return !err;
}

unsigned long port_grow_ram(unsigned int order)
{
	size_t step, need = PAGE_SIZE << order;

	if (!port_ram_frame)
		return 0;
	spin_lock(&grow_lock);
	step = grow_step(port_ram_pages << PAGE_SHIFT, need);
	if (!grow_by(step)) {
		step = step > BLOCK_BYTES ? BLOCK_BYTES : 0;
		if (step && !grow_by(step))
			step = 0;
	}
	spin_unlock(&grow_lock);
	return step >> PAGE_SHIFT;
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
