/* SPDX-License-Identifier: MIT */
/*
 * What a shared heap's memory is used for, read from its file: nothing is
 * mapped, locked or written, so whoever may read the file may look, and no
 * file, however damaged, harms whoever does.
 *
 *   header ─► numbers that agree?     heap_page, some at a time ─► counts
 *
 * The truth is what each page is and which of its places are free
 * (heap_segment.h). Others go on meanwhile: each page is counted as it was at
 * one moment, the pages at moments that follow one another.
 */
#include <errno.h>
#include <sys/stat.h>
#include "heap_segment.h"
#include "sys.h"

#define AT_ONCE 32u /* pages that are read together */

/* Where a long has 32 bits, a file's offset takes two of them. */
static bool read_at(int fd, void *to, size_t size, u64 offset)
{
	return sys6(SYS_pread64, fd, (long)to, (long)size, (long)offset,
		    (long)(offset >> 31 >> 1), 0) == (long)size;
}

static void count_page(const struct heap_page *p,
		       struct ashlar_heap_class *classes)
{
	u32 kind = heap_kind_of(p->kind), i, free = 0;
	struct ashlar_heap_class *c = &classes[heap_class_of(p->kind)];
	u32 places;

	if (kind == HEAP_PAGE_RUN) {
		c = &classes[HEAP_CLASSES];
		c->blocks++;
		c->in_use++;
	}
	if (kind == HEAP_PAGE_RUN || kind == HEAP_PAGE_TAIL)
		classes[HEAP_CLASSES].pages++;
	if (kind != HEAP_PAGE_SLAB)
		return;
	for (i = 0; i < HEAP_WORDS; i++)
		free += (u32)__builtin_popcountll(p->free[i]);
	places = (u32)HEAP_PAGE / (u32)c->size;
	c->slabs++;
	c->pages++;
	c->blocks += places;
	c->in_use += places - min(free, places);
}

/**
 * ashlar_heap_classes() - what a shared heap's blocks take, by size
 * @fd: its file, which need only be readable: ashlar_heap_fd(), or one of
 *	/dev/shm
 * @classes: receives a line for each size, ascending, and a last one, with size
 *	0, for blocks of more than 4,096 bytes
 * @nr: lines that @classes has room for
 *
 * Nothing is locked. Context: any. Return: lines that there are, of which the
 * first @nr are filled; or, for ashlar_heap_error(), -errno.
 */
int ashlar_heap_classes(int fd, struct ashlar_heap_class *classes, size_t nr)
{
	struct ashlar_heap_class all[HEAP_CLASSES + 1] = { 0 };
	struct heap_page page[AT_ONCE];
	struct heap_header header = { 0 };
	u32 i, n, k;
	int err;

	if (!read_at(fd, &header, sizeof(header), 0))
		return -ENODATA;
	err = heap_check_header(&header, (size_t)header.size);
	if (err && err != -EXDEV) /* other numbers of processes do no harm */
		return err;
	for (i = 0; i < HEAP_CLASSES; i++)
		all[i].size = heap_class_size[i];
	for (i = 0; i < header.nr_pages; i += n) {
		n = min((u32)header.nr_pages - i, AT_ONCE);
		if (!read_at(fd, page, n * sizeof(*page),
			     HEAP_PAGE + (u64)i * sizeof(*page)))
			return -ENODATA;
		for (k = 0; k < n; k++)
			count_page(&page[k], all);
	}
	for (i = 0; i < min(nr, (size_t)ARRAY_SIZE(all)); i++)
		classes[i] = all[i];
	return (int)ARRAY_SIZE(all);
}
