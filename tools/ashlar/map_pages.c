/* SPDX-License-Identifier: MIT */
/*
 * The state of each page: runs of equal ones.
 *
 *   PAGEMAP_SCAN        where pages are at all, and which are huge: so that a
 *                       reservation of terabytes costs what is in it
 *   /proc/PID/pagemap   present, swapped, a file's, mapped by others, too
 *   /proc/kpageflags    dirty, of a file's page; only root may ask
 *
 * A page that no file has is dirty: its contents are nowhere else. What there
 * is no time for is of unknown state, and the page says so.
 */
#include <fcntl.h>
#include <unistd.h>
#include <ashlar/mm_types.h>
#include "map.h"
#include "pagemap.h"
#include "target.h"

#define ENTRIES 8192

#define REGIONS 512

#define FLAG_DIRTY (1ull << 4)
#define FLAG_ZERO (1ull << 24)
#define FLAGS_AT_ONCE 64

struct pages {
	struct map *map;
	struct target *t;
	struct map_runs *runs;
	int pagemap, kpageflags; /* or -1 */
	bool scans; /* the system has PAGEMAP_SCAN */
	bool late; /* there was no time for all of them */
	uint64_t page; /* bytes of the host's */
	uint64_t first; /* frame whose flags are flags[0], and those behind */
	uint64_t flags[FLAGS_AT_ONCE];
};

/* ---- runs ---- */

static void put_run(struct map_runs *r)
{
	if (!r->pages)
		return;
	pack_number(&r->pack, r->start - r->end);
	pack_number(&r->pack, r->pages);
	pack_number(&r->pack, r->state);
	r->end = r->start + r->pages;
	r->pages = 0;
	r->nr++;
}

/* map_add_pages - pages of one state; those of state 0 are left out */
void map_add_pages(struct map_runs *r, uint64_t page, uint64_t nr,
		   uint8_t state)
{
	if (!state)
		return;
	if (r->pages && r->start + r->pages == page && r->state == state) {
		r->pages += nr;
		return;
	}
	put_run(r);
	r->start = page;
	r->pages = nr;
	r->state = state;
}

void map_end_pages(struct map_runs *r)
{
	put_run(r);
}

/* ---- one page ---- */

/* What the system knows of a frame, if it tells. */
static uint64_t flags_of(struct pages *p, uint64_t frame)
{
	uint64_t first = frame / FLAGS_AT_ONCE * FLAGS_AT_ONCE;

	if (p->kpageflags < 0 || !frame)
		return 0;
	if (p->first != first &&
	    pread(p->kpageflags, p->flags, sizeof(p->flags),
		  (off_t)(first * sizeof(p->flags[0]))) < 0)
		return 0;
	p->first = first;
	return p->flags[frame - first];
}

static uint8_t state_of(struct pages *p, uint64_t entry, bool huge)
{
	unsigned int state = huge ? MAP_PRESENT | MAP_HUGE : MAP_PRESENT;
	uint64_t flags;

	if (entry & ENTRY_SWAPPED)
		return MAP_SWAPPED | (entry & ENTRY_OF_FILE ? MAP_OF_FILE : 0);
	if (!(entry & ENTRY_PRESENT))
		return 0;
	if (!(entry & ENTRY_ALONE))
		state |= MAP_MANY;
	if (entry & ENTRY_OF_FILE)
		state |= MAP_OF_FILE;
	else if (entry & ENTRY_ALONE)
		return (uint8_t)(state | MAP_DIRTY);
	flags = flags_of(p, entry & ENTRY_FRAME);
	if (flags & FLAG_DIRTY ||
	    (!(state & MAP_OF_FILE) && !(flags & FLAG_ZERO)))
		state |= MAP_DIRTY;
	return (uint8_t)state;
}

/* Whoever watches that reads come back is told that they do. */
static bool is_late(struct pages *p)
{
	budget_renew(p->t);
	budget_spend(p->t, 0);
	return map_late(p->map);
}

/* Pages of the host may be larger than ours. */
static void see_range(struct pages *p, uint64_t start, uint64_t end, bool huge)
{
	static uint64_t entry[ENTRIES];
	uint64_t at = start / p->page, last = (end + p->page - 1) / p->page;
	uint64_t ours = p->page / PAGE_SIZE, n, i;
	ssize_t got;

	for (; at < last && !p->late; at += n) {
		n = min(last - at, (uint64_t)ENTRIES);
		got = pread(p->pagemap, entry, n * sizeof(*entry),
			    (off_t)(at * sizeof(*entry)));
		if (got <= 0)
			return;
		n = (uint64_t)got / sizeof(*entry);
		for (i = 0; i < n; i++)
			map_add_pages(p->runs, (at + i) * ours, ours,
				      state_of(p, entry[i], huge));
		p->late = is_late(p);
	}
	if (p->late && at < last)
		map_add_pages(p->runs, at * ours, (last - at) * ours,
			      MAP_UNKNOWN);
}

/* ---- an area ---- */

/* False: the system cannot say where pages are. */
static bool scan_area(struct pages *p, const struct map_area *a)
{
	static struct scan_region region[REGIONS];
	struct scan s = { .size = sizeof(s),
			  .end = a->end,
			  .vec = (uintptr_t)region,
			  .vec_len = REGIONS,
			  .any_of = SCAN_PRESENT | SCAN_SWAPPED,
			  .wanted = SCAN_HUGE };
	uint64_t at = a->start;
	int n, i;

	while (at < a->end) {
		s.start = at;
		n = ioctl(p->pagemap, SCAN, &s);
		if (n < 0 || s.walk_end <= at)
			return n >= 0 || at > a->start;
		for (i = 0; i < n; i++)
			see_range(p, region[i].start, region[i].end,
				  region[i].categories & SCAN_HUGE);
		at = s.walk_end;
		if (p->late && at < a->end)
			map_add_pages(p->runs, at / PAGE_SIZE,
				      (a->end - at) / PAGE_SIZE, MAP_UNKNOWN);
		if (p->late)
			return true;
	}
	return true;
}

static void see_area(struct pages *p, const struct map_area *a)
{
	if (!a->rss && !a->swap)
		return;
	if (p->scans)
		p->scans = scan_area(p, a);
	if (!p->scans)
		see_range(p, a->start, a->end, a->huge == a->rss);
}

/**
 * map_pages() - the state of all pages of a process
 * @m: its areas are known
 * @t: the process
 *
 * Return: true, or false with the reason in @t->error.
 */
bool map_pages(struct map *m, struct target *t)
{
	struct map_space *s = &m->space[0];
	struct pages p = { .map = m,
			   .t = t,
			   .runs = &s->runs,
			   .scans = true,
			   .first = UINT64_MAX,
			   .page = (uint64_t)sysconf(_SC_PAGESIZE) };
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", t->pid);
	p.pagemap = open(path, O_RDONLY | O_CLOEXEC);
	p.kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (p.pagemap < 0)
		map_note(m, "The state of single pages may not be read: only "
			    "sums of areas are known.");
	for (i = 0; i < s->nr_areas && p.pagemap >= 0; i++)
		see_area(&p, &s->areas[i]);
	if (p.late)
		map_note(m, "There was no time to look at all pages: some are "
			    "of unknown state.");
	if (p.kpageflags < 0)
		map_note(m, "Which pages of files are dirty is known only to "
			    "root.");
	if (p.pagemap >= 0)
		close(p.pagemap);
	if (p.kpageflags >= 0)
		close(p.kpageflags);
	return true;
}
