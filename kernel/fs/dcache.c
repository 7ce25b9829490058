/* SPDX-License-Identifier: MIT */
/*
 * Names that nothing uses, of filesystems that have them on a disk
 * (SB_CACHED): they stay, found or not found, until memory is wanted.
 *
 *   unused ⇄ dentry ⇄ dentry ⇄        d_lru; the first goes first
 *              │ d_parent, with a reference
 *              ▼
 *            a directory, unused or not, goes after all of its names
 *
 * A name that is used again stays on the list, and is passed over once when
 * the shrinker comes. d_count is 0 exactly while a name is unused; the hash
 * finds it, and its finder takes the first reference again.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/shrinker.h>
#include <kernel/fs/dentry.h>
#include <kernel/panic.h>
#include "internal.h"
#include "list_lru.h"

static LIST_LRU(unused);
int vfs_cache_pressure = 100;

/* The last reference to a name went, which stays. */
void dcache_keep(struct dentry *d)
{
	if (list_empty(&d->d_lru))
		list_lru_add(&unused, &d->d_lru);
	else
		d->d_referenced = true;
}

/* A name leaves memory. */
void dcache_forget(struct dentry *d)
{
	list_lru_del(&unused, &d->d_lru);
}

/* An unused name goes, and with it the reference to its directory. */
static void kill(struct dentry *d)
{
	dget(d);
	d_delete(d);
	d->d_unlinked = false; /* it is where it was, but not here */
	dput(d);
}

/*
 * A directory is removed: what was looked for in it is not there, and would
 * keep it. What is still used holds it, as it does anywhere.
 */
void dcache_prune(struct dentry *dir)
{
	struct dentry *d;
	bool again = true;

	while (again) {
		again = false;
		list_for_each_entry(d, &dir->d_children, d_sibling) {
			if (!d->d_cached || atomic_read(&d->d_count))
				continue;
			kill(d); /* sleeps, maybe: the list is another */
			again = true;
			break;
		}
	}
}

static unsigned long count_unused(struct shrinker *s, struct shrink_control *sc)
{
	(void)s;
	(void)sc;
	return vfs_pressure(unused.nr);
}

static enum lru_status isolate(struct list_head *item)
{
	struct dentry *d = container_of(item, struct dentry, d_lru);

	if (atomic_read(&d->d_count))
		return LRU_IN_USE;
	if (d->d_referenced) {
		d->d_referenced = false;
		return LRU_ROTATE;
	}
	kill(d);
	return LRU_REMOVED;
}

static unsigned long scan_unused(struct shrinker *s, struct shrink_control *sc)
{
	(void)s;
	return list_lru_walk(&unused, isolate, sc->nr_to_scan);
}

static struct shrinker dentry_shrinker = {
	.count_objects = count_unused,
	.scan_objects = scan_unused,
	.seeks = DEFAULT_SEEKS,
};

/** dcache_init() - the shrinker of names; boot */
void dcache_init(void)
{
	if (register_shrinker(&dentry_shrinker, "dentry"))
		panic("no memory for the shrinker of names");
}
