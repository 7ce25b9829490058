/* SPDX-License-Identifier: MIT */
/*
 * A process is killed at any instruction of a call to a shared heap. It is
 * followed step by step: the n-th one is killed after 97 n instructions, in
 * turns, and begins where the one before left the heap. After each the heap is
 * repaired, and every block is one that a reference has, once.
 *
 *	kill N		so many are killed
 */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include "heap_test.h"

#define EVERY 97
#define TURNS 13

static struct ashlar_heap *heap;

/* A child that is stopped before its first call. */
static pid_t start(u64 seed)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		ashlar_heap_repair(heap); /* it knows itself by then */
		raise(SIGSTOP);
		churn(heap, seed, 100000, 0, NR_REFS);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	return pid;
}

static bool follow(pid_t pid, unsigned long steps)
{
	int status;

	while (steps--)
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return false;
	return true;
}

static unsigned long held; /* were killed with a lock */

static bool any_lock_held(void)
{
	const struct heap_header *header = heap->header;
	int i;

	if (header->lock.owner)
		return true;
	for (i = 0; i < (int)HEAP_SHARDS; i++)
		if (header->shard[i].lock.owner)
			return true;
	return false;
}

static const char *kill_one(unsigned long n)
{
	pid_t pid = start(n / TURNS + 1);
	bool good;

	if (pid < 0)
		return "no child, or it cannot be traced";
	good = follow(pid, EVERY * (n % TURNS) + n / TURNS % EVERY);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (!good)
		return "the child cannot be followed";
	held += any_lock_held();
	ashlar_heap_repair(heap);
	return what_is_wrong(heap);
}

int main(int argc, char **argv)
{
	unsigned long nr = argc > 1 ? strtoul(argv[1], NULL, 10) : 300, i;
	const char *wrong = NULL;
	ashlar_heap_ref *refs;

	heap = heap_with_table(1 << 20);
	if (!heap)
		return 1;
	for (i = 0; i < nr && !wrong; i++)
		wrong = kill_one(i);
	printf("# %lu killed, %lu of them with a lock\n", i, held);
	check(!wrong, "killed-at-any-instruction", "after kill %lu: %s", i,
	      wrong ? wrong : "");
	check(held * 10 > i, "locks-were-held", "by %lu of %lu", held, i);
	refs = ashlar_heap_root(heap);
	for (i = 0; i < NR_REFS; i++)
		if (refs[i] && ashlar_heap_free_from(heap, &refs[i]))
			failures++;
	wrong = what_is_wrong(heap);
	check(!wrong && !failures, "all-is-released", "%s",
	      wrong ? wrong : "some were not");
	return failures != 0;
}
