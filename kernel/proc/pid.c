/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID and /proc/PID/task/TID: one table of names for both.
 *
 * An inode holds a reference to its task. When the task has ended, what needs
 * its memory or files finds none and answers as Linux does: an empty text, or
 * -ESRCH.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/oom.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/path.h>
#include <kernel/fs/readdir.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/pidfd.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include "proc.h"

/** proc_may_access() - may the running task look into @task? */
bool proc_may_access(const struct task_struct *task)
{
	return ptrace_may_access(task, PTRACE_MODE_READ_FSCREDS);
}

/* ---- small texts ---- */

/* 0 of a task without a space; *@items: pages that ksmd keeps in mind. */
static unsigned long ksm_pages(struct task_struct *task, unsigned long *items)
{
	struct mm_struct *mm = get_task_mm(task);
	unsigned long merging = 0;

	*items = 0;
	if (mm) {
		merging = mm->ksm_merging_pages;
		*items = mm->ksm_rmap_items;
		mmput(mm);
	}
	return merging;
}

static int show_ksm_merging_pages(struct seq_file *m, struct task_struct *task)
{
	unsigned long items;

	if (task->mm)
		seq_printf(m, "%lu\n", ksm_pages(task, &items));
	return 0;
}

static int show_ksm_stat(struct seq_file *m, struct task_struct *task)
{
	unsigned long items;

	(void)ksm_pages(task, &items);
	if (task->mm)
		seq_printf(m, "ksm_rmap_items %lu\n", items);
	return 0;
}

/* What core files hold: private and shared memory without a file, headers. */
static int show_coredump_filter(struct seq_file *m, struct task_struct *task)
{
	(void)task;
	seq_puts(m, "00000033\n");
	return 0;
}

static int show_comm(struct seq_file *m, struct task_struct *task)
{
	seq_printf(m, "%s\n", task->comm);
	return 0;
}

static ssize_t write_comm(const char *text, size_t len,
			  struct task_struct *task)
{
	size_t n = min(len, sizeof(task->comm) - 1);

	if (task->signal != current->signal)
		return -EINVAL;
	if (n && text[n - 1] == '\n')
		n--;
	memset(task->comm, 0, sizeof(task->comm));
	memcpy(task->comm, text, n);
	return (ssize_t)len;
}

/* 2/3 of a thousandth part of RAM and swap areas, 667 being the middle. */
static int show_oom_score(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	long total = (long)max(oom_total_pages(), 1ul), points = 0;

	if (mm && !oom_is_spared(mm))
		points = (1000 +
			  oom_points(mm, (unsigned long)total) * 1000 / total) *
			 2 / 3;
	if (mm)
		mmput(mm);
	seq_printf(m, "%ld\n", max(points, 0l));
	return 0;
}

static int show_oom_score_adj(struct seq_file *m, struct task_struct *task)
{
	seq_printf(m, "%d\n", task->signal->oom_score_adj);
	return 0;
}

static ssize_t write_oom_score_adj(const char *text, size_t len,
				   struct task_struct *task)
{
	struct mm_struct *mm;
	long v;

	if (!proc_parse_long(text, &v) || v < -1000 || v > 1000)
		return -EINVAL;
	if (v < task->signal->oom_score_adj_min && !capable(CAP_SYS_RESOURCE))
		return -EACCES;
	task->signal->oom_score_adj = (short)v;
	if (capable(CAP_SYS_RESOURCE))
		task->signal->oom_score_adj_min = (short)v;
	mm = get_task_mm(task);
	if (mm) {
		mm->oom_score_adj = (short)v;
		mmput(mm);
	}
	return (ssize_t)len;
}

/* The older scale, -17 … 15, which programs may still write. */
static int show_oom_adj(struct seq_file *m, struct task_struct *task)
{
	int adj = task->signal->oom_score_adj;

	seq_printf(m, "%d\n", adj == 1000 ? 15 : adj * 17 / 1000);
	return 0;
}

static ssize_t write_oom_adj(const char *text, size_t len,
			     struct task_struct *task)
{
	char scaled[16];
	ssize_t ret;
	long v;

