/* SPDX-License-Identifier: MIT */
/*
 * Blocks that nothing points at any more: what is known of each block.
 *
 *   kmalloc, kmem_cache_alloc ─► watched.c ─ slab_alloc_hook ─┐
 *   vmalloc ──────────────────────────────────────────────────┼─► an object,
 *   an owner: kmemleak_alloc() ───────────────────────────────┘   in a tree
 *
 *   white  fewer words point at it than must: a leak, if it stays so
 *   grey   enough do, or its owner says that it is no leak: looked into
 *   black  its owner says so, and that nothing lies in it: left alone
 *
 * The boot word kmemleak=on makes every cache that is created from then on a
 * watched one (slab_debug_option.c), so that its objects pass by here; without
 * it no path has a test for this but that of watched caches and vmalloc's. The
 * objects themselves are of caches that are not looked at (SLAB_NOLEAKTRACE).
 * Where one cannot be had, all of this ends: what is not known would make
 * leaks of what it points at.
 *
 * Lock: kmemleak_lock, the innermost: held for a whole scan (kmemleak_scan.c).
 */
#include <ashlar/errno.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include "internal.h"
#include "kmemleak.h"
#include "slab_debug.h"

bool kmemleak_enabled, kmemleak_stacks = true;
spinlock_t kmemleak_lock = SPIN_LOCK_UNLOCKED;
struct rb_root kmemleak_objects = RB_ROOT;
const struct debug_hooks *debug_hooks;

struct kmem_cache *leak_object_cache, *leak_area_cache;

/* ---- the tree ---- */

/* The object that has the byte at @address, or NULL. Context: the lock. */
struct kmemleak_object *kmemleak_find(unsigned long address)
{
	struct rb_node *n = kmemleak_objects.rb_node;
	struct kmemleak_object *o;

	while (n) {
		o = leak_object(n);
		if (address - o->start < o->size)
			return o;
		n = address < o->start ? n->rb_left : n->rb_right;
	}
	return NULL;
}

/* The object that begins at @ptr, or NULL. Context: the lock. */
static struct kmemleak_object *find_start(const void *ptr)
{
	struct kmemleak_object *o = kmemleak_find((unsigned long)ptr);

	return o && o->start == (unsigned long)ptr ? o : NULL;
}

/* False: some of its bytes are another object's. Context: the lock. */
static bool insert(struct kmemleak_object *object)
{
	struct rb_node **link = &kmemleak_objects.rb_node, *parent = NULL;
	struct kmemleak_object *o;

	while (*link) {
		parent = *link;
		o = leak_object(parent);
		if (object->start + object->size <= o->start)
			link = &parent->rb_left;
		else if (o->start + o->size <= object->start)
			link = &parent->rb_right;
		else
			return false;
	}
	rb_link_node(&object->node, parent, link);
	rb_insert_color(&object->node, &kmemleak_objects);
	return true;
}

static void free_object(struct kmemleak_object *o)
{
	struct leak_area *area;

	while ((area = o->areas)) {
		o->areas = area->next;
		kmem_cache_free(leak_area_cache, area);
	}
	kmem_cache_free(leak_object_cache, o);
}

/* ---- blocks come and go ---- */

static gfp_t own_gfp(gfp_t gfp)
{
	return (gfp & (GFP_KERNEL | GFP_ATOMIC)) | __GFP_NOWARN;
}

static void fill_object(struct kmemleak_object *o, const void *ptr, size_t size,
			int min_count, u32 stack)
{
	*o = (struct kmemleak_object){
		.start = (unsigned long)ptr,
		.size = size,
		.min_count = min_count,
		.flags = LEAK_ALLOCATED,
		.stack = stack ? stack : slab_stack_now(),
		.time = port_time_ms(),
		.owner.pid = port_pid(),
	};
	if (debug_hooks)
		debug_hooks->running(&o->owner);
}

static void add(const void *ptr, size_t size, int min_count, u32 stack,
		gfp_t gfp)
{
	struct kmemleak_object *o;
	bool added;

	o = kmem_cache_alloc(leak_object_cache, own_gfp(gfp));
	if (!o) {
		mm_log("kmemleak: Cannot allocate a kmemleak_object structure");
		kmemleak_disable();
		return;
	}
	fill_object(o, ptr, size, min_count, stack);
	spin_lock(&kmemleak_lock);
	added = insert(o);
	spin_unlock(&kmemleak_lock);
	if (added)
		return;
	mm_log("kmemleak: Cannot insert %p into the object search tree "
	       "(overlaps existing)",
	       ptr);
	free_object(o);
	kmemleak_disable();
}

/*
 * __kmemleak_alloc() - a block begins
 * @ptr: its first byte
 * @size: of it, in bytes
 * @min_count: fewer words than this that point into it make it a leak; 0: it
 *	is none; -1: it is none, and holds no pointers
 * @gfp: GFP_* flags
 */
void __kmemleak_alloc(const void *ptr, size_t size, int min_count, gfp_t gfp)
{
	if (!ZERO_OR_NULL_PTR(ptr) && size)
		add(ptr, size, min_count, 0, gfp);
}

