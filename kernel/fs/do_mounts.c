/* SPDX-License-Identifier: MIT */
/*
 * The root on a disk: root=/dev/sda1 [rw] [rootfstype=ext2].
 *
 *   rootfs /  ◄── the disk's root, mounted at /root and then moved over /
 *                  └ dev ◄── devtmpfs
 *
 * An image that has an /init sees to its root itself, and root= is then for
 * that to read.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/block/blkdev.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/mount.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/fs/stat.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include "internal.h"

static bool is_there(const char *name)
{
	struct path path;

	if (kern_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

static void mount_failed(const char *name, u32 dev, int err)
{
	printk(KERN_ERR "VFS: Cannot open root device \"%s\" or "
			"unknown-block(%u,%u): error %d\n",
	       name, MAJOR(dev), MINOR(dev), err);
	panic("VFS: Unable to mount root fs on unknown-block(%u,%u)",
	      MAJOR(dev), MINOR(dev));
}

/* Into /root and then over /, where process 1 and all others go. */
static int mount_root(u32 dev)
{
	const char *type = boot_options.rootfstype ?: "ext2";
	u32 flags = boot_options.rootfs_rw ? 0 : MS_RDONLY;
	struct path root;
	int err = kern_mknod("/dev/root", S_IFBLK | 0600, dev);

	if (!err)
		err = kern_mount("/dev/root", "/root", type, flags, NULL);
	if (!err)
		err = kern_path_at(AT_FDCWD, "/root", LOOKUP_FOLLOW, &root);
	if (err)
		return err;
	printk(KERN_INFO "VFS: Mounted root (%s filesystem)%s on device "
			 "%u:%u.\n",
	       type, mnt_readonly(root.mnt) ? " readonly" : "", MAJOR(dev),
	       MINOR(dev));
	err = kern_mount("/root", "/", NULL, MS_MOVE, NULL);
	if (!err)
		fs_struct_move(&root);
	path_put(&root);
	if (err)
		return err;
	err = kern_mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	if (err)
		printk(KERN_WARNING "devtmpfs: error mounting %d\n", err);
	return 0;
}

/**
 * prepare_root() - mount the disk that root= names
 *
 * Context: process 1, when the image is unpacked. It panics if there is no
 * root to mount.
 */
void prepare_root(void)
{
	const char *name = boot_options.root;
	struct block_device *bdev;
	u32 dev;
	int err;

	if (!name || !*name ||
	    is_there(boot_options.rdinit ? boot_options.rdinit : "/init"))
		return;
	if (!ashlar_strncmp(name, "/dev/", 5))
		name += 5;
	bdev = blkdev_by_name(name);
	if (!bdev)
		mount_failed(name, 0, -ENXIO);
	dev = bdev_number(bdev);
	err = mount_root(dev);
	if (err)
		mount_failed(name, dev, err);
}
