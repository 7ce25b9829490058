/* SPDX-License-Identifier: MIT */
/*
 * Swap files on an ext2 filesystem of 24 MB, /dev/sda, beside a swap area on
 * /dev/sdb: what can be one, what cannot be done to one meanwhile, and a
 * program's memory in several of them.
 */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include "check.h"
#include "swap.h"

#define DISK "/dev/sdb"

/* A file of @pages, every one written; @hole: but for that. */
static void make_file(const char *path, long pages, long hole)
{
	static char page[PAGE];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	need(fd >= 0);
	memset(page, 0x5a, sizeof(page));
	for (long n = 0; n < pages; n++)
		if (n != hole)
			need(pwrite(fd, page, PAGE, n * PAGE) == PAGE);
	need(!ftruncate(fd, pages * PAGE));
	close(fd);
	make_swap(path, pages, 1);
}

static void set_word(const char *path, long at, uint32_t word)
{
	int fd = open(path, O_RDWR);

	need(fd >= 0);
	need(pwrite(fd, &word, 4, at) == 4);
	close(fd);
}

/* swapon of a file whose header has a word that is wrong. */
static void refuse(const char *what, long at, uint32_t word, long want)
{
	long got;

	make_swap("/mnt/a", 256, 1);
	set_word("/mnt/a", at, word);
	got = value(swapon("/mnt/a", 0));
	check(got == want, what, "%ld", got);
}

/* ---- what is refused ---- */

static void test_refusals(void)
{
	struct stat st;

	make_file("/mnt/a", 256, -1);
	refuse("a version that is not known", 1024, 2, -EINVAL);
	refuse("no pages", 1028, 0, -EINVAL);
	refuse("a header that says more than there is", 1028, 256, -EINVAL);
	refuse("a header that says far too much", 1028, ~0u, -EINVAL);
	refuse("a file with bad pages", 1032, 1, -EINVAL);
	refuse("more bad pages than fit", 1032, ~0u, -EINVAL);
	refuse("no signature", PAGE - 6, 0x31454341, -EINVAL);
	need(!truncate("/mnt/a", 1000));
	is(swapon("/mnt/a", 0), -EINVAL); /* shorter than a page */
	need(!truncate("/mnt/a", 0));
	is(swapon("/mnt/a", 0), -EINVAL);
	make_file("/mnt/a", 256, 200);
	is(swapon("/mnt/a", 0), -EINVAL); /* it has a hole */
	need(!unlink("/mnt/a"));
	need(!mkdir("/mnt/dir", 0700));
	is(swapon("/mnt/dir", 0), -EISDIR);
	need(!rmdir("/mnt/dir"));
	make_file("/tmp/a", 256, -1);
	is(swapon("/tmp/a", 0), -EINVAL); /* on a tmpfs */
	need(!unlink("/tmp/a"));
	is(swapon("/proc/self/mem", 0), -EINVAL);
	is(swapoff("/proc/self/mem"), -EINVAL);
	make_file("/mnt/a", 256, -1);
	is(swapoff("/mnt/a"), -EINVAL);
	need(!stat("/mnt/a", &st));
	check(st.st_blocks >= 256 * 8, "and what was refused is a file",
	      "%ld blocks", (long)st.st_blocks);
}

