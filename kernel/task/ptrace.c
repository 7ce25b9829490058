/* SPDX-License-Identifier: MIT */
/*
 * Tracing: a process looks at threads of others, stops them, and changes what
 * they are about to do.
 *
 *   tracer's leader ── ptraced ⇄ tracee ⇄ tracee      ptrace_entry
 *                        ▲ tracee->parent; real_parent stays what it was
 *
 *   running ──► stop (kernel/signal/trace.c) ──► TASK_TRACED
 *      ▲          SIGCHLD, wait4                     │ requests: memory,
 *      └────── CONT, SYSCALL, SINGLESTEP, DETACH ────┘ registers, signals
 *
 * A request needs a tracee that is stopped, except SEIZE, ATTACH, TRACEME,
 * INTERRUPT and KILL. Registers are the port's (arch_ptrace), memory is read
 * and written past its protection (access_process_vm): what is private is
 * copied first.
 *
 * Simpler than in Linux: the tracer is a process, so any of its threads may
 * ask; no PTRACE_SINGLEBLOCK, no seccomp filters.
 */
#include <ashlar/gup.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/exit.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>

#define PEEKSIGINFO_SHARED 1u
#define AUDIT_ARCH_I386 0x40000003u

/* ---- who traces whom ---- */

/* @t gets a tracer: a process, by its leader. */
static void ptrace_link(struct task_struct *t, struct task_struct *tracer)
{
	list_add(&t->ptrace_entry, &tracer->ptraced);
	t->parent = tracer;
	t->ptracer_capable = capable(CAP_SYS_PTRACE);
}

/**
 * ptrace_init_task() - a new thread, not yet linked to its parent
 * @p: the thread
 * @traced: its parent's tracer wants it, too
 */
void ptrace_init_task(struct task_struct *p, bool traced)
{
	const struct task_struct *me = current;

	INIT_LIST_HEAD(&p->ptraced);
	INIT_LIST_HEAD(&p->ptrace_entry);
	p->jobctl = 0;
	p->last_siginfo = NULL;
	p->ptrace_message = 0;
	p->parent = p->real_parent;
	if (!traced || !me->ptrace) {
		p->ptrace = 0;
		p->ptrace_options = 0;
		return;
	}
	list_add(&p->ptrace_entry, &me->parent->ptraced);
	p->parent = me->parent;
	if (p->ptrace & PT_SEIZED)
		p->jobctl |= JOBCTL_TRAP_STOP;
	else
		p->pending.signal |= sigmask(SIGSTOP);
	p->tif |= TIF_SIGPENDING;
}

/**
 * ptrace_unlink() - @t is traced no more
 *
 * If it was stopped it runs on, and stops again with its group if that is
 * stopped.
 */
void ptrace_unlink(struct task_struct *t)
{
	set_syscall_trace(t, 0);
	t->parent = t->real_parent;
	list_del_init(&t->ptrace_entry);
	t->ptrace = 0;
	t->ptrace_options = 0;
	t->jobctl &= ~(JOBCTL_TRAP_MASK | JOBCTL_TRAPPING);
	if (!(t->flags & PF_EXITING) && t->signal->stop_code)
		t->jobctl |= JOBCTL_STOP_PENDING;
	if (t->jobctl & JOBCTL_STOP_PENDING || t->state == TASK_TRACED)
		signal_wake_up(t, __TASK_TRACED);
}

static bool ignores_children(const struct task_struct *t)
{
	const struct k_sigaction *ka = &t->sighand->action[SIGCHLD - 1];

	return ka->sa_handler == SIG_IGN || ka->sa_flags & SA_NOCLDWAIT;
}

/* True if @t, a zombie that lost its tracer, has no parent that waits. */
static bool unlink_zombie(struct task_struct *t, struct task_struct *tracer)
{
	ptrace_unlink(t);
	if (t->exit_state != EXIT_ZOMBIE)
		return false;
	if (t != t->group_leader)
		return true;
	if (t->thread_node.next != t->thread_node.prev)
		return false; /* other threads are left */
	if (t->real_parent != tracer)
		return do_notify_parent(t, t->exit_signal);
	return ignores_children(tracer);
}

/**
 * exit_ptrace() - a process ends: whom it traced runs on alone
 * @tracer: its leader
 */
