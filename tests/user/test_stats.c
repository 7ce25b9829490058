/* SPDX-License-Identifier: MIT */
/*
 * What the malloc says of its memory is true: ashlar_memory_stats(). The
 * numbers are compared with the kernel's own, and looked at while threads
 * allocate. The program asks weakly, as a server would.
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>

#pragma weak ashlar_memory_stats
#pragma weak ashlar_memory_classes
#pragma weak ashlar_memory_stats_json
#include <ashlar/stats.h>

enum { BLOCKS = 40000, SIZE = 1000, LARGE = 12 };

static struct ashlar_memory now(unsigned int flags)
{
	struct ashlar_memory s = { .size = sizeof(s) };

	if (ashlar_memory_stats(&s, flags))
		s.held = 0;
	return s;
}

static bool adds_up(const struct ashlar_memory *s)
{
	return s->held && s->held == s->live + s->rounding + s->room +
					     s->cached + s->own + s->free_kept +
					     s->large_kept;
}

/* Rss of all mappings that begin in [from, to), by the kernel's account. */
static size_t smaps_rss(uintptr_t from, uintptr_t to)
{
	static char text[4 << 20];
	size_t sum = 0, n = 0;
	int fd = open("/proc/self/smaps", O_RDONLY);
	unsigned long start, end, kb;
	bool inside = false;
	ssize_t got;
	char *line;

	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	text[n] = 0;
	for (line = text; *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start >= from && start < to;
		else if (inside && sscanf(line, "Rss: %lu kB", &kb) == 1)
			sum += kb << 10;
	}
	return sum;
}

static size_t difference(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

static void check_resident(void)
{
	static char *large[LARGE];
	static void *p[BLOCKS];
	struct ashlar_memory s;
	size_t rss, i;

	for (i = 0; i < BLOCKS; i++)
		p[i] = memset(malloc(SIZE), 1, SIZE);
	for (i = 0; i < LARGE; i++)
		large[i] = memset(malloc(4 * MB), 1, 4 * MB);
	/* RAM is one range of addresses, its tables lie before it. */
	rss = smaps_rss((uintptr_t)p[0] - (1ul << 40),
			(uintptr_t)p[0] + (1ul << 42));
	for (i = 0; i < LARGE; i++)
		rss += 4 * MB;
	s = now(ASHLAR_STATS_RESIDENT);
	say("# held %zu, resident %zu, by smaps %zu", s.held, s.resident, rss);
	check(difference(s.resident, rss) < 512 * KB, "resident-is-smaps",
	      "%zu, and %zu by smaps", s.resident, rss);
	check(s.held + 64 * KB >= s.resident && s.held - s.resident < 4 * MB,
	      "parts-sum-to-rss", "%zu held, %zu resident", s.held, s.resident);
	check(s.live >= BLOCKS * SIZE + LARGE * 4 * MB &&
		      s.live - s.rounding_most <=
			      BLOCKS * SIZE + LARGE * 4 * MB + MB,
	      "live-is-what-was-asked", "%zu, rounded by %zu at most", s.live,
	      s.rounding_most);
	for (i = 0; i < BLOCKS; i += 2)
		free(p[i]);
	s = now(0);
	check(adds_up(&s) && s.room + s.cached > BLOCKS / 2 * SIZE * 9 / 10,
	      "freed-blocks-are-room", "room %zu, cached %zu", s.room,
	      s.cached);
	for (i = 1; i < BLOCKS; i += 2)
		free(p[i]);
	for (i = 0; i < LARGE; i++)
		free(large[i]);
	malloc_trim(0);
	s = now(ASHLAR_STATS_RESIDENT);
	check(s.live < MB && s.resident < 4 * MB, "little-is-left",
	      "%zu live, %zu resident", s.live, s.resident);
}

static void check_classes(void)
{
	static struct ashlar_memory_class class[200];
	char text[40000];
	size_t nr, i, n, blocks = 0;
	void *p[300];

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = malloc(3000);
	nr = ashlar_memory_classes(class, ARRAY_SIZE(class), sizeof(*class));
	for (i = 0; i < nr && i < ARRAY_SIZE(class); i++)
		if (class[i].object_size == malloc_usable_size(p[0]))
			blocks += class[i].blocks;
	check(blocks >= ARRAY_SIZE(p) && blocks < ARRAY_SIZE(p) + 20,
	      "class-has-its-blocks", "%zu of %zu", blocks, ARRAY_SIZE(p));
	n = ashlar_memory_stats_json(text, sizeof(text), ASHLAR_STATS_CLASSES);
	check(n < sizeof(text) && n == strlen(text) && text[0] == '{' &&
		      text[n - 1] == '}' && strstr(text, "\"classes\":[{"),
	      "json", "%zu bytes: %.60s", n, text);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		free(p[i]);
}

static int stop;

static void *allocate(void *arg)
{
	uint64_t state = (uintptr_t)arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		void *p = malloc(next_random(&state) % 300000);

		free(p);
	}
	return NULL;
}

static void check_threads(void)
{
	struct ashlar_memory s = { 0 };
	pthread_t t[3];
	bool good = true;
	uintptr_t i;

	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, allocate, (void *)(i + 1));
	for (i = 0; i < 300 && good; i++) {
		s = now(i % 50 ? 0 : ASHLAR_STATS_RESIDENT);
		good = adds_up(&s) && s.held < 256 * MB;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	check(good, "while-threads-allocate", "held %zu", s.held);
}

int main(void)
{
	begin("stats");
	if (on_ashlar() &&
	    check(ashlar_memory_stats, "is-there", "it is not")) {
		check_resident();
		check_classes();
		check_threads();
	}
	return finish();
}
