/* SPDX-License-Identifier: MIT */
/*
 * What memory costs where there is much of it, and what files on a disk do; the
 * sibling of mmbench.c, with a disk whose ext2 filesystem is mounted at DIR.
 *
 *   largebench PERCENT DIR
 *
 * A processor that waits for a disk does nothing, and yet the clock goes on. So
 * a thread that runs only when no other can (SCHED_IDLE) counts what is left
 * over, two instructions a round, and instructions() takes them away again:
 *
 *   clock   ├── we ──┤ idle ├─ interrupt, we ─┤ idle ├── we ──┤
 *                    └ spun ┘                 └ spun ┘
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define HUGE_SIZE (4 * MB)
#define TRIES 100
#define WORKERS 8

static const char *dir;
static char buffer[65536];

/* ---- time that is not waited ---- */

static volatile unsigned int spun;

static void *spin(void *unused)
{
	struct sched_param none = { 0 };

	must(!sched_setscheduler(0, SCHED_IDLE, &none), "SCHED_IDLE");
	for (;;)
		__asm__ volatile("incl %0" : "+m"(spun)); /* and a jump */
	return unused;
}

static long long instructions(void)
{
	static unsigned int last;
	static long long idle;
	unsigned int s = spun;

	idle += 2ll * (s - last);
	last = s;
	return now() - idle;
}

/* ---- memory that is mapped 4 MB at a time, where a kernel does so ---- */

static char *map(long len, int advice)
{
	char *p = mmap(NULL, len + HUGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	must(p != MAP_FAILED, "mmap");
	p += -(unsigned long)p & (HUGE_SIZE - 1);
	if (advice)
		madvise(p, len, advice);
	return p;
}

static void row(const char *name, long mb, long long since)
{
	char text[32];

	snprintf(text, sizeof(text), "%s_%ldm", name, mb);
	report(text, now() - since, mb * (MB / PG));
}

static void touched(long mb)
{
	long n = mb * (MB / PG);
	char *p = map(mb * MB, 0);
	long long t = now();
	pid_t c;

	touch(p, n, 1);
	row("touch", mb, t);
	t = now();
	c = fork();
	if (!c)
		_exit(0);
	waitpid(c, NULL, 0);
	row("fork_exit", mb, t);
	t = now();
	touch(p, n, 2);
	row("write_after_fork", mb, t);
	t = now();
	must(!madvise(p, mb * MB, MADV_DONTNEED), "MADV_DONTNEED");
	row("dontneed", mb, t);
	touch(p, n, 3);
	t = now();
	munmap(p, mb * MB);
	row("munmap", mb, t);
}

/* ---- blocks of 4 MB where all memory is in pieces ---- */

static long meminfo(const char *name)
{
	char *at;
	int fd = open("/proc/meminfo", O_RDONLY);
	long n = read(fd, buffer, sizeof(buffer) - 1);

	close(fd);
	must(n > 0, "/proc/meminfo");
	buffer[n] = 0;
	at = strstr(buffer, name);
	must(at != NULL, name);
	return atol(at + strlen(name) + 1);
}

static unsigned int rnd(unsigned int below)
{
	static unsigned int seed = 1;

	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

/* Fills @pages of memory, with a small file now and then; drops three of five
 * of both at random; waits for its end. */
static void fragment(int who, long pages, int ready, int end)
{
	char *p = map(pages * PG, MADV_NOHUGEPAGE), name[64], c = 0;
	long i;

	for (i = 0; i < pages; i++) {
		p[i * PG] = 1;
		if (i % 128)
			continue;
		snprintf(name, sizeof(name), "/tmp/%d-%ld", who, i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
		sched_yield();
	}
	for (i = 0; i < pages; i++) {
		if (rnd(5) < 3)
			madvise(p + i * PG, PG, MADV_DONTNEED);
		if (i % 128 || rnd(5) >= 3)
			continue;
		snprintf(name, sizeof(name), "/tmp/%d-%ld", who, i);
		unlink(name);
	}
	must(write(ready, &c, 1) == 1, "write");
	_exit((int)read(end, &c, 1));
}

/* Counts the faults that got 4 MB, and what each of those took. */
static void ask_for_blocks(void)
{
	long before, kb = HUGE_SIZE >> 10, got = 0;
	long long t, took = 0;
	int i;
	char *p;

	for (i = 0; i < TRIES; i++) {
		p = map(HUGE_SIZE, MADV_HUGEPAGE);
		before = meminfo("AnonHugePages:");
		t = now();
		*p = 1;
		t = now() - t;
		if (meminfo("AnonHugePages:") < before + kb)
			continue;
		took += t;
		got++;
	}
	printf("blocks of 4 MB: %ld of %d\n", got, TRIES);
	report("block_of_4m", took, got ? got : 1);
}

static void fragments(void)
{
	long pages = meminfo("MemAvailable:") / 4 * 9 / 10 / WORKERS;
	int ready[2], end[2], i;
	char c;

	must(!pipe(ready) && !pipe(end), "pipe");
	for (i = 0; i < WORKERS; i++)
		if (!fork()) {
			close(end[1]);
			fragment(i, pages, ready[1], end[0]);
		}
	for (i = 0; i < WORKERS; i++)
		must(read(ready[0], &c, 1) == 1, "read");
	ask_for_blocks();
	close(end[1]);
	while (wait(NULL) > 0)
		;
}

/* ---- files on a disk ---- */

static int open_in(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	must(fd >= 0, path);
	return fd;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	must(fd >= 0 && write(fd, "3", 1) == 1, "drop_caches");
	close(fd);
}

static void data(void)
{
	long i, n = (scaled(16384) + 15) & ~15l;
	int fd = open_in("data");
	long long t = instructions();

	for (i = 0; i < n; i += 16)
		must(write(fd, buffer, sizeof(buffer)) == sizeof(buffer),
		     "write");
	must(!fsync(fd), "fsync");
	report("write_and_fsync", instructions() - t, n);
	close(fd);
	drop_caches();
	fd = open_in("data");
	t = instructions();
	for (i = 0; i < n; i += 16)
		must(read(fd, buffer, sizeof(buffer)) == sizeof(buffer),
		     "read");
	report("first_read", instructions() - t, n);
	close(fd);
}

static void names(void)
{
	long i, n = scaled(20000);
	char path[256];
	long long t;
	int fd;

	snprintf(path, sizeof(path), "%s/names", dir);
	must(!mkdir(path, 0700), path);
	t = instructions();
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/names/%ld", dir, i);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		must(fd >= 0, path);
		close(fd);
	}
	report("file_made", instructions() - t, n);
	t = instructions();
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/names/%ld", dir, i);
		must(!unlink(path), path);
	}
	report("file_removed", instructions() - t, n);
}

int main(int argc, char **argv)
{
	pthread_t spinner;

	must(argc == 3, "largebench PERCENT DIR");
	percent = atol(argv[1]);
	dir = argv[2];
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("MemAvailable %ld kB\n", meminfo("MemAvailable:"));
	touched(4);
	touched(512);
	fragments();
	must(!pthread_create(&spinner, NULL, spin, NULL), "pthread_create");
	data();
	names();
	return 0;
}
