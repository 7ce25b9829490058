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

/**
 * heap_copy() - have the bytes of a block at hand
 * @h: the heap
 * @address: of the block, in some core's frames
 * @bytes: its size
 *
 * What could not be read reads as zero. Return: true, or false with the
 * reason in the target's error.
 */
bool heap_copy(struct heap *h, uint64_t address, uint64_t bytes)
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

/* The words at @address, which heap_copy() has at hand. */
const uint64_t *heap_words(const struct heap *h, uint64_t address)
{
	struct ram *f = frames_of((struct heap *)h, address);

	return (const uint64_t *)(f->copy + (address - f->base));
}

/* True if a block, whose @words are at hand, is in a sheaf all the same. */
bool heap_is_free(const struct heap *h, struct block b, const uint64_t *words)
{
	uint32_t cache = h->runs[b.run].cache;

	return cache != NONE && (h->caches[cache].flags & SLAB_KMALLOC) &&
	       words[1] == h->free_mark[h->cache_node[cache]];
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
