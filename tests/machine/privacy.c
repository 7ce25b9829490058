/* SPDX-License-Identifier: MIT */
/*
 * A permission that outlives its reason. A process that was root's and is a
 * user's now may hold what that user must not see: every way into it is tried
 * by another process of the same user. Then a process that root opened for
 * others becomes one that is not. Every expectation was recorded on Linux 6.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define USER 1000
enum { KCMP_VM = 1 };

static pid_t target;

static void become_user(void)
{
	need(setresgid(USER, USER, USER) == 0);
	need(setresuid(USER, USER, USER) == 0);
}

static char *file_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", target, name);
	return path;
}

static long try_open(const char *name, int flags)
{
	long fd = value(open(file_of(name), flags));

	if (fd >= 0)
		close((int)fd);
	return fd >= 0 ? 0 : fd;
}

static long try_read(const char *name)
{
	char c;
	int fd = open(file_of(name), O_RDONLY);
	long n = fd < 0 ? -errno : value(read(fd, &c, 1));

	if (fd >= 0)
		close(fd);
	return n >= 0 ? 0 : n;
}

static long try_link(const char *name)
{
	char to[256];
	long n = value(readlink(file_of(name), to, sizeof(to)));

	return n > 0 ? 0 : n;
}

static long try_vm(long call)
{
	char c = 0;
	struct iovec mine = { &c, 1 }, its = { &target, 1 };

	return value(syscall(call, target, &mine, 1, &its, 1, 0));
}

static long owner(const char *name)
{
	struct stat st;

	need(stat(file_of(name), &st) == 0);
	return st.st_uid;
}

/* Every way into target; @refused: what each of them should say. */
static void look(int refused)
{
	static const char *const files[] = { "mem",	"maps",	   "smaps",
					     "environ", "auxv",	   "pagemap",
					     "fd",	"fdinfo/0" };
	static const char *const links[] = { "exe", "cwd", "root", "fd/0" };
	long denied = refused ? -EACCES : 0, forbidden = refused ? -EPERM : 0;
	long pidfd, fd, head, len;
	unsigned int i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		check(try_open(files[i], O_RDONLY) == denied, files[i],
		      "%ld, not %ld", try_open(files[i], O_RDONLY), denied);
	for (i = 0; i < sizeof(links) / sizeof(*links); i++)
		check(try_link(links[i]) == denied, links[i], "%ld, not %ld",
		      try_link(links[i]), denied);
	is(try_read("personality"), denied);
	is(try_open("clear_refs", O_WRONLY), denied);
	is(try_open("oom_score_adj", O_WRONLY), denied);
	is(try_read("status"), 0);
	is(try_read("stat"), 0);
	is(try_read("cmdline"), 0);
	is(owner("."), USER);
	is(owner("task"), USER);
	is(owner("status"), refused ? 0 : USER);
	is(owner("mem"), refused ? 0 : USER);
	is(try_vm(SYS_process_vm_readv), refused ? -EPERM : 1);
	is(try_vm(SYS_process_vm_writev), refused ? -EPERM : 1);
	is(syscall(SYS_get_robust_list, target, &head, &len), forbidden);
	fd = value(syscall(SYS_kcmp, getpid(), target, KCMP_VM, 0, 0));
	is(fd > 0 ? 0 : fd, forbidden);
	pidfd = value(syscall(SYS_pidfd_open, target, 0));
	is(pidfd >= 0, 1);
	fd = value(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
	is(fd > 0 ? 0 : fd, forbidden);
	if (fd > 0)
		close((int)fd);
	close((int)pidfd);
}

static void look_as_user(int refused)
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		become_user();
		need(prctl(PR_SET_DUMPABLE, 1) == 0);
		look(refused);
		_exit(checks_failed);
	}
	waitpid(child, &status, 0);
	checks_failed += status != 0;
}

/* What it sees of itself: what has a mode is root's, what asks is open. */
static void test_own(void)
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		target = getpid();
		need(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
		become_user();
		is(prctl(PR_GET_DUMPABLE), 0);
		status = -1;
		is(prctl(PR_GET_PDEATHSIG, &status), 0);
		is(status, 0);
		is(try_open("mem", O_RDONLY), -EACCES);
		is(try_open("pagemap", O_RDONLY), -EACCES);
		is(try_open("environ", O_RDONLY), -EACCES);
		is(try_open("clear_refs", O_WRONLY), -EACCES);
		is(try_open("oom_score_adj", O_WRONLY), -EACCES);
		is(try_open("maps", O_RDONLY), 0);
		is(try_open("smaps", O_RDONLY), 0);
		is(try_open("fd", O_RDONLY), 0);
		is(try_link("fd/0"), 0);
		is(try_link("exe"), 0);
		is(try_vm(SYS_process_vm_readv), 1);
		need(prctl(PR_SET_DUMPABLE, 1) == 0);
		is(try_open("mem", O_RDONLY), 0);
		is(try_open("oom_score_adj", O_WRONLY), 0);
		_exit(checks_failed);
	}
	waitpid(child, &status, 0);
	check(status == 0, "a process that gave up root, itself", "%d", status);
}

/* A process between two pipes: it says that it is ready and waits. */
static pid_t start(int open_to_user, int *end)
{
	int ready[2], go[2];
	char c;
	pid_t child;

	need(pipe(ready) == 0 && pipe(go) == 0);
	child = fork();
	if (!child) {
		close(go[1]);
		become_user();
		prctl(PR_SET_DUMPABLE, open_to_user);
		write(ready[1], "r", 1);
		read(go[0], &c, 1);
		_exit(0);
	}
	need(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	*end = go[1];
	return child;
}

static void test_others(void)
{
	int end, failed = checks_failed;

	target = start(0, &end);
	look_as_user(1);
	close(end);
	waitpid(target, NULL, 0);
	target = start(1, &end);
	look_as_user(0);
	close(end);
	waitpid(target, NULL, 0);
	check(failed == checks_failed, "the ways into another process", "-");
}

/* What was opened for one program does not show the next. */
static void test_exec(const char *self)
{
	static const char *const names[] = { "mem", "maps", "environ" };
	int fds[3], i, status;
	char buf[64];
	long n;

	target = fork();
	if (!target) {
		raise(SIGSTOP);
		execl(self, self, "wait", NULL);
		_exit(1);
	}
	need(waitpid(target, &status, WUNTRACED) == target);
	for (i = 0; i < 3; i++)
		need((fds[i] = open(file_of(names[i]), O_RDONLY)) >= 0);
	kill(target, SIGCONT);
	need(waitpid(target, &status, WUNTRACED) == target);
	for (i = 0; i < 3; i++) {
		n = value(pread(fds[i], buf, sizeof(buf),
				i ? 0 : (off_t)(unsigned long)buf));
		check(n == 0, names[i], "%ld bytes of the next program", n);
		close(fds[i]);
	}
	kill(target, SIGKILL);
	waitpid(target, &status, 0);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		raise(SIGSTOP);
		return 0;
	}
	test_own();
	test_others();
	test_exec(argv[0]);
	return checks_done();
}
