/* SPDX-License-Identifier: MIT */
/* Exercises about frames: lessons 8 to 12, and 35. */
#include <ashlar/string.h>
#include "blocks.h"
#include "exercise.h"
#include "picture.h"

#define FRAMES 1024u

/* ---- 8: fragmentation ---- */

static struct page *taken[FRAMES];

/* The zone in blocks of one order; some go back. Returns frames free then. */
static unsigned long age(unsigned int order, unsigned int keep_one_in)
{
	unsigned int nr = 0, i;
	unsigned long n = 0;

	while ((taken[nr] = block_take(order, __GFP_MOVABLE)))
		nr++;
	for (i = 0; i < nr; i++)
		if (draw_below(keep_one_in))
			block_give(taken[i]);
	for (i = 0; i < MAX_ORDER; i++)
		n += blocks_free(i) << i;
	return n;
}

static void put_lists(struct seq_file *m)
{
	for (unsigned int o = 0; o < MAX_ORDER; o++)
		seq_printf(m, " %lu", blocks_free(o));
	seq_putc(m, '\0');
}

static void ask_order(const char *lists, unsigned long free, unsigned int order)
{
	struct page *page = block_take(order, __GFP_MOVABLE);

	ask("%lu frames are free. Free blocks of order 0, 1 ... 10:\n%s\nCan a "
	    "block of order %u (%lu frames) be had? yes or no",
	    free, lists, order, 1ul << order);
	answer("%s", page ? "yes" : "no");
	because("A list from order %u on must have a block: %s.", order,
		page ? "one has" :
		       "all of them are empty, however many frames "
		       "are free in smaller ones");
	if (page)
		block_give(page);
}

void ask_fragmentation(void)
{
	static const unsigned int sizes[] = { 40, 100, 257, 700, 1100 };
	char text[200];
	struct seq_file m = { .buf = text, .size = sizeof(text) };
	unsigned int largest = MAX_ORDER, n;
	unsigned long free;
	void *p;

	blocks_begin();
	free = age((unsigned int)draw_below(3),
		   3 + (unsigned int)draw_below(6));
	put_lists(&m);
	while (largest && !blocks_free(largest - 1))
		largest--;
	ask_order(text, free, largest - 1 + (unsigned int)draw_below(2));
	ask_order(text, free, largest + 1);
	n = sizes[draw_below(5)] + (unsigned int)draw_below(30);
	p = kmalloc(n, GFP_KERNEL);
	ask("A program asks for %u bytes and gets a block of its class. How "
	    "many bytes of it are lost inside?",
	    n);
	answer("%lu", (unsigned long)ksize(p) - n);
	because("The class has %lu bytes: this is internal fragmentation.",
		(unsigned long)ksize(p));
	kfree(p);
}

/* ---- 9: the buddy system ---- */

static void ask_where(struct page **page, const char *what, unsigned int order)
{
	*page = block_take(order, __GFP_MOVABLE);
	ask("%sa block of order %u is taken. At which frame does it begin?",
	    what, order);
	answer("%lu", block_number(*page));
	because("The smallest free block that suffices is split; the lower "
		"half is split on, and the upper halves go to the lists.");
}

void ask_buddy(void)
{
	unsigned int a = 1 + (unsigned int)draw_below(4);
	unsigned int b = (unsigned int)draw_below(4), o;
	struct page *first, *second;
	unsigned long before[MAX_ORDER];

	blocks_begin();
	ask_where(&first,
		  "1,024 frames are free, as one block of order 10, "
		  "numbered from 0. First ",
		  a);
	ask_where(&second, "Then ", b);
	o = b + (unsigned int)draw_below(10 - b);
	ask("How many blocks of order %u are free now?", o);
	answer("%lu", blocks_free(o));
	because("Each split of an order puts one half on the list below.");
	for (o = 0; o < MAX_ORDER; o++)
		before[o] = blocks_free(o);
	ask("The first block, of order %u at frame %lu, is freed. Up to which "
	    "order do it and its buddies merge?",
	    a, block_number(first));
	block_give(first);
	/* A merge takes the buddy off its list. */
	for (o = a; o < MAX_ORDER - 1 && blocks_free(o) < before[o];)
		o++;
	answer("%u", o);
	because("Its buddy of order k is frame %lu ^ 2^k; a merge needs the "
		"buddy free, and free as a whole.",
		block_number(first));
}

/* ---- 10: too big for the buddy system ---- */

