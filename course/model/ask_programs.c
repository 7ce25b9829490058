/* SPDX-License-Identifier: MIT */
/*
 * Exercises about what programs do with their memory: bad pointers, two
 * threads at once, and who has how much: lessons 28, 30 and 34.
 */
#include <ashlar/err.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "exercise.h"
#include "pair.h"
#include "picture.h"

/* ---- 28: what lies where a pointer points ---- */

#define TEXT 0x08048000ul
#define CONSTANTS 0x0804a000ul
#define VARIABLES 0x0804b000ul
#define STACK 0xbfff0000ul

static const char areas[] = "A program's memory, as /proc/PID/maps says:\n"
			    "08048000-0804a000 r-x   its code\n"
			    "0804a000-0804b000 r--   its constants\n"
			    "0804b000-0804d000 rw-   its variables\n"
			    "bfff0000-c0000000 rw-   its stack\n";

static const char *outcome(enum sim_fault f)
{
	return f == SIM_OK     ? "success" :
	       f == SIM_MAPERR ? "SEGV_MAPERR" :
	       f == SIM_ACCERR ? "SEGV_ACCERR" :
				 "SIGBUS";
}

static unsigned long pointer(void)
{
	static const unsigned long near[] = { 0, TEXT, CONSTANTS, VARIABLES,
					      STACK };
	unsigned long at = near[draw_below(ARRAY_SIZE(near))];

	return at + draw_below(at ? 0x2800 : 0x80);
}

static void ask_pointer(struct mm_struct *mm, const char *program)
{
	unsigned long at = pointer();
	bool write = draw_below(3);
	enum sim_fault f = touch(mm, at, write);

	ask("%sIt %s a byte through a pointer that has the value %#lx. What "
	    "comes of it? success, SEGV_MAPERR or SEGV_ACCERR",
	    program, write ? "writes" : "reads", at);
	answer("%s", outcome(f));
	because("MAPERR: no area has that address. ACCERR: one has it, and "
		"does not allow this.");
}

static void ask_memset(struct mm_struct *mm)
{
	unsigned long at = VARIABLES + 0x1000 + draw_below(0xff0);
	unsigned long n = 100 + draw_below(6000), i = 0;

	while (i < n && touch(mm, at + i, true) == SIM_OK)
		i++;
	ask("A function of it that should clear a variable at %#lx calls "
	    "memset(p, 0, %lu), which is far too much. How many bytes are "
	    "written? (%lu, if it does not end the program)",
	    at, n, n);
	answer("%lu", i);
	because("Up to the end of the area nobody notices: other variables "
		"are overwritten. A checker looks at the block; the processor "
		"only at pages.");
}

void ask_pointers(void)
{
	struct mm_struct *mm;

	course_boot();
	mm = new_space();
	map_pages(mm, TEXT, 2, PROT_READ | PROT_EXEC);
	map_pages(mm, CONSTANTS, 1, PROT_READ);
	map_pages(mm, VARIABLES, 2, RW);
	map_pages(mm, STACK, 16, RW);
	ask_pointer(mm, areas);
	ask_pointer(mm, "The same program. ");
	ask_memset(mm);
}

/* ---- 30: two at once ---- */

#define STEPS (2 * EACH_STEPS)

/* Bit k of @order says who takes step k. What the first then reads. */
static u32 run_in(struct pair *p, unsigned int order, u32 start)
{
	pair_begin(p, start);
	for (unsigned int k = 0; k < STEPS; k++)
		pair_step(p, order >> k & 1);
	return pair_value(p, 0);
}

/* An order in which each takes three steps. */
static unsigned int draw_order(void)
{
	unsigned int order;

	do
		order = (unsigned int)draw_below(1u << STEPS);
	while ((unsigned int)__builtin_popcount(order) != EACH_STEPS);
	return order;
}

static const char *written(unsigned int order)
{
	static char text[120];
	unsigned int did[2] = { 0, 0 }, n = 0, who;

	for (unsigned int k = 0; k < STEPS; k++) {
		who = order >> k & 1;
		n += (unsigned int)ashlar_snprintf(
			text + n, sizeof(text) - n, "%s%c %s", k ? ", " : "",
			who ? 'B' : 'A', step_names[did[who]++ % EACH_STEPS]);
	}
	return text;
}

/* True if any order ends with @wanted. */
static bool can_end(struct pair *p, u32 start, u32 wanted)
{
	for (unsigned int order = 0; order < 1u << STEPS; order++)
		if ((unsigned int)__builtin_popcount(order) == EACH_STEPS &&
		    run_in(p, order, start) == wanted)
			return true;
	return false;
}

