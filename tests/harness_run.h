/* SPDX-License-Identifier: MIT */
/*
 * Between the harness and who runs it: processes of a host, one a test
 * (harness_process.c), or the bare machine (machine_i386.c).
 */
#ifndef ASHLAR_TESTS_HARNESS_RUN_H
#define ASHLAR_TESTS_HARNESS_RUN_H

#include "harness.h"

/* Things a test can hold at once. */
#define TAKEN_MAX 65536

/* On the running machine; returns if the test passed. */
void run_test_here(const struct test *test, bool sweeping);
/* The runner's: the test ends here, with a line that says why. */
void test_failed(const char *why) __attribute__((noreturn));

#endif
