/* SPDX-License-Identifier: MIT */
/* SysV IPC, to the rest of kernel/. Code: kernel/ipc. */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <ashlar/types.h>

/* Limits, as in /proc/sys/kernel/{sem,msg*,shm*}. */
struct sem_limits {
	u32 msl; /* semaphores of a set */
	u32 mns; /* of all sets */
	u32 opm; /* operations of a call */
	u32 mni; /* sets */
};
extern struct sem_limits sem_limits;
extern int msg_ctlmax; /* bytes of a message */
extern int msg_ctlmnb; /* bytes of a new queue */
extern int msg_ctlmni; /* queues */
extern unsigned long shm_ctlmax; /* bytes of one segment */
extern unsigned long shm_ctlall; /* pages of all segments */
extern int shm_ctlmni; /* segments */
extern int shm_rmid_forced; /* a segment goes with its last attachment */

struct seq_file;
struct signal_struct;
int show_sysvipc_msg(struct seq_file *m, void *unused);
int show_sysvipc_sem(struct seq_file *m, void *unused);
int show_sysvipc_shm(struct seq_file *m, void *unused);
void exit_sem(struct signal_struct *sig);

#endif
