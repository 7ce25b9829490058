/* SPDX-License-Identifier: MIT */
/*
 * Running the registered tests.
 *
 *	PROGRAM [--sweep] [--list] [NAME…]
 *
 *   parent                child, one a test
 *   fork ───────────────► boot, drain, count what is in use
 *                         run; give back what was taken
 *   read its last words   drain, mm_validate, count again: equal?
 *   ok / not ok ◄──────── exit
 *
 * Last words are the child's stderr. A test that is to die must do so by
 * SIGABRT with the expected text in them, so a wrong test that dies of
 * something else fails.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../mm/internal.h"
#include <ashlar/fault-inject.h>
#include "harness.h"

#define TAKEN_MAX 65536
/* A test that hangs is told apart from those that wait behind it. */
#define TEST_SECONDS 120
#define WORDS_MAX 8192
#define DETAIL_LINES 24
/* A sweep looks at every failure up to here, then at some of the rest. */
#define SWEEP_DENSE 64

extern const struct test *const __start_tests[];
extern const struct test *const __stop_tests[];

/* What the test has taken and not given back. */
enum kind { PAGES, MEMORY, CACHE, OBJECT };
static struct taken {
	enum kind kind;
	void *p;
	unsigned int order;
	struct kmem_cache *cache;
} taken[TAKEN_MAX];
static unsigned int nr_taken;

static jmp_buf test_end;
static unsigned long sweep_k; /* 0: no allocation is made to fail */
static unsigned long random_state;

/* ---- checks ---- */

void check_failed(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: failed: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (sweep_k)
		fprintf(stderr, " (allocation %lu failing)", sweep_k);
	fputc('\n', stderr);
	_exit(1);
}

bool sweeping(void)
{
	return sweep_k != 0;
}

void needed(const char *file, int line, const char *what)
{
	if (sweep_k)
		longjmp(test_end, 1);
	check_failed(file, line, "%s is NULL", what);
}

unsigned long rnd(unsigned long below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/* ---- memory taken ---- */

static void *track(enum kind kind, void *p, unsigned int order,
		   struct kmem_cache *cache)
{
	if (nr_taken == TAKEN_MAX)
		check_failed(__FILE__, __LINE__, "too much taken");
	taken[nr_taken++] = (struct taken){ kind, p, order, cache };
	return p;
}

static void untrack(void *p)
{
	unsigned int i = nr_taken;

	while (i > 0 && taken[i - 1].p != p)
		i--;
	if (i == 0)
		check_failed(__FILE__, __LINE__, "%p was not taken", p);
	for (; i < nr_taken; i++)
		taken[i - 1] = taken[i];
	nr_taken--;
}

struct page *take_pages(gfp_t gfp, unsigned int order)
{
	return track(PAGES, NEED(alloc_pages(gfp, order)), order, NULL);
}

void give_pages(struct page *page, unsigned int order)
{
	untrack(page);
	__free_pages(page, order);
}

void *take(size_t size, gfp_t gfp)
{
	return track(MEMORY, NEED(kmalloc(size, gfp)), 0, NULL);
}

void give(void *p)
{
	untrack(p);
	kfree(p);
}

struct kmem_cache *take_cache(const char *name, unsigned int size,
			      unsigned int align, slab_flags_t flags,
			      void (*ctor)(void *))
{
	return track(CACHE,
		     NEED(kmem_cache_create(name, size, align, flags, ctor)), 0,
		     NULL);
}

void give_cache(struct kmem_cache *s)
{
	untrack(s);
	kmem_cache_destroy(s);
}

void *take_object(struct kmem_cache *s, gfp_t gfp)
{
	return track(OBJECT, NEED(kmem_cache_alloc(s, gfp)), 0, s);
}

void give_object(struct kmem_cache *s, void *obj)
{
	untrack(obj);
	kmem_cache_free(s, obj);
}

/* The last taken first: objects go before their caches. */
static void give_all_back(void)
{
	while (nr_taken) {
		struct taken *t = &taken[--nr_taken];

		switch (t->kind) {
		case PAGES:
			__free_pages(t->p, t->order);
			break;
		case MEMORY:
			kfree(t->p);
			break;
		case CACHE:
			kmem_cache_destroy(t->p);
			break;
		case OBJECT:
			kmem_cache_free(t->cache, t->p);
			break;
		}
	}
}

/* ---- what is left ---- */

unsigned long pages_free(void)
{
	unsigned long n = 0;
	struct mm_cpu *cpu;
	struct zone *z;

	for_each_populated_zone(z)
		n += z->free_pages;
	list_for_each_entry(cpu, &mm_cpus, list)
		n += cpu->pcp.count;
	return n;
}

unsigned long pages_in_use(void)
{
	unsigned long n = 0;
	struct zone *z;

	for_each_populated_zone(z)
		n += z->managed_pages;
	return n - pages_free();
}

unsigned long vm_events(enum vm_event_item item)
{
	unsigned long n = vm_events_dead[item];
	struct mm_cpu *cpu;

	list_for_each_entry(cpu, &mm_cpus, list)
		n += cpu->events[item];
	return n;
}

struct use {
	unsigned long pages, caches, objects;
};

/* General caches are made when first asked for and stay. */
static bool is_general(const struct kmem_cache *s)
{
	return !strncmp(s->name, "kmalloc-", 8) ||
	       !strncmp(s->name, "dma-kmalloc-", 12);
}

/* The running CPU and all caches are objects, too, and lie in some slab. */
static bool is_the_cores(const struct kmem_cache *s)
{
	return !strcmp(s->name, "kmem_cache") || !strcmp(s->name, "mm_cpu");
}

static void shrink_all_caches(void)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		kmem_cache_shrink(s);
}

