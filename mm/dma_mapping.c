/* SPDX-License-Identifier: MIT */
/*
 * Memory for devices, which see physical addresses and seldom all of them.
 *
 *   physical  0      16 MB                dma_mask               end of RAM
 *             │  DMA   │      Normal          │         HighMem      │
 *             │        │                      │        ┌───────┐     │
 *             │  ┌─────┴─┐  copied by (un)map │        │ page  │     │
 *             │  │bounce │◀───────────────────┼────────│       │     │
 *             │  └─────┬─┘                    │        └───────┘     │
 *                 ▲ what the device is told
 *
 * Memory that both look at for long is allocated within reach of the device
 * (dma_alloc_coherent); the PC's caches listen to the bus, so nothing else is
 * to be done for it. Memory that is there already, for one transfer, is mapped
 * (dma_map_page …): most often that is arithmetic. Where the device does not
 * reach it, or a transfer would cross the device's boundary, it gets a bounce
 * buffer that lies well: what the device reads is copied there when it is
 * mapped, what it wrote is copied back when it is unmapped.
 *
 *   bounces    a tree by address of the buffers in use, empty for most
 *              machines; each has its frames for itself, up to 4 MB
 *
 * Simpler than Linux: buffers are allocated when they are needed and not cut
 * out of a pool that is reserved at boot, so a mapping may fail sooner when
 * memory is short; there is no IOMMU, and no mapping is remembered that needs
 * no buffer.
 *
 * Lock: bounce_lock, over the tree alone; nothing is allocated under it.
 *
 * Idea: Documentation/core-api/dma-api.rst; Bounce buffers: "Understanding the
 * Linux Kernel", 3rd edition, chapter 13.
 */
#include <ashlar/dma-transfer.h>
#include <ashlar/errno.h>
#include <ashlar/highmem.h>
#include <ashlar/rbtree.h>
#include "internal.h"

struct bounce {
	struct rb_node node;
	dma_addr_t addr; /* of the first byte, for the device */
	size_t size; /* bytes */
	void *buf; /* the same, for us */
	struct page *page; /* what it stands for begins in here */
	size_t offset; /* and this many bytes into it */
};

static spinlock_t bounce_lock; /* the tree */
static struct rb_root bounces = RB_ROOT;

/* ---- reach ---- */

static u64 zone_last(const struct zone *z)
{
	return ((u64)(z->start_pfn + z->spanned_pages) << PAGE_SHIFT) - 1;
}

static u64 last_of_ram(void)
{
	const struct zone *z;
	u64 last = 0;

	for_each_populated_zone(z)
		last = max(last, zone_last(z));
	return last;
}

/* Some zone must lie within reach: the lowest, or all of a small machine. */
static bool mask_is_possible(u64 mask)
{
	return mask >= min(zone_last(&zones[ZONE_DMA]), last_of_ram());
}

/* True if a device with @mask can transfer all of [addr, addr + size). */
static bool in_reach(const struct device *dev, u64 mask, dma_addr_t addr,
		     size_t size)
{
	u64 last = (u64)addr + size - 1;

	if (last > mask)
		return false;
	return !dev->dma_boundary ||
	       !(((u64)addr ^ last) & ~(u64)dev->dma_boundary);
}

static dma_addr_t page_to_dma(const struct page *page)
{
	return (dma_addr_t)page_to_pfn(page) << PAGE_SHIFT;
}

/*
 * Frames within reach. A block is aligned to its size's power of two, so it
 * crosses no boundary that is as large.
 */
static void *alloc_in_reach(const struct device *dev, u64 mask, size_t size,
			    gfp_t gfp)
{
	bool low = mask <= zone_last(&zones[ZONE_DMA]);
	void *p;

	gfp &= ~(__GFP_DMA | __GFP_HIGHMEM);
	p = alloc_pages_exact(size, low ? gfp | GFP_DMA : gfp | __GFP_NOWARN);
	if (p && in_reach(dev, mask, page_to_dma(virt_to_page(p)), size))
		return p;
	free_pages_exact(p, size);
	if (low)
		return NULL;
	p = alloc_pages_exact(size, gfp | GFP_DMA);
	if (p && in_reach(dev, mask, page_to_dma(virt_to_page(p)), size))
		return p;
	free_pages_exact(p, size);
	return NULL;
}

