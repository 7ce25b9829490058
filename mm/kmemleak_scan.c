/* SPDX-License-Identifier: MIT */
/*
 * Blocks that nothing points at any more: the look.
 *
 *   roots ──► words ──► white objects become grey ──► their words ──► …
 *   (variables, stacks of tasks: the kernel's hook)
 *
 * Any word that has the address of a byte of an object points at it. What is
 * white in the end, and older than LEAK_AGE_MS, is reported: by then what was
 * only in a register, or on its way, is where it belongs.
 *
 * All of it is one hold of kmemleak_lock, so no object comes or goes. Simpler
 * than Linux: nothing else runs meanwhile on a machine with one processor, so
 * no pointer moves from a word that was not yet read to one that was, and no
 * second look at what changed is needed.
 */
#include <ashlar/errno.h>
#include <ashlar/hexdump.h>
#include <ashlar/seq_file.h>
#include "internal.h"
#include "kmemleak.h"
#include "slab_debug.h"

#define LEAK_AGE_MS 5000
#define HEX_MOST 32 /* bytes of an object that are shown */
#define STACK_LINES 16

static LIST_HEAD(grey_list); /* found, and not looked into yet */
static unsigned long lowest, highest; /* of all objects' addresses */

/* ---- the look; context of all: kmemleak_lock ---- */

static void begin_scan(void)
{
	struct kmemleak_object *o;

	lowest = ~0ul;
	highest = 0;
	for_each_leak_object(o)
	{
		lowest = min(lowest, o->start);
		highest = max(highest, o->start + o->size);
		o->count = 0;
		INIT_LIST_HEAD(&o->grey);
		if (o->min_count == LEAK_GREY)
			list_add_tail(&o->grey, &grey_list);
	}
}

static void note_word(unsigned long word)
{
	struct kmemleak_object *o;

	if (word - lowest >= highest - lowest)
		return;
	o = kmemleak_find(word);
	if (!o || leak_is_found(o))
		return;
	o->count++;
	if (leak_is_found(o))
		list_add_tail(&o->grey, &grey_list);
}

/* All words of some memory. */
static void scan_block(const void *start, const void *end)
{
	const unsigned long *p =
		(const void *)ALIGN((uintptr_t)start, sizeof(long));

	for (; (const char *)(p + 1) <= (const char *)end; p++)
		note_word(READ_ONCE(*p));
}

static void scan_object(const struct kmemleak_object *o)
{
	const struct leak_area *area;
	const char *start = (const char *)o->start;

	if (o->flags & LEAK_NO_SCAN)
		return;
	if (!o->areas)
		scan_block(start, start + o->size);
	for (area = o->areas; area; area = area->next)
		scan_block((const char *)area->start,
			   (const char *)area->start + area->size);
}

static void scan_grey(void)
{
	struct kmemleak_object *o;

	while (!list_empty(&grey_list)) {
		o = list_first_entry(&grey_list, struct kmemleak_object, grey);
		list_del_init(&o->grey);
		scan_object(o);
	}
}

/* Returns how many became reported now. */
static unsigned long report_white(void)
{
	unsigned long now = port_time_ms(), n = 0;
	struct kmemleak_object *o;

	for_each_leak_object(o)
	{
		if (leak_is_found(o) || (o->flags & LEAK_REPORTED) ||
		    now - o->time < LEAK_AGE_MS)
			continue;
		o->flags |= LEAK_REPORTED;
		n++;
	}
	return n;
}

/**
 * kmemleak_scan() - look for leaks now
 *
 * Context: no lock held. Return: how many are new.
 */
unsigned long kmemleak_scan(void)
{
	unsigned long n;

	spin_lock(&kmemleak_lock);
	begin_scan();
	if (debug_hooks)
		debug_hooks->scan_roots(scan_block, kmemleak_stacks);
	scan_grey();
	n = report_white();
	spin_unlock(&kmemleak_lock);
	if (n)
		mm_log("kmemleak: %lu new suspected memory leaks (see "
		       "/sys/kernel/debug/kmemleak)",
		       n);
	return n;
}

/* ---- as text ---- */

static void show_bytes(struct seq_file *m, const struct kmemleak_object *o)
{
	size_t n = min(o->size, (size_t)HEX_MOST), i;
	const char *p = (const char *)o->start;
	char row[HEX_ROW_CHARS];

	seq_printf(m, "  hex dump (first %zu bytes):\n", n);
	for (i = 0; i < n; i += HEX_ROW_BYTES) {
		hex_dump_row(row, p + i, min(n - i, (size_t)HEX_ROW_BYTES));
		seq_printf(m, "    %s\n", row);
	}
}

static void show_stack(struct seq_file *m, const struct kmemleak_object *o)
{
	const unsigned long *pc;
	unsigned int n, i;

	n = stack_depot_fetch(&slab_stacks, o->stack, &pc);
	seq_puts(m, "  backtrace:\n");
	for (i = 0; i < n && i < STACK_LINES; i++) {
		seq_printf(m, "    [<%08lx>] ", pc[i]);
		if (debug_hooks)
			debug_hooks->name(m, pc[i]);
		seq_putc(m, '\n');
	}
}

static void show_object(struct seq_file *m, const struct kmemleak_object *o)
{
	unsigned long age = port_time_ms() - o->time;

	seq_printf(m, "unreferenced object 0x%08lx (size %zu):\n", o->start,
		   o->size);
	seq_printf(m, "  comm \"%s\", pid %d, jiffies %lu (age %lu.%03lus)\n",
		   o->owner.comm, o->owner.pid, o->time, age / 1000,
		   age % 1000);
	show_bytes(m, o);
	show_stack(m, o);
}

/** kmemleak_show() - all leaks that were reported, as Linux prints them */
void kmemleak_show(struct seq_file *m)
{
	struct kmemleak_object *o;

	spin_lock(&kmemleak_lock);
	for_each_leak_object(o) if ((o->flags & LEAK_REPORTED) &&
				    !leak_is_found(o)) show_object(m, o);
	spin_unlock(&kmemleak_lock);
}

static void log_object(const struct kmemleak_object *o)
{
	const unsigned long *pc;
	unsigned int n, i;

	mm_log("kmemleak: Object 0x%08lx (size %zu):", o->start, o->size);
	mm_log("kmemleak:   comm \"%s\", pid %d, jiffies %lu", o->owner.comm,
	       o->owner.pid, o->time);
	mm_log("kmemleak:   min_count = %d", o->min_count);
	mm_log("kmemleak:   count = %d", o->count);
	mm_log("kmemleak:   flags = 0x%x", o->flags);
	mm_log("kmemleak:   backtrace:");
	n = stack_depot_fetch(&slab_stacks, o->stack, &pc);
	for (i = 0; i < n && i < STACK_LINES; i++)
		port_log_code(pc[i]);
}

/**
 * kmemleak_dump() - all that is known of a block, to the log
 * @address: of its first byte
 *
 * Context: any. Return: 0; -EINVAL: there is no such block.
 */
int kmemleak_dump(unsigned long address)
{
	struct kmemleak_object copy, *o;

	spin_lock(&kmemleak_lock);
	o = kmemleak_find(address);
	if (o)
		copy = *o;
	spin_unlock(&kmemleak_lock);
	if (!o || copy.start != address) {
		mm_log("kmemleak: Unknown object at 0x%08lx", address);
		return -EINVAL;
	}
	log_object(&copy);
	return 0;
}
