/* SPDX-License-Identifier: MIT */
/*
 * Transparent huge pages as a program meets them: by their numbers in /proc, by
 * what lies in them after forks, splits and copies, by MADV_COLLAPSE and by the
 * thread that makes some of pages.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define PAGE 4096
#define HUGE (4 << 20)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define SYS "/sys/kernel/mm/transparent_hugepage/"
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static char *area = (char *)0x40000000;

static void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	need(fd >= 0);
	is(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The number behind @title, or -1. */
static long number(const char *path, const char *title)
{
	const char *p = strstr(text_of(path), title);

	return p ? atol(p + strlen(title)) : -1;
}

static long huge_kb(void)
{
	return number("/proc/self/smaps_rollup", "AnonHugePages:");
}

/* Areas of whole huge pages, in the first of which @pages are written. */
static void map_area(int huge, int pages)
{
	need(mmap(area, huge * HUGE, RW, ANON | MAP_FIXED, -1, 0) == area);
	for (int i = 0; i < pages; i++)
		area[i * PAGE] = (char)(i + 1);
}

static int bytes_are(int from, int pages)
{
	for (int i = from; i < pages; i++)
		if (area[i * PAGE] != (char)(i + 1))
			return 0;
	return 1;
}

static void check_numbers(void)
{
	long anon = number("/proc/meminfo", "AnonHugePages:");

	map_area(2, 1024);
	is(huge_kb(), HUGE >> 10);
	is(number("/proc/meminfo", "AnonHugePages:") - anon, HUGE >> 10);
	area[HUGE + 5 * PAGE] = 1;
	is(huge_kb(), 2 * HUGE >> 10);
	check(number("/proc/vmstat", "thp_fault_alloc ") >= 2 &&
		      number("/proc/self/status", "VmRSS:") >= 8192,
	      "huge pages are counted", "VmRSS %ld",
	      number("/proc/self/status", "VmRSS:"));
	is(munmap(area, 2 * HUGE), 0);
}

/* A child writes to some, and ends; the parent's bytes are its own. */
static void check_forks(void)
{
	int status;
	pid_t pid;

	map_area(1, 1024);
	pid = fork();
	need(pid >= 0);
	if (!pid) {
		area[3 * PAGE] = 99;
		_exit(!(bytes_are(0, 3) && bytes_are(4, 1024)));
	}
	need(waitpid(pid, &status, 0) == pid);
	check(!status && bytes_are(0, 1024), "a fork shares and copies",
	      "status %#x", status);
	is(huge_kb(), 0);
}

static void check_splits(void)
{
	char byte[2], wrote[] = "xy";
	struct iovec local = { byte, 2 }, remote = { area + 7 * PAGE, 2 };
	struct iovec from = { wrote, 2 };

	map_area(1, 1024);
	is(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), 2);
	is(process_vm_writev(getpid(), &from, 1, &remote, 1, 0), 2);
	is(huge_kb(), HUGE >> 10);
	check(byte[0] == 8 && area[7 * PAGE] == 'x',
	      "other processes reach into it", "%d, %d", byte[0],
	      area[7 * PAGE]);
	area[7 * PAGE] = 8;
	is(mprotect(area, HUGE, PROT_READ), 0);
	is(huge_kb(), HUGE >> 10);
	is(mprotect(area, PAGE, RW), 0);
	is(huge_kb(), 0);
	is(munmap(area + 9 * PAGE, PAGE), 0);
	check(bytes_are(0, 9) && bytes_are(10, 1024),
	      "a part that changes splits it", "bytes are lost");
}

static void check_collapse(void)
{
	put_text(SYS "enabled", "never");
	map_area(1, 1024);
	is(huge_kb(), 0);
	is(madvise(area, HUGE, MADV_COLLAPSE), 0);
	is(huge_kb(), HUGE >> 10);
	check(bytes_are(0, 1024), "pages are collapsed on request",
	      "bytes are lost");
	is(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	map_area(1, 1024);
	is(madvise(area, HUGE, MADV_COLLAPSE), -EINVAL);
	is(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
	is(madvise(area, HUGE, MADV_NOHUGEPAGE), 0);
	is(madvise(area, HUGE, MADV_COLLAPSE), -EINVAL);
}

/* With time the thread finds what is dense. */
static void check_thread(void)
{
	int rounds = 0;

	map_area(1, 900);
	put_text(SYS "khugepaged/scan_sleep_millisecs", "10");
	put_text(SYS "enabled", "madvise");
	is(madvise(area, HUGE, MADV_HUGEPAGE), 0);
	while (!huge_kb() && rounds++ < 500) {
		area[0] = 1;
		usleep(10000);
	}
	check(huge_kb() == HUGE >> 10 && bytes_are(0, 900) &&
		      number(SYS "khugepaged/pages_collapsed", "") > 0,
	      "khugepaged finds what is dense", "after %d rounds", rounds);
	put_text(SYS "enabled", "always");
}

/* More than there is: some of it in pages, and the program lives. */
static void check_little_memory(void)
{
	int status;
	pid_t pid = fork();

	need(pid >= 0);
	if (!pid) {
		for (int i = 0; i < 40; i++)
			if (mmap(area + i * HUGE, HUGE, RW, ANON | MAP_FIXED,
				 -1, 0) == MAP_FAILED)
				_exit(1);
		for (int i = 0; i < 40; i++)
			for (int k = 0; k < 8; k++)
				area[i * HUGE + k * PAGE] = 1;
		_exit(0);
	}
	need(waitpid(pid, &status, 0) == pid);
	check(!status, "sparse memory beyond RAM is there all the same",
	      "status %#x", status);
}

int main(void)
{
	is(number(SYS "hpage_pmd_size", ""), HUGE);
	check_numbers();
	check_forks();
	check_splits();
	check_collapse();
	check_thread();
	check_little_memory();
	return checks_done();
}
