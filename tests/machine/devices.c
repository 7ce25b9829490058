/* SPDX-License-Identifier: MIT */
/*
 * A device that transfers by itself: QEMU's edu, whose buffer is /dev/edu. Of
 * 1 GB of RAM, the pages that are transferred lie where it does not reach.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define BYTES 4095

static void *volatile nowhere = (void *)8; /* no program's */

static unsigned char out[BYTES + 10], in[BYTES + 10];

static void fill(unsigned int seed)
{
	for (int i = 0; i < BYTES; i++)
		out[i] = (unsigned char)((unsigned int)i * 7 + seed +
					 (unsigned int)i / 251);
}

/* The first field of the line of /proc/interrupts that names @who. */
static long interrupts(const char *who)
{
	FILE *f = fopen("/proc/interrupts", "r");
	char line[200];
	long n = -1;

	need(f);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, who))
			n = strtol(strchr(line, ':') + 1, NULL, 10);
	fclose(f);
	return n;
}

static int listed(const char *path, const char *what)
{
	char text[8192] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n;

	need(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && strstr(text, what);
}

static void test_whole(int fd)
{
	long before = interrupts("edu");

	for (unsigned int round = 0; round < 3; round++) {
		fill(round);
		memset(in, 0, sizeof(in));
		is(pwrite(fd, out, BYTES, 0), BYTES);
		is(pread(fd, in, BYTES, 0), BYTES);
		check(!memcmp(in, out, BYTES), "all of it comes back",
		      "round %u", round);
	}
	check(interrupts("edu") == before + 6, "an interrupt a transfer", "%ld",
	      interrupts("edu") - before);
}

static void test_parts(int fd)
{
	fill(9);
	is(pwrite(fd, out, BYTES, 0), BYTES);
	is(pwrite(fd, "hello", 5, 1000), 5);
	memcpy(out + 1000, "hello", 5);
	is(pread(fd, in, 100, 950), 100);
	check(!memcmp(in, out + 950, 100), "a part is written in place", "%s",
	      "");
	is(pread(fd, in, BYTES, BYTES - 10), 10);
	is(pread(fd, in, BYTES, BYTES), 0);
	is(pwrite(fd, out, 100, BYTES - 10), 10);
	is(pwrite(fd, out, 1, BYTES), -ENOSPC);
	is(lseek(fd, 0, SEEK_END), BYTES);
	is(lseek(fd, 1, SEEK_END), -EINVAL);
	is(pwrite(fd, nowhere, 10, 0), -EFAULT);
	is(pread(fd, nowhere, 10, 0), -EFAULT);
}

/* Four processes at once, each with bytes of its own to look after. */
static void test_many(int fd)
{
	int bad = 0, status;

	for (int child = 0; child < 4; child++)
		if (!fork()) {
			char mine[200], back[200];

			memset(mine, 'a' + child, sizeof(mine));
			for (int i = 0; i < 3; i++) {
				if (pwrite(fd, mine, 200, child * 1000) !=
					    200 ||
				    pread(fd, back, 200, child * 1000) != 200 ||
				    memcmp(mine, back, 200))
					_exit(1);
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		bad += status != 0;
	check(!bad, "four at once", "%d saw others' bytes", bad);
}

int main(void)
{
	int fd = open("/dev/edu", O_RDWR);

	need(fd >= 0);
	check(listed("/proc/iomem", ": edu"), "its addresses are in iomem",
	      "%s", "");
	check(listed("/proc/bus/pci/devices", "edu"), "it is on the bus", "%s",
	      "");
	test_whole(fd);
	test_parts(fd);
	test_many(fd);
	return checks_done();
}
