/* SPDX-License-Identifier: MIT */
/*
 * What one look at a target may cost.
 *
 * A target says how long its lists are, how large its zones and the tables of
 * its files; one that lies would keep whoever looks at it busy for hours. So
 * every look has a budget, which a large process needs a small part of: reads,
 * bytes, and time of our own processor, so that a busy machine spends none.
 *
 *   budget_renew()    a look begins
 *   budget_spend()    before each read, and in each long computation
 *   budget_watch()    a read that does not come back, from a file system of
 *                     the target's own making, ends the command
 *
 * Who has spent it all is told so, once, by target_fail(), and every read
 * fails from then on.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "target.h"

#define MOST_READS 4000000ull
#define MOST_BYTES (1ull << 30)
#define MOST_CPU_MS 5000ull
#define STUCK_SECONDS 15 /* … to twice as many */

/* The clock is looked at once in so many reads. */
#define READS_PER_CLOCK 64

/* Reads that were asked for, of all targets. */
static uint64_t progress;

static uint64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/**
 * budget_renew() - allow for one more look at a target
 * @t: the target
 */
void budget_renew(struct target *t)
{
	t->spent = false;
	t->budget = (struct budget){
		.reads = MOST_READS,
		.bytes = MOST_BYTES,
		.end_ms = cpu_ms() + MOST_CPU_MS,
	};
}

/**
 * budget_spend() - ask for a read
 * @t: the target
 * @bytes: as many are to be read; 0 in a computation, of 1 ms at most
 *
 * Return: true; or false, with the reason in @t->error and @t->spent set, if
 * there is no more.
 */
bool budget_spend(struct target *t, size_t bytes)
{
	struct budget *b = &t->budget;
	bool late;

	__atomic_store_n(&progress, progress + 1, __ATOMIC_RELAXED);
	if (t->spent)
		return false;
	late = (bytes == 0 || b->reads % READS_PER_CLOCK == 0) &&
	       cpu_ms() > b->end_ms;
	if (!late && b->reads && bytes <= b->bytes) {
		b->reads--;
		b->bytes -= bytes;
		return true;
	}
	t->spent = true;
	/* The reason for giving up is this, whatever was said before. */
	t->error[0] = 0;
	return target_fail(
		t,
		"gave up on %s after %llu reads, %llu MB and %llu s: its "
		"data is damaged, or made to mislead",
		t->label, MOST_READS - (unsigned long long)b->reads,
		(MOST_BYTES - (unsigned long long)b->bytes) >> 20,
		(MOST_CPU_MS + cpu_ms() - (unsigned long long)b->end_ms) /
			1000);
}

/* Called before the command is ended by a read that does not come back. */
void (*budget_before_end)(void);

static void give_up(const char *label)
{
	char line[160];
	int n = snprintf(line, sizeof(line),
			 "ashlar: gave up on %s: a read of it has not come "
			 "back for %d s\n",
			 label, STUCK_SECONDS);

	if (budget_before_end)
		budget_before_end();
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		_exit(EXIT_FAILURE);
	_exit(EXIT_GAVE_UP);
}

/* In a thread of its own, now and then: did the main one get on? */
static void look_at_progress(union sigval label)
{
	static uint64_t before = UINT64_MAX;
	uint64_t now = __atomic_load_n(&progress, __ATOMIC_RELAXED);

	if (now == before)
		give_up(label.sival_ptr);
	before = now;
}

static timer_t timer;
static bool watched;

/**
 * budget_watch() - end the command, with a word, if a read does not come back
 * @label: what is looked at; stays
 *
 * Not for a process that will make namespaces: there is a thread from here on.
 */
void budget_watch(const char *label)
{
	const struct timespec period = { .tv_sec = STUCK_SECONDS };
	const struct itimerspec often = { period, period };
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD;
	event.sigev_notify_function = look_at_progress;
	event.sigev_value.sival_ptr = (void *)label;
	watched = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
		  timer_settime(timer, 0, &often, NULL) == 0;
}

/** budget_unwatch() - all is read; what is printed may take its time */
void budget_unwatch(void)
{
	if (watched)
		timer_delete(timer);
	watched = false;
}
