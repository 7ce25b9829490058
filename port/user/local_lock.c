/* SPDX-License-Identifier: MIT */
/* What is seldom done with the locks of <mach/local_lock.h>. */
#include <linux/membarrier.h>
#include <limits.h>
#include <mach/local_lock.h>
#include "sys.h"
#include "user.h"

#define SPINS 100
#define MOMENT_NS 50000
#define DRAIN_NS 1000000

u32 local_locks_state = LOCAL_LOCKS_FENCED;

static long membarrier(int command)
{
	return sys6(SYS_membarrier, command, 0, 0, 0, 0, 0);
}

/*
 * The kernel is asked before there is a second thread: later it takes
 * milliseconds to agree. A forked child inherits what was agreed on.
 */
void local_locks_start(void)
{
	if (!membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
		local_locks_state = 0;
}

__cold_path void port_local_lock_slow(local_lock_t *l)
{
	u32 state;

	for (;;) {
		__atomic_exchange_n(&l->held, 1, __ATOMIC_SEQ_CST);
		state = __atomic_load_n(&local_locks_state, __ATOMIC_SEQ_CST);
		if (!(state & LOCAL_LOCKS_STOPPED))
			return;
		local_unlock(l);
		sys_futex_wait(&local_locks_state, state, NULL);
	}
}

/*
 * A kernel that knows no such barriers, or refuses them (a sandbox was
 * entered), leaves one way: to wait for much longer than any processor takes to
 * make visible what it has written, and have owners use their own from now on.
 */
static void drain_writes(void)
{
	struct timespec drain = { 0, DRAIN_NS };
	u32 never = 0;

	__atomic_fetch_or(&local_locks_state, LOCAL_LOCKS_FENCED,
			  __ATOMIC_SEQ_CST);
	sys_futex_wait(&never, 0, &drain);
}

/*
 * What any thread has written before this, all see afterwards; and what any
 * thread reads afterwards, it does not read before.
 */
void port_barrier_all(void)
{
	if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) &&
	    (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) ||
	     membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)))
		drain_writes();
}

/* After this, an owner is seen to hold its lock, or will not get it. */
void local_locks_stop(void)
{
	u32 before = __atomic_fetch_or(&local_locks_state, LOCAL_LOCKS_STOPPED,
				       __ATOMIC_SEQ_CST);

	if (!(before & LOCAL_LOCKS_FENCED))
		port_barrier_all();
}

void local_locks_go(void)
{
	__atomic_fetch_and(&local_locks_state, ~LOCAL_LOCKS_STOPPED,
			   __ATOMIC_RELEASE);
	sys_futex_wake(&local_locks_state, INT_MAX);
}

/*
 * Wait until the owner of @l is through. It does not say so, as it would have
 * to look who waits; but it is seldom in there, and not for long.
 */
void local_lock_await(local_lock_t *l)
{
	struct timespec moment = { 0, MOMENT_NS };
	int spins = 0;

	while (__atomic_load_n(&l->held, __ATOMIC_SEQ_CST)) {
		if (++spins > SPINS)
			sys_futex_wait(&l->held, 1, &moment);
	}
}
