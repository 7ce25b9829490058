/* SPDX-License-Identifier: MIT */
/*
 * ashlar exec: an unmodified reader of the kernel's files, such as slabtop,
 * sees a process's memory instead of the kernel's, live.
 *
 *   we: PID's memory ──► snapshot ──► text ──► /proc/slabinfo, … ◄── reader
 *       (opened before)     every 250 ms       (in a mount namespace of
 *                                               our own)
 *
 * The files lie in a tmpfs that is mounted only for as long as it takes to
 * bind them over their names in /proc. Without root that takes a user
 * namespace, in which the user stays who he is; PID is opened before it is
 * entered, for permission is not checked again.
 *
 * A reader that keeps a file open and seeks to 0, as slabtop does, sees each
 * new text, for the file stays the same: one write, then what is too long
 * is cut off.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "snapshot.h"

#define REFRESH_MS 250
/*
 * Covered for a moment, in our own namespace only. It lies in /proc, so that
 * /proc is the only mount that must be ours: in a chroot, / may be none.
 */
#define STAGE "/proc/tty"

/* One of the kernel's files, made by us. */
struct file {
	const struct command *view;
	int fd;
	char *text; /* what it says now */
	size_t len;
};

struct stage {
	struct file *files;
	size_t nr_files;
	struct target target;
	struct snapshot snapshot;
};

/* ---- the namespace ---- */

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* Root as it is; anybody else through a user namespace, as himself. */
static bool enter_namespace(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWNS) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	if (!write_text("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	return write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/gid_map", map);
}

/* A new file at STAGE becomes what /proc has under that name. */
static bool cover(struct file *f)
{
	char from[64], to[64];

	snprintf(from, sizeof(from), STAGE "/%s", f->view->name);
	snprintf(to, sizeof(to), "/proc/%s", f->view->name);
	f->fd = open(from, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	return f->fd >= 0 && mount(from, to, NULL, MS_BIND, NULL) == 0;
}

/* Only what the kernel has can be covered: some lack slabinfo. */
static bool kernel_has(const struct command *view)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s", view->name);
	if (access(path, F_OK) == 0)
		return true;
	complain("this system has no %s to put one's own in place of", path);
	return false;
}

static bool set_stage(struct stage *st)
{
	const struct command *const *c;
	size_t nr = 0;

	while (commands[nr])
		nr++;
	st->files = calloc(nr + 1, sizeof(*st->files));
	if (!st->files || !enter_namespace() ||
	    mount("none", "/proc", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("ashlar", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "size=64m"))
		return false;
	for (c = commands; *c; c++) {
		struct file *f = &st->files[st->nr_files];

		if (!(*c)->view || !kernel_has(*c))
			continue;
		*f = (struct file){ .view = *c };
		st->nr_files++;
		if (!cover(f))
			return false;
	}
	return umount2(STAGE, MNT_DETACH) == 0 && st->nr_files > 0;
}

/* ---- keeping the files fresh ---- */

static bool update(struct file *f, const struct snapshot *s)
{
	size_t len;
	char *text = view_render(f->view->view, s, &len);

	if (!text)
		return false;
	if (f->text && len == f->len && !memcmp(text, f->text, len)) {
		free(text);
		return true;
	}
	free(f->text);
	f->text = text;
	f->len = len;
	return pwrite(f->fd, text, len, 0) == (ssize_t)len &&
	       ftruncate(f->fd, (off_t)len) == 0;
}

static bool refresh(struct stage *st)
{
	size_t i;

	if (!snapshot_take(&st->snapshot, &st->target, SNAPSHOT_ALL))
		return false;
	for (i = 0; i < st->nr_files; i++)
		if (!update(&st->files[i], &st->snapshot))
			return target_fail(&st->target,
					   "cannot write the files: %s",
					   strerror(errno));
	return true;
}

/* Until @pid ends; a process that has gone leaves its last picture. */
static int serve(struct stage *st, pid_t pid, const sigset_t *chld)
{
	const struct timespec pause = { .tv_nsec = REFRESH_MS * 1000000l };
	int wstatus;

	while (waitpid(pid, &wstatus, WNOHANG) != pid) {
		sigtimedwait(chld, NULL, &pause);
		if (st->target.gone)
			continue;
		st->target.error[0] = 0;
		refresh(st);
	}
	if (st->target.gone)
		complain("%s; its last picture was shown from then on",
			 st->target.error);
	else if (st->target.spent)
		complain("%s", st->target.error);
	return wstatus;
}

static int start_and_serve(struct stage *st, char **argv)
{
	sigset_t chld;
	int pid = start_child(NULL, argv);

	if (pid < 0)
		return EXIT_FAILURE;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	return wait_as_shell(serve(st, pid, &chld));
}

static int exec_on(struct stage *st, int pid, char **argv)
{
	if (!target_open_process(&st->target, pid) ||
	    !target_find_nodes(&st->target) ||
	    !snapshot_take(&st->snapshot, &st->target, SNAPSHOT_ALL)) {
		complain("%s", st->target.error);
		return st->target.spent ? EXIT_GAVE_UP : EXIT_FAILURE;
	}
	if (!set_stage(st)) {
		complain("cannot set up a mount namespace: %s",
			 strerror(errno));
		return EXIT_FAILURE;
	}
	if (!refresh(st)) {
		complain("%s", st->target.error);
		return EXIT_FAILURE;
	}
	return start_and_serve(st, argv);
}

static int run(const struct command *self, int argc, char **argv)
{
	static struct stage stage;
	size_t i;
	int pid, status;

	if (argc < 2)
		return usage_error(self, "on which process?");
	if (!parse_pid(argv[1], &pid))
		return usage_error(self, "'%s' is not a process number",
				   argv[1]);
	if (argc < 4 || strcmp(argv[2], "--"))
		return usage_error(self, "want '--' and a program after the "
					 "process");
	status = exec_on(&stage, pid, argv + 3);
	for (i = 0; i < stage.nr_files; i++)
		free(stage.files[i].text);
	free(stage.files);
	snapshot_free(&stage.snapshot);
	target_close(&stage.target);
	return status;
}

const struct command cmd_exec = {
	.name = "exec",
	.arguments = "PID -- PROGRAM [ARGUMENTS]",
	.summary = "Let a reader of the kernel's files see a process instead",
	.help = "PROGRAM runs in a mount namespace of its own, where "
		"/proc/slabinfo, buddyinfo,\npagetypeinfo, zoneinfo, vmstat "
		"and "
		"meminfo show PID's memory, live. Root is not\nneeded. Exit "
		"status and signals are PROGRAM's own.\n\n"
		"  ashlar exec 42 -- slabtop\n"
		"  ashlar exec 42 -- vmstat -m\n",
	.run = run,
};
