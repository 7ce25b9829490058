/* SPDX-License-Identifier: MIT */
/* Files as disks: what kernel/block/loop.c and loop_ioctl.c share. */
#ifndef KERNEL_BLOCK_LOOP_H
#define KERNEL_BLOCK_LOOP_H

#include <ashlar/rwsem.h>
#include <kernel/block/blkdev.h>

#define LOOP_MAJOR 7
#define LOOP_MOST 256u /* devices: minors of one major number */
#define LO_NAME_SIZE 64

#define LO_FLAGS_READ_ONLY 1u
#define LO_FLAGS_AUTOCLEAR 4u
#define LO_FLAGS_PARTSCAN 8u
#define LO_FLAGS_DIRECT_IO 16u

/* Number @n of them; once made it stays, that its number keeps its name. */
struct loop_device {
	struct gendisk disk;
	struct rw_semaphore lock; /* all that follows */
	bool present; /* LOOP_CTL_REMOVE took it away, or did not */
	bool bound; /* file is not NULL: what /sys looks at */
	struct file *file; /* what its bytes are; NULL: nothing */
	u64 offset, sizelimit; /* bytes of the file; 0: to its end */
	u32 flags; /* LO_FLAGS_* */
	char file_name[LO_NAME_SIZE], crypt_name[LO_NAME_SIZE];
};

static inline struct loop_device *loop_of(struct gendisk *disk)
{
	return disk->private_data;
}

void loop_mark_file(struct file *file, bool below);
int loop_bind(struct loop_device *lo, struct file *file, u32 flags,
	      bool read_only);
int loop_unbind(struct loop_device *lo);
int loop_set_range(struct loop_device *lo, u64 offset, u64 sizelimit);
void loop_update_size(struct loop_device *lo);
long loop_ioctl(struct gendisk *disk, unsigned int cmd, unsigned long arg,
		bool writable);
void loop_init(void); /* process 1 */

#endif
