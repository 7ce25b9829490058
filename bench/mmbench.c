/* SPDX-License-Identifier: MIT */
/*
 * What memory costs a 32-bit Linux program, one line an operation. Runs on any
 * kernel that has Linux's system calls; bench/kernels boots it on two of them.
 *
 *   mmbench [PERCENT]	of the full number of operations
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static volatile int sink;

static char *map(long len, int prot)
{
	char *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "mmap");
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static char *map_rw(long len)
{
	return map(len, PROT_READ | PROT_WRITE);
}

static void look(const volatile char *p, long pages)
{
	long i;

	for (i = 0; i < pages; i++)
		sink += p[i * PG];
}

/* ---- system calls, faults ---- */

static void null_syscall(void)
{
	long i, n = scaled(200000);
	long long t = now();

	for (i = 0; i < n; i++)
		syscall(SYS_getppid);
	report("null_syscall", now() - t, n);
}

static void anonymous(void)
{
	long n = scaled(16384);
	char *p = map_rw(n * PG);
	long long t = now();

	touch(p, n, 1);
	report("anon_fault", now() - t, n);
	t = now();
	munmap(p, n * PG);
	report("anon_unmap_page", now() - t, n);
	p = map_rw(n * PG);
	t = now();
	look(p, n);
	report("zero_read_fault", now() - t, n);
	munmap(p, n * PG);
}

static void heap(void)
{
	char *b = sbrk(0);
	long i, n = scaled(20000);
	long long t;

	b += -(unsigned long)b % PG;
	must(brk(b) == 0, "brk");
	t = now();
	for (i = 0; i < n; i++) {
		must(brk(b + PG) == 0, "brk");
		*(volatile char *)b = 1;
		must(brk(b) == 0, "brk");
	}
	report("brk_1page", now() - t, n);
	t = now();
	for (i = 0; i < n; i++) {
		brk(b + PG);
		brk(b);
	}
	report("brk_notouch", now() - t, n);
}

/* ---- areas ---- */

static void map_unmap(const char *name, long len, long pages, long n)
{
	long long t = now();
	long i;
	char *p;

	for (i = 0; i < n; i++) {
		p = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		touch(p, pages, 1);
		munmap(p, len);
	}
	report(name, now() - t, n);
}

static void areas(void)
{
	map_unmap("mmap4k", PG, 0, scaled(20000));
	map_unmap("mmap4k_touch", PG, 1, scaled(20000));
	map_unmap("mmap1m", MB, 0, scaled(20000));
	map_unmap("mmap1m_touch", MB, MB / PG, scaled(200));
}

static void flip(const char *name, char *p, long len, long n)
{
	long long t = now();
	long i;

	for (i = 0; i < n; i++) {
		mprotect(p, len, PROT_READ);
		mprotect(p, len, PROT_READ | PROT_WRITE);
	}
	report(name, now() - t, n);
}

static void protect(void)
{
	char *p = map_rw(MB);

	memset(p, 1, MB);
	flip("mprotect_flip4k", p + 64 * PG, PG, scaled(20000));
	flip("mprotect_flip1m", p, MB, scaled(5000));
	munmap(p, MB);
}

static void move(void)
{
	char *a = map_rw(MB), *b = map(MB, PROT_NONE), *from;
	long i, n = scaled(500);
	long long t;

	memset(a, 1, MB);
	t = now();
	for (i = 0; i < n; i++) {
		from = a;
		a = mremap(a, MB, MB, MREMAP_MAYMOVE | MREMAP_FIXED, b);
		must(a != MAP_FAILED, "mremap");
		b = from;
	}
	report("mremap_move1m", now() - t, n);
	munmap(a, MB);
}

/* ---- processes ---- */

static void forks(const char *name, long n)
{
	long long t = now();
	long i;
	pid_t c;

	for (i = 0; i < n; i++) {
		c = fork();
		if (!c)
			_exit(0);
		waitpid(c, NULL, 0);
	}
	report(name, now() - t, n);
}

/* The child writes to every page, and tells how long that took. */
static long long child_writes(char *p, long pages)
{
	long long t, took = 0;
	int fd[2];
	pid_t c;

	must(pipe(fd) == 0, "pipe");
	c = fork();
	if (!c) {
		t = now();
		touch(p, pages, 2);
		took = now() - t;
		_exit(write(fd[1], &took, sizeof(took)) != sizeof(took));
	}
	must(read(fd[0], &took, sizeof(took)) == sizeof(took), "read");
	waitpid(c, NULL, 0);
	close(fd[0]);
	close(fd[1]);
	return took;
}

static void copies(void)
{
	long i, n = scaled(10), pages = 16 * MB / PG;
	char *p;
	long long t = 0;

	forks("fork_small", scaled(500));
	p = map_rw(16 * MB);
	touch(p, pages, 1);
	forks("fork_16m", scaled(100));
	for (i = 0; i < n; i++)
		t += child_writes(p, pages);
	report("cow_fault", t, n * pages);
	t = now();
	touch(p, pages, 3);
	report("cow_reuse_fault", now() - t, pages);
	munmap(p, 16 * MB);
}

