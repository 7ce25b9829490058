/* SPDX-License-Identifier: MIT */
/*
 * Memory is given back: what stays resident once the program has freed it,
 * 1.5 seconds later and without a call in between.  And it does not grow
 * where one thread allocates and another one frees.
 *
 * Books are kept in mappings of the test's own, which are unmapped before
 * anything is measured.
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>

enum { OBJECTS = 1000000, LARGE = 48 };

struct measure {
	long before, peak, after;
};

static size_t object_size(uint64_t *state)
{
	return 16 + next_random(state) % 704;
}

static int fill_and_free(struct measure *m)
{
	void **p = map_pages(OBJECTS * sizeof(*p));
	uint64_t state = 99;
	size_t i;

	m->before = rss_kb();
	for (i = 0; i < OBJECTS; i++) {
		size_t n = object_size(&state);

		p[i] = malloc(n);
		if (!p[i])
			return 1;
		memset(p[i], 1, n);
	}
	m->peak = rss_kb() - m->before - OBJECTS * sizeof(*p) / 1024;
	for (i = 0; i < OBJECTS; i++)
		free(p[i]);
	munmap(p, OBJECTS * sizeof(*p));
	sleep_ms(1500);
	m->after = rss_kb() - m->before;
	return 0;
}

static void check_million(void)
{
	struct measure m = { 0 };

	if (!check(!fill_and_free(&m), "million-fits", "malloc gave NULL"))
		return;
	say("# 1 M objects: peak %ld KiB, 1.5 s after free %ld KiB", m.peak,
	    m.after);
	check(m.peak < 500 * 1024, "million-peak", "%ld KiB for 359 MiB",
	      m.peak);
	if (on_ashlar())
		check(m.after * 40 <= m.peak, "million-given-back",
		      "%ld of %ld KiB still resident", m.after, m.peak);
}

/* Freed in random order, so that pages empty late and all over the heap. */
static void check_shuffled(void)
{
	enum { N = 200000 };
	void **p = map_pages(N * sizeof(*p));
	uint64_t state = 5;
	long before = rss_kb(), peak, after;
	size_t i, j;

	for (i = 0; i < N; i++) {
		size_t n = object_size(&state);

		p[i] = memset(malloc(n), 1, n);
	}
	for (i = N - 1; i; i--) {
		void *other;

		j = next_random(&state) % (i + 1);
		other = p[j];
		p[j] = p[i];
		p[i] = other;
	}
	peak = rss_kb() - before;
	for (i = 0; i < N; i++)
		free(p[i]);
	munmap(p, N * sizeof(*p));
	sleep_ms(1500);
	after = rss_kb() - before;
	say("# shuffled: peak %ld KiB, 1.5 s after free %ld KiB", peak, after);
	if (on_ashlar())
		check(after * 4 <= peak, "shuffled-given-back",
		      "%ld of %ld KiB still resident", after, peak);
}

static void check_large(void)
{
	long before = rss_kb(), peak, after;
	void *p[LARGE];
	int i;

	for (i = 0; i < LARGE; i++)
		p[i] = memset(malloc(4 * MB), 1, 4 * MB);
	peak = rss_kb() - before;
	for (i = 0; i < LARGE; i++)
		free(p[i]);
	sleep_ms(1500);
	after = rss_kb() - before;
	check(peak >= LARGE * 4 * 1024 * 9 / 10 && peak < LARGE * 4500,
	      "large-peak", "%ld KiB", peak);
	check(after < peak / 8, "large-given-back",
	      "%ld of %ld KiB still resident", after, peak);
}

/* A shrunk block gives up its tail. */
static void check_shrunk(void)
{
	unsigned char *p = malloc(64 * MB);
	long before, after;

	memset(p, 1, 64 * MB);
	before = rss_kb();
	p = realloc(p, 200 * KB);
	sleep_ms(1500);
	after = rss_kb();
	check(before - after > 48 * 1024 && p[200 * KB - 1] == 1,
	      "shrunk-given-back", "only %ld KiB less", before - after);
	free(p);
}

