/* SPDX-License-Identifier: MIT */
/*
 * A sparse array of pointers, as a tree of nodes with 64 slots each. It is as
 * high as its largest index asks for, and an entry at index 0 alone needs no
 * node at all, so a file of one page costs nothing here.
 *
 *   xa_head ─► node, shift 6 ─ slots[0] ─► node, shift 0 ─ slots[i] ─► entry
 *                            └ slots[2] ─► …           index 0 … 63
 *                                          index 128 … 191
 *
 *   xa_head and slots of a node with shift > 0 hold a node's address + 2;
 *   slots of a node with shift 0 hold entries: pointers, whose two low bits
 *   are 0, and numbers, whose lowest bit is 1.
 *   count = slots in use, never 0 but inside a call
 *   root: some slot other than 0 is in use, or the tree is one level lower
 *
 * Entries may have marks: mm/xarray_marks.c. They are found one after the
 * other, mm/xarray_find.c, and an array may give out indices,
 * mm/xarray_alloc.c.
 *
 * A node that is missing is first asked for without waiting. If there is
 * none, nodes are fetched with nothing held and the walk begins anew: whoever
 * ran in between may have changed the tree. Each time it is one node more, for
 * a walk that ends early gives back those that it put in.
 *
 * Locks: xa_lock, taken by every function but those whose names begin with
 * two underscores, xa_slots() and xa_clear_slots(): they want it held. What
 * allocates comes below it.
 */
#include <ashlar/compiler.h>
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/slab.h>
#include <ashlar/xa_slots.h>
#include "internal.h"
#include "xa_node.h"

static struct kmem_cache *xa_node_cache;

/* The cache of nodes, made by whoever comes first; NULL without memory. */
static struct kmem_cache *node_cache(void)
{
	struct kmem_cache *s = smp_load_acquire(&xa_node_cache), *first = NULL;