/*
 * In use by callers: sheaves and lists that are only kept are emptied. The
 * first cache has one object for each cache but itself and that of sheaves.
 */
static struct use count_use(void)
{
	struct kmem_cache *first, *s;
	struct use use = { 0 };
	unsigned long caches = 0;

	stop_all_cpus();
	shrink_all_caches();
	stop_all_cpus();
	/* Once more, for the sheaves that came back last. */
	shrink_all_caches();
	mm_validate();
	first = list_first_entry(&slab_caches, struct kmem_cache, list);
	use.pages = pages_in_use();
	list_for_each_entry(s, &slab_caches, list) {
		caches++;
		use.caches += !is_general(s);
		use.pages -= is_the_cores(s) ? s->nr_pages : 0;
		use.objects += s == first ? 0 : s->inuse;
	}
	CHECK_EQ(first->inuse, caches - 2);
	return use;
}

static void check_nothing_left(const struct use *before)
{
	struct use now = count_use();

	if (now.caches != before->caches || now.objects != before->objects ||
	    now.pages != before->pages)
		check_failed(__FILE__, __LINE__,
			     "left behind: %ld caches, %ld objects, %ld pages",
			     (long)(now.caches - before->caches),
			     (long)(now.objects - before->objects),
			     (long)(now.pages - before->pages));
}

/* ---- one test, in the child ---- */

static void run_once(const struct test *test, const struct use *before)
{
	random_state = 88172645463325252ul;
	if (setjmp(test_end) == 0)
		test->run();
	machine_settle();
	give_all_back();
	check_nothing_left(before);
}

/* With allocation 1, 2, … failing, until the test makes no more of them. */
static void sweep(const struct test *test, const struct use *before)
{
	unsigned long done;

	do {
		sweep_k += 1 + sweep_k / SWEEP_DENSE;
		fail_nth(sweep_k);
		if (setjmp(test_end) == 0)
			test->run();
		done = fail_nth(0);
		machine_settle();
		give_all_back();
		check_nothing_left(before);
	} while (done == 0);
}

static void child(const struct test *test, bool sweeping)
{
	struct use before;

	alarm(TEST_SECONDS);
	machine_boot();
	before = count_use();
	if (sweeping)
		sweep(test, &before);
	else
		run_once(test, &before);
	exit(0);
}

/* ---- all tests, in the parent ---- */

static void read_words(int fd, char *words)
{
	size_t n = 0;
	ssize_t got;
	char rest[256];

	for (;;) {
		bool room = n < WORDS_MAX - 1;

		got = read(fd, room ? words + n : rest,
			   room ? WORDS_MAX - 1 - n : sizeof(rest));
		if (got <= 0)
			break;
		if (room)
			n += (size_t)got;
	}
	words[n] = '\0';
}

static int run_in_child(const struct test *test, bool sweeping, char *words)
{
	int fds[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) || (pid = fork()) < 0) {
		perror("tests");
		exit(2);
	}
	if (pid == 0) {
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		child(test, sweeping);
	}
	close(fds[1]);
	read_words(fds[0], words);
	close(fds[0]);
	waitpid(pid, &status, 0);
	return status;
}

/* NULL, or why the test failed. */
static const char *verdict(const struct test *test, int status,
			   const char *words)
{
	if (test->dies) {
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			return "did not die of SIGABRT";
		return strstr(words, test->dies) ? NULL : "other last words";
	}
	if (WIFSIGNALED(status))
		return strsignal(WTERMSIG(status));
	return WEXITSTATUS(status) ? "failed" : NULL;
}

static bool run_test(const struct test *test, bool sweeping)
{
	static char words[WORDS_MAX];
	int status = run_in_child(test, sweeping, words);
	const char *why = verdict(test, status, words);

	if (!why) {
		printf("ok %s\n", test->name);
		return true;
	}
	printf("not ok %s - %s: %.200s\n", test->name, why,
	       words[strspn(words, "\n")] ? strtok(words, "\n") : "(silent)");
	for (int i = 0; i < DETAIL_LINES; i++) {
		const char *line = strtok(NULL, "\n");

		if (line)
			printf("  | %s\n", line);
	}
	return false;
}

static bool wanted(const struct test *test, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strstr(test->name, *names))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool sweeping = argc > 1 && strcmp(argv[1], "--sweep") == 0;
	bool list = argc > 1 && strcmp(argv[1], "--list") == 0;
	int failed = 0, ran = 0;

	argv += 1 + (sweeping || list);
	for (const struct test *const *t = __start_tests; t < __stop_tests;
	     t++) {
		if (!wanted(*t, argv) ||
		    (sweeping && ((*t)->dies || (*t)->no_sweep)))
			continue;
		ran++;
		if (list)
			puts((*t)->name);
		else
			failed += !run_test(*t, sweeping);
	}
	if (ran == 0)
		printf("not ok tests - none is called that\n");
	return failed || ran == 0;
}
