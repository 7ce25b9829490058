/* SPDX-License-Identifier: MIT */
/*
 * A device's bytes past its cache, and a file's on it: O_DIRECT.
 *
 *   pos, whole sectors
 *    │◀─ window ─▶│◀─ window ─▶│ …      64 KB each, in pages of its own
 *
 * A program's memory may change while the disk reads it, or be unmapped: so
 * the disk has pages of the kernel's, and the bytes are copied.
 */
#include <ashlar/errno.h>
#include <ashlar/mm.h>
#include <ashlar/writeback.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/super.h>
#include <kernel/task/task.h>

#define WINDOW_BYTES (BIO_MAX_VECS * PAGE_SIZE)

/* Whole sectors of a device, and memory for them. */
struct window {
	struct block_device *bdev;
	sector_t first;
	u32 bytes;
	unsigned int nr_pages;
	struct page *page[BIO_MAX_VECS];
};

static void window_free(struct window *w)
{
	while (w->nr_pages)
		__free_page(w->page[--w->nr_pages]);
}

/*
 * A window on [@pos, @pos + @count), or on its beginning; pages not read. The
 * last sector may be wanted in part.
 */
static int window_make(struct window *w, struct block_device *bdev, loff_t pos,
		       size_t count)
{
	size_t bytes = min(count, (size_t)WINDOW_BYTES);

	*w = (struct window){ .bdev = bdev, .first = (u64)pos >> SECTOR_SHIFT };
	w->bytes = (u32)ALIGN(bytes, SECTOR_SIZE);
	while (w->nr_pages * PAGE_SIZE < w->bytes) {
		struct page *page = alloc_page(GFP_HIGHUSER);

		if (!page) {
			window_free(w);
			return -ENOMEM;
		}
		w->page[w->nr_pages++] = page;
	}
	return 0;
}

static int window_io(struct window *w, enum req_op op)
{
	struct bio *bio = bio_alloc(w->bdev, w->nr_pages, op, GFP_KERNEL);
	u32 left = w->bytes;
	unsigned int i;
	int err;

	bio->sector = w->first;
	for (i = 0; left; i++) {
		u32 n = min(left, (u32)PAGE_SIZE);

		bio_add_page(bio, w->page[i], n, 0);
		left -= n;
	}
	if (op == REQ_OP_WRITE)
		current->ru.write_bytes += bio->size;
	err = submit_bio_wait(bio);
	bio_put(bio);
	return err;
}

/* Up to @n bytes between the window and @iter: how many. */
static size_t window_copy(struct window *w, size_t n, struct iov_iter *iter,
			  bool from_iter)
{
	size_t done = 0, part, copied;

	do {
		struct page *page = w->page[done / PAGE_SIZE];

		part = min(n - done, (size_t)PAGE_SIZE);
		copied = from_iter ? copy_page_from_iter(page, 0, part, iter) :
				     copy_page_to_iter(page, 0, part, iter);
		done += copied;
	} while (done < n && copied == part);
	return done;
}

/* The next window's part of a read or write: bytes, or -errno. */
static ssize_t transfer(struct block_device *bdev, loff_t pos, size_t count,
			struct iov_iter *iter, bool write)
{
	struct window w;
	size_t copied = 0;
	int err = window_make(&w, bdev, pos, count);

	if (err)
		return err;
	if (!write)
		err = window_io(&w, REQ_OP_READ);
	if (!err) {
		copied = window_copy(&w, min(count, (size_t)w.bytes), iter,
				     write);
		if (write) /* if memory ended, whole sectors count */
			copied &= ~(size_t)(SECTOR_SIZE - 1);
		if (!copied)
			err = -EFAULT;
	}
	if (!err && write) {
		w.bytes = (u32)copied;
		err = window_io(&w, REQ_OP_WRITE);
	}
	window_free(&w);
	return err ? err : (ssize_t)copied;
}

