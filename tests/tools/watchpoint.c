/* SPDX-License-Identifier: MIT */
/*
 * Exits with 0 if a write to a watched word is counted, else with 1: some
 * virtual machines have no debug registers that work, some containers let
 * nobody ask.
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile uint64_t word;

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&word,
		.bp_len = sizeof(word),
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	uint64_t count = 0;

	word = 1;
	return fd < 0 || read(fd, &count, sizeof(count)) < 0 || !count;
}
