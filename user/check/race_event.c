/* SPDX-License-Identifier: MIT */
/*
 * The processor's debug registers, and the clock of one thread, by
 * perf_event_open(2): a signal to that thread, when it is there.
 *
 *   RACE_SAMPLE   now and then, while it runs code of the program's
 *   RACE_RETURN   when it comes to an instruction
 *   RACE_WATCH    when it has written to some bytes
 *
 * The signal comes between two instructions of the program and in no system
 * call: none is interrupted. An event lives as long as its page is mapped; its
 * descriptor is closed at once, so that the program does not meet it. Where
 * the kernel refuses (in many containers; kernel.perf_event_paranoid=3), there
 * are none, and threads are stepped through where they start.
 */
#include "race.h"
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define SAMPLE_NS 2000000ul

static void *open_event(struct perf_event_attr *attr, pid_t tid)
{
	void *page;
	int fd;

	attr->size = sizeof(*attr);
	attr->exclude_kernel = 1;
	attr->exclude_hv = 1;
	attr->sigtrap = 1;
	attr->remove_on_exec = 1;
	fd = (int)syscall(SYS_perf_event_open, attr, tid, -1, -1,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return NULL;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	return page == MAP_FAILED ? NULL : page;
}

void *race_event_sample(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = SAMPLE_NS,
		.sig_data = RACE_SAMPLE,
	};

	return open_event(&attr, 0);
}

void *race_event_return(uint64_t pc)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = HW_BREAKPOINT_X,
		.sample_period = 1,
		.sig_data = RACE_RETURN,
	};

	attr.bp_addr = pc;
	attr.bp_len = sizeof(long);
	return open_event(&attr, 0);
}

void *race_event_watch(pid_t tid, const struct race_place *p, uint64_t which)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = HW_BREAKPOINT_W,
		.sample_period = 1,
	};

	attr.bp_addr = p->address;
	attr.bp_len = p->size;
	attr.sig_data = RACE_WATCH | which << 8;
	return open_event(&attr, tid);
}

void race_event_end(void *event)
{
	if (event)
		munmap(event, PAGE);
}
