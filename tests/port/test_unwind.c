/* SPDX-License-Identifier: MIT */
/*
 * The callers that unwind.c finds are those that the C library finds, which
 * interprets all of .eh_frame: from calls in a row, frames of any size, the C
 * library's code, signal handlers and other stacks.
 */
#include <alloca.h>
#include <ashlar/port.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <user.h>
#include <unwind.h>
#include "../harness.h"

#define FRAMES 64

static unsigned int compared;

static __attribute__((__noinline__)) unsigned int here(unsigned long *pc)
{
	return unwind(unwind_here(), pc, FRAMES);
}

/* The first two are places in this function, the rest its callers. */
static __attribute__((__noinline__)) void compare(void)
{
	unsigned long found[FRAMES];
	uintptr_t top = unwind_top;
	void *right[FRAMES];
	int n = backtrace(right, FRAMES);
	unsigned int nr;
	int i;

	unwind_top = UNWIND_TOP_UNKNOWN;
	nr = here(found);
	unwind_top = top;
	CHECK_EQ(nr, n);
	for (i = 1; i < n; i++)
		CHECK_EQ(found[i], (unsigned long)right[i]);
	compared++;
}

static __attribute__((__noinline__)) int deep(int n)
{
	char *p = alloca((size_t)n * 100 + 1);

	memset(p, n, (size_t)n * 100 + 1);
	if (n)
		return deep(n - 1) + p[n];
	compare();
	return p[0];
}

TEST(calls_in_a_row)
{
	deep(0);
	deep(20);
	deep(20);
	CHECK_EQ(compared, 3);
}

/* What called main() is the last: who called that is not looked for. */
TEST(the_walk_ends_above_main)
{
	unsigned long found[FRAMES];
	void *right[FRAMES];
	int n = backtrace(right, FRAMES);
	unsigned int nr = here(found);

	CHECK(nr > 1);
	CHECK(nr < (unsigned int)n);
	CHECK_EQ(found[nr - 1], (unsigned long)right[nr - 1]);
}

/* A frame that is aligned more than calls are has rules by expressions. */
TEST(an_aligned_frame)
{
	volatile char wide[256] __attribute__((__aligned__(256)));

	wide[3] = 1;
	compare();
	CHECK_EQ((unsigned long)wide % 256, 0);
}

static int order(const void *a, const void *b)
{
	compare();
	return *(const int *)a - *(const int *)b;
}

TEST(called_by_the_c_library)
{
	int n[] = { 3, 1, 2 };

	qsort(n, ARRAY_SIZE(n), sizeof(*n), order);
	CHECK(compared > 1);
}

static void caught(int sig)
{
	deep(3);
}

static void catch (int flags)
{
	struct sigaction act = { .sa_handler = caught, .sa_flags = flags };

	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK_EQ(compared, 2);
}

TEST(in_a_handler)
{
	catch (0);
}

TEST(in_a_handler_on_another_stack)
{
	static char room[1 << 16];
	const stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };

	sigaltstack(&stack, NULL);
	catch (SA_ONSTACK);
	/* What is known of one stack is not believed of the other. */
	deep(3);
	CHECK_EQ(compared, 3);
}

static void *thread(void *arg)
{
	deep(5);
	return NULL;
}

TEST(in_a_thread)
{
	pthread_t t;

	deep(1);
	CHECK_EQ(pthread_create(&t, NULL, thread, NULL), 0);
	pthread_join(t, NULL);
	CHECK_EQ(compared, 2);
}

/* A stack that was overwritten is followed no further than it can be read. */
TEST(a_frame_pointer_to_nowhere)
{
	unsigned long pc[FRAMES];
	struct unwind u = unwind_here();
	uintptr_t bad[] = { 0, 8, 1, ~7ul, 0x123456789000 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		u.bp = u.sp = bad[i];
		CHECK_EQ(unwind(u, pc, FRAMES), 0);
	}
	u = unwind_here();
	u.pc = (uintptr_t)pc; /* no code at all */
	CHECK(unwind(u, pc, FRAMES) <= FRAMES);
}

