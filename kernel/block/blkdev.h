/* SPDX-License-Identifier: MIT */
/*
 * Block devices: disks, their partitions, and what is asked of them.
 *
 *   bio ── submit_bio ─▶ request_queue: merged, sorted ─▶ the driver's thread
 *    ▲                                                       │ do_request
 *    └───────────────────── end_io ◀─────────────────────────┘
 *
 * Code: kernel/block/ (bio.c, elevator.c, genhd.c, partitions.c, bdev.c).
 */
#ifndef KERNEL_BLOCK_BLKDEV_H
#define KERNEL_BLOCK_BLKDEV_H

#include <ashlar/fs.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <kernel/fs/writeback.h>
#include <kernel/sched/wait.h>

struct seq_file;
struct super_block;

typedef u64 sector_t; /* counted in sectors of 512 bytes */
#define SECTOR_SHIFT 9
#define SECTOR_SIZE 512u

enum req_op { REQ_OP_READ, REQ_OP_WRITE, REQ_OP_FLUSH, NR_REQ_OPS };

/* ---- one transfer, of one caller ---- */

struct bio;

/* Transfers of neighbouring sectors, done as one; lies in one of them. */
struct request {
	struct rb_node node; /* by sector */
	struct list_head fifo; /* by age */
	struct list_head urgent; /* likewise, of those that are; else empty */
	enum req_op op;
	sector_t sector;
	u32 nr_sectors;
	u32 nr_vecs;
	struct bio *head, *tail;
	u64 start; /* ns of CLOCK_MONOTONIC: when it was queued */
};

static inline sector_t rq_end(const struct request *rq)
{
	return rq->sector + rq->nr_sectors;
}

struct bio_vec {
	struct page *page;
	u32 len, offset; /* bytes; both multiples of a sector */
};

/* Each within a page, so 64 KB at most: what every driver takes at once. */
#define BIO_MAX_VECS 16u

struct bio {
	struct bio *next; /* of the same request, ascending */
	struct block_device *bdev;
	sector_t sector; /* of the device; once submitted, of the disk */
	enum req_op op;
	bool urgent; /* a task waits for it now: Linux's REQ_SYNC, REQ_PRIO */
	u32 size; /* bytes */
	int status; /* 0 or -errno, when it is done */
	u16 nr_vecs, max_vecs;
	/* It is done: in the context of the disk's thread; may sleep. */
	void (*end_io)(struct bio *bio);
	void *private; /* end_io's */
	struct request rq; /* if it did not join another's */
	struct bio_vec vec[];
};

static inline sector_t bio_end(const struct bio *bio)
{
	return bio->sector + (bio->size >> SECTOR_SHIFT);
}

struct bio *bio_alloc(struct block_device *bdev, unsigned int max_vecs,
		      enum req_op op, gfp_t gfp);
void rq_copy(const struct request *rq, u32 from, void *buf, u32 bytes,
	     bool to_pages);
bool bio_add_page(struct bio *bio, struct page *page, u32 len, u32 offset);
void bio_put(struct bio *bio);
void submit_bio(struct bio *bio);
int submit_bio_wait(struct bio *bio);
int blkdev_issue_flush(struct block_device *bdev);
void bio_init_pools(void); /* boot */

/* ---- what waits for a disk ---- */

struct request_queue {
	struct rb_root sorted; /* reads and writes, by first sector */
	struct list_head fifo; /* all, the oldest first */
	struct list_head urgent; /* some of them, likewise */
	unsigned int passing; /* urgent ones that went since another did */
	sector_t position; /* where the last one in order ended */
	u32 max_sectors, max_vecs; /* of one request */
	unsigned int nr; /* requests that wait */
	unsigned int nr_writes; /* transfers that are not done */
	bool by_age; /* scheduler "none": the oldest first */
	struct wait_queue_head wait; /* the driver's thread */
	struct wait_queue_head room; /* who has too much to write */
};

void elevator_init(struct request_queue *q, u32 max_sectors, u32 max_vecs);
void elevator_wait_for_room(struct request_queue *q);
bool elevator_add(struct request_queue *q, struct bio *bio);
void elevator_done(struct request_queue *q, const struct bio *bio);
struct request *elevator_next(struct request_queue *q, u64 now);

/* ---- disks ---- */

#define DISK_MINORS 16u /* the disk itself, and 15 partitions */

/* Counted as /proc/diskstats shows them; times in ns. */
struct disk_stats {
	unsigned long ios[NR_REQ_OPS], merges[NR_REQ_OPS];
	u64 sectors[NR_REQ_OPS], time[NR_REQ_OPS];
	unsigned int in_flight;
	u64 busy, weighted, stamp; /* with something in flight; up to stamp */
};