void exit_ptrace(struct task_struct *tracer)
{
	struct task_struct *t;

	while (!list_empty(&tracer->ptraced)) {
		t = list_first_entry(&tracer->ptraced, struct task_struct,
				     ptrace_entry);
		if (t->ptrace_options & PTRACE_O_EXITKILL)
			send_sig_info(SIGKILL, NULL, t, true);
		if (unlink_zombie(t, tracer))
			release_task(t);
	}
}

/**
 * ptrace_take_leadership() - another thread becomes its process's leader
 * @t: that thread
 * @leader: the old one
 */
void ptrace_take_leadership(struct task_struct *t, struct task_struct *leader)
{
	struct task_struct *each;

	list_for_each_entry(each, &leader->ptraced, ptrace_entry)
		each->parent = t;
	list_splice(&leader->ptraced, &t->ptraced);
	INIT_LIST_HEAD(&leader->ptraced);
}

/* ---- beginning ---- */

static long ptrace_traceme(void)
{
	struct task_struct *t = current;

	if (t->ptrace || t->real_parent->flags & PF_KTHREAD)
		return -EPERM;
	t->ptrace = PT_PTRACED;
	t->ptrace_options = 0;
	ptrace_link(t, t->real_parent);
	return 0;
}

/* @t was stopped already: make it a stop for the tracer, and wait for that. */
static void trap_stopped(struct task_struct *t)
{
	struct wait_queue_head *q = &current->signal->wait_chldexit;
	struct wait_queue_entry w;

	if (t->state != TASK_STOPPED ||
	    !set_jobctl_pending(t, JOBCTL_TRAP_STOP | JOBCTL_TRAPPING))
		return;
	signal_wake_up(t, TASK_STOPPED);
	init_wait_entry(&w);
	for (;;) {
		prepare_to_wait(q, &w, TASK_KILLABLE);
		if (!(t->jobctl & JOBCTL_TRAPPING) || t->exit_state ||
		    fatal_signal_pending(current))
			break;
		schedule();
	}
	finish_wait(q, &w);
}

static long ptrace_attach(struct task_struct *t, bool seize, u32 addr,
			  u32 options)
{
	if (seize && (addr || options & ~PTRACE_O_MASK))
		return -EIO;
	if (t->flags & PF_KTHREAD || t->signal == current->signal ||
	    !ptrace_may_access(t, PTRACE_MODE_ATTACH_REALCREDS) ||
	    t->exit_state || t->ptrace)
		return -EPERM;
	t->ptrace = PT_PTRACED | (seize ? PT_SEIZED : 0);
	t->ptrace_options = seize ? options : 0;
	ptrace_link(t, current->group_leader);
	if (!seize)
		send_sig_info(SIGSTOP, NULL, t, false);
	trap_stopped(t);
	return 0;
}

/* ---- going on ---- */

static long ptrace_resume(struct task_struct *t, u32 request, u32 sig)
{
	u32 how = 0;

	if (sig > NSIG)
		return -EIO;
	if (request == PTRACE_SYSCALL)
		how = TIF_SYSCALL_TRACE;
	else if (request == PTRACE_SYSEMU ||
		 request == PTRACE_SYSEMU_SINGLESTEP)
		how = TIF_SYSCALL_EMU;
	set_syscall_trace(t, how);
	if (request == PTRACE_SINGLESTEP || request == PTRACE_SYSEMU_SINGLESTEP)
		user_enable_single_step(t);
	else
		user_disable_single_step(t);
	t->exit_code = (int)sig;
	wake_up_state(t, __TASK_TRACED);
	return 0;
}

static long ptrace_detach(struct task_struct *t, u32 sig)
{
	if (sig > NSIG)
		return -EIO;
	user_disable_single_step(t);
	t->exit_code = (int)sig;
	ptrace_unlink(t);
	return 0;
}

static long ptrace_interrupt(struct task_struct *t)
{
	if (!(t->ptrace & PT_SEIZED))
		return -EIO;
	if (set_jobctl_pending(t, JOBCTL_TRAP_STOP))
		signal_wake_up(t, t->jobctl & JOBCTL_LISTENING ? __TASK_TRACED :
								 0);
	return 0;
}

