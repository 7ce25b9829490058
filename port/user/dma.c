/* SPDX-License-Identifier: MIT */
/*
 * Memory for devices, and for the kernel's own transfers: O_DIRECT, io_uring,
 * VFIO.
 *
 *   dma_alloc_coherent ─► a mapping of its own, locked, not for a forked child;
 *                         of a size that huge pages fill: the host's pool's if
 *                         it has any, else such as it makes by itself
 *
 *   blocks ─► block ─► block ─► …     the newest first
 *               │ index: its place among io_uring's fixed buffers, or -1
 *
 * The handle of a block is its address: a program that drives a device by VFIO
 * maps the block at that address for the device as well, so that both say the
 * same; io_uring and O_DIRECT take addresses. What is on the bus, where nothing
 * translates, ashlar_dma_phys() says to those whom the host tells.
 *
 * The kernel copies nothing of what it reads into such memory with O_DIRECT,
 * and looks at none of its page tables where it is a fixed buffer
 * (io_uring_register(2)).
 *
 * Lock: blocks_lock, over the list; memory is mapped and freed without it. A
 * fork takes it: in the child there are no blocks.
 */
#include <ashlar/dma-mapping.h>
#include <ashlar/port.h>
#include <ashlar/slab.h>
#include <fcntl.h>
#include <mach/spinlock.h>
#include <sys/uio.h>
#include "sys.h"
#include "user.h"

#define HUGE_SIZE (2ul << 20)
#define REGISTER_BUFFERS 0 /* IORING_REGISTER_BUFFERS of <linux/io_uring.h> */

/* Of an entry of /proc/self/pagemap. */
#define PM_PRESENT (1ull << 63)
#define PM_FRAME ((1ull << 55) - 1)

struct dma_block {
	struct dma_block *next;
	char *addr;
	size_t size; /* bytes, whole pages */
	int index; /* io_uring's; -1: none */
};

static spinlock_t blocks_lock = SPIN_LOCK_UNLOCKED;
static struct dma_block *blocks;

/* @size bytes that begin at a multiple of @align, a huge page's size. */
static char *map_aligned(size_t size, size_t align)
{
	char *p = sys_mmap(NULL, size + align, PROT_READ | PROT_WRITE, 0);
	size_t before, after;

	if (!p)
		return NULL;
	before = -(uintptr_t)p & (align - 1);
	after = align - before;
	if (before)
		sys_munmap(p, before);
	sys_munmap(p + before + size, after);
	return p + before;
}

static char *map_block(size_t size)
{
	char *p;

	if (size % HUGE_SIZE)
		return sys_mmap(NULL, size, PROT_READ | PROT_WRITE, 0);
	p = sys_mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_HUGETLB);
	if (p)
		return p;
	p = map_aligned(size, HUGE_SIZE);
	if (p)
		sys_madvise(p, size, MADV_HUGEPAGE);
	return p;
}

/* Bytes of the mapping for a block of @size; 0: too large. */
static size_t whole_pages(size_t size)
{
	size_t unit = size < HUGE_SIZE ? host.page_size : HUGE_SIZE;

	return size > (size_t)PTRDIFF_MAX - unit ? 0 : ALIGN(size, unit);
}

static bool in_reach(const struct device *dev, const char *p, size_t size)
{
	uintptr_t last = (uintptr_t)p + size - 1;

	if (!dev)
		return true;
	if (dev->coherent_dma_mask && last > dev->coherent_dma_mask)
		return false;
	return !dev->dma_boundary ||
	       !(((uintptr_t)p ^ last) & ~dev->dma_boundary);
}

/**
 * dma_alloc_coherent() - memory that we and a device see alike
 * @dev: the device; its coherent_dma_mask and dma_boundary, if not 0, are kept
 *	to. NULL: there are none
 * @size: bytes; from 2 MiB on it is rounded up to huge pages
 * @handle: receives where the device finds it: in a process, at its address
 * @gfp: GFP_* flags, of what is noted about it
 *
 * The memory is zeroed, locked, and not there in a child that a fork makes.
 *
 * Context: may sleep. Return: the block, for dma_free_coherent(); NULL: there
 * is no memory, more than may be locked (RLIMIT_MEMLOCK), or none within the
 * mask.
 */
void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *handle,
			 gfp_t gfp)
{
	struct dma_block *block;

	host_read();
	size = whole_pages(size);
	block = size ? kmalloc(sizeof(*block), gfp) : NULL;
	if (!block)
		return NULL;
	block->size = size;
	block->index = -1;
	block->addr = map_block(size);
	if (!block->addr)
		goto no_block;
	if (!in_reach(dev, block->addr, size) ||
	    sys_madvise(block->addr, size, MADV_DONTFORK) ||
	    sys6(SYS_mlock, (long)block->addr, (long)size, 0, 0, 0, 0))
		goto no_use;
	spin_lock(&blocks_lock);
	block->next = blocks;
	blocks = block;
	spin_unlock(&blocks_lock);
	*handle = (dma_addr_t)block->addr;
	return block->addr;

no_use:
	sys_munmap(block->addr, size);
no_block:
	kfree(block);
	return NULL;
}

/* The link to the block that has the byte at @p, or to NULL. With the lock. */
static struct dma_block **find_block(const void *p)
{
	struct dma_block **link = &blocks;

	while (*link &&
	       (uintptr_t)p - (uintptr_t)(*link)->addr >= (*link)->size)
		link = &(*link)->next;
	return link;
}

