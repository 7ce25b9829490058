/* SPDX-License-Identifier: MIT */
/* A block as kmemleak knows it, for the files that look for leaks. */
#ifndef ASHLAR_MM_KMEMLEAK_H
#define ASHLAR_MM_KMEMLEAK_H

#include <ashlar/debug_hooks.h>
#include <ashlar/kmemleak.h>
#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <mach/spinlock.h>

/* Bytes of a block, of which alone its owner says that they hold pointers. */
struct leak_area {
	struct leak_area *next;
	unsigned long start;
	size_t size;
};

#define LEAK_BLACK (-1) /* min_count: never a leak, never scanned */
#define LEAK_GREY 0 /* min_count: never a leak */

/* kmemleak_object::flags, Linux's values. */
#define LEAK_ALLOCATED 0x1u
#define LEAK_REPORTED 0x2u
#define LEAK_NO_SCAN 0x4u

struct kmemleak_object {
	struct rb_node node; /* all objects, by address */
	struct list_head grey; /* of one scan: found, and not looked into yet */
	unsigned long start;
	size_t size;
	int min_count, count; /* of words that point at it */
	unsigned int flags;
	u32 stack; /* handle of slab_stacks */
	unsigned long time; /* port_time_ms() */
	struct leak_area *areas; /* NULL: all of it */
	struct task_ids owner;
};

/* kmemleak.c */
extern spinlock_t kmemleak_lock;
extern struct rb_root kmemleak_objects;
extern struct kmem_cache *leak_object_cache, *leak_area_cache; /* once on */
struct kmemleak_object *kmemleak_find(unsigned long address);

/* True if @o counts as found: no leak. */
static inline bool leak_is_found(const struct kmemleak_object *o)
{
	return o->min_count == LEAK_BLACK || o->count >= o->min_count;
}

#define for_each_leak_object(o)                                    \
	for (struct rb_node *leak_n = rb_first(&kmemleak_objects); \
	     leak_n && (o = leak_object(leak_n), true);            \
	     leak_n = rb_next(leak_n))

static inline struct kmemleak_object *leak_object(struct rb_node *n)
{
	return rb_entry(n, struct kmemleak_object, node);
}

#endif
