/* SPDX-License-Identifier: MIT */
/* What the files of kernel/proc share. The picture is in generic.c. */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <kernel/fs/inode.h>
#include <kernel/proc/proc_fs.h>
#include <kernel/task/task.h>

struct dentry;
struct dir_context;
struct path;
struct super_block;

/* A name that is always there: a directory, a report, or a link. */
struct proc_dir_entry {
	struct list_head children, sibling;
	const char *name;
	u32 len;
	u32 ino;
	const struct proc_entry *file; /* NULL: a directory or a link */
	/* Text of a link, one of the two; NULL: not one. */
	int (*link)(char *buf, size_t size);
	const char *text;
	void *data; /* a file's, instead of file->data; or NULL */
	const bool *shown; /* where it says if it is there; NULL: always */
	bool root; /* of procfs: has processes, too */
	bool private; /* a directory for root alone */
};

/* A name below a process's directory. */
struct pid_entry {
	const char *name;
	umode_t mode;
	int (*show)(struct seq_file *m, struct task_struct *task);
	ssize_t (*write)(const char *text, size_t len,
			 struct task_struct *task);
	const struct inode_operations *iop; /* directories, links */
	const struct file_operations *fop; /* what is no text */
	int (*get_path)(struct task_struct *task, struct path *path);
	bool of_mm; /* about the space of the moment of opening: m->priv */
};

/* Behind every inode of procfs and sysfs. */
struct proc_inode {
	const struct proc_dir_entry *pde; /* or */
	const struct pid_entry *pid;
	struct task_struct *task; /* with a reference */
	unsigned int fd; /* below fd/ and fdinfo/ */
};

static inline struct proc_inode *proc_i(const struct inode *inode)
{
	return inode->i_private;
}

static inline u64 pid_ino(pid_t pid, unsigned int n)
{
	return ((u64)(u32)pid << 16) + n + 0x10000;
}

extern struct proc_dir_entry proc_root, sysfs_root, debugfs_root;
extern const struct inode_operations proc_file_iops;
extern const struct file_operations proc_text_fops, proc_mounts_fops;
extern const struct file_operations proc_dir_fops;

void proc_create_below(struct proc_dir_entry *root, const struct proc_entry *e);
struct proc_dir_entry *proc_add_child(struct proc_dir_entry *dir,
				      const char *name);
struct proc_dir_entry *proc_mkdir_below(struct proc_dir_entry *root,
					const char *path);
/* A new inode with @pi copied behind it; NULL without memory. */
struct inode *proc_new_inode(struct super_block *sb, umode_t mode, u64 ino,
			     const struct proc_inode *pi,
			     const struct inode_operations *iop,
			     const struct file_operations *fop);
/* A dentry for @name with @inode (taken over; NULL: no such name). */
struct dentry *proc_splice(struct dentry *parent, const char *name, u32 len,
			   struct inode *inode);
bool dir_emit_dots(struct dir_context *ctx);
/* Decimal text of @len characters as a number, or -1. */
long proc_number(const char *name, u32 len);

/* pid.c */
struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *parent,
			       const char *name, u32 len);
int proc_pid_iterate(struct dir_context *ctx);
int proc_self_link(char *buf, size_t size);
int proc_thread_self_link(char *buf, size_t size);
bool proc_may_access(const struct task_struct *task);
/* fd.c */
extern const struct inode_operations proc_fd_iops, proc_fdinfo_iops;
extern const struct file_operations proc_fd_fops, proc_fdinfo_fops;
/* mem.c */
/* The space of @inode's task with an mm_count, which mmdrop() gives back;
 * NULL if it has none; ERR_PTR(-EACCES) if the caller may not look. */
struct mm_struct *proc_mem_open(const struct inode *inode, unsigned int mode);
/* That space with a user (mmput), or NULL when its process has ended. */
struct mm_struct *proc_mm_get_live(struct mm_struct *mm);
extern const struct file_operations proc_mem_fops, proc_pagemap_fops;
int show_pid_maps(struct seq_file *m, struct task_struct *task);
int show_pid_smaps(struct seq_file *m, struct task_struct *task);
int show_pid_numa_maps(struct seq_file *m, struct task_struct *task);
int show_pid_smaps_rollup(struct seq_file *m, struct task_struct *task);
int show_timerslack(struct seq_file *m, struct task_struct *task);
ssize_t write_timerslack(const char *text, size_t len,
			 struct task_struct *task);
int show_pid_timers(struct seq_file *m, struct task_struct *task);
int show_pid_clear_refs(struct seq_file *m, struct task_struct *task);
ssize_t write_pid_clear_refs(const char *text, size_t len,
			     struct task_struct *task);
int show_pid_cmdline(struct seq_file *m, struct task_struct *task);
int show_pid_environ(struct seq_file *m, struct task_struct *task);
int show_pid_auxv(struct seq_file *m, struct task_struct *task);
/* mmu.c */
int show_pid_mmu(struct seq_file *m, struct task_struct *task);
/* array.c */
int show_pid_status(struct seq_file *m, struct task_struct *task);
extern const struct inode_operations proc_map_files_iops;
extern const struct file_operations proc_map_files_fops;
int show_pid_io(struct seq_file *m, struct task_struct *task);
extern const struct file_operations proc_kpageflags_fops, proc_kpagecount_fops;
int show_pid_syscall(struct seq_file *m, struct task_struct *task);
int show_pid_stat(struct seq_file *m, struct task_struct *task);
int show_pid_statm(struct seq_file *m, struct task_struct *task);
int show_pid_limits(struct seq_file *m, struct task_struct *task);
/* root.c, sysctl.c, sysfs.c */
void proc_root_init(void);
void proc_pressure_init(void); /* pressure.c */
void proc_sysctl_init(void);
void sysfs_init(void);
void huge_sysfs_init(void);
/* ../memory/hugetlb.c */
void hugetlb_sysfs_init(void);
void ksm_sysfs_init(void);

#endif
