/* SPDX-License-Identifier: MIT */
/*
 * What losetup asks of a loop device: bound to a file, asked which, let go.
 *
 *   LOOP_SET_FD ─► LOOP_SET_STATUS64 ─► LOOP_GET_STATUS64 … LOOP_CLR_FD
 *   LOOP_CONFIGURE: the first two at once
 *
 * Locks: lo->lock for each; a program's memory is copied without it.
 */
#include <ashlar/errno.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/block/loop.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/task/cred.h>
#include <mach/uaccess.h>

#define LOOP_SET_FD 0x4c00u
#define LOOP_CLR_FD 0x4c01u
#define LOOP_SET_STATUS 0x4c02u
#define LOOP_GET_STATUS 0x4c03u
#define LOOP_SET_STATUS64 0x4c04u
#define LOOP_GET_STATUS64 0x4c05u
#define LOOP_CHANGE_FD 0x4c06u
#define LOOP_SET_CAPACITY 0x4c07u
#define LOOP_SET_DIRECT_IO 0x4c08u
#define LOOP_SET_BLOCK_SIZE 0x4c09u
#define LOOP_CONFIGURE 0x4c0au

#define SET_STATUS_SETTABLE (LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN)
#define SET_STATUS_CLEARABLE LO_FLAGS_AUTOCLEAR
#define CONFIGURE_SETTABLE                                             \
	(LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN | \
	 LO_FLAGS_DIRECT_IO)
#define LO_KEY_SIZE 32

struct loop_info64 { /* as programs pass it */
	u64 lo_device, lo_inode, lo_rdevice;
	u64 lo_offset, lo_sizelimit; /* bytes */
	u32 lo_number, lo_encrypt_type, lo_encrypt_key_size, lo_flags;
	char lo_file_name[LO_NAME_SIZE], lo_crypt_name[LO_NAME_SIZE];
	u8 lo_encrypt_key[LO_KEY_SIZE];
	u64 lo_init[2];
};

struct loop_info { /* the older form */
	s32 lo_number;
	u16 lo_device;
	u32 lo_inode;
	u16 lo_rdevice;
	s32 lo_offset, lo_encrypt_type, lo_encrypt_key_size, lo_flags;
	char lo_name[LO_NAME_SIZE];
	u8 lo_encrypt_key[LO_KEY_SIZE];
	u32 lo_init[2];
	char reserved[4];
};

struct loop_config {
	u32 fd, block_size;
	struct loop_info64 info;
	u64 reserved[8];
};

/* ---- status ---- */

static void fill_status(const struct loop_device *lo, struct loop_info64 *info)
{
	const struct inode *inode = lo->file->f_inode;

	*info = (struct loop_info64){ .lo_device = inode->i_sb->s_dev,
				      .lo_inode = inode->i_ino,
				      .lo_rdevice = S_ISBLK(inode->i_mode) ?
							    inode->i_rdev :
							    0,
				      .lo_offset = lo->offset,
				      .lo_sizelimit = lo->sizelimit,
				      .lo_number = lo->disk.first_minor,
				      .lo_flags = lo->flags };
	memcpy(info->lo_file_name, lo->file_name, LO_NAME_SIZE);
	memcpy(info->lo_crypt_name, lo->crypt_name, LO_NAME_SIZE);
}

static int get_status(struct loop_device *lo, struct loop_info64 *info)
{
	int err = -ENXIO;

	down_read(&lo->lock);
	if (lo->file) {
		fill_status(lo, info);
		err = 0;
	}
	up_read(&lo->lock);
	return err;
}

/* What @info says of the file's part and names; the lock is held. */
static int take_status(struct loop_device *lo, const struct loop_info64 *info)
{
	int err;

	if (info->lo_encrypt_key_size > LO_KEY_SIZE || info->lo_encrypt_type)
		return -EINVAL;
	err = loop_set_range(lo, info->lo_offset, info->lo_sizelimit);
	if (err)
		return err;
	memcpy(lo->file_name, info->lo_file_name, LO_NAME_SIZE);
	memcpy(lo->crypt_name, info->lo_crypt_name, LO_NAME_SIZE);
	lo->file_name[LO_NAME_SIZE - 1] = '\0';
	lo->crypt_name[LO_NAME_SIZE - 1] = '\0';
	return 0;
}

