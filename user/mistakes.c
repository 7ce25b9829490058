/* SPDX-License-Identifier: MIT */
/*
 * What is told of an address that should be a block's, and is not.
 *
 *   in a free frame that was in use    ─┐
 *   a freed large block, kept or gone  ─┴─► double-free
 *   anything else                      ───► bad-free
 *
 * The object of a slab that is still there is told of in mm/sheaf.c; here the
 * slab has gone back, or there never was one.
 */
#include "mm/internal.h"
#include "port/user/user.h"
#include "user.h"

static bool lies_in_freed(const void *p)
{
	return virt_addr_valid(p) ? page_was_freed(virt_to_page(p)) :
				    large_was_freed(p);
}

/**
 * block_bad() - an address that a call was given is no block in use
 * @call: the call
 * @p: the address
 */
void block_bad(const char *call, const void *p)
{
	mm_report("bad-free",
		  "%s of %p, which is not the start of an allocated block",
		  call, p);
}

/**
 * release_bad() - ... and the call releases it
 * @call: the call
 * @p: the address
 */
void release_bad(const char *call, const void *p)
{
	if (!IS_ALIGNED((uintptr_t)p, KMALLOC_MIN_SIZE) || !lies_in_freed(p))
		block_bad(call, p);
	else
		mm_report("double-free",
			  "%s of %p, which lies in memory that is free", call,
			  p);
}
