/* SPDX-License-Identifier: MIT */
/*
 * Transfers that fail on request, to see what those who wait for them do.
 *
 *   fail_make_request=INTERVAL,PROBABILITY,SPACE,TIMES     on the command line
 *   /sys/kernel/debug/fail_make_request/probability …      debug/fault_attr.c
 *   echo 1 >/sys/block/sda/make-it-fail                    of which device
 *
 * As Linux has it: SPACE is in bytes, and only devices that were chosen fail,
 * a partition by itself or by its disk. A transfer that fails never reaches
 * the disk; whoever waits for it hears of an I/O error.
 */
#include <ashlar/fault-inject.h>
#include <kernel/block/blkdev.h>
#include <kernel/init.h>

struct fault_attr fail_make_request = { .interval = 1, .times = 1 };

/**
 * setup_fail_make_request() - the boot word fail_make_request=
 * @value: INTERVAL,PROBABILITY,SPACE,TIMES
 *
 * Return: false if it is not of that form.
 */
bool setup_fail_make_request(const char *value)
{
	return setup_fault_attr(&fail_make_request, value);
}

/** should_fail_bio() - true if a transfer is to fail */
bool should_fail_bio(const struct bio *bio)
{
	struct block_device *bdev = bio->bdev;

	if (likely(!fail_make_request.probability))
		return false;
	return (bdev->make_it_fail || bdev_whole(bdev)->make_it_fail) &&
	       should_fail(&fail_make_request, bio->size);
}
