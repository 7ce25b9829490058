/* SPDX-License-Identifier: MIT */
/* A file on a disk of paper, for the picture of reclaim and its exercise. */
#ifndef COURSE_FILE_H
#define COURSE_FILE_H

#include <ashlar/types.h>

#define FILE_PAGES 12ul

struct page;

void file_begin(void); /* boots the machine, too */
bool file_read(unsigned long n);
struct page *file_page(unsigned long n); /* NULL: not in memory */
unsigned long file_shrink(bool active, unsigned int nr);

#endif
