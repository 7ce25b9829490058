/* SPDX-License-Identifier: MIT */
/*
 * Large blocks: what is at hand or kept and handed out again, cut and joined;
 * blocks of which the program changed a part; a kernel that has no room for
 * one mapping more.
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

static long faults(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_minflt;
}

static void touch(char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 4096)
		p[i] = 1;
}

/* ---- random work ---- */

struct live {
	unsigned char *p;
	size_t n;
	unsigned char with;
};

static size_t large_random(uint64_t *state)
{
	return 130 * KB + next_random(state) % (600 * KB);
}

static bool zeroes(const unsigned char *p, size_t n)
{
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

/* Gives @l a new block; false: one that overlaps, or is not what it should. */
static bool replace(struct live *l, uint64_t *state)
{
	size_t n = large_random(state), align = 1ul << next_random(state) % 22;
	bool good = true;

	switch (next_random(state) % 4) {
	case 0:
		free(l->p);
		l->p = malloc(n);
		break;
	case 1:
		free(l->p);
		l->p = calloc(1, n);
		good = l->p && zeroes(l->p, n);
		break;
	case 2:
		free(l->p);
		align = align < 16 ? 16 : align;
		l->p = aligned_alloc(align, n);
		good = (uintptr_t)l->p % align == 0;
		break;
	default:
		l->p = realloc(l->p, n);
		good = l->p &&
		       (!l->n || intact(l->p, n < l->n ? n : l->n, l->with));
	}
	l->n = n;
	l->with = (unsigned char)next_random(state);
	if (l->p)
		fill(l->p, n, l->with);
	return good && l->p;
}

static void *random_work(void *arg)
{
	uint64_t state = (uintptr_t)arg + 77;
	struct live live[40] = { 0 };
	size_t i, round;
	long bad = 0;

	for (round = 0; round < 400; round++) {
		struct live *l = &live[next_random(&state) % 40];

		if (l->n && !intact(l->p, l->n, l->with))
			bad++;
		bad += !replace(l, &state);
		if (round % 100 == 0)
			malloc_trim(0);
	}
	for (i = 0; i < 40; i++) {
		bad += live[i].n && !intact(live[i].p, live[i].n, live[i].with);
		free(live[i].p);
	}
	return (void *)bad;
}

static void check_random(void)
{
	pthread_t t[3];
	void *bad;
	long sum = 0;
	uintptr_t i;

	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, random_work, (void *)i);
	for (i = 0; i < 3; i++) {
		pthread_join(t[i], &bad);
		sum += (long)bad;
	}
	check(!sum, "random", "%ld faults", sum);
}

/* ---- at hand ---- */

static int free_twice(void *arg)
{
	void *p = malloc(200 * KB), *other = malloc(200 * KB);

	(void)arg;
	free(p);
	if (malloc(200 * KB) != p) /* it had been at hand */
		return 1;
	free(other);
	free(p);
	free(p);
	return 2;
}

static unsigned char *_Atomic handed[4];

/* Blocks of its own, and now and then one of another thread to free. */
static void *hand_over(void *arg)
{
	uint64_t state = (uintptr_t)arg + 5;
	unsigned char with = (unsigned char)(uintptr_t)arg, *p, *other;
	size_t n, round;
	long bad = 0;

	for (round = 0; round < 2000; round++) {
		n = 132 * KB + next_random(&state) % 4 * 8192;
		p = malloc(n);
		p[0] = p[n - 1] = with;
		other = NULL;
		if (next_random(&state) % 3 == 0)
			other = atomic_exchange(&handed[round % 4], NULL);
		bad += p[0] != with || p[n - 1] != with;
		if (other)
			free(other);
		else if (next_random(&state) % 4 == 0)
			p = atomic_exchange(&handed[round % 4], p);
		free(p);
	}
	return (void *)bad;
}

static void check_at_hand(void)
{
	size_t before = mallinfo2().hblks;
	pthread_t t[20]; /* more than there are places */
	long sum = 0;
	uintptr_t i;
	void *bad;
	int status;

	free(malloc(200 * KB));
	check(mallinfo2().hblks == before, "at-hand-is-not-in-use", "%zu more",
	      mallinfo2().hblks - before);
	status = in_child(free_twice, NULL, 20);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	      "at-hand-is-not-freed-twice", "%s", ending(status));
	for (i = 0; i < ARRAY_SIZE(t); i++)
		pthread_create(&t[i], NULL, hand_over, (void *)i);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		pthread_join(t[i], &bad);
		sum += (long)bad;
	}
	for (i = 0; i < ARRAY_SIZE(handed); i++)
		free(handed[i]);
	check(!sum && mallinfo2().hblks == before, "at-hand-of-many",
	      "%ld overwritten, %zu blocks left", sum,
	      mallinfo2().hblks - before);
}

/* ---- what is kept ---- */

/* Faults of one round, after some, of @count blocks that come and go. */
static long cycle(size_t align, size_t n, size_t count)
{
	static char *p[100];
	size_t round, i;
	long before = 0;

	for (round = 0; round < 20; round++) {
		if (round == 10)
			before = faults();
		for (i = 0; i < count; i++)
			touch(p[i] = aligned_alloc(align, n), n);
		for (i = 0; i < count; i++)
			free(p[i]);
	}
	return (faults() - before) / 10;
}

