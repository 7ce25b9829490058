/* SPDX-License-Identifier: MIT */
/* Numbers and structures of SysV shared memory, as i386 programs see them. */
#ifndef KERNEL_IPC_SHM_H
#define KERNEL_IPC_SHM_H

#include <kernel/ipc/util.h>

#define SHM_LOCK 11u
#define SHM_UNLOCK 12u
#define SHM_STAT 13u
#define SHM_INFO 14u
#define SHM_STAT_ANY 15u

#define SHM_DEST 01000u /* in mode: removed, but still attached */
#define SHM_LOCKED 02000u

#define SHM_HUGETLB 04000u
#define SHM_NORESERVE 010000u
#define SHM_RDONLY 010000u
#define SHM_RND 020000u
#define SHM_REMAP 040000u
#define SHM_EXEC 0100000u
#define SHMLBA 4096ul

struct shmid64_ds {
	struct ipc64_perm shm_perm;
	u32 shm_segsz;
	u32 shm_atime, shm_atime_high;
	u32 shm_dtime, shm_dtime_high;
	u32 shm_ctime, shm_ctime_high;
	s32 shm_cpid, shm_lpid;
	u32 shm_nattch;
	u32 unused[2];
};

struct shmid_ds { /* ipc(2) without IPC_64 */
	struct ipc_perm shm_perm;
	s32 segsz;
	s32 atime, dtime, ctime;
	u16 cpid, lpid, nattch, unused;
	u32 unused2, unused3;
};

#endif