static unsigned int order_of(unsigned long kb)
{
	unsigned int order = 0;

	while (4ul << order < kb)
		order++;
	return order;
}

void ask_too_big(void)
{
	unsigned long kb;
	unsigned int order, i;
	struct page *page;

	course_boot();
	for (i = 0; i < 3; i++) {
		kb = i == 2 ? 4100 + draw_below(4000) : 5 + draw_below(4000);
		order = order_of(kb);
		page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
		ask("A driver wants %lu kB in one piece, from a machine whose "
		    "free memory is in one piece. Which order does it ask "
		    "alloc_pages() for? A number, or: never",
		    kb);
		if (page)
			answer("%u", order);
		else
			answer("never");
		because("Order %u has %lu kB; the largest order is %d, of "
			"4,096 kB.",
			order, 4ul << order, MAX_ORDER - 1);
		if (page)
			__free_pages(page, order);
	}
}

/* ---- 11: mobility ---- */

void ask_mobility(void)
{
	unsigned long before[MAX_ORDER];
	unsigned int small = (unsigned int)draw_below(3);
	unsigned int order = (unsigned int)draw_below(3), o;

	blocks_begin();
	block_take(9, __GFP_MOVABLE);
	block_take(small, __GFP_MOVABLE);
	for (o = 0; o < MAX_ORDER; o++)
		before[o] = blocks_of_type(o, MIGRATE_MOVABLE);
	ask("A zone has movable free blocks alone: one of each order from %u "
	    "to 8. A driver asks for an unmovable block of order %u. A block "
	    "of which order is taken from the movable ones?",
	    small, order);
	block_take(order, 0);
	for (o = MAX_ORDER - 1; o && !before[o];)
		o--;
	while (o && blocks_of_type(o, MIGRATE_MOVABLE) >= before[o])
		o--;
	answer("%u", o);
	because("Another type's largest block is taken: one large theft is "
		"better than many small ones, for it keeps the unmovable "
		"frames together.");
	ask("How many free frames are on the lists of unmovable blocks after "
	    "that?");
	{
		unsigned long n = 0;

		for (o = 0; o < MAX_ORDER; o++)
			n += blocks_of_type(o, MIGRATE_UNMOVABLE) << o;
		answer("%lu", n);
		because("The rest of the block, and if the page block changes "
			"its type, all that is free in it.");
	}
}

/* ---- 12: watermarks ---- */

static const char *who_reclaims(const struct zone *z, unsigned long free)
{
	if (free < z->watermark[WMARK_MIN])
		return "caller";
	return free < z->watermark[WMARK_LOW] ? "kswapd" : "nobody";
}

void ask_watermarks(void)
{
	const struct zone *z = &zones[ZONE_NORMAL];
	const unsigned long *mark;
	unsigned long span, free;

	course_boot();
	mark = z->watermark;
	span = mark[WMARK_HIGH] + 40;
	for (int i = 0; i < 3; i++) {
		free = draw_below(span);
		ask("A zone of %lu frames has the marks min %lu, low %lu, high "
		    "%lu. %lu frames are free, and a program needs one. Who "
		    "reclaims? nobody, kswapd, or caller",
		    z->managed_pages, mark[WMARK_MIN], mark[WMARK_LOW],
		    mark[WMARK_HIGH], free);
		answer("%s", who_reclaims(z, free));
		because("Below low kswapd is woken, which goes on up to high; "
			"below min the caller has to help itself.");
	}
}

/* ---- 35: buddyinfo, read aloud ---- */

void ask_buddyinfo(void)
{
	unsigned int i, least = 2 + (unsigned int)draw_below(4), o;
	char text[1200];
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };
	unsigned long kb = 0, all = 0;

	blocks_begin();
	for (i = 0; i < 9; i++)
		block_take((unsigned int)draw_below(6), __GFP_MOVABLE);
	show_buddyinfo(&m);
	text[m.count] = '\0';
	for (o = 0; o < MAX_ORDER; o++) {
		all += blocks_free(o) << (o + 2);
		kb += o >= least ? blocks_free(o) << (o + 2) : 0;
	}
	ask("/proc/buddyinfo says\n%s\nHow many kB of zone HighMem are free in "
	    "blocks of %u kB or more?",
	    text, 4u << least);
	answer("%lu", kb);
	because("Column k counts blocks of 4 kB << k; the columns from %u on "
		"are meant.",
		least);
	ask("How many kB of zone HighMem are free in all?");
	answer("%lu", all);
	because("The sum of all columns, each times 4 kB << k.");
}
