/* SPDX-License-Identifier: MIT */
/*
 * Memory policies on a machine with one node, and pages that are asked where
 * they lie: what the calls say, what areas and /proc/PID/numa_maps show of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, PREFERRED_MANY };
#define STATIC 0x8000
#define RELATIVE 0x4000
#define BALANCING 0x2000
#define F_NODE 1
#define F_ADDR 2
#define F_MEMS_ALLOWED 4
#define STRICT 1
#define MOVE 2
#define MOVE_ALL 4

static char *arena = (char *)0x40000000;
static unsigned int node0[40] = { 1 }, node1[40] = { 2 }, none[40];

static long mbind(void *at, unsigned long len, int mode, unsigned int *nodes,
		  unsigned long maxnode, unsigned int flags)
{
	return syscall(SYS_mbind, at, len, mode, nodes, maxnode, flags);
}

static long set_policy(int mode, unsigned int *nodes, unsigned long maxnode)
{
	return syscall(SYS_set_mempolicy, mode, nodes, maxnode);
}

static long get_policy(int *mode, unsigned int *nodes, unsigned long maxnode,
		       void *at, unsigned long flags)
{
	return syscall(SYS_get_mempolicy, mode, nodes, maxnode, at, flags);
}

static long home_node(void *at, unsigned long len, unsigned long node,
		      unsigned long flags)
{
	return syscall(450, at, len, node, flags);
}

static long move_pages(int pid, unsigned long nr, void **pages, int *nodes,
		       int *status, int flags)
{
	return syscall(SYS_move_pages, pid, nr, pages, nodes, status, flags);
}

static long migrate_pages(int pid, unsigned long maxnode, unsigned int *from,
			  unsigned int *to)
{
	return syscall(SYS_migrate_pages, pid, maxnode, from, to);
}

static char *map(int pages)
{
	need(mmap(arena, pages * PAGE, RW, ANON | MAP_FIXED, -1, 0) == arena);
	return arena;
}

/* The mode of the policy at @at, or of the process's; -errno. */
static long mode_at(void *at)
{
	int mode = -1;
	long err = get_policy(&mode, NULL, 0, at, at ? F_ADDR : 0);

	return err ? -errno : mode;
}

/* The areas of maps that lie in the arena. */
static int areas(void)
{
	char *p = text_of("/proc/self/maps");
	int n = 0;

	while ((p = strstr(p, "\n400"))) {
		p++;
		n++;
	}
	return n;
}

/* The line of numa_maps for the area that begins at @at. */
static const char *numa_map(const char *at)
{
	char line[12], *p;

	sprintf(line, "%08lx ", (unsigned long)at);
	p = strstr(text_of("/proc/self/numa_maps"), line);
	if (!p)
		return "";
	p[strcspn(p, "\n")] = 0;
	return p;
}

static void check_words(void)
{
	char *p = map(4);

	is(mbind(p, PAGE, 6, node0, 9, 0), -EINVAL);
	is(mbind(p, PAGE, -1, node0, 9, 0), -EINVAL);
	is(mbind(p, PAGE, BIND | STATIC | RELATIVE, node0, 9, 0), -EINVAL);
	is(mbind(p, PAGE, PREFERRED | BALANCING, node0, 9, 0), -EINVAL);
	is(mbind(p, PAGE, BIND, node0, 9, 8), -EINVAL);
	is(mbind(p + 1, PAGE, BIND, node0, 9, 0), -EINVAL);
	is(mbind(p, -2 * PAGE, BIND, node0, 9, 0), -EINVAL);
	is(mbind(p, 0, BIND, none, 9, 0), 0);
	is(mbind(p, PAGE, BIND, none, 9, 0), -EINVAL);
	is(mbind(p, PAGE, BIND, node1, 9, 0), -EINVAL);
	is(mbind(p, PAGE, BIND, node1, 2, 0), -EINVAL);
	is(mbind(p, PAGE, BIND, node0, 1, 0), -EINVAL);
	is(mbind(p, PAGE, BIND | RELATIVE, node1, 9, 0), 0);
	is(mbind(p, PAGE, DEFAULT, node0, 9, 0), -EINVAL);
	is(mbind(p, PAGE, DEFAULT, NULL, 0, 0), 0);
	is(mbind(p, PAGE, LOCAL, node0, 9, 0), -EINVAL);
	is(mbind(p, PAGE, LOCAL | STATIC, none, 9, 0), -EINVAL);
	is(mbind(p, PAGE, PREFERRED | STATIC, none, 9, 0), -EINVAL);
	is(mbind(p, PAGE, INTERLEAVE, node0, 40000, 0), -EINVAL);
	is(mbind(p, PAGE, INTERLEAVE, node0, 1025, 0), 0);
	node0[3] = 1;
	is(mbind(p, PAGE, INTERLEAVE, node0, 1025, 0), -EINVAL);
	node0[3] = 0;
	is(mbind(p, PAGE, BIND, (unsigned int *)8, 9, 0), -EFAULT);
	is(mbind(p, PAGE, BIND, (unsigned int *)8, 999, 0), -EFAULT);
	is(mbind(p, 8 * PAGE, BIND, node0, 9, 0), -EFAULT);
	is(mbind(p - PAGE, 2 * PAGE, BIND, node0, 9, 0), -EFAULT);
	is(mode_at(p + PAGE), DEFAULT);
	is(mbind(p - PAGE, 8 * PAGE, DEFAULT, NULL, 0, 0), 0);
	is(mbind(p - 2 * PAGE, 2 * PAGE, DEFAULT, NULL, 0, 0), -EFAULT);
	check(!checks_failed, "mbind's words", "see above");
	munmap(p, 4 * PAGE);
}

