/* SPDX-License-Identifier: MIT */
/*
 * Shrinkers: how the owners of caches give memory back under pressure.
 *
 * Reclaim walks the registered shrinkers with a priority from 12 (mild) down
 * to 0 (desperate). Each is asked how much it could free, and is then made
 * to look at a part of that:
 *
 *                count        4          priority 12: a 4096th, times 2
 *   objects = ----------- × -----        priority  0: everything
 *             2^priority    seeks        seeks: cost to make one again
 *
 * in batches of SHRINK_BATCH. What is less than a batch, or could not be
 * scanned now, is deferred: it is added to the next round, so that small
 * caches shrink too. (The proportion is Linux's.)
 *
 * Lock: shrinker_lock protects the list and the private fields, and is not
 * held while a shrinker runs: `busy` keeps the shrinker registered instead.
 */
#include <ashlar/shrinker.h>
#include "internal.h"

static struct shrinker *shrinkers; /* the first */
static struct shrinker **shrinkers_end = &shrinkers;
spinlock_t shrinker_lock = SPIN_LOCK_UNLOCKED;

/**
 * register_shrinker() - take part in reclaim
 * @shrinker: its two functions and seeks set; stays until unregistered
 * @name: for reports; kept, not copied
 *
 * Return: 0.
 */
int register_shrinker(struct shrinker *shrinker, const char *name)
{
	shrinker->name = name;
	shrinker->nr_deferred = 0;
	shrinker->busy = 0;
	spin_lock(&shrinker_lock);
	shrinker->next = NULL;
	shrinker->pprev = shrinkers_end;
	*shrinkers_end = shrinker;
	shrinkers_end = &shrinker->next;
	spin_unlock(&shrinker_lock);
	return 0;
}

/**
 * unregister_shrinker() - no longer take part in reclaim
 * @shrinker: was registered; not called from its own functions
 *
 * Context: waits until no CPU is inside the shrinker's functions.
 */
void unregister_shrinker(struct shrinker *shrinker)
{
	for (;;) {
		spin_lock(&shrinker_lock);
		if (shrinker->busy == 0)
			break;
		spin_unlock(&shrinker_lock);
		port_wait(shrinker);
	}
	*shrinker->pprev = shrinker->next;
	if (shrinker->next)
		shrinker->next->pprev = shrinker->pprev;
	else
		shrinkers_end = shrinker->pprev;
	spin_unlock(&shrinker_lock);
}

/* Objects to look at in this round, of @freeable. */
static unsigned long round_size(const struct shrinker *shrinker,
				unsigned long freeable, int priority)
{
	if (shrinker->seeks == 0) /* free to recreate: half at once */
		return freeable / 2;
	return (freeable >> priority) * 4 / (unsigned long)shrinker->seeks;
}

static unsigned long take_deferred(struct shrinker *shrinker)
{
	return __atomic_exchange_n(&shrinker->nr_deferred, 0, __ATOMIC_RELAXED);
}

/* One round of one shrinker; returns objects freed. */
static unsigned long shrink_one(struct shrinker *shrinker, gfp_t gfp,
				int priority)
{
	struct shrink_control sc = { .gfp_mask = gfp };
	unsigned long freeable = shrinker->count_objects(shrinker, &sc);
	unsigned long deferred, delta, todo, scanned = 0, freed = 0;

	if (freeable == 0 || freeable == SHRINK_EMPTY)
		return 0;
	deferred = take_deferred(shrinker);
	delta = round_size(shrinker, freeable, priority);
	todo = min((deferred >> priority) + delta, 2 * freeable);

	while (todo >= SHRINK_BATCH || todo >= freeable) {
		unsigned long ret;

		sc.nr_to_scan = min((unsigned long)SHRINK_BATCH, todo);
		sc.nr_scanned = sc.nr_to_scan;
		ret = shrinker->scan_objects(shrinker, &sc);
		if (ret == SHRINK_STOP)
			break;
		freed += ret;
		scanned += sc.nr_scanned;
		if (todo <= sc.nr_scanned || sc.nr_scanned == 0)
			break;
		todo -= sc.nr_scanned;
	}

	deferred += delta;
	deferred = deferred > scanned ? deferred - scanned : 0;
	__atomic_fetch_add(&shrinker->nr_deferred, min(deferred, 2 * freeable),
			   __ATOMIC_RELAXED);
	return freed;
}

/**
 * shrink_slab() - one round through all shrinkers
 * @gfp: how the allocation that needs memory may behave
 * @priority: 12 (a little) … 0 (everything)
 *
 * Context: may wait; called without locks. Return: objects freed.
 */
unsigned long shrink_slab(gfp_t gfp, int priority)
{
	struct shrinker *shrinker;
	unsigned long freed = 0;

	spin_lock(&shrinker_lock);
	for (shrinker = shrinkers; shrinker; shrinker = shrinker->next) {
		shrinker->busy++;
		spin_unlock(&shrinker_lock);
		freed += shrink_one(shrinker, gfp, priority);
		spin_lock(&shrinker_lock);
		if (--shrinker->busy == 0)
			port_wake(shrinker);
	}
	spin_unlock(&shrinker_lock);
	return freed;
}

/* In a forked child only this thread is left, and it is not reclaiming. */
void shrinker_fork_child(void)
{
	struct shrinker *shrinker;

	for (shrinker = shrinkers; shrinker; shrinker = shrinker->next)
		shrinker->busy = 0;
}
