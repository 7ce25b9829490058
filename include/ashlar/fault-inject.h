/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on request. The functions are documented in
 * libashlar(3).
 */
#ifndef ASHLAR_FAULT_INJECT_H
#define ASHLAR_FAULT_INJECT_H

#include <ashlar/api.h>

/* All zero: nothing fails. Plain values, read without a lock. */
struct fault_attr {
	unsigned long probability; /* percent; 0 turns the rest off */
	unsigned long interval; /* only each interval-th call may fail */
	long times; /* failures left; -1: no limit */
	long space; /* bytes that succeed first */
	unsigned long count; /* calls seen */
	unsigned int min_order; /* pages: smaller blocks never fail */
};

#ifdef __cplusplus
extern "C" {
#endif

extern struct fault_attr fail_page_alloc ASHLAR_API(fail_page_alloc);
extern struct fault_attr failslab ASHLAR_API(failslab);

int setup_fault_attr(struct fault_attr *attr, const char *str)
	ASHLAR_API(setup_fault_attr);
bool should_fail(struct fault_attr *attr, size_t size) ASHLAR_API(should_fail);
int setup_fail_page_alloc(const char *str) ASHLAR_API(setup_fail_page_alloc);
int setup_failslab(const char *str) ASHLAR_API(setup_failslab);
unsigned long fail_nth(unsigned long k) ASHLAR_API(fail_nth);

#ifdef __cplusplus
}
#endif

#endif
