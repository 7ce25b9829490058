/* SPDX-License-Identifier: MIT */
/*
 * What was written in memory goes to its disk: the flusher of each disk.
 *
 *   set_page_dirty ─► mark_inode_dirty_pages
 *                          │ the first dirty page of a file
 *                          ▼
 *   wb.dirty  ⇄ file ⇄ file ⇄       in the order in which they became dirty
 *        │ old enough, or too much is dirty
 *        ▼
 *   wb.io     ⇄ file ⇄ file ⇄       being written, a part of each at a time
 *        │ do_writepages
 *        ▼
 *   clean; or dirty again, and last in wb.dirty
 *
 * A file here is its address_space: an inode's i_data, or a block device's.
 * wb_state says where one is: WB_QUEUED on a list, WB_WRITING in somebody's
 * hands, who alone writes it, or neither, and then nothing of it is dirty.
 *
 * A flusher begins with the first page that becomes dirty on its disk. It looks
 * every dirty_writeback_interval for what is older than dirty_expire_interval,
 * and writes the oldest first when more than the background limit is dirty. So
 * what a program does not fsync is on the disk half a minute later.
 *
 * Whoever writes an inode's pages has a reference to it. Locks: none around the
 * lists; nothing sleeps between a look and the change that follows.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include <kernel/block/blkdev.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/super.h>
#include <kernel/fs/writeback.h>
#include <kernel/task/kthread.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#define PART 1024 /* pages of one file, before another has its turn */
#define NS_PER_CS (NSEC_PER_SEC / 100)
#define LONG_MAX (~0ul >> 1)

unsigned int dirty_writeback_interval = 500;
unsigned int dirty_expire_interval = 3000;

/* address_space::wb_state */
#define WB_QUEUED 1u
#define WB_WRITING 2u

static struct inode *inode_of(struct address_space *m)
{
	return container_of(m, struct inode, i_data);
}

static struct block_device *bdev_of(struct address_space *m)
{
	if (m->flags & AS_BDEV)
		return m->host;
	return inode_of(m)->i_sb->s_bdev;
}

static bool is_dirty(const struct address_space *m)
{
	return xa_marked(&m->i_pages, XA_MARK_DIRTY);
}

/* ---- filesystems that are written, and may be unmounted meanwhile ---- */

/* True if @sb stays until sb_unpin(), though nothing may use it any more. */
static bool sb_pin(struct super_block *sb)
{
	if (!sb->s_born)
		return false;
	sb->s_syncing++;
	return true;
}

static void sb_unpin(struct super_block *sb)
{
	sb->s_syncing--;
	port_wake(&sb->s_syncing);
}

/** sb_wait_unpinned() - a filesystem goes: wait for those who write it */
void sb_wait_unpinned(struct super_block *sb)
{
	while (sb->s_syncing) {
		might_sleep();
		port_wait(&sb->s_syncing);
	}
}

/* ---- files become dirty ---- */

static int flusher(void *arg);

/* The thread begins, or looks at the limits. Context: does not sleep. */
static void wake_flusher(struct gendisk *disk)
{
	struct bdi_writeback *wb = &disk->wb;

	wb->kicked = true;
	if (wb->thread.pid > 0)
		wake_up(&wb->wait);
	else
		kthread_post(&wb->thread, flusher, disk, wb->name);
}

static void queue_dirty(struct bdi_writeback *wb, struct address_space *m)
{
	m->wb_state |= WB_QUEUED;
	m->wb_dirtied_when = ktime_get();
	list_add_tail(&m->wb_list, &wb->dirty);
}

/* mark_inode_dirty_pages() of mm/. Context: under any spinlock. */
static void file_is_dirty(struct address_space *m)
{
	struct block_device *bdev;
	bool first;

	current->ru.write_bytes += PAGE_SIZE;
	if (m->wb_state)
		return;
	bdev = bdev_of(m);
	if (!bdev)
		return;
	first = list_empty(&bdev->disk->wb.dirty) &&
		list_empty(&bdev->disk->wb.io);
	queue_dirty(&bdev->disk->wb, m);
	if (first)
		wake_flusher(bdev->disk);
}

/* account_page_cleaned() of mm/. Context: under any spinlock. */
static void page_is_cancelled(void)
{
	current->ru.cancelled_write_bytes += PAGE_SIZE;
}

