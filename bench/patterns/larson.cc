/* SPDX-License-Identifier: MIT */
/*
 * larson: a server whose threads inherit each other's objects.
 *
 * Each of a few chains owns a table of objects of random size. A thread
 * replaces objects at random for one round, starts a thread that goes on
 * with the same table, and ends. So most objects are freed by another
 * thread than their maker, which often no longer exists. The table starts
 * with objects that the main thread made, dealt out to all the chains.
 *
 * Built twice: with SIZED=1 every delete says how large the object is.
 */
#include <new>
#include <pthread.h>

#include "bench.h"

enum { SLOTS = 5000, GENERATIONS = 50, SMALLEST = 8, LARGEST = 1000 };

struct object {
	char *block;
	size_t size;
};

struct chain {
	object table[SLOTS];
	uint64_t seed;
	uint64_t sum;
	int generation;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done;
};

static long rounds;

static void make(object *o, uint64_t *seed)
{
	o->size = bench_between(seed, SMALLEST, LARGEST);
	o->block = static_cast<char *>(::operator new(o->size));
	o->block[0] = static_cast<char>(o->size);
	o->block[o->size - 1] = 1;
}

static void drop(object *o)
{
	if (SIZED)
		::operator delete(o->block, o->size);
	else
		::operator delete(o->block);
}

static void start(chain *c);

static void *generation(void *arg)
{
	chain *c = static_cast<chain *>(arg);

	for (long i = 0; i < rounds; i++) {
		object *o = &c->table[bench_between(&c->seed, 0, SLOTS - 1)];

		c->sum += o->size + static_cast<unsigned char>(o->block[0]);
		drop(o);
		make(o, &c->seed);
	}
	if (++c->generation < GENERATIONS) {
		start(c);
		return nullptr;
	}
	pthread_mutex_lock(&c->lock);
	c->done = true;
	pthread_cond_signal(&c->ended);
	pthread_mutex_unlock(&c->lock);
	return nullptr;
}

static void start(chain *c)
{
	pthread_t thread;

	if (pthread_create(&thread, nullptr, generation, c)) {
		fputs("cannot start a thread\n", stderr);
		exit(1);
	}
	pthread_detach(thread);
}

int main(int argc, char **argv)
{
	static chain chains[BENCH_THREADS];
	uint64_t seed = 1, sum = 0;

	rounds = bench_scaled(argc, argv, 200000);
	for (int s = 0; s < SLOTS; s++)
		for (chain &c : chains)
			make(&c.table[s], &seed);
	for (chain &c : chains) {
		c.seed = bench_random(&seed);
		pthread_mutex_init(&c.lock, nullptr);
		pthread_cond_init(&c.ended, nullptr);
		start(&c);
	}
	for (chain &c : chains) {
		pthread_mutex_lock(&c.lock);
		while (!c.done)
			pthread_cond_wait(&c.ended, &c.lock);
		pthread_mutex_unlock(&c.lock);
		for (object &o : c.table)
			drop(&o);
		sum += c.sum;
	}
	printf("checksum %llu\n", static_cast<unsigned long long>(sum));
	return 0;
}
