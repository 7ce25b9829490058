/* SPDX-License-Identifier: MIT */
/*
 * Open files and what they hold, as far as memory management sees them: the
 * page cache of a file (struct address_space) and an open file that may be
 * mapped. Names, directories and descriptors are the kernel's (kernel/fs).
 */
#ifndef ASHLAR_FS_H
#define ASHLAR_FS_H

#include <ashlar/atomic.h>
#include <ashlar/compiler.h>
#include <ashlar/errseq.h>
#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <ashlar/rwsem.h>
#include <ashlar/types.h>
#include <ashlar/uio.h>
#include <ashlar/xarray.h>
#include <mach/spinlock.h>

typedef s64 loff_t;
typedef s32 ssize_t;
typedef u16 umode_t;

struct address_space;
struct dentry;
struct file;
struct fown_struct;
struct inode;
struct mount;
struct page;
struct poll_table;
struct dir_context;
struct vm_area_struct;
struct readahead_control;
struct vm_operations_struct;
struct writeback_control;

/* How a file's pages come and go; all called with a reference to the page. */
struct address_space_operations {
	/*
	 * Fill a page that is locked and not uptodate. Returns 0, and calls
	 * end_page_read() now or when the disk is done; or -errno, and does
	 * not. NULL: holes are zeroes.
	 */
	int (*read_folio)(struct address_space *m, struct page *page);
	/*
	 * The same for many, which readahead_page() gives one by one. Those
	 * that it leaves are read when they are asked for. NULL: one by one.
	 */
	void (*readahead)(struct address_space *m,
			  struct readahead_control *rac);
	/*
	 * Begin to write a locked page that counts as clean: 0, and
	 * set_page_writeback() and unlock_page() are done; or -errno, and
	 * they are not. When the disk is done: mapping_set_error() if it
	 * failed, and end_page_writeback().
	 */
	int (*writepage)(struct address_space *m, struct page *page,
			 struct writeback_control *wbc);
	/* What @wbc says of the file, better than page by page; or NULL. */
	int (*writepages)(struct address_space *m,
			  struct writeback_control *wbc);
	/*
	 * Bytes [@from, @to) of a locked page are going to be written, or any
	 * of it within the file's size: room for them on the disk (0 or
	 * -errno). Neither reads: the page is complete. NULL: there is room.
	 */
	int (*write_begin)(struct address_space *m, struct page *page,
			   unsigned int from, unsigned int to);
	int (*page_mkwrite)(struct address_space *m, struct page *page);
	/*
	 * O_DIRECT: move @count bytes, within the file's size, between its
	 * disk and @iter. Nothing of it is dirty. Bytes, and *@pos moves on;
	 * fewer where a write comes to a hole; -EINVAL for parts of sectors.
	 */
	ssize_t (*direct_IO)(struct file *f, struct iov_iter *iter, loff_t *pos,
			     size_t count, bool write);
	/*
	 * Where the file's sector @from, of 512 bytes, is on its disk: 0,
	 * *@sector (0: a hole), and *@nr, how many of those that are asked for
	 * follow in one run; or -errno. NULL: a file that has no such places.
	 */
	int (*bmap)(struct address_space *m, u64 from, u64 *sector, u32 *nr);
	/*
	 * A locked page with PG_private leaves the cache: what ->priv says is
	 * not needed any more. False: it is, and the page should stay.
	 */
	bool (*release_page)(struct address_space *m, struct page *page);
	/* @nr pages are to join the cache (0 or -errno), or have left it. */
	int (*charge)(struct address_space *m, unsigned long nr);
	void (*uncharge)(struct address_space *m, unsigned long nr);
	/*
	 * A page that a swap area has comes back. The page with a reference;
	 * NULL: no area has it; ERR_PTR(-ENOMEM, -EIO). May sleep. Files in
	 * memory alone have it.
	 */
	struct page *(*swapin)(struct address_space *m, unsigned long index);
};

