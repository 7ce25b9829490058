/* SPDX-License-Identifier: MIT */
/*
 * execve: a task gets another program. The new address space is filled while
 * the old one still runs, so that any error leaves the caller as it was:
 *
 *   1  open the file, copy names, environment and arguments to the top of a
 *      new stack:     │ table │ … │ argv strings │ envp strings │ file name │
 *                                 ↑ bprm->p                       stack top
 *   2  find out what it is: ELF, or a script (then again with its interpreter)
 *   3  begin_new_exec(): other threads end, the new space is loaded
 *   4  map the program, build the table, start
 *
 * From step 3 on there is nobody to return an error to; what fails then ends
 * the process with SIGSEGV.
 *
 * A file that runs is not written (-ETXTBSY): its struct file carries
 * FMODE_EXEC and denies that until its last reference, a mapping's, goes.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/gup.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/printf.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/exec/exec.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/fs/stat.h>
#include <kernel/sched/sched.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/clone.h>
#include <kernel/task/cred.h>
#include <kernel/task/exit.h>
#include <kernel/task/personality.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include <kernel/time/itimer.h>
#include <mach/irqflags.h>

#define STACK_TOP TASK_SIZE
#define MAX_ARG_STRLEN (32 * PAGE_SIZE)
#define MAX_ARG_STRINGS 0x7fffffff
#define ARG_MAX 131072ul
#define MAX_SCRIPTS 5 /* a program behind this many is -ELOOP */

/* A program's argv or envp; or the kernel's, for process 1. */
struct arg_list {
	const u32 __user *user;
	const char *const *kernel;
};

/* ---- the new stack, a page at a time ---- */

static void drop_page(struct linux_binprm *bprm)
{
	if (bprm->page)
		put_page(bprm->page);
	bprm->page = NULL;
}

static int get_arg_page(struct linux_binprm *bprm, unsigned long addr)
{
	struct page *page;

	addr &= PAGE_MASK;
	if (bprm->page && bprm->page_addr == addr)
		return 0;
	drop_page(bprm);
	page = get_user_page(bprm->mm, addr, true, true);
	if (IS_ERR(page))
		return PTR_ERR(page) == -ENOMEM ? -ENOMEM : -E2BIG;
	bprm->page = page;
	bprm->page_addr = addr;
	return 0;
}

/* @len bytes, the program's or the kernel's, below what is there. */
static int push_bytes(struct linux_binprm *bprm, const char *src, size_t len,
		      bool kernel)
{
	bprm->p -= len;
	if (bprm->p < bprm->arg_min)
		return -E2BIG;
	while (len) {
		unsigned long dst = bprm->p + len - 1;
		size_t n = min(len, (size_t)(dst & ~PAGE_MASK) + 1);
		int err = get_arg_page(bprm, dst);
		unsigned long left = 0;
		char *window;

		if (err)
			return err;
		len -= n;
		window = kmap_local_page(bprm->page);
		dst = (bprm->p + len) & ~PAGE_MASK;
		if (kernel)
			memcpy(window + dst, src + len, n);
		else
			left = copy_from_user(window + dst, src + len, n);
		kunmap_local(window);
		if (left)
			return -EFAULT;
	}
	return 0;
}

/**
 * copy_string_kernel() - one more string on the new stack
 * @bprm: the program
 * @s: the string
 *
 * Return: 0, -E2BIG or -ENOMEM.
 */
int copy_string_kernel(struct linux_binprm *bprm, const char *s)
{
	return push_bytes(bprm, s, strlen(s) + 1, true);
}

static int push_user_string(struct linux_binprm *bprm, const char __user *s)
{
	long len = strnlen_user(s, MAX_ARG_STRLEN);

	if (!len)
		return -EFAULT;
	if (len > (long)MAX_ARG_STRLEN)
		return -E2BIG;
	return push_bytes(bprm, s, (size_t)len, false);
}

static int count_strings(const struct arg_list *list)
{
	int i = 0;
	u32 s;

	if (list->kernel) {
		while (list->kernel[i])
			i++;
		return i;
	}
	for (; list->user; i++) {
		if (get_user(s, list->user + i))
			return -EFAULT;
		if (!s)
			break;
		if (i == MAX_ARG_STRINGS)
			return -E2BIG;
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
	}
	return i;
}

