/* SPDX-License-Identifier: MIT */
/*
 * What a shared heap's blocks take, from inside and by the command:
 *
 *	look ASHLAR
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <ashlar/heap.h>

#define CLASSES 26
#define SMALL 1000
#define LARGE 3
#define LARGE_BYTES 100000

static struct ashlar_heap *heap;
static char name[40];
static int failed;

static void check(const char *what, int right)
{
	printf("%s heap/look/%s%s\n", right ? "ok" : "not ok", what,
	       right ? "" : " - it is not so");
	failed |= !right;
}

/* Small blocks of 16 … 1,600 bytes, every third given back; and large ones. */
static void fill(void)
{
	void *p;
	int i;

	for (i = 0; i < SMALL; i++) {
		p = ashlar_heap_alloc(heap, 16 + (size_t)i * 16 % 1600);
		if (i % 3 == 0)
			ashlar_heap_free(heap, p);
	}
	for (i = 0; i < LARGE; i++)
		ashlar_heap_alloc(heap, LARGE_BYTES);
}

static void from_inside(void)
{
	struct ashlar_heap_class c[CLASSES];
	int nr = ashlar_heap_classes(ashlar_heap_fd(heap), c, CLASSES), i;
	size_t blocks, used = ashlar_heap_used(heap, &blocks), bytes = 0;
	unsigned long in_use = 0, ascending = 1, full = 0;

	check("there is a line for each size", nr == CLASSES);
	for (i = 0; i < nr; i++) {
		in_use += c[i].in_use;
		bytes += c[i].size ? c[i].in_use * c[i].size :
				     c[i].pages * 8192;
		ascending &= !i || !c[i].size || c[i].size > c[i - 1].size;
		full |= c[i].in_use > c[i].blocks;
	}
	check("sizes ascend", ascending && !full && !c[nr - 1].size);
	check("the blocks in use are all",
	      in_use == blocks && c[nr - 1].in_use == LARGE);
	check("their bytes are those in use", bytes == used);
	check("a table may be short",
	      ashlar_heap_classes(ashlar_heap_fd(heap), c, 1) == CLASSES);
}

/* Sums of the columns active_objs and num_slabs of what the command prints. */
static int ask(const char *command, const char *file, unsigned long *objects)
{
	char line[400];
	unsigned long n;
	FILE *f;

	snprintf(line, sizeof(line), "%s slabinfo --heap %s 2>&1", command,
		 file);
	f = popen(line, "r");
	*objects = 0;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "heap-%*s %lu", &n) == 1)
			*objects += n;
	return f ? pclose(f) : -1;
}

static void by_the_command(const char *command)
{
	unsigned long objects;
	char file[64];
	size_t blocks;
	FILE *f;

	ashlar_heap_used(heap, &blocks);
	check("by its name",
	      ask(command, name, &objects) == 0 && objects == blocks);
	snprintf(file, sizeof(file), "/proc/%d/fd/%d", (int)getpid(),
		 ashlar_heap_fd(heap));
	check("by a file of /proc",
	      ask(command, file, &objects) == 0 && objects == blocks);
	check("there is none", ask(command, "ashlar-none", &objects) != 0);
	check("the program is none", ask(command, command, &objects) != 0);
	snprintf(file, sizeof(file), "/dev/shm%s-cut", name);
	f = fopen(file, "w");
	if (f) {
		char page[8192];

		if (pread(ashlar_heap_fd(heap), page, sizeof(page), 0) > 0)
			fwrite(page, sizeof(page), 1, f);
		fclose(f);
	}
	check("one that is cut short", ask(command, file, &objects) != 0);
	unlink(file);
}

int main(int argc, char **argv)
{
	int err;

	snprintf(name, sizeof(name), "/ashlar-look-%d", (int)getpid());
	err = ashlar_heap_create(&heap, name, 8 << 20);
	if (err || argc != 2) {
		printf("not ok heap/look - %s\n", ashlar_heap_error(err));
		return 1;
	}
	fill();
	from_inside();
	by_the_command(argv[1]);
	ashlar_heap_destroy(heap);
	return failed;
}
