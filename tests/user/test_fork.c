/* SPDX-License-Identifier: MIT */
/*
 * fork while other threads are inside malloc: the child has one thread and a
 * copy of everybody's half-done work, and must go on from there.
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/resource.h>

enum { ALLOCATORS = 8, KEPT = 300 };

static const size_t sizes[] = { 1,    16,   40,	   128,	   200,
				1000, 4096, 20000, 131072, 300000 };
static bool stop;
static unsigned char *kept[KEPT];
static size_t kept_bad;

static void *allocate(void *arg)
{
	enum { LIVE = 40 };
	unsigned char *p[LIVE] = { 0 };
	uint64_t state = (uintptr_t)arg + 1;
	int i;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		size_t n = random_size(&state, 12) + 1;

		i = next_random(&state) % LIVE;
		free(p[i]);
		if (!(next_random(&state) % 200))
			n += 150000;
		p[i] = next_random(&state) % 4 ? malloc(n) : calloc(1, n);
		p[i][0] = p[i][n - 1] = 1;
		/* Else eight of these leave the children no time to run. */
		if (!(next_random(&state) % 256))
			usleep(500);
	}
	for (i = 0; i < LIVE; i++)
		free(p[i]);
	return arg;
}

static bool use_all_sizes(void)
{
	bool good = true;
	size_t i, j;
	void *p[8];

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t count = sizes[i] < 10000 ? 8 : 1;

		for (j = 0; j < count; j++) {
			p[j] = malloc(sizes[i]);
			fill(p[j], sizes[i], i + j);
		}
		for (j = 0; j < count; j++) {
			good &= intact(p[j], sizes[i], i + j);
			free(p[j]);
		}
	}
	return good;
}

static void *in_thread(void *given)
{
	free(given);
	return use_all_sizes() ? malloc(500) : NULL;
}

/* What a child does: everything, with its parent's blocks and its own. */
static int child_life(void *arg)
{
	pthread_t t[2];
	void *left;
	int i;

	(void)arg;
	for (i = 0; i < KEPT; i += 2) {
		if (!intact(kept[i], 10 + i * 7, i))
			return 2;
		free(kept[i]);
	}
	for (i = 1; i < KEPT; i += 2) {
		kept[i] = realloc(kept[i], 5000);
		if (!intact(kept[i], 10 + i * 7, i))
			return 3;
	}
	if (!use_all_sizes())
		return 4;
	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, in_thread, malloc(100)))
			return 5;
	for (i = 0; i < 2; i++) {
		pthread_join(t[i], &left);
		if (!left)
			return 6;
		free(left);
	}
	return use_all_sizes() ? 0 : 7;
}

/* Forks `count` times; how many children went wrong, and how the last did. */
static int fork_often(int count, int (*life)(void *), int *last)
{
	int bad = 0;

	while (count--) {
		int status = in_child(life, NULL, 10);

		if (exited_well(status))
			continue;
		*last = status;
		if (++bad == 5)
			break;
	}
	return bad;
}

static void *fork_in_thread(void *arg)
{
	int bad = fork_often(20, child_life, arg);

	return (void *)(intptr_t)bad;
}

static int fork_again(void *arg)
{
	int status = in_child(child_life, arg, 8);

	return exited_well(status) ? child_life(arg) : 8;
}

/* Leaves by exit(), with its handlers. */
static void last_words(void)
{
	if (!use_all_sizes())
		_exit(9);
}

static int exit_politely(void *arg)
{
	atexit(last_words);
	exit(child_life(arg));
}

static void check_forks(void)
{
	int last = 0, bad = fork_often(200, child_life, &last);

	check(!bad, "200-forks", "%d went wrong, the last: %s", bad,
	      ending(last));
	bad = fork_often(15, fork_again, &last);
	check(!bad, "nested", "%d went wrong, the last: %s", bad, ending(last));
	bad = fork_often(15, exit_politely, &last);
	check(!bad, "child-exits", "%d went wrong, the last: %s", bad,
	      ending(last));
}

