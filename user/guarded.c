/* SPDX-License-Identifier: MIT */
/*
 * malloc's blocks beside guards (mm/kfence.c): some, or all, as the options
 * sample= and guard= say. They lie outside of the frames, as large blocks do,
 * so it is there that a release looks for them.
 */
#include "mm/internal.h"
#include "mm/kfence.h"
#include "mm/sheaf_turn.h"
#include "port/user/user.h"
#include "guarded.h"
#include "user.h"
#include "watched.h"

/*
 * The pool's addresses are reserved at once, so the kernel's limit of them says
 * nothing to a large block: it is held to here.
 */
static size_t counted_bytes; /* of large blocks in use */

static bool is_large(size_t size)
{
	return size > KMALLOC_MAX_CACHE_SIZE;
}

static bool within_limit(size_t size)
{
	size_t used = __atomic_load_n(&counted_bytes, __ATOMIC_RELAXED);
	size_t most = address_limit();

	return size <= most && used <= most - size;
}

static void *alloc(const struct kfence_call *call)
{
	bool large = is_large(call->asked);
	void *p = !large || within_limit(call->asked) ? kfence_alloc(call) :
							NULL;

	if (p && large)
		__atomic_fetch_add(&counted_bytes, call->asked,
				   __ATOMIC_RELAXED);
	return p;
}

/* The operators, too, say which they are, where all blocks are guarded. */
static void guard_begins(void)
{
	static bool done;

	(void)mm_this_cpu(); /* this may be all that a program asks for */
	if (likely(READ_ONCE(done)))
		return;
	WRITE_ONCE(done, true);
	WRITE_ONCE(nothing_checked, false);
	if ((kfence_all || kfence_large) && ashlar_watch_operators)
		ashlar_watch_operators();
}

/**
 * unguarded_alloc() - an object that was released meanwhile
 * @size: bytes, KMALLOC_MAX_CACHE_SIZE at most
 *
 * Context: a slow path of malloc, while sheaves_turn. Return: the object, if
 * there are many such, and all of them can be had before the next sample; or
 * NULL.
 */
void *unguarded_alloc(size_t size)
{
	return sheaf_turn(kmalloc_index(size));
}

/**
 * unguarded_note() - a slow path has put objects at this CPU's hand
 * @s: a general cache
 *
 * They go by unseen, so the next sample is as much nearer. Context: while
 * sheaves_turn.
 */
void unguarded_note(const struct kmem_cache *s)
{
	sheaf_note(s->id);
}

/**
 * guarded_alloc() - a block beside a guard, if one is due
 * @size: bytes
 * @align: power of two
 * @kind: by whom it is asked for
 *
 * Context: a slow path of malloc, while kfence_on. Return: the block, of
 * zeroes; or NULL: an ordinary one will do.
 */
__cold_path void *guarded_alloc(size_t size, size_t align, enum alloc_kind kind)
{
	const struct kfence_call call = { .asked = size,
					  .align = align,
					  .kind = (u8)kind };

	if (likely(!kfence_due(1)))
		return NULL;
	guard_begins();
	return alloc(&call);
}

/**
 * guarded_large() - a block that is larger than any of a cache, and checked
 * @size: bytes
 * @align: power of two
 * @kind: by whom it is asked for
 *
 * Its end is beside the guard; but where slub_debug= alone asks for it, its
 * start: what is written behind it is told when it is freed. Return: the block,
 * of zeroes; NULL: an ordinary one will do.
 */
__cold_path void *guarded_large(size_t size, size_t align, enum alloc_kind kind)
{
	const struct kfence_call call = {
		.asked = size,
		.align = align,
		.kind = (u8)kind,
		.side = slab_check ? KFENCE_RIGHT : KFENCE_LEFT,
	};

	kfence_large = true;
	watched_begins();
	guard_begins();
	return alloc(&call);
}

/**
 * guarded_free() - take such a block back
 * @p: any address
 * @size: bytes that are said, or SIZE_UNKNOWN
 * @kind: by whom; believed where all blocks are guarded
 *
 * Return: false if it is none.
 */
__cold_path bool guarded_free(void *p, size_t size, enum alloc_kind kind)
{
	static const char names[][10] = { "free", "free", "delete",
					  "delete []" };
	const struct kfence_call call = {
		.asked = size,
		.kind = kfence_all || kfence_large ? (u8)kind : 0,
		.name = names[kind],
	};
	size_t old;

	if (kfence_holds(p, &old) && is_large(old))
		__atomic_fetch_sub(&counted_bytes, old, __ATOMIC_RELAXED);
	return kfence_free(p, &call);
}

/** guarded_holds() - True if one is in use at @p; @size: its bytes */
__cold_path bool guarded_holds(const void *p, size_t *size)
{
	return kfence_holds(p, size);
}
