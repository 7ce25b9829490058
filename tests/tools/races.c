/* SPDX-License-Identifier: MIT */
/*
 * Two threads that share data: wrongly, in each way that is looked for, or
 * rightly.
 *
 *   races             all the ways, with 1 for those that are wrong
 *   races NAME        one of them; with a word more by C11's threads
 *   races in FILE     one process of several that count in a file
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#define TIMES 20000

static struct {
	long number;
	double real;
	unsigned char byte;
	unsigned int bits;
	struct node {
		struct node *next;
		long value;
	} * head;
	char *made;
} shared;

static __thread unsigned int who; /* 0 or 1 */

/* ---- wrong ---- */

static void add_one(void)
{
	shared.number++;
}

static void add_real(void)
{
	shared.real += 0.5;
}

static void add_byte(void)
{
	shared.byte += 3;
}

static void flip_bit(void)
{
	shared.bits ^= 1u << who;
}

static void through_pointer(void)
{
	long *volatile p = &shared.number;

	*p = *p * 3 + 1;
}

/* Each its own lock, which keeps nobody out. */
static void with_other_lock(void)
{
	static pthread_mutex_t lock[2] = { PTHREAD_MUTEX_INITIALIZER,
					   PTHREAD_MUTEX_INITIALIZER };

	pthread_mutex_lock(&lock[who]);
	shared.number++;
	pthread_mutex_unlock(&lock[who]);
}

static void with_work_between(void)
{
	long was = shared.number;

	sched_yield();
	shared.number = was + 1;
}

static void push(void)
{
	struct node *n = malloc(sizeof(*n));

	n->next = shared.head;
	shared.head = n;
}

/* Each of the two is one step, and what the compiler makes of it exchanges. */
static void load_and_store(void)
{
	atomic_long *p = (atomic_long *)&shared.number;

	atomic_store(p, atomic_load(p) + 1);
}

/* What is not there is made; now and then it is not there. */
static void make_missing(void)
{
	static __thread int turns;
	char *p;

	if (!shared.made) {
		p = malloc(20);
		memset(p, 0, 20);
		shared.made = p;
	}
	if (turns++ % 8 == 0)
		shared.made = NULL;
}

/* ---- right ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static sem_t semaphore;
static atomic_long atom;
static atomic_flag flag = ATOMIC_FLAG_INIT;
static atomic_uint ticket, serving, turn, lamport_head, lamport_tail;
static _Atomic(struct node *) stack;
static unsigned int ring[64];
static __thread long own;
static atomic_uint threads;

static void with_mutex(void)
{
	pthread_mutex_lock(&mutex);
	shared.number++;
	shared.real += 1;
	pthread_mutex_unlock(&mutex);
}

static void with_rwlock(void)
{
	pthread_rwlock_wrlock(&rwlock);
	shared.number++;
	pthread_rwlock_unlock(&rwlock);
}

static void with_spinlock(void)
{
	pthread_spin_lock(&spin);
	shared.number++;
	pthread_spin_unlock(&spin);
}

static void with_semaphore(void)
{
	sem_wait(&semaphore);
	shared.number++;
	sem_post(&semaphore);
}

static void with_own_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&flag, memory_order_acquire))
		sched_yield();
	shared.number++;
	atomic_flag_clear_explicit(&flag, memory_order_release);
}

/* The holder alone changes `serving`: by a load and a store. */
static void with_tickets(void)
{
	unsigned int mine = atomic_fetch_add(&ticket, 1);

	while (atomic_load_explicit(&serving, memory_order_acquire) != mine)
		sched_yield();
	shared.number++;
	atomic_store_explicit(
		&serving,
		atomic_load_explicit(&serving, memory_order_relaxed) + 1,
		memory_order_release);
}

static void with_atomics(void)
{
	atomic_fetch_add(&atom, 1);
}

static void with_exchange(void)
{
	long was = atomic_load(&atom);

	while (!atomic_compare_exchange_weak(&atom, &was, was * 3 + 1))
		;
}

/* One after the other, by loads and stores only. */
static void by_turns(void)
{
	while (atomic_load_explicit(&turn, memory_order_acquire) != who)
		sched_yield();
	shared.number++;
	atomic_store_explicit(&turn, !who, memory_order_release);
}

/* One puts, the other takes; each changes its own end only. */
static void through_ring(void)
{
	unsigned int head = atomic_load(&lamport_head);
	unsigned int tail = atomic_load(&lamport_tail);

	if (who == 0 && head - tail < 64) {
		ring[head % 64] = head;
		atomic_store(&lamport_head, head + 1);
	} else if (who == 1 && head != tail) {
		if (ring[tail % 64] != tail)
			abort();
		atomic_store(&lamport_tail, tail + 1);
	}
}

static void push_atomically(void)
{
	struct node *n = malloc(sizeof(*n));

	n->next = atomic_load(&stack);
	while (!atomic_compare_exchange_weak(&stack, &n->next, n))
		;
}

static void make_with_mutex(void)
{
	static __thread int turns;

	pthread_mutex_lock(&mutex);
	if (!shared.made)
		shared.made = malloc(20);
	if (turns++ % 8 == 0) {
		free(shared.made);
		shared.made = NULL;
	}
	pthread_mutex_unlock(&mutex);
}

/* The second thread takes what the first has made. */
static void make_by_exchange(void)
{
	static _Atomic(char *) made;
	static __thread int turns;
	char *p, *none = NULL;

	if (!atomic_load(&made)) {
		p = malloc(20);
		if (!atomic_compare_exchange_strong(&made, &none, p))
			free(p);
	}
	if (turns++ % 8 == 0)
		free(atomic_exchange(&made, NULL));
}