static void wake_dirty(struct gendisk *disk)
{
	if (!list_empty(&disk->wb.dirty) || !list_empty(&disk->wb.io))
		wake_flusher(disk);
}

/** wakeup_flushers() - more is dirty than should be, or a knob was turned */
void wakeup_flushers(void)
{
	for_each_disk(wake_dirty);
}

static void unqueue(struct address_space *m)
{
	if (m->wb_state & WB_QUEUED)
		list_del(&m->wb_list);
	m->wb_state &= ~WB_QUEUED;
}

/** inode_wb_forget() - an inode goes, and what is dirty with it */
void inode_wb_forget(struct inode *inode)
{
	unqueue(&inode->i_data);
}

/* ---- one file ---- */

/* The file is in the caller's hands; a reference keeps it alive. */
static void begin_writing(struct address_space *m)
{
	while (m->wb_state & WB_WRITING) {
		might_sleep();
		port_wait(&m->wb_state);
	}
	unqueue(m);
	m->wb_state |= WB_WRITING;
}

static void end_writing(struct address_space *m, bool all)
{
	struct bdi_writeback *wb = &bdev_of(m)->disk->wb;

	m->wb_state &= ~WB_WRITING;
	port_wake(&m->wb_state);
	if (!is_dirty(m))
		return;
	if (all) {
		queue_dirty(wb, m);
		return;
	}
	m->wb_state |= WB_QUEUED; /* and as old as it was */
	list_add_tail(&m->wb_list, &wb->io);
}

static int write_file(struct address_space *m, struct writeback_control *wbc)
{
	int err;

	begin_writing(m);
	err = do_writepages(m, wbc);
	end_writing(m, wbc->nr_to_write > 0);
	return err;
}

/* ---- the flusher ---- */

/* Files that became dirty before @when are to be written. */
static void queue_io(struct bdi_writeback *wb, u64 when)
{
	struct address_space *m;

	while (!list_empty(&wb->dirty)) {
		m = list_first_entry(&wb->dirty, struct address_space, wb_list);
		if (m->wb_dirtied_when > when)
			break;
		list_del(&m->wb_list);
		list_add_tail(&m->wb_list, &wb->io);
	}
}

/* A part of the first file of wb->io. */
static void write_first(struct bdi_writeback *wb)
{
	struct writeback_control wbc = { .nr_to_write = PART,
					 .sync_mode = WB_SYNC_NONE,
					 .range_cyclic = true };
	struct address_space *m =
		list_first_entry(&wb->io, struct address_space, wb_list);
	struct inode *inode = m->flags & AS_BDEV ? NULL : inode_of(m);

	if (inode && inode->i_state & I_FREEING) {
		unqueue(m);
		return;
	}
	if (inode)
		iget(inode);
	write_file(m, &wbc);
	if (inode)
		iput(inode);
}

/* What was dirty before @when goes; or all, while too much is dirty. */
static void write_old(struct bdi_writeback *wb, u64 when)
{
	queue_io(wb, when);
	while (!list_empty(&wb->io))
		write_first(wb);
}

static void write_background(struct bdi_writeback *wb)
{
	u64 start = ktime_get();

	while (over_background_thresh()) {
		if (list_empty(&wb->io))
			queue_io(wb, start);
		if (list_empty(&wb->io))
			break;
		write_first(wb);
	}
}

/* Filesystems of the disk write of their tables what is old. */
static void sync_old_tables(struct gendisk *disk)
{
	unsigned int i;

	for (i = 0; i < DISK_MINORS; i++) {
		struct block_device *bdev = disk->part[i];
		struct super_block *sb = bdev ? bdev->bd_super : NULL;

		if (!sb || sb->s_flags & SB_RDONLY || !sb_pin(sb))
			continue;
		if (sb->s_op->sync_fs)
			(void)sb->s_op->sync_fs(sb, false);
		sb_unpin(sb);
	}
}

static bool has_supers(const struct gendisk *disk)
{
	unsigned int i;

	for (i = 0; i < DISK_MINORS; i++)
		if (disk->part[i] && disk->part[i]->bd_super)
			return true;
	return false;
}

static bool has_work(const struct gendisk *disk)
{
	return !list_empty(&disk->wb.dirty) || !list_empty(&disk->wb.io) ||
	       has_supers(disk);
}