	if (!proc_parse_long(text, &v) || v < -17 || v > 15)
		return -EINVAL;
	ashlar_snprintf(scaled, sizeof(scaled), "%ld",
			v == 15 ? 1000 : v * 1000 / 17);
	ret = write_oom_score_adj(scaled, len, task);
	return ret;
}

static int show_personality(struct seq_file *m, struct task_struct *task)
{
	if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_FSCREDS))
		return -EPERM;
	seq_printf(m, "%08x\n", task->personality);
	return 0;
}

static int show_cgroup(struct seq_file *m, struct task_struct *task)
{
	(void)m;
	(void)task;
	return 0;
}

static int show_wchan(struct seq_file *m, struct task_struct *task)
{
	(void)task;
	seq_putc(m, '0');
	return 0;
}

static int show_pid_mounts(struct seq_file *m, struct task_struct *task)
{
	(void)task;
	return show_mounts(m);
}

static int show_pid_mountinfo(struct seq_file *m, struct task_struct *task)
{
	(void)task;
	return show_mountinfo(m);
}

/* ---- links ---- */

static int exe_path(struct task_struct *task, struct path *path)
{
	struct mm_struct *mm = get_task_mm(task);
	int err = -ENOENT;

	if (!mm)
		return err;
	if (mm->exe_file) {
		path->mnt = mm->exe_file->f_mnt;
		path->dentry = mm->exe_file->f_dentry;
		path_get(path);
		err = 0;
	}
	mmput(mm);
	return err;
}

static int fs_path(struct mount *mnt, struct dentry *dentry, struct path *path)
{
	path->mnt = mnt;
	path->dentry = dentry;
	path_get(path);
	return 0;
}

static int cwd_path(struct task_struct *task, struct path *path)
{
	return task->fs ? fs_path(task->fs->pwd_mnt, task->fs->pwd, path) :
			  -ENOENT;
}

static int root_path(struct task_struct *task, struct path *path)
{
	return task->fs ? fs_path(task->fs->root_mnt, task->fs->root, path) :
			  -ENOENT;
}

static int pid_get_path(struct inode *inode, struct path *path)
{
	struct proc_inode *pi = proc_i(inode);

	if (!proc_may_access(pi->task))
		return -EACCES;
	return pi->pid->get_path(pi->task, path);
}

static const struct inode_operations pid_link_iops = {
	.get_path = pid_get_path,
};

/* ---- the table ---- */

static const struct inode_operations task_dir_iops;
static const struct file_operations task_dir_fops;

#define TEXT(n, m, s)                                       \
	{                                                   \
		.name = n, .mode = S_IFREG | (m), .show = s \
	}
#define TEXT_OF_MM(n, m, s)                                                 \
	{                                                                   \
		.name = n, .mode = S_IFREG | (m), .show = s, .of_mm = true, \
	}
#define TEXT_RW(n, m, s, w)                                             \
	{                                                               \
		.name = n, .mode = S_IFREG | (m), .show = s, .write = w \
	}
#define RAW(n, m, f)                                       \
	{                                                  \
		.name = n, .mode = S_IFREG | (m), .fop = f \
	}
#define LINK(n, p)                                               \
	{                                                        \
		.name = n, .mode = S_IFLNK | 0777, .get_path = p \
	}
#define DIR(n, m, i, f)                                              \
	{                                                            \
		.name = n, .mode = S_IFDIR | (m), .iop = i, .fop = f \
	}