static int set_status(struct loop_device *lo, const struct loop_info64 *info)
{
	bool scan = false;
	int err = -ENXIO;

	down_write(&lo->lock);
	if (lo->file)
		err = take_status(lo, info);
	if (!err) {
		scan = info->lo_flags & ~lo->flags & LO_FLAGS_PARTSCAN;
		lo->flags &= ~SET_STATUS_CLEARABLE | info->lo_flags;
		lo->flags |= info->lo_flags & SET_STATUS_SETTABLE;
		loop_update_size(lo);
	}
	up_write(&lo->lock);
	if (scan)
		(void)rescan_partitions(&lo->disk);
	return err;
}

/* ---- the older form ---- */

static void from_old(const struct loop_info *old, struct loop_info64 *info)
{
	*info = (struct loop_info64){
		.lo_number = (u32)old->lo_number,
		.lo_device = old->lo_device,
		.lo_inode = old->lo_inode,
		.lo_rdevice = old->lo_rdevice,
		.lo_offset = (u64)(s64)old->lo_offset,
		.lo_encrypt_type = (u32)old->lo_encrypt_type,
		.lo_encrypt_key_size = (u32)old->lo_encrypt_key_size,
		.lo_flags = (u32)old->lo_flags
	};
	memcpy(info->lo_file_name, old->lo_name, LO_NAME_SIZE);
}

/* -EOVERFLOW if it does not fit. */
static int to_old(const struct loop_info64 *info, struct loop_info *old)
{
	*old = (struct loop_info){ .lo_number = (s32)info->lo_number,
				   .lo_device = (u16)info->lo_device,
				   .lo_inode = (u32)info->lo_inode,
				   .lo_rdevice = (u16)info->lo_rdevice,
				   .lo_offset = (s32)info->lo_offset,
				   .lo_flags = (s32)info->lo_flags };
	memcpy(old->lo_name, info->lo_file_name, LO_NAME_SIZE);
	if (old->lo_device != info->lo_device ||
	    old->lo_rdevice != info->lo_rdevice ||
	    old->lo_inode != info->lo_inode ||
	    old->lo_offset != (s64)info->lo_offset)
		return -EOVERFLOW;
	return 0;
}

static long set_status_old(struct loop_device *lo, const void __user *arg)
{
	struct loop_info64 info;
	struct loop_info old;

	if (copy_from_user(&old, arg, sizeof(old)))
		return -EFAULT;
	from_old(&old, &info);
	return set_status(lo, &info);
}

static long get_status_old(struct loop_device *lo, void __user *arg)
{
	struct loop_info64 info;
	struct loop_info old;
	int err = arg ? get_status(lo, &info) : -EINVAL;

	if (!err)
		err = to_old(&info, &old);
	if (err)
		return err;
	return copy_to_user(arg, &old, sizeof(old)) ? -EFAULT : 0;
}

static long set_status_64(struct loop_device *lo, const void __user *arg)
{
	struct loop_info64 info;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	return set_status(lo, &info);
}