/* Areas are cut where policies differ and joined where they are the same. */
static void check_areas(void)
{
	char *p = map(6);
	int cut, fork_mode = -1, pid, status;

	is(mbind(p + 2 * PAGE, 2 * PAGE, BIND, node0, 9, 0), 0);
	cut = areas();
	check(cut == 3 && mode_at(p) == DEFAULT &&
		      mode_at(p + PAGE * 3) == BIND,
	      "a policy cuts an area", "%d areas, %ld", cut,
	      mode_at(p + 3 * PAGE));
	pid = fork();
	if (!pid)
		_exit(mode_at(p + 3 * PAGE));
	waitpid(pid, &status, 0);
	fork_mode = WEXITSTATUS(status);
	is(mprotect(p, 6 * PAGE, PROT_READ), 0);
	is(madvise(p, 6 * PAGE, MADV_SEQUENTIAL), 0);
	need(mremap(p + 2 * PAGE, 2 * PAGE, 2 * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED,
		    p + 16 * PAGE) == p + 16 * PAGE);
	check(fork_mode == BIND && mode_at(p + 16 * PAGE) == BIND,
	      "it goes along with fork and mremap", "%d, %ld", fork_mode,
	      mode_at(p + 16 * PAGE));
	munmap(p, 18 * PAGE);

	p = map(6);
	is(mbind(p, 6 * PAGE, PREFERRED, node0, 9, 0), 0);
	is(mbind(p + PAGE, PAGE, INTERLEAVE, node0, 9, 0), 0);
	is(mbind(p + PAGE, PAGE, PREFERRED, node0, 9, 0), 0);
	check(areas() == 1, "the same policy joins areas", "%d", areas());
	munmap(p, 6 * PAGE);
}

static void check_strict(void)
{
	char *p = map(4);

	p[0] = 1;
	is(mbind(p, PAGE, BIND | RELATIVE, node1, 9, STRICT), -EIO);
	is(mode_at(p), DEFAULT);
	is(mbind(p, PAGE, LOCAL, NULL, 0, STRICT), -EIO);
	is(mbind(p + PAGE, PAGE, LOCAL, NULL, 0, STRICT), 0);
	is(mbind(p, PAGE, BIND, node0, 9, STRICT), 0);
	is(mbind(p, PAGE, DEFAULT, NULL, 0, STRICT), 0);
	is(mbind(p, PAGE, BIND | RELATIVE, node1, 9, STRICT | MOVE), 0);
	is(mbind(p, PAGE, BIND, node0, 9, MOVE_ALL), 0);
	check(p[0] == 1 && mode_at(p) == BIND, "MPOL_MF_STRICT", "%ld",
	      mode_at(p));
	munmap(p, 4 * PAGE);
}

