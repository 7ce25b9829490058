/* SPDX-License-Identifier: MIT */
/*
 * Huge pages of the pool as programs meet them: its numbers, MAP_HUGETLB, files
 * of a hugetlbfs, SysV segments, memfds; what is refused, and what others see.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define PAGE 4096
#define HUGE (4l << 20)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB)
#define SYS "/sys/kernel/mm/hugepages/hugepages-4096kB/"
#define NR "/proc/sys/vm/nr_hugepages"
#define OVERCOMMIT "/proc/sys/vm/nr_overcommit_hugepages"
#define SIZE_LOG(n) ((unsigned int)(n) << 26)

static long put_number(const char *path, long n)
{
	char text[24];
	int fd = open(path, O_WRONLY);
	long ret;

	need(fd >= 0);
	ret = value(write(fd, text, sprintf(text, "%ld\n", n)));
	close(fd);
	return ret;
}

/* The number behind @title, or -1. */
static long number(const char *path, const char *title)
{
	const char *p = strstr(text_of(path), title);

	return p ? atol(p + strlen(title)) : -1;
}

/* Total, free, reserved and surplus pages as one number: 4310, say. */
static long pool(void)
{
	return number("/proc/meminfo", "HugePages_Total:") * 1000 +
	       number("/proc/meminfo", "HugePages_Free:") * 100 +
	       number("/proc/meminfo", "HugePages_Rsvd:") * 10 +
	       number("/proc/meminfo", "HugePages_Surp:");
}

static sigjmp_buf escape;

static void on_signal(int sig)
{
	siglongjmp(escape, sig);
}

/* The signal that a write ends in, or 0. */
static int signal_of_write(char *at)
{
	int sig = sigsetjmp(escape, 1);

	if (!sig)
		*(volatile char *)at = 1;
	return sig;
}

static void the_pool(void)
{
	is(put_number(NR, 4), 2);
	is(pool(), 4400);
	is(number("/proc/meminfo", "Hugepagesize:"), 4096);
	is(number("/proc/meminfo", "Hugetlb:"), 16384);
	is(atol(text_of(SYS "nr_hugepages")), 4);
	is(atol(text_of(SYS "free_hugepages")), 4);
	is(put_number(SYS "nr_hugepages", 3), 2);
	is(atol(text_of(NR)), 3);
	is(put_number(NR, -1), -EINVAL);
	is(put_number(NR, 4), 2);
	check(number("/proc/vmstat", "htlb_buddy_alloc_success ") >= 5,
	      "the pool has numbers", "vmstat");
}

static void memory_without_a_name(void)
{
	char *p, *q;

	p = mmap(NULL, 2 * HUGE - PAGE, RW, ANON, -1, 0);
	need(p != MAP_FAILED);
	is((uintptr_t)p % HUGE, 0);
	is(pool(), 4420);
	p[HUGE - 1] = 1;
	is(p[0], 0);
	is(pool(), 4310);
	is(number("/proc/self/status", "HugetlbPages:"), 4096);
	is(munmap(p + PAGE, HUGE), -EINVAL);
	is(munmap(p, HUGE + PAGE), -EINVAL);
	is(mprotect(p + PAGE, HUGE, PROT_READ), -EINVAL);
	is(madvise(p, HUGE, MADV_FREE), -EINVAL);
	is(mmap(NULL, 3 * HUGE, RW, ANON, -1, 0), -ENOMEM);
	is(mmap(NULL, HUGE, RW, ANON | SIZE_LOG(21), -1, 0), -EINVAL);
	is(mmap(p + PAGE, HUGE, RW, ANON | MAP_FIXED, -1, 0), -EINVAL);
	is(mmap(NULL, 0, RW, ANON, -1, 0), -EINVAL);
	is(mmap(NULL, -HUGE, RW, ANON, -1, 0), -ENOMEM);
	q = mmap(NULL, HUGE, RW, ANON | SIZE_LOG(22), -1, 0);
	need(q != MAP_FAILED);
	is(mremap(q, HUGE, 2 * HUGE, MREMAP_MAYMOVE), -EINVAL);
	is(mremap(p, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, q), q);
	is(q[HUGE - 1], 1);
	is(munmap(q, HUGE), 0);
	is(munmap(p + HUGE, HUGE), 0);
	is(pool(), 4400);
	check(1, "memory without a name", "-");
}

