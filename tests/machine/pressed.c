/* SPDX-License-Identifier: MIT */
/*
 * What else memory holds while a hog of 1.5 × RAM goes round and round: files
 * that are mapped, shared memory of each kind, locked pages, full pipes and
 * sockets, pages that others read and write from outside, programs that begin
 * and end. Files lie on /dev/sda (ext2); what is anonymous goes to /dev/sdb.
 *
 *   /t/pressed [ROUNDS]
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"
#include "swap.h"

#define SWAP "/dev/sdb"
#define BYTES (160l << 20)
#define FORKS 8 /* at once */

static pid_t hog_pid;
static long rounds = 1;

/* ---- who uses all memory ---- */

/* Goes round until it is killed; what it reads wrong ends it. */
static void hog(long pages)
{
	char *p = map(pages * PAGE, MAP_PRIVATE);
	long n;

	for (n = 0; n < pages; n++)
		fill(p, n, 1);
	for (n = 0;; n = (n + 1) % pages)
		if (!is_filled(p, n, 1))
			_exit(1);
}

static void start_hog(void)
{
	hog_pid = fork();
	need(hog_pid >= 0);
	if (!hog_pid)
		hog(ram() / PAGE * 3 / 2);
}

/* Nearly all that could go has gone when it has brought in as much as RAM. */
static void be_pressed(void)
{
	long before = number("/proc/vmstat", "pswpin ");

	while (number("/proc/vmstat", "pswpin ") - before < ram() / PAGE &&
	       !waitpid(hog_pid, NULL, WNOHANG))
		usleep(1000);
}

static void end_hog(void)
{
	int status;

	check(!kill(hog_pid, SIGKILL), "the hog went on", "%m");
	status = wait_for(hog_pid);
	check(WIFSIGNALED(status), "and read what it had written", "%x",
	      status);
}

/* As fill() and is_filled(), of a copy of page n. */
static void fill_copy(char *page, long n, uint32_t seed)
{
	uint32_t *w = (uint32_t *)page;

	for (long i = 0; i < PAGE / 4; i++)
		w[i] = seed * 2654435761u + (uint32_t)(n * 1024 + i);
}

static int is_copy(const char *page, long n, uint32_t seed)
{
	const uint32_t *w = (const uint32_t *)page;

	for (long i = 0; i < PAGE / 4; i++)
		if (w[i] != seed * 2654435761u + (uint32_t)(n * 1024 + i))
			return 0;
	return 1;
}

/* ---- mappings ---- */

static int file_of(const char *path, long pages, uint32_t seed)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0700);
	static char page[PAGE];
	long n;

	need(fd >= 0);
	for (n = 0; n < pages; n++) {
		fill_copy(page, n, seed);
		need(write(fd, page, PAGE) == PAGE);
	}
	return fd;
}

static void test_files(void)
{
	const long pages = 600;
	int fd = file_of("/mnt/file", pages, 2);
	char *shared, *own, page[PAGE];
	long n, bad = 0;

	shared = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	own = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		   0);
	need(shared != MAP_FAILED && own != MAP_FAILED);
	for (n = 0; n < pages; n += 3)
		fill(shared, n, 3);
	for (n = 1; n < pages; n += 3)
		fill(own, n, 4);
	be_pressed();
	for (n = 0; n < pages; n++) {
		bad += !is_filled(shared, n, n % 3 ? 2 : 3);
		bad += !is_filled(own, n, n % 3 == 1 ? 4 : n % 3 ? 2 : 3);
		need(pread(fd, page, PAGE, n * PAGE) == PAGE);
		bad += !is_copy(page, n, n % 3 ? 2 : 3);
	}
	check(!bad, "mapped files, shared and private", "%ld wrong", bad);
	is(msync(shared, pages * PAGE, MS_SYNC), 0);
	need(!munmap(shared, pages * PAGE) && !munmap(own, pages * PAGE));
	close(fd);
}

/* ---- shared memory ---- */