/* An untouched block costs next to nothing. */
static void check_untouched(void)
{
	long before = rss_kb(), grown;
	char *p = malloc(512 * MB), *q = calloc(256, MB);

	grown = rss_kb() - before;
	check(p && q && !q[200 * MB] && grown < 1024, "untouched",
	      "%ld KiB for 768 MiB nobody touched", grown);
	free(p);
	free(q);
}

/* A ring between one thread that allocates and one that frees. */
enum { RING = 1024 };
static void *ring[RING];
static size_t produced, consumed;
static size_t ring_end;

static void *produce(void *arg)
{
	uint64_t state = 3;
	size_t i;

	for (i = produced; i < ring_end; i++) {
		size_t n = 16 + next_random(&state) % 1000;

		while (i - __atomic_load_n(&consumed, __ATOMIC_ACQUIRE) >= RING)
			sched_yield();
		ring[i % RING] = memset(malloc(n), 1, n);
		__atomic_store_n(&produced, i + 1, __ATOMIC_RELEASE);
	}
	return arg;
}

static void *consume(void *arg)
{
	size_t i;

	for (i = consumed; i < ring_end; i++) {
		while (__atomic_load_n(&produced, __ATOMIC_ACQUIRE) <= i)
			sched_yield();
		free(ring[i % RING]);
		__atomic_store_n(&consumed, i + 1, __ATOMIC_RELEASE);
	}
	return arg;
}

/* Fresh threads: what the old ones held has to find its way to them. */
static void pass_blocks(size_t count)
{
	pthread_t t[2];

	ring_end = produced + count;
	pthread_create(&t[0], NULL, produce, NULL);
	pthread_create(&t[1], NULL, consume, NULL);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
}

static void check_hand_over(void)
{
	long before, one, many;
	int i;

	before = rss_kb();
	pass_blocks(1000000);
	one = rss_kb() - before;
	for (i = 0; i < 10; i++)
		pass_blocks(50000);
	many = rss_kb() - before;
	check(one < 12 * 1024, "producer-consumer",
	      "%ld KiB more after 1 M blocks, about 0.5 MiB live", one);
	check(many < 16 * 1024, "producer-consumer-threads",
	      "%ld KiB more after ten pairs of threads", many);
}

/* Each thread fills a table that the next one empties, round and round. */
enum { TABLE = 20000 };
static void *table[TABLE];

static void *turn_over(void *arg)
{
	size_t i;

	for (i = 0; i < TABLE; i++) {
		free(table[i]);
		table[i] = memset(malloc(100), 1, 100);
	}
	return arg;
}

static void check_turn_over(void)
{
	long before = 0, grown;
	pthread_t t;
	int i;

	for (i = 0; i < 220; i++) {
		if (i == 20)
			before = rss_kb();
		pthread_create(&t, NULL, turn_over, NULL);
		pthread_join(t, NULL);
	}
	grown = rss_kb() - before;
	check(grown < 4 * 1024, "table-turned-over",
	      "%ld KiB more after 200 threads", grown);
	for (i = 0; i < TABLE; i++)
		free(table[i]);
}

static pthread_barrier_t idle;

static void *be_idle(void *arg)
{
	free(memset(malloc(100), 1, 100));
	pthread_barrier_wait(&idle);
	pthread_barrier_wait(&idle);
	return arg;
}

static void check_idle_threads(void)
{
	enum { IDLE = 100 };
	long before, grown;
	pthread_t t[IDLE];
	int i;

	pthread_barrier_init(&idle, NULL, IDLE + 1);
	before = rss_kb();
	for (i = 0; i < IDLE; i++)
		pthread_create(&t[i], NULL, be_idle, NULL);
	pthread_barrier_wait(&idle);
	grown = rss_kb() - before;
	pthread_barrier_wait(&idle);
	for (i = 0; i < IDLE; i++)
		pthread_join(t[i], NULL);
	say("# idle thread: %ld KiB", grown / IDLE);
	check(grown <= IDLE * 32, "idle-thread", "%ld KiB a thread",
	      grown / IDLE);
}

