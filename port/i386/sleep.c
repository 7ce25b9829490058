/* SPDX-License-Identifier: MIT */
/*
 * Sleep made real. What may sleep seldom does: memory is there, a lock is
 * free, a program's page is mapped. So code that is wrong when it does sleep
 * looks right for years. The boot word
 *
 *   yield=N[:SEED]    one in N of the places that may sleep does (0: none)
 *
 * has them all do it now and then, at random but the same each time, and has
 * each of them looked at:
 *
 *   - nothing sleeps with interrupts off, with a spinlock held, or when its
 *     task has said already what it waits for (its state);
 *   - of two kinds of sleeping lock one is always taken inside the other
 *     (locks made by one function are of a kind; two of one are let pass).
 *
 * A place is an instruction of five bytes that does nothing and an entry in
 * a table (SLEEP_SITE, mach/spinlock.h); at boot each becomes a call:
 *
 *   nopl 0(%eax,%eax)    ─ yield= ─►    call  sleep_site, alloc_site, …
 *
 * Where the word is not given that instruction is the whole cost.
 *
 * Orders of locks are collected as the paper machine does it (port/sim/lock.c).
 */
#include <ashlar/cmdline.h>
#include <ashlar/gfp.h>
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <ashlar/report_record.h>
#include <ashlar/rwsem.h>
#include <ashlar/string.h>
#include <kernel/panic.h>
#include <kernel/sched/sched.h>
#include <mach/irqflags.h>
#include "local.h"

#define NOP_BYTES 5
#define CALL 0xe8
#define KINDS 32
#define HELD 256
#define REPORTS 20 /* more say nothing new */

unsigned int spin_locks_held;

struct sleep_site {
	u32 at, to;
};

extern struct sleep_site __start_sleep_sites[], __stop_sleep_sites[];

static u32 one_in, dice = 1;
static unsigned int nr_reports;

/*
 * Sleeping locks that are held or waited for, in the order in which tasks
 * came. When more than HELD tasks queue up, those that come last are not
 * looked at: no program may stop the machine by having many processes.
 */
static struct held {
	const struct task_struct *task;
	const struct rw_semaphore *lock;
	unsigned int kind;
} held[HELD];
static unsigned int nr_held;

static struct {
	const char *name; /* rw_semaphore::kind */
	bool after[KINDS]; /* that kind was taken with this one held */
} kinds[KINDS];
static unsigned int nr_kinds;

/* What the sites call: no register changes. @argument: as the site has it. */
#define SITE_CALLS(name, argument, function)                 \
	__asm__(".text\n.globl " name "\n" name ":\n\t"      \
		"pushl %eax\n\tpushl %ecx\n\tpushl %edx\n\t" \
		"movl " argument ", %eax\n\t"                \
		"call " function "\n\t"                      \
		"popl %edx\n\tpopl %ecx\n\tpopl %eax\n\tret\n")

SITE_CALLS("sleep_site", "%eax", "sleep_called");
SITE_CALLS("alloc_site", "%edx", "alloc_called");
SITE_CALLS("acquire_site", "%eax", "acquire_called");
SITE_CALLS("release_site", "%eax", "release_called");

void sleep_called(void);
void alloc_called(gfp_t gfp);
void acquire_called(const struct rw_semaphore *s);
void release_called(const struct rw_semaphore *s);

/* ---- what is looked at ---- */

static ASHLAR_PRINTF(2, 3) void report(const char *kind, const char *fmt, ...)
{
	struct report_record r = { 0 };
	__builtin_va_list args;

	if (nr_reports++ >= REPORTS)
		return;
	ashlar_strscpy(r.kind, kind, sizeof(r.kind));
	__builtin_va_start(args, fmt);
	ashlar_vsnprintf(r.sentence, sizeof(r.sentence), fmt, args);
	__builtin_va_end(args);
	port_report(&r);
}

