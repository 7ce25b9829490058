/* SPDX-License-Identifier: MIT */
/*
 * ashlar slabinfo --heap NAME: the blocks of a shared heap, a line for each
 * size as if it were a cache. The heap is a file of /dev/shm, or any file that
 * a path names: of a heap without a name /proc/PID/fd has one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <ashlar/heap.h>
#include "ashlar.h"
#include "shared_heap.h"
#include "target.h"
#include "mm/report/report.h"

#define CLASSES_MOST 64
#define PAGE_BYTES 8192ul

static int open_heap(const char *name)
{
	const char *base = name + (*name == '/');
	char path[PATH_MAX];
	bool is_name = *base && !strchr(base, '/');

	if (snprintf(path, sizeof(path), "%s%s", is_name ? "/dev/shm/" : "",
		     is_name ? base : name) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static void class_name(const struct ashlar_heap_class *c, char *name,
		       size_t size)
{
	if (c->size)
		snprintf(name, size, "heap-%zu", c->size);
	else
		snprintf(name, size, "heap-pages");
}

/* One line; of blocks with pages of their own each is a slab. */
static void write_class(struct seq_file *m, const struct ashlar_heap_class *c)
{
	unsigned long slabs = c->size ? c->slabs : c->blocks;
	char name[32];

	if (!c->blocks)
		return;
	class_name(c, name, sizeof(name));
	seq_printf(m,
		   "%-17s %6lu %6lu %6lu %4lu %4lu : tunables %4d %4d %4d : "
		   "slabdata %6lu %6lu %6d\n",
		   name, c->in_use, c->blocks,
		   c->size ? (unsigned long)c->size :
			     c->pages * PAGE_BYTES / c->blocks,
		   c->size ? PAGE_BYTES / (unsigned long)c->size : 1,
		   c->pages * (PAGE_BYTES / 4096) / slabs, 0, 0, 0, slabs,
		   slabs, 0);
}

static void print_text(const struct ashlar_heap_class *c, int nr)
{
	char text[200 * (CLASSES_MOST + 2)] = "";
	struct seq_file m = { .buf = text, .size = sizeof(text) };

	write_slabinfo_header(&m);
	for (; nr--; c++)
		write_class(&m, c);
	fwrite(text, 1, m.count, stdout);
}

static bool print_json(const char *heap, const struct ashlar_heap_class *c,
		       int nr)
{
	json_t *rows = json_array(), *top;
	char name[32];
	bool ok;

	for (; nr--; c++) {
		class_name(c, name, sizeof(name));
		json_array_append_new(
			rows,
			json_pack("{ss sI sI sI sI}", "name", name, "objsize",
				  (json_int_t)c->size, "active_objs",
				  (json_int_t)c->in_use, "num_objs",
				  (json_int_t)c->blocks, "pages",
				  (json_int_t)(c->pages * PAGE_BYTES / 4096)));
	}
	top = json_pack("{ss so}", "heap", heap, "slabinfo", rows);
	ok = json_dumpf(top, stdout, JSON_INDENT(1)) == 0;
	putchar('\n');
	json_decref(top);
	return ok;
}

/**
 * shared_heap_print() - what a shared heap's blocks take
 * @heap: its name, or the path of its file
 * @json: as JSON, and not as /proc/slabinfo's text
 *
 * Return: the exit status, after a sentence if it is not 0.
 */
int shared_heap_print(const char *heap, bool json)
{
	struct ashlar_heap_class classes[CLASSES_MOST];
	int fd = open_heap(heap), nr;

	if (fd < 0) {
		complain("%s: %s", heap, strerror(errno));
		return EXIT_FAILURE;
	}
	budget_watch("the heap");
	nr = ashlar_heap_classes(fd, classes, CLASSES_MOST);
	budget_unwatch();
	close(fd);
	if (nr < 0) {
		complain("%s: %s", heap, ashlar_heap_error(nr));
		return EXIT_FAILURE;
	}
	if (!json)
		print_text(classes, nr);
	return json && !print_json(heap, classes, nr) ? EXIT_FAILURE : 0;
}
