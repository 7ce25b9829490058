/* SPDX-License-Identifier: MIT */
/* What the files of race*.c share; race.c has the idea. */
#ifndef ASHLAR_USER_CHECK_RACE_H
#define ASHLAR_USER_CHECK_RACE_H

#include "check.h" /* first: it says how wide an off_t is */
#include <signal.h>
#include <sys/types.h>
#include <ucontext.h>
#include <ashlar/report_record.h>

#define RACE_BYTES 8 /* of an update, at most */
#define RACE_STEPS_START 400 /* where threads start, and processes */

/* Bytes that some thread has read, and will write. */
struct race_place {
	uint64_t address, pc;
	unsigned int size;
};

/* Who else wrote there. */
struct race_other {
	struct report_stack stack; /* tid 0: nobody was seen */
	char name[16];
	uint64_t locks[REPORT_LOCKS];
};

/* ---- race.c ---- */
void race_begin(unsigned int steps) HIDDEN;
void race_start(void) HIDDEN;
void race_thread(uintptr_t stack_end) HIDDEN;
void race_thread_ends(void) HIDDEN;
void race_forked(void) HIDDEN;
int race_action(const struct sigaction *act, struct sigaction *old) HIDDEN;

/* True if threads are watched. */
extern bool race_wanted HIDDEN;

/* ---- race_code.c: whose code it is, and which function ---- */
enum race_function {
	RACE_BRIEF = 1, /* it may be stepped through */
	RACE_QUIET = 2, /* it lets nobody in */
	RACE_ALLOCATES = 4, /* it returns a new block */
	RACE_FILLS = 8, /* it writes rdx bytes at rdi */
};

unsigned int race_function(uint64_t pc) HIDDEN;
bool race_is_linker(uint64_t pc) HIDDEN;
bool race_is_programs(uint64_t pc) HIDDEN;
void race_code_find(void) HIDDEN;

/* ---- race_place.c: which instructions update what others may ---- */
struct race_known;
struct race_known *race_known(uint64_t pc, bool add) HIDDEN;
bool race_may_step(void) HIDDEN;
void race_stepped(uint64_t ns) HIDDEN;
bool race_worth(struct race_known *k) HIDDEN;
uint64_t race_some_place(void) HIDDEN;
void race_fruitless(struct race_known *k, uint64_t ns) HIDDEN;
bool race_is_news(struct race_known *k, bool by_whom) HIDDEN;

/* ---- race_watch.c: others that write where one has read ---- */
struct race_watch;
bool race_wait(const struct race_place *p, const void *value,
	       struct race_other *other) HIDDEN;
bool race_meets(const struct race_place *p, const ucontext_t *c) HIDDEN;
void race_wrote(const struct race_place *p, const ucontext_t *c) HIDDEN;
bool race_who_wrote(const struct race_place *p,
		    struct race_other *other) HIDDEN;
void race_watch_forked(void) HIDDEN;
void race_seen(uint64_t which, const ucontext_t *c) HIDDEN;
bool race_read(uint64_t address, void *to, size_t bytes) HIDDEN;
uint64_t race_now_ns(void) HIDDEN;

/* ---- race_event.c: the processor's debug registers, and its clock ---- */
enum race_event { RACE_SAMPLE = 1, RACE_RETURN, RACE_UPDATE, RACE_WATCH };

void *race_event_sample(void) HIDDEN;
void *race_event_at(uint64_t pc, enum race_event what) HIDDEN;
void *race_event_watch(pid_t tid, const struct race_place *p,
		       uint64_t which) HIDDEN;
void race_event_end(void *event) HIDDEN;

/* ---- race_threads.c ---- */
bool race_started(void) HIDDEN;
unsigned int race_threads(void) HIDDEN;
unsigned int race_others(pid_t *tid, unsigned int most) HIDDEN;
pid_t race_tid(void) HIDDEN;

/* ---- race_map.c ---- */
bool race_is_shared(uint64_t address, struct report_shared *where) HIDDEN;
bool race_is_traced(void) HIDDEN;

/* ---- race_locks.c: which locks the running thread holds ---- */
void race_locks(uint64_t *to) HIDDEN;

/* ---- race_report.c ---- */
struct race_update {
	struct race_place place;
	struct report_shared shared; /* with processes, or zeroes */
	struct race_other other;
};

void race_stack(struct report_stack *s, const ucontext_t *c) HIDDEN;
void race_report(const struct race_update *u, const ucontext_t *c) HIDDEN;

#endif
