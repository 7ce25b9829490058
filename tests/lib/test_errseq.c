/* SPDX-License-Identifier: MIT */
/* An error is new to each observer, and to each only once. */
#include <ashlar/errno.h>
#include <ashlar/errseq.h>
#include "../harness.h"

TEST(each_observer_hears_of_an_error_once)
{
	errseq_t eseq = 0, a = errseq_sample(&eseq), b = errseq_sample(&eseq);

	CHECK_EQ(errseq_check_and_advance(&eseq, &a), 0);
	errseq_set(&eseq, -EIO);
	CHECK_EQ(errseq_check(&eseq, a), -EIO);
	CHECK_EQ(errseq_check_and_advance(&eseq, &a), -EIO);
	CHECK_EQ(errseq_check_and_advance(&eseq, &a), 0);
	CHECK_EQ(errseq_check_and_advance(&eseq, &b), -EIO);
	CHECK_EQ(errseq_check_and_advance(&eseq, &b), 0);
}

TEST(the_same_error_again_is_another)
{
	errseq_t eseq = 0, a = errseq_sample(&eseq);

	errseq_set(&eseq, -EIO);
	errseq_set(&eseq, -EIO);
	CHECK_EQ(errseq_check_and_advance(&eseq, &a), -EIO);
	errseq_set(&eseq, -EIO);
	CHECK_EQ(errseq_check_and_advance(&eseq, &a), -EIO);
	errseq_set(&eseq, -ENOSPC);
	CHECK_EQ(errseq_check_and_advance(&eseq, &a), -ENOSPC);
	CHECK_EQ(errseq_check_and_advance(&eseq, &a), 0);
}

TEST(an_error_that_nobody_saw_is_for_who_comes_next)
{
	errseq_t eseq = 0, late, later;

	errseq_set(&eseq, -EIO);
	late = errseq_sample(&eseq);
	CHECK_EQ(errseq_check_and_advance(&eseq, &late), -EIO);
	later = errseq_sample(&eseq);
	CHECK_EQ(errseq_check_and_advance(&eseq, &later), 0);
}
