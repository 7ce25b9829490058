/* SPDX-License-Identifier: MIT */
/*
 * Four pages, a fork, and writes: which frame each process has, from
 * /proc/PID/pagemap, and how often that frame is mapped, from
 * /proc/kpagecount.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 4
#define PAGE 4096

static volatile char *area;

static uint64_t entry(const char *path, uint64_t index)
{
	uint64_t v = 0;
	int fd = open(path, O_RDONLY);

	if (fd >= 0 && pread64(fd, &v, 8, (off64_t)(index * 8)) != 8)
		v = 0;
	if (fd >= 0)
		close(fd);
	return v;
}

static void show(const char *who)
{
	int i;

	printf("%-28s", who);
	for (i = 0; i < PAGES; i++) {
		uint64_t e = entry("/proc/self/pagemap",
				   ((uintptr_t)area >> 12) + (unsigned int)i);
		uint64_t frame = e & ((1ull << 55) - 1);

		printf(" %#7llx x%llu", (unsigned long long)frame,
		       (unsigned long long)entry("/proc/kpagecount", frame));
	}
	putchar('\n');
	fflush(stdout);
}

int main(void)
{
	int i;

	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < PAGES; i++)
		area[i * PAGE] = 1;
	show("written, frame and times:");
	if (fork() == 0) {
		show("child, after fork:");
		area[0] = 2;
		show("child, wrote page 0:");
		_exit(0);
	}
	wait(NULL);
	show("parent, the child is gone:");
	return 0;
}
