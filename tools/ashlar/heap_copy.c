/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a heap, at hand as they are looked into.
 *
 *   runs of small slots     | run 0 |   | run 2 |      | run 5 | …
 *   a range of our own      | run 0 | run 2 | run 5 | …
 *
 * A run of small slots is copied when the first of them is looked into, to its
 * place in a range of our own. When too much is copied, all of it is forgotten.
 * Slots of a page and more, which are looked into once or twice, are read into
 * one place one after the other: that stays in the processor's cache, and takes
 * no memory. Large blocks are looked through in pieces.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include "mm/slab_record.h"
#include "heap.h"

/* Bytes of a slot that is read by itself. */
#define ALONE_LEAST PAGE_SIZE
#define ALONE_MOST (256ul << 10)

/**
 * target_copy() - copy bytes out of a target, as far as they are there
 * @t: the target
 * @buf: where to
 * @address: where from
 * @len: bytes
 *
 * Return: how many of the first bytes are there.
 */
size_t target_copy(struct target *t, void *buf, uint64_t address, size_t len)
{
	struct iovec to, from;
	size_t done = 0;
	ssize_t n;

	while (t->pid && done < len) {
		to = (struct iovec){ (char *)buf + done, len - done };
		from = (struct iovec){ (void *)(uintptr_t)(address + done),
				       len - done };
		n = process_vm_readv(t->pid, &to, 1, &from, 1, 0);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (!done && target_read(t, address, buf, len))
		return len;
	/* Of a core, a page that is not in it ends what is there. */
	while (!t->pid && done < len) {
		size_t n = min(PAGE_SIZE - (address + done) % PAGE_SIZE,
			       len - done);

		if (!target_read(t, address + done, (char *)buf + done, n))
			break;
		done += n;
	}
	return done;
}

/*
 * False, with a reason, when the look takes too long. A large heap is no sign
 * of damage: as long as there is time, there may be more reads.
 */
bool heap_in_time(struct heap *h)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	budget_renew(h->t);
	if (now.tv_sec < h->deadline.tv_sec)
		return true;
	return target_fail(h->t, "looking at %s takes too long", h->t->label);
}

static bool is_alone(const struct run *r)
{
	return r->size >= ALONE_LEAST && r->size <= ALONE_MOST;
}

static void forget_copies(struct heap *h)
{
	madvise(h->copy, h->copy_bytes, MADV_DONTNEED);
	memset(h->copied, 0, h->first_large);
	h->copied_bytes = 0;
}

/* What cannot be read reads as zero. */
static void read_all(struct heap *h, char *to, uint64_t from, uint64_t bytes)
{
	uint64_t done = 0, got;

	while (done < bytes) {
		got = target_copy(h->t, to + done, from + done, bytes - done);
		done += got;
		if (done == bytes)
			break;
		got = min(PAGE_SIZE - (from + done) % PAGE_SIZE, bytes - done);
		memset(to + done, 0, got);
		done += got;
	}
}

/* The bytes of a slot; NULL: not in time. */
static const char *read_slot(struct heap *h, struct block b)
{
	const struct run *r = &h->runs[b.run];
	uint64_t offset = b.slot * r->size;

	if (is_alone(r)) {
		read_all(h, h->alone, r->start + offset, r->size);
		return heap_in_time(h) ? h->alone : NULL;
	}
	if (likely(h->copied[b.run]))
		return h->copy + r->copy + offset;
	if (h->copied_bytes > h->copy_most)
		forget_copies(h);
	h->copied[b.run] = 1;
	h->copied_bytes += r->slots * r->size;
	read_all(h, h->copy + r->copy, r->start, r->slots * r->size);
	return heap_in_time(h) ? h->copy + r->copy + offset : NULL;
}

static bool is_in_sheaf(const struct heap *h, const struct run *r,
			const uint64_t *words)
{
	return r->cache != NONE && (h->caches[r->cache].flags & SLAB_KMALLOC) &&
	       words[1] == h->free_mark[h->cache_node[r->cache]];
}

/* What the block's record says, if that is whole and fits. */
static void use_record(const struct run *r, uint64_t slot, const char *copy,
		       struct bytes *out)
{
	const struct slab_record *record = (const void *)(copy + r->record);

	if (record->sum != record_sum_at(record, slot + r->record) ||
	    record->offset < r->left || record->offset % SLAB_GRANULE ||
	    record->offset + record_asked(record) > r->record)
		return;
	out->address = slot + record->offset;
	out->nr = record_asked(record);
	out->words = (const uint64_t *)(copy + record->offset);
	out->stack = record->stack[RECORD_ALLOC];
	if (record_is_released(record))
		out->freed = record->stack[RECORD_RELEASE];
	if (record_state(record) != RECORD_LIVE)
		out->words = NULL;
}

/**
 * heap_bytes() - have the bytes of a block at hand
 * @h: the heap
 * @b: the block; not a large one
 * @out: where they are, and what else is known
 *
 * Return: true, or false with the reason in the target's error.
 */
bool heap_bytes(struct heap *h, struct block b, struct bytes *out)
{
	const struct run *r = &h->runs[b.run];
	uint64_t slot = r->start + b.slot * r->size;
	const char *copy = read_slot(h, b);

	if (!copy)
		return false;
	*out = (struct bytes){ .address = slot + r->left,
			       .nr = r->bytes,
			       .words = (const uint64_t *)(copy + r->left) };
	if (r->record)
		use_record(r, slot, copy, out);
	else if (unlikely(is_in_sheaf(h, r, out->words)))
		out->words = NULL;
	if (unlikely(!out->words)) {
		h->free_blocks++;
		h->free_bytes += r->bytes;
	}
	return true;
}

/* heap_expect - have the processor fetch the first bytes of a block */
void heap_expect(const struct heap *h, struct block b)
{
	const struct run *r = &h->runs[b.run];

	if (b.run < h->first_large && !is_alone(r))
		__builtin_prefetch(h->copy + r->copy + b.slot * r->size +
				   r->left);
}

/* copy_open - make room for the bytes of all runs that are not large blocks */
bool copy_open(struct heap *h)
{
	struct run *r;

	for (r = h->runs; r < h->runs + h->first_large; r++) {
		r->copy = h->copy_bytes;
		if (!is_alone(r))
			h->copy_bytes += r->slots * r->size;
	}
	h->alone = malloc(ALONE_MOST);
	h->copied = calloc(h->first_large + 1ul, 1);
	h->copy = mmap(NULL, h->copy_bytes + PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (h->copy == MAP_FAILED)
		h->copy = NULL;
	if (!h->alone || !h->copied || !h->copy)
		return target_fail(h->t, "out of memory");
	madvise(h->copy, h->copy_bytes, MADV_HUGEPAGE);
	return true;
}

void copy_close(struct heap *h)
{
	free(h->alone);
	free(h->copied);
	if (h->copy)
		munmap(h->copy, h->copy_bytes + PAGE_SIZE);
}