/**
 * dma_set_mask() - how far a device's transfers reach
 * @dev: the device
 * @mask: the last address, as DMA_BIT_MASK(24) for ISA's 16 MB
 *
 * Context: any. Return: 0; -EIO and nothing changes if no zone of memory lies
 * within @mask.
 */
int dma_set_mask(struct device *dev, u64 mask)
{
	if (!mask_is_possible(mask))
		return -EIO;
	dev->dma_mask = mask;
	return 0;
}

/**
 * dma_set_coherent_mask() - how far dma_alloc_coherent() may go
 * @dev: the device
 * @mask: as dma_set_mask()'s
 *
 * Context: any. Return: as dma_set_mask().
 */
int dma_set_coherent_mask(struct device *dev, u64 mask)
{
	if (!mask_is_possible(mask))
		return -EIO;
	dev->coherent_dma_mask = mask;
	return 0;
}

/**
 * dma_set_mask_and_coherent() - both masks at once
 * @dev: the device
 * @mask: as dma_set_mask()'s
 *
 * Context: any. Return: as dma_set_mask().
 */
int dma_set_mask_and_coherent(struct device *dev, u64 mask)
{
	int err = dma_set_mask(dev, mask);

	return err ? err : dma_set_coherent_mask(dev, mask);
}

/**
 * dma_set_seg_boundary() - what one transfer must not cross
 * @dev: the device
 * @mask: 2^n - 1: multiples of 2^n; ISA's DMA has 0xffff
 *
 * Context: any. Return: 0; -EINVAL if @mask is less than a page, or no 2^n - 1.
 */
int dma_set_seg_boundary(struct device *dev, unsigned long mask)
{
	if ((mask & (mask + 1)) || mask < PAGE_SIZE - 1)
		return -EINVAL;
	dev->dma_boundary = mask;
	return 0;
}

/* ---- for long ---- */

/**
 * dma_alloc_coherent() - memory that we and a device see alike
 * @dev: the device; its coherent_dma_mask and boundary are kept to
 * @size: bytes, up to 4 MB
 * @handle: where the device finds it
 * @gfp: how to allocate; which zone is chosen here
 *
 * The memory is zeroed, and aligned to the least power of two of pages that
 * holds it. Context: may sleep if @gfp says so. Return: where we find it, for
 * dma_free_coherent(); NULL.
 */
void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *handle,
			 gfp_t gfp)
{
	void *p = alloc_in_reach(dev, dev->coherent_dma_mask, size,
				 gfp | __GFP_ZERO);

	if (p)
		*handle = page_to_dma(virt_to_page(p));
	return p;
}

/**
 * dma_free_coherent() - give back what dma_alloc_coherent() returned
 * @dev: as it was allocated for
 * @size: likewise
 * @cpu_addr: what was returned; NULL is ignored
 * @handle: what the device was told
 *
 * Context: any. A transfer must not be going on.
 */
void dma_free_coherent(struct device *dev, size_t size, void *cpu_addr,
		       dma_addr_t handle)
{
	if (cpu_addr && page_to_dma(virt_to_page(cpu_addr)) != handle) {
		mm_report("bad-free", "%s: %p is not at %#lx for the device",
			  dev->name, cpu_addr, handle);
		return;
	}
	free_pages_exact(cpu_addr, size);
}

/* ---- bounce buffers ---- */

/* The buffer that holds the byte at @addr, or NULL. Context: bounce_lock. */
static struct bounce *find_bounce(dma_addr_t addr)
{
	struct rb_node *n = bounces.rb_node;

	while (n) {
		struct bounce *b = rb_entry(n, struct bounce, node);

		if (addr < b->addr)
			n = n->rb_left;
		else if (addr - b->addr >= b->size)
			n = n->rb_right;
		else
			return b;
	}
	return NULL;
}

