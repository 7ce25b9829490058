/* SPDX-License-Identifier: MIT */
/*
 * Two processes, one address, two values. /proc/PID/pagemap says which frame
 * each has there.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static volatile int value = 1;

static unsigned long frame_of(volatile void *p)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 ||
	    pread(fd, &entry, 8, (off_t)((uintptr_t)p / PAGE) * 8) != 8)
		return 0;
	close(fd);
	return (unsigned long)(entry & ((1ull << 55) - 1));
}

static void show(const char *who)
{
	printf("%-6s address %p  value %d  frame %#lx\n", who, (void *)&value,
	       value, frame_of(&value));
	fflush(stdout);
}

int main(void)
{
	show("parent");
	if (fork() == 0) {
		show("child");
		value = 2;
		puts("the child writes 2");
		show("child");
		_exit(0);
	}
	wait(NULL);
	show("parent");
	return 0;
}
