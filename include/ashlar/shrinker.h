/* SPDX-License-Identifier: MIT */
/*
 * How the owners of caches give memory back under pressure. The functions are
 * documented in libashlar(3).
 */
#ifndef ASHLAR_SHRINKER_H
#define ASHLAR_SHRINKER_H

#include <ashlar/api.h>
#include <ashlar/gfp.h>

struct shrink_control {
	gfp_t gfp_mask;
	unsigned long nr_to_scan; /* objects that may be freed at most */
	unsigned long nr_scanned; /* set by scan_objects */
};

#define SHRINK_STOP (~0ul)
#define SHRINK_EMPTY (~0ul - 1)
#define DEFAULT_SEEKS 2

/*
 * count_objects says how much could be freed (0 or SHRINK_EMPTY: nothing),
 * scan_objects frees up to nr_to_scan and returns how many it freed, or
 * SHRINK_STOP if it cannot make progress now. Both run without locks held.
 */
struct shrinker {
	unsigned long (*count_objects)(struct shrinker *,
				       struct shrink_control *);
	unsigned long (*scan_objects)(struct shrinker *,
				      struct shrink_control *);
	int seeks; /* cost to recreate an object, in DEFAULT_SEEKS */
	const char *name;
	/* The core's, under its shrinker_lock. */
	struct shrinker *next, **pprev; /* on the list of all */
	unsigned long nr_deferred; /* objects left over from earlier rounds */
	unsigned int busy; /* rounds inside the two functions now */
};

#ifdef __cplusplus
extern "C" {
#endif

int register_shrinker(struct shrinker *shrinker, const char *name)
	ASHLAR_API(register_shrinker);
void unregister_shrinker(struct shrinker *shrinker)
	ASHLAR_API(unregister_shrinker);
unsigned long shrink_slab(gfp_t gfp, int priority) ASHLAR_API(shrink_slab);

#ifdef __cplusplus
}
#endif

#endif
