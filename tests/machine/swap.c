/* SPDX-License-Identifier: MIT */
/*
 * Swap areas on a disk of 160 MB, /dev/sda, in a machine that has less memory
 * than its programs want: everything that they wrote is there again.
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "check.h"
#include "swap.h"

#define DISK "/dev/sda"
#define BYTES (160l << 20)

/* ---- what is refused ---- */

static void test_refusals(void)
{
	make_swap(DISK, BYTES / PAGE, 2);
	is(swapon(DISK, 0), -EINVAL); /* a version that is not known */
	make_swap(DISK, BYTES / PAGE + 1, 1);
	is(swapon(DISK, 0), -EINVAL); /* it is shorter than that */
	make_swap(DISK, 1, 1);
	is(swapon(DISK, 0), -EINVAL); /* it is empty */
	make_swap(DISK, 100, 1);
	is(swapon(DISK, 0x80000), -EINVAL);
	is(swapon("/dev/null", 0), -EINVAL);
	is(swapon("/dev", 0), -EISDIR);
	is(swapon("/nothing", 0), -ENOENT);
	is(swapon((char *)8, 0), -EFAULT);
	is(swapoff(DISK), -EINVAL); /* it is none */
	is(swapoff("/nothing"), -ENOENT);
	need(!setresuid(-1, 1000, -1));
	is(swapon(DISK, 0), -EPERM);
	is(swapoff(DISK), -EPERM);
	need(!setresuid(-1, 0, -1));
	is(swapon(DISK, SWAP_FLAG_PREFER | 7), 0);
	is(swapon(DISK, 0), -EBUSY);
	check(!strcmp(report("/proc/swaps"),
		      "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
		      "/dev/sda                                partition\t396\t"
		      "\t0\t\t7\n"),
	      "an area is listed", "%s", text);
	is(swapoff(DISK), 0);
	check(!strchr(strchr(report("/proc/swaps"), '\n'), '/'),
	      "and no more when it is gone", "%s", text);
}

/* ---- more than there is ---- */

static void test_walk(void)
{
	long pages = ram() / PAGE * 7 / 4, n, bad, swapped;
	char *p = map(pages * PAGE, MAP_PRIVATE);
	struct sysinfo s;

	for (n = 0; n < pages; n++)
		fill(p, n, 1);
	swapped = number("/proc/self/status", "VmSwap:");
	check(swapped * 1024 > pages * PAGE / 3, "memory is swapped",
	      "VmSwap %ld kB", swapped);
	need(!sysinfo(&s));
	check(s.totalswap * s.mem_unit == (unsigned long)(BYTES - PAGE),
	      "sysinfo knows the area", "%lu", s.totalswap);
	check((s.totalswap - s.freeswap) / 1024 + 2000 > (unsigned long)swapped,
	      "and what is in it", "%lu", s.freeswap);
	bad = wrong(p, pages, 1);
	check(!bad, "a walk through 1.75 of RAM", "%ld pages wrong", bad);
	for (n = 0; n < pages; n += 3)
		fill(p, n, 2);
	for (n = bad = 0; n < pages; n++)
		bad += !is_filled(p, n, n % 3 ? 1 : 2);
	check(!bad, "another after a third was written", "%ld pages wrong",
	      bad);
	need(!munmap(p, pages * PAGE));
	need(!sysinfo(&s));
	check(s.totalswap - s.freeswap < 8 * MB, "the area is empty again",
	      "%lu in use", s.totalswap - s.freeswap);
}

/* Both have all of it, and each writes its own. */
static void test_fork(void)
{
	long pages = ram() / PAGE * 5 / 4, n, bad;
	char *p = map(pages * PAGE, MAP_PRIVATE);
	pid_t pid;

	for (n = 0; n < pages; n++)
		fill(p, n, 3);
	pid = fork();
	need(pid >= 0);
	if (!pid) {
		for (n = 0; n < pages; n += 5)
			fill(p, n, 4);
		for (n = bad = 0; n < pages; n++)
			bad += !is_filled(p, n, n % 5 ? 3 : 4);
		_exit(bad != 0);
	}
	for (n = 1; n < pages; n += 5)
		fill(p, n, 5);
	for (n = bad = 0; n < pages; n++)
		bad += !is_filled(p, n, n % 5 == 1 ? 5 : 3);
	check(!bad, "a parent with more than RAM", "%ld pages wrong", bad);
	is(wait_for(pid), 0);
	check(!wrong(p + 2 * PAGE, 1, 0) || is_filled(p, 2, 3),
	      "and what its child left alone", "%s", "");
	need(!munmap(p, pages * PAGE));
}

static void test_shared(void)
{
	long pages = ram() / PAGE * 5 / 4, n, bad;
	char *p = map(pages * PAGE, MAP_SHARED);
	pid_t pid;

	for (n = 0; n < pages; n++)
		fill(p, n, 6);
	check(number("/proc/self/smaps_rollup", "Swap:") * 1024 >
		      pages * PAGE / 8,
	      "smaps counts what is swapped", "%s", text);
	pid = fork();
	need(pid >= 0);
	if (!pid) {
		for (n = 0; n < pages; n += 2)
			fill(p, n, 7);
		_exit(0);
	}
	is(wait_for(pid), 0);
	for (n = bad = 0; n < pages; n++)
		bad += !is_filled(p, n, n % 2 ? 6 : 7);
	check(!bad, "shared memory of 1.25 of RAM", "%ld pages wrong", bad);
	need(!munmap(p, pages * PAGE));
}