static void test_shared(void)
{
	const long pages = 500;
	int id = shmget(IPC_PRIVATE, pages * PAGE, 0600), fd, i;
	char *p[3];
	long n, bad = 0;
	pid_t pid;

	fd = (int)syscall(SYS_memfd_create, "m", 0);
	need(id >= 0 && fd >= 0 && !ftruncate(fd, pages * PAGE));
	p[0] = shmat(id, NULL, 0);
	p[1] = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	p[2] = map(pages * PAGE, MAP_SHARED);
	need(p[0] != (void *)-1 && p[1] != MAP_FAILED);
	for (i = 0; i < 3; i++)
		for (n = 0; n < pages; n++)
			fill(p[i], n, 10 + i);
	be_pressed();
	pid = fork();
	need(pid >= 0);
	if (!pid) { /* it writes half of each */
		for (i = 0; i < 3; i++)
			for (n = 0; n < pages; n += 2)
				fill(p[i], n, 20 + i);
		_exit(0);
	}
	is(wait_for(pid), 0);
	be_pressed();
	for (i = 0; i < 3; i++)
		for (n = 0; n < pages; n++)
			bad += !is_filled(p[i], n, (n % 2 ? 10 : 20) + i);
	check(!bad, "SysV, memfd and anonymous shared memory", "%ld wrong",
	      bad);
	is(shmctl(id, IPC_RMID, NULL), 0);
	need(!shmdt(p[0]) && !munmap(p[1], pages * PAGE) &&
	     !munmap(p[2], pages * PAGE));
	close(fd);
}

/* ---- what does not go ---- */

static void test_locked(void)
{
	const long pages = 400;
	char *p = map(pages * PAGE, MAP_PRIVATE);
	static unsigned char vec[400];
	long n, there = 0;

	for (n = 0; n < pages; n++)
		fill(p, n, 5);
	is(mlock(p, pages * PAGE), 0);
	be_pressed();
	is(mincore(p, pages * PAGE, vec), 0);
	for (n = 0; n < pages; n++)
		there += vec[n] & 1;
	check(there == pages, "what is locked stays", "%ld of %ld", there,
	      pages);
	is(munlock(p, pages * PAGE), 0);
	be_pressed();
	n = wrong(p, pages, 5);
	check(!n, "and goes and comes when it is not", "%ld wrong", n);
	need(!munmap(p, pages * PAGE));
}

/* Pipes and sockets keep what was written to them. */
static void test_channels(void)
{
	static char page[PAGE];
	int fd[12][2], i;
	long n[12], bad = 0, k;

	for (i = 0; i < 12; i++) {
		if (i % 2)
			need(!pipe2(fd[i], O_NONBLOCK));
		else
			need(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK,
					 0, fd[i]));
		fill(page, 0, 30 + i);
		for (n[i] = 0; write(fd[i][1], page, PAGE) == PAGE;)
			n[i]++;
	}
	be_pressed();
	for (i = 0; i < 12; i++)
		for (k = 0; k < n[i]; k++)
			bad += read(fd[i][0], page, PAGE) != PAGE ||
			       !is_filled(page, 0, 30 + i);
	check(!bad, "full pipes and sockets", "%ld wrong", bad);
	for (i = 0; i < 12; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
}

/* ---- from outside ---- */

/* A child that sleeps, whose pages another reads and writes. */
static void test_outside(void)
{
	const long pages = 300;
	char *p = map(pages * PAGE, MAP_PRIVATE);
	static char page[PAGE];
	struct iovec here = { page, PAGE }, there;
	long n, bad = 0, word;
	pid_t pid;

	for (n = 0; n < pages; n++)
		fill(p, n, 6);
	pid = fork();
	need(pid >= 0);
	if (!pid) {
		for (n = 0; n < pages; n++)
			fill(p, n, 7);
		madvise(p, PAGE * 20, MADV_FREE);
		raise(SIGSTOP);
		for (n = 0; n < pages; n++)
			bad += !is_filled(p, n, n < 20 ? 9 : n % 2 ? 7 : 8);
		_exit(bad != 0);
	}
	need(waitpid(pid, NULL, WUNTRACED) == pid);
	for (n = 0; n < pages; n += n < 20 ? 1 : 2) {
		fill_copy(page, n, n < 20 ? 9 : 8);
		there = (struct iovec){ p + n * PAGE, PAGE };
		bad += process_vm_writev(pid, &here, 1, &there, 1, 0) != PAGE;
	}
	be_pressed();
	for (n = 0; n < pages; n++) {
		there = (struct iovec){ p + n * PAGE, PAGE };
		bad += process_vm_readv(pid, &here, 1, &there, 1, 0) != PAGE ||
		       !is_copy(page, n,
				n < 20 ? 9 :
				n % 2  ? 7 :
					 8);
	}
	check(!bad, "process_vm_readv and writev of what is out", "%ld wrong",
	      bad);
	need(!ptrace(PTRACE_SEIZE, pid, 0, 0));
	need(!ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	need(waitpid(pid, NULL, 0) == pid);
	be_pressed();
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, pid, p + 51 * PAGE, 0);
	check(!errno && (uint32_t)word == 7 * 2654435761u + 51 * 1024,
	      "ptrace, too", "%lx", word);
	need(!ptrace(PTRACE_DETACH, pid, 0, 0) && !kill(pid, SIGCONT));
	is(wait_for(pid), 0);
	n = wrong(p, pages, 6);
	check(!n, "and the parent's are its own", "%ld wrong", n);
	need(!munmap(p, pages * PAGE));
}

