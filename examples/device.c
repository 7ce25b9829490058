/* SPDX-License-Identifier: MIT */
/*
 * A buddy allocator over a device's memory, of which no byte is touched to keep
 * books on it: a megabyte that a file stands for here, as resource0 of a PCI
 * device does.
 *
 *     cc device.c $(pkg-config --cflags --libs ashlar) && ./a.out [FILE]
 */
#define _POSIX_C_SOURCE 200809L
#include <ashlar/genalloc.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES (1ul << 20)
#define GRANULE_SHIFT 12
#define BUFFERS 24

static char *map_device(const char *path)
{
	FILE *temporary = path ? NULL : tmpfile();
	int fd = path ? open(path, O_RDWR) : temporary ? fileno(temporary) : -1;
	char *p;

	if (fd < 0 || (!path && ftruncate(fd, BYTES)))
		return NULL;
	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

int main(int argc, char **argv)
{
	char *memory = map_device(argc > 1 ? argv[1] : NULL);
	struct gen_pool *pool = gen_pool_create(GRANULE_SHIFT, -1);
	unsigned long buffer[BUFFERS], size[BUFFERS];
	unsigned int i;

	if (!memory || !pool) {
		fprintf(stderr, "there is no memory to be had\n");
		return 1;
	}
	gen_pool_set_algo(pool, gen_pool_first_fit_order_align, NULL);
	if (gen_pool_add(pool, (unsigned long)memory, BYTES, -1))
		return 1;
	for (i = 0; i < BUFFERS; i++) {
		size[i] = 1ul << (GRANULE_SHIFT + i % 4);
		buffer[i] = gen_pool_alloc(pool, size[i]);
		if (!buffer[i])
			return 1;
		if ((buffer[i] - (unsigned long)memory) % size[i])
			printf("buffer %u does not lie at its size\n", i);
		*(char *)buffer[i] = (char)i;
	}
	printf("%d buffers, each at a multiple of its size; %lu KiB are left\n",
	       BUFFERS, (unsigned long)gen_pool_avail(pool) >> 10);
	for (i = 0; i < BUFFERS; i++)
		gen_pool_free(pool, buffer[i], size[i]);
	buffer[0] = gen_pool_alloc(pool, BYTES);
	printf("they have become one again: %s\n", buffer[0] ? "yes" : "no");
	gen_pool_free(pool, buffer[0], BYTES);
	gen_pool_destroy(pool);
	return 0;
}
