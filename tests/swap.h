/* SPDX-License-Identifier: MIT */
/*
 * Swap areas for tests, on the paper machine. Like all that is taken, an area
 * is given back when the test ends.
 */
#ifndef ASHLAR_TESTS_SWAP_H
#define ASHLAR_TESTS_SWAP_H

#include "../mm/swapfile.h"
#include "space.h"

/* An area with so many slots for use; pages may go there. */
struct swap_info_struct *take_swap(unsigned long pages, int prio);
/* Nothing is in it any more. */
void give_swap(struct swap_info_struct *si);
/* Its counts are those of its slots. */
void check_swap(struct swap_info_struct *si);
/* For space_settle(). */
void swap_settle(void);

#endif
