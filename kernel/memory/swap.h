/* SPDX-License-Identifier: MIT */
/* Swap areas on block devices and files. Code: kernel/memory/swapon.c. */
#ifndef KERNEL_MEMORY_SWAP_H
#define KERNEL_MEMORY_SWAP_H

struct seq_file;

void show_swaps(struct seq_file *m); /* /proc/swaps */

#endif