	if (likely(s))
		return s;
	s = kmem_cache_create("radix_tree_node", sizeof(struct xa_node), 0,
			      SLAB_RECLAIM_ACCOUNT, NULL);
	if (!s ||
	    __atomic_compare_exchange_n(&xa_node_cache, &first, s, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return s;
	kmem_cache_destroy(s);
	return first;
}

/**
 * xarray_init() - make the cache of nodes
 *
 * Before the first array is used, where arrays grow in places that may not
 * wait. Elsewhere the first one that grows makes it. Context: boot.
 */
void xarray_init(void)
{
	if (!node_cache())
		mm_panic("xarray_init: no memory");
}

/**
 * __xa_load() - the entry at an index
 * @xa: the array
 * @index: where
 *
 * Context: xa_lock. Return: the entry, or NULL.
 */
void *__xa_load(const struct xarray *xa, unsigned long index)
{
	const struct xa_node *leaf;

	if (unlikely(!xa_is_node(xa->xa_head)))
		return index ? NULL : xa->xa_head;
	leaf = xa_leaf(xa, index);
	return leaf ? leaf->slots[index & XA_CHUNK_MASK] : NULL;
}

/**
 * xa_load() - the entry at an index
 * @xa: the array
 * @index: where
 *
 * Context: any. Return: the entry, or NULL.
 */
void *xa_load(struct xarray *xa, unsigned long index)
{
	void *entry;

	xa_lock(xa);
	entry = __xa_load(xa, index);
	xa_unlock(xa);
	return entry;
}

/**
 * xa_slots() - entries that lie side by side
 * @xa: the array
 * @index: the first one's index
 * @nr: receives how many slots follow, this one included
 *
 * Context: xa_lock. Return: the slot of @index; the slots after it, up to the
 * next multiple of XA_CHUNK_SIZE, come next in memory, NULL where there is no
 * entry. NULL: none of them has one. Valid until the array changes.
 */
void **xa_slots(struct xarray *xa, unsigned long index, unsigned int *nr)
{
	struct xa_node *leaf;

	if (!xa_is_node(xa->xa_head)) {
		*nr = 1;
		return index ? NULL : &xa->xa_head;
	}
	*nr = XA_CHUNK_SIZE - (index & XA_CHUNK_MASK);
	leaf = xa_leaf(xa, index);
	return leaf ? &leaf->slots[index & XA_CHUNK_MASK] : NULL;
}

/* Give up nodes without entries, from @node upwards. */
static void xa_prune(struct xarray *xa, struct xa_node *node)
{
	while (node && !node->count) {
		struct xa_node *parent = node->parent;

		if (parent) {
			parent->slots[node->offset] = NULL;
			parent->count--;
		} else {
			xa->xa_head = NULL;
		}
		kmem_cache_free(xa_node_cache, node);
		node = parent;
	}
}

/* A root that leads to slot 0 alone is a level too many. */
static void xa_shrink(struct xarray *xa)
{
	while (xa_is_node(xa->xa_head)) {
		struct xa_node *root = xa_to_node(xa->xa_head);

		if (root->count != 1 || !root->slots[0])
			return;
		xa->xa_head = root->slots[0];
		if (root->shift)
			xa_to_node(xa->xa_head)->parent = NULL;
		kmem_cache_free(xa_node_cache, root);
	}
}

/* A zeroed node: of *@spare, or what can be had without waiting. */
static struct xa_node *xa_new_node(struct xa_node **spare, unsigned int shift)
{
	struct xa_node *node = *spare;

	if (node) {
		*spare = node->parent;
		node->parent = NULL;
	} else {
		struct kmem_cache *cache = smp_load_acquire(&xa_node_cache);

		/* Until there is one, xa_take_spares() is to be asked. */
		if (likely(cache))
			node = kmem_cache_zalloc(cache,
						 GFP_NOWAIT | __GFP_NOWARN);
	}
	if (node)
		node->shift = (u8)shift;
	return node;
}

/* All that there was is below slot 0 of a new root. */
static void take_marks(const struct xarray *xa, struct xa_node *root)
{
	unsigned int mark;

	for (mark = 0; mark < XA_MAX_MARKS; mark++)
		if (xa_marked(xa, mark))
			root->marks[mark][0] = 1;
	if (xa_gives_indices(xa) && xa_head_is_full(xa))
		root->marks[XA_MARK_0][0] = 1;
}

/* Put roots on top until the tree reaches @index. */
static int xa_expand(struct xarray *xa, unsigned long index,
		     struct xa_node **spare)
{
	for (;;) {
		void *head = xa->xa_head;
		unsigned int shift = 0;
		struct xa_node *root;

		if (xa_is_node(head)) {
			if (likely(!xa_beyond(xa_to_node(head), index)))
				return 0;
			shift = xa_to_node(head)->shift + XA_CHUNK_SHIFT;
		} else if (!head) {
			while (index >> shift >= XA_CHUNK_SIZE)
				shift += XA_CHUNK_SHIFT;
		}
		root = xa_new_node(spare, shift);
		if (!root)
			return -ENOMEM;
		if (head) {
			root->slots[0] = head;
			root->count = 1;
			if (unlikely(xa->xa_flags))
				take_marks(xa, root);
		}
		if (xa_is_node(head))
			xa_to_node(head)->parent = root;
		xa->xa_head = xa_mk_node(root);
	}
}

/* The slot of @index with every node above it; *@leaf NULL: the head. */
static int xa_make_slot(struct xarray *xa, unsigned long index,
			struct xa_node **leaf, struct xa_node **spare)
{
	struct xa_node *node, *child;
	int err;

	*leaf = NULL;
	if (!index && !xa_is_node(xa->xa_head))
		return 0;
	err = xa_expand(xa, index, spare);
	if (err) {
		xa_shrink(xa);
		return err;
	}
	node = xa_to_node(xa->xa_head);
	while (node->shift) {
		void **slot = &node->slots[xa_offset(node, index)];

		if (!*slot) {
			child = xa_new_node(spare,
					    node->shift - XA_CHUNK_SHIFT);
			if (!child) {
				xa_prune(xa, node);
				xa_shrink(xa);
				return -ENOMEM;
			}
			child->parent = node;
			child->offset = (u8)xa_offset(node, index);
			*slot = xa_mk_node(child);
			node->count++;
		}
		node = xa_to_node(*slot);
	}
	*leaf = node;
	return 0;
}

/* xa_free_spares() - free nodes that were not needed, linked by ->parent */
void xa_free_spares(struct xa_node *spare)
{
	struct xa_node *node;

	while ((node = spare)) {
		spare = node->parent;
		kmem_cache_free(xa_node_cache, node);
	}
}

/* xa_take_spares() - @nr zeroed nodes, linked by ->parent; NULL: too many */
struct xa_node *xa_take_spares(unsigned int nr, gfp_t gfp)
{
	struct kmem_cache *cache = node_cache();
	struct xa_node *spare = NULL, *node;

	if (!cache)
		return NULL;
	for (; nr; nr--) {
		node = kmem_cache_zalloc(cache, gfp);
		if (!node) {
			xa_free_spares(spare);
			return NULL;
		}
		node->parent = spare;
		spare = node;
	}
	return spare;
}

/*
 * xa_try_store() - put an entry into the array, with nodes that are at hand
 *
 * Uses up @spare before it asks the cache. Returns what was there, which stays
 * unless @replace; or an error: one node more is needed, and nothing happened.
 */
void *xa_try_store(struct xarray *xa, unsigned long index, void *entry,
		   bool replace, struct xa_node **spare)
{
	struct xa_node *leaf;
	void **slot, *old;

	if (unlikely(xa_make_slot(xa, index, &leaf, spare)))
		return xa_mk_err(-ENOMEM);
	slot = leaf ? &leaf->slots[index & XA_CHUNK_MASK] : &xa->xa_head;
	old = *slot;
	if (!old && leaf) {
		leaf->count++;
		if (unlikely(xa_gives_indices(xa)))
			xa_set_full(leaf, index & XA_CHUNK_MASK);
	}
	if (!old || replace)
		*slot = entry;
	return old;
}

/* The same, with the lock, which is let go to wait for memory. */
static void *store_entry(struct xarray *xa, unsigned long index, void *entry,
			 bool replace, gfp_t gfp)
{
	struct xa_node *spare = NULL;
	unsigned int nr = 0;
	void *old;

	for (;;) {
		old = xa_try_store(xa, index, entry, replace, &spare);
		if (likely(!xa_is_err(old)))
			break;
		xa_unlock(xa);
		spare = xa_take_spares(++nr, gfp);
		xa_lock(xa);
		if (!spare)
			break;
	}
	xa_free_spares(spare);
	return old;
}

/**
 * __xa_store() - put an entry into the array
 * @xa: the array
 * @index: where
 * @entry: a pointer with its two low bits 0, or a value; NULL erases
 * @gfp: how nodes may be allocated
 *
 * An entry that was there is replaced, and keeps its marks. Context: xa_lock,
 * which is let go and taken again if @gfp may sleep and must.
 * Return: what was there; or, for xa_err(), -ENOMEM, and the array is as it
 * was.
 */
void *__xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	if (!entry)
		return __xa_erase(xa, index);
	return store_entry(xa, index, entry, true, gfp);
}

/**
 * xa_store() - put an entry into the array
 * @xa: the array
 * @index: where
 * @entry: a pointer with its two low bits 0, or a value; NULL erases
 * @gfp: how nodes may be allocated
 *
 * An entry that was there is replaced, and keeps its marks. Context: may sleep
 * if @gfp says so.
 * Return: what was there; or, for xa_err(), -ENOMEM, and the array is as it
 * was.
 */
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	void *old;