static void object_begins(const void *obj, size_t bytes, u32 stack,
			  slab_flags_t flags, gfp_t gfp)
{
	if (!(flags & SLAB_NOLEAKTRACE) && bytes)
		add(obj, bytes, 1, stack, gfp);
}

/* __kmemleak_free() - a block ends; what is not known is ignored */
void __kmemleak_free(const void *ptr)
{
	struct kmemleak_object *o;

	spin_lock(&kmemleak_lock);
	o = find_start(ptr);
	if (o)
		rb_erase(&o->node, &kmemleak_objects);
	spin_unlock(&kmemleak_lock);
	if (o)
		free_object(o);
}

/* ---- what owners say ---- */

/* __kmemleak_color() - kmemleak_not_leak(), or without @scanned _ignore() */
void __kmemleak_color(const void *ptr, bool scanned)
{
	struct kmemleak_object *o;

	spin_lock(&kmemleak_lock);
	o = find_start(ptr);
	if (o)
		o->min_count = scanned ? LEAK_GREY : LEAK_BLACK;
	if (o && !scanned)
		o->flags |= LEAK_NO_SCAN;
	spin_unlock(&kmemleak_lock);
	if (!o)
		mm_log("kmemleak: Trying to color unknown object at %p as %s",
		       ptr, scanned ? "Grey" : "Black");
}

/* __kmemleak_no_scan() - kmemleak_no_scan() */
void __kmemleak_no_scan(const void *ptr)
{
	struct kmemleak_object *o;

	spin_lock(&kmemleak_lock);
	o = find_start(ptr);
	if (o)
		o->flags |= LEAK_NO_SCAN;
	spin_unlock(&kmemleak_lock);
	if (!o)
		mm_log("kmemleak: Not scanning unknown object at %p", ptr);
}

/* Without memory for an area all of the block is looked into: no harm. */
void __kmemleak_scan_area(const void *ptr, size_t size, gfp_t gfp)
{
	struct leak_area *area =
		kmem_cache_alloc(leak_area_cache, own_gfp(gfp));
	struct kmemleak_object *o;
	bool inside;

	if (!area)
		return;
	spin_lock(&kmemleak_lock);
	o = kmemleak_find((unsigned long)ptr);
	inside = o && size <= o->start + o->size - (unsigned long)ptr;
	if (inside) {
		*area = (struct leak_area){ o->areas, (unsigned long)ptr,
					    size };
		o->areas = area;
	}
	spin_unlock(&kmemleak_lock);
	if (inside)
		return;
	kmem_cache_free(leak_area_cache, area);
	mm_log("kmemleak: Adding scan area to unknown object at %p", ptr);
}

/* ---- on and off ---- */

/**
 * setup_kmemleak() - the boot word kmemleak=
 * @str: "on": know all blocks from now on; "off"
 *
 * Caches that are there already stay unknown. Context: may sleep. Return: 0 or
 * -EINVAL; -ENOMEM, and it stays off.
 */
int setup_kmemleak(const char *str)
{
	if (!ashlar_strcmp(str, "off")) {
		slab_trace_objects = false;
		kmemleak_disable();
		return 0;
	}
	if (ashlar_strcmp(str, "on"))
		return -EINVAL;
	if (!leak_object_cache)
		leak_object_cache = kmem_cache_create(
			"kmemleak_object", sizeof(struct kmemleak_object), 0,
			SLAB_NOLEAKTRACE, NULL);
	if (!leak_area_cache)
		leak_area_cache = kmem_cache_create("kmemleak_scan_area",
						    sizeof(struct leak_area), 0,
						    SLAB_NOLEAKTRACE, NULL);
	if (!leak_object_cache || !leak_area_cache)
		return -ENOMEM;
	slab_trace_objects = true;
	slab_alloc_hook = object_begins;
	slab_free_hook = __kmemleak_free;
	kmemleak_enabled = true;
	return 0;
}

/* kmemleak_disable() - no block is known from now on; for good, as in Linux */
void kmemleak_disable(void)
{
	if (kmemleak_enabled)
		mm_log("kmemleak: Kernel memory leak detector disabled");
	kmemleak_enabled = false;
	slab_alloc_hook = NULL;
	slab_free_hook = NULL;
}

static void forget_all(void)
{
	struct rb_node *n;

	do {
		spin_lock(&kmemleak_lock);
		n = rb_first(&kmemleak_objects);
		if (n)
			rb_erase(n, &kmemleak_objects);
		spin_unlock(&kmemleak_lock);
		if (n)
			free_object(leak_object(n));
	} while (n);
}

/**
 * kmemleak_clear() - what was reported is no leak
 *
 * Once it is off, all that was known is forgotten. Context: no lock held.
 */
void kmemleak_clear(void)
{
	struct kmemleak_object *o;

	if (!kmemleak_enabled) {
		forget_all();
		return;
	}
	spin_lock(&kmemleak_lock);
	for_each_leak_object(o) if ((o->flags & LEAK_REPORTED) &&
				    !leak_is_found(o)) o->min_count = LEAK_GREY;
	spin_unlock(&kmemleak_lock);
}