static long get_status_64(struct loop_device *lo, void __user *arg)
{
	struct loop_info64 info;
	int err = arg ? get_status(lo, &info) : -EINVAL;

	if (err)
		return err;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* ---- binding ---- */

static bool valid_block_size(u32 size)
{
	return size >= SECTOR_SIZE && size <= PAGE_SIZE && !(size & (size - 1));
}

/* The lock is held. @config->fd is @file. */
static int bind_as_told(struct loop_device *lo, struct file *file,
			const struct loop_config *config, bool writable)
{
	u32 flags = config->info.lo_flags;
	int err;

	if (flags & ~CONFIGURE_SETTABLE)
		return -EINVAL;
	if (config->block_size && !valid_block_size(config->block_size))
		return -EINVAL;
	if (lo->file)
		return -EBUSY;
	err = take_status(lo, &config->info);
	if (!err)
		err = loop_bind(lo, file, flags & ~LO_FLAGS_DIRECT_IO,
				!writable || flags & LO_FLAGS_READ_ONLY);
	if (!err)
		lo->disk.block_size = config->block_size;
	return err;
}

static long configure(struct loop_device *lo, const struct loop_config *config,
		      bool writable)
{
	struct file *file = fget(config->fd);
	int err;

	if (!file)
		return -EBADF;
	down_write(&lo->lock);
	err = bind_as_told(lo, file, config, writable);
	up_write(&lo->lock);
	fput(file);
	if (!err && config->info.lo_flags & LO_FLAGS_PARTSCAN)
		(void)rescan_partitions(&lo->disk);
	return err;
}

static long configure_user(struct loop_device *lo, const void __user *arg,
			   bool writable)
{
	struct loop_config *config = kmalloc(sizeof(*config), GFP_KERNEL);
	long err = -EFAULT;

	if (!config)
		return -ENOMEM;
	if (!copy_from_user(config, arg, sizeof(*config)))
		err = configure(lo, config, writable);
	kfree(config);
	return err;
}

static long set_fd(struct loop_device *lo, unsigned int fd, bool writable)
{
	struct loop_config *config = kzalloc(sizeof(*config), GFP_KERNEL);
	long err;

	if (!config)
		return -ENOMEM;
	config->fd = fd;
	err = configure(lo, config, writable);
	kfree(config);
	return err;
}

/* Another program that has it open keeps it, until it closes it. */
static long clear_fd(struct loop_device *lo)
{
	int err = -ENXIO;

	down_write(&lo->lock);
	if (lo->file && lo->disk.part[0]->openers > 1) {
		lo->flags |= LO_FLAGS_AUTOCLEAR;
		err = 0;
	} else if (lo->file) {
		err = loop_unbind(lo);
	}
	up_write(&lo->lock);
	return err;
}

/* Another file of the same length below a device that is only read. */
static int change_file(struct loop_device *lo, struct file *file)
{
	umode_t mode = file->f_inode->i_mode;
	struct file *old = lo->file;

	if (!old)
		return -ENXIO;
	if (!(lo->flags & LO_FLAGS_READ_ONLY) || !file->f_mapping ||
	    (!S_ISREG(mode) && !S_ISBLK(mode)) || !file->f_op->read_iter ||
	    mapping_size(file->f_mapping) != mapping_size(old->f_mapping))
		return -EINVAL;
	loop_mark_file(old, false);
	loop_mark_file(file, true);
	lo->file = get_file(file);
	invalidate_mapping_pages(lo->disk.part[0]->bd_mapping, 0, ~0ul);
	fput(old);
	return 0;
}

static long change_fd(struct loop_device *lo, unsigned int fd)
{
	struct file *file = fget(fd);
	int err;

	if (!file)
		return -EBADF;
	down_write(&lo->lock);
	err = change_file(lo, file);
	up_write(&lo->lock);
	fput(file);
	return err;
}

/* ---- what else may be set ---- */

/* With the lock. */
static int set_simple(struct loop_device *lo, unsigned int cmd,
		      unsigned long arg)
{
	if (!lo->file && cmd >= LOOP_SET_CAPACITY && cmd <= LOOP_SET_BLOCK_SIZE)
		return -ENXIO;
	switch (cmd) {
	case LOOP_SET_CAPACITY:
		loop_update_size(lo);
		return 0;
	case LOOP_SET_BLOCK_SIZE:
		if (arg > PAGE_SIZE || !valid_block_size((u32)arg))
			return -EINVAL;
		(void)sync_blockdev(lo->disk.part[0]);
		lo->disk.block_size = (u32)arg;
		return 0;
	case LOOP_SET_DIRECT_IO: /* no file's bytes pass its cache by here */
		return arg ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static long set_locked(struct loop_device *lo, unsigned int cmd,
		       unsigned long arg)
{
	int err;

	down_write(&lo->lock);
	err = set_simple(lo, cmd, arg);
	up_write(&lo->lock);
	return err;
}

/**
 * loop_ioctl() - ioctl(2) of a loop device
 * @disk: the device
 * @cmd: LOOP_*
 * @arg: its argument
 * @writable: it was opened for writing
 *
 * Context: may sleep. Return: 0 or -errno.
 */
long loop_ioctl(struct gendisk *disk, unsigned int cmd, unsigned long arg,
		bool writable)
{
	struct loop_device *lo = loop_of(disk);
	void __user *user = (void __user *)arg;
	bool may = writable || capable(CAP_SYS_ADMIN);

	switch (cmd) {
	case LOOP_SET_FD:
		return set_fd(lo, (unsigned int)arg, writable);
	case LOOP_CONFIGURE:
		return configure_user(lo, user, writable);
	case LOOP_CHANGE_FD:
		return change_fd(lo, (unsigned int)arg);
	case LOOP_CLR_FD:
		return clear_fd(lo);
	case LOOP_SET_STATUS:
		return may ? set_status_old(lo, user) : -EPERM;
	case LOOP_GET_STATUS:
		return get_status_old(lo, user);
	case LOOP_SET_STATUS64:
		return may ? set_status_64(lo, user) : -EPERM;
	case LOOP_GET_STATUS64:
		return get_status_64(lo, user);
	case LOOP_SET_CAPACITY:
	case LOOP_SET_DIRECT_IO:
	case LOOP_SET_BLOCK_SIZE:
		return may ? set_locked(lo, cmd, arg) : -EPERM;
	default:
		return set_locked(lo, cmd, arg);
	}
}
