/* SPDX-License-Identifier: MIT */
/* SysV shared memory, to the rest of kernel/. Code: kernel/ipc/shm.c. */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <ashlar/types.h>

/* Limits, as in /proc/sys/kernel/shm*. */
extern unsigned long shm_ctlmax; /* bytes of one segment */
extern unsigned long shm_ctlall; /* pages of all segments */
extern int shm_ctlmni; /* segments */
extern int shm_next_id; /* the next new segment's id; -1: any */
extern int shm_rmid_forced; /* a segment goes with its last attachment */

struct seq_file;
int show_sysvipc_shm(struct seq_file *m, void *unused);

#endif
