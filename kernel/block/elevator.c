/* SPDX-License-Identifier: MIT */
/*
 * The order in which a disk does what is asked of it.
 *
 *   sectors   ──────────▶ up only, then again from the lowest
 *      │ rq │     │ rq ··· bio │ joins at its end, or at its start
 *               ▲ position
 *
 * Transfers of neighbouring sectors become one request, as long as a device can
 * take it whole. The next request is the one after the last one's end; one that
 * has waited for too long goes first, reads sooner than writes, for a program
 * waits for them.
 *
 * What is urgent passes the others, but only so many times in a row: what an
 * fsync and a commit of tables wait for, beside a file that is written. So does
 * a flush, for it is about what was written when it was asked for, and not
 * about what waits.
 *
 * There is no plug as Linux has it, for there is nothing to hold back: the
 * disk's thread does not run before whoever submits goes to sleep, since nobody
 * is preempted here, and until then all that he submits is merged.
 *
 * A request lies in the transfer that began it, so queueing asks for no memory.
 * The transfer itself did: so that pages on their way out of memory do not use
 * up what is left of it where a disk is slow, only so many writes are under
 * way, and who has more waits until half are done. What is urgent does not.
 *
 * Context: nothing else here sleeps, which is what keeps the queue whole.
 *
 * Idea: the elevator, D. Knuth, TAOCP 1, 2.2.5; deadlines: Linux's
 * block/mq-deadline.
 */
#include <kernel/block/blkdev.h>
#include <kernel/sched/psi.h>
#include <kernel/time/clock.h>

#define PASSING_MOST 16u /* urgent requests, before one that is not */
#define WRITES_MOST 256u /* transfers under way, before writers wait */

/* How long a request may be passed over. */
static const u64 patience[NR_REQ_OPS] = {
	[REQ_OP_READ] = NSEC_PER_SEC / 2,
	[REQ_OP_WRITE] = 5ull * NSEC_PER_SEC,
};

/**
 * elevator_init() - a queue without requests
 * @q: what to fill in
 * @max_sectors: of one request
 * @max_vecs: pieces of memory of one request
 */
void elevator_init(struct request_queue *q, u32 max_sectors, u32 max_vecs)
{
	*q = (struct request_queue){ .sorted = RB_ROOT,
				     .max_sectors = max_sectors,
				     .max_vecs = max_vecs };
	INIT_LIST_HEAD(&q->fifo);
	INIT_LIST_HEAD(&q->urgent);
	init_waitqueue_head(&q->wait);
	init_waitqueue_head(&q->room);
}

static struct request *rq_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct request, node) : NULL;
}

static void insert(struct request_queue *q, struct request *rq)
{
	struct rb_node **link = &q->sorted.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = rq->sector < rq_of(parent)->sector ? &parent->rb_left :
							    &parent->rb_right;
	}
	rb_link_node(&rq->node, parent, link);
	rb_insert_color(&rq->node, &q->sorted);
}

/* The request with the lowest sector that is not below @sector; or NULL. */
static struct request *first_from(const struct request_queue *q,
				  sector_t sector)
{
	struct rb_node *n = q->sorted.rb_node;
	struct request *found = NULL;

	while (n) {
		if (rq_of(n)->sector < sector) {
			n = n->rb_right;
		} else {
			found = rq_of(n);
			n = n->rb_left;
		}
	}
	return found;
}

static bool has_room(const struct request_queue *q, const struct request *rq,
		     u32 sectors, u32 vecs)
{
	return rq->nr_sectors + sectors <= q->max_sectors &&
	       rq->nr_vecs + vecs <= q->max_vecs;
}

static void grow(struct request_queue *q, struct request *rq,
		 const struct bio *bio)
{
	rq->nr_sectors += bio->size >> SECTOR_SHIFT;
	rq->nr_vecs += bio->nr_vecs;
	if (bio->urgent && list_empty(&rq->urgent))
		list_add_tail(&rq->urgent, &q->urgent);
}

