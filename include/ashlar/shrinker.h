/* SPDX-License-Identifier: MIT */
/* How caches give memory back under pressure. Code: mm/shrinker.c. */
#ifndef ASHLAR_SHRINKER_H
#define ASHLAR_SHRINKER_H

#include <ashlar/compiler.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>

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
	/* private to mm/shrinker.c, under shrinker_lock */
	struct list_head list;
	unsigned long nr_deferred; /* objects left over from earlier rounds */
	unsigned int busy; /* rounds inside the two functions now */
};

#ifdef __cplusplus
extern "C" {
#endif

int register_shrinker(struct shrinker *shrinker, const char *name)
	__api(register_shrinker);
void unregister_shrinker(struct shrinker *shrinker) __api(unregister_shrinker);
unsigned long shrink_slab(gfp_t gfp, int priority) __api(shrink_slab);

#ifdef __cplusplus
}
#endif

#endif
