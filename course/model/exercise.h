/* SPDX-License-Identifier: MIT */
/*
 * Exercises: questions that are drawn by lot, from a seed, and whose answers
 * are what the core does when it is asked. None is written down.
 *
 *	void ask_buddy(void)
 *	{
 *		unsigned int order = draw_below(5);
 *		struct page *page = alloc_pages(GFP_KERNEL, order);
 *
 *		ask("At which frame …? %u", order);
 *		answer("%lu", page_to_pfn(page));
 *		because("…");
 *	}
 *
 * ask() begins a question; answer() and because() belong to the last one.
 */
#ifndef COURSE_EXERCISE_H
#define COURSE_EXERCISE_H

#include <ashlar/compiler.h>
#include <ashlar/seq_file.h>
#include <ashlar/types.h>

struct lesson {
	unsigned int number;
	void (*ask)(void);
};

#ifdef __cplusplus
extern "C" {
#endif

void ask(const char *fmt, ...) ASHLAR_PRINTF(1, 2);
void answer(const char *fmt, ...) ASHLAR_PRINTF(1, 2);
void because(const char *fmt, ...) ASHLAR_PRINTF(1, 2);
/* A number from 0 to @n - 1; the same for the same seed. */
unsigned long draw_below(unsigned long n);

/* The questions of a lesson as JSON; false: it has none. */
bool exercises_json(unsigned int number, unsigned long seed,
		    struct seq_file *m);

#ifdef __cplusplus
}
#endif

/* exercises by part of the course: ask_*.c */
void ask_fragmentation(void);
void ask_buddy(void);
void ask_too_big(void);
void ask_mobility(void);
void ask_watermarks(void);
void ask_slab(void);
void ask_colour(void);
void ask_classes(void);
void ask_pools(void);
void ask_free_lists(void);
void ask_buddyinfo(void);
void ask_own_spaces(void);
void ask_segments(void);
void ask_paging(void);
void ask_faults(void);
void ask_cow(void);
void ask_user_copies(void);
void ask_huge(void);
void ask_dma(void);
void ask_reclaim(void);
void ask_meminfo(void);
void ask_areas(void);
void ask_shared(void);
void ask_drop(void);
void ask_zones(void);
void ask_choosing(void);
void ask_pointers(void);
void ask_threads(void);
void ask_grown(void);

#endif
