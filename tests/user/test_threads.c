/* SPDX-License-Identifier: MIT */
/*
 * Threads as an allocator meets them: storms of short ones, destructors that
 * allocate after the allocator's own clean-up, detached and cancelled ones,
 * tiny stacks, coroutines, clone() without a libc, and exit() in the midst.
 */
#include "check.h"
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#ifdef __GLIBC__
#include <ucontext.h>
#endif

static const size_t sizes[] = {
	1, 24, 100, 500, 1024, 3000, 9000, 40000, 150000
};

static bool use_sizes(size_t seed, size_t count)
{
	void *p[ARRAY_SIZE(sizes)];
	bool good = true;
	size_t i;

	for (i = 0; i < count; i++) {
		p[i] = malloc(sizes[i]);
		if (!p[i])
			return false;
		fill(p[i], sizes[i], seed + i);
	}
	for (i = 0; i < count; i++) {
		good &= intact(p[i], sizes[i], seed + i);
		free(p[i]);
	}
	return good;
}

static bool use_all_sizes(size_t seed)
{
	return use_sizes(seed, ARRAY_SIZE(sizes));
}

/* Allocates, leaves one block to whoever joins, frees one it was given. */
static void *short_life(void *given)
{
	void *left;

	free(given);
	if (!use_all_sizes((size_t)given))
		return NULL;
	left = malloc(700);
	fill(left, 700, 7);
	return left;
}

static int storm(int batches)
{
	enum { BATCH = 16 };
	pthread_t t[BATCH];
	int bad = 0, i;
	void *left;

	while (batches--) {
		for (i = 0; i < BATCH; i++)
			if (pthread_create(&t[i], NULL, short_life,
					   malloc(300)))
				_exit(96);
		for (i = 0; i < BATCH; i++) {
			pthread_join(t[i], &left);
			bad += !left || !intact(left, 700, 7);
			free(left);
		}
	}
	return bad;
}

static void check_storm(void)
{
	int bad = storm(20);
	long before = rss_kb(), grown;

	bad += storm(120);
	grown = rss_kb() - before;
	check(!bad, "storm", "%d of 2240 threads went wrong", bad);
	check(grown < 6 * 1024, "storm-rss", "%ld KiB more after 1920 threads",
	      grown);
}

static void *least(void *arg)
{
	char *p = malloc(10);

	p[0] = 1;
	free(p);
	return arg;
}

/* More threads in a life than any small number of a thread can tell. */
static void check_many_in_turn(void)
{
	long before = rss_kb(), grown;
	int failed = 0, i;
	pthread_t t;

	for (i = 0; i < 35000; i++)
		if (pthread_create(&t, NULL, least, NULL))
			failed++;
		else
			pthread_join(t, NULL);
	grown = rss_kb() - before;
	check(!failed && grown < 4 * 1024, "35000-in-turn",
	      "%d did not start, %ld KiB more", failed, grown);
}

static pthread_barrier_t all_alive;

static void *wait_for_all(void *arg)
{
	size_t seed = (size_t)arg;
	bool good = use_sizes(seed, 5);
	void *held = malloc(200);

	fill(held, 200, seed);
	pthread_barrier_wait(&all_alive);
	good &= intact(held, 200, seed) && use_sizes(seed, 3);
	free(held);
	return good ? arg : NULL;
}

/* All of them alive at once. */
static void check_many_at_once(void)
{
	enum { MANY = 1500 };
	static pthread_t t[MANY];
	pthread_attr_t attr;
	int bad = 0;
	size_t i;
	void *ret;

	pthread_barrier_init(&all_alive, NULL, MANY);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * KB);
	for (i = 0; i < MANY; i++)
		if (pthread_create(&t[i], &attr, wait_for_all, (void *)(i + 1)))
			_exit(96);
	for (i = 0; i < MANY; i++) {
		pthread_join(t[i], &ret);
		bad += !ret;
	}
	check(!bad, "1500-at-once", "%d went wrong", bad);
}

/*
 * Keys' destructors run in the order of the keys, the allocator's may come
 * before or after any of them: keys are made before the first thread, many of
 * them, and each comes back as often as the system allows.
 */
enum { KEYS = 17 };
static pthread_key_t keys[KEYS];
static int destroyed, destroyed_bad;

