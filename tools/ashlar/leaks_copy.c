/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a heap, at hand as they are looked into.
 *
 *   the process's frames   | run | run |     | run |   | run | …
 *   a reserved range       | copied    | ... | copied  | ....
 *                          └ a chunk ──┘
 *
 * Chunks of 64 KiB are copied, by and by, to the same places in a range of our
 * own: of frames without a run nothing. When too much is copied, all of it is
 * forgotten. Large blocks are looked through once, and never copied.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include "mm/slab_record.h"
#include "leaks.h"

#define CHUNK_SHIFT 16
#define CHUNK (1ul << CHUNK_SHIFT)

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
		done = len;
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

static struct ram *frames_of(struct heap *h, uint64_t address)
{
	unsigned int i;

	for (i = 0; i < h->nr_ram; i++)
		if (address - h->ram[i].base < h->ram[i].bytes)
			return &h->ram[i];
	return NULL;
}

/* Those frames of a chunk that belong to a run. */
static void copy_chunk(struct heap *h, struct ram *f, uint64_t chunk)
{
	uint64_t frame = chunk << (CHUNK_SHIFT - PAGE_SHIFT), n, left, got;
	uint64_t end =
		min(frame + (CHUNK >> PAGE_SHIFT), f->bytes >> PAGE_SHIFT);

	f->copied[chunk] = 1;
	for (; frame < end; frame += n) {
		n = 1;
		if (f->run[frame] == NONE)
			continue;
		while (frame + n < end && f->run[frame + n] != NONE)
			n++;
		left = n << PAGE_SHIFT;
		got = target_copy(h->t, f->copy + (frame << PAGE_SHIFT),
				  f->base + (frame << PAGE_SHIFT), left);
		if (got < left) /* one page is not there: on behind it */
			n = (got >> PAGE_SHIFT) + 1;
		h->copied_bytes += got;
	}
}

static void forget_copies(struct heap *h)
{
	struct ram *f;

	for (f = h->ram; f < h->ram + h->nr_ram; f++) {
		madvise(f->copy, f->bytes, MADV_DONTNEED);
		memset(f->copied, 0, (f->bytes >> CHUNK_SHIFT) + 1);
	}
	h->copied_bytes = 0;
}

/* Copy what is not copied yet. What cannot be read reads as zero. */
static bool heap_copy(struct heap *h, uint64_t address, uint64_t bytes)
{
	struct ram *f = frames_of(h, address);
	uint64_t chunk = (address - f->base) >> CHUNK_SHIFT, i;
	uint64_t last = min(address - f->base + bytes, f->bytes) - 1;

	last >>= CHUNK_SHIFT;
	for (i = chunk; i <= last && f->copied[i]; i++)
		;
	if (likely(i > last))
		return true;
	if (h->copied_bytes > h->copy_most)
		forget_copies(h);
	for (i = chunk; i <= last; i++)
		if (!f->copied[i])
			copy_chunk(h, f, i);
	return heap_in_time(h);
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
	struct ram *f = frames_of(h, slot);
	const char *copy = f->copy + (slot - f->base);

	if (!heap_copy(h, slot, r->size))
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

/* copy_open - make room for what is known of @f, and for its bytes */
bool copy_open(struct heap *h, struct ram *f)
{
	uint64_t nr = f->bytes >> PAGE_SHIFT;

	f->run = malloc(nr * sizeof(*f->run));
	f->copied = calloc((f->bytes >> CHUNK_SHIFT) + 1, 1);
	f->copy = mmap(NULL, f->bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->copy == MAP_FAILED)
		f->copy = NULL;
	if (!f->run || !f->copied || !f->copy)
		return target_fail(h->t, "out of memory");
	memset(f->run, 0xff, nr * sizeof(*f->run));
	madvise(f->copy, f->bytes, MADV_HUGEPAGE);
	return true;
}

void copy_close(struct ram *f)
{
	free(f->run);
	free(f->copied);
	if (f->copy)
		munmap(f->copy, f->bytes);
}