static void check_kept(void)
{
	long n = cycle(16, 132 * KB, 80);

	check(n < 80, "many-blocks-are-kept", "%ld faults a round", n);
	n = cycle(8 * KB, 160 * KB, 4);
	check(n < 16, "aligned-blocks-are-kept", "%ld faults a round", n);
}

/* Buffers of very different sizes come and go: most pages come once. */
static void check_replaced(void)
{
	uint64_t state = 5;
	size_t live = 0, most = 0, n[20] = { 0 }, round, i;
	char *p[20] = { 0 };
	long before = faults(), came;

	for (round = 0; round < 300; round++) {
		i = next_random(&state) % 20;
		free(p[i]);
		live -= n[i];
		n[i] = MB + next_random(&state) % (4 * MB);
		live += n[i];
		most = live > most ? live : most;
		touch(p[i] = malloc(n[i]), n[i]);
	}
	came = faults() - before;
	for (i = 0; i < 20; i++)
		free(p[i]);
	most /= (size_t)sysconf(_SC_PAGESIZE);
	check(came < (long)(most * 17 / 10), "replaced-blocks-are-kept",
	      "%ld faults for %zu pages", came, most);
	malloc_trim(0);
}

/* Few pages of a big table are touched: few are there. */
static void check_sparse(void)
{
	size_t n = 24 * MB, i, round;
	long before = rss_kb(), most = 0;
	bool good = true;
	char *p;

	for (round = 0; round < 40; round++) {
		p = calloc(1, n);
		for (i = 0; i < n; i += 3 * MB) {
			good &= !p[i];
			p[i] = 1;
		}
		if (rss_kb() - before > most)
			most = rss_kb() - before;
		free(p);
	}
	check(good, "sparse-calloc-is-zero", "it is not");
	check(most < 4096, "sparse-calloc-is-small", "%ld KiB", most);
}

/* ---- odd mappings ---- */

static int no_dump(void *p)
{
	return madvise(p, 4096, MADV_DONTDUMP);
}

static int locked(void *p)
{
	return mlock(p, 4096);
}

static int read_only(void *p)
{
	return mprotect(p, 4096, PROT_READ);
}

/* A block with a page that differs is resized, and freed. */
static int resize_odd(void *arg)
{
	int (*change)(void *) = *(int (**)(void *))arg;
	unsigned char *p = malloc(MB), *q;
	int i;

	fill(p, MB, 3);
	if (change((void *)(((uintptr_t)p + 8192) & ~4095ul)))
		return 1;
	q = realloc(p, 4 * MB);
	if (!q || !intact(q, MB, 3))
		return 2;
	q = realloc(q, 300 * KB);
	if (!q || !intact(q, 300 * KB, 3))
		return 3;
	free(q);
	/* None of what is handed out now may be read-only. */
	for (i = 0; i < 30; i++)
		memset(malloc(MB), 1, MB);
	return 0;
}

/* ---- a kernel that has no room for one mapping more ---- */

static void use_up_mappings(void)
{
	char *p;

	do
		p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	while (p != MAP_FAILED && !mprotect(p, 4096, PROT_NONE));
}

static int no_mappings(void *arg)
{
	enum { BLOCKS = 100 };
	unsigned char *p[BLOCKS], *q;
	long before;
	int i;

	(void)arg;
	for (i = 0; i < BLOCKS; i++)
		fill(p[i] = malloc(MB), MB, i);
	use_up_mappings();
	before = rss_kb();
	for (i = 0; i < BLOCKS; i += 2)
		free(p[i]);
	malloc_trim(0); /* how much stays depends on what was done before */
	if (before - rss_kb() < 40 * 1024)
		return 1;
	for (i = 1; i < BLOCKS; i += 2) {
		q = realloc(p[i], 200 * KB);
		if (!q || !intact(q, 200 * KB, i))
			return 2;
		p[i] = q;
	}
	/* What was freed is room for as many again, each in its place. */
	for (i = 0; i < BLOCKS; i += 2) {
		p[i] = calloc(1, 600 * KB);
		if (!p[i])
			return 3;
		if (!zeroes(p[i], 600 * KB))
			return 4;
		memset(p[i], 1, 600 * KB);
	}
	for (i = 0; i < BLOCKS; i++)
		free(p[i]);
	return 0;
}

int main(void)
{
	static const struct {
		const char *name;
		int (*change)(void *);
	} odd[] = {
		{ "odd-no-dump", no_dump },
		{ "odd-locked", locked },
		{ "odd-read-only", read_only },
	};
	int status;
	size_t i;

	begin("large");
	check_sparse();
	check_kept();
	check_replaced();
	check_at_hand();
	check_random();
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		status = in_child(resize_odd, (void *)&odd[i].change, 20);
		check(exited_well(status), odd[i].name, "%s", ending(status));
	}
	status = in_child(no_mappings, NULL, 60);
	check(exited_well(status), "no-mappings-left", "%s", ending(status));
	return finish();
}
