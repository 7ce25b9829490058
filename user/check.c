/* SPDX-License-Identifier: MIT */
/*
 * Blocks that are watched, for those who look before they touch, and the looks
 * at all of them.
 *
 *   libashlar-check.so, memcpy(p, …)  ─► ashlar_check_range(p, bytes, …)
 *   the program ends, or is aborted   ─► all that is live, and all that waits
 *   look=SECONDS                      ─► the same, now and then
 *
 * What a program overwrote and never frees is found by nothing else. The look
 * at the end comes after what the program itself does then, for the library is
 * initialised before all others, and finished last.
 */
#include <ashlar/check.h>
#include <stdint.h>
#include "mm/internal.h"
#include "mm/kfence.h"
#include "port/user/unwind.h"
#include "port/user/user.h"
#include "check_calls.h"
#include "names.h"
#include "user.h"
#include "watched.h"

/* ---- looking first ---- */

/**
 * ashlar_check_room() - bytes that may be accessed from an address on
 * @p: any address
 *
 * Context: any. Return: as many as there are up to the end of the block that
 * @p lies in; 0 in no block or a freed one; SIZE_MAX where nothing is watched.
 */
EXPORT size_t ashlar_check_room(const void *p)
{
	size_t at = slab_room_at(p);
	struct slab_block b;

	if (likely(at))
		return at;
	if (!virt_addr_valid(p))
		return kfence_room(p, &at) ? at : SIZE_MAX;
	if (!slab_block_at(p, &b))
		return SIZE_MAX;
	at = (size_t)((const char *)p - b.start);
	return b.slot && b.live && at < b.bytes ? b.bytes - at : 0;
}

/**
 * ashlar_check_range() - may these bytes be accessed?
 * @p: any address
 * @bytes: from there on
 * @is_write: the access is a write
 * @call: name of the function that makes it
 *
 * Context: any. Return: true, or false after a report.
 */
EXPORT bool ashlar_check_range(const void *p, size_t bytes, bool is_write,
			       const char *call)
{
	struct slab_block b;

	if (likely(slab_holds(p, bytes) || bytes <= ashlar_check_room(p)))
		return true;
	if (kfence_refuse(p, bytes, is_write ? REPORT_WRITE : REPORT_READ,
			  call))
		return false;
	if (!slab_block_at(p, &b))
		return true;
	slab_report_access(&b, p, bytes, is_write, call);
	return false;
}

/* ---- updates that are lost ---- */

static bool races(void)
{
	port_read_options();
	return races_wanted;
}

static unsigned int callers(unsigned long *pc, unsigned int nr,
			    const uintptr_t *at)
{
	return unwind((struct unwind){ at[0], at[1], at[2], true }, pc, nr);
}

static void tell(struct report_record *r)
{
	struct slab_block b;

	if (slab_block_at((const void *)(uintptr_t)r->address, &b))
		slab_show_block(r, &b);
	report_and_go_on(r);
}

static void ask_blocked(bool (*blocked)(int sig))
{
	segv_blocked = blocked;
}

/* The end of its stack can be told of from now on. */
static void thread_begins(void)
{
	(void)mm_this_cpu();
}

/**
 * ashlar_check_calls() - what a checker asks for beside the looks
 * @to: the functions; each may be called in any context, a signal handler
 *	included
 */
EXPORT void ashlar_check_calls(struct check_calls *to)
{
	to->action = segv_sigaction;
	to->ask_blocked = ask_blocked;
	to->thread = thread_begins;
	to->races = races;
	to->callers = callers;
	to->tell = tell;
	to->send = report_send;
	to->restricted = report_restricted;
}

/* In a static program, which is not checked by name, it need not be. */
#pragma weak ashlar_operator_names

/* The program has a malloc itself, or a library that comes before this one. */
void ashlar_check_begins(void)
{
	if (slab_check && ashlar_operator_names &&
	    ashlar_operator_names()->malloc != ashlar_own_malloc)
		port_log("malloc is not Ashlar's in this program: its blocks "
			 "are not checked");
}

/* ---- looks at all ---- */

/**
 * ashlar_look() - look at all blocks now
 *
 * Context: any, a signal handler included; errno is left alone. Return: how
 * many were found that have been written over; each is reported.
 */
EXPORT unsigned long ashlar_look(void)
{
	/* It asks the kernel for what the program may have given up. */
	if (report_is_restricted())
		return 0;
	return slab_look() + kfence_look();
}

/* The next look that look= asked for, if its time has come. */
void watched_look_again(void)
{
	static unsigned long last; /* port_time_ms() */
	unsigned long now = port_time_ms(), before = READ_ONCE(last);

	if (!before)
		WRITE_ONCE(last, now);
	if (!before || now - before < slab_look_every)
		return;
	if (__atomic_compare_exchange_n(&last, &before, now, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		ashlar_look();
}

static void signal_ends(void)
{
	ashlar_look();
}

/* From the first block on that is watched. */
void watched_look_at_end(void)
{
	segv_ending = signal_ends;
}

/*
 * True until a block is watched or guarded. It is not 0 at first, so that it
 * lies in a page that the dynamic linker has written to: looking at it costs
 * an ordinary process no page.
 */
bool nothing_checked = true;

static __attribute__((__destructor__)) void process_ends(void)
{
	if (nothing_checked)
		return;
	ashlar_look();
	port_process_ends();
}