/* Sleep until something is to be done. Interruptible: it is no load. */
static void wait_for_work(struct gendisk *disk)
{
	struct bdi_writeback *wb = &disk->wb;

	if (dirty_writeback_interval && has_work(disk))
		wait_event_interruptible_until(&wb->wait, wb->kicked, wb->next);
	else
		wait_event_interruptible(&wb->wait, wb->kicked);
	wb->kicked = false;
}

/* Once in an interval: what is old. */
static void look_at_the_clock(struct gendisk *disk)
{
	struct bdi_writeback *wb = &disk->wb;
	u64 now = ktime_get(), age = dirty_expire_interval * NS_PER_CS;

	if (!dirty_writeback_interval || now < wb->next)
		return;
	write_old(wb, now > age ? now - age : 0);
	sync_old_tables(disk);
	wb->next = ktime_get() + dirty_writeback_interval * NS_PER_CS;
}

static int flusher(void *arg)
{
	struct gendisk *disk = arg;

	for (;;) {
		wait_for_work(disk);
		look_at_the_clock(disk);
		write_background(&disk->wb);
	}
	return 0;
}

/** wb_init() - nothing of a disk is dirty */
void wb_init(struct gendisk *disk)
{
	struct bdi_writeback *wb = &disk->wb;

	INIT_LIST_HEAD(&wb->dirty);
	INIT_LIST_HEAD(&wb->io);
	init_waitqueue_head(&wb->wait);
	ashlar_snprintf(wb->name, sizeof(wb->name), "flush-%u:%u", disk->major,
			disk->first_minor);
}

/* ---- sync ---- */

/* True if some of the file's pages are not on the disk. */
static bool wants_sync(const struct address_space *m)
{
	return is_dirty(m) || m->wb_state & WB_WRITING ||
	       xa_marked(&m->i_pages, XA_MARK_WRITEBACK);
}

/* @fn of each inode of @sb with something to write; it has a reference. */
static void for_each_dirty(struct super_block *sb, void (*fn)(struct inode *))
{
	struct inode *inode, *last = NULL;

	list_for_each_entry(inode, &sb->s_inodes, i_sb_list) {
		if (inode->i_state & (I_NEW | I_FREEING) ||
		    !wants_sync(&inode->i_data))
			continue;
		iget(inode);
		if (last) /* the list goes on from one that stays */
			iput(last);
		last = inode;
		fn(inode);
	}
	if (last)
		iput(last);
}

static void start_sync(struct inode *inode)
{
	struct writeback_control wbc = { .nr_to_write = LONG_MAX,
					 .sync_mode = WB_SYNC_ALL,
					 .range_end = MAX_LFS_FILESIZE };

	write_file(&inode->i_data, &wbc);
}

static void wait_sync(struct inode *inode)
{
	filemap_fdatawait_range(&inode->i_data, 0, MAX_LFS_FILESIZE);
}

/* Files' bytes are on the disk, those that were written before. Errors stay for
 * who has the files open. */
static void sync_files(struct super_block *sb)
{
	for_each_dirty(sb, start_sync);
	for_each_dirty(sb, wait_sync);
}

/**
 * sync_filesystem() - all of a filesystem is on its disk
 * @sb: the filesystem; with a reference
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int sync_filesystem(struct super_block *sb)
{
	int err = 0, this;

	if (!sb->s_bdev || sb->s_flags & SB_RDONLY)
		return 0;
	sync_files(sb);
	if (sb->s_op->sync_fs)
		err = sb->s_op->sync_fs(sb, true);
	this = sync_blockdev(sb->s_bdev);
	err = err ? err : this;
	this = blkdev_issue_flush(sb->s_bdev);
	return err ? err : this;
}

/** sync_all() - sync(2). Context: may sleep. */
void sync_all(void)
{
	struct super_block *sb, *last = NULL;

	list_for_each_entry(sb, &super_blocks, s_list) {
		if (!sb->s_bdev || !sb_pin(sb))
			continue;
		if (last) /* the list goes on from one that stays */
			sb_unpin(last);
		last = sb;
		(void)sync_filesystem(sb);
	}
	if (last)
		sb_unpin(last);
	sync_bdevs();
}

/** writeback_init() - mm/ tells of what is dirty from now on. Context: boot. */
void writeback_init(void)
{
	mark_inode_dirty_pages = file_is_dirty;
	account_page_cleaned = page_is_cancelled;
	start_background_writeback = wakeup_flushers;
}
