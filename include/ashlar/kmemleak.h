/* SPDX-License-Identifier: MIT */
/*
 * Looking for blocks of the kernel that nothing points at any more; what their
 * owners say of them, with Linux's names. Code: mm/kmemleak.c.
 */
#ifndef ASHLAR_KMEMLEAK_H
#define ASHLAR_KMEMLEAK_H

#include <ashlar/compiler.h>
#include <ashlar/gfp.h>
#include <ashlar/types.h>

struct seq_file;

extern bool kmemleak_enabled;
extern bool kmemleak_stacks; /* pointers on tasks' stacks count */

int setup_kmemleak(const char *str);

/* What is asked for in /sys/kernel/debug/kmemleak. */
unsigned long kmemleak_scan(void);
void kmemleak_clear(void);
void kmemleak_disable(void);
int kmemleak_dump(unsigned long address);
void kmemleak_show(struct seq_file *m);

void __kmemleak_alloc(const void *ptr, size_t size, int min_count, gfp_t gfp);
void __kmemleak_free(const void *ptr);
void __kmemleak_color(const void *ptr, bool scanned);
void __kmemleak_no_scan(const void *ptr);
void __kmemleak_scan_area(const void *ptr, size_t size, gfp_t gfp);

/* A block begins; fewer than @min_count words that point at it are a leak. */
static inline void kmemleak_alloc(const void *ptr, size_t size, int min_count,
				  gfp_t gfp)
{
	if (unlikely(kmemleak_enabled))
		__kmemleak_alloc(ptr, size, min_count, gfp);
}

/* It ends. */
static inline void kmemleak_free(const void *ptr)
{
	if (unlikely(kmemleak_enabled))
		__kmemleak_free(ptr);
}

/* It is no leak, whatever points at it. */
static inline void kmemleak_not_leak(const void *ptr)
{
	if (unlikely(kmemleak_enabled))
		__kmemleak_color(ptr, true);
}

/* The same, and it holds no pointers. */
static inline void kmemleak_ignore(const void *ptr)
{
	if (unlikely(kmemleak_enabled))
		__kmemleak_color(ptr, false);
}

/* It holds no pointers. */
static inline void kmemleak_no_scan(const void *ptr)
{
	if (unlikely(kmemleak_enabled))
		__kmemleak_no_scan(ptr);
}

/* It holds pointers in these bytes of it, and in others that are said so. */
static inline void kmemleak_scan_area(const void *ptr, size_t size, gfp_t gfp)
{
	if (unlikely(kmemleak_enabled))
		__kmemleak_scan_area(ptr, size, gfp);
}

#endif