/*
 * Four threads allocate 20 MiB each; who frees it, and whether they live on
 * without ever calling the allocator again, differs.
 */
enum { OWNERS = 4, OWNED = 60000 };

struct owner {
	void **p;
	bool frees, stays;
};

static pthread_barrier_t filled, done;

static void free_owned(struct owner *o)
{
	size_t i;

	for (i = 0; i < OWNED; i++)
		free(o->p[i]);
}

static void *own(void *arg)
{
	struct owner *o = arg;
	uint64_t state = (uintptr_t)o;
	size_t i;

	for (i = 0; i < OWNED; i++) {
		size_t n = object_size(&state);

		o->p[i] = memset(malloc(n), 1, n);
	}
	pthread_barrier_wait(&filled);
	pthread_barrier_wait(&filled);
	if (o->frees)
		free_owned(o);
	if (o->stays)
		pthread_barrier_wait(&done);
	return NULL;
}

static void run_owners(const char *name, bool frees, bool stays)
{
	struct owner o[OWNERS];
	long before, peak, after;
	pthread_t t[OWNERS];
	int i;

	pthread_barrier_init(&filled, NULL, OWNERS + 1);
	pthread_barrier_init(&done, NULL, OWNERS + 1);
	for (i = 0; i < OWNERS; i++) {
		o[i] = (struct owner){ map_pages(OWNED * sizeof(void *)), frees,
				       stays };
		memset(o[i].p, 0, OWNED * sizeof(void *));
	}
	before = rss_kb();
	for (i = 0; i < OWNERS; i++)
		pthread_create(&t[i], NULL, own, &o[i]);
	pthread_barrier_wait(&filled);
	peak = rss_kb() - before;
	pthread_barrier_wait(&filled);
	for (i = 0; i < OWNERS; i++) {
		if (!stays)
			pthread_join(t[i], NULL);
		if (!frees)
			free_owned(&o[i]);
	}
	sleep_ms(1500);
	after = rss_kb() - before;
	say("# %s: peak %ld KiB, 1.5 s after free %ld KiB", name, peak, after);
	if (on_ashlar())
		check(after * 4 <= peak, name, "%ld of %ld KiB still resident",
		      after, peak);
	if (!stays)
		return;
	pthread_barrier_wait(&done);
	for (i = 0; i < OWNERS; i++)
		pthread_join(t[i], NULL);
}

static void check_owner_idle(void)
{
	run_owners("freed-then-idle", true, true);
}

static void check_others_free(void)
{
	run_owners("freed-by-another", false, true);
}

static void check_owner_gone(void)
{
	run_owners("owner-gone", false, false);
}

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "idle", check_idle_threads },
	{ "untouched", check_untouched },
	{ "hand-over", check_hand_over },
	{ "turn-over", check_turn_over },
	{ "large", check_large },
	{ "shrunk", check_shrunk },
	{ "owner-idle", check_owner_idle },
	{ "others-free", check_others_free },
	{ "owner-gone", check_owner_gone },
	{ "shuffled", check_shuffled },
	{ "million", check_million },
};

/* Each part in a process of its own: what one leaves is not the next one's. */
int main(int argc, char **argv)
{
	size_t i;

	begin("rss");
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (argc > 1 && !strcmp(argv[1], parts[i].name)) {
			parts[i].run();
			return check_failures ? 1 : 0;
		}
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		int status = in_fresh(parts[i].name, NULL, NULL, 60);

		if (exited_well(status))
			continue;
		check_failures++;
		if (status == HUNG || WIFSIGNALED(status))
			check(false, parts[i].name, "%s", ending(status));
	}
	return finish();
}
