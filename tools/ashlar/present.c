/* SPDX-License-Identifier: MIT */
/*
 * How much of a process's addresses is in memory.
 *
 *   tables of the process   | page | page | zero | – | page | …
 *   a scan              [ 2 pages   ]                [ 1 …       a few ranges
 *   pagemap                 e      e      e     e      e …   8 bytes a page
 *
 * smaps says it, too, but looks at the descriptor of each frame: of 8 GB that
 * takes longer than all else of a look. A scan reads tables only. It takes
 * pages of hugetlbfs for pages as others are, which smaps does not: a process
 * that has such is not scanned.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "ashlar.h"
#include "pagemap.h"
#include "present.h"
#include "target.h"

#define PAGES_AT_ONCE 8192
#define REGIONS 1024

/* Adds to *bytes; false: the kernel does not do this. */
static bool scan(const struct present *p, uint64_t start, uint64_t end,
		 uint64_t *bytes)
{
	static struct scan_region region[REGIONS];
	struct scan s = { .size = sizeof(s),
			  .start = start,
			  .end = end,
			  .vec = (uintptr_t)region,
			  .vec_len = REGIONS,
			  .inverted = SCAN_ZERO,
			  .mask = SCAN_PRESENT | SCAN_ZERO,
			  .wanted = SCAN_PRESENT };
	int n, i;

	for (; s.start < end; s.start = s.walk_end) {
		n = ioctl(p->pagemap, SCAN, &s);
		if (n < 0 || s.walk_end <= s.start)
			return false;
		for (i = 0; i < n; i++)
			*bytes += region[i].end - region[i].start;
	}
	return true;
}

static uint64_t count_entries(const struct present *p, uint64_t start,
			      uint64_t end)
{
	static uint64_t entry[PAGES_AT_ONCE];
	uint64_t page = start / p->page, last = (end + p->page - 1) / p->page;
	uint64_t n, i, there = 0;
	ssize_t got;

	for (; page < last; page += n) {
		n = min(last - page, (uint64_t)PAGES_AT_ONCE);
		got = pread(p->pagemap, entry, n * sizeof(*entry),
			    (off_t)(page * sizeof(*entry)));
		for (i = 0; got > 0 && i < (uint64_t)got / sizeof(*entry); i++)
			there += (entry[i] & ENTRY_PRESENT) != 0;
	}
	return there * p->page;
}

/* present_open - false: the process is gone, or may not be read */
bool present_open(struct present *p, pid_t pid)
{
	uint64_t bytes = 0;
	char path[64];

	p->page = (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	p->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	p->scans = p->pagemap >= 0 && scan(p, 0, p->page, &bytes) &&
		   number_in(path, "HugetlbPages:", 10) == 0;
	return p->pagemap >= 0;
}

void present_close(struct present *p)
{
	if (p->pagemap >= 0)
		close(p->pagemap);
}

/**
 * present_bytes() - count what is in memory
 * @p: an open one
 * @start: an address
 * @end: the end behind it
 *
 * Return: bytes, in whole pages. Where the kernel cannot scan, a page of zeroes
 * that was only read counts, too.
 */
uint64_t present_bytes(struct present *p, uint64_t start, uint64_t end)
{
	uint64_t bytes = 0;

	start -= start % p->page;
	end += -end % p->page;
	if (p->scans && scan(p, start, end, &bytes))
		return bytes;
	return count_entries(p, start, end);
}
