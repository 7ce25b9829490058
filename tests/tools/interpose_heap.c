/* SPDX-License-Identifier: MIT */
/*
 * In place of the malloc library, for interpose.c: a heap of one block, and a
 * record of what was said to leave it.
 *
 *   heap |  red zone  | block ... | red zone ................ |
 */
#include "interpose.h"

_Alignas(16) char heap[HEAP_BYTES];
size_t block_bytes;
struct seen seen;

static int is_heap(const char *p)
{
	return p >= heap && p < heap + HEAP_BYTES;
}

size_t ashlar_check_room(const void *at)
{
	const char *p = at;

	if (!is_heap(p))
		return SIZE_MAX;
	if (p < BLOCK || p >= BLOCK + block_bytes)
		return 0;
	return (size_t)(BLOCK + block_bytes - p);
}

bool ashlar_check_range(const void *at, size_t bytes, bool is_write,
			const char *call)
{
	if (ashlar_check_room(at) >= bytes)
		return true;
	seen.nr++;
	seen.at = at;
	seen.bytes = bytes;
	seen.is_write = is_write;
	seen.call = call;
	return false;
}
