/* SPDX-License-Identifier: MIT */
/*
 * For each frame, the last call that took it from the page allocator.
 *
 *   alloc_block ─ page_alloc_owner ─► table[zone][frame] { flags, task, time,
 *                                                          stack }
 *
 * The boot word page_owner=on makes the tables and sets the hook. A frame's
 * entry stays when it is freed: whether it is in use its descriptor says, so a
 * release has no hook. Frames that were in use before the boot word have no
 * entry, and are not shown; nor are frames that are not the first of their
 * block. Off, it costs nothing: the hook's test is that of fail_page_alloc=.
 */
#include <ashlar/debug_hooks.h>
#include <ashlar/errno.h>
#include <ashlar/kmemleak.h>
#include <ashlar/page_owner.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include "page_alloc.h"
#include "report/report.h"
#include "slab_debug.h"

#define ENTRY_TEXT 1536 /* bytes, at most */

struct page_owner {
	bool known;
	bool moved; /* here, by compaction */
	u8 order;
	gfp_t gfp;
	u32 stack; /* handle of slab_stacks */
	unsigned long time; /* port_time_ms() */
	struct task_ids task;
};

static struct {
	struct page_owner *of; /* NULL: not on, or no such zone */
	unsigned long start, nr; /* frames */
} table[MAX_NR_ZONES];

static bool taking_stack; /* frames for stacks have none */

static struct page_owner *owner_of(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (table[i].of && pfn - table[i].start < table[i].nr)
			return &table[i].of[pfn - table[i].start];
	return NULL;
}

/* ---- a block is handed out ---- */

static u32 stack_now(void)
{
	u32 stack;

	if (taking_stack)
		return 0;
	taking_stack = true;
	stack = slab_stack_now();
	taking_stack = false;
	return stack;
}

static void note_owner(struct page *page, unsigned int order, gfp_t gfp)
{
	struct page_owner new = {
		.known = true,
		.order = (u8)order,
		.gfp = gfp,
		.stack = stack_now(),
		.time = port_time_ms(),
		.task.pid = port_pid(),
	};
	unsigned long pfn = page_to_pfn(page), end = pfn + (1ul << order);
	struct page_owner *o;

	if (debug_hooks)
		debug_hooks->running(&new.task);
	for (; pfn < end; pfn++) {
		o = owner_of(pfn);
		if (o)
			*o = new;
	}
}

/**
 * page_owner_move() - a page has moved, and its owner with it
 * @from: frame it was in
 * @to: where it is
 */
void page_owner_move(const struct page *from, const struct page *to)
{
	const struct page_owner *old = owner_of(page_to_pfn(from));
	struct page_owner *new = owner_of(page_to_pfn(to));

	if (!old || !new)
		return;
	*new = *old;
	new->moved = true;
}

/* ---- as text ---- */

struct flag_name {
	u32 flag; /* all of its bits */
	const char *name;
};

