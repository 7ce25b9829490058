/* SPDX-License-Identifier: MIT */
/*
 * Random operations by several threads on shared slots, so that most blocks
 * are freed by another thread than the one that got them.
 *
 * Two things are checked.  Every block is filled whole with a pattern of its
 * own, which must be there when it is freed or moved.  And a reference map, a
 * sorted array of all live ranges kept outside the allocator's memory, must
 * find no overlap: a range leaves it before its block is freed and enters
 * after it was got.
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>

enum { THREADS = 4, SLOTS = 1500 };

struct slot {
	pthread_mutex_t lock;
	unsigned char *p;
	size_t n, seed;
};

struct range {
	uintptr_t start, end;
};

static struct slot *slots;
static struct range *live;
static size_t live_count;
static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;
static bool use_map;
static int rounds;
static unsigned int max_bits;
static size_t overlaps, spoiled, misaligned, wrong_zero, failed_calls;

static void count(size_t *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

/* The index of the first live range that starts at or after `start`. */
static size_t map_index(uintptr_t start)
{
	size_t low = 0, high = live_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (live[mid].start < start)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void map_insert(void *p, size_t n)
{
	struct range r = { (uintptr_t)p, (uintptr_t)p + (n ? n : 1) };
	size_t i;

	if (!use_map)
		return;
	pthread_mutex_lock(&live_lock);
	i = map_index(r.start);
	if ((i && live[i - 1].end > r.start) ||
	    (i < live_count && live[i].start < r.end))
		count(&overlaps);
	memmove(live + i + 1, live + i, (live_count - i) * sizeof(*live));
	live[i] = r;
	live_count++;
	pthread_mutex_unlock(&live_lock);
}

static void map_remove(void *p)
{
	size_t i;

	if (!use_map || !p)
		return;
	pthread_mutex_lock(&live_lock);
	i = map_index((uintptr_t)p);
	if (i == live_count || live[i].start != (uintptr_t)p)
		count(&overlaps);
	live_count--;
	memmove(live + i, live + i + 1, (live_count - i) * sizeof(*live));
	pthread_mutex_unlock(&live_lock);
}

static void *get_block(uint64_t *state, size_t n)
{
	size_t alignment = (size_t)8 << next_random(state) % 10;
	void *p;

	switch (next_random(state) % 8) {
	case 0:
		p = calloc(1, n);
		if (p && first_not(p, n, 0) != n)
			count(&wrong_zero);
		return p;
	case 1:
		p = memalign(alignment, n);
		if (!is_aligned(p, alignment))
			count(&misaligned);
		return p;
	default:
		p = malloc(n);
		if (!is_aligned(p, on_ashlar() ? 16 : 8))
			count(&misaligned);
		return p;
	}
}

static void drop(struct slot *s)
{
	if (s->p && !intact(s->p, s->n, s->seed))
		count(&spoiled);
	map_remove(s->p);
	free(s->p);
	s->p = NULL;
	s->n = 0;
}

static void replace(struct slot *s, uint64_t *state, size_t n)
{
	drop(s);
	s->p = get_block(state, n);
}

static void resize(struct slot *s, size_t n)
{
	size_t kept = n < s->n ? n : s->n;

	map_remove(s->p);
	s->p = realloc(s->p, n);
	if (s->p && !intact(s->p, kept, s->seed))
		count(&spoiled);
}

static void *work(void *arg)
{
	uint64_t state = (uintptr_t)arg * 0x9e3779b97f4a7c15ULL + 1;
	int i;

	for (i = 0; i < rounds; i++) {
		struct slot *s = slots + next_random(&state) % SLOTS;
		size_t n = random_size(&state, max_bits) + 1;
		unsigned int op = next_random(&state) % 10;

		if (!(next_random(&state) % 500))
			n = n % 40 * 65536 + 1;
		pthread_mutex_lock(&s->lock);
		if (op < 3) {
			drop(s);
		} else {
			if (op < 7 || !s->p)
				replace(s, &state, n);
			else
				resize(s, n);
			if (!s->p) {
				count(&failed_calls);
				n = 0;
			}
			s->n = n;
			s->seed = next_random(&state);
			fill(s->p, n, s->seed);
			if (s->p)
				map_insert(s->p, n);
		}
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static void run(const char *name, int threads, bool map, int count_of,
		unsigned int bits)
{
	pthread_t t[THREADS];
	intptr_t i;

	use_map = map;
	rounds = count_of;
	max_bits = bits;
	overlaps = spoiled = misaligned = wrong_zero = failed_calls = 0;
	live_count = 0;
	for (i = 1; i < threads; i++)
		pthread_create(&t[i], NULL, work, (void *)i);
	work((void *)(intptr_t)(rounds * 8));
	for (i = 1; i < threads; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < SLOTS; i++)
		drop(slots + i);
	check(!overlaps && !spoiled && !misaligned && !wrong_zero &&
		      !failed_calls && !live_count,
	      name,
	      "%zu overlaps, %zu spoiled, %zu misaligned, %zu callocs dirty, "
	      "%zu NULL",
	      overlaps, spoiled, misaligned, wrong_zero, failed_calls);
}

int main(void)
{
	int i;

	begin("stress");
	slots = map_pages(SLOTS * sizeof(*slots));
	live = map_pages((SLOTS + THREADS + 1) * sizeof(*live));
	for (i = 0; i < SLOTS; i++)
		pthread_mutex_init(&slots[i].lock, NULL);
	run("one-thread-mapped", 1, true, 150000, 13);
	run("four-threads-mapped", THREADS, true, 60000, 13);
	run("four-threads-small", THREADS, false, 400000, 9);
	run("four-threads-large", THREADS, false, 4000, 18);
	return finish();
}
