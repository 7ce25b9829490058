/* SPDX-License-Identifier: MIT */
/* Numbers and structures of SysV shared memory, as i386 programs see them. */
#ifndef KERNEL_IPC_SHM_H
#define KERNEL_IPC_SHM_H

#include <ashlar/types.h>

#define IPC_PRIVATE 0
#define IPC_CREAT 01000u
#define IPC_EXCL 02000u
#define IPC_RMID 0u
#define IPC_SET 1u
#define IPC_STAT 2u
#define IPC_INFO 3u
#define IPC_64 0x100u /* in ipc(2): structures with 32-bit ids */

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

/* ipc(2)'s first argument. */
#define IPCOP_SHMAT 21u
#define IPCOP_SHMDT 22u
#define IPCOP_SHMGET 23u
#define IPCOP_SHMCTL 24u

#define S_IRUGO 0444u
#define S_IWUGO 0222u
#define S_IXUGO 0111u

struct ipc64_perm {
	s32 key;
	u32 uid, gid, cuid, cgid;
	u16 mode, pad1;
	u16 seq, pad2;
	u32 unused[2];
};

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
	s32 key;
	u16 uid, gid, cuid, cgid, mode, seq;
	s32 segsz;
	s32 atime, dtime, ctime;
	u16 cpid, lpid, nattch, unused;
	u32 unused2, unused3;
};

#endif
