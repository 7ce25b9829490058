/* SPDX-License-Identifier: MIT */
/*
 * CPUs of the paper machine that go on side by side: each has a stack of its
 * own, and where one lets a lock go, may sleep or waits, another goes on from
 * where it was.
 *
 *   CPU 1  ──unlock─┐                 ┌──────▶
 *   CPU 2           └──might_sleep─┐  │ a lock that 1 holds
 *   CPU 3                          └──┘             sim.pick says which is next
 *
 * One runs at a time, and what goes on next is a number that the test draws, so
 * that a run can be had again. A CPU that meets a lock of another lets others
 * go on until it is free; one that waits goes on when it is woken, or a moment
 * has passed. The space that is loaded is each CPU's own; its TLB forgets while
 * others run.
 *
 *   sim_fiber(cpu, fn, arg)   a CPU with work, but for CPU 0
 *   sim_fibers_run()          all of them, until each has returned
 */
#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

#include <ashlar/compiler.h>
#include <mach/sanitize.h>
#include "sim.h"

#define STACK_BYTES ((size_t)1 << 20)

/* Where a CPU left off. Compilers have a short way of their own on x86. */
#ifdef __x86_64__
typedef void *place_t[5];
#define keep_place(place) __builtin_setjmp(place)
#define go_to_place(place) __builtin_longjmp(place, 1)
#else
typedef jmp_buf place_t;
#define keep_place(place) _setjmp(place)
#define go_to_place(place) _longjmp(place, 1)
#endif

struct fiber {
	ucontext_t context; /* of a stack that is new */
	place_t place;
	char *stack;
	void *fake; /* what the host's checker keeps of it meanwhile */
	void (*fn)(void *arg);
	void *arg;
	struct mm_struct *loaded, *borrowed; /* its own, or another's */
	unsigned long until; /* the turn up to which it waits … */
	const void *key; /* … for this; NULL: it does not */
	bool begun, live;
};

/* The first is whoever called sim_fibers_run(). */
static struct fiber fibers[SIM_CPUS], *running_fiber = fibers, *entered;
static unsigned long turn; /* how often another went on */
static const void *host_stack;
static size_t host_stack_bytes;

#ifdef SIM_ASAN
void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t n);
void __sanitizer_finish_switch_fiber(void *fake, const void **bottom,
				     size_t *n);
#else
#define __sanitizer_start_switch_fiber(fake, bottom, n) \
	((void)(bottom), (void)(n))
#define __sanitizer_finish_switch_fiber(fake, bottom, n) \
	((void)(bottom), (void)(n))
#endif

/* @f goes on, on its own stack. */
static void arrive(struct fiber *f)
{
	bool from_host = running_fiber == fibers;

	__sanitizer_finish_switch_fiber(f->fake, from_host ? &host_stack : NULL,
					from_host ? &host_stack_bytes : NULL);
	running_fiber = f;
	sim_run_on((unsigned int)(f - fibers));
	if (!sim.one_processor)
		sim_change_mm(f->loaded);
	else if (f->loaded && f->loaded != sim_loaded_mm())
		sim_load_mm(f->loaded);
	f->borrowed = f->loaded ? NULL : sim_loaded_mm();
}

/* Cheaper than swapcontext(), which asks the host for its signals. */
static __attribute__((noinline)) void leave_for(struct fiber *next)
{
	if (next->begun)
		go_to_place(next->place);
	next->begun = true;
	setcontext(&next->context);
}

static void switch_to(struct fiber *next)
{
	struct fiber *self = running_fiber;

	self->loaded = sim_loaded_mm();
	if (sim.one_processor && self->loaded == self->borrowed)
		self->loaded = NULL;
	entered = next;
	__sanitizer_start_switch_fiber(self->live ? &self->fake : NULL,
				       next->stack ? next->stack : host_stack,
				       next->stack ? STACK_BYTES :
						     host_stack_bytes);
	if (keep_place(self->place) == 0)
		leave_for(next);
	arrive(entered);
}

/*
 * Another CPU that has work, or NULL. One that waits has its turn before its
 * time only if all others wait, too.
 */
static struct fiber *another(void)
{
	unsigned long first = sim.pick(SIM_CPUS);
	struct fiber *waits = NULL, *f;

	turn++;
	for (unsigned int i = 0; i < SIM_CPUS; i++) {
		f = &fibers[(first + i) % SIM_CPUS];
		if (!f->live || f == running_fiber || f == fibers)
			continue;
		if (!f->key || f->until <= turn)
			return f;
		if (!waits || f->until < waits->until)
			waits = f;
	}
	return running_fiber->key || !running_fiber->live ? waits : NULL;
}

/* Another CPU goes on, if one has work. */
void sim_fiber_yield(void)
{
	struct fiber *next = sim.pick ? another() : NULL;

	if (next && running_fiber != fibers)
		switch_to(next);
}

/* Until port_wake(@key), or @turns turns of others. */
void sim_fiber_wait(const void *key, unsigned long turns)
{
	running_fiber->key = key;
	running_fiber->until = turn + turns;
	sim_fiber_yield();
	running_fiber->key = NULL;
}

/* For sim_load_mm(): what is loaded now is its own. */
void sim_fiber_loads(void)
{
	running_fiber->borrowed = NULL;
}

/* For port_wake(). */
void sim_fiber_wake(const void *key)
{
	for (unsigned int i = 0; i < SIM_CPUS; i++)
		if (fibers[i].key == key)
			fibers[i].key = NULL;
}

static void enter(void)
{
	struct fiber *self = entered, *next;

	arrive(self);
	self->fn(self->arg);
	sim_load_mm(NULL);
	self->live = false;
	next = another();
	switch_to(next ? next : fibers);
}

/* From sim_fibers_run() on @cpu calls @fn. */
void sim_fiber(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	struct fiber *f = &fibers[cpu];

	if (!cpu || cpu >= SIM_CPUS || f->live)
		sim_fail("CPU %u cannot get work", cpu);
	if (!f->stack)
		f->stack = aligned_alloc(4096, STACK_BYTES);
	*f = (struct fiber){
		.stack = f->stack, .fn = fn, .arg = arg, .live = true
	};
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&f->context, enter, 0);
}

/* All CPUs with work, until none has any. CPU 0 calls, and waits. */
void sim_fibers_run(void)
{
	struct fiber *first = another();

	fibers->live = fibers->begun = true;
	if (first)
		switch_to(first);
	fibers->live = false;
}
