/* SPDX-License-Identifier: MIT */
/*
 * A floppy disk of 1440 KB, each sector full of its number: read and written by
 * DMA through the 8237, and formatted.
 */
#include <fcntl.h>
#include <linux/fd.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define SECTOR 512
#define SECTORS 2880
#define TRACK (18 * SECTOR)

static char buf[SECTORS * SECTOR], was[SECTORS * SECTOR];

static int holds(const char *path, const char *what)
{
	char text[4096] = "";
	int fd = open(path, O_RDONLY);

	need(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strstr(text, what) != NULL;
}

static void test_whole(int fd)
{
	uint32_t n;
	long bad = 0;

	is(pread(fd, buf, sizeof(buf), 0), sizeof(buf));
	for (uint32_t i = 0; i < SECTORS; i++) {
		memcpy(&n, buf + i * SECTOR, sizeof(n));
		bad += n != i;
	}
	check(!bad, "every sector is where it should be", "%ld are not", bad);
	memcpy(was, buf, sizeof(was));
}

/* All there is must be @was. */
static int all_as_it_was(int fd)
{
	return pread(fd, buf, sizeof(buf), 0) == sizeof(buf) &&
	       !memcmp(buf, was, sizeof(was));
}

static void test_writes(int fd)
{
	static const struct {
		long at, n;
	} tries[] = { { 100000, 10 },
		      { 17 * SECTOR, 2 * SECTOR }, /* two heads */
		      { 35 * SECTOR, 2 * SECTOR }, /* two cylinders */
		      { 500001, 40000 },
		      { (SECTORS - 1) * SECTOR, SECTOR } };

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		memset(was + tries[i].at, 'a' + (int)i, (size_t)tries[i].n);
		is(pwrite(fd, was + tries[i].at, (size_t)tries[i].n,
			  tries[i].at),
		   tries[i].n);
	}
	check(all_as_it_was(fd), "what was written, and nothing else", "%s",
	      "");
	is(pwrite(fd, was, 1, SECTORS * SECTOR), -ENOSPC);
	is(pread(fd, buf, 1, SECTORS * SECTOR), 0);
}

static void test_format(int fd)
{
	struct format_descr d = { .head = 1, .track = 40 };
	size_t at = (40 * 2 + 1) * TRACK;

	is(ioctl(fd, FDFMTBEG, 0), 0);
	is(ioctl(fd, FDFMTTRK, &d), 0);
	is(ioctl(fd, FDFMTEND, 0), 0);
	memset(was + at, 0xf6, TRACK);
	check(all_as_it_was(fd), "one track is formatted", "%s", "");
	d.head = 2;
	is(ioctl(fd, FDFMTTRK, &d), -EINVAL);
	d.head = 0;
	d.track = 80;
	is(ioctl(fd, FDFMTTRK, &d), -EINVAL);
	is(ioctl(fd, FDFMTTRK, (void *)8), -EFAULT);
	is(ioctl(fd, FDGETPRM, &d), -ENOTTY);
}

static void test_two_at_once(int fd)
{
	int bad = 0, status;

	for (int child = 0; child < 2; child++)
		if (!fork()) {
			char mine[1000], back[1000];

			memset(mine, 'p' + child, sizeof(mine));
			for (long i = 0; i < 10; i++) {
				long at = (2 * i + child) * 50 * SECTOR;

				if (pwrite(fd, mine, 1000, at) != 1000 ||
				    pread(fd, back, 1000, at) != 1000 ||
				    memcmp(mine, back, 1000))
					_exit(1);
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		bad += status != 0;
	check(!bad, "two at once", "%d saw others' bytes", bad);
}

int main(void)
{
	int fd = open("/dev/fd0", O_RDWR);

	need(fd >= 0);
	check(holds("/proc/dma", " 2: floppy") &&
		      holds("/proc/devices", "  2 fd"),
	      "its channel and its number", "%s", "");
	test_whole(fd);
	test_writes(fd);
	test_format(fd);
	test_two_at_once(fd);
	check(holds("/proc/interrupts", "floppy"), "it interrupts", "%s", "");
	return checks_done();
}