/* The stop of the group goes on, and changes of it are told. */
static long ptrace_listen(struct task_struct *t)
{
	if (!(t->ptrace & PT_SEIZED) || !t->last_siginfo ||
	    t->last_siginfo->si_code >> 8 != PTRACE_EVENT_STOP)
		return -EIO;
	t->jobctl |= JOBCTL_LISTENING;
	if (t->jobctl & JOBCTL_TRAP_NOTIFY)
		signal_wake_up(t, __TASK_TRACED);
	return 0;
}

/* ---- memory ---- */

static size_t access_tracee(struct task_struct *t, u32 addr, u32 *word,
			    bool write)
{
	struct mm_struct *mm = get_task_mm(t);
	size_t n;

	if (!mm)
		return 0;
	n = access_process_vm(mm, addr, word, sizeof(*word), write);
	mmput(mm);
	return n;
}

static long ptrace_peek(struct task_struct *t, u32 addr, u32 __user *to)
{
	u32 word;

	if (access_tracee(t, addr, &word, false) != sizeof(word))
		return -EIO;
	return put_user(word, to) ? -EFAULT : 0;
}

static long ptrace_poke(struct task_struct *t, u32 addr, u32 word)
{
	return access_tracee(t, addr, &word, true) == sizeof(word) ? 0 : -EIO;
}

/* ---- signals ---- */

static long ptrace_getsiginfo(struct task_struct *t, void __user *to)
{
	struct siginfo info;

	if (!t->last_siginfo)
		return -EINVAL;
	info = *t->last_siginfo;
	return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ptrace_setsiginfo(struct task_struct *t, const void __user *from)
{
	struct siginfo info;

	if (copy_from_user(&info, from, sizeof(info)))
		return -EFAULT;
	if (!t->last_siginfo)
		return -EINVAL;
	*t->last_siginfo = info;
	return 0;
}

struct peeksiginfo_args {
	u64 off;
	u32 flags;
	s32 nr;
};

/* The @nth signal that waits in @p; false if there are not so many. */
static bool nth_signal(const struct sigpending *p, u64 nth,
		       struct siginfo *info)
{
	const struct sigqueue *q;

	list_for_each_entry(q, &p->list, list) {
		if (nth--)
			continue;
		*info = q->info;
		return true;
	}
	return false;
}

static long ptrace_peek_siginfo(struct task_struct *t, const void __user *uargs,
				struct siginfo __user *to)
{
	struct peeksiginfo_args a;
	struct siginfo info;
	s32 i;

	if (copy_from_user(&a, uargs, sizeof(a)))
		return -EFAULT;
	if (a.flags & ~PEEKSIGINFO_SHARED || a.nr < 0)
		return -EINVAL;
	for (i = 0; i < a.nr; i++) {
		if (!nth_signal(a.flags & PEEKSIGINFO_SHARED ?
					&t->signal->shared_pending :
					&t->pending,
				a.off + (u32)i, &info))
			break;
		if (copy_to_user(to + i, &info, sizeof(info)))
			return i ? i : -EFAULT;
		if (signal_pending(current))
			return i + 1;
	}
	return i;
}

static long ptrace_getsigmask(struct task_struct *t, u32 size, void __user *to)
{
	const sigset_t *set = t->restore_sigmask ? &t->saved_sigmask :
						   &t->blocked;

	if (size != sizeof(*set))
		return -EINVAL;
	return copy_to_user(to, set, sizeof(*set)) ? -EFAULT : 0;
}

/* The stopped thread looks for signals again when it runs on. */
static long ptrace_setsigmask(struct task_struct *t, u32 size,
			      const void __user *from)
{
	sigset_t set;

	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, from, sizeof(set)))
		return -EFAULT;
	t->blocked = set & ~(sigmask(SIGKILL) | sigmask(SIGSTOP));
	t->restore_sigmask = false;
	return 0;
}

/* ---- system calls ---- */

struct syscall_info {
	u8 op, pad[3];
	u32 arch;
	u64 instruction_pointer, stack_pointer;
	union {
		struct {
			u64 nr, args[6];
		} entry;
		struct {
			s64 rval;
			u8 is_error;
		} exit;
	};
};
enum { INFO_NONE, INFO_ENTRY, INFO_EXIT };

