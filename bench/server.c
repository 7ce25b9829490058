/* SPDX-License-Identifier: MIT */
/*
 * server - a heap through the phases of a long life.
 *
 *	MB  277 ┤                                        ╱╲
 *	    149 ┤              ╱────╲                   ╱  ╲
 *	    120 ┤   ╱────╲    ╱      ╲                 ╱    ╲──╲ 110
 *	     56 ┤  ╱      ╲  ╱        ╲       ╱───────╱         ╲
 *	     40 ┤ ╱        ╲╱          ╲     ╱  small            ╲
 *	     10 ┤╱ mix A      mix B     ╲───╱   objects   mix A   ╲
 *
 * On the way up objects are made, on the way down objects die at random, and
 * on the level ones die and others of the same mix are born. Each phase ends
 * with a quarter of a second in which the program makes no call.
 *
 * Prints "PHASE LIVE RESIDENT" in MB, four times a phase. LIVE is what the
 * program asked for and has not freed; the table of the objects is in neither.
 */
#include "bench.h"

enum { MOST = 1500000, SAMPLES = 4 };

static struct object {
	void *p;
	size_t size;
} object[MOST];

static size_t objects, live;
static uint64_t seed;

/* Short strings and nodes, some records, a few buffers. */
static size_t mix_a(void)
{
	unsigned int which = bench_random(&seed) % 1000;

	if (which < 700)
		return bench_log_size(&seed, 16, 1024);
	if (which < 980)
		return bench_between(&seed, 256, 4096);
	if (which < 999)
		return bench_between(&seed, 4 << 10, 64 << 10);
	return bench_between(&seed, 128 << 10, 512 << 10);
}

/* Records of other sizes, and more buffers. */
static size_t mix_b(void)
{
	unsigned int which = bench_random(&seed) % 1000;

	if (which < 900)
		return bench_between(&seed, 40, 600);
	if (which < 990)
		return bench_between(&seed, 1 << 10, 8 << 10);
	return bench_between(&seed, 16 << 10, 100 << 10);
}

static size_t small(void)
{
	return bench_between(&seed, 16, 128);
}

static void make(size_t (*mix)(void))
{
	struct object *o = &object[objects];

	if (++objects > MOST) {
		fputs("too many objects\n", stderr);
		exit(1);
	}
	o->size = mix();
	o->p = bench_checked(malloc(o->size));
	memset(o->p, 1, o->size);
	live += o->size;
}

static void end_one(void)
{
	struct object *o = &object[bench_random(&seed) % objects];

	free(o->p);
	live -= o->size;
	*o = object[--objects];
}

static void sample(const char *phase, int nr)
{
	static const struct timespec rest = { 0, 250000000 };

	if (nr == SAMPLES)
		nanosleep(&rest, NULL);
	printf("%s %.1f %.1f\n", phase, (double)live / 1e6,
	       bench_resident() * 1024 / 1e6 - sizeof(object) / 1e6);
}

static void grow(const char *phase, size_t mb, size_t (*mix)(void))
{
	size_t from = live;
	int i;

	for (i = 1; i <= SAMPLES; i++) {
		while (live < from + (mb * 1000000 - from) / SAMPLES * i)
			make(mix);
		sample(phase, i);
	}
}

static void churn(const char *phase, size_t (*mix)(void))
{
	size_t level = live, n;
	int i;

	for (i = 1; i <= SAMPLES; i++) {
		for (n = objects / 4; n; n--) {
			end_one();
			while (live < level)
				make(mix);
		}
		sample(phase, i);
	}
}

static void drop(const char *phase, size_t mb)
{
	size_t from = live;
	int i;

	for (i = 1; i <= SAMPLES; i++) {
		size_t to = from - (from - mb * 1000000) / SAMPLES * i;

		while (objects && (live > to || !to))
			end_one();
		sample(phase, i);
	}
}

int main(void)
{
	memset(object, 1, sizeof(object));
	grow("first-mix", 120, mix_a);
	churn("churn", mix_a);
	drop("drop-to-40", 40);
	grow("second-mix", 149, mix_b);
	churn("churn-again", mix_b);
	drop("drop-to-10", 10);
	grow("small-objects", 56, small);
	grow("first-mix-again", 277, mix_a);
	drop("drop-60-percent", 111);
	drop("free-all", 0);
	return 0;
}
