/* SPDX-License-Identifier: MIT */
/*
 * RAM of a process: one range of addresses that grows at its end.
 *
 *   base             base + span/32    base + span/16    base + span/8
 *   | port_slab_ids →| blocks →        | port_mem_map →  | frames →  ┊ hole →
 *    └ CLASS_BYTES before it
 *
 * Nothing is reserved: a step maps the next few megabytes of frames, and of
 * the tables what describes them. So the process's size is what it uses,
 * limits on addresses (RLIMIT_AS, set early or late) and on commit charge
 * mean what they say, and core dumps and mlockall() see no giants. Near a
 * limit steps get smaller, down to a page; the first ones are small, too.
 *
 * A block of 4 MiB that the core has no more use for is unmapped, and the
 * memory of its descriptors given back; `blocks`, a byte for each, remembers
 * it: the next step goes there.
 *
 * What keeps the next addresses free is where the range lies: high above
 * what a program's brk heap reaches and far below where the kernel places
 * mappings, at a random spot. Should somebody map something there all the
 * same, the range goes on behind it, and those frames are a hole: never
 * online, their descriptors zero.
 *
 * Lock: grow_lock, which a fork takes as well.
 */
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <ashlar/root.h>
#include <mach/page.h>
#include "sys.h"
#include "user.h"

struct port_ram port_ram;
#if ANY_HAS_FRAME_ID
struct port_classes port_classes;
u8 *const port_free_mark_value = port_free_mark();
#endif

#define BLOCK_BYTES (PAGE_SIZE << (MAX_ORDER - 1))
#define STEP_LEAST (BLOCK_BYTES / 4)
#define STEP_MOST (16 * BLOCK_BYTES)

/* Of a block of frames: unmapped, and free to be mapped again. */
#define BLOCK_RETIRED 1
static u8 *blocks; /* set without the lock, cleared with it */
static unsigned long nr_retired;

static size_t ram_most; /* bytes, what the tables' places allow */
static size_t host_page;
static spinlock_t grow_lock = SPIN_LOCK_UNLOCKED;

/*
 * Map exactly [addr, addr + size), or nothing: -EEXIST, when something lies
 * there, or the kernel's reason.
 */
