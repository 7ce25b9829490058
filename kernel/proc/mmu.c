/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/mmu: what the processor looks at when this task uses an address,
 * in the words that the translate command reads:
 *
 *   cs 0x73  ds 0x7b …            segment registers, as it left user mode
 *   gdt INDEX LOW HIGH            the descriptors it may name
 *   ldt INDEX LOW HIGH
 *   cr3 VALUE                     its page directory
 *   pde INDEX VALUE               directory entries that are not zero
 *   pte DIRECTORY INDEX VALUE     table entries, likewise
 */
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <ashlar/tune.h>
#include <i386.h>
#include <kernel/task/task.h>
#include <mach/page.h>
#include <mach/pgtable.h>
#include "proc.h"

static void show_selectors(struct seq_file *m, const struct pt_regs *regs)
{
	seq_printf(m, "cpl %u\ncs 0x%x\nss 0x%x\nds 0x%x\nes 0x%x\n",
		   regs->cs & 3, regs->cs & 0xffff, regs->ss & 0xffff,
		   regs->ds & 0xffff, regs->es & 0xffff);
	seq_printf(m, "fs 0x%x\ngs 0x%x\n", regs->fs & 0xffff,
		   regs->gs & 0xffff);
}

static void show_descriptor(struct seq_file *m, const char *table,
			    unsigned int index, const struct desc_struct *d)
{
	if (d->a || d->b)
		seq_printf(m, "%s %u 0x%08x 0x%08x\n", table, index, d->a,
			   d->b);
}

/* All of the GDT as it is loaded, but for this task's own three. */
static void show_gdt(struct seq_file *m, const struct task_struct *task)
{
	unsigned int i, tls;

	for (i = 0; i < GDT_ENTRIES; i++) {
		tls = i - GDT_ENTRY_TLS_MIN;
		show_descriptor(m, "gdt", i,
				tls < GDT_ENTRY_TLS_ENTRIES ?
					&task->thread.tls_array[tls] :
					&gdt[i]);
	}
}

static void show_table(struct seq_file *m, unsigned int dir, const pte_t *table)
{
	unsigned int i;
	u32 entry;

	for (i = 0; i < PTRS_PER_PTE; i++) {
		entry = READ_ONCE(pte_val(table[i]));
		if (entry)
			seq_printf(m, "pte %u %u 0x%08x\n", dir, i, entry);
	}
}

/* With mmap_lock for read: no table goes, and each entry is read once. */
static void show_tables(struct seq_file *m, const struct mm_struct *mm)
{
	unsigned int dir;
	pgd_t pgd;

	seq_printf(m, "cr3 0x%08lx\n", virt_to_pfn(mm->pgd) << PAGE_SHIFT);
	for (dir = 0; dir < PTRS_PER_PGD; dir++) {
		pgd = mm->pgd[dir];
		if (pgd_none(pgd))
			continue;
		seq_printf(m, "pde %u 0x%08x\n", dir, pgd_val(pgd));
		if (!(pgd_val(pgd) & _PAGE_PSE))
			show_table(m, dir, pgd_page_vaddr(pgd));
	}
}

int show_pid_mmu(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = proc_mm_get_live(m->priv);
	unsigned int i;

	if (!mm)
		return 0;
	show_selectors(m, task_pt_regs(task));
	show_gdt(m, task);
	for (i = 0; i < mm->context.ldt_entries; i++)
		show_descriptor(m, "ldt", i,
				(struct desc_struct *)mm->context.ldt + i);
	down_read(&mm->mmap_lock);
	show_tables(m, mm);
	up_read(&mm->mmap_lock);
	mmput(mm);
	return 0;
}
