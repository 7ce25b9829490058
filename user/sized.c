/* SPDX-License-Identifier: MIT */
/*
 * Releases that say a size: operator delete (p, n), free_sized, and those with
 * an alignment. It has to be of the class that the block is of.
 *
 *   size asked   ├─ … 96 ─┤├─ 97 … 112 ─┤├─ 113 … 128 ─┤
 *   class            96         112            128
 *
 * So the wrong destructor is noticed (a base has none that is virtual, an array
 * was made of something else), but not where both sizes have one class. A block
 * that realloc() has resized may be of a class up to twice as large as was
 * asked for, and one with a mapping of its own has whole pages and some more:
 * of these only more than there is is wrong.
 *
 * operator delete takes three instructions more for it than free(): the class's
 * sizes lie where its reciprocal does (mm/slab.h), and no size is of a class
 * until the operators are known to be ours. In the archive they go on by public
 * names alone, and nothing is looked at.
 */
#include <stdlib.h>
#include "mm/internal.h"
#include "port/user/user.h"
#include "guarded.h"
#include "user.h"

/* realloc() keeps a block of as many bytes, whatever is left of it. */
#define KEPT_ANYWAY 64

/* True if a block of @bytes in a class may be what @size bytes got. */
static bool class_serves(size_t bytes, size_t size, bool resized)
{
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return false;
	if (!resized)
		return bytes == kmalloc_size(kmalloc_index(size));
	return size <= bytes && (size >= bytes / 2 || bytes <= KEPT_ANYWAY);
}

/*
 * False: @size bytes at @align are not what is at @p. An address where no
 * block is, free() is to tell of. @resized: perhaps by realloc().
 */
static bool size_fits(void *p, size_t size, size_t align, bool resized)
{
	size_t bytes = 0, rounded = ALIGN(max(size, (size_t)1), align);

	if (!block_size(p, &bytes))
		return true;
	if (!IS_ALIGNED((uintptr_t)p, align))
		return false;
	if (virt_addr_valid(p) && (virt_to_page(p)->flags & PG_slab))
		return class_serves(bytes, rounded, resized);
	return size <= bytes;
}

static void report_size(const void *p, size_t size, size_t align,
			const char *kind)
{
	size_t bytes = 0;

	block_size((void *)p, &bytes);
	if (align > 1)
		mm_report(kind,
			  "%p, a block of %zu bytes, was released with a size "
			  "of %zu and an alignment of %zu",
			  p, bytes, size, align);
	else
		mm_report(kind,
			  "%p, a block of %zu bytes, was released with a size "
			  "of %zu",
			  p, bytes, size);
}

static __cold_path void delete_slow(void *p, size_t size, size_t align)
{
	if (!virt_addr_valid(p) && guarded_free(p, size, ALLOC_NEW))
		return;
	if (p && !size_fits(p, size, align, false))
		report_size(p, size, align, "new-delete-type-mismatch");
	ashlar_own_free(p);
}

/* operator delete and delete [] of a size, where all of them are ours */
void ashlar_delete_sized(void *p, size_t size)
{
	if (unlikely(!virt_addr_valid(p) || !sheaf_push_sized(p, &size)))
		delete_slow(p, size, 1);
}

/* ... and an alignment */
void ashlar_delete_sized_aligned(void *p, size_t size, size_t align)
{
	if (likely(is_power_of_2(align)))
		delete_slow(p, size, align);
	else
		ashlar_own_free(p);
}

/* free_sized(), and with an @align that is more than 1 free_aligned_sized() */
void ashlar_check_sized(void *p, size_t size, size_t align)
{
	if (p && is_power_of_2(align) && !size_fits(p, size, align, align == 1))
		report_size(p, size, align, "alloc-dealloc-mismatch");
}

/* The operators are ours: from now on sizes count. */
void ashlar_sizes_count(void)
{
	u64 *less = class_words(CLASS_LESS), *span = class_words(CLASS_SPAN);
	unsigned int i, other;

	(void)mm_this_cpu();
	if (unlikely(!port_ram_pages))
		return;
	for (i = 1; i <= KMALLOC_NR; i++) {
		less[i] = i > 1 ? kmalloc_size(i - 1) + 1 : 0;
		span[i] = kmalloc_size(i) + 1 - less[i];
	}
	for (i = 1; i <= SPLIT_CLASSES; i++) {
		other = SPLIT_ID(i);
		less[other] = less[i];
		span[other] = span[i];
	}
}
