/* SPDX-License-Identifier: MIT */
/* Reports of one space. Code: mm/task_mmu.c. */
#ifndef ASHLAR_TASK_MMU_H
#define ASHLAR_TASK_MMU_H

#include <ashlar/types.h>

struct file;
struct mm_struct;
struct seq_file;

/* @name: what the kernel calls a file; writes it escaped. */
typedef void (*vma_file_name_t)(struct seq_file *m, struct file *file);
/* A file's device and inode number, for maps. The kernel's; NULL: zeroes. */
extern void (*vma_file_id)(const struct file *file, u32 *dev, u64 *ino);
void show_maps(struct seq_file *m, struct mm_struct *mm, vma_file_name_t name);
void show_smaps(struct seq_file *m, struct mm_struct *mm, vma_file_name_t name,
		bool rollup);
void show_numa_maps(struct seq_file *m, struct mm_struct *mm, u32 policy,
		    vma_file_name_t name);
int clear_refs(struct mm_struct *mm, unsigned int type);
/* One 64-bit word of /proc/PID/pagemap for the page at @addr. */
u64 pagemap_entry(struct mm_struct *mm, unsigned long addr);

#endif