static void key_destructor(void *value)
{
	int *left = value;
	int again = *left - 1, key = left[1];

	free(left);
	if (!use_sizes(again, key % 8 ? 5 : ARRAY_SIZE(sizes)))
		__atomic_fetch_add(&destroyed_bad, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
	if (!again)
		return;
	left = malloc(2 * sizeof(int));
	left[0] = again;
	left[1] = key;
	pthread_setspecific(keys[key], left);
}

static void *set_keys(void *arg)
{
	int i;

	for (i = 0; i < KEYS; i++) {
		int *value = malloc(2 * sizeof(int));

		value[0] = PTHREAD_DESTRUCTOR_ITERATIONS;
		value[1] = i;
		pthread_setspecific(keys[i], value);
	}
	return arg;
}

static void check_keys(void)
{
	int want = 40 * KEYS * PTHREAD_DESTRUCTOR_ITERATIONS, i;
	pthread_t t;

	for (i = 0; i < 40; i++) {
		pthread_create(&t, NULL, set_keys, NULL);
		pthread_join(t, NULL);
	}
	check(destroyed == want && !destroyed_bad, "key-destructors",
	      "%d of %d ran, %d went wrong", destroyed, want, destroyed_bad);
}

/* What the last destructor allocated is free for others afterwards. */
static void check_keys_rss(void)
{
	long before = rss_kb(), grown;
	pthread_t t;
	int i;

	for (i = 0; i < 300; i++) {
		pthread_create(&t, NULL, set_keys, NULL);
		pthread_join(t, NULL);
	}
	grown = rss_kb() - before;
	check(grown < 6 * 1024, "key-destructors-rss",
	      "%ld KiB more after 300 threads", grown);
}

static int detached_done, detached_bad;

static void *detached_life(void *given)
{
	void *left = short_life(given);

	if (!left || !intact(left, 700, 7))
		__atomic_fetch_add(&detached_bad, 1, __ATOMIC_RELAXED);
	free(left);
	__atomic_fetch_add(&detached_done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void check_detached(void)
{
	long end = now_ms() + 20000;
	int started = 0, i;
	pthread_t t;

	for (i = 0; i < 500; i++) {
		if (!pthread_create(&t, NULL, detached_life, malloc(50))) {
			pthread_detach(t);
			started++;
		}
		while (__atomic_load_n(&detached_done, __ATOMIC_ACQUIRE) <
			       started - 32 &&
		       now_ms() < end)
			sleep_ms(1);
	}
	while (__atomic_load_n(&detached_done, __ATOMIC_ACQUIRE) < started &&
	       now_ms() < end)
		sleep_ms(1);
	check(started == 500 && detached_done == started && !detached_bad,
	      "detached", "%d started, %d done, %d bad", started, detached_done,
	      detached_bad);
}

static void cleanup(void *p)
{
	free(p);
	use_all_sizes(3);
}

static void *until_cancelled(void *arg)
{
	pthread_cleanup_push(cleanup, malloc(5000));
	for (;;) {
		use_all_sizes(4);
		pthread_testcancel();
	}
	pthread_cleanup_pop(0);
	return arg;
}

static void check_cancel(void)
{
	int cancelled = 0, i;
	void *result;
	pthread_t t;

	for (i = 0; i < 50; i++) {
		pthread_create(&t, NULL, until_cancelled, NULL);
		sleep_ms(1);
		pthread_cancel(t);
		pthread_join(t, &result);
		cancelled += result == PTHREAD_CANCELED;
	}
	check(cancelled == 50, "cancel", "%d of 50 cancelled", cancelled);
}

static void check_small_stack(void)
{
	pthread_attr_t attr;
	void *left = NULL;
	pthread_t t;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32 * KB);
	error = pthread_create(&t, &attr, short_life, malloc(1));
	if (!error)
		pthread_join(t, &left);
	check(!error && left && intact(left, 700, 7), "small-stack",
	      "pthread_create: %d, result %p", error, left);
	free(left);
	pthread_attr_destroy(&attr);
}

#ifdef __GLIBC__
static ucontext_t main_context, coroutine;
static bool coroutine_good = true;

static void coroutine_main(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		coroutine_good &= use_all_sizes(i);
		swapcontext(&coroutine, &main_context);
	}
}

static void check_coroutine(void)
{
	size_t size = 16 * KB;
	int i;

	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = malloc(size);
	coroutine.uc_stack.ss_size = size;
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, coroutine_main, 0);
	for (i = 0; i < 20; i++) {
		swapcontext(&main_context, &coroutine);
		coroutine_good &= use_all_sizes(i + 50);
	}
	free(coroutine.uc_stack.ss_sp);
	check(coroutine_good, "coroutine",
	      "malloc went wrong on a stack of 16 KiB");
}
#endif