static void what_others_see(void)
{
	char *p = mmap(NULL, HUGE, RW, ANON, -1, 0), word[4] = "";
	struct iovec to = { word, 4 }, from = { p + 5 * PAGE, 4 };
	uint64_t entry, flags = 0;
	unsigned char vec[2] = { 0 };
	int fd;

	need(p != MAP_FAILED);
	memcpy(p + 5 * PAGE, "abcd", 4);
	is(number("/proc/self/smaps_rollup", "Private_Hugetlb:"), 4096);
	check(strstr(text_of("/proc/self/smaps"),
		     "MMUPageSize:        4096 kB") &&
		      strstr(text_of("/proc/self/smaps"), " ht ") &&
		      strstr(text_of("/proc/self/maps"),
			     "/anon_hugepage (deleted)"),
	      "smaps of huge pages", "%s", text_of("/proc/self/smaps"));
	is(process_vm_readv(getpid(), &to, 1, &from, 1, 0), 4);
	is(memcmp(word, "abcd", 4), 0);
	is(mincore(p, 2 * PAGE, vec), 0);
	is(vec[0] & vec[1], 1);
	fd = open("/proc/self/pagemap", O_RDONLY);
	is(pread64(fd, &entry, 8, (uintptr_t)(p + PAGE) / PAGE * 8), 8);
	close(fd);
	fd = open("/proc/kpageflags", O_RDONLY);
	is(pread64(fd, &flags, 8, (entry & ((1ull << 55) - 1)) * 8), 8);
	close(fd);
	check(flags >> 17 & 1 && flags >> 16 & 1, "kpageflags of huge pages",
	      "%llx", (unsigned long long)flags);
	is(mlock(p, HUGE), 0);
	is(munlock(p, HUGE), 0);
	is(msync(p, HUGE, MS_SYNC), 0);
	is(madvise(p, HUGE, MADV_DONTNEED), 0);
	is(mincore(p, 2 * PAGE, vec), 0);
	is(vec[0] | vec[1], 0);
	is(munmap(p, HUGE), 0);
	is(pool(), 4400);
}

static void forks(void)
{
	char *p = mmap(NULL, 4 * HUGE, RW, ANON, -1, 0);
	int fds[2], status;
	char c;

	need(p != MAP_FAILED && !pipe(fds));
	for (int i = 0; i < 4; i++)
		p[i * HUGE] = 'a';
	if (!fork()) {
		read(fds[0], &c, 1);
		_exit(p[HUGE] == 'a' ? signal_of_write(p) : 99);
	}
	p[0] = 'b'; /* the child has lost it, there being no other */
	write(fds[1], "", 1);
	need(wait(&status) > 0);
	is(WEXITSTATUS(status), SIGBUS);
	is(p[0], 'b');
	is(munmap(p, 4 * HUGE), 0);
	is(pool(), 4400);
	check(1, "a page for a copy that is not there", "-");
}

