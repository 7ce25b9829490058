/* SPDX-License-Identifier: MIT */
/*
 * Files that live in RAM (mm/shmem.c): behind MAP_SHARED | MAP_ANONYMOUS,
 * memfd_create, SysV segments, and every file of a tmpfs.
 */
#ifndef ASHLAR_SHMEM_FS_H
#define ASHLAR_SHMEM_FS_H

#include <ashlar/fs.h>

/* What one tmpfs may hold; 0: no limit. */
struct shmem_sb_info {
	unsigned long max_blocks, used_blocks; /* pages */
	unsigned long max_inodes, used_inodes;
};

/* address_space::seals, as fcntl(F_ADD_SEALS) has them. */
#define F_SEAL_SEAL 0x1u
#define F_SEAL_SHRINK 0x2u
#define F_SEAL_GROW 0x4u
#define F_SEAL_WRITE 0x8u
#define F_SEAL_FUTURE_WRITE 0x10u

/* fallocate's modes. */
#define FALLOC_FL_KEEP_SIZE 0x1
#define FALLOC_FL_PUNCH_HOLE 0x2
#define FALLOC_FL_ZERO_RANGE 0x10

/* lseek's. */
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* For @flags below: no commit accounting up front, but page by page. */
#define VM_NORESERVE_FILE 0x1u

/*
 * A file of @size bytes without a name anywhere, open for reading and
 * writing; @name is what maps show. ERR_PTR(-EINVAL, -ENOMEM, -ENFILE).
 */
struct file *shmem_file_setup(const char *name, loff_t size, u32 flags);
/*
 * Whoever has files supplies them: a file with a zeroed address_space of its
 * own in f_mapping, for which it calls shmem_evict() in the end. ERR_PTR.
 */
extern struct file *(*shmem_alloc_file)(const char *name);

/* Begin and end of a file's bytes; @sbi NULL: no quota. */
void shmem_mapping_init(struct address_space *m, struct shmem_sb_info *sbi,
			void *host);
void shmem_evict(struct address_space *m);

/* ftruncate and fallocate, with seals, quota and accounting: 0 or -errno. */
int shmem_setsize(struct address_space *m, loff_t size);
int shmem_fallocate(struct address_space *m, int mode, loff_t off, loff_t len);
/* Next data or hole at or after @off, or -ENXIO. */
loff_t shmem_seek_hole_data(struct address_space *m, loff_t off, int whence);
/* write(2): generic_file_write_iter with seals in mind. */
ssize_t shmem_file_write_iter(struct file *f, struct iov_iter *from,
			      loff_t *pos);
/* F_ADD_SEALS: 0, -EPERM, -EBUSY, -EINVAL. */
int shmem_add_seals(struct address_space *m, u32 seals);
/* SHM_LOCK, SHM_UNLOCK: whether its pages count as unevictable. */
void shmem_lock(struct address_space *m, bool lock);

#endif
