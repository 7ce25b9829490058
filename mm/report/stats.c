/* SPDX-License-Identifier: MIT */
/*
 * The program asks what its memory is used for: parts.c, of this program's
 * structures, under their locks as in collect.c.
 *
 *   zones, caches, CPUs ──► parts ──► a structure, versioned by its size
 *                             │  └──► JSON
 *   the host, on request ─────┘
 *
 * No events are counted and no text is made unless it is asked for, so that a
 * server may publish the numbers with every request.
 */
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include "report.h"

/* What the first version of the structure had. */
#define STATS_LEAST                                                \
	(__builtin_offsetof(struct ashlar_memory, rounding_most) + \
	 sizeof(size_t))

/* Takes in the parts of one class. @nr: classes before it. */
typedef void (*take_class)(void *to, const struct ashlar_memory_class *c,
			   size_t nr);

static void count_frames(struct mm_totals *t)
{
	struct mm_cpu *cpu;
	struct zone copy, *z;

	for_each_populated_zone(z) {
		copy_zone(&copy, z);
		totals_add_zone(t, &copy);
	}
	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list)
		t->pcp += READ_ONCE(cpu->pcp.count);
	spin_unlock(&mm_cpu_mutex);
	t->large_bytes = READ_ONCE(large_bytes);
	t->large_count = READ_ONCE(large_count);
	t->large_cached_bytes = READ_ONCE(large_cached_bytes);
}

/* Fills @p, and hands each class to @take, if any. Returns how many. */
static size_t collect_parts(struct ashlar_memory *p, take_class take, void *to)
{
	struct mm_totals t = { 0 };
	struct ashlar_memory_class c;
	struct kmem_cache copy, *s;
	size_t nr = 0;

	(void)mm_this_cpu();
	*p = (struct ashlar_memory){ .size = sizeof(*p) };
	spin_lock(&slab_mutex);
	list_for_each_entry(s, &slab_caches, list) {
		unsigned long cached = copy_cache(&copy, s);

		totals_add_cache(&t, &copy, cached);
		parts_add_cache(p, &c, &copy, cached);
		if (take)
			take(to, &c, nr);
		nr++;
	}
	spin_unlock(&slab_mutex);
	count_frames(&t);
	totals_finish(&t);
	parts_finish(p, &t);
	return nr;
}

/* As much of @from as there is room for at @to; the rest of that is cleared. */
static void copy_versioned(void *to, size_t room, const void *from, size_t size)
{
	memcpy(to, from, min(room, size));
	if (room > size)
		memset((char *)to + size, 0, room - size);
}

/**
 * ashlar_memory_stats() - what memory is used for
 * @stats: filled, all in bytes; its member size, set by the caller, says how
 *	much of it the caller knows, and afterwards how much is filled
 * @flags: ASHLAR_STATS_RESIDENT, or 0
 *
 * The parts are of slightly different moments while other threads allocate;
 * @stats->held is always their sum.
 *
 * Context: any thread, but no signal handler; allocates nothing, but the first
 * call in a process starts the allocator. Return: 0, or -EINVAL: size is less
 * than that of the first version, or a flag is not known.
 */
int ashlar_memory_stats(struct ashlar_memory *stats, unsigned int flags)
{
	struct ashlar_memory p;
	size_t room = stats->size;

	if (room < STATS_LEAST || flags & ~ASHLAR_STATS_RESIDENT)
		return -EINVAL;
	collect_parts(&p, NULL, NULL);
	if (flags & ASHLAR_STATS_RESIDENT)
		p.resident = port_resident();
	copy_versioned(stats, room, &p, sizeof(p));
	return 0;
}

struct class_array {
	char *at;
	size_t nr, size;
};

static void take_into_array(void *to, const struct ashlar_memory_class *c,
			    size_t nr)
{
	struct class_array *a = to;

	if (nr < a->nr)
		copy_versioned(a->at + nr * a->size, a->size, c, sizeof(*c));
}

/**
 * ashlar_memory_classes() - the same, for each class
 * @classes: filled, one for each cache; NULL if @nr is 0
 * @nr: for how many there is room
 * @size: bytes of one, as the caller knows it: sizeof(*classes)
 *
 * Context: as ashlar_memory_stats(). Return: how many there are, which may be
 * more than @nr.
 */
size_t ashlar_memory_classes(struct ashlar_memory_class *classes, size_t nr,
			     size_t size)
{
	struct class_array a = { (char *)classes, nr, size };
	struct ashlar_memory p;

	return collect_parts(&p, take_into_array, &a);
}

static void take_into_text(void *to, const struct ashlar_memory_class *c,
			   size_t nr)
{
	struct seq_file *m = to;

	seq_puts(m, nr ? "," : "\"classes\":[");
	write_parts_class(m, c);
}

/**
 * ashlar_memory_stats_json() - the same as text
 * @buf: filled with one JSON object on one line, and ends in NUL; NULL if @size
 *	is 0
 * @size: bytes of @buf
 * @flags: ASHLAR_STATS_RESIDENT, ASHLAR_STATS_CLASSES; others are ignored
 *
 * The members are those of the structures, under the same names.
 *
 * Context: as ashlar_memory_stats(). Return: bytes of the whole text without
 * its NUL; if that is not less than @size, the text is cut.
 */
size_t ashlar_memory_stats_json(char *buf, size_t size, unsigned int flags)
{
	struct seq_file m = { .buf = buf, .size = size ? size - 1 : 0 };
	struct ashlar_memory p;

	seq_putc(&m, '{');
	if (flags & ASHLAR_STATS_CLASSES) {
		collect_parts(&p, take_into_text, &m);
		seq_puts(&m, "],");
	} else {
		collect_parts(&p, NULL, NULL);
	}
	write_parts(&m, &p);
	if (flags & ASHLAR_STATS_RESIDENT)
		seq_printf(&m, ",\"resident\":%zu", port_resident());
	seq_putc(&m, '}');
	if (size)
		buf[m.count] = '\0';
	return m.wanted;
}