static void execs(void)
{
	long i, n = scaled(200);
	long long t = now();
	pid_t c;

	for (i = 0; i < n; i++) {
		c = vfork();
		if (!c) {
			execl("/proc/self/exe", "mmbench", "0", (char *)NULL);
			_exit(1);
		}
		waitpid(c, NULL, 0);
	}
	report("vfork_exec", now() - t, n);
}

/* ---- sharing ---- */

static void segments(void)
{
	long i, n = scaled(5000);
	long long t = now();
	char *p;
	int id;

	for (i = 0; i < n; i++) {
		id = shmget(IPC_PRIVATE, 1 << 16, IPC_CREAT | 0600);
		must(id >= 0, "shmget");
		p = shmat(id, NULL, 0);
		*p = 1;
		shmdt(p);
		shmctl(id, IPC_RMID, NULL);
	}
	report("shm_cycle64k", now() - t, n);
}

static void ping_pong(void)
{
	long i, n = scaled(10000);
	int a[2], b[2];
	long long t;
	char ch = 0;
	pid_t c;

	must(pipe(a) == 0 && pipe(b) == 0, "pipe");
	c = fork();
	for (i = 0; !c && i < n; i++)
		if (read(a[0], &ch, 1) != 1 || write(b[1], &ch, 1) != 1)
			_exit(1);
	if (!c)
		_exit(0);
	t = now();
	for (i = 0; i < n; i++)
		must(write(a[1], &ch, 1) == 1 && read(b[0], &ch, 1) == 1,
		     "pipe");
	t = now() - t;
	waitpid(c, NULL, 0);
	report("pipe_switch", t, n * 2);
}

static char buffer[65536];

static void stream(void)
{
	long got, n, total = scaled(64) * (long)sizeof(buffer) * 4;
	long long t;
	int fd[2];
	pid_t c;

	must(pipe(fd) == 0, "pipe");
	c = fork();
	for (got = 0; !c && got < total; got += (long)sizeof(buffer))
		if (write(fd[1], buffer, sizeof(buffer)) != sizeof(buffer))
			_exit(1);
	if (!c)
		_exit(0);
	t = now();
	for (got = 0; got < total; got += n) {
		n = read(fd[0], buffer, sizeof(buffer));
		must(n > 0, "read");
	}
	t = now() - t;
	waitpid(c, NULL, 0);
	report("pipe_4k", t, total / PG);
}

/* ---- files ---- */

static void file_faults(int fd, long n)
{
	char *p = mmap(NULL, n * PG, PROT_READ, MAP_SHARED, fd, 0);
	long long t;

	must(p != MAP_FAILED, "mmap");
	madvise(p, n * PG, MADV_RANDOM);
	t = now();
	look(p, n);
	report("file_read_fault", now() - t, n);
	munmap(p, n * PG);
	p = mmap(NULL, n * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	t = now();
	touch(p, n, 1);
	report("file_priv_write", now() - t, n);
	munmap(p, n * PG);
	p = mmap(NULL, n * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	t = now();
	touch(p, n, 1);
	report("file_shared_write", now() - t, n);
	munmap(p, n * PG);
}

static void files(void)
{
	long i, n = (scaled(4096) + 15) & ~15l;
	char name[] = "/tmp/mmbenchXXXXXX";
	int fd = mkstemp(name);
	long long t;

	must(fd >= 0, "mkstemp");
	for (i = 0; i < n; i += 16)
		must(write(fd, buffer, sizeof(buffer)) == sizeof(buffer),
		     "write");
	file_faults(fd, n);
	lseek(fd, 0, SEEK_SET);
	t = now();
	for (i = 0; i < n; i += 16)
		must(read(fd, buffer, sizeof(buffer)) == sizeof(buffer),
		     "read");
	report("file_read4k", now() - t, n);
	close(fd);
	unlink(name);
}

static void meminfo(void)
{
	long i, n = scaled(2000);
	long long t = now();
	int fd;

	for (i = 0; i < n; i++) {
		fd = open("/proc/meminfo", O_RDONLY);
		must(fd >= 0 && read(fd, buffer, 8192) > 0, "/proc/meminfo");
		close(fd);
	}
	report("read_meminfo", now() - t, n);
}

int main(int argc, char **argv)
{
	static void (*const scenes[])(void) = {
		null_syscall, anonymous, heap,	  areas,    protect,
		move,	      copies,	 execs,	  segments, ping_pong,
		stream,	      files,	 meminfo,
	};
	size_t i;

	if (argc > 1)
		percent = atol(argv[1]);
	if (percent <= 0) /* what execs starts */
		return 0;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		scenes[i]();
	return 0;
}