static void check_thread_forks(void)
{
	int last[4] = { 0 }, bad = 0, i;
	pthread_t t[4];
	void *ret;

	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, fork_in_thread, &last[i]);
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		if (ret) {
			bad += (intptr_t)ret;
			last[0] = last[i];
		}
	}
	check(!bad, "forks-in-threads", "%d went wrong, one of them: %s", bad,
	      ending(last[0]));
}

static void *fork_once(void *arg)
{
	return in_child(child_life, NULL, 5) ? arg : NULL;
}

/* The forking thread has never allocated: the child's first call is. */
static void check_fresh_thread(void)
{
	int bad = 0, i;
	pthread_t t;
	void *ret;

	for (i = 0; i < 15 && bad < 3; i++) {
		pthread_create(&t, NULL, fork_once, &bad);
		pthread_join(t, &ret);
		bad += ret != NULL;
	}
	check(!bad, "fork-in-a-fresh-thread", "%d went wrong", bad);
}

/* The program's own handlers allocate, as a library's may. */
/* The lock on the list of streams, where the C library has it by this name. */
void _IO_list_lock(void) __attribute__((weak));
void _IO_list_unlock(void) __attribute__((weak));

static pthread_barrier_t streams_held;

static void *allocate_with_streams(void *unused)
{
	(void)unused;
	if (_IO_list_lock)
		_IO_list_lock();
	pthread_barrier_wait(&streams_held);
	sleep_ms(50);
	free(malloc(300 * KB));
	if (_IO_list_unlock)
		_IO_list_unlock();
	return NULL;
}

/* fork() takes that lock after its handlers, and who has it allocates. */
static void check_streams(void)
{
	pthread_t t;
	pid_t child;
	int status;

	pthread_barrier_init(&streams_held, NULL, 2);
	pthread_create(&t, NULL, allocate_with_streams, NULL);
	pthread_barrier_wait(&streams_held);
	alarm(60);
	child = fork();
	if (child == 0)
		_exit(0);
	waitpid(child, &status, 0);
	pthread_join(t, NULL);
	alarm(0);
	check(!status, "a fork while a thread has the list of streams",
	      "the child ended with %#x", (unsigned int)status);
}

static int handler_calls, handler_bad;

static void handler(void)
{
	if (!use_all_sizes())
		handler_bad++;
	handler_calls++;
}

static int child_checks_handlers(void *arg)
{
	if (handler_bad || handler_calls % 2)
		return 10;
	return child_life(arg);
}

static void check_handlers(void)
{
	int last = 0, bad;

	pthread_atfork(handler, handler, handler);
	bad = fork_often(20, child_checks_handlers, &last);
	check(!bad && handler_calls == 40 && !handler_bad,
	      "atfork-handlers-allocate", "%d went wrong, the last: %s", bad,
	      ending(last));
}

static void check_vfork(void)
{
	static int bad, i;

	for (i = 0; i < 40; i++) {
		pid_t pid = vfork();

		if (!pid) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(97);
		}
		bad += pid < 0 || !exited_well(wait_for(pid, 10));
	}
	check(!bad, "vfork", "%d of 40 went wrong", bad);
}

static void check_spawn(void)
{
	char *argv[] = { (char *)"true", NULL };
	char *envp[] = { NULL };
	int bad = 0, i;
	pid_t pid;

	for (i = 0; i < 40; i++)
		bad += posix_spawn(&pid, "/bin/true", NULL, NULL, argv, envp) ||
		       !exited_well(wait_for(pid, 10));
	check(!bad, "posix_spawn", "%d of 40 went wrong", bad);
}

static void *shell_out(void *arg)
{
	intptr_t bad = 0;
	char line[64];
	int i;

	for (i = 0; i < 8; i++) {
		FILE *f = popen("echo one two three", "r");

		if (!f || !fgets(line, sizeof(line), f) ||
		    strcmp(line, "one two three\n"))
			bad++;
		if (f && pclose(f))
			bad++;
		if (system("exit 7") != 7 << 8)
			bad++;
	}
	return arg ? (void *)bad : NULL;
}

static void check_shells(void)
{
	pthread_t t[3];
	intptr_t bad = 0;
	void *ret;
	int i;

	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, shell_out, t);
	for (i = 0; i < 3; i++) {
		pthread_join(t[i], &ret);
		bad += (intptr_t)ret;
	}
	check(!bad, "popen-and-system", "%d went wrong", (int)bad);
}