static void test_without_name(void)
{
	char path[40];
	int fd = open("/mnt/a", O_RDWR);

	need(fd >= 0 && !unlink("/mnt/a"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	is(swapon(path, 0), -ENOENT);
	close(fd);
}

/* ---- a file that is an area ---- */

static void test_changes(void)
{
	int fd, dir, locked;
	char *p, *r;

	make_file("/mnt/a", 256, -1);
	fd = open("/mnt/a", O_RDWR);
	need(fd >= 0);
	p = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(p != MAP_FAILED);
	p[100 * PAGE] = 1;
	is(swapon("/mnt/a", SWAP_FLAG_PREFER | 3 | SWAP_FLAG_DISCARD), 0);
	is(swapon("/mnt/a", 0), -EBUSY);
	check(strstr(report("/proc/swaps"),
		     "\n/mnt/a                                  file\t\t"
		     "1020\t\t0\t\t3\n") != NULL,
	      "a file is listed", "%s", text);
	is(write(fd, "x", 1), -ETXTBSY);
	is(pwrite(fd, "x", 1, 256 * PAGE), -ETXTBSY);
	is(ftruncate(fd, 0), -ETXTBSY);
	is(ftruncate(fd, 256 * PAGE), -ETXTBSY);
	is(truncate("/mnt/a", 5), -ETXTBSY);
	is(open("/mnt/a", O_RDWR | O_TRUNC), -ETXTBSY);
	is(fallocate(fd, 0, 0, 300 * PAGE), -ETXTBSY);
	is(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE),
	   -ETXTBSY);
	is(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
	   -ETXTBSY);
	r = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	check(r != MAP_FAILED && !memcmp(r + PAGE - 10, "SWAPSPACE2", 10),
	      "it can be read", "%m");
	need(!munmap(r, PAGE));
	is(unlink("/mnt/a"), -EPERM);
	is(rename("/mnt/a", "/mnt/b"), -EPERM);
	make_file("/mnt/b", 4, -1);
	is(rename("/mnt/b", "/mnt/a"), -EPERM);
	is(link("/mnt/a", "/mnt/c"), 0);
	is(unlink("/mnt/c"), -EPERM);
	is(umount("/mnt"), -EBUSY);
	is(mount("/dev/sda", "/mnt", "ext2", MS_REMOUNT | MS_RDONLY, ""),
	   -EBUSY);
	dir = fork();
	need(dir >= 0);
	if (!dir) {
		p[100 * PAGE] = 2; /* it was mapped before */
		_exit(0);
	}
	locked = wait_for(dir);
	check(WIFSIGNALED(locked) && WTERMSIG(locked) == SIGBUS,
	      "a store to what was mapped is SIGBUS", "status %x", locked);
	is(swapoff("/mnt/a"), 0);
	check(p[100 * PAGE] == 1, "what it had is there again", "%d",
	      p[100 * PAGE]);
	need(!munmap(p, 256 * PAGE));
	is(pwrite(fd, "x", 1, 0), 1);
	close(fd);
	is(unlink("/mnt/a"), 0);
	is(unlink("/mnt/b"), 0);
	is(unlink("/mnt/c"), 0);
}

static void test_device(void)
{
	int fd = open(DISK, O_RDWR);

	need(fd >= 0);
	is(pwrite(fd, "x", 1, 100 * PAGE), 1);
	is(swapon(DISK, SWAP_FLAG_PREFER | 1), 0);
	is(pwrite(fd, "x", 1, 100 * PAGE), -ETXTBSY);
	is(swapoff(DISK), 0);
	is(pwrite(fd, "x", 1, 100 * PAGE), 1);
	close(fd);
}

/* ---- more than there is ---- */

/* kB of an area that are in use, as /proc/swaps has them; -1: it has none. */
static long used(const char *name)
{
	const char *s = strstr(report("/proc/swaps"), name);
	long size, n;

	if (!s || sscanf(s + strlen(name), "%*s %ld %ld", &size, &n) != 2)
		return -1;
	return n;
}

/* The first is filled before the others, and two of one priority in turns. */
static void test_priorities(void)
{
	long pages, n, bad, a, b, disk;
	struct sysinfo s;
	char *p;

	make_file("/mnt/a", 1024, -1);
	make_file("/mnt/b", 1024, -1);
	make_file("/mnt/top", 1024, -1);
	is(swapon("/mnt/a", SWAP_FLAG_PREFER | 5), 0);
	is(swapon("/mnt/top", SWAP_FLAG_PREFER | 9), 0);
	is(swapon("/mnt/b", SWAP_FLAG_PREFER | 5), 0);
	is(swapon(DISK, 0), 0);
	need(!sysinfo(&s));
	pages = ram() / PAGE + 1300;
	p = map(pages * PAGE, MAP_PRIVATE);
	for (n = 0; n < pages; n++)
		fill(p, n, 1);
	a = used("/mnt/a"), b = used("/mnt/b"), disk = used(DISK);
	check(used("/mnt/top") > 3800, "the highest priority is filled first",
	      "%s", text);
	check(a > 500 && b > 500 && a - b <= 512 && b - a <= 512,
	      "two of the same in turns", "%s", text);
	check(!disk || a > 3800, "the lowest last", "%s", text);
	pages += 2500;
	need((p = mremap(p, (pages - 2500) * PAGE, pages * PAGE,
			 MREMAP_MAYMOVE)) != MAP_FAILED);
	for (n = pages - 2500; n < pages; n++)
		fill(p, n, 1);
	check(used(DISK) > 0, "and the rest where there is room", "%s", text);
	bad = wrong(p, pages, 1);
	check(!bad, "memory in three files and a device", "%ld pages wrong",
	      bad);
	is(swapoff("/mnt/top"), 0);
	is(swapoff("/mnt/a"), 0);
	bad = wrong(p, pages, 1);
	check(!bad, "two of them taken away", "%ld pages wrong", bad);
	need(!munmap(p, pages * PAGE));
	is(swapoff("/mnt/b"), 0);
	is(swapoff(DISK), 0);
	is(unlink("/mnt/top") | unlink("/mnt/b") | unlink("/mnt/a"), 0);
}

/* Blocks of two files by turns, so that no page follows the one before. */
static void test_pieces(void)
{
	long pages = 2200, n, bad;
	static char page[PAGE];
	int a, b;
	char *p;

	a = open("/mnt/a", O_RDWR | O_CREAT, 0600);
	b = open("/mnt/b", O_RDWR | O_CREAT, 0600);
	need(a >= 0 && b >= 0);
	for (n = 0; n < pages; n++) {
		need(pwrite(a, page, PAGE, n * PAGE) == PAGE);
		need(pwrite(b, page, 1 + n % 5 * 1000, n * PAGE) > 0);
		if (n % 3)
			need(!fsync(n % 2 ? a : b));
	}
	close(a);
	close(b);
	need(!unlink("/mnt/b"));
	make_swap("/mnt/a", pages, 1);
	is(swapon("/mnt/a", 0), 0);
	pages = ram() / PAGE + 500;
	p = map(pages * PAGE, MAP_PRIVATE);
	for (n = 0; n < pages; n++)
		fill(p, n, 2);
	bad = wrong(p, pages, 2);
	check(!bad && used("/mnt/a") > 100, "a file in pieces",
	      "%ld pages wrong; %s", bad, text);
	need(!munmap(p, pages * PAGE));
	is(swapoff("/mnt/a"), 0);
	is(unlink("/mnt/a"), 0);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir("/mnt", 0755);
	mkdir("/tmp", 0755);
	need(!mount("/dev/sda", "/mnt", "ext2", 0, ""));
	make_swap(DISK, (64 << 20) / PAGE, 1);
	test_refusals();
	test_without_name();
	test_changes();
	test_device();
	test_priorities();
	test_pieces();
	is(umount("/mnt"), 0);
	return checks_done();
}