/* Context: bounce_lock. */
static void insert_bounce(struct bounce *b)
{
	struct rb_node **link = &bounces.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = b->addr < rb_entry(parent, struct bounce, node)->addr ?
			       &parent->rb_left :
			       &parent->rb_right;
	}
	rb_link_node(&b->node, parent, link);
	rb_insert_color(&b->node, &bounces);
}

/*
 * Bytes [from, from + size) between a buffer and what it stands for, which may
 * lie beyond the direct map.
 */
static void copy_bounce(const struct bounce *b, size_t from, size_t size,
			bool to_device)
{
	size_t at = b->offset + from, n;
	char *buf = (char *)b->buf + from;

	for (; size; size -= n, at += n, buf += n) {
		struct page *page = b->page + (at >> PAGE_SHIFT);
		size_t off = at & (PAGE_SIZE - 1);

		n = min(size, (size_t)(PAGE_SIZE - off));
		if (to_device)
			memcpy_from_page(buf, page, off, n);
		else
			memcpy_to_page(page, off, buf, n);
	}
}

static dma_addr_t map_bounce(const struct device *dev, struct page *page,
			     size_t offset, size_t size)
{
	struct bounce *b = kmalloc(sizeof(*b), GFP_ATOMIC | __GFP_NOWARN);

	if (!b)
		return DMA_MAPPING_ERROR;
	b->buf = alloc_in_reach(dev, dev->dma_mask, size,
				GFP_ATOMIC | __GFP_NOWARN);
	if (!b->buf) {
		kfree(b);
		return DMA_MAPPING_ERROR;
	}
	b->addr = page_to_dma(virt_to_page(b->buf));
	b->size = size;
	b->page = page;
	b->offset = offset;
	/* Also what only the device writes: it may write less than all. */
	copy_bounce(b, 0, size, true);
	spin_lock(&bounce_lock);
	insert_bounce(b);
	spin_unlock(&bounce_lock);
	return b->addr;
}

/* The buffer at @addr leaves the tree. NULL: it is none, or in one's middle. */
static struct bounce *take_bounce(dma_addr_t addr)
{
	struct bounce *b;

	spin_lock(&bounce_lock);
	b = find_bounce(addr);
	if (b && b->addr == addr)
		rb_erase(&b->node, &bounces);
	else
		b = NULL;
	spin_unlock(&bounce_lock);
	return b;
}

/* ---- for one transfer ---- */

/**
 * dma_map_page() - memory for one transfer
 * @dev: the device; its dma_mask and boundary are kept to
 * @page: the frame that the memory begins in; those that follow belong to it
 * @offset: bytes from the start of @page
 * @size: bytes; 4 MB at most where a bounce buffer is needed
 * @dir: who writes. Until it is unmapped or synced, only the device may look
 *
 * Context: any, never waits. Return: where the device finds it, or
 * DMA_MAPPING_ERROR: dma_mapping_error() asks.
 */
dma_addr_t dma_map_page(struct device *dev, struct page *page, size_t offset,
			size_t size, enum dma_data_direction dir)
{
	dma_addr_t addr = page_to_dma(page) + offset;

	if (!size || !dev->dma_mask || dir >= DMA_NONE)
		return DMA_MAPPING_ERROR;
	if (likely(in_reach(dev, dev->dma_mask, addr, size)))
		return addr;
	return map_bounce(dev, page, offset, size);
}

/**
 * dma_map_single() - dma_map_page() of memory that has an address
 * @dev: the device
 * @ptr: kmalloc()ed or the like; what vmalloc() returned is not in one piece
 * @size: bytes
 * @dir: who writes
 *
 * Context: any, never waits. Return: as dma_map_page().
 */
dma_addr_t dma_map_single(struct device *dev, void *ptr, size_t size,
			  enum dma_data_direction dir)
{
	if (!virt_addr_valid(ptr))
		return DMA_MAPPING_ERROR;
	return dma_map_page(dev, virt_to_page(ptr),
			    (uintptr_t)ptr & (PAGE_SIZE - 1), size, dir);
}