struct block_device {
	struct gendisk *disk;
	unsigned int partno; /* 0: all of the disk */
	u32 bd_dev; /* major and minor */
	bool present; /* false: deleted, and may come again */
	sector_t start, nr_sectors;
	bool read_only;
	unsigned long ra_next, ra_nr; /* pages: where the last reading ended,
				       * and how many it was */
	unsigned int openers; /* programs, and filesystems of it */
	bool claimed; /* by who must have it alone: blkdev_claim() */
	unsigned int claimed_parts; /* of a whole disk */
	bool make_it_fail; /* fail_request.c */
	struct disk_stats stats;
	struct address_space *bd_mapping; /* its cached bytes, buffer.c */
	struct address_space bd_data;
	struct super_block *bd_super; /* what is mounted of it, or NULL */
	char name[12];
};

struct gendisk_ops {
	/* Do what @rq says, and return 0 or -errno. In the disk's thread. */
	int (*do_request)(struct gendisk *disk, const struct request *rq);
	/* A program opens it: 0 or -errno. NULL: it may. */
	int (*open)(struct gendisk *disk);
	/* The last one closed it, or its last partition. NULL: nothing. */
	void (*release)(struct gendisk *disk);
	/* What every disk cannot be asked; NULL: nothing. @writable: it was
	 * opened for writing. */
	long (*ioctl)(struct gendisk *disk, unsigned int cmd, unsigned long arg,
		      bool writable);
};

struct gendisk {
	struct list_head list;
	char name[8];
	const char *driver; /* in /proc/devices */
	u32 major, first_minor;
	unsigned int minors; /* DISK_MINORS; 1: its partitions have others */
	sector_t capacity;
	u32 block_size; /* bytes of what it reads at once; 0: a sector */
	bool removable; /* what is in it can be taken out */
	bool quiet; /* it comes and goes without a word in the log */
	bool started; /* its thread runs */
	const struct gendisk_ops *ops;
	struct request_queue queue;
	unsigned int ra_pages; /* read ahead at most; 0: nothing */
	struct bdi_writeback wb;
	struct block_device *part[DISK_MINORS];
	void *private_data; /* the driver's */
	/* In /sys: */
	const char *sys_parent; /* NULL: a device without hardware */
	const char *model; /* what it says of itself, or NULL */
	const struct proc_entry *attrs; /* in a directory named as the driver;
					 * their data is private_data */
	unsigned int nr_attrs;
	const bool *attrs_shown;
};

/* The disk that a partition is of. */
static inline struct block_device *bdev_whole(struct block_device *bdev)
{
	return bdev->disk->part[0];
}

int add_disk(struct gendisk *disk);
int disk_start(struct gendisk *disk);
void set_capacity(struct gendisk *disk, sector_t sectors);
void hide_disk(struct gendisk *disk);
void show_disk_again(struct gendisk *disk);
int delete_partitions(struct gendisk *disk);
int rescan_partitions(struct gendisk *disk);
int add_partition(struct gendisk *disk, unsigned int partno, sector_t start,
		  sector_t nr_sectors);
struct block_device *blkdev_get(u32 dev);
struct block_device *blkdev_by_name(const char *name);
u32 bdev_number(const struct block_device *bdev);
void show_partitions(struct seq_file *m);
void show_diskstats(struct seq_file *m);
void show_bdev_stat(struct seq_file *m, struct block_device *bdev);
void show_block_majors(struct seq_file *m);
void stats_begin(struct block_device *bdev);
void stats_end(struct block_device *bdev, enum req_op op, u32 sectors,
	       u64 took);

/* Transfers that fail on request: kernel/block/fail_request.c. */
extern struct fault_attr fail_make_request;
bool setup_fail_make_request(const char *value);
bool should_fail_bio(const struct bio *bio);

void scan_partitions(struct gendisk *disk); /* kernel/block/partitions.c */

/* ---- a device and its cache: kernel/block/bdev.c, fops.c, direct.c ---- */

extern const struct file_operations blkdev_fops;
int blkdev_open_bdev(struct block_device *bdev, bool write);
void blkdev_put(struct block_device *bdev);
bool blkdev_claim(struct block_device *bdev);
void blkdev_unclaim(struct block_device *bdev);
ssize_t blkdev_cached_read(struct block_device *bdev, struct iov_iter *to,
			   loff_t *pos, size_t count);
ssize_t blkdev_cached_write(struct block_device *bdev, struct iov_iter *from,
			    loff_t *pos, size_t count);
ssize_t blkdev_direct_IO(struct block_device *bdev, struct iov_iter *iter,
			 loff_t *pos, size_t count, bool write);
void for_each_disk(void (*fn)(struct gendisk *disk));
void sync_bdevs(void);
bool direct_aligned(const struct iov_iter *iter, loff_t pos, size_t count);
/* Where block @iblock of a file is on its disk (0: a hole), and how many of
 * the *@nr that are asked for follow it in one run. 0 or -errno. */
typedef int get_block_t(struct inode *inode, u32 iblock, u32 *block, u32 *nr);
ssize_t blockdev_direct_IO(struct file *f, struct iov_iter *iter, loff_t *pos,
			   size_t count, bool write, get_block_t *get_block);
int sync_blockdev(struct block_device *bdev);
void forget_blockdev_range(struct block_device *bdev, loff_t start, loff_t end);
bool bdev_is_dirty(const struct block_device *bdev);
void invalidate_bdev(struct block_device *bdev);

#endif