/* The kernel's own accesses, and what moves while it is out. */
static void test_others(void)
{
	long pages = ram() / PAGE * 5 / 4, n, bad = 0;
	char *p = map(pages * PAGE, MAP_PRIVATE), *q;
	int pipes[2];

	for (n = 0; n < pages; n++)
		fill(p, n, 8);
	need(!pipe(pipes));
	need(write(pipes[1], p + 5 * PAGE, 4) == 4); /* swapped by now */
	need(read(pipes[0], p + 9 * PAGE, 4) == 4);
	check(!memcmp(p + 9 * PAGE, p + 5 * PAGE, 4),
	      "system calls bring pages back", "%s", "");
	fill(p, 9, 8);
	need(!mprotect(p, pages * PAGE / 2, PROT_READ));
	q = mremap(p + PAGE * 100, PAGE * 200, PAGE * 200, MREMAP_MAYMOVE);
	need(q != MAP_FAILED);
	for (n = 0; n < 200; n++)
		bad += !is_filled(q - 100 * PAGE, n + 100, 8);
	bad += wrong(p, 100, 8);
	for (n = 300; n < pages; n++)
		bad += !is_filled(p, n, 8);
	check(!bad, "rights and places change", "%ld pages wrong", bad);
	is(mlock(p, PAGE * 50), 0);
	check(number("/proc/self/status", "VmLck:") == 200, "mlock of it", "%s",
	      "");
	need(!munmap(p, pages * PAGE));
}

/* ---- areas come and go ---- */

static void test_swapoff(void)
{
	long pages = ram() / PAGE * 5 / 4, n, bad;
	char *p = map(pages * PAGE, MAP_PRIVATE);

	for (n = 0; n < pages; n++)
		fill(p, n, 9);
	is(swapoff(DISK), -ENOMEM);
	bad = wrong(p, pages, 9);
	check(!bad, "without room an area stays", "%ld pages wrong", bad);
	need(!munmap(p + pages / 2 * PAGE, (pages - pages / 2) * PAGE));
	is(swapoff(DISK), 0);
	bad = wrong(p, pages / 2, 9);
	check(!bad, "with room everything comes back", "%ld pages wrong", bad);
	check(!number("/proc/self/status", "VmSwap:"), "and nothing is left",
	      "%s", text);
	need(!munmap(p, pages / 2 * PAGE));
	is(swapon(DISK, 0), 0);
}

/* Programs that walk through their memory while the area comes and goes. */
static void test_race(void)
{
	long pages = ram() / PAGE / 8, n, bad = 0;
	pid_t pid[3];
	char *p;
	int i;

	for (i = 0; i < 3; i++) {
		pid[i] = fork();
		need(pid[i] >= 0);
		if (pid[i])
			continue;
		p = map(pages * PAGE, MAP_PRIVATE);
		for (n = 0; n < pages; n++)
			fill(p, n, 20 + i);
		for (n = 0; n < 6; n++)
			bad += wrong(p, pages, 20 + i);
		_exit(bad != 0);
	}
	p = map(pages * PAGE, MAP_PRIVATE);
	for (i = 0; i < 8; i++) {
		for (n = 0; n < pages; n++)
			fill(p, n, 30 + i);
		n = value(swapoff(DISK));
		if (!n)
			is(swapon(DISK, 0), 0);
		else if (n != -ENOMEM)
			is(n, 0);
		bad += wrong(p, pages, 30 + i);
		sched_yield();
	}
	for (i = 0; i < 3; i++)
		bad += wait_for(pid[i]) != 0;
	check(!bad, "an area comes and goes", "%ld", bad);
	need(!munmap(p, pages * PAGE));
}

/* ---- when all is full ---- */

static void test_full(void)
{
	long n, kills = number("/proc/vmstat", "oom_kill ");
	int status;
	pid_t pid = fork();
	char *p;

	need(pid >= 0);
	if (!pid) {
		p = map(400 * MB, MAP_PRIVATE | MAP_NORESERVE);
		for (n = 0; n < 400 * MB / PAGE; n++)
			fill(p, n, 40);
		_exit(0);
	}
	status = wait_for(pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "who wants more than all is killed", "status %x", status);
	check(number("/proc/vmstat", "oom_kill ") == kills + 1, "and no other",
	      "%ld", kills);
	check(number("/proc/meminfo", "SwapFree:") > BYTES / 1024 * 3 / 4,
	      "what it had is free", "%s", text);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_refusals();
	make_swap(DISK, BYTES / PAGE, 1);
	is(swapon(DISK, 0), 0);
	test_walk();
	test_fork();
	test_shared();
	test_others();
	test_swapoff();
	test_race();
	test_full();
	is(swapoff(DISK), 0);
	return checks_done();
}