/* True if a task runs that could sleep here; says so if it must not. */
static bool sleep_is_right(void)
{
	const char *why = NULL;

	if (current == &init_task) /* booting, or idle */
		return false;
	if (irqs_disabled())
		why = "interrupts are off";
	else if (spin_locks_held)
		why = "a spinlock is held";
	else if (current->state != TASK_RUNNING)
		why = "its task is about to wait for something else";
	if (why)
		report("sleep", "this may sleep, but %s", why);
	return !why;
}

static bool dice_say_so(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return one_in && dice % one_in == 0;
}

/* Mostly one other task runs for a while, sometimes all others do. */
static void sleep_a_while(void)
{
	sched_yield_for(dice & 0x70000 ? 1 : dice >> 11);
}

void sleep_called(void)
{
	if (sleep_is_right() && dice_say_so())
		sleep_a_while();
}

void alloc_called(gfp_t gfp)
{
	if (gfpflags_allow_blocking(gfp))
		sleep_called();
}

/* ---- the order of sleeping locks ---- */

static unsigned int kind_of(const struct rw_semaphore *s)
{
	unsigned int k = 0;

	while (k < nr_kinds && kinds[k].name != s->kind)
		k++;
	if (k == KINDS)
		panic("more than %u kinds of sleeping locks", KINDS);
	if (k == nr_kinds)
		kinds[nr_kinds++].name = s->kind;
	return k;
}

/* True if @to was ever taken with @from held, through others if need be. */
static bool reaches(unsigned int from, unsigned int to, u32 *seen)
{
	unsigned int k;

	if (kinds[from].after[to])
		return true;
	*seen |= 1u << from;
	for (k = 0; k < nr_kinds; k++)
		if (kinds[from].after[k] && !(*seen & 1u << k) &&
		    reaches(k, to, seen))
			return true;
	return false;
}

static void order_kinds(unsigned int outer, unsigned int inner)
{
	u32 seen = 0;

	if (outer == inner || kinds[outer].after[inner])
		return;
	if (reaches(inner, outer, &seen))
		report("lock-order",
		       "one of %s is taken inside one of %s, the reverse has "
		       "been seen",
		       kinds[inner].name, kinds[outer].name);
	kinds[outer].after[inner] = true;
}

void acquire_called(const struct rw_semaphore *s)
{
	unsigned int kind = kind_of(s), i;

	for (i = 0; i < nr_held; i++)
		if (held[i].task == current)
			order_kinds(held[i].kind, kind);
	sleep_called();
	if (nr_held < HELD)
		held[nr_held++] = (struct held){ current, s, kind };
}

/* One of the last taken; none if it was not noted. */
void release_called(const struct rw_semaphore *s)
{
	unsigned int i = nr_held;

	while (i && (held[i - 1].lock != s || held[i - 1].task != current))
		i--;
	if (!i)
		return;
	for (nr_held--; i <= nr_held; i++)
		held[i - 1] = held[i];
}

/* ---- the sites ---- */

/**
 * sleep_sites_init() - have every place that may sleep call this file
 * @value: of the boot word yield=: N or N:SEED
 *
 * Code is still writable. Return: false if @value is something else, and
 * nothing is changed.
 */
bool __init sleep_sites_init(const char *value)
{
	struct sleep_site *s;
	unsigned long n, seed = 1;

	if (!cmdline_number(&value, &n))
		return false;
	if (*value == ':') {
		value++;
		if (!cmdline_number(&value, &seed) || !seed)
			return false;
	}
	if (*value && *value != ' ')
		return false;
	one_in = (u32)n;
	dice = (u32)seed * 0x9e3779b1u | 1;
	for (s = __start_sleep_sites; (u32)s < (u32)__stop_sleep_sites; s++) {
		u32 distance = s->to - (s->at + NOP_BYTES);

		*(u8 *)s->at = CALL;
		__builtin_memcpy((u8 *)s->at + 1, &distance, 4);
	}
	return true;
}
