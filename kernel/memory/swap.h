/* SPDX-License-Identifier: MIT */
/* Swap areas on block devices and files. Code: kernel/memory/swapon.c,
 * swap_file.c. */
#ifndef KERNEL_MEMORY_SWAP_H
#define KERNEL_MEMORY_SWAP_H

struct file;
struct seq_file;
struct swap_info_struct;
struct swap_source;

int swap_claim(struct file *f, struct swap_source *src);
struct swap_info_struct *swap_area_of(const struct file *f);
void show_swaps(struct seq_file *m); /* /proc/swaps */

#endif