static void files(void)
{
	char *p, *q, bytes[8];
	struct statfs fs;
	struct stat st;
	int fd;

	mkdir("/huge", 0755);
	is(mount("none", "/huge", "hugetlbfs", 0, "pagesize=2M"), -EINVAL);
	is(mount("none", "/huge", "hugetlbfs", 0, "size=4M,min_size=8M"),
	   -EINVAL);
	is(mount("none", "/huge", "hugetlbfs", 0, "min_size=64M"), -ENOMEM);
	is(mount("none", "/huge", "hugetlbfs", 0,
		 "size=8M,min_size=4M,nr_inodes=3,mode=0700,uid=5"),
	   0);
	is(pool(), 4410);
	check(strstr(text_of("/proc/mounts"),
		     "uid=5,mode=700,nr_inodes=3,pagesize=4M,size=8388608,"
		     "min_size=4194304") != NULL,
	      "options of a mount", "%s", text_of("/proc/mounts"));
	fd = open("/huge/a", O_RDWR | O_CREAT, 0600);
	need(fd >= 0);
	is(write(fd, "x", 1), -EINVAL);
	is(mmap(NULL, 3 * HUGE, RW, MAP_SHARED, fd, 0), -ENOMEM);
	is(mmap(NULL, HUGE, RW, MAP_SHARED, fd, PAGE), -EINVAL);
	p = mmap(NULL, 2 * HUGE, RW, MAP_SHARED, fd, 0);
	q = mmap(NULL, HUGE, RW, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	need(p != MAP_FAILED && q != MAP_FAILED);
	is(pool(), 4420);
	memcpy(p + HUGE - 4, "abcdefgh", 8);
	is(pread(fd, bytes, 8, HUGE - 4), 8);
	is(memcmp(bytes, "abcdefgh", 8), 0);
	is(pread(fd, bytes, 8, 2 * HUGE - 3), 3);
	is(statfs("/huge", &fs), 0);
	is(fs.f_type, 0x958458f6);
	is(fs.f_bsize, HUGE);
	is(fs.f_blocks * 10 + fs.f_bfree, 20);
	is(fstat(fd, &st), 0);
	is(st.st_blocks * 512, 2 * HUGE);
	is(ftruncate(fd, PAGE), -EINVAL);
	is(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, HUGE),
	   0);
	is(p[HUGE - 4], 0);
	is(madvise(p, HUGE, MADV_REMOVE), 0);
	is(ftruncate(fd, HUGE), 0);
	is(signal_of_write(p + HUGE), SIGBUS);
	is(signal_of_write(p), 0);
	is(open("/huge/b", O_RDWR | O_CREAT, 0600), fd + 1);
	is(open("/huge/c", O_RDWR | O_CREAT, 0600), -ENOSPC);
	close(fd + 1);
	close(fd);
	is(munmap(p, 2 * HUGE), 0);
	is(munmap(q, HUGE), 0);
	is(unlink("/huge/a"), 0);
	is(umount("/huge"), 0);
	is(pool(), 4400);
	check(1, "files of huge pages", "-");
}

static void segments_and_memfds(void)
{
	int id = shmget(IPC_PRIVATE, HUGE + 1, SHM_HUGETLB | IPC_CREAT | 0600);
	char *p;
	int fd;

	need(id >= 0);
	is(pool(), 4420);
	p = shmat(id, NULL, 0);
	need(p != (char *)-1);
	p[2 * HUGE - 1] = 1;
	is(pool(), 4310);
	is(shmdt(p), 0);
	is(shmctl(id, IPC_RMID, NULL), 0);
	is(pool(), 4400);
	is(shmget(IPC_PRIVATE, HUGE, SHM_HUGETLB | SIZE_LOG(21) | 0600),
	   -EINVAL);
	is(shmget(IPC_PRIVATE, 5 * HUGE, SHM_HUGETLB | 0600), -ENOMEM);
	fd = syscall(SYS_memfd_create, "m", 4 | 2);
	need(fd >= 0);
	is(syscall(SYS_memfd_create, "m", 4 | SIZE_LOG(21)), -ENODEV);
	is(ftruncate(fd, HUGE), 0);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	is(ftruncate(fd, 0), -EPERM);
	close(fd);
	check(1, "segments and memfds of huge pages", "-");
}

static void surplus(void)
{
	char *p;

	is(put_number(NR, 1), 2);
	is(put_number(OVERCOMMIT, 2), 2);
	p = mmap(NULL, 3 * HUGE, RW, ANON, -1, 0);
	need(p != MAP_FAILED);
	is(pool(), 3332);
	is(mmap(NULL, HUGE, RW, ANON, -1, 0), -ENOMEM);
	p[0] = 1;
	is(munmap(p, 3 * HUGE), 0);
	is(pool(), 1100);
	is(put_number(OVERCOMMIT, 0), 2);
	is(put_number(NR, 0), 2);
	is(pool(), 0);
	is(mmap(NULL, HUGE, RW, ANON, -1, 0), -ENOMEM);
	check(1, "pages beyond those that were asked for", "-");
}

int main(void)
{
	signal(SIGBUS, on_signal);
	the_pool();
	memory_without_a_name();
	what_others_see();
	forks();
	files();
	segments_and_memfds();
	surplus();
	return checks_done();
}
