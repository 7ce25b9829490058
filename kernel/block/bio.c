/* SPDX-License-Identifier: MIT */
/*
 * A transfer: which sectors, and the memory that they go to or come from, in
 * pieces. It is made, given pages, submitted, and done when end_io is called.
 *
 *   bio  │ sector │ size │ page, len, offset │ page, len, offset │ …
 *
 * Memory for a transfer comes from a pool: what has to be written so that
 * memory becomes free must not wait for memory. While one that came from the
 * reserve is under way the next waits for its end, so nobody may hold one
 * back that it has not submitted and ask for another.
 */
#include <ashlar/errno.h>
#include <ashlar/highmem.h>
#include <ashlar/mempool.h>
#include <ashlar/slab.h>
#include <ashlar/vmstat.h>
#include <kernel/block/blkdev.h>
#include <kernel/panic.h>
#include <kernel/sched/psi.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>

#define RESERVE 4 /* transfers that never wait for memory */

static mempool_t *bio_pool;

/** bio_init_pools() - the reserve of transfers. Context: boot, once. */
void bio_init_pools(void)
{
	bio_pool = mempool_create_kmalloc_pool(
		RESERVE,
		sizeof(struct bio) + BIO_MAX_VECS * sizeof(struct bio_vec));
	if (!bio_pool)
		panic("no memory for transfers at boot");
}

/**
 * bio_alloc() - a transfer without pages
 * @bdev: the device
 * @max_vecs: pieces that it will have at most, up to BIO_MAX_VECS
 * @op: what is to be done
 * @gfp: how to allocate; with GFP_KERNEL it waits and never fails
 *
 * Context: may sleep if @gfp says so. Return: the transfer, to be given up by
 * bio_put(); NULL.
 */
struct bio *bio_alloc(struct block_device *bdev, unsigned int max_vecs,
		      enum req_op op, gfp_t gfp)
{
	struct bio *bio = mempool_alloc(bio_pool, gfp);

	if (!bio)
		return NULL;
	max_vecs = min(max_vecs, BIO_MAX_VECS);
	*bio = (struct bio){ .bdev = bdev,
			     .op = op,
			     .max_vecs = (u16)max_vecs };
	return bio;
}

/** bio_put() - a transfer is not needed any more; its pages are the caller's */
void bio_put(struct bio *bio)
{
	mempool_free(bio, bio_pool);
}

/**
 * bio_add_page() - memory for the next sectors
 * @bio: a transfer that is not submitted
 * @page: where the memory is; the caller keeps it until the end
 * @len: bytes, a multiple of a sector
 * @offset: likewise
 *
 * Return: false if there is no room for it.
 */
bool bio_add_page(struct bio *bio, struct page *page, u32 len, u32 offset)
{
	struct bio_vec *last = bio->vec + bio->nr_vecs - 1;

	if (bio->nr_vecs && last->page == page &&
	    last->offset + last->len == offset) {
		last->len += len;
	} else {
		if (bio->nr_vecs == bio->max_vecs)
			return false;
		bio->vec[bio->nr_vecs++] =
			(struct bio_vec){ page, len, offset };
	}
	bio->size += len;
	return true;
}

/* Bytes of one piece of memory, which may lie beyond the direct map. */
static void copy_vec(const struct bio_vec *v, u32 off, char *buf, u32 n,
		     bool to_pages)
{
	if (to_pages)
		memcpy_to_page(v->page, v->offset + off, buf, n);
	else
		memcpy_from_page(buf, v->page, v->offset + off, n);
}

/**
 * rq_copy() - a request's memory, for a driver that moves it by itself
 * @rq: the request
 * @from: the first byte of it
 * @buf: where to, or where from
 * @bytes: how many
 * @to_pages: into the request's memory; else out of it
 *
 * Context: any.
 */
void rq_copy(const struct request *rq, u32 from, void *buf, u32 bytes,
	     bool to_pages)
{
	const struct bio *bio;
	const struct bio_vec *v;
	char *at = buf;

	for (bio = rq->head; bio && bytes; bio = bio->next)
		for (v = bio->vec; v < bio->vec + bio->nr_vecs && bytes; v++) {
			u32 n = from < v->len ? min(v->len - from, bytes) : 0;

			if (n)
				copy_vec(v, from, at, n, to_pages);
			from -= min(from, v->len);
			at += n;
			bytes -= n;
		}
}

static void end(struct bio *bio, int status)
{
	bio->status = status;
	bio->end_io(bio);
}

/* What the device cannot do; the sector becomes the disk's. */
static int check(struct bio *bio)
{
	const struct block_device *bdev = bio->bdev;
	sector_t n = bio->size >> SECTOR_SHIFT;

	if (bio->op == REQ_OP_WRITE && bdev->read_only)
		return -EPERM;
	if (unlikely(should_fail_bio(bio)))
		return -EIO;
	if (!bdev->disk->started)
		return -EIO;
	if (bio->op == REQ_OP_FLUSH)
		return 0;
	if (!n || bio->sector > bdev->nr_sectors ||
	    n > bdev->nr_sectors - bio->sector)
		return -EIO;
	bio->sector += bdev->start;
	return 0;
}

/**
 * submit_bio() - have a transfer done
 * @bio: the transfer, with end_io set
 *
 * What it is refused is told to end_io, too. Context: may sleep.
 */
void submit_bio(struct bio *bio)
{
	struct block_device *bdev = bio->bdev;
	struct gendisk *disk = bdev->disk;
	int err = check(bio);

	if (err) {
		end(bio, err);
		return;
	}
	if (bio->op == REQ_OP_WRITE && !bio->urgent)
		elevator_wait_for_room(&disk->queue);
	if (bio->op == REQ_OP_READ) {
		vm_sectors_in += bio->size >> SECTOR_SHIFT;
		current->ru.read_bytes += bio->size;
	} else {
		vm_sectors_out += bio->size >> SECTOR_SHIFT;
	}
	if (elevator_add(&disk->queue, bio)) {
		bdev->stats.merges[bio->op]++;
		if (bdev->partno)
			disk->part[0]->stats.merges[bio->op]++;
	}
	stats_begin(bdev);
	wake_up(&disk->queue.wait);
}

static void end_wait(struct bio *bio)
{
	complete(bio->private);
}

/**
 * submit_bio_wait() - have a transfer done, and wait for it
 * @bio: the transfer; end_io and private are set here
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int submit_bio_wait(struct bio *bio)
{
	struct completion done;

	init_completion(&done);
	bio->private = &done;
	bio->end_io = end_wait;
	submit_bio(bio);
	psi_iowait(true);
	wait_for_completion(&done);
	psi_iowait(false);
	bio->private = NULL;
	return bio->status;
}

/**
 * blkdev_issue_flush() - what was written survives a power cut from now on
 * @bdev: the device
 *
 * Of writes that were done when this was called. Context: may sleep. Return: 0
 * or -errno.
 */
int blkdev_issue_flush(struct block_device *bdev)
{
	struct bio *bio = bio_alloc(bdev, 0, REQ_OP_FLUSH, GFP_KERNEL);
	int err;

	bio->urgent = true;
	err = submit_bio_wait(bio);
	bio_put(bio);
	return err;
}