	xa_lock(xa);
	old = __xa_store(xa, index, entry, gfp);
	xa_unlock(xa);
	return old;
}

/**
 * __xa_insert() - put an entry where there is none
 * @xa: the array
 * @index: where
 * @entry: a pointer with its two low bits 0, not NULL, or a value
 * @gfp: how nodes may be allocated
 *
 * Context: xa_lock, which is let go and taken again if @gfp may sleep and must.
 * Return: 0, -EBUSY if there is an entry, -ENOMEM.
 */
int __xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	void *old = store_entry(xa, index, entry, false, gfp);

	if (likely(!old))
		return 0;
	return xa_is_err(old) ? -ENOMEM : -EBUSY;
}

/**
 * xa_insert() - put an entry where there is none
 * @xa: the array
 * @index: where
 * @entry: a pointer with its two low bits 0, not NULL, or a value
 * @gfp: how nodes may be allocated
 *
 * Context: may sleep if @gfp says so.
 * Return: 0, -EBUSY if there is an entry, -ENOMEM.
 */
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	int err;

	xa_lock(xa);
	err = __xa_insert(xa, index, entry, gfp);
	xa_unlock(xa);
	return err;
}

/**
 * __xa_erase() - take an entry out
 * @xa: the array
 * @index: where
 *
 * Context: xa_lock. Return: the entry that was there, or NULL.
 */
void *__xa_erase(struct xarray *xa, unsigned long index)
{
	struct xa_node *leaf;
	void *entry = xa->xa_head;

	if (!xa_is_node(entry)) {
		if (index)
			return NULL;
		xa_forget_marks(xa);
		xa->xa_head = NULL;
		return entry;
	}
	leaf = xa_leaf(xa, index);
	if (!leaf)
		return NULL;
	entry = leaf->slots[index & XA_CHUNK_MASK];
	if (!entry)
		return NULL;
	if (unlikely(xa->xa_flags))
		xa_clear_marks(xa, leaf, index & XA_CHUNK_MASK);
	leaf->slots[index & XA_CHUNK_MASK] = NULL;
	if (--leaf->count == 0)
		xa_prune(xa, leaf);
	xa_shrink(xa);
	return entry;
}

