/* SPDX-License-Identifier: MIT */
/*
 * Guarded objects (mm/kfence_slab.c), as files of debugfs; Linux's names and
 * forms.
 *
 *   kfence/stats    how many were guarded, and how many mistakes were found
 *   kfence/objects  each that is, or was, guarded, and who had it
 */
#include <ashlar/kfence.h>
#include <ashlar/port.h>
#include <ashlar/seq_file.h>
#include <i386.h>
#include <kernel/init.h>
#include <kernel/proc/proc_fs.h>
#include <mm/kfence.h>

static int show_stats(struct seq_file *m, void *data)
{
	const struct kfence_stats *s = &kfence_stats;

	(void)data;
	seq_printf(m, "enabled: %d\n", kfence_slab);
	seq_printf(m, "currently allocated: %lu\n", s->live);
	seq_printf(m, "total allocations: %lu\n", s->allocated);
	seq_printf(m, "total frees: %lu\n", s->freed);
	/* A cache with objects is not destroyed: none outlives its own. */
	seq_puts(m, "zombie allocations: 0\n");
	seq_printf(m, "total bugs: %lu\n", s->bugs);
	seq_printf(m, "skipped allocations (incompatible): %lu\n",
		   s->incompatible);
	seq_printf(m, "skipped allocations (capacity): %lu\n", s->full);
	/* Whoever asks, what is due is guarded. */
	seq_puts(m, "skipped allocations (covered): 0\n");
	return 0;
}

static void show_trace(struct seq_file *m, const char *what,
		       const struct kfence_trace *t)
{
	char name[64];
	unsigned int i;

	seq_printf(m, "\n%s by task %d on cpu 0 at %lu.%03lu000s:\n", what,
		   t->pid, t->when / 1000, t->when % 1000);
	for (i = 0; i < KFENCE_DEPTH && t->pc[i]; i++) {
		sprint_symbol(name, (u32)t->pc[i] - 1);
		seq_printf(m, " %s\n", name);
	}
}

static void show_object(struct seq_file *m, const struct kfence_block *b, u32 i)
{
	if (b->state != KFENCE_LIVE && b->state != KFENCE_FREED) {
		seq_printf(m, "kfence-#%u unused\n", i);
		return;
	}
	seq_printf(m, "kfence-#%u: 0x%08lx-0x%08lx, size=%zu, cache=%s\n", i,
		   (unsigned long)b->start,
		   (unsigned long)b->start + b->asked - 1, b->asked,
		   b->cache_name);
	show_trace(m, "allocated", &b->alloc);
	if (b->state == KFENCE_FREED)
		show_trace(m, "freed", &b->free);
}

static int show_objects(struct seq_file *m, void *data)
{
	const struct kfence_block *b;
	u32 i;

	(void)data;
	for (i = 0; (b = kfence_block(i)); i++) {
		show_object(m, b, i);
		seq_puts(m, "---------------------------------\n");
	}
	return 0;
}

/** kfence_debug_init() - name the files. Context: boot, once. */
void kfence_debug_init(void)
{
	static const struct proc_entry entries[] = {
		{ "kfence/stats", 0444, show_stats, NULL, NULL, NULL },
		{ "kfence/objects", 0400, show_objects, NULL, NULL, NULL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		debugfs_create(&entries[i]);
}