static long map_at(uintptr_t addr, size_t size)
{
	long ret = sys6(SYS_MAP_PAGES, (long)addr, (long)size,
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

/* Address spaces, in bits. 47 are what x86-64 gives a process. */
#define LONG_BITS (8 * sizeof(long))
#define BITS_MOST (LONG_BITS == 32 ? 32 : 47)
#define BITS_LEAST (LONG_BITS == 32 ? 32 : 36)

#if ANY_HAS_FRAME_ID
static bool place_ids(uintptr_t base, unsigned long frame)
{
	port_slab_ids = port_classes.ids + frame;
	return true;
}
#else
/* What lies before port_slab_ids, and its first page: they stay. */
static bool place_ids(uintptr_t base, unsigned long frame)
{
	if (map_at(base, ALIGN(CLASS_BYTES + 1, host_page)))
		return false;
	port_slab_ids = (u8 *)base + CLASS_BYTES;
	return true;
}
#endif

/*
 * True if there is an address space of @bits bits with room for a range. From
 * its middle to five eighths lies nothing that the kernel places by itself. Of
 * 32 bits there is more to be used: from six sixteenths, behind programs and
 * their brk heaps, to where mappings come down to.
 */
static bool place_range(unsigned int bits)
{
	uintptr_t span = 1ul << (bits - 4);
	uintptr_t base = bits == 32 ? span * 6 : span * 8;
	size_t most = bits == 32 ? span * 5 : span / 2;

	base += port_random() % (span / 2) & ~(BLOCK_BYTES - 1);
	if (!place_ids(base, (base + span / 8) >> PAGE_SHIFT))
		return false;
	/* An eighth for the tables, the rest is RAM's. */
	blocks = (u8 *)(base + span / 32);
	port_mem_map = (struct page *)(base + span / 16);
	port_ram_frame = (base + span / 8) >> PAGE_SHIFT;
	ashlar_places.frames = base + span / 8;
	ram_most = most;
	return true;
}

/*
 * Once, before the core starts. False: no addresses at all. Checkers and other
 * processors leave fewer bits.
 */
bool port_ram_init(void)
{
	unsigned int bits;

	host_page = port_host_page_size();
	for (bits = BITS_MOST; bits >= BITS_LEAST; bits--)
		if (place_range(bits))
			return true;
	return false;
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

#define BLOCK_FRAMES RAM_BLOCK_FRAMES

/* Whatever is in its first pages is mapped already. */
static bool extend_ids(unsigned long from, unsigned long to)
{
	return ANY_HAS_FRAME_ID ||
	       extend_table(port_slab_ids - CLASS_BYTES, from + CLASS_BYTES,
			    to + CLASS_BYTES);
}

static void shorten_ids(unsigned long from, unsigned long to)
{
	if (!ANY_HAS_FRAME_ID)
		shorten_table(port_slab_ids - CLASS_BYTES, from + CLASS_BYTES,
			      to + CLASS_BYTES);
}

/* The tables grow together or not at all. */
static bool extend_tables(unsigned long from, unsigned long to)
{
	if (!extend_ids(from, to))
		return false;
	if (!extend_table(blocks, DIV_ROUND_UP(from, BLOCK_FRAMES),
			  DIV_ROUND_UP(to, BLOCK_FRAMES)))
		goto no_blocks;
	if (extend_table(port_mem_map, from * sizeof(struct page),
			 to * sizeof(struct page)))
		return true;
	shorten_table(blocks, DIV_ROUND_UP(from, BLOCK_FRAMES),
		      DIV_ROUND_UP(to, BLOCK_FRAMES));
no_blocks:
	shorten_ids(from, to);
	return false;
}

static long map_frames(unsigned long pfn, unsigned long nr)
{
	long err = map_at((uintptr_t)pfn_to_virt(pfn), nr << PAGE_SHIFT);

	if (!err)
		sys_madvise(pfn_to_virt(pfn), nr << PAGE_SHIFT,
			    MADV_NOHUGEPAGE);
	return err;
}

/*
 * Bring frames [end + hole, end + hole + nr) online, end being that of the
 * range; the hole stays one. Returns 0 or -errno.
 */
static long grow_behind(unsigned long hole, unsigned long nr)
{
	unsigned long pfn = port_ram_pages, start = pfn + hole;
	unsigned long end = start + nr;
	long err;

	if (end << PAGE_SHIFT > ram_most)
		return -ENOMEM;
	err = map_frames(start, nr);
	if (err)
		return err;
	if (!extend_tables(pfn, end)) {
		sys_munmap(pfn_to_virt(start), nr << PAGE_SHIFT);
		return -ENOMEM;
	}
	WRITE_ONCE(port_ram_pages, end);
	mm_online_pages(ZONE_NORMAL, start, nr, true);
	return 0;
}

/* Behind whatever lies in the way, twice as far each time. */
static unsigned long grow_end(unsigned long nr)
{
	unsigned long hole = 0;
	long err;

	do {
		err = grow_behind(hole, nr);
		hole = hole ? 2 * hole : BLOCK_FRAMES;
	} while (err == -EEXIST);
	return err ? 0 : nr;
}

/*
 * Into retired blocks side by side, the lowest that there are and at most as
 * many as @nr frames need. Returns frames, or 0: none, or not to be had.
 */
static unsigned long grow_into_retired(unsigned long nr)
{
	unsigned long most = port_ram_pages / BLOCK_FRAMES, from = 0, to;

	if (!READ_ONCE(nr_retired))
		return 0;
	while (from < most && READ_ONCE(blocks[from]) != BLOCK_RETIRED)
		from++;
	for (to = from; to < most && (to - from) * BLOCK_FRAMES < nr; to++)
		if (READ_ONCE(blocks[to]) != BLOCK_RETIRED)
			break;
	nr = (to - from) * BLOCK_FRAMES;
	if (!nr || map_frames(from * BLOCK_FRAMES, nr))
		return 0;
	__atomic_fetch_sub(&nr_retired, to - from, __ATOMIC_RELAXED);
	__builtin_memset(blocks + from, 0, to - from);
	mm_online_pages(ZONE_NORMAL, from * BLOCK_FRAMES, nr, true);
	return nr;
}

/*
 * Frames by which to grow: as many as there are, up to the first block; then
 * an eighth of them, a block at least. What a small program writes far behind
 * its blocks then leaves the range, and is stopped.
 */
static unsigned long grow_step(void)
{
	unsigned long online =
		port_ram_pages - READ_ONCE(nr_retired) * BLOCK_FRAMES;

	if (online < BLOCK_FRAMES)
		return max(online, STEP_LEAST >> PAGE_SHIFT);
	return clamp(ALIGN_DOWN(online / 8, BLOCK_FRAMES), BLOCK_FRAMES,
		     STEP_MOST >> PAGE_SHIFT);
}

/*
 * At the end of the range: @step frames, and fewer by halves when there is
 * not as much to be had, as long as an aligned block of 2^order is in them.
 * Steps end where a block does, but for those under one.
 */
static unsigned long grow_by_steps(unsigned long step, unsigned int order)
{
	unsigned long end = port_ram_pages, host = host_page >> PAGE_SHIFT;
	unsigned long need = max(1ul << order, max(host, 1ul)), to, nr = 0;

	need = ALIGN(end, need) + need - end;
	for (; !nr && step; step /= 2) {
		to = end + max(step, need);
		if (step >= BLOCK_FRAMES)
			to = ALIGN(to, BLOCK_FRAMES);
		nr = grow_end(ALIGN(to - end, max(host, 1ul)));
		if (step <= need)
			break;
	}
	return nr;
}

static unsigned long grow(unsigned int order)
{
	unsigned long step, nr;

	if (!port_ram_frame)
		return 0;
	spin_lock(&grow_lock);
	step = grow_step();
	nr = grow_into_retired(step);
	if (!nr)
		nr = grow_by_steps(step, order);
	spin_unlock(&grow_lock);
	return nr;
}

/* At a limit, what large blocks are kept mapped for counts as well. */
unsigned long port_grow_ram(unsigned int order)
{
	unsigned long nr = grow(order);

	if (nr)
		return nr;
	large_trim();
	return grow(order);
}

/* True if the block of frame @pfn is not mapped; it may be soon, or be gone. */
bool ram_is_retired(unsigned long pfn)
{
	return READ_ONCE(blocks[pfn / BLOCK_FRAMES]) == BLOCK_RETIRED;
}

void ram_fork_prepare(void)
{
	spin_lock(&grow_lock);
}

void ram_fork_parent(void)
{
	spin_unlock(&grow_lock);
}

void ram_fork_child(void)
{
	spin_lock_init(&grow_lock);
}

int port_retire_ram(unsigned long pfn, unsigned long nr)
{
	return (int)sys_munmap(pfn_to_virt(pfn), nr << PAGE_SHIFT);
}

/* A larger host page, with other blocks' descriptors in it, stays. */
void port_forget_ram(unsigned long pfn, unsigned long nr)
{
	size_t size = nr * sizeof(struct page);

	if (size % host_page == 0)
		sys_madvise(pfn_to_page(pfn), size, MADV_DONTNEED);
	__atomic_store_n(&blocks[pfn / BLOCK_FRAMES], BLOCK_RETIRED,
			 __ATOMIC_RELEASE);
	__atomic_fetch_add(&nr_retired, 1, __ATOMIC_RELEASE);
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
