/* SPDX-License-Identifier: MIT */
/*
 * A program writes to more than there is, with a swap area of 100 MB on a disk
 * that is slow, and with vm.min_free_kbytes as it is, doubled, and four times
 * that: it goes on until the area is full, or no more is promised. Nobody is
 * killed for a disk that has not answered yet.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/swap.h>

#include "check.h"
#include "swap.h"
#include "text.h"

#define DISK "/dev/sda"
#define AREA (100 * MB)
#define MIN_FREE "/proc/sys/vm/min_free_kbytes"

static void put_number(const char *path, long value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%ld", value);
	need(put(path, digits) == 0);
}

/* Takes memory, a MB at a time; ends with 0 when there is no more. */
static void eat(void)
{
	for (;;) {
		char *p = mmap(NULL, MB, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(errno != ENOMEM);
		memset(p, 1, MB);
	}
}

/* How an eater ends; *@out: pages that were written meanwhile. */
static int end_of_eater(const char *overcommit, long *out)
{
	int status;
	pid_t pid;

	need(put("/proc/sys/vm/overcommit_memory", overcommit) == 0);
	*out = number("/proc/vmstat", "pswpout ");
	pid = fork();
	need(pid >= 0);
	if (!pid)
		eat();
	status = wait_for(pid);
	*out = number("/proc/vmstat", "pswpout ") - *out;
	return status;
}

static void test(const char *name, long min_free)
{
	int status;
	long out;

	put_number(MIN_FREE, min_free);
	status = end_of_eater("2", &out);
	check(!status, name, "with promises kept: status %#x", status);
	status = end_of_eater("1", &out);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, name,
	      "without: status %#x", status);
	check(out >= AREA / PAGE / 4 * 3, name, "%ld pages written", out);
}

int main(void)
{
	long min_free = number(MIN_FREE, "");

	setvbuf(stdout, NULL, _IOLBF, 0);
	make_swap(DISK, AREA / PAGE, 1);
	is(swapon(DISK, 0), 0);
	need(put("/proc/self/oom_score_adj", "-1000") == 0);
	test("as it is", min_free);
	test("twice as much", 2 * min_free);
	test("four times as much", 4 * min_free);
	put_number(MIN_FREE, min_free);
	is(swapoff(DISK), 0);
	return checks_done();
}
