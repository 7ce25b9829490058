/* SPDX-License-Identifier: MIT */
/* The order in which a disk does what it is asked: kernel/block/elevator.c. */
#include "../harness.h"
#include <kernel/block/blkdev.h>
#include <kernel/time/clock.h>

#define BIOS 200

static struct bio bios[BIOS];
static unsigned int used;
static struct request_queue q;

static void begin(u32 max_sectors, u32 max_vecs)
{
	used = 0;
	elevator_init(&q, max_sectors, max_vecs);
}

static struct bio *make(enum req_op op, sector_t sector, u32 sectors)
{
	struct bio *bio = &bios[used++];

	CHECK(used <= BIOS);
	*bio = (struct bio){ .op = op,
			     .sector = sector,
			     .size = sectors * SECTOR_SIZE,
			     .nr_vecs = 1 };
	return bio;
}

static bool add(enum req_op op, sector_t sector, u32 sectors)
{
	return elevator_add(&q, make(op, sector, sectors));
}

static struct request *next(void)
{
	return elevator_next(&q, ktime_get());
}

static void expect(sector_t sector, u32 sectors)
{
	struct request *rq = NEED(next());
	sector_t at = sector;
	struct bio *bio;

	CHECK_EQ(rq->sector, sector);
	CHECK_EQ(rq->nr_sectors, sectors);
	for (bio = rq->head; bio; bio = bio->next) {
		CHECK_EQ(bio->sector, at);
		at = bio_end(bio);
		CHECK(bio->next || bio == rq->tail);
	}
	CHECK_EQ(at, sector + sectors);
}

TEST_NO_SWEEP(neighbours_become_one_request)
{
	begin(256, 256);
	CHECK(!add(REQ_OP_READ, 100, 8));
	CHECK(add(REQ_OP_READ, 108, 8));
	CHECK(add(REQ_OP_READ, 92, 8));
	CHECK(!add(REQ_OP_WRITE, 116, 8));
	CHECK(!add(REQ_OP_READ, 117, 8));
	CHECK_EQ(q.nr, 3);
	expect(92, 24);
	expect(116, 8);
	expect(117, 8);
	CHECK(!next());
	CHECK_EQ(q.nr, 0);
}

TEST_NO_SWEEP(a_request_is_no_larger_than_its_device_takes)
{
	begin(16, 3);
	CHECK(!add(REQ_OP_READ, 0, 8));
	CHECK(add(REQ_OP_READ, 8, 8));
	CHECK(!add(REQ_OP_READ, 16, 1));
	CHECK(add(REQ_OP_READ, 17, 1));
	CHECK(add(REQ_OP_READ, 18, 1));
	CHECK(!add(REQ_OP_READ, 19, 1));
	expect(0, 16);
	expect(16, 3);
	expect(19, 1);
	CHECK(!next());
}

TEST_NO_SWEEP(sectors_go_up_and_then_begin_anew)
{
	begin(8, 8);
	add(REQ_OP_READ, 500, 8);
	add(REQ_OP_READ, 100, 8);
	add(REQ_OP_READ, 300, 8);
	expect(100, 8);
	add(REQ_OP_READ, 50, 8);
	add(REQ_OP_READ, 400, 8);
	expect(300, 8);
	expect(400, 8);
	expect(500, 8);
	expect(50, 8);
	CHECK(!next());
}

TEST_NO_SWEEP(what_waits_too_long_goes_first)
{
	begin(8, 8);
	add(REQ_OP_WRITE, 10, 8);
	add(REQ_OP_READ, 900, 8);
	q.position = 500;
	CHECK_EQ(next()->sector, 900);
	add(REQ_OP_READ, 950, 8);
	CHECK_EQ(elevator_next(&q, ktime_get() + 6ull * NSEC_PER_SEC)->sector,
		 10);
	CHECK_EQ(next()->sector, 950);
}

static bool add_urgent(enum req_op op, sector_t sector, u32 sectors)
{
	struct bio *bio = make(op, sector, sectors);

	bio->urgent = true;
	return elevator_add(&q, bio);
}

TEST_NO_SWEEP(what_is_urgent_passes_the_others)
{
	begin(16, 8);
	add(REQ_OP_WRITE, 10, 8);
	add_urgent(REQ_OP_WRITE, 900, 8);
	add_urgent(REQ_OP_FLUSH, 0, 0);
	add(REQ_OP_WRITE, 20, 8);
	CHECK(add_urgent(REQ_OP_WRITE, 28, 8)); /* joins what is not */
	CHECK_EQ(next()->sector, 900);
	CHECK_EQ(next()->op, REQ_OP_FLUSH);
	expect(20, 16);
	CHECK_EQ(next()->sector, 10);
	CHECK(!next());
}

TEST_NO_SWEEP(but_not_for_ever)
{
	unsigned int n = 0;

	begin(8, 8);
	add(REQ_OP_WRITE, 10, 8);
	for (unsigned int i = 0; i < 100; i++)
		add_urgent(REQ_OP_WRITE, 1000 + 16 * i, 8);
	while (next()->sector != 10)
		n++;
	CHECK(n > 0 && n < 50);
}

TEST_NO_SWEEP(writes_are_counted_until_they_are_done)
{
	struct request *rq;
	struct bio *bio;

	begin(256, 256);
	add(REQ_OP_READ, 0, 8);
	add(REQ_OP_WRITE, 100, 8);
	CHECK(add(REQ_OP_WRITE, 108, 8));
	add_urgent(REQ_OP_WRITE, 200, 8);
	add_urgent(REQ_OP_FLUSH, 0, 0);
	CHECK_EQ(q.nr_writes, 3);
	while ((rq = next()))
		for (bio = rq->head; bio; bio = bio->next)
			elevator_done(&q, bio);
	CHECK_EQ(q.nr_writes, 0);
	elevator_wait_for_room(&q);
}

/* Transfers in any order come out as a sorted whole, each once. */
TEST_NO_SWEEP(any_order_in_ascending_order_out)
{
	u8 seen[BIOS] = { 0 };
	unsigned int i, n = 0;
	struct request *rq;
	struct bio *bio;
	sector_t last = 0;

	for (unsigned int round = 0; round < 20; round++) {
		begin(64, 16);
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < BIOS;) {
			unsigned int at = (unsigned int)rnd(BIOS);

			while (seen[at])
				at = (at + 1) % BIOS;
			seen[at] = 1;
			add(REQ_OP_READ, at * 8u, 8);
			i++;
		}
		for (last = 0, n = 0; (rq = next());) {
			CHECK_EQ(rq->sector, last);
			for (bio = rq->head; bio; bio = bio->next, n++)
				CHECK_EQ(bio->sector, n * 8u);
			last = rq_end(rq);
			CHECK(rq->nr_sectors <= 64 && rq->nr_vecs <= 16);
		}
		CHECK_EQ(n, BIOS);
	}
}