static const struct pid_entry pid_entries[] = {
	DIR("task", 0555, &task_dir_iops, &task_dir_fops),
	TEXT("timers", 0444, show_pid_timers),
	TEXT_RW("timerslack_ns", 0666, show_timerslack, write_timerslack),
	DIR("fd", 0500, &proc_fd_iops, &proc_fd_fops),
	DIR("fdinfo", 0555, &proc_fdinfo_iops, &proc_fdinfo_fops),
	TEXT_OF_MM("environ", 0400, show_pid_environ),
	TEXT_OF_MM("auxv", 0400, show_pid_auxv),
	TEXT("status", 0444, show_pid_status),
	TEXT("personality", 0400, show_personality),
	TEXT("syscall", 0400, show_pid_syscall),
	TEXT("io", 0400, show_pid_io),
	DIR("map_files", 0500, &proc_map_files_iops, &proc_map_files_fops),
	TEXT("limits", 0444, show_pid_limits),
	TEXT_RW("comm", 0644, show_comm, write_comm),
	TEXT("cmdline", 0444, show_pid_cmdline),
	TEXT("stat", 0444, show_pid_stat),
	TEXT("statm", 0444, show_pid_statm),
	TEXT_OF_MM("maps", 0444, show_pid_maps),
	RAW("mem", 0600, &proc_mem_fops),
	LINK("cwd", cwd_path),
	LINK("root", root_path),
	LINK("exe", exe_path),
	{ .name = "mounts",
	  .mode = S_IFREG | 0444,
	  .show = show_pid_mounts,
	  .fop = &proc_mounts_fops },
	TEXT("mountinfo", 0444, show_pid_mountinfo),
	TEXT_OF_MM("numa_maps", 0444, show_pid_numa_maps),
	TEXT_OF_MM("smaps", 0444, show_pid_smaps),
	TEXT_OF_MM("smaps_rollup", 0444, show_pid_smaps_rollup),
	TEXT_RW("clear_refs", 0200, show_pid_clear_refs, write_pid_clear_refs),
	RAW("pagemap", 0400, &proc_pagemap_fops),
	TEXT_OF_MM("mmu", 0400, show_pid_mmu),
	TEXT("wchan", 0444, show_wchan),
	TEXT("cgroup", 0444, show_cgroup),
	TEXT("coredump_filter", 0444, show_coredump_filter),
	TEXT("ksm_merging_pages", 0400, show_ksm_merging_pages),
	TEXT("ksm_stat", 0400, show_ksm_stat),
	TEXT("oom_score", 0444, show_oom_score),
	TEXT_RW("oom_adj", 0644, show_oom_adj, write_oom_adj),
	TEXT_RW("oom_score_adj", 0644, show_oom_score_adj, write_oom_score_adj),
};

/* Those at its beginning are of processes, not of threads below task/. */
#define NR_OF_PROCESSES 3

static const struct pid_entry *table_start(const struct proc_inode *pi)
{
	return pi->fd ? pid_entries + NR_OF_PROCESSES : pid_entries;
}

#define PID_ENTRIES_END (pid_entries + ARRAY_SIZE(pid_entries))

static struct inode *entry_inode(struct inode *dir, const struct pid_entry *e)
{
	struct proc_inode pi = { .pid = e, .task = proc_i(dir)->task };
	const struct inode_operations *iop = e->iop;
	const struct file_operations *fop = e->fop;

	if (!iop)
		iop = e->get_path ? &pid_link_iops : &proc_file_iops;
	if (!fop && e->show)
		fop = &proc_text_fops;
	return proc_new_inode(dir->i_sb, e->mode,
			      pid_ino(pi.task->pid,
				      (unsigned int)(e - pid_entries) + 1),
			      &pi, iop, fop);
}

static struct dentry *pid_dir_lookup(struct inode *dir, struct dentry *parent,
				     const char *name, u32 len)
{
	const struct pid_entry *e = table_start(proc_i(dir));
	struct inode *inode;

	for (; e < PID_ENTRIES_END; e++) {
		if (strlen(e->name) != len || memcmp(e->name, name, len) != 0)
			continue;
		inode = entry_inode(dir, e);
		if (!inode)
			return ERR_PTR(-ENOMEM);
		return proc_splice(parent, name, len, inode);
	}
	return proc_splice(parent, name, len, NULL);
}

static u8 dirent_type(umode_t mode)
{
	return (u8)(mode >> 12);
}