void ask_threads(void)
{
	u32 start = (u32)draw_below(6), wanted;
	unsigned int order = draw_order();
	struct mm_struct *child;
	struct pair p = { .adds = { 1 + (u32)draw_below(4),
				    5 + (u32)draw_below(4) } };

	course_boot();
	pair_share(&p);
	ask("n is %u, in memory that A and B share. A does n += %u and B does "
	    "n += %u, and each is three steps. They come in this order:\n%s\n"
	    "What is n then?",
	    start, p.adds[0], p.adds[1], written(order));
	answer("%u", run_in(&p, order, start));
	because("Who stores last stores what it had loaded, and what it "
		"added.");
	wanted = start + (u32)draw_below(2) * p.adds[0] +
		 (u32)draw_below(2) * p.adds[1];
	ask("In some other order: can n be %u at the end? yes or no", wanted);
	answer("%s", can_end(&p, start, wanted) ? "yes" : "no");
	because("One addition can be lost, and never both: whoever stores "
		"last stores its own.");
	p.mm[0] = new_space();
	map_pages(p.mm[0], SHARED, 1, RW);
	pair_begin(&p, start);
	child = dup_mm(p.mm[0]);
	if (IS_ERR(child))
		sim_fail("no memory for a fork");
	p.mm[1] = child;
	ask("Now n is an ordinary variable of A's, and B is A's child by "
	    "fork(). Both do the same, in the same order. What does A read in "
	    "n then?");
	answer("%u", run_in(&p, order, start));
	because("A private page is copied when the first of them writes: "
		"each has an n of its own. Threads share; processes do only "
		"what is mapped as shared.");
}

/* ---- 34: who has how much ---- */

#define HEAP 0x10000000ul

static const char letters[] = "abc";

static void touch_all(struct mm_struct *mm, unsigned long from,
		      unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		touch(mm, HEAP + (from + i) * PAGE_SIZE, true);
}

/* What ps prints of them, in kB. */
static const char *listed(struct mm_struct *const *mm, char text[200])
{
	int n = ashlar_snprintf(text, 200, "COMMAND   VSZ   RSS");

	for (unsigned int i = 0; i < 3; i++)
		n += ashlar_snprintf(text + n, 200 - (size_t)n,
				     "\n%c       %5lu %5lu", letters[i],
				     mm[i]->total_vm * 4,
				     get_mm_rss(mm[i]) * 4);
	return text;
}

void ask_grown(void)
{
	unsigned long touched[3], wide[3], more[3], most = 0, i, sum, all = 0;
	char before[200], after[200];
	struct mm_struct *mm[3], *child;

	course_boot();
	for (i = 0; i < 3; i++) {
		touched[i] = 10 + draw_below(200);
		more[i] = 5 + i + 3 * draw_below(25);
		wide[i] = touched[i] + 100 + draw_below(300);
		mm[i] = new_space();
		map_pages(mm[i], HEAP, wide[i], RW);
		touch_all(mm[i], 0, touched[i]);
	}
	listed(mm, before);
	for (i = 0; i < 3; i++) {
		touch_all(mm[i], touched[i], more[i]);
		if (more[i] > more[most])
			most = i;
	}
	i = (most + 1) % 3; /* asks for much, and touches none of it */
	map_pages(mm[i], HEAP + wide[i] * PAGE_SIZE, 400, RW);
	listed(mm, after);
	ask("ps says\n%s\nand a minute later\n%s\nWhich command has taken most "
	    "memory in that minute? a, b or c",
	    before, after);
	answer("%c", letters[most]);
	because("VSZ is what was asked for; RSS is what is in memory.");
	child = dup_mm(mm[0]);
	if (IS_ERR(child))
		sim_fail("no memory for a fork");
	sum = get_mm_rss(mm[0]) + get_mm_rss(child);
	ask("Now a forks. How many kB has the column RSS for a and its child "
	    "together?");
	answer("%lu", sum * 4);
	because("Each is shown all pages that its tables lead to, shared or "
		"not.");
	touch_all(child, 0, 4);
	for (i = 0; i < wide[0]; i++) {
		u32 a = entry_of(mm[0], HEAP + i * PAGE_SIZE) >> 12;
		u32 b = entry_of(child, HEAP + i * PAGE_SIZE) >> 12;

		all += (a != 0) + (b != 0 && a != b);
	}
	ask("The child writes to four of those pages. How many kB of frames "
	    "have the two really, in that memory?");
	answer("%lu", all * 4);
	because("One frame for each page, and one more for each that the "
		"child has written. The column's sum is more than there is.");
}