/* True if @bio joined the request that ends, or begins, beside it. */
static bool merge(struct request_queue *q, struct bio *bio)
{
	u32 sectors = bio->size >> SECTOR_SHIFT;
	struct request *after = first_from(q, bio->sector), *before;

	before = after ? rq_of(rb_prev(&after->node)) :
			 rq_of(rb_last(&q->sorted));
	if (before && before->op == bio->op && rq_end(before) == bio->sector &&
	    has_room(q, before, sectors, bio->nr_vecs)) {
		before->tail->next = bio;
		before->tail = bio;
		grow(q, before, bio);
		return true;
	}
	if (after && after->op == bio->op && after->sector == bio_end(bio) &&
	    has_room(q, after, sectors, bio->nr_vecs)) {
		rb_erase(&after->node, &q->sorted);
		bio->next = after->head;
		after->head = bio;
		after->sector = bio->sector;
		grow(q, after, bio);
		insert(q, after);
		return true;
	}
	return false;
}

/** elevator_wait_for_room() - until one more may be written; may sleep */
void elevator_wait_for_room(struct request_queue *q)
{
	if (likely(q->nr_writes < WRITES_MOST))
		return;
	psi_iowait(true);
	wait_event(&q->room, q->nr_writes < WRITES_MOST);
	psi_iowait(false);
}

/**
 * elevator_add() - a transfer joins the queue
 * @q: the disk's queue
 * @bio: the transfer, with the disk's sector
 *
 * Context: the disk's thread may not run meanwhile. Return: true if it joined
 * a request that was there.
 */
bool elevator_add(struct request_queue *q, struct bio *bio)
{
	struct request *rq = &bio->rq;

	bio->next = NULL;
	q->nr_writes += bio->op == REQ_OP_WRITE;
	if (bio->op != REQ_OP_FLUSH && merge(q, bio))
		return true;
	*rq = (struct request){ .op = bio->op,
				.sector = bio->sector,
				.head = bio,
				.tail = bio,
				.start = ktime_get() };
	INIT_LIST_HEAD(&rq->urgent);
	grow(q, rq, bio);
	list_add_tail(&rq->fifo, &q->fifo);
	if (rq->op != REQ_OP_FLUSH)
		insert(q, rq);
	q->nr++;
	return false;
}

/* The request that goes next by sector or by age; there is one. */
static struct request *next_in_order(const struct request_queue *q, u64 now)
{
	struct request *rq = list_first_entry(&q->fifo, struct request, fifo);

	if (q->by_age || now - rq->start >= patience[rq->op])
		return rq;
	rq = first_from(q, q->position);
	return rq ? rq : rq_of(rb_first(&q->sorted));
}

/**
 * elevator_next() - the request that is to be done now
 * @q: the disk's queue
 * @now: ns of CLOCK_MONOTONIC
 *
 * Context: any. Return: the request, off the queue; NULL if there is none. It
 * is gone when its transfers are.
 */
struct request *elevator_next(struct request_queue *q, u64 now)
{
	struct request *rq;

	if (list_empty(&q->fifo))
		return NULL;
	if (!q->by_age && !list_empty(&q->urgent) &&
	    q->passing < PASSING_MOST) {
		rq = list_first_entry(&q->urgent, struct request, urgent);
		q->passing++;
	} else {
		rq = next_in_order(q, now);
		q->passing = 0;
		q->position = rq_end(rq);
	}
	list_del(&rq->fifo);
	list_del(&rq->urgent);
	if (rq->op != REQ_OP_FLUSH)
		rb_erase(&rq->node, &q->sorted);
	q->nr--;
	return rq;
}

/** elevator_done() - a transfer that had joined the queue is done, or failed */
void elevator_done(struct request_queue *q, const struct bio *bio)
{
	if (bio->op == REQ_OP_WRITE && --q->nr_writes == WRITES_MOST / 2)
		wake_up(&q->room);
}