/* What several flags together are called comes first. */
static const struct flag_name gfp_names[] = {
	{ GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE" },
	{ GFP_HIGHUSER, "GFP_HIGHUSER" },
	{ GFP_KERNEL, "GFP_KERNEL" },
	{ GFP_ATOMIC, "GFP_ATOMIC" },
	{ __GFP_DMA, "GFP_DMA" },
	{ __GFP_HIGHMEM, "__GFP_HIGHMEM" },
	{ __GFP_MOVABLE, "__GFP_MOVABLE" },
	{ __GFP_RECLAIMABLE, "__GFP_RECLAIMABLE" },
	{ __GFP_NORETRY, "__GFP_NORETRY" },
	{ __GFP_NOFAIL, "__GFP_NOFAIL" },
	{ __GFP_ZERO, "__GFP_ZERO" },
	{ __GFP_NOWARN, "__GFP_NOWARN" },
	{ __GFP_NOMEMALLOC, "__GFP_NOMEMALLOC" },
	{ __GFP_MEMALLOC, "__GFP_MEMALLOC" },
	{ 0, NULL },
};

static const struct flag_name page_flag_names[] = {
	{ PG_locked, "locked" },
	{ PG_uptodate, "uptodate" },
	{ PG_dirty, "dirty" },
	{ PG_referenced, "referenced" },
	{ PG_swapbacked, "swapbacked" },
	{ PG_anon_exclusive, "anon_exclusive" },
	{ 0, NULL },
};

/* Names with | between; @none, if there is no flag. */
static void show_flags(struct seq_file *m, u32 flags,
		       const struct flag_name *name, const char *none)
{
	bool any = false;

	for (; name->flag; name++) {
		if ((flags & name->flag) != name->flag)
			continue;
		seq_printf(m, any ? "|%s" : "%s", name->name);
		flags &= ~name->flag;
		any = true;
	}
	if (!any)
		seq_puts(m, none);
}

static void show_page_flags(struct seq_file *m, const struct page *page)
{
	u32 flags = page->flags & PG_slab ? 0 : page->pflags;

	seq_printf(m, "Flags 0x%x(", flags);
	show_flags(m, flags, page_flag_names,
		   page->flags & PG_slab ? "slab" : "");
	seq_puts(m, ")\n");
}

static void show_stack(struct seq_file *m, u32 stack)
{
	const unsigned long *pc;
	unsigned int i, n = stack_depot_fetch(&slab_stacks, stack, &pc);

	for (i = 0; i < n; i++) {
		seq_putc(m, ' ');
		if (debug_hooks)
			debug_hooks->name(m, pc[i]);
		seq_putc(m, '\n');
	}
}

static void show_owner(struct seq_file *m, const struct zone *z,
		       unsigned long pfn, const struct page_owner *o)
{
	const struct page *page = pfn_to_page(pfn);

	seq_printf(m, "Page allocated via order %u, mask 0x%x(", o->order,
		   o->gfp);
	show_flags(m, o->gfp, gfp_names, "GFP_NOWAIT");
	seq_printf(m, "), pid %d, tgid %d (%s), ts %llu ns\n", o->task.pid,
		   o->task.tgid, o->task.comm, o->time * 1000000ull);
	seq_printf(m, "PFN %lu type %s Block %lu type %s ", pfn,
		   migratetype_names[gfp_migratetype(o->gfp)],
		   pfn >> pageblock_order,
		   migratetype_names[pageblock_type(z, pfn)]);
	show_page_flags(m, page);
	show_stack(m, o->stack);
	if (o->moved)
		seq_puts(m, "Page has been migrated, last migrate reason: "
			    "compaction\n");
	seq_putc(m, '\n');
}

static __racy bool block_begins(const struct page *page)
{
	return (page->flags & PG_used) ||
	       (page->flags & (PG_slab | PG_tail)) == PG_slab;
}

/* Blocks of a zone from frame *@at on, until @m is full: then false. */
static bool show_zone(struct seq_file *m, const struct zone *z,
		      unsigned long *at, bool *any)
{
	unsigned long end = z->start_pfn + z->spanned_pages;
	const struct page_owner *o;

	for (*at = max(*at, z->start_pfn); *at < end; ++*at) {
		o = owner_of(*at);
		if (!o || !o->known || !block_begins(pfn_to_page(*at)))
			continue;
		if (*any && m->count + ENTRY_TEXT > m->size)
			return false;
		show_owner(m, z, *at, o);
		*any = true;
	}
	return true;
}

/**
 * show_page_owner() - each block in use, by frame, as Linux prints it
 * @m: gets as many as fit from frame @m->index on; m->index is then the next
 *	one, or 0
 */
void show_page_owner(struct seq_file *m)
{
	unsigned long at = m->index;
	bool any = false;
	unsigned int i;

	m->index = 0;
	for (i = 0; i < MAX_NR_ZONES && table[ZONE_NORMAL].of; i++) {
		if (zones[i].managed_pages &&
		    !show_zone(m, &zones[i], &at, &any)) {
			m->index = at;
			return;
		}
	}
}

/* ---- on and off ---- */

static void drop_tables(void)
{
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		vfree(table[i].of);
		table[i].of = NULL;
	}
}

static bool make_table(unsigned int i)
{
	table[i].start = zones[i].start_pfn;
	table[i].nr = zones[i].spanned_pages;
	table[i].of = vzalloc(table[i].nr * sizeof(struct page_owner));
	if (table[i].of)
		kmemleak_no_scan(table[i].of);
	return table[i].of;
}

/**
 * setup_page_owner() - the boot word page_owner=
 * @str: "on": remember who has frames, from now on; "off"
 *
 * Context: may sleep. Return: 0 or -EINVAL; -ENOMEM, and it is off.
 */
int setup_page_owner(const char *str)
{
	bool on = !ashlar_strcmp(str, "on");
	unsigned int i;

	if (!on && ashlar_strcmp(str, "off"))
		return -EINVAL;
	page_alloc_owner = NULL;
	drop_tables();
	for (i = 0; on && i < MAX_NR_ZONES; i++) {
		if (zones[i].managed_pages && !make_table(i)) {
			drop_tables();
			return -ENOMEM;
		}
	}
	if (on)
		page_alloc_owner = note_owner;
	return 0;
}