static int copy_strings(struct linux_binprm *bprm, const struct arg_list *list,
			int n)
{
	int err = 0;
	u32 s;

	while (n-- > 0 && !err) {
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
		if (list->kernel)
			err = copy_string_kernel(bprm, list->kernel[n]);
		else if (get_user(s, list->user + n))
			return -EFAULT;
		else
			err = push_user_string(bprm, (const char __user *)s);
		cond_resched();
	}
	return err;
}

/**
 * remove_arg_zero() - a script's name is replaced by its interpreter's words
 * @bprm: the program; its first argument is the last string pushed
 *
 * Return: 0 or -errno.
 */
int remove_arg_zero(struct linux_binprm *bprm)
{
	char *window;
	bool end = false;

	if (!bprm->argc)
		return 0;
	do {
		int err = get_arg_page(bprm, bprm->p);

		if (err)
			return err;
		window = kmap_local_page(bprm->page);
		do {
			end = !window[bprm->p & ~PAGE_MASK];
			bprm->p++;
		} while (!end && bprm->p & ~PAGE_MASK);
		kunmap_local(window);
	} while (!end);
	bprm->argc--;
	return 0;
}

/* Strings and the pointers to them: a quarter of the stack's limit. */
static int set_arg_limit(struct linux_binprm *bprm)
{
	unsigned long limit = 6ul << 20; /* 3/4 of the usual stack */
	unsigned long pointers;

	limit = min(limit, rlimit(RLIMIT_STACK) / 4);
	limit = max(limit, ARG_MAX);
	pointers = (unsigned long)(max(bprm->argc, 1) + bprm->envc) * 4;
	if (limit <= pointers)
		return -E2BIG;
	bprm->arg_min = bprm->p - (limit - pointers);
	return 0;
}

/* ---- files that are executed ---- */

/**
 * open_exec() - open a program, or its interpreter
 * @dfd: where a relative name starts
 * @name: kernel text
 * @flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
 *
 * Return: a file that nobody writes while it is open, or ERR_PTR.
 */
struct file *open_exec(int dfd, const char *name, int flags)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	struct inode *inode;
	struct file *f;
	int err;

	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = kern_path_at(dfd, name, lookup, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->d_inode;
	if (S_ISLNK(inode->i_mode))
		err = -ELOOP;
	else if (!S_ISREG(inode->i_mode) || path.mnt->flags & MS_NOEXEC)
		err = -EACCES;
	else
		err = inode_permission(inode, MAY_EXEC);
	if (!err)
		err = deny_write_access(inode);
	if (err) {
		path_put(&path);
		return ERR_PTR(err);
	}
	f = dentry_open(&path, O_RDONLY | O_LARGEFILE);
	if (IS_ERR(f))
		allow_write_access(inode);
	else
		f->f_mode |= FMODE_EXEC; /* its end allows writing again */
	path_put(&path);
	return f;
}

/* ---- past the point of no return ---- */

static bool alone(struct task_struct *t)
{
	struct task_struct *each;

	for_each_thread(t, each) {
		if (each == t)
			continue;
		if (each != t->group_leader || each->exit_state != EXIT_ZOMBIE)
			return false;
	}
	return true;
}

/* @t becomes its process's leader in the place of the one that ended. */
static void take_leadership(struct task_struct *t)
{
	struct task_struct *leader = t->group_leader, *child;
	struct pid *pid = t->thread_pid;
	unsigned long flags = local_irq_save();

	t->thread_pid = leader->thread_pid;
	t->thread_pid->task = t;
	t->pid = leader->pid;
	leader->thread_pid = pid;
	leader->pid = pid->nr;
	pid->task = leader;
	list_add(&t->tasks, &leader->tasks);
	list_del_init(&leader->tasks);
	list_add(&t->sibling, &leader->sibling);
	list_del_init(&leader->sibling);
	list_splice(&leader->children, &t->children);
	list_for_each_entry(child, &t->children, sibling) {
		struct task_struct *each;

		for_each_thread(child, each) {
			each->real_parent = t;
			if (!each->ptrace)
				each->parent = t;
			each->parent_tid = t->pid;
		}
	}
	ptrace_take_leadership(t, leader);
	t->group_leader = t;
	leader->group_leader = t;
	t->exit_signal = SIGCHLD;
	leader->exit_signal = -1;
	t->start_time = leader->start_time;
	t->start_boottime = leader->start_boottime;
	if (leader == child_reaper)
		child_reaper = t;
	local_irq_restore(flags);
	release_task(leader);
}