/**
 * dma_unmap_page() - the transfer is over
 * @dev: the device
 * @addr: what the mapping returned
 * @size: as it was mapped
 * @dir: likewise
 *
 * Context: any.
 */
void dma_unmap_page(struct device *dev, dma_addr_t addr, size_t size,
		    enum dma_data_direction dir)
{
	struct bounce *b = take_bounce(addr);

	if (!b)
		return;
	if (b->size != size)
		mm_report("dma-mapping",
			  "%s: %zu bytes unmapped of %zu mapped at %#lx",
			  dev->name, size, b->size, addr);
	if (dir != DMA_TO_DEVICE)
		copy_bounce(b, 0, min(size, b->size), false);
	free_pages_exact(b->buf, b->size);
	kfree(b);
}

/**
 * dma_map_sg() - a transfer in pieces
 * @dev: the device
 * @sg: the pieces; their dma_address and dma_length are filled in
 * @nents: how many
 * @dir: who writes
 *
 * Context: any, never waits. Return: @nents; 0 if one could not be mapped, and
 * then none is.
 */
unsigned int dma_map_sg(struct device *dev, struct scatterlist *sg,
			unsigned int nents, enum dma_data_direction dir)
{
	struct scatterlist *s;
	unsigned int i;

	for_each_sg(sg, s, nents, i)
	{
		s->dma_address =
			dma_map_page(dev, s->page, s->offset, s->length, dir);
		if (s->dma_address == DMA_MAPPING_ERROR) {
			dma_unmap_sg(dev, sg, i, DMA_TO_DEVICE);
			return 0;
		}
		s->dma_length = s->length;
	}
	return nents;
}

/**
 * dma_unmap_sg() - the transfer is over
 * @dev: the device
 * @sg: what was mapped
 * @nents: as dma_map_sg() was given it
 * @dir: likewise
 *
 * Context: any.
 */
void dma_unmap_sg(struct device *dev, struct scatterlist *sg,
		  unsigned int nents, enum dma_data_direction dir)
{
	struct scatterlist *s;
	unsigned int i;

	for_each_sg(sg, s, nents, i)
		dma_unmap_page(dev, s->dma_address, s->dma_length, dir);
}

static void sync_bounce(dma_addr_t addr, size_t size, bool to_device)
{
	struct bounce *b;

	spin_lock(&bounce_lock);
	b = find_bounce(addr);
	spin_unlock(&bounce_lock);
	/* A driver that syncs a mapping does not unmap it at the same time, so
	 * the buffer stays without the lock. */
	if (b)
		copy_bounce(b, addr - b->addr,
			    min(size, b->size - (size_t)(addr - b->addr)),
			    to_device);
}

/**
 * dma_sync_single_for_cpu() - look at a mapping between two transfers
 * @dev: the device
 * @addr: within a mapping
 * @size: bytes
 * @dir: as it was mapped
 *
 * Context: any. After it, and until dma_sync_single_for_device(), the memory is
 * ours to look at.
 */
void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr, size_t size,
			     enum dma_data_direction dir)
{
	(void)dev;
	if (dir != DMA_TO_DEVICE)
		sync_bounce(addr, size, false);
}

/**
 * dma_sync_single_for_device() - the next transfer may begin
 * @dev: the device
 * @addr: within a mapping
 * @size: bytes
 * @dir: as it was mapped
 *
 * Context: any.
 */
void dma_sync_single_for_device(struct device *dev, dma_addr_t addr,
				size_t size, enum dma_data_direction dir)
{
	(void)dev;
	if (dir != DMA_FROM_DEVICE)
		sync_bounce(addr, size, true);
}

/**
 * dma_mapping_error() - did a mapping fail?
 * @dev: the device
 * @addr: what the mapping returned
 *
 * Context: any. Return: 0 or -ENOMEM.
 */
int dma_mapping_error(const struct device *dev, dma_addr_t addr)
{
	(void)dev;
	return addr == DMA_MAPPING_ERROR ? -ENOMEM : 0;
}