static void check_task_policy(void)
{
	unsigned int nodes[40];
	int mode = -1, pid, status;
	char *p = map(2);

	memset(nodes, 0xff, sizeof(nodes));
	is(set_policy(INTERLEAVE, node0, 9), 0);
	is(get_policy(&mode, nodes, 9, NULL, 0), 0);
	check(mode == INTERLEAVE && nodes[0] == 1 && nodes[1] == 0 &&
		      nodes[2] == -1u,
	      "set_mempolicy", "mode %d, nodes %x %x %x", mode, nodes[0],
	      nodes[1], nodes[2]);
	is(get_policy(&mode, NULL, 0, NULL, F_NODE), 0);
	is(mode, 0);
	pid = fork();
	if (!pid)
		_exit(mode_at(NULL));
	waitpid(pid, &status, 0);
	check(WEXITSTATUS(status) == INTERLEAVE, "a child has it", "%x",
	      status);
	is(mode_at(p), DEFAULT);
	check(strstr(numa_map(p), " interleave:0") != NULL,
	      "numa_maps shows it where an area has none", "%s", numa_map(p));
	is(set_policy(BIND | STATIC, (unsigned int[]){ 5 }, 4), 0);
	is(get_policy(&mode, nodes, 33, NULL, 0), 0);
	check(mode == (BIND | STATIC) && nodes[0] == 5, "the nodes as said",
	      "mode %x, nodes %x", mode, nodes[0]);
	is(get_policy(&mode, nodes, 9, NULL, F_NODE), -EINVAL);
	is(get_policy(&mode, nodes, 9, p, 0), -EINVAL);
	is(get_policy(&mode, nodes, 0, NULL, 0), -EINVAL);
	is(get_policy(&mode, nodes, 9, NULL, 8), -EINVAL);
	is(get_policy(&mode, nodes, 9, p, F_ADDR | F_MEMS_ALLOWED), -EINVAL);
	is(get_policy(&mode, nodes, 9, NULL, F_MEMS_ALLOWED), 0);
	is(nodes[0], 1);
	is(get_policy(&mode, nodes, 9, arena - PAGE, F_ADDR), -EFAULT);
	is(get_policy(&mode, NULL, 0, p, F_ADDR | F_NODE), 0);
	is(mode, 0);
	is(get_policy((int *)8, NULL, 0, NULL, 0), -EFAULT);
	is(get_policy(NULL, (unsigned int *)8, 9, NULL, 0), -EFAULT);
	is(get_policy(NULL, nodes, 40000, NULL, 0), -EINVAL);
	is(set_policy(BIND, node1, 9), -EINVAL);
	is(set_policy(PREFERRED, NULL, 0), 0);
	is(mode_at(NULL), LOCAL);
	is(set_policy(DEFAULT, NULL, 0), 0);
	is(mode_at(NULL), DEFAULT);
	munmap(p, 2 * PAGE);
}

static void check_home(void)
{
	char *p = map(4);

	is(home_node(p + 1, PAGE, 0, 0), -EINVAL);
	is(home_node(p, PAGE, 1, 0), -EINVAL);
	is(home_node(p, PAGE, 0, 1), -EINVAL);
	is(home_node(p, 0, 0, 0), 0);
	is(home_node(p, PAGE, 0, 0), -ENOENT);
	is(mbind(p, 2 * PAGE, BIND, node0, 9, 0), 0);
	is(mbind(p + 3 * PAGE, PAGE, PREFERRED, node0, 9, 0), 0);
	is(home_node(p, 3 * PAGE, 0, 0), 0);
	is(home_node(p, 4 * PAGE, 0, 0), -EOPNOTSUPP);
	check(mode_at(p) == BIND && areas() == 3, "set_mempolicy_home_node",
	      "%d areas", areas());
	munmap(p, 4 * PAGE);
}

static void check_numa_maps(void)
{
	char *p = map(4), want[80];
	const char *got;

	memset(p, 1, 3 * PAGE);
	is(mbind(p, 4 * PAGE, BIND | STATIC | BALANCING, node0, 9, 0), 0);
	sprintf(want, "%08lx bind=static|balancing:0 anon=3 dirty=3 ",
		(unsigned long)p);
	got = numa_map(p);
	check(!strncmp(got, want, strlen(want)) &&
		      strstr(got, " N0=3 kernelpagesize_kB=4"),
	      "numa_maps", "%s", got);
	is(mbind(p, 4 * PAGE, PREFERRED_MANY, node0, 9, 0), 0);
	check(strstr(numa_map(p), " prefer (many):0 ") != NULL,
	      "numa_maps, MPOL_PREFERRED_MANY", "%s", numa_map(p));
	munmap(p, 4 * PAGE);
}

