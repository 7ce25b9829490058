/* SPDX-License-Identifier: MIT */
/*
 * The buddy system: blocks that are split and merged.
 *
 * A zone of 1,024 frames, of which nobody has anything at first: one block of
 * order 10 (blocks.h).
 */
#include "blocks.h"
#include "picture.h"

#define BLOCKS 12 /* that a learner may hold */

static struct page *held[BLOCKS];
static unsigned long before[MAX_ORDER]; /* free blocks, before the step */
static unsigned long new_pfn; /* first frame of the last block, or ~0 */

static void remember(void)
{
	for (unsigned int o = 0; o < MAX_ORDER; o++)
		before[o] = blocks_free(o);
	new_pfn = ~0ul;
}

static void start(void)
{
	blocks_begin();
	remember();
	tell("All 1,024 frames of this zone are free: one block of order 10.");
}

/* The order of the block that was split; MAX_ORDER if none was. */
static unsigned int split_from(unsigned int order)
{
	for (unsigned int o = order + 1; o < MAX_ORDER; o++)
		if (blocks_free(o) < before[o])
			return o;
	return MAX_ORDER;
}

static void tell_split(unsigned int order)
{
	unsigned int from = split_from(order);

	if (from == MAX_ORDER)
		tell("A block of order %u was free: nothing is split.", order);
	else
		tell("A block of order %u is split %u times; of each split one "
		     "half goes to the list below, the other is split on.",
		     from, from - order);
}

static bool take(unsigned int order)
{
	unsigned int i = 0;
	struct page *page;

	while (i < BLOCKS && held[i])
		i++;
	if (order >= MAX_ORDER || i == BLOCKS)
		return false;
	page = block_take(order, __GFP_MOVABLE);
	if (!page) {
		tell("This zone has no block of order %u to give: the next "
		     "zone of the list would be asked.",
		     order);
		return true;
	}
	held[i] = page;
	new_pfn = block_number(page);
	tell_split(order);
	return true;
}

static void tell_merge(unsigned long pfn, unsigned int order)
{
	unsigned int o = order;

	/* Each merge took the buddy off its list. */
	while (o < MAX_ORDER - 1 && blocks_free(o) < before[o])
		o++;
	if (o == order)
		tell("The buddy of frame %lu is %lu ^ %lu = %lu, and it is not "
		     "free as a whole: no merge.",
		     pfn, pfn, 1ul << order, pfn ^ 1ul << order);
	else
		tell("The buddy, frame %lu ^ %lu = %lu, is free: they merge, "
		     "and so on, %u times, up to order %u.",
		     pfn, 1ul << order, pfn ^ 1ul << order, o - order, o);
}

static bool give(unsigned long pfn)
{
	unsigned int i = 0, order;

	while (i < BLOCKS && (!held[i] || block_number(held[i]) != pfn))
		i++;
	if (i == BLOCKS)
		return false;
	order = held[i]->order;
	block_give(held[i]);
	held[i] = NULL;
	tell_merge(pfn, order);
	return true;
}

static bool step(const char *what, unsigned long n)
{
	remember();
	if (same(what, "alloc"))
		return take((unsigned int)n);
	return same(what, "free") && give(n);
}

/* The block that begins at @pfn: free, or one of a learner's. */
static const struct page *block_at(unsigned long pfn)
{
	return pfn_to_page(BLOCK_ZONE->start_pfn + pfn);
}

static void draw_list(unsigned int order)
{
	unsigned int drawn = 0;
	unsigned long pfn;

	row("order %2u, %4u frames", order, 1u << order);
	for (pfn = 0; pfn < BLOCK_ZONE->spanned_pages; pfn += 1ul << order) {
		const struct page *page = block_at(pfn);

		if (!(page->flags & PG_buddy) || page->order != order)
			continue;
		if (order)
			cell(blocks_free(order) > before[order] ? NEW : FREE,
			     order + 2, "%lu-%lu", pfn,
			     pfn + (1ul << order) - 1);
		else
			cell(blocks_free(0) > before[0] ? NEW : FREE, 2, "%lu",
			     pfn);
		drawn++;
	}
	if (!drawn)
		cell(PLAIN, 1, "-");
}

static void draw_held(void)
{
	row("yours");
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (held[i])
			cell(block_number(held[i]) == new_pfn ? NEW : USED,
			     held[i]->order + 2u, "%lu: order %u",
			     block_number(held[i]), held[i]->order);
}

/* All blocks by address. */
static void draw_memory(void)
{
	unsigned long pfn = 0;

	row("by address");
	while (pfn < BLOCK_ZONE->spanned_pages) {
		const struct page *page = block_at(pfn);
		bool is_free = page->flags & PG_buddy;

		cell(is_free	    ? FREE :
		     pfn == new_pfn ? NEW :
				      USED,
		     page->order + 2u, "%lu", pfn);
		pfn += 1ul << page->order;
	}
}

static void draw(void)
{
	for (int o = MAX_ORDER - 1; o >= 0; o--)
		draw_list((unsigned int)o);
	draw_held();
	draw_memory();
	for (long o = 0; o < MAX_ORDER; o++)
		button("alloc", o, "take order %ld", o);
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (held[i])
			button("free", (long)block_number(held[i]), "free %lu",
			       block_number(held[i]));
}

const struct scene scene_buddy = {
	.name = "buddy",
	.title = "The buddy system: split and merge",
	.start = start,
	.step = step,
	.draw = draw,
};
