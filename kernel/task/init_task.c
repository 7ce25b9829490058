/* SPDX-License-Identifier: MIT */
/*
 * Task 0: the one that boots, and then runs when nothing else does. What a
 * process begins with is copied from here.
 */
#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/resource.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <mach/percpu.h>

static struct signal_struct init_signals = {
	.count = ATOMIC_INIT(1),
	.nr_threads = 1,
	.thread_head = { &init_task.thread_node, &init_task.thread_node },
	.shared_pending = { LIST_HEAD_INIT(init_signals.shared_pending.list),
			    0 },
	.wait_chldexit = WAIT_QUEUE_HEAD_INIT(init_signals.wait_chldexit),
	.cpu_timers = LIST_HEAD_INIT(init_signals.cpu_timers),
	.rlim = {
		[RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_STACK] = { 8 << 20, RLIM_INFINITY },
		[RLIMIT_CORE] = { 0, RLIM_INFINITY },
		[RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_NOFILE] = { 1024, 4096 },
		[RLIMIT_MEMLOCK] = { 8 << 20, 8 << 20 },
		[RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
	},
};

static struct sighand_struct init_sighand = { .count = ATOMIC_INIT(1) };

static struct cred init_cred = {
	.cap_effective = CAP_FULL_SET,
	.cap_permitted = CAP_FULL_SET,
	.cap_bset = CAP_FULL_SET,
};

static struct pid init_pid = { .count = ATOMIC_INIT(1), .task = &init_task };

struct task_struct init_task = {
	.usage = ATOMIC_INIT(2),
	.flags = PF_KTHREAD | PF_IDLE,
	.exit_signal = SIGCHLD,
	.comm = "swapper",
	.thread_pid = &init_pid,
	.active_mm = &init_mm,
	.signal = &init_signals,
	.sighand = &init_sighand,
	.cred = &init_cred,
	.pending = { LIST_HEAD_INIT(init_task.pending.list), 0 },
	.real_parent = &init_task,
	.parent = &init_task,
	.group_leader = &init_task,
	.ptraced = LIST_HEAD_INIT(init_task.ptraced),
	.ptrace_entry = LIST_HEAD_INIT(init_task.ptrace_entry),
	.children = LIST_HEAD_INIT(init_task.children),
	.sibling = LIST_HEAD_INIT(init_task.sibling),
	.thread_node = { &init_signals.thread_head, &init_signals.thread_head },
	.tasks = LIST_HEAD_INIT(init_task.tasks),
	.pi_locks = LIST_HEAD_INIT(init_task.pi_locks),
	.static_prio = DEFAULT_PRIO,
	.timer_slack = 50000,
	.default_timer_slack = 50000,
};

DEFINE_PER_CPU(struct task_struct *, current_task) = &init_task;
