/* SPDX-License-Identifier: MIT */
/*
 * The owners of physical addresses and ports: a list sorted by address, a
 * range before the ranges inside it.
 *
 *   fe000000-febfffff : 0000:00:03.0    found on a bus: anybody's
 *     fe000000-fe0fffff : edu           requested: its driver's, busy
 *
 * Drivers ask for a range by name; what the memory map says is there from the
 * start, and busy.
 */
#include <ashlar/errno.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include "local.h"

#define MAX_RESOURCES 128

struct resource_list {
	unsigned int nr;
	struct resource r[MAX_RESOURCES];
};

static struct resource_list iomem;

static struct resource_list ioports = {
	.nr = 12,
	.r = {
		{ 0x0000, 0x001f, "dma1", 0, true },
		{ 0x0020, 0x0021, "pic1", 0, true },
		{ 0x0040, 0x0043, "timer0", 0, true },
		{ 0x0060, 0x0060, "keyboard", 0, true },
		{ 0x0064, 0x0064, "keyboard", 0, true },
		{ 0x0070, 0x0071, "rtc0", 0, true },
		{ 0x0080, 0x008f, "dma page reg", 0, true },
		{ 0x00a0, 0x00a1, "pic2", 0, true },
		{ 0x00c0, 0x00df, "dma2", 0, true },
		{ 0x00f0, 0x00ff, "fpu", 0, true },
		{ 0x03c0, 0x03df, "vga+", 0, true },
		{ 0x03f8, 0x03ff, "serial", 0, true },
	},
};

/* True if @a comes before @b: it is lower, or around it. */
static bool before(const struct resource *a, const struct resource *b)
{
	return a->start < b->start ||
	       (a->start == b->start && a->end >= b->end);
}

/* How many ranges @r lies in, or -EBUSY if it straddles one's border. */
static int find_depth(const struct resource_list *l, const struct resource *r)
{
	unsigned int i;
	int depth = 0;

	for (i = 0; i < l->nr; i++) {
		const struct resource *o = &l->r[i];

		if (o->end < r->start || o->start > r->end)
			continue;
		if (o->start <= r->start && o->end >= r->end)
			depth++;
		else if (o->start < r->start || o->end > r->end)
			return -EBUSY;
	}
	return depth;
}

static int insert(struct resource_list *l, u32 start, u32 end, const char *name,
		  bool busy)
{
	struct resource r = { start, end, name, 0, busy };
	int depth = find_depth(l, &r);
	unsigned int i;

	if (l->nr == MAX_RESOURCES)
		return -ENOMEM;
	if (depth < 0)
		return depth;
	r.depth = depth;
	for (i = l->nr; i > 0 && !before(&l->r[i - 1], &r); i--) {
		l->r[i] = l->r[i - 1];
		if (l->r[i].end <= end)
			l->r[i].depth++;
	}
	l->r[i] = r;
	l->nr++;
	return 0;
}

/* A range of the memory map or of the image; one that does not fit is left
 * out, for it is only reported. */
void add_iomem(u32 start, u32 end, const char *name)
{
	(void)insert(&iomem, start, end, name, true);
}

/**
 * add_bus_region() - what a device on a bus answers to
 * @ports: of ports; else of physical addresses
 * @start: first
 * @end: last
 * @name: the device's place; must stay
 *
 * It is reported, and may be requested. One that does not fit is left out.
 */
void add_bus_region(bool ports, u32 start, u32 end, const char *name)
{
	(void)insert(ports ? &ioports : &iomem, start, end, name, false);
}

/* mem=: RAM from @limit on is not used. */
void limit_iomem_ram(u32 limit)
{
	unsigned int i, to = 0;

	for (i = 0; i < iomem.nr; i++) {
		struct resource r = iomem.r[i];

		if (!ashlar_strcmp(r.name, IOMEM_RAM) && r.end >= limit) {
			if (r.start >= limit)
				continue;
			r.end = limit - 1;
		}
		iomem.r[to++] = r;
	}
	iomem.nr = to;
}

/* True if the kernel uses RAM in [@start, @end]. */
bool iomem_has_ram(u32 start, u32 end)
{
	unsigned int i;

	for (i = 0; i < iomem.nr; i++)
		if (iomem.r[i].end >= start && iomem.r[i].start <= end &&
		    !ashlar_strcmp(iomem.r[i].name, IOMEM_RAM))
			return true;
	return false;
}

/* [@start, @start + @size) becomes @name's, unless it was taken before. */
static int request(struct resource_list *l, u32 start, u32 size,
		   const char *name)
{
	u32 end = start + size - 1;
	unsigned int i;

	if (!size || end < start)
		return -EINVAL;
	for (i = 0; i < l->nr; i++)
		if (l->r[i].busy && l->r[i].end >= start &&
		    l->r[i].start <= end)
			return -EBUSY;
	return insert(l, start, end, name, true);
}

static void release(struct resource_list *l, u32 start, u32 size)
{
	unsigned int i;

	for (i = 0; i < l->nr; i++) {
		if (!l->r[i].busy || l->r[i].start != start ||
		    l->r[i].end != start + size - 1)
			continue;
		l->nr--;
		memmove(&l->r[i], &l->r[i + 1], (l->nr - i) * sizeof(l->r[0]));
		return;
	}
}

/**
 * request_mem_region() - take physical addresses for a driver
 * @start: first address
 * @size: bytes
 * @name: whose they are from now on; kept, not copied
 *
 * Return: 0; -EBUSY if RAM in use or another driver's range is touched,
 * -EINVAL for an empty range, -ENOMEM if the list is full.
 */
int request_mem_region(u32 start, u32 size, const char *name)
{
	return request(&iomem, start, size, name);
}

/**
 * release_mem_region() - give back what request_mem_region() took
 * @start: as it was requested
 * @size: likewise
 */
void release_mem_region(u32 start, u32 size)
{
	release(&iomem, start, size);
}

/**
 * request_region() - take ports for a driver
 * @start: first port
 * @size: how many
 * @name: as request_mem_region()'s
 *
 * Return: as request_mem_region().
 */
int request_region(u32 start, u32 size, const char *name)
{
	return request(&ioports, start, size, name);
}

/**
 * release_region() - give back what request_region() took
 * @start: as it was requested
 * @size: likewise
 */
void release_region(u32 start, u32 size)
{
	release(&ioports, start, size);
}

static void show(struct seq_file *m, const struct resource_list *l, int digits)
{
	unsigned int i;

	for (i = 0; i < l->nr; i++) {
		const struct resource *r = &l->r[i];

		seq_printf(m, "%*s%0*x-%0*x : %s\n", r->depth * 2, "", digits,
			   r->start, digits, r->end, r->name);
	}
}

/** show_iomem() - physical addresses, as /proc/iomem */
void show_iomem(struct seq_file *m)
{
	show(m, &iomem, 8);
}

/** show_ioports() - ports, as /proc/ioports */
void show_ioports(struct seq_file *m)
{
	show(m, &ioports, 4);
}