/* Fills in what is known of the call; returns its length. */
static u32 describe_syscall(const struct task_struct *t,
			    const struct pt_regs *regs, struct syscall_info *i)
{
	const u32 *arg = &regs->bx;
	unsigned int n;

	if (!t->last_siginfo || t->last_siginfo->si_code != (SIGTRAP | 0x80))
		return __builtin_offsetof(struct syscall_info, entry);
	if (t->ptrace_message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		i->op = INFO_ENTRY;
		i->entry.nr = regs->orig_ax;
		for (n = 0; n < ARRAY_SIZE(i->entry.args); n++)
			i->entry.args[n] = arg[n];
		return sizeof(*i);
	}
	if (t->ptrace_message == PTRACE_EVENTMSG_SYSCALL_EXIT) {
		i->op = INFO_EXIT;
		i->exit.is_error = regs->ax >= (u32)-4095;
		i->exit.rval = (s32)regs->ax;
		return __builtin_offsetof(struct syscall_info, exit.is_error) +
		       1;
	}
	return __builtin_offsetof(struct syscall_info, entry);
}

static long ptrace_get_syscall_info(struct task_struct *t, u32 size,
				    void __user *to)
{
	const struct pt_regs *regs = task_pt_regs(t);
	struct syscall_info info;
	u32 len;

	memset(&info, 0, sizeof(info));
	info.arch = AUDIT_ARCH_I386;
	info.instruction_pointer = regs->ip;
	info.stack_pointer = regs->sp;
	len = describe_syscall(t, regs, &info);
	return copy_to_user(to, &info, min(len, size)) ? -EFAULT : (long)len;
}

/* ---- requests ---- */

static long ptrace_setoptions(struct task_struct *t, u32 options)
{
	if (options & ~PTRACE_O_MASK)
		return -EINVAL;
	t->ptrace_options = options;
	return 0;
}

/* Requests about a stopped tracee. */
static long ptrace_request(struct task_struct *t, u32 request, u32 addr,
			   u32 data)
{
	void __user *udata = (void __user *)data;

	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		return ptrace_peek(t, addr, udata);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return ptrace_poke(t, addr, data);
	case PTRACE_OLDSETOPTIONS:
	case PTRACE_SETOPTIONS:
		return ptrace_setoptions(t, data);
	case PTRACE_GETEVENTMSG:
		return put_user(t->ptrace_message, (u32 __user *)udata) ?
			       -EFAULT :
			       0;
	case PTRACE_PEEKSIGINFO:
		return ptrace_peek_siginfo(t, (void __user *)addr, udata);
	case PTRACE_GETSIGINFO:
		return ptrace_getsiginfo(t, udata);
	case PTRACE_SETSIGINFO:
		return ptrace_setsiginfo(t, udata);
	case PTRACE_GETSIGMASK:
		return ptrace_getsigmask(t, addr, udata);
	case PTRACE_SETSIGMASK:
		return ptrace_setsigmask(t, addr, udata);
	case PTRACE_GET_SYSCALL_INFO:
		return ptrace_get_syscall_info(t, addr, udata);
	case PTRACE_LISTEN:
		return ptrace_listen(t);
	case PTRACE_DETACH:
		return ptrace_detach(t, data);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_SINGLESTEP:
	case PTRACE_SYSEMU:
	case PTRACE_SYSEMU_SINGLESTEP:
		return ptrace_resume(t, request, data);
	}
	return arch_ptrace(t, request, addr, data);
}

static long ptrace_of(struct task_struct *t, u32 request, u32 addr, u32 data)
{
	if (request == PTRACE_ATTACH || request == PTRACE_SEIZE)
		return ptrace_attach(t, request == PTRACE_SEIZE, addr, data);
	if (!t->ptrace || t->parent != current->group_leader)
		return -ESRCH;
	if (request == PTRACE_KILL) {
		send_sig(SIGKILL, t);
		return 0;
	}
	if (request == PTRACE_INTERRUPT)
		return ptrace_interrupt(t);
	if (t->state != TASK_TRACED || t->jobctl & JOBCTL_LISTENING)
		return -ESRCH;
	return ptrace_request(t, request, addr, data);
}

SYSCALL_DEFINE(ptrace, u32 request, pid_t pid, u32 addr, u32 data)
{
	struct task_struct *t;
	long ret;

	if (request == PTRACE_TRACEME)
		return ptrace_traceme();
	t = pid > 0 ? find_task_by_pid(pid) : NULL;
	if (!t)
		return -ESRCH;
	get_task_struct(t);
	ret = ptrace_of(t, request, addr, data);
	put_task_struct(t);
	return ret;
}
