/* SPDX-License-Identifier: MIT */
/*
 * Settings and statistics of the malloc family, as glibc's users know them.
 *
 *   arena     bytes of all slabs            hblks     large blocks
 *   uordblks  of those, in use              hblkhd    their bytes
 *   fordblks  of those, free                keepcost  bytes malloc_trim()
 *                                                     could give back
 */
#include <ashlar/printf.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "mm/internal.h"
#include "mm/report/report.h"
#include "port/user/sys.h"
#include "port/user/user.h"
#include "names.h"
#include "profiled.h"
#include "user.h"

/* ---- settings ---- */

/**
 * mallopt() - change a setting
 * @param: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD or M_PERTURB; the others of
 *	<malloc.h> concern an allocator with arenas and are accepted
 * @value: bytes, or the byte to fill with
 *
 * Return: 1, or 0 if @value is out of range.
 */
EXPORT int mallopt(int param, int value)
{
	(void)mm_this_cpu();
	switch (param) {
	case M_MMAP_THRESHOLD:
		if (value < 0 || value > 32 << 20)
			return 0;
		malloc_params.mmap_threshold = (size_t)value;
		if (!fail_wanted && !profile_on)
			malloc_params.cached_most = min(
				(size_t)value, (size_t)KMALLOC_MAX_CACHE_SIZE);
		return 1;
	case M_TRIM_THRESHOLD:
		page_report_set_keep(value < 0 ? ~0ul >> 1 :
						 (unsigned long)value);
		large_set_keep(value < 0 ? ~0ul >> 1 : (size_t)value);
		return 1;
	case M_PERTURB:
		malloc_perturb_set(value);
		return 1;
	default:
		return 1;
	}
}

static unsigned long trimmable(void)
{
	unsigned long frames = 0;
	struct zone *z;

	for_each_populated_zone(z)
		frames += READ_ONCE(z->resident_free);
	return (frames << PAGE_SHIFT) + large_cached_bytes;
}

/**
 * malloc_trim() - give free memory back to the kernel
 * @pad: bytes to leave; ignored, as there is no top to leave them at
 *
 * Return: 1 if memory was given back, 0 if there was none.
 */
EXPORT int malloc_trim(size_t pad)
{
	struct mm_cpu *cpu = mm_this_cpu();
	unsigned long before, after;

	(void)pad;
	slab_shrink_all();
	large_settle();
	if (cpu)
		pcp_drain(&cpu->pcp);
	before = trimmable();
	page_report_all();
	large_trim();
	after = trimmable();
	return after < before;
}

/* ---- statistics ---- */

static struct mallinfo2 collect(void)
{
	struct mm_totals t;
	struct mallinfo2 info = { 0 };

	(void)mm_this_cpu();
	large_settle();
	mm_collect_totals(&t);
	info.arena = (t.slab_reclaimable + t.slab_unreclaimable) << PAGE_SHIFT;
	info.uordblks = t.slab_active_bytes;
	info.fordblks = info.arena - info.uordblks;
	info.fsmblks = t.slab_cached_bytes;
	info.hblks = t.large_count;
	info.hblkhd = t.large_bytes;
	info.keepcost = (t.resident_free << PAGE_SHIFT) + t.large_cached_bytes;
	return info;
}

/** mallinfo2() - totals, in bytes; see the head of this file. */
EXPORT struct mallinfo2 mallinfo2(void)
{
	return collect();
}

static int to_int(size_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

/** mallinfo() - mallinfo2() for old programs; counts stop at INT_MAX. */
EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo2 i = collect();

	return (struct mallinfo){
		.arena = to_int(i.arena),
		.fsmblks = to_int(i.fsmblks),
		.hblks = to_int(i.hblks),
		.hblkhd = to_int(i.hblkhd),
		.uordblks = to_int(i.uordblks),
		.fordblks = to_int(i.fordblks),
		.keepcost = to_int(i.keepcost),
	};
}

/**
 * malloc_stats() - mallinfo2() as four lines on stderr
 *
 * Not a cancellation point: the lines appear whole or not at all.
 */
EXPORT void malloc_stats(void)
{
	struct mallinfo2 i = collect();
	char buf[256];
	int n;

	n = ashlar_snprintf(buf, sizeof(buf),
			    "system bytes     = %10zu\n"
			    "in use bytes     = %10zu\n"
			    "max mmap regions = %10zu\n"
			    "max mmap bytes   = %10zu\n",
			    i.arena + i.hblkhd, i.uordblks + i.hblkhd, i.hblks,
			    i.hblkhd);
	sys_write(STDERR_FILENO, buf, (size_t)n);
}

/* Bytes of a line of malloc_info(), or of its last ones, at most. */
#define INFO_BYTES 512

static void info_cache(FILE *f, struct kmem_cache *s)
{
	char buf[INFO_BYTES];
	int n;

	if (!s->nr_slabs)
		return;
	n = ashlar_snprintf(buf, sizeof(buf),
			    "<cache name=\"%s\" size=\"%u\" slabs=\"%lu\" "
			    "objects=\"%lu\" pages=\"%lu\"/>\n",
			    s->name, s->size, s->nr_slabs, s->total_objects,
			    s->nr_pages);
	ashlar_print(f, buf, (size_t)n);
}

/**
 * malloc_info() - the state of the allocator as XML
 * @options: must be 0
 * @f: where it is written
 *
 * Return: 0, or -1 with errno EINVAL.
 */
EXPORT int malloc_info(int options, FILE *f)
{
	static const char head[] = "<malloc version=\"ashlar-1\">\n";
	struct mallinfo2 i;
	unsigned int index;
	char buf[INFO_BYTES];
	int n;

	if (options) {
		errno = EINVAL;
		return -1;
	}
	i = collect();
	ashlar_print(f, head, sizeof(head) - 1);
	for (index = 1; index <= KMALLOC_NR; index++)
		if (cache_by_id[index])
			info_cache(f, cache_by_id[index]);
	n = ashlar_snprintf(
		buf, sizeof(buf),
		"<total type=\"rest\" count=\"0\" size=\"%zu\"/>\n"
		"<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n"
		"<system type=\"current\" size=\"%zu\"/>\n"
		"<aspace type=\"total\" size=\"%zu\"/>\n"
		"</malloc>\n",
		i.fordblks, i.hblks, i.hblkhd, i.arena + i.hblkhd,
		i.arena + i.hblkhd);
	ashlar_print(f, buf, (size_t)n);
	return 0;
}

ALSO_AS(__libc_mallopt, mallopt);
/* Written out, as naming a deprecated function is a warning. */
EXPORT struct mallinfo __libc_mallinfo(void)
	__attribute__((__alias__("mallinfo"), __nothrow__, __leaf__));