static int pid_dir_iterate(struct file *f, struct dir_context *ctx)
{
	const struct proc_inode *pi = proc_i(f->f_inode);
	const struct pid_entry *first = table_start(pi), *e;

	if (!dir_emit_dots(ctx))
		return 0;
	for (e = first + (ctx->pos - 2); e < PID_ENTRIES_END; e++) {
		if (!ctx->emit(ctx, e->name, (u32)strlen(e->name),
			       pid_ino(pi->task->pid,
				       (unsigned int)(e - pid_entries) + 1),
			       dirent_type(e->mode)))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static const struct inode_operations pid_dir_iops = {
	.lookup = pid_dir_lookup,
};

static const struct file_operations pid_dir_fops = {
	.iterate = pid_dir_iterate,
};

/**
 * tgid_pidfd_to_task() - the process that an open /proc/PID is about, or NULL
 */
struct task_struct *tgid_pidfd_to_task(const struct file *f)
{
	return f->f_op == &pid_dir_fops ? proc_i(f->f_inode)->task : NULL;
}

/* @thread: the directory is below task/, and has no task/ of its own. */
static struct inode *task_inode(struct super_block *sb,
				struct task_struct *task, bool thread)
{
	struct proc_inode pi = { .task = task, .fd = thread };

	return proc_new_inode(sb, S_IFDIR | 0555, pid_ino(task->pid, 0), &pi,
			      &pid_dir_iops, &pid_dir_fops);
}

/** proc_pid_lookup() - /proc/NUMBER: any thread's, as on Linux */
struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *parent,
			       const char *name, u32 len)
{
	long pid = proc_number(name, len);
	struct task_struct *task = pid > 0 ? find_task_by_pid((pid_t)pid) :
					     NULL;
	struct inode *inode;

	if (!task)
		return proc_splice(parent, name, len, NULL);
	inode = task_inode(dir->i_sb, task, false);
	return inode ? proc_splice(parent, name, len, inode) : ERR_PTR(-ENOMEM);
}

static bool emit_number(struct dir_context *ctx, long n, u64 ino, u8 type)
{
	char name[16];
	int len = ashlar_snprintf(name, sizeof(name), "%ld", n);

	return ctx->emit(ctx, name, (u32)len, ino, type);
}

/* Positions from here on: where processes begin, plus the pid. */
#define PID_POS 0x10000

int proc_pid_iterate(struct dir_context *ctx)
{
	struct task_struct *p;

	if (ctx->pos < PID_POS)
		ctx->pos = PID_POS;
	while ((p = next_process((pid_t)(ctx->pos - PID_POS))) != NULL) {
		ctx->pos = PID_POS + p->pid;
		if (!emit_number(ctx, p->pid, pid_ino(p->pid, 0), DT_DIR))
			return 0;
		ctx->pos++;
	}
	return 0;
}

int proc_self_link(char *buf, size_t size)
{
	return ashlar_snprintf(buf, size, "%d", current->tgid);
}

int proc_thread_self_link(char *buf, size_t size)
{
	return ashlar_snprintf(buf, size, "%d/task/%d", current->tgid,
			       current->pid);
}

/* ---- task/ ---- */

static struct dentry *task_dir_lookup(struct inode *dir, struct dentry *parent,
				      const char *name, u32 len)
{
	long tid = proc_number(name, len);
	struct task_struct *leader = proc_i(dir)->task, *t = NULL;
	struct inode *inode;

	if (tid > 0)
		t = find_task_by_pid((pid_t)tid);
	if (!t || t->tgid != leader->tgid)
		return proc_splice(parent, name, len, NULL);
	inode = task_inode(dir->i_sb, t, true);
	return inode ? proc_splice(parent, name, len, inode) : ERR_PTR(-ENOMEM);
}

static struct task_struct *next_thread_of(struct task_struct *leader, pid_t tid)
{
	struct task_struct *t;

	while ((t = next_thread_from(tid)) && t->tgid != leader->tgid)
		tid = t->pid + 1;
	return t;
}

static int task_dir_iterate(struct file *f, struct dir_context *ctx)
{
	struct task_struct *leader = proc_i(f->f_inode)->task, *t;

	if (!dir_emit_dots(ctx))
		return 0;
	while ((t = next_thread_of(leader, (pid_t)(ctx->pos - 2))) != NULL) {
		ctx->pos = 2 + t->pid;
		if (!emit_number(ctx, t->pid, pid_ino(t->pid, 0), DT_DIR))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static const struct inode_operations task_dir_iops = {
	.lookup = task_dir_lookup,
};

static const struct file_operations task_dir_fops = {
	.iterate = task_dir_iterate,
};