/* ---- the callers that are noted ---- */

#define NOTED_DEPTH 16
#define NOTED_MOST (1u << 16)

static struct {
	unsigned int nr;
	unsigned long pc[NOTED_DEPTH];
} noted[NOTED_MOST];
static u32 nr_noted;

static u32 note_new(const unsigned long *pc, unsigned int nr)
{
	CHECK(nr_noted < NOTED_MOST - 1 && nr <= NOTED_DEPTH);
	noted[++nr_noted].nr = nr;
	memcpy(noted[nr_noted].pc, pc, nr * sizeof(*pc));
	return nr_noted;
}

/* What was noted are the callers of this function, behind itself. */
static __attribute__((__noinline__)) void compare_noted(void)
{
	uintptr_t top = unwind_top;
	const unsigned long *pc;
	unsigned int nr, i = 0, k;
	void *right[FRAMES];
	int n = backtrace(right, FRAMES);
	u32 note;

	unwind_top = UNWIND_TOP_UNKNOWN;
	note = port_callers_noted(NOTED_DEPTH, note_new);
	unwind_top = top;
	pc = noted[note].pc;
	nr = noted[note].nr;
	CHECK(n > 1);
	while (i < nr && pc[i] != (unsigned long)right[1])
		i++;
	CHECK(i && i < nr);
	for (k = 1; i < nr && k < (unsigned int)n; i++, k++)
		CHECK_EQ(pc[i], (unsigned long)right[k]);
	CHECK(nr == NOTED_DEPTH || k == (unsigned int)n);
	compared++;
}

static u32 chance = 1;

static bool tails(void)
{
	chance = chance * 1103515245u + 12345;
	return chance >> 30;
}

static int branch(int n);

/* Another place of the same call, in a frame of another size. */
static __attribute__((__noinline__)) int wide_branch(int n)
{
	char *p = alloca((size_t)n * 24 + 1);

	memset(p, 1, (size_t)n * 24 + 1);
	if (tails())
		compare_noted();
	return branch(n - 1) + p[n];
}

static __attribute__((__noinline__)) int branch(int n)
{
	int sum = 0;

	if (tails())
		compare_noted();
	if (n <= 0)
		return 1;
	sum += branch(n - 1);
	if (!tails())
		sum += wide_branch(n - 1);
	if (!tails())
		sum += branch(n - 2) + 1;
	return sum;
}

TEST(noted_from_a_recursion)
{
	unsigned int asked = 0, calls = 0;
	volatile int rounds = 2; /* by one call, not two */
	int i;

	for (i = 0; i < 40; i++)
		branch(4 + i % 20);
	CHECK(compared > 1000);
	/* What was seen is seldom asked for anew. */
	for (i = 0; i < rounds; i++) {
		asked = nr_noted;
		calls = compared;
		chance = 7;
		branch(8);
	}
	CHECK(compared - calls >= 8);
	CHECK(nr_noted - asked <= (compared - calls) / 2);
}

static void note_caught(int sig)
{
	branch(3);
}

TEST(noted_from_other_stacks)
{
	static char room[1 << 16];
	const stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };
	struct sigaction act = { .sa_handler = note_caught };
	int i;

	for (i = 0; i < 20; i++) {
		act.sa_flags = i % 2 ? SA_ONSTACK : 0;
		sigaltstack(&stack, NULL);
		sigaction(SIGUSR1, &act, NULL);
		branch(6);
		raise(SIGUSR1);
	}
	CHECK(compared > 100);
}

static void *tell_number(void *arg)
{
	*(int *)arg = port_pid();
	return NULL;
}

TEST(a_thread_has_its_own_number)
{
	int number = 0, own = port_pid();
	pthread_t t;

	CHECK_EQ(own, getpid());
	CHECK_EQ(pthread_create(&t, NULL, tell_number, &number), 0);
	pthread_join(t, NULL);
	CHECK(number && number != own);
	callers_fork_child();
	CHECK_EQ(port_pid(), own);
}