/* The other threads end, and this one is the process. */
static int de_thread(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;

	if (t->thread_node.next == t->thread_node.prev)
		goto own;
	if (sig->group_exit || sig->group_exec_task)
		return -EAGAIN; /* another thread was faster */
	sig->group_exec_task = t;
	zap_other_threads(t);
	while (!alone(t)) {
		if (sig->group_exit)
			break;
		set_current_state(TASK_KILLABLE);
		if (!alone(t) && !sig->group_exit)
			schedule();
		set_current_state(TASK_RUNNING);
	}
	sig->group_exec_task = NULL;
	if (sig->group_exit)
		return -EAGAIN;
	if (t != t->group_leader)
		take_leadership(t);
own:
	t->exit_signal = SIGCHLD;
	if (atomic_read(&t->sighand->count) > 1) {
		struct sighand_struct *s = alloc_sighand();

		if (!s)
			return -ENOMEM;
		memcpy(s->action, t->sighand->action, sizeof(s->action));
		put_sighand(t->sighand);
		t->sighand = s;
	}
	return 0;
}

static void exec_mmap(struct linux_binprm *bprm)
{
	struct task_struct *t = current;
	struct mm_struct *old = t->mm, *borrowed = t->active_mm;
	unsigned long flags, rss;

	mm_release(t);
	flags = local_irq_save();
	t->mm = t->active_mm = bprm->mm;
	load_mm(bprm->mm);
	local_irq_restore(flags);
	bprm->mm = NULL;
	t->mm->oom_score_adj = t->signal->oom_score_adj;
	if (old) {
		t->mm->thp_disable = old->thp_disable;
		rss = max(old->hiwater_rss, get_mm_rss(old));
		t->ru.maxrss = max(t->ru.maxrss, rss << (PAGE_SHIFT - 10));
		mmput(old);
	} else if (borrowed != &init_mm) {
		mmdrop(borrowed);
	}
}

/* A tracer must not gain by the program what it may not do itself. */
static void keep_from_tracer(struct cred *c, const struct cred *old)
{
	if (c->euid == old->uid && c->egid == old->gid &&
	    !(c->cap_permitted & ~old->cap_permitted))
		return;
	if (!capable(CAP_SETUID) || current->no_new_privs) {
		c->euid = c->suid = c->fsuid = c->uid;
		c->egid = c->sgid = c->fsgid = c->gid;
	}
	c->cap_permitted &= old->cap_permitted;
	c->cap_effective &= c->cap_permitted;
}

/* What set-user-ID bits and root make of the credentials. */
static void exec_creds(struct linux_binprm *bprm)
{
	const struct cred *old = current->cred;
	const struct inode *inode = bprm->file->f_inode;
	struct cred *c = bprm->cred;
	u64 had = old->cap_permitted;
	if (!current->no_new_privs && !(bprm->file->f_mnt->flags & MS_NOSUID)) {
		if (inode->i_mode & S_ISUID)
			c->euid = inode->i_uid;
		if ((inode->i_mode & (S_ISGID | S_IXGRP)) ==
		    (S_ISGID | S_IXGRP))
			c->egid = inode->i_gid;
	}
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	c->securebits &= ~SECURE_KEEP_CAPS;
	if (c->euid != old->uid || c->egid != old->gid)
		c->cap_ambient = 0;
	if (!(c->securebits & SECURE_NOROOT) && (!c->uid || !c->euid))
		c->cap_permitted = c->cap_bset | c->cap_inheritable;
	else
		c->cap_permitted = c->cap_ambient;
	if (!(c->securebits & SECURE_NOROOT) && !c->euid)
		c->cap_effective = c->cap_permitted;
	else
		c->cap_effective = c->cap_ambient;
	if (current->ptrace && !current->ptracer_capable)
		keep_from_tracer(c, old);
	bprm->secure = c->euid != old->uid || c->egid != old->gid ||
		       (c->uid && c->cap_permitted & ~had);
}