/* The children wrote to and freed their copies: ours are as they were. */
static void check_kept(void)
{
	int i;

	for (i = 0; i < KEPT; i++) {
		kept_bad += !intact(kept[i], 10 + i * 7, i);
		free(kept[i]);
	}
	check(!kept_bad, "parent-unchanged", "%zu blocks were spoiled",
	      kept_bad);
}

static pthread_barrier_t idle;

static void *wait_for_others(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&idle);
	return NULL;
}

/*
 * Detached threads that never allocate. At their ends the C library releases
 * what it kept for earlier ones: so the first release of such a thread comes
 * when nobody is told of its end any more, and its stack goes soon after.
 */
static void check_idle_threads(void)
{
	enum { IDLE = 40 };
	pthread_attr_t detached;
	int bad = 0, last = 0, i, round;
	pthread_t t;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (round = 0; round < 3; round++) {
		pthread_barrier_init(&idle, NULL, IDLE + 1);
		for (i = 0; i < IDLE; i++)
			pthread_create(&t, &detached, wait_for_others, NULL);
		pthread_barrier_wait(&idle);
		sleep_ms(50);
		bad += fork_often(3, child_life, &last);
	}
	check(!bad, "a fork after threads that never allocated",
	      "%d children went wrong, the last with %x", bad, last);
}

#define CROWD 400
static pthread_barrier_t crowd;

/* One of a crowd that has allocated, and waits from then on. */
static void *wait_in_crowd(void *arg)
{
	void *p[12];
	int i;

	for (i = 0; i < 12; i++)
		p[i] = malloc(1u << i);
	for (i = 0; i < 12; i++)
		free(p[i]);
	pthread_barrier_wait(&crowd);
	pthread_barrier_wait(&crowd);
	return arg;
}

static int allocate_once(void *arg)
{
	free(malloc(100));
	return arg ? 1 : 0;
}

/* Page faults of a child that allocates once. */
static long faults_of_child(void)
{
	struct rusage before, after;

	getrusage(RUSAGE_CHILDREN, &before);
	in_child(allocate_once, NULL, 10);
	getrusage(RUSAGE_CHILDREN, &after);
	return after.ru_minflt - before.ru_minflt;
}

/*
 * The C library itself writes a page of each thread in a child. What is the
 * threads' own here is not to be copied: a quarter as much at most.
 */
static void check_crowd(void)
{
	long alone = faults_of_child(), faults;
	pthread_attr_t small;
	pthread_t t[CROWD];
	int i;

	pthread_barrier_init(&crowd, NULL, CROWD + 1);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * KB);
	for (i = 0; i < CROWD; i++)
		pthread_create(&t[i], &small, wait_in_crowd, NULL);
	pthread_barrier_wait(&crowd);
	faults = faults_of_child();
	check(faults <= alone + CROWD * 5 / 4, "a child of many threads",
	      "%ld page faults, %ld before there were %d threads", faults,
	      alone, CROWD);
	pthread_barrier_wait(&crowd);
	for (i = 0; i < CROWD; i++)
		pthread_join(t[i], NULL);
}

int main(void)
{
	pthread_t t[ALLOCATORS];
	int i;

	begin("fork");
	for (i = 0; i < KEPT; i++) {
		kept[i] = malloc(10 + i * 7);
		fill(kept[i], 10 + i * 7, i);
	}
	for (i = 0; i < ALLOCATORS; i++)
		pthread_create(&t[i], NULL, allocate, (void *)(intptr_t)i);
	sleep_ms(20);
	check_forks();
	check_thread_forks();
	check_fresh_thread();
	check_idle_threads();
	check_streams();
	/* The system's programs may be of another kind than this one. */
	if (!getenv("USER_TEST_PORT")) {
		check_vfork();
		check_spawn();
		check_shells();
	}
	check_handlers();
	stop = true;
	for (i = 0; i < ALLOCATORS; i++)
		pthread_join(t[i], NULL);
	check_kept();
	if (!is_watched()) /* each thread's freed blocks wait then */
		check_crowd();
	return finish();
}
