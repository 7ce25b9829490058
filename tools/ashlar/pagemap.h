/* SPDX-License-Identifier: MIT */
/*
 * What Linux says of a process's pages: an entry for each in /proc/PID/pagemap,
 * or ranges of like ones by PAGEMAP_SCAN, which it has since 6.7 and
 * <linux/fs.h> of an older system does not.
 */
#ifndef ASHLAR_TOOLS_PAGEMAP_H
#define ASHLAR_TOOLS_PAGEMAP_H

#include <stdint.h>
#include <sys/ioctl.h>

struct scan_region {
	uint64_t start, end, categories;
};

/* A page is told if all of mask, turned round by inverted, and one of any_of
 * hold; neighbours whose wanted categories differ are apart. */
struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, any_of, wanted;
};

#define SCAN _IOWR('f', 16, struct scan)
#define SCAN_PRESENT (1ull << 3)
#define SCAN_SWAPPED (1ull << 4)
#define SCAN_ZERO (1ull << 5) /* the page of zeroes, which all share */
#define SCAN_HUGE (1ull << 6)

#define ENTRY_PRESENT (1ull << 63)
#define ENTRY_SWAPPED (1ull << 62)
#define ENTRY_OF_FILE (1ull << 61)
#define ENTRY_ALONE (1ull << 56)
#define ENTRY_FRAME ((1ull << 55) - 1)

#endif
