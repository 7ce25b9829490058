/* SPDX-License-Identifier: MIT */
/* Flushers, and sync. Code: kernel/fs/fs-writeback.c. */
#ifndef KERNEL_FS_WRITEBACK_H
#define KERNEL_FS_WRITEBACK_H

#include <ashlar/list.h>
#include <kernel/sched/wait.h>
#include <kernel/task/kthread.h>

struct gendisk;
struct inode;
struct super_block;

/* What is dirty on a disk, and the thread that writes it. */
struct bdi_writeback {
	struct list_head dirty; /* address_space::wb_list, the oldest first */
	struct list_head io; /* those that are being written */
	struct wait_queue_head wait; /* the thread */
	bool kicked; /* it is to look now */
	u64 next; /* ns of CLOCK_MONOTONIC: its next look at what is old */
	struct kthread_request thread;
	char name[16];
};

extern unsigned int dirty_writeback_interval; /* 1/100 s; 0: never */
extern unsigned int dirty_expire_interval; /* 1/100 s */

void wb_init(struct gendisk *disk);
void wakeup_flushers(void); /* they look at the clock, and at the limits */
void inode_wb_forget(struct inode *inode);
int sync_filesystem(struct super_block *sb);
void sb_wait_unpinned(struct super_block *sb);
void sync_all(void);
void writeback_init(void); /* boot */
void dirty_sysctl_init(void); /* boot; kernel/fs/dirty_sysctl.c */

#endif
