/* SPDX-License-Identifier: MIT */
/*
 * What libashlar-check.so asks the malloc library for, beside the looks: by one
 * name, for each one that is exported costs a program's start.
 */
#ifndef ASHLAR_USER_CHECK_CALLS_H
#define ASHLAR_USER_CHECK_CALLS_H

#include <stdbool.h>
#include <stdint.h>

struct report_record;
struct sigaction;

struct check_calls {
	/* sigaction() of SIGSEGV and SIGBUS: the program's own is kept. */
	int (*action)(int sig, const struct sigaction *act,
		      struct sigaction *old);
	/* Whom to ask: is SIGSEGV, or SIGBUS, that was sent to wait? */
	void (*ask_blocked)(bool (*blocked)(int sig));
	/* A thread begins. */
	void (*thread)(void);
	/* True if updates that get lost are looked for. */
	bool (*races)(void);
	/* The callers of a function whose pc, sp and bp are known. */
	unsigned int (*callers)(unsigned long *pc, unsigned int nr,
				const uintptr_t *at);
	/* A report, with what is known of the block at its address. */
	void (*tell)(struct report_record *r);
	/* A record that is no report; false: nobody takes it. */
	bool (*send)(struct report_record *r);
	/* From now on the kernel may end whoever sends one. */
	void (*restricted)(void);
};

#endif