/* A library writes between the read and the write. */
static void with_memset(void)
{
	static volatile size_t bytes = sizeof(shared.number);
	long was;

	pthread_mutex_lock(&mutex);
	was = shared.number;
	memset(&shared.number, 0x55, bytes);
	shared.number = was + 1;
	pthread_mutex_unlock(&mutex);
}

/* Both set the same bits, one after the other or at once. */
static void same_bits(void)
{
	atomic_uint *bits = (atomic_uint *)&shared.bits;

	atomic_store_explicit(
		bits, atomic_load_explicit(bits, memory_order_relaxed) | 5,
		memory_order_relaxed);
}

static void no_sharing(void)
{
	own++;
}

/* ---- trouble ---- */

/* Of this thread: raise() sends to the one that calls it. */
static __thread volatile sig_atomic_t trapped;

static void on_trap(int sig)
{
	trapped = trapped + 1;
}

static void own_traps(void)
{
	struct sigaction old;

	signal(SIGTRAP, on_trap);
	if (sigaction(SIGTRAP, NULL, &old) || old.sa_handler != on_trap)
		abort();
	if (own++ % 1000 == 0) {
		trapped = 0;
		raise(SIGTRAP);
		if (!trapped)
			abort();
	}
}

static void blocked_traps(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	with_mutex();
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
}

static void *ends_early(void *unused)
{
	with_mutex();
	pthread_exit(unused);
}

static void many_threads(void)
{
	static atomic_uint started;
	pthread_t t;

	if (atomic_fetch_add(&started, 1) >= 1000)
		return;
	while (pthread_create(&t, NULL, ends_early, NULL))
		sched_yield();
	if (started % 2)
		pthread_join(t, NULL);
	else
		pthread_detach(t);
}

static void forks(void)
{
	static atomic_uint forked;
	int status;
	pid_t pid;

	if (atomic_fetch_add(&forked, 1) >= 20)
		return;
	pid = fork();
	if (!pid) {
		no_sharing();
		if (forked % 2)
			_exit(7);
		execl("/bin/sh", "sh", "-c", "exit 7", NULL);
	}
	if (waitpid(pid, &status, 0) != pid || status != 7 << 8)
		abort();
}

static void sleeps(void)
{
	const struct timespec moment = { 0, 100000 };
	static atomic_uint slept;

	if (atomic_fetch_add(&slept, 1) < 2000 && nanosleep(&moment, NULL) &&
	    errno == EINTR)
		abort();
}

static const struct way {
	const char *name;
	void (*run)(void);
	int is_wrong;
} ways[] = {
	{ "add_one", add_one, 1 },
	{ "add_real", add_real, 1 },
	{ "add_byte", add_byte, 1 },
	{ "flip_bit", flip_bit, 1 },
	{ "through_pointer", through_pointer, 1 },
	{ "with_other_lock", with_other_lock, 1 },
	{ "with_work_between", with_work_between, 1 },
	{ "push", push, 1 },
	{ "load_and_store", load_and_store, 1 },
	{ "make_missing", make_missing, 1 },
	{ "with_mutex", with_mutex, 0 },
	{ "with_rwlock", with_rwlock, 0 },
	{ "with_spinlock", with_spinlock, 0 },
	{ "with_semaphore", with_semaphore, 0 },
	{ "with_own_lock", with_own_lock, 0 },
	{ "with_tickets", with_tickets, 0 },
	{ "with_atomics", with_atomics, 0 },
	{ "with_exchange", with_exchange, 0 },
	{ "by_turns", by_turns, 0 },
	{ "through_ring", through_ring, 0 },
	{ "push_atomically", push_atomically, 0 },
	{ "make_with_mutex", make_with_mutex, 0 },
	{ "make_by_exchange", make_by_exchange, 0 },
	{ "with_memset", with_memset, 0 },
	{ "same_bits", same_bits, 0 },
	{ "no_sharing", no_sharing, 0 },
	{ "own_traps", own_traps, 0 },
	{ "blocked_traps", blocked_traps, 0 },
	{ "many_threads", many_threads, 0 },
	{ "forks", forks, 0 },
	{ "sleeps", sleeps, 0 },
};

static void *run(void *way)
{
	int i;

	who = atomic_fetch_add(&threads, 1);
	for (i = 0; i < TIMES; i++)
		((const struct way *)way)->run();
	return NULL;
}

static int run_thrd(void *way)
{
	run(way);
	return 0;
}

static void by_thrd_create(void *way)
{
	thrd_t t[2];

	thrd_create(&t[0], run_thrd, way);
	thrd_create(&t[1], run_thrd, way);
	thrd_join(t[0], NULL);
	thrd_join(t[1], NULL);
}

static void by_pthread_create(void *way)
{
	pthread_t t[2];

	pthread_create(&t[0], NULL, run, way);
	pthread_create(&t[1], NULL, run, way);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
}

static int count_in(const char *file)
{
	int i, fd = open(file, O_RDWR);
	volatile long *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
				MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return 1;
	for (i = 0; i < 100 * TIMES; i++)
		p[0]++;
	return 0;
}

int main(int argc, char **argv)
{
	size_t i, n = sizeof(ways) / sizeof(ways[0]);

	if (argc == 3 && !strcmp(argv[1], "in"))
		return count_in(argv[2]);
	for (i = 0; i < n && argc == 1; i++)
		printf("%s %d\n", ways[i].name, ways[i].is_wrong);
	for (i = 0; i < n && argc > 1 && strcmp(ways[i].name, argv[1]); i++)
		;
	if (i == n)
		return argc > 1;
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	sem_init(&semaphore, 0, 1);
	(argc == 2 ? by_pthread_create : by_thrd_create)((void *)&ways[i]);
	return 0;
}
