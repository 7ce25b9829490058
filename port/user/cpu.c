/* SPDX-License-Identifier: MIT */
/*
 * A thread is a CPU: its start, its end, and fork.
 *
 *   first slow path        port_cpu_start: online, exit hook armed
 *   thread ends            other destructors run and may still allocate, so
 *                          the hook re-arms itself once: in the C library's
 *                          second round of them it goes offline
 *   after that             the thread works without CPU lists
 *
 * Fork handlers are registered by the first allocation of the process. They
 * run in the reverse of their order of registration before the fork, so
 * ours come last and those of others may still allocate. Where a thread may be
 * made without an allocation they are registered before: the first one is
 * then made by any thread, and perhaps while another forks.
 */
#include <ashlar/check.h>
#include <ashlar/kfence.h>
#include <ashlar/port.h>
#include <mach/spinlock.h>
#include <pthread.h>
#include <stdlib.h>
#include "sys.h"
#include "user.h"

/*
 * Names this library to pthread_atfork(). The shared libraries are linked
 * without the start files that would define it; in a static link theirs wins.
 */
void *__dso_handle __hidden __attribute__((__weak__)) = &__dso_handle;

static spinlock_t start_lock = SPIN_LOCK_UNLOCKED;
static bool started, have_exit_key, have_fork_handlers;
static pthread_key_t exit_key;

/* Together, as the linker works for each variable of threads. */
static __thread struct {
	/* Either is set: it goes without a CPU for now, or for good. */
	bool starts, ended;
	bool second_round;
	bool fork_locked;
	void *signal_stack; /* see segv.c */
} thread;

static void thread_ends(void *cpu)
{
	if (!thread.second_round && !pthread_setspecific(exit_key, cpu)) {
		thread.second_round = true;
		return;
	}
	thread.ended = true;
	callers_thread_ends();
	segv_thread_ends(thread.signal_stack);
	if (mm_cpu_self)
		mm_cpu_offline(mm_cpu_self);
}

/*
 * glibc's fork() takes the lock on stdio's list of files after it has run
 * our prepare handler, and holders of that lock allocate: so it comes before
 * ours. A lone thread takes none: it may be forking from a signal handler
 * that interrupted it with one of them held.
 */
extern char __libc_single_threaded __attribute__((weak));
void _IO_list_lock(void) __attribute__((weak));
void _IO_list_unlock(void) __attribute__((weak));

static void fork_prepare(void)
{
	if (&__libc_single_threaded && __libc_single_threaded)
		return;
	/* Coming online takes locks that a child may find taken. */
	if (!mm_cpu_self)
		port_cpu_start();
	thread.fork_locked = true;
	if (_IO_list_lock)
		_IO_list_lock();
	spin_lock(&start_lock);
	dma_fork_prepare();
	large_fork_prepare();
	ram_fork_prepare();
	mm_fork_prepare();
}

static void fork_parent(void)
{
	if (!thread.fork_locked)
		return;
	thread.fork_locked = false;
	mm_fork_parent();
	ram_fork_parent();
	large_fork_parent();
	dma_fork_parent();
	spin_unlock(&start_lock);
	if (_IO_list_unlock)
		_IO_list_unlock();
}

static void fork_child(void)
{
	callers_fork_child();
	if (!thread.fork_locked)
		return;
	thread.fork_locked = false;
	spin_lock_init(&start_lock);
	large_fork_child();
	dma_fork_child();
	ram_fork_child();
	mm_fork_child(mm_cpu_self);
}

/* It may allocate, and so be asked once more. */
static void see_to_forks(void)
{
	bool have = have_fork_handlers;

	have_fork_handlers = true;
	if (!have)
		pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* For the constructor, where threads begin without an allocation. */
void cpu_process_starts(void)
{
	see_to_forks();
}

/* False: there is no memory to begin with. Who asks next tries again. */
static bool start_process(void)
{
	if (!port_ram_init())
		return false;
	local_locks_start();
	port_read_options();
	if (ashlar_kinds_keep)
		ashlar_kinds_keep();
	mm_init();
	if (kfence_on || slab_large || report_has_reader())
		segv_install();
	return true;
}

struct mm_cpu *port_cpu_start(void)
{
	struct mm_cpu *cpu = NULL;
	bool first;

	if (thread.starts || thread.ended)
		return NULL;
	thread.starts = true;
	host_read();
	spin_lock(&start_lock);
	first = !started && start_process();
	started |= first;
	if (started)
		cpu = mm_cpu_online();
	spin_unlock(&start_lock);
	if (!thread.signal_stack)
		thread.signal_stack = segv_thread_starts();
	thread.starts = false;
	/* The C library may allocate in these: we are online by now. */
	if (first) {
		have_exit_key = !pthread_key_create(&exit_key, thread_ends);
		see_to_forks();
	}
	if (cpu && have_exit_key)
		pthread_setspecific(exit_key, cpu);
	return cpu;
}
