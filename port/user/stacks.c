/* SPDX-License-Identifier: MIT */
/*
 * The thread in whose stack an address lies, for reports of a program that uses
 * what another thread had there.
 *
 *   low                                   top
 *    | no access | … free … | frames       |   noted when the thread begins
 *          ▲                                   to allocate
 *          just below the stack
 *
 * Where the stack of a thread ends is not known: it is taken to be as long as
 * one is by default. The last threads that began are remembered, those that
 * have ended among them, until their place is another's.
 *
 * Context of all: any, a signal handler included; there is no lock, and who
 * asks while a thread begins may be told of the one before.
 */
#include <ashlar/port.h>
#include <mach/page.h>
#include "user.h"

#define NR_STACKS 256u
#define STACK_BYTES (8ul << 20)

static struct stack_owner stacks[NR_STACKS];
static unsigned int nr_begun;

static unsigned int kept(void)
{
	return min(READ_ONCE(nr_begun), NR_STACKS);
}

/** stack_begins() - this thread has a stack */
void stack_begins(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	unsigned int i = __atomic_fetch_add(&nr_begun, 1, __ATOMIC_RELAXED);
	struct stack_owner *s = &stacks[i % NR_STACKS];

	WRITE_ONCE(s->top, 0);
	WRITE_ONCE(s->tid, port_pid());
	WRITE_ONCE(s->ended, false);
	__atomic_store_n(&s->top, ALIGN(here, PAGE_SIZE), __ATOMIC_RELEASE);
}

/** stack_ends() - this thread ends */
void stack_ends(void)
{
	unsigned int i, n = kept();
	int tid = port_pid();

	for (i = 0; i < n; i++)
		if (READ_ONCE(stacks[i].tid) == tid)
			WRITE_ONCE(stacks[i].ended, true);
}

/**
 * stack_at() - whose stack does an address lie in?
 * @addr: any address
 * @owner: set, if it is some thread's
 *
 * Return: false if no thread is known to have, or have had, its stack there.
 */
bool stack_at(uintptr_t addr, struct stack_owner *owner)
{
	uintptr_t top, least = STACK_BYTES;
	unsigned int i, n = kept();
	bool found = false;

	for (i = 0; i < n; i++) {
		top = smp_load_acquire(&stacks[i].top);
		if (top <= addr || top - addr > least)
			continue;
		least = top - addr;
		*owner = stacks[i];
		found = true;
	}
	return found;
}
