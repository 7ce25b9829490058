/* SPDX-License-Identifier: MIT */
/*
 * One report of a program's mistake, as data: what a checker finds, what the
 * port hands on, and what travels to `ashlar check`, which prints it.
 *
 *   mm/, user/                  port/user                  tools/ashlar
 *   kind, sentence, block ──►   who and where it ran ──►   names, files, lines
 *                               └── no reader: lines on stderr
 *
 * The record is of one size and holds no pointer, so a reader that trusts
 * nothing has only to bound its strings and its counts. Whoever fills it
 * starts from zeroes: zero means "not known" in every field.
 */
#ifndef ASHLAR_REPORT_RECORD_H
#define ASHLAR_REPORT_RECORD_H

#include <ashlar/types.h>

#define REPORT_MAGIC 0x72687341u /* "Ashr" */
#define REPORT_VERSION 2
#define REPORT_FRAMES 24
#define REPORT_WINDOW 128
#define REPORT_LOCKS 4

enum report_access { REPORT_NO_ACCESS, REPORT_READ, REPORT_WRITE };

#define REPORT_STACK_KNOWN 1u
/* pc[0] is the instruction itself, and not where a call returns to. */
#define REPORT_STACK_EXACT 2u

struct report_stack {
	u64 pc[REPORT_FRAMES]; /* innermost first; ends early with 0 */
	u64 ms_ago;
	s32 tid;
	u32 flags; /* REPORT_STACK_* */
};

/*
 * The kind of a record that tells of no mistake: a process is about to end,
 * and waits. address: where on the stack of its thread the program's own
 * begins, or 0.
 */
#define REPORT_END "end"
/* Nor does this: a line for whoever runs the program. */
#define REPORT_NOTE "note"
/* Nor does this: a call is made to fail. address: which; bytes: its size. */
#define REPORT_FAILED "made to fail"
/* Nor does this: a library is about to be unloaded. address, bytes: where. */
#define REPORT_UNLOADS "unloads"

struct report_record {
	/* by the port */
	u32 magic, version, size; /* size: bytes of all of it */
	s32 pid, tid;
	u32 access; /* enum report_access */
	char thread[16]; /* the thread's name */

	char kind[32]; /* a checker's short name: heap-use-after-free */
	char sentence[256];
	char call[32]; /* the library's function that noticed: free, memcpy */

	u64 address, bytes; /* of the access */
	u64 block, asked; /* the block it concerns: start, bytes asked for */
	struct report_stack now; /* of the access; by the port if not known */
	struct report_stack alloc, free; /* of the block */
	struct report_stack other; /* another thread's access to the same */
	char other_thread[16]; /* its name */
	u64 locks[REPORT_LOCKS],
		other_locks[REPORT_LOCKS]; /* held; end with 0 */
	struct report_shared { /* see report_is_shared() */
		u64 inode, offset;
		u32 major, minor;
	} shared;

	u64 window_start; /* where the bytes around it lie */
	u32 window_bytes, reserved;
	u8 window[REPORT_WINDOW];
};

/*
 * True if it says which memory of several processes, and is not zeroes. (The
 * inode may be 0: that of System V's first segment.)
 */
static inline bool report_is_shared(const struct report_shared *s)
{
	return s->major || s->minor;
}

/* The option report=, of a process: a socket that takes records. */
int setup_report(const char *name);

#endif
