/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a file are on its disk, for programs that ask.
 *
 *   file   │ run │ hole │ run │ run │      FIEMAP: an extent for each run,
 *   disk     ▼            ▼     ▼          the last one with a mark
 *
 * FIBMAP says it of one block. Both ask the filesystem (a_ops->bmap), which
 * may have moved on when the answer arrives. No lock is held here.
 */
#include <ashlar/compiler.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/writeback.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/ioctl.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/task/cred.h>
#include <mach/spinlock.h>
#include <mach/uaccess.h>

#define FIEMAP_FLAG_SYNC 0x1u
#define FIEMAP_EXTENT_LAST 0x1u
#define FIEMAP_EXTENT_MERGED 0x1000u /* of blocks that are found one by one */
#define MAX_EXTENTS (~0u / (u32)sizeof(struct fiemap_extent))
#define RUN_SECTORS (1u << 22) /* at most, of one extent: 2 GB */

struct fiemap_extent {
	u64 logical, physical, length; /* bytes */
	u64 reserved64[2];
	u32 flags;
	u32 reserved[3];
};

struct fiemap {
	u64 start, length; /* bytes */
	u32 flags;
	u32 mapped_extents; /* answer: how many there are */
	u32 extent_count; /* room for so many; 0: they are only counted */
	u32 reserved;
	struct fiemap_extent extents[];
};

/* What is found goes to the program one step late: the last one has a mark. */
struct walk {
	struct fiemap head;
	struct fiemap __user *user;
	struct fiemap_extent found; /* length 0: none yet */
};

/* Return: 0; 1: there is no room for more; or -EFAULT. */
static int give_extent(struct walk *w, u32 flags)
{
	struct fiemap *head = &w->head;

	if (!w->found.length)
		return 0;
	w->found.flags = FIEMAP_EXTENT_MERGED | flags;
	if (!head->extent_count) {
		head->mapped_extents++;
		return 0;
	}
	if (copy_to_user(&w->user->extents[head->mapped_extents], &w->found,
			 sizeof(w->found)))
		return -EFAULT;
	return ++head->mapped_extents == head->extent_count;
}

/* All runs of sectors [@from, @end): 0, or what give_extent() says. */
static int walk_runs(struct walk *w, struct address_space *m, u64 from, u64 end)
{
	u64 sector;
	u32 nr;
	int ret;

	for (; from < end; from += nr) {
		might_sleep();
		nr = (u32)min(end - from, (u64)RUN_SECTORS);
		ret = m->a_ops->bmap(m, from, &sector, &nr);
		if (ret)
			return ret;
		if (!sector)
			continue;
		ret = give_extent(w, 0);
		if (ret)
			return ret;
		w->found.logical = from << SECTOR_SHIFT;
		w->found.physical = sector << SECTOR_SHIFT;
		w->found.length = (u64)nr << SECTOR_SHIFT;
	}
	return give_extent(w, FIEMAP_EXTENT_LAST);
}

static bool can_bmap(const struct file *f)
{
	return f->f_mapping && f->f_mapping->a_ops && f->f_mapping->a_ops->bmap;
}

/* The part of the file that @w->head says, in whole blocks. */
static int fill_extents(struct walk *w, struct file *f)
{
	struct address_space *m = f->f_mapping;
	u64 block = f->f_inode->i_sb->s_blocksize, size, end;
	int err = 0;

	if (!w->head.length)
		return -EINVAL;
	if (w->head.start > (u64)MAX_LFS_FILESIZE)
		return -EFBIG;
	if (w->head.flags & ~FIEMAP_FLAG_SYNC) {
		w->head.flags &= ~FIEMAP_FLAG_SYNC;
		return -EBADR;
	}
	if (w->head.flags & FIEMAP_FLAG_SYNC)
		err = file_write_and_wait_range(f, 0, MAX_LFS_FILESIZE);
	if (err)
		return err;
	size = ALIGN((u64)mapping_size(m), block);
	end = size;
	if (w->head.start < size && w->head.length < size - w->head.start)
		end = ALIGN(w->head.start + w->head.length, block);
	err = walk_runs(w, m, (w->head.start & ~(block - 1)) >> SECTOR_SHIFT,
			end >> SECTOR_SHIFT);
	return min(err, 0);
}

/**
 * ioctl_fiemap() - FS_IOC_FIEMAP: the extents of a file
 * @f: the file
 * @user: what of it, and room for the answer
 *
 * Context: may sleep. Return: 0; -EOPNOTSUPP: it has no places on a disk;
 * -EINVAL, -EFBIG, -EBADR, -EFAULT, -EIO.
 */
long ioctl_fiemap(struct file *f, void __user *user)
{
	struct walk w = { .user = user };
	int err;

	if (!can_bmap(f))
		return -EOPNOTSUPP;
	if (copy_from_user(&w.head, user, sizeof(w.head)))
		return -EFAULT;
	if (w.head.extent_count > MAX_EXTENTS)
		return -EINVAL;
	w.head.mapped_extents = 0;
	err = fill_extents(&w, f);
	if (copy_to_user(user, &w.head, sizeof(w.head)))
		return -EFAULT;
	return err;
}

/**
 * ioctl_fibmap() - FIBMAP: which block of the disk is a block of a file
 * @f: the file
 * @user: number of the file's block; becomes the disk's, 0: a hole
 *
 * Context: may sleep. Return: 0; -ENOTTY: it is no file with bytes; -EPERM,
 * -EINVAL, -EFAULT, -EIO.
 */
long ioctl_fibmap(struct file *f, s32 __user *user)
{
	u32 per = f->f_inode->i_sb->s_blocksize >> SECTOR_SHIFT, nr = 1;
	u64 sector = 0;
	s32 block;
	int err;

	if (!S_ISREG(f->f_inode->i_mode))
		return -ENOTTY;
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (get_user(block, user))
		return -EFAULT;
	if (block < 0 || !can_bmap(f))
		return -EINVAL;
	err = f->f_mapping->a_ops->bmap(f->f_mapping, (u64)block * per, &sector,
					&nr);
	if (err == -EFBIG) /* no file is as long: nothing is there */
		err = 0;
	if (sector)
		sector >>= __builtin_ctz(per);
	return put_user((s32)sector, user) ? -EFAULT : err;
}