/* A file's cached pages and the areas that map it. */
struct address_space {
	struct xarray i_pages; /* page index → struct page */
	unsigned long nrpages; /* (i_pages.xa_lock) */
	unsigned long nrshadows; /* of pages that were reclaimed (the same) */
	unsigned long shadow_next; /* where to look for them (the same) */
	struct list_head shadow_list; /* mm/workingset.c (shadow_lock) */
	unsigned long nrswapped; /* values that are slots of swap areas
				  * (i_pages.xa_lock) */
	struct list_head swaplist; /* mm/shmem_swap.c, with its lock … */
	unsigned int swap_users; /* … who looks at the file for its sake */
	spinlock_t i_mmap_lock;
	struct list_head i_mmap; /* vm_area_struct::shared_node (i_mmap_lock) */
	const struct address_space_operations *a_ops;
	void *host; /* the inode, to whoever set it */
	struct rw_semaphore i_rwsem; /* whoever writes, cuts or seals it */
	struct rw_semaphore invalidate_lock; /* for write: no page comes */
	u32 i_size_seq; /* odd while i_size changes */
	loff_t i_size; /* bytes; mm never maps or reads past it (i_rwsem) */
	u32 flags; /* AS_* (i_pages.xa_lock) */
	gfp_t gfp_mask; /* where pages come from */
	int i_mmap_writable; /* shared writable mappings; < 0: denied
			      * (i_mmap_lock) */
	u32 seals; /* F_SEAL_* (i_rwsem and i_mmap_lock) */
	unsigned long acct; /* pages committed for its size, mm/shmem.c
			     * (i_rwsem) */
	void *private_data; /* the filesystem's */
	loff_t write_end; /* so far bytes are being copied; 0: none (i_rwsem) */
	unsigned long writeback_index; /* page where the next writing begins */
	/* What its flusher knows of it, kernel/fs/fs-writeback.c. */
	struct list_head wb_list; /* of dirty files */
	u64 wb_dirtied_when; /* ns of CLOCK_MONOTONIC */
	u32 wb_state; /* WB_* */
	errseq_t wb_err; /* the last page that could not be written */
};

#define AS_SHMEM 0x1u /* pages count as shmem and are swap-backed */
#define AS_UNEVICTABLE 0x2u /* SHM_LOCK */
#define AS_BDEV 0x8u /* a block device's: Buffers, in low memory */
#define AS_ACCOUNT 0x4u /* committed for its size, not page by page */
#define AS_EIO 0x10u /* a page could not be written, and it was not told */
#define AS_HUGETLB 0x100u /* of huge pages: mm/hugetlb_file.c */
#define AS_BELOW_DEVICE 0x40u /* a loop device's: no writer is held up */
#define AS_ENOSPC 0x20u /* ... for want of room */

#define AS_SWAPFILE 0x80u /* a swap area: nothing else writes or cuts it */

/* True if it is a swap area (Linux has this of inodes). */
static inline bool IS_SWAPFILE(const struct address_space *m)
{
	return unlikely(READ_ONCE(m->flags) & AS_SWAPFILE);
}

/* True if its pages have a disk to go to. */
static inline bool mapping_can_writeback(const struct address_space *m)
{
	return !(m->flags & (AS_SHMEM | AS_HUGETLB));
}