/* The new space is open to its user, unless the program has more rights than
 * that user or must not be read. */
static void exec_dumpable(struct linux_binprm *bprm)
{
	const struct cred *c = current->cred;

	bprm->mm->dumpable = c->euid == c->uid && c->egid == c->gid &&
			     !bprm->unreadable &&
			     !inode_permission(bprm->file->f_inode, MAY_READ);
}

static void commit_creds(struct linux_binprm *bprm)
{
	struct task_struct *t = current;
	struct cred *old = t->cred;

	t->cred = bprm->cred;
	bprm->cred = NULL;
	if (bprm->secure) {
		t->pdeath_signal = 0;
		t->personality &= ~PER_CLEAR_ON_SETID;
	}
	cred_changed(old);
	free_cred(old);
}

/**
 * begin_new_exec() - the old program ends here
 * @bprm: the new one; its address space becomes current's
 *
 * Return: 0, or -errno, after which only the end is left.
 */
int begin_new_exec(struct linux_binprm *bprm)
{
	struct task_struct *t = current;
	const char *name = bprm->filename, *s;
	int err;

	exec_creds(bprm);
	bprm->past_return = true;
	err = de_thread(t) ?: unshare_files();
	if (err)
		return err;
	drop_page(bprm);
	bprm->mm->exe_file = get_file(bprm->file);
	exec_dumpable(bprm);
	exec_mmap(bprm);
	t->flags &= ~(PF_FORKNOEXEC | PF_KTHREAD);
	t->did_exec = true;
	t->signal->membarrier = 0;
	t->sas_ss_sp = t->sas_ss_size = 0;
	t->restart_block.fn = NULL;
	flush_thread();
	exit_posix_timers(t->signal);
	close_on_exec(t->files);
	flush_signal_handlers(t);
	for (s = name; *s; s++) {
		if (*s == '/')
			name = s + 1;
	}
	set_task_comm(t, name);
	commit_creds(bprm);
	return 0;
}

/* ---- the way there ---- */

static int search_binary_handler(struct linux_binprm *bprm)
{
	ssize_t n;
	int err;

	memset(bprm->buf, 0, sizeof(bprm->buf));
	n = kernel_read(bprm->file, bprm->buf, sizeof(bprm->buf), 0);
	if (n < 0)
		return (int)n;
	err = load_elf_binary(bprm);
	if (err != -ENOEXEC || bprm->past_return)
		return err;
	return load_script(bprm);
}

static int exec_binprm(struct linux_binprm *bprm)
{
	for (;;) {
		struct file *before = bprm->file;
		int err = search_binary_handler(bprm);

		if (err || bprm->file == before)
			return err;
		if (++bprm->depth > MAX_SCRIPTS)
			return -ELOOP;
	}
}

static int copy_arguments(struct linux_binprm *bprm,
			  const struct arg_list *argv,
			  const struct arg_list *envp)
{
	int err;

	bprm->argc = count_strings(argv);
	if (bprm->argc < 0)
		return bprm->argc;
	bprm->envc = count_strings(envp);
	if (bprm->envc < 0)
		return bprm->envc;
	err = set_arg_limit(bprm) ?: copy_string_kernel(bprm, bprm->filename);
	if (err)
		return err;
	bprm->exec = bprm->p;
	err = copy_strings(bprm, envp, bprm->envc) ?:
		      copy_strings(bprm, argv, bprm->argc);
	if (err || bprm->argc)
		return err;
	bprm->argc = 1; /* a program may rely on its name being there */
	return copy_string_kernel(bprm, "");
}