static void check_move_pages(void)
{
	int nodes[6] = { 0 }, status[6] = { 99, 99, 99, 99, 99, 99 };
	int fd = memfd_create("file", 0), bad[2] = { 0, 1 };
	char *p = map(4);
	void *pages[6] = { p,	     p + PAGE,	   p + 2 * PAGE, p + 16 * PAGE,
			   p - PAGE, p + 17 * PAGE };

	need(ftruncate(fd, 2 * PAGE) == 0);
	need(mmap(p + 16 * PAGE, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) ==
	     p + 16 * PAGE);
	p[0] = 1; /* a page; then the page of zeroes, and none */
	need(*(volatile char *)(p + PAGE) == 0);
	p[16 * PAGE] = 1;
	is(move_pages(0, 6, pages, NULL, status, 0), 0);
	check(status[0] == 0 && status[1] == -EFAULT && status[2] == -EFAULT &&
		      status[3] == 0 && status[4] == -EFAULT &&
		      status[5] == -ENOENT,
	      "move_pages tells where pages lie", "%d %d %d %d %d %d",
	      status[0], status[1], status[2], status[3], status[4], status[5]);
	memset(status, 0x55, sizeof(status));
	is(move_pages(getpid(), 6, pages, nodes, status, MOVE), 0);
	check(status[0] == 0 && status[1] == -EFAULT && status[2] == -EFAULT &&
		      status[3] == 0 && status[4] == -EFAULT &&
		      status[5] == -ENOENT && p[0] == 1,
	      "move_pages moves them", "%d %d %d %d %d %d", status[0],
	      status[1], status[2], status[3], status[4], status[5]);
	is(move_pages(0, 2, pages, bad, status, MOVE), -ENODEV);
	bad[1] = -1;
	is(move_pages(0, 2, pages, bad, status, MOVE), -ENODEV);
	is(move_pages(0, 2, pages, nodes, status, STRICT), -EINVAL);
	is(move_pages(0, 2, (void **)8, nodes, status, MOVE), -EFAULT);
	is(move_pages(0, 2, pages, (int *)8, status, MOVE), -EFAULT);
	is(move_pages(0, 2, pages, nodes, (int *)8, MOVE), -EFAULT);
	is(move_pages(99999, 2, pages, nodes, status, MOVE), -ESRCH);
	is(move_pages(0, 0, NULL, NULL, NULL, MOVE_ALL), 0);
	munmap(p, 18 * PAGE);
	close(fd);
}

/* What a user may not do. Return: the line that went wrong, or 0. */
static int as_user(void)
{
	static int status[2];
	void *pages[1] = { arena };

	if (setuid(1000))
		return __LINE__;
	if (value(mbind(arena, PAGE, BIND, node0, 9, MOVE_ALL)) != -EPERM)
		return __LINE__;
	if (value(move_pages(0, 1, pages, NULL, status, MOVE_ALL)) != -EPERM)
		return __LINE__;
	if (value(move_pages(1, 1, pages, NULL, status, 0)) != -EPERM)
		return __LINE__;
	if (value(migrate_pages(1, 9, node0, node0)) != -EPERM)
		return __LINE__;
	if (value(migrate_pages(0, 9, node0, (unsigned int[]){ 3 })) != -EPERM)
		return __LINE__;
	if (value(migrate_pages(0, 9, node0, node0)) != 0)
		return __LINE__;
	return 0;
}

static void check_rights(void)
{
	int pid, status;

	is(migrate_pages(0, 9, node0, node0), 0);
	is(migrate_pages(0, 9, node1, node0), 0);
	is(migrate_pages(0, 9, node0, node1), -EINVAL);
	is(migrate_pages(0, 9, node0, (unsigned int[]){ 3 }), 0);
	is(migrate_pages(99999, 9, node0, node0), -ESRCH);
	is(migrate_pages(0, 9, (unsigned int *)8, node0), -EFAULT);
	is(migrate_pages(0, 40000, node0, node0), -EINVAL);
	is(migrate_pages(2, 9, node0, node0), -EINVAL);
	pid = fork();
	if (!pid)
		_exit(as_user() & 255);
	waitpid(pid, &status, 0);
	check(status == 0, "rights to move pages", "line ...%d",
	      WEXITSTATUS(status));
}

int main(void)
{
	check_words();
	check_areas();
	check_strict();
	check_task_policy();
	check_home();
	check_numa_maps();
	check_move_pages();
	check_rights();
	return checks_done();
}