/* A size of one moment, though it is two words on some machines. */
static inline loff_t mapping_size(const struct address_space *m)
{
	loff_t size;
	u32 seq;

	do {
		seq = __atomic_load_n(&m->i_size_seq, __ATOMIC_ACQUIRE);
		size = m->i_size;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (unlikely(seq & 1 || seq != READ_ONCE(m->i_size_seq)));
	return size;
}

/* Context: i_rwsem for write. */
static inline void mapping_set_size(struct address_space *m, loff_t size)
{
	__atomic_store_n(&m->i_size_seq, m->i_size_seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	m->i_size = size;
	__atomic_store_n(&m->i_size_seq, m->i_size_seq + 1, __ATOMIC_RELEASE);
}

/* Largest size of a file: its page numbers are words. */
#define MAX_LFS_FILESIZE ((loff_t)0xfffffffful << PAGE_SHIFT)

/* struct file::f_mode */
#define FMODE_READ 0x1u
#define FMODE_WRITE 0x2u
#define FMODE_LSEEK 0x4u
#define FMODE_EXEC 0x20u
#define FMODE_EXCL 0x80u /* a block device that others must not have so */
#define FMODE_RANDOM 0x1000u /* nothing is read ahead */
#define FMODE_PATH 0x4000u

struct file_operations {
	loff_t (*llseek)(struct file *f, loff_t off, int whence);
	ssize_t (*read_iter)(struct file *f, struct iov_iter *to, loff_t *pos);
	ssize_t (*write_iter)(struct file *f, struct iov_iter *from,
			      loff_t *pos);
	int (*iterate)(struct file *f, struct dir_context *ctx);
	u32 (*poll)(struct file *f, struct poll_table *pt);
	long (*ioctl)(struct file *f, unsigned int cmd, unsigned long arg);
	int (*mmap)(struct file *f, struct vm_area_struct *vma);
	int (*open)(struct inode *inode, struct file *f);
	void (*release)(struct file *f);
	/* O_ASYNC is to be set or cleared by way of descriptor @fd. */
	int (*fasync)(int fd, struct file *f, bool on);
	/* What was written to bytes @start to @end is on the disk then; with
	 * @datasync no more of its inode than finds them again. */
	int (*fsync)(struct file *f, loff_t start, loff_t end, bool datasync);
	long (*fallocate)(struct file *f, int mode, loff_t off, loff_t len);
};

/* What reading of an open file was like, to guess what comes. */
struct file_ra_state {
	unsigned long start; /* pages: the last window */
	unsigned int size, async_size; /* of it; and its tail with the mark */
	unsigned int ra_pages; /* the largest; 0: none */
	unsigned int normal_pages; /* that, without advice */
	unsigned int mmap_miss; /* faults that found no page */
	unsigned long prev_index; /* the last page that was read */
};

struct file {
	atomic_t f_count;
	u32 f_mode; /* FMODE_* */
	u32 f_flags; /* O_* */
	const struct file_operations *f_op;
	struct address_space *f_mapping; /* NULL: has no page cache */
	loff_t f_pos;
	errseq_t f_wb_err; /* errors of its pages that it has been told of */
	struct file_ra_state f_ra;
	struct inode *f_inode;
	struct dentry *f_dentry;
	struct mount *f_mnt;
	void *private_data; /* the driver's */
	void *f_ep; /* who watches it: kernel/fs/eventpoll.c */
	struct fown_struct *f_owner; /* what it signals; NULL: no task yet */
};

static inline struct file *get_file(struct file *f)
{
	atomic_inc(&f->f_count);
	return f;
}

/* The last reference calls @f_op->release and frees. Defined by kernel/fs;
 * sim's tests have their own. */
void __fput(struct file *f);

static inline void fput(struct file *f)
{
	if (atomic_dec_and_test(&f->f_count))
		__fput(f);
}

/* ---- the page cache, mm/filemap.c ---- */

void address_space_init(struct address_space *m,
			const struct address_space_operations *ops, void *host,
			u32 flags);
/* The cached page with a reference, or NULL. It may not be uptodate. */
struct page *find_get_page(struct address_space *m, unsigned long index);
/* The same of the first page from *@index to @last; *@index is its number. */
struct page *find_get_next_page(struct address_space *m, unsigned long *index,
				unsigned long last);
/* The page, uptodate, with a reference; made if need be. ERR_PTR. */
struct page *read_mapping_page(struct address_space *m, unsigned long index);
size_t filemap_ready_bytes(struct address_space *m, loff_t pos, size_t n);
ssize_t generic_file_read_iter(struct file *f, struct iov_iter *to,
			       loff_t *pos);
ssize_t generic_file_write_iter(struct file *f, struct iov_iter *from,
				loff_t *pos);
/* The same with i_rwsem taken. */
ssize_t __generic_file_write_iter(struct file *f, struct iov_iter *from,
				  loff_t *pos);
int generic_file_mmap(struct file *f, struct vm_area_struct *vma);
extern const struct vm_operations_struct generic_file_vm_ops;
/* A page that the caller filled joins the cache with its reference. */
int add_to_page_cache(struct address_space *m, struct page *page,
		      unsigned long index);
/* A page that is to be filled joins it, and is locked then. */
int add_to_page_cache_locked(struct address_space *m, struct page *page,
			     unsigned long index, bool inside);
void end_page_read(struct page *page, int err); /* it is filled: unlock it */
void delete_from_page_cache(struct page *page); /* locked; it goes alone */
void __delete_from_page_cache(struct address_space *m, struct page *page);
/* Forget pages that are clean and not used (how many), or those in use too. */
unsigned long invalidate_mapping_pages(struct address_space *m,
				       unsigned long first, unsigned long last);
int invalidate_inode_pages2_range(struct address_space *m, unsigned long first,
				  unsigned long last);
/*
 * Between the two no page of the file is read in, and none becomes dirty by a
 * store: the file's places on the disk can be given up. Below i_rwsem.
 */
static inline void filemap_invalidate_lock(struct address_space *m)
{
	down_write(&m->invalidate_lock);
}

static inline void filemap_invalidate_unlock(struct address_space *m)
{
	up_write(&m->invalidate_lock);
}

/* Zero [start, end) of one page, which is read if need be. */
int filemap_zero_range(struct address_space *m, loff_t start, loff_t end);
/* Drop cached pages in [start, end) bytes; mapped ones are unmapped first. */
void truncate_inode_pages_range(struct address_space *m, loff_t start,
				loff_t end);
/* The same for a hole: private copies that areas made stay. */
void truncate_pagecache_range(struct address_space *m, loff_t start,
			      loff_t end);
/*
 * Set the size; pages past it go, the rest of the last one is zeroed. With
 * i_rwsem for write.
 */
void truncate_setsize(struct address_space *m, loff_t size);
/* Read bytes of a file into kernel memory: bytes read, or -errno. */
ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t pos);

/* Files without a name, and those of a tmpfs: <ashlar/shmem_fs.h>. */

#endif