/**
 * direct_aligned() - can bytes be moved past a cache?
 * @iter: the memory
 * @pos: where in the file
 * @count: how many
 *
 * Return: true if all of it begins and ends with a sector.
 */
bool direct_aligned(const struct iov_iter *iter, loff_t pos, size_t count)
{
	u32 all = (u32)pos | (u32)count;
	unsigned int i;

	for (i = 0; iter->iov && i < iter->nr_segs; i++)
		all |= iter->iov[i].iov_base | iter->iov[i].iov_len;
	return !((all | (u32)iter->iov_offset) & (SECTOR_SIZE - 1));
}

/**
 * blkdev_direct_IO() - bytes between a device and memory, past its cache
 * @bdev: the device
 * @iter: the memory
 * @pos: where on the device; moves on
 * @count: bytes, none past the device's end
 * @write: to the device
 *
 * What is cached there is written first, and a write leaves nothing cached.
 * Context: may sleep. Return: bytes; -EINVAL for what is no whole sector, or
 * -errno.
 */
ssize_t blkdev_direct_IO(struct block_device *bdev, struct iov_iter *iter,
			 loff_t *pos, size_t count, bool write)
{
	loff_t start = *pos;
	ssize_t done = 0, n = 0;
	int err;

	if (!direct_aligned(iter, *pos, count))
		return -EINVAL;
	err = filemap_write_and_wait_range(bdev->bd_mapping, start,
					   start + (loff_t)count - 1);
	if (err)
		return err;
	while (count) {
		n = transfer(bdev, *pos, count, iter, write);
		if (n <= 0)
			break;
		*pos += n;
		done += n;
		count -= (size_t)n;
		if ((size_t)n % WINDOW_BYTES) /* the last, or memory ended */
			break;
	}
	if (write && done)
		forget_blockdev_range(bdev, start, start + done - 1);
	return done ? done : n;
}

/* A run of a file's bytes: on the disk from @at on, or in a hole. */
struct run {
	loff_t at; /* < 0: a hole */
	size_t bytes;
};

static int find_run(struct file *f, loff_t pos, size_t count,
		    get_block_t *get_block, struct run *r)
{
	const struct super_block *sb = f->f_inode->i_sb;
	u32 bits = sb->s_blocksize_bits, block;
	u32 off = (u32)pos & (sb->s_blocksize - 1);
	u32 nr =
		(u32)((min(count, (size_t)WINDOW_BYTES) + off - 1) >> bits) + 1;
	int err = get_block(f->f_inode, (u32)((u64)pos >> bits), &block, &nr);

	if (err)
		return err;
	r->at = block ? ((loff_t)block << bits) + off : -1;
	r->bytes = min(count, ((size_t)nr << bits) - off);
	return 0;
}

/**
 * blockdev_direct_IO() - ->direct_IO of a filesystem with blocks
 * @f: the file
 * @iter: the memory
 * @pos: where in the file; moves on
 * @count: bytes, within its size
 * @write: to the file
 * @get_block: where its blocks are
 *
 * Context: may sleep. Return: bytes, fewer where a write comes to a hole;
 * -errno.
 */
ssize_t blockdev_direct_IO(struct file *f, struct iov_iter *iter, loff_t *pos,
			   size_t count, bool write, get_block_t *get_block)
{
	struct block_device *bdev = f->f_inode->i_sb->s_bdev;
	ssize_t done = 0, n = 0;
	struct run r;

	if (!direct_aligned(iter, *pos, write ? count : iter->count))
		return -EINVAL;
	while (count) {
		n = find_run(f, *pos, count, get_block, &r);
		if (n || (write && r.at < 0))
			break;
		n = r.at < 0 ? (ssize_t)iov_iter_zero(r.bytes, iter) :
			       transfer(bdev, r.at, r.bytes, iter, write);
		if (!n)
			n = -EFAULT;
		if (n < 0)
			break;
		*pos += n;
		done += n;
		count -= (size_t)n;
		if ((size_t)n < r.bytes) /* memory ended */
			break;
	}
	return done ? done : n;
}