/**
 * xa_erase() - take an entry out
 * @xa: the array
 * @index: where
 *
 * Context: any. Return: the entry that was there, or NULL.
 */
void *xa_erase(struct xarray *xa, unsigned long index)
{
	void *entry;

	xa_lock(xa);
	entry = __xa_erase(xa, index);
	xa_unlock(xa);
	return entry;
}

/**
 * xa_clear_slots() - take out entries that lie side by side
 * @xa: the array
 * @index: the first one's index
 * @nr: slots, no more than xa_slots() says
 *
 * Context: xa_lock.
 */
void xa_clear_slots(struct xarray *xa, unsigned long index, unsigned int nr)
{
	unsigned int off, i = 0;
	struct xa_node *leaf;
	void **slot;

	if (!xa_is_node(xa->xa_head)) {
		if (!index && nr) {
			xa_forget_marks(xa);
			xa->xa_head = NULL;
		}
		return;
	}
	leaf = xa_leaf(xa, index);
	if (!leaf)
		return;
	for (off = index & XA_CHUNK_MASK; xa->xa_flags && i < nr; i++)
		xa_clear_marks(xa, leaf, off + i);
	for (slot = &leaf->slots[index & XA_CHUNK_MASK]; nr; nr--, slot++) {
		leaf->count -= *slot != NULL;
		*slot = NULL;
	}
	xa_prune(xa, leaf);
	xa_shrink(xa);
}

/* The slot of the entry at @index, or NULL. */
static __always_inline void **entry_slot(struct xarray *xa, unsigned long index,
					 struct xa_node **leaf)
{
	if (!xa_lookup(xa, index, leaf))
		return NULL;
	return *leaf ? &(*leaf)->slots[index & XA_CHUNK_MASK] : &xa->xa_head;
}

/**
 * __xa_replace() - replace an entry by another
 * @xa: the array
 * @index: where
 * @old: what must be there for it, not NULL
 * @entry: what comes in its place, not NULL; it has no marks
 *
 * Context: xa_lock. Return: what was there; @old if it was replaced.
 */
void *__xa_replace(struct xarray *xa, unsigned long index, void *old,
		   void *entry)
{
	struct xa_node *leaf;
	void **slot = entry_slot(xa, index, &leaf);

	if (!slot || *slot != old)
		return slot ? *slot : NULL;
	if (xa->xa_flags)
		xa_clear_marks(xa, leaf, index & XA_CHUNK_MASK);
	*slot = entry;
	return old;
}

/**
 * __xa_cmpxchg() - store an entry if another is there
 * @xa: the array
 * @index: where
 * @old: what must be there for it; NULL: nothing
 * @entry: what comes in its place, with its marks; NULL erases
 * @gfp: how nodes may be allocated, where there was nothing
 *
 * Context: xa_lock, which is let go and taken again if @gfp may sleep and must.
 * Return: what was there; @old if @entry was stored; or, for xa_err(), -ENOMEM.
 */
void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old,
		   void *entry, gfp_t gfp)
{
	struct xa_node *leaf;
	void **slot;

	if (!old && entry)
		return store_entry(xa, index, entry, false, gfp);
	slot = entry_slot(xa, index, &leaf);
	if (!slot || *slot != old)
		return slot ? *slot : NULL;
	if (entry)
		*slot = entry;
	else
		__xa_erase(xa, index);
	return old;
}

/**
 * xa_cmpxchg() - store an entry if another is there
 * @xa: the array
 * @index: where
 * @old: what must be there for it; NULL: nothing
 * @entry: what comes in its place, with its marks; NULL erases
 * @gfp: how nodes may be allocated, where there was nothing
 *
 * Context: may sleep if @gfp says so.
 * Return: what was there; @old if @entry was stored; or, for xa_err(), -ENOMEM.
 */
void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry,
		 gfp_t gfp)
{
	void *was;

	xa_lock(xa);
	was = __xa_cmpxchg(xa, index, old, entry, gfp);
	xa_unlock(xa);
	return was;
}

static void xa_free_node(struct xa_node *node)
{
	unsigned int i;

	for (i = 0; node->shift && i < XA_CHUNK_SIZE; i++) {
		if (node->slots[i])
			xa_free_node(xa_to_node(node->slots[i]));
	}
	kmem_cache_free(xa_node_cache, node);
}

/**
 * xa_destroy() - empty the array
 * @xa: the array, that nobody else uses; its entries are the caller's affair
 *
 * It may be used again. Context: any.
 */
void xa_destroy(struct xarray *xa)
{
	if (xa_is_node(xa->xa_head))
		xa_free_node(xa_to_node(xa->xa_head));
	xa_forget_marks(xa);
	xa->xa_head = NULL;
}
