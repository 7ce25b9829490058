/* SPDX-License-Identifier: MIT */
/*
 * direct FILE - what it costs to read a file in four ways: CPU milliseconds a
 * gibibyte, and MiB a second.
 *
 *   buffered   read() of a file that is not in memory, into a block of malloc
 *   direct     the same with O_DIRECT, into memory for devices
 *   ring       O_DIRECT by io_uring, eight requests at a time, into malloc's
 *   fixed      the same into fixed buffers: ashlar_dma_register()
 *
 * Pieces of 1 MiB follow one another; of 4 KiB, they lie at random. What is
 * read is added up: the sums must agree.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bench.h"
#include <ashlar/dma-mapping.h>

enum { DEPTH = 8, SMALL = 4096, LARGE = 1 << 20, READS = 60000 };

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_array, *cq_head, *cq_tail, sq_mask, cq_mask;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
};

struct way {
	const char *name;
	int flags;
	int rings, fixed;
};

static char *buffer[DEPTH];
static uint64_t sum;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void *map_ring(int fd, size_t size, off_t what)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, what);

	if (p == MAP_FAILED)
		fail("io_uring");
	return p;
}

static void make_ring(struct ring *r)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	r->fd = (int)syscall(SYS_io_uring_setup, DEPTH, &p);
	if (r->fd < 0)
		fail("io_uring");
	sq = map_ring(r->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned),
		      IORING_OFF_SQ_RING);
	cq = map_ring(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(*r->cqe),
		      IORING_OFF_CQ_RING);
	r->sqe = map_ring(r->fd, p.sq_entries * sizeof(*r->sqe),
			  IORING_OFF_SQES);
	r->sq_tail = (unsigned int *)(sq + p.sq_off.tail);
	r->sq_mask = *(unsigned int *)(sq + p.sq_off.ring_mask);
	r->sq_array = (unsigned int *)(sq + p.sq_off.array);
	r->cq_head = (unsigned int *)(cq + p.cq_off.head);
	r->cq_tail = (unsigned int *)(cq + p.cq_off.tail);
	r->cq_mask = *(unsigned int *)(cq + p.cq_off.ring_mask);
	r->cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

/* One request into buffer @slot. */
static void ask(struct ring *r, int file, int slot, size_t size, off_t at,
		int fixed)
{
	unsigned int tail = *r->sq_tail, i = tail & r->sq_mask;
	struct io_uring_sqe *e = &r->sqe[i];

	memset(e, 0, sizeof(*e));
	e->opcode = fixed ? IORING_OP_READ_FIXED : IORING_OP_READ;
	e->fd = file;
	e->addr = (uintptr_t)buffer[slot];
	e->len = (unsigned int)size;
	e->off = (uint64_t)at;
	e->user_data = (uint64_t)slot;
	if (fixed)
		e->buf_index = (uint16_t)ashlar_dma_index(buffer[slot]);
	r->sq_array[i] = i;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static void add(const char *p, size_t size)
{
	for (; size; size -= SMALL, p += SMALL)
		sum += *(const uint64_t *)p;
}

/* The buffer of a request that is done. */
static int take(struct ring *r, size_t size)
{
	unsigned int head = *r->cq_head;
	struct io_uring_cqe *e = &r->cqe[head & r->cq_mask];
	int slot = (int)e->user_data;

	if (e->res != (int)size) {
		errno = e->res < 0 ? -e->res : EIO;
		fail("io_uring read");
	}
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	add(buffer[slot], size);
	return slot;
}

static off_t place(uint64_t *seed, long i, size_t size, off_t bytes)
{
	if (size == LARGE)
		return i * LARGE;
	return (off_t)(bench_random(seed) % (uint64_t)(bytes / SMALL)) * SMALL;
}

static void read_by_ring(int file, size_t size, long reads, off_t bytes,
			 int fixed)
{
	struct ring r;
	uint64_t seed = 1;
	long asked = 0, done = 0;
	int slot;

	make_ring(&r);
	if (fixed && ashlar_dma_register(r.fd) < 0)
		fail("ashlar_dma_register");
	for (slot = 0; slot < DEPTH; slot++, asked++)
		ask(&r, file, slot, size, place(&seed, asked, size, bytes),
		    fixed);
	syscall(SYS_io_uring_enter, r.fd, DEPTH, 1, IORING_ENTER_GETEVENTS, 0,
		0);
	while (done < reads) {
		unsigned int more = 0;

		while (*r.cq_head !=
		       __atomic_load_n(r.cq_tail, __ATOMIC_ACQUIRE)) {
			slot = take(&r, size);
			done++;
			if (asked >= reads)
				continue;
			ask(&r, file, slot, size,
			    place(&seed, asked++, size, bytes), fixed);
			more++;
		}
		if (done < reads)
			syscall(SYS_io_uring_enter, r.fd, more, 1,
				IORING_ENTER_GETEVENTS, 0, 0);
	}
	close(r.fd);
}

static void read_by_calls(int file, size_t size, long reads, off_t bytes)
{
	uint64_t seed = 1;
	long i;

	for (i = 0; i < reads; i++) {
		if (pread(file, buffer[0], size,
			  place(&seed, i, size, bytes)) != (ssize_t)size)
			fail("read");
		add(buffer[0], size);
	}
}

static void measure(const char *path, const struct way *w, size_t size)
{
	int file = open(path, O_RDONLY | w->flags), i;
	double wall, cpu;
	struct stat st;
	dma_addr_t handle;
	long reads;

	if (file < 0 || fstat(file, &st))
		fail(path);
	if (st.st_size < LARGE) {
		fprintf(stderr, "%s has less than 1 MiB\n", path);
		exit(1);
	}
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	for (i = 0; i < DEPTH; i++) {
		if (w->fixed || (w->flags && !w->rings))
			buffer[i] = dma_alloc_coherent(NULL, size, &handle,
						       GFP_KERNEL);
		else
			buffer[i] = aligned_alloc(SMALL, size);
		memset(bench_checked(buffer[i]), 0, size);
	}
	reads = size == LARGE ? st.st_size / LARGE : READS;
	sum = 0;
	wall = bench_clock(CLOCK_MONOTONIC);
	cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	if (w->rings)
		read_by_ring(file, size, reads, st.st_size, w->fixed);
	else
		read_by_calls(file, size, reads, st.st_size);
	wall = bench_clock(CLOCK_MONOTONIC) - wall;
	cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%-8s %7zu %8.0f %8.0f  %016llx\n", w->name, size,
	       cpu * 1e3 / ((double)reads * (double)size / (1 << 30)),
	       (double)reads * (double)size / (1 << 20) / wall,
	       (unsigned long long)sum);
	for (i = 0; i < DEPTH; i++) {
		if (w->fixed || (w->flags && !w->rings))
			dma_free_coherent(NULL, size, buffer[i],
					  (dma_addr_t)buffer[i]);
		else
			free(buffer[i]);
	}
	close(file);
}

int main(int argc, char **argv)
{
	static const struct way ways[] = { { "buffered", 0, 0, 0 },
					   { "direct", O_DIRECT, 0, 0 },
					   { "ring", O_DIRECT, 1, 0 },
					   { "fixed", O_DIRECT, 1, 1 } };
	unsigned int i;

	if (argc != 2) {
		fputs("usage: direct FILE\n", stderr);
		return 2;
	}
	puts("way        bytes  CPU ms/GiB  MiB/s  sum");
	for (i = 0; i < 8; i++)
		measure(argv[1], &ways[i / 2], i % 2 ? SMALL : LARGE);
	return 0;
}
