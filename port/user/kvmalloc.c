/* SPDX-License-Identifier: MIT */
/*
 * kvmalloc: memory of any size. What kmalloc() has no block for gets a mapping
 * of its own (large.c), as vmalloc() gives it to a kernel.
 *
 *   size      0 ──────────── kmalloc ──────────── 4 MiB ── large.c ──▶
 *   release   by address: within the frames kfree(), else large_free()
 */
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/port.h>
#include <mach/page.h>
#include "user.h"

#define KMALLOC_MOST (PAGE_SIZE << (MAX_ORDER - 1))
/* large.c's limit: half of what a difference of pointers can say. */
#define LARGE_MOST ((size_t)PTRDIFF_MAX / 2)

/**
 * kvmalloc() - memory of any size
 * @size: bytes
 * @gfp: GFP_* flags; more than 4 MiB want one that may wait
 *
 * Context: may wait if @gfp says so. Return: the first byte, to be released by
 * kvfree(); ZERO_SIZE_PTR for size 0; NULL without memory.
 */
void *kvmalloc(size_t size, gfp_t gfp)
{
	void *p = NULL;

	if (size <= KMALLOC_MOST)
		p = kmalloc(size, size > PAGE_SIZE ? gfp | __GFP_NOWARN : gfp);
	if (p || size <= PAGE_SIZE || size > LARGE_MOST ||
	    !gfpflags_allow_blocking(gfp))
		return p;
	if (!mm_cpu_self)
		port_cpu_start();
	return large_alloc(size, PAGE_SIZE, gfp & __GFP_ZERO);
}

/**
 * kvzalloc() - zeroed memory of any size
 * @size: bytes
 * @gfp: as of kvmalloc()
 *
 * Context, Return: as kvmalloc().
 */
void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp | __GFP_ZERO);
}

/**
 * kvmalloc_array() - an array of any size
 * @n: elements
 * @size: bytes of one
 * @gfp: as of kvmalloc()
 *
 * Context: as kvmalloc(). Return: as kvmalloc(); NULL if the product is more
 * than a size_t holds.
 */
void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kvmalloc(bytes, gfp);
}

/**
 * kvcalloc() - a zeroed array of any size
 * @n: elements
 * @size: bytes of one
 * @gfp: as of kvmalloc()
 *
 * Context, Return: as kvmalloc_array().
 */
void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

/**
 * kvfree() - release what kvmalloc() returned
 * @p: the block, or one of kmalloc(); NULL is ignored
 *
 * What is neither is reported, and nothing done. Context: any.
 */
void kvfree(const void *p)
{
	if (virt_addr_valid(p) || ZERO_OR_NULL_PTR(p) ||
	    !large_free((void *)(uintptr_t)p))
		kfree(p);
}

/**
 * kvrealloc() - memory of another size
 * @p: what kvmalloc() returned, or NULL
 * @oldsize: bytes of it that are kept
 * @newsize: bytes wanted
 * @gfp: as of kvmalloc()
 *
 * A block that has more than is wanted stays as it is.
 *
 * Context: as kvmalloc(). Return: the block, perhaps moved; NULL without
 * memory, and @p is as it was.
 */
void *kvrealloc(const void *p, size_t oldsize, size_t newsize, gfp_t gfp)
{
	void *moved;

	if (oldsize >= newsize)
		return (void *)(uintptr_t)p;
	moved = kvmalloc(newsize, gfp);
	if (!moved)
		return NULL;
	if (oldsize)
		memcpy(moved, p, oldsize);
	kvfree(p);
	return moved;
}
