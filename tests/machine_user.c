/* SPDX-License-Identifier: MIT */
/*
 * The tests' machine, when it is a process: a CPU is a thread that waits for
 * work. Stopping it ends the thread, and with it the CPU.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <ashlar/xa_slots.h>
#include "../mm/internal.h"
#include "harness.h"

static struct worker {
	pthread_t thread;
	bool alive;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void (*fn)(void *arg); /* NULL: nothing to do */
	void *arg;
	bool quit;
} workers[TEST_CPUS + 1];

static void *work(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		if (w->fn) {
			pthread_mutex_unlock(&w->lock);
			w->fn(w->arg);
			pthread_mutex_lock(&w->lock);
			w->fn = NULL;
			pthread_cond_broadcast(&w->changed);
		} else {
			pthread_cond_wait(&w->changed, &w->lock);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void start(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	struct worker *w = &workers[cpu];

	if (cpu == 0 || cpu > TEST_CPUS)
		abort();
	if (!w->alive) {
		pthread_mutex_init(&w->lock, NULL);
		pthread_cond_init(&w->changed, NULL);
		w->quit = false;
		w->alive = true;
		if (pthread_create(&w->thread, NULL, work, w))
			abort();
	}
	pthread_mutex_lock(&w->lock);
	w->fn = fn;
	w->arg = arg;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static void finish(unsigned int cpu)
{
	struct worker *w = &workers[cpu];

	pthread_mutex_lock(&w->lock);
	while (w->fn)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void on_cpu(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	if (cpu == 0) {
		fn(arg);
		return;
	}
	start(cpu, fn, arg);
	finish(cpu);
}

void in_parallel(unsigned int n, void (*fn)(void *arg), void *arg)
{
	for (unsigned int cpu = 1; cpu <= n; cpu++)
		start(cpu, fn, arg);
	for (unsigned int cpu = 1; cpu <= n; cpu++)
		finish(cpu);
}

void stop_cpu(unsigned int cpu)
{
	struct worker *w = &workers[cpu];

	if (!w->alive)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	w->alive = false;
}

void stop_all_cpus(void)
{
	struct mm_cpu *self = mm_this_cpu();
	LIST_HEAD(reaped);

	for (unsigned int cpu = 1; cpu <= TEST_CPUS; cpu++)
		stop_cpu(cpu);
	slab_cpu_drain(self, &reaped);
	slab_release_list(&reaped);
	pcp_drain(&self->pcp);
}

void machine_settle(void)
{
}

static void come_online(void *arg)
{
	mm_this_cpu();
	(void)arg;
}

/*
 * The cache that CPUs come from is made for the second one, that of arrays'
 * nodes for the first that grows.
 */
void machine_boot(void)
{
	mm_this_cpu();
	on_cpu(1, come_online, NULL);
	xarray_init();
}