static void die_with_core(char *p, long pages)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	long n;

	need(!chdir("/mnt") && !setrlimit(RLIMIT_CORE, &all));
	for (n = 0; n < pages; n++)
		fill(p, n, 11);
	be_pressed();
	abort();
}

/* Pages of a core file that are those of the program, in their order. */
static long pages_in_core(long pages)
{
	int fd = open("/mnt/core", O_RDONLY);
	static char page[PAGE];
	long found = 0;

	while (fd >= 0 && read(fd, page, PAGE) == PAGE && found < pages)
		found += is_copy(page, found, 11);
	close(fd);
	return found;
}

/* A core file of a program most of which is elsewhere. */
static void test_core(void)
{
	const long pages = 300;
	char *p = map(pages * PAGE, MAP_PRIVATE);
	pid_t pid = fork();
	int status;
	long found;

	need(pid >= 0);
	if (!pid)
		die_with_core(p, pages);
	status = wait_for(pid);
	check(WIFSIGNALED(status) && WCOREDUMP(status), "a core is written",
	      "%x", status);
	found = pages_in_core(pages);
	check(found == pages, "and has all that was out", "%ld of %ld", found,
	      pages);
	unlink("/mnt/core");
	need(!munmap(p, pages * PAGE));
}

/* ---- programs that begin and end ---- */

/* One of a storm: it execs, or writes a part of what it has and looks. */
static void one_fork(const char *self, char *p, long pages, int i)
{
	char *argv[] = { (char *)self, (char *)"exec", NULL };
	long n, bad = 0;

	if (i % 3 == 0)
		execv(self, argv);
	for (n = i % 7; n < pages; n += 7)
		fill(p, n, 100 + i);
	for (n = 0; n < pages; n++)
		bad += !is_filled(p, n, n % 7 == i % 7 ? 100 + i : 12);
	_exit(bad != 0);
}

static void test_forks(const char *self)
{
	const long pages = 200;
	char *p = map(pages * PAGE, MAP_PRIVATE);
	pid_t pid[FORKS] = { 0 };
	long n, bad = 0;
	int i;

	for (n = 0; n < pages; n++)
		fill(p, n, 12);
	for (i = 0; i < 10 * FORKS; i++) {
		if (pid[i % FORKS])
			bad += wait_for(pid[i % FORKS]) != 0;
		pid[i % FORKS] = fork();
		need(pid[i % FORKS] >= 0);
		if (!pid[i % FORKS])
			one_fork(self, p, pages, i);
	}
	for (i = 0; i < FORKS; i++)
		bad += wait_for(pid[i]) != 0;
	bad += wrong(p, pages, 12);
	check(!bad, "a storm of forks and execs", "%ld wrong", bad);
	need(!munmap(p, pages * PAGE));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "exec"))
		return 0;
	if (argc > 1)
		rounds = atol(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir("/mnt", 0700);
	need(!mount("/dev/sda", "/mnt", "ext2", 0, NULL));
	make_swap(SWAP, BYTES / PAGE, 1);
	is(swapon(SWAP, 0), 0);
	start_hog();
	while (rounds--) {
		test_files();
		test_shared();
		test_locked();
		test_channels();
		test_outside();
		test_core();
		test_forks(argv[0]);
	}
	end_hog();
	is(umount("/mnt"), 0);
	is(swapoff(SWAP), 0);
	return checks_done();
}
