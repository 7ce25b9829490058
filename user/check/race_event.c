/* SPDX-License-Identifier: MIT */
/*
 * The processor's debug registers, and the clock of one thread, by
 * perf_event_open(2): a signal to that thread, when it is there.
 *
 *   RACE_SAMPLE   now and then, while it runs code of the program's
 *   RACE_RETURN   when it comes to an instruction: out of a library
 *   RACE_UPDATE   ... that has updated something before
 *   RACE_WATCH    when it has written to some bytes
 *
 * The signal comes between two instructions of the program and in no system
 * call: none is interrupted. An event lives as long as its page is mapped; its
 * descriptor is closed at once, so that the program does not meet it. Where
 * the kernel refuses (in many containers; kernel.perf_event_paranoid=3), there
 * are none, and threads are stepped through where they start. Some virtual
 * machines let the debug registers be set, and no trap ever comes of it: they
 * are tried once, before they are relied on.
 */
#include "race.h"
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define SAMPLE_NS 2000000ul

/* True if a write to a watched word is counted. */
static bool registers_work(void)
{
	static uint32_t known; /* 1: they do; 2: they do not */
	static volatile uint64_t word;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_len = sizeof(word),
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	uint64_t count = 0;
	int fd;

	if (likely(__atomic_load_n(&known, __ATOMIC_RELAXED)))
		return known == 1;
	attr.bp_addr = (uintptr_t)&word;
	fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0) {
		word++;
		if (syscall(SYS_read, fd, &count, sizeof(count)) < 0)
			count = 0;
		syscall(SYS_close, fd);
	}
	__atomic_store_n(&known, count ? 1 : 2, __ATOMIC_RELAXED);
	return count;
}

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
	page = (void *)syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0l); /* mmap() starts all this */
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

void *race_event_at(uint64_t pc, enum race_event what)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = HW_BREAKPOINT_X,
		.sample_period = 1,
	};

	attr.sig_data = what;
	attr.bp_addr = pc;
	attr.bp_len = sizeof(long);
	return registers_work() ? open_event(&attr, 0) : NULL;
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
	return registers_work() ? open_event(&attr, tid) : NULL;
}

void race_event_end(void *event)
{
	if (event)
		munmap(event, PAGE);
}