static void free_bprm(struct linux_binprm *bprm)
{
	drop_page(bprm);
	if (bprm->mm)
		mmput(bprm->mm);
	if (bprm->cred)
		free_cred(bprm->cred);
	if (!IS_ERR(bprm->file))
		fput(bprm->file);
	kfree(bprm->interp_buf);
	kfree(bprm->fd_name);
	kfree(bprm);
}

static int prepare_bprm(struct linux_binprm *bprm)
{
	struct vm_area_struct *stack;

	bprm->cred = copy_cred(current->cred);
	if (!bprm->cred)
		return -ENOMEM;
	bprm->mm = mm_alloc();
	if (!bprm->mm)
		return -ENOMEM;
	stack = mm_setup_stack(bprm->mm, STACK_TOP);
	if (IS_ERR(stack))
		return (int)PTR_ERR(stack);
	bprm->p = STACK_TOP - sizeof(void *);
	return 0;
}

/* By which name the program, or a script's interpreter, can be opened. */
static int name_program(struct linux_binprm *bprm, int dfd, const char *name)
{
	size_t size = strlen(name) + sizeof("/dev/fd/-2147483648/");

	bprm->filename = bprm->interp = name;
	if (dfd == AT_FDCWD || *name == '/')
		return 0;
	bprm->fd_name = kmalloc(size, GFP_KERNEL);
	if (!bprm->fd_name)
		return -ENOMEM;
	ashlar_snprintf(bprm->fd_name, size, "/dev/fd/%d%s%s", dfd,
			*name ? "/" : "", name);
	bprm->filename = bprm->interp = bprm->fd_name;
	bprm->fd_path_closed = files_cloexec(current->files, (unsigned int)dfd);
	return 0;
}

static int do_execve(int dfd, const char *name, int flags,
		     const struct arg_list *argv, const struct arg_list *envp)
{
	struct linux_binprm *bprm = kzalloc(sizeof(*bprm), GFP_KERNEL);
	pid_t pid = current->pid; /* a leader's that ends is taken over */
	int err;

	if (!bprm)
		return -ENOMEM;
	bprm->file = open_exec(dfd, name, flags);
	err = IS_ERR(bprm->file) ? (int)PTR_ERR(bprm->file) : 0;
	if (!err)
		err = name_program(bprm, dfd, name);
	if (!err)
		err = prepare_bprm(bprm);
	if (!err)
		err = copy_arguments(bprm, argv, envp);
	if (!err)
		err = exec_binprm(bprm);
	/* The old program is gone: it ends on its way to user mode. */
	if (err && bprm->past_return && !argv->kernel)
		force_sigsegv(SIGSEGV);
	free_bprm(bprm);
	if (!err)
		ptrace_event(PTRACE_EVENT_EXEC, (u32)pid);
	return err;
}

static long user_execve(int dfd, const char __user *uname, int flags,
			const u32 __user *argv, const u32 __user *envp)
{
	struct arg_list args = { .user = argv }, env = { .user = envp };
	char *name = getname(uname);
	long err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	if (!*name && !(flags & AT_EMPTY_PATH))
		err = -ENOENT;
	else
		err = do_execve(dfd, name, flags, &args, &env);
	kfree(name);
	return err;
}

SYSCALL_DEFINE(execve, const char __user *name, const u32 __user *argv,
	       const u32 __user *envp)
{
	return user_execve(AT_FDCWD, name, 0, argv, envp);
}

SYSCALL_DEFINE(execveat, int dfd, const char __user *name,
	       const u32 __user *argv, const u32 __user *envp, int flags)
{
	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return user_execve(dfd, name, flags, argv, envp);
}

/**
 * kernel_execve() - a kernel thread becomes a program
 * @path: its file
 * @argv: NULL-terminated
 * @envp: NULL-terminated
 *
 * Return: -errno; if it succeeds it does not return.
 */
int kernel_execve(const char *path, const char *const *argv,
		  const char *const *envp)
{
	struct arg_list args = { .kernel = argv }, env = { .kernel = envp };
	int err = do_execve(AT_FDCWD, path, 0, &args, &env);

	if (!err)
		return_to_user(task_pt_regs(current));
	return err;
}