/*
 * A thread that no libc knows: it shares our thread-local storage, so we sit
 * still until the kernel clears its id.
 */
static void *volatile clone_left;

static int clone_main(void *arg)
{
	free(arg);
	clone_left = use_all_sizes(11) ? malloc(250000) : NULL;
	if (clone_left)
		fill(clone_left, 250000, 9);
	syscall(SYS_exit, 0);
	return 0;
}

static void check_raw_clone(void)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		    CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	char *stack = map_pages(64 * KB);
	volatile pid_t tid;
	int good = 0, i;

	for (i = 0; i < 50; i++) {
		long end = now_ms() + 5000;

		tid = 1;
		clone_left = NULL;
		if (clone(clone_main, stack + 64 * KB, flags, malloc(90), NULL,
			  NULL, &tid) < 0)
			break;
		while (tid && now_ms() < end)
			sched_yield();
		good += !tid && clone_left && intact(clone_left, 250000, 9);
		free(clone_left);
		if (!use_all_sizes(i))
			good = 0;
	}
	munmap(stack, 64 * KB);
	check(good == 50, "raw-clone", "%d of 50", good);
}

/* Like fork, but no handler of any library hears of it. */
static void check_clone_process(void)
{
	int good = 0, i;

	for (i = 0; i < 20; i++) {
		pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (!pid)
			_exit(use_all_sizes(i) ? 0 : 1);
		good += pid > 0 && exited_well(wait_for(pid, 10));
	}
	check(good == 20, "clone-process", "%d of 20", good);
}

static void *forever(void *arg)
{
	size_t seed = (size_t)arg;

	while (use_all_sizes(seed++))
		;
	return NULL;
}

static void last_words(void)
{
	if (!use_all_sizes(21) || !use_all_sizes(22))
		_exit(33);
}

static __attribute__((destructor)) void after_last_words(void)
{
	if (!use_all_sizes(23))
		_exit(34);
}

static void *from_constructor;

static __attribute__((constructor(101))) void before_main(void)
{
	from_constructor = malloc(12345);
	fill(from_constructor, 12345, 5);
}

#ifdef __GLIBC__
/* Runs before any constructor, of a library too. */
static void *from_preinit;

static void before_constructors(void)
{
	from_preinit = malloc(321);
	fill(from_preinit, 321, 6);
}

static void (*preinit)(void)
	__attribute__((section(".preinit_array"), used)) = before_constructors;
#endif

/* exit() while others allocate; handlers and destructors allocate too. */
static int exit_in_the_midst(void)
{
	pthread_t t;
	int i;

	atexit(last_words);
	for (i = 0; i < 3; i++)
		pthread_create(&t, NULL, forever, (void *)(size_t)(i * 1000));
	sleep_ms(5);
	return 0;
}

/* The main thread ends first, the others carry the process to its end. */
static void *outlive(void *arg)
{
	sleep_ms(10);
	exit(use_all_sizes(1) ? 0 : 35);
	return arg;
}

static void main_leaves_first(void)
{
	pthread_t t;

	atexit(last_words);
	pthread_create(&t, NULL, outlive, NULL);
	pthread_exit(NULL);
}

static void check_exits(void)
{
	int bad = 0, status = 0, got, i;

	for (i = 0; i < 20; i++) {
		got = in_fresh("exit", NULL, NULL, 10);
		if (!exited_well(got)) {
			bad++;
			status = got;
		}
	}
	check(!bad, "exit-in-the-midst", "%d of 20, last: %s", bad,
	      ending(status));
	status = in_fresh("main-first", NULL, NULL, 10);
	check(exited_well(status), "main-leaves-first", "%s", ending(status));
	check(intact(from_constructor, 12345, 5), "constructor",
	      "a block from before main was spoiled");
	free(from_constructor);
#ifdef __GLIBC__
	check(intact(from_preinit, 321, 6), "preinit",
	      "a block from before the constructors was spoiled");
	free(from_preinit);
#endif
}

int main(int argc, char **argv)
{
	int i;

	begin("threads");
	if (argc > 1 && !strcmp(argv[1], "exit"))
		return exit_in_the_midst();
	if (argc > 1)
		main_leaves_first();
	for (i = 0; i < KEYS; i++)
		pthread_key_create(&keys[i], key_destructor);
	check_exits();
	check_clone_process();
	check_storm();
	check_many_in_turn();
	check_many_at_once();
	check_keys();
	check_keys_rss();
	check_detached();
	check_cancel();
	check_small_stack();
#ifdef __GLIBC__
	check_coroutine();
#endif
	check_raw_clone();
	return finish();
}
