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
#include "kinds.h"
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

static __cold_path void delete_slow(void *p, size_t size, size_t align,
				    bool array)
{
	enum alloc_kind kind = array ? ALLOC_NEW_ARRAY : ALLOC_NEW;

	if (!virt_addr_valid(p) && guarded_free(p, size, kind))
		return;
	if (p && virt_addr_valid(p))
		kind_check(p, kind);
	if (p && !size_fits(p, size, align, false))
		report_size(p, size, align, "new-delete-type-mismatch");
	if (!kinds_on)
		ashlar_own_free(p);
	else if (array)
		ashlar_kind_delete_array(p);
	else
		ashlar_kind_delete(p);
}

/* operator delete and delete [] of a size, where all of them are ours */
void ashlar_delete_sized(void *p, size_t size)
{
	if (unlikely(!virt_addr_valid(p) ||
		     !sheaf_push_sized(p, &size, CLASS_NEW)))
		delete_slow(p, size, 1, false);
}

/* ... where those of delete [] are told apart from them */
void ashlar_delete_array_sized(void *p, size_t size)
{
	if (unlikely(!virt_addr_valid(p) ||
		     !sheaf_push_sized(p, &size, CLASS_ARRAY)))
		delete_slow(p, size, 1, true);
}

/* ... and an alignment, of which one that is no power of two says nothing */
void ashlar_delete_sized_aligned(void *p, size_t size, size_t align)
{
	delete_slow(p, size, is_power_of_2(align) ? align : 1, false);
}

void ashlar_delete_array_sized_aligned(void *p, size_t size, size_t align)
{
	delete_slow(p, size, is_power_of_2(align) ? align : 1, true);
}

/* free_sized(), and with an @align that is more than 1 free_aligned_sized() */
void ashlar_check_sized(void *p, size_t size, size_t align)
{
	if (p && is_power_of_2(align) && !size_fits(p, size, align, align == 1))
		report_size(p, size, align, "alloc-dealloc-mismatch");
}

/* The class of whose size the objects with the id @id are, or 0. */
static unsigned int other_index(unsigned int id)
{
	if (!kinds_on)
		return id <= SPLIT_ID(SPLIT_CLASSES) ? id - SPLIT_ID(0) : 0;
	return id <= ARRAY_ID(0) ? id - NEW_ID(0) : id - ARRAY_ID(0);
}

/* The operators are ours, and kinds begun: from now on sizes count. */
void ashlar_sizes_count(void)
{
	u64 *less = class_words(CLASS_LESS), *span = class_words(CLASS_SPAN);
	unsigned int i, index;

	(void)mm_this_cpu();
	if (unlikely(!port_ram_pages))
		return;
	for (i = 1; i <= KMALLOC_NR; i++) {
		less[i] = i > 1 ? kmalloc_size(i - 1) + 1 : 0;
		span[i] = kmalloc_size(i) + 1 - less[i];
	}
	for (i = KMALLOC_NR + 1; i <= ARRAY_ID(KIND_CLASSES); i++) {
		index = other_index(i);
		less[i] = less[index];
		span[i] = span[index];
	}
}