/**
 * dma_free_coherent() - release what dma_alloc_coherent() returned
 * @dev: the device
 * @size: bytes, as they were asked for
 * @cpu_addr: the block; NULL is ignored
 * @handle: where the device found it
 *
 * A ring that it is registered with keeps it until its buffers are registered
 * anew. What is no block is reported, as of kfree(). Context: may sleep.
 */
void dma_free_coherent(struct device *dev, size_t size, void *cpu_addr,
		       dma_addr_t handle)
{
	struct dma_block **link, *block;

	(void)dev;
	(void)handle;
	if (!cpu_addr)
		return;
	spin_lock(&blocks_lock);
	link = find_block(cpu_addr);
	block = *link;
	if (block && block->addr == cpu_addr &&
	    block->size == whole_pages(size))
		*link = block->next;
	else
		block = NULL;
	spin_unlock(&blocks_lock);
	if (!block) {
		kfree(cpu_addr);
		return;
	}
	sys_munmap(block->addr, block->size);
	kfree(block);
}

/**
 * ashlar_dma_phys() - where memory is on the bus
 * @p: an address of the process, whose page has been touched
 * @phys: receives where, if 0 is returned; it holds up to the end of the page
 *
 * The host moves pages that are locked, too, unless a device or a ring has
 * them.
 *
 * Context: any. Return: 0; -EPERM: the host tells only those with
 * CAP_SYS_ADMIN; -ENOENT: no page is there; or what opening /proc/self/pagemap
 * failed with.
 */
int ashlar_dma_phys(const void *p, phys_addr_t *phys)
{
	uint64_t entry = 0;
	long fd, got;

	host_read();
	fd = sys6(SYS_openat, AT_FDCWD, (long)"/proc/self/pagemap",
		  O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (sys_is_error(fd))
		return (int)fd;
	sys6(SYS_lseek, fd,
	     (long)((uintptr_t)p / host.page_size * sizeof(entry)), SEEK_SET, 0,
	     0, 0);
	got = sys6(SYS_read, fd, (long)&entry, sizeof(entry), 0, 0, 0);
	sys6(SYS_close, fd, 0, 0, 0, 0, 0);
	if (got != (long)sizeof(entry) || !(entry & PM_PRESENT))
		return -ENOENT;
	if (!(entry & PM_FRAME))
		return -EPERM;
	*phys = (entry & PM_FRAME) * host.page_size +
		(uintptr_t)p % host.page_size;
	return 0;
}

static unsigned int count_blocks(void)
{
	struct dma_block *block;
	unsigned int nr = 0;

	spin_lock(&blocks_lock);
	for (block = blocks; block; block = block->next)
		nr++;
	spin_unlock(&blocks_lock);
	return nr;
}

/* The first @nr blocks, as io_uring takes them. */
static void list_blocks(struct iovec *list, unsigned int nr)
{
	struct dma_block *block;

	spin_lock(&blocks_lock);
	for (block = blocks; block && nr; block = block->next, list++, nr--) {
		list->iov_base = block->addr;
		list->iov_len = block->size;
	}
	spin_unlock(&blocks_lock);
}

/* Note which block is which of io_uring's buffers. */
static void note_indices(const struct iovec *list, unsigned int nr)
{
	struct dma_block *block;
	unsigned int i;

	spin_lock(&blocks_lock);
	for (block = blocks; block; block = block->next)
		block->index = -1;
	for (i = 0; i < nr; i++) {
		block = *find_block(list[i].iov_base);
		if (block)
			block->index = (int)i;
	}
	spin_unlock(&blocks_lock);
}

/**
 * ashlar_dma_register() - make all blocks io_uring's fixed buffers
 * @ring: the ring's file descriptor, which has no buffers yet
 *
 * For IORING_OP_READ_FIXED and WRITE_FIXED; which one a block is,
 * ashlar_dma_index() says. Those of another ring are forgotten.
 *
 * Context: may sleep; no block comes or goes meanwhile. Return: how many there
 * are, or -errno as io_uring_register(2) has it.
 */
int ashlar_dma_register(int ring)
{
	unsigned int nr = count_blocks();
	struct iovec *list;
	long err;

	if (!nr)
		return 0;
	list = kmalloc_array(nr, sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	list_blocks(list, nr);
	err = sys6(SYS_io_uring_register, ring, REGISTER_BUFFERS, (long)list,
		   nr, 0, 0);
	if (!sys_is_error(err))
		note_indices(list, nr);
	kfree(list);
	return sys_is_error(err) ? (int)err : (int)nr;
}

/**
 * ashlar_dma_index() - which fixed buffer of io_uring memory is
 * @p: an address in a block
 *
 * Context: any. Return: buf_index of a request; -ENOENT: no block is there, or
 * it is not registered.
 */
int ashlar_dma_index(const void *p)
{
	struct dma_block *block;
	int index;

	spin_lock(&blocks_lock);
	block = *find_block(p);
	index = block ? block->index : -1;
	spin_unlock(&blocks_lock);
	return index < 0 ? -ENOENT : index;
}

void dma_fork_prepare(void)
{
	spin_lock(&blocks_lock);
}

void dma_fork_parent(void)
{
	spin_unlock(&blocks_lock);
}

void dma_fork_child(void)
{
	spin_lock_init(&blocks_lock);
	blocks = NULL;
}
