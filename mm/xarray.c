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
 * Entries may have marks: mm/xarray_marks.c.
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
#include <ashlar/xarray.h>
#include "xa_node.h"

#define NO_MARK XA_MAX_MARKS

static struct kmem_cache *xa_node_cache;

/**
 * xarray_init() - make the cache of nodes
 *
 * Once, before the first array is used. Context: boot.
 */
void xarray_init(void)
{
	xa_node_cache =
		kmem_cache_create("radix_tree_node", sizeof(struct xa_node), 0,
				  SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
}

/**
 * xa_init() - an empty array
 * @xa: the array
 */
void xa_init(struct xarray *xa)
{
	spin_lock_init(&xa->xa_lock);
	xa->xa_marks = 0;
	xa->xa_head = NULL;
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

/** xa_load() - __xa_load() that takes the lock. */
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
		node = kmem_cache_zalloc(xa_node_cache,
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

	for (mark = 0; unlikely(xa->xa_marks >> mark); mark++)
		if (xa_marked(xa, mark))
			root->marks[mark][0] = 1;
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

static void free_spares(struct xa_node *spare)
{
	struct xa_node *node;

	while ((node = spare)) {
		spare = node->parent;
		kmem_cache_free(xa_node_cache, node);
	}
}

/* @nr zeroed nodes, linked by ->parent; NULL: there are not so many. */
static struct xa_node *take_spares(unsigned int nr, gfp_t gfp)
{
	struct xa_node *spare = NULL, *node;

	for (; nr; nr--) {
		node = kmem_cache_zalloc(xa_node_cache, gfp);
		if (!node) {
			free_spares(spare);
			return NULL;
		}
		node->parent = spare;
		spare = node;
	}
	return spare;
}

/* With the lock, which is let go to wait for memory. */
static int store_entry(struct xarray *xa, unsigned long index, void *entry,
		       bool replace, gfp_t gfp)
{
	struct xa_node *leaf, *spare = NULL;
	unsigned int nr = 0;
	void **slot;
	int err;

	while ((err = xa_make_slot(xa, index, &leaf, &spare)) == -ENOMEM) {
		xa_unlock(xa);
		spare = take_spares(++nr, gfp);
		xa_lock(xa);
		if (!spare)
			return -ENOMEM;
	}
	slot = leaf ? &leaf->slots[index & XA_CHUNK_MASK] : &xa->xa_head;
	if (*slot && !replace) {
		err = -EBUSY;
	} else {
		if (leaf && !*slot)
			leaf->count++;
		*slot = entry;
	}
	free_spares(spare);
	return err;
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
 * Return: 0, or -ENOMEM and the array is as it was.
 */
int xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	int err = 0;

	xa_lock(xa);
	if (entry)
		err = store_entry(xa, index, entry, true, gfp);
	else
		__xa_erase(xa, index);
	xa_unlock(xa);
	return err;
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
	return store_entry(xa, index, entry, false, gfp);
}

/** xa_insert() - __xa_insert() that takes the lock. */
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
		xa->xa_marks = 0;
		xa->xa_head = NULL;
		return entry;
	}
	leaf = xa_leaf(xa, index);
	if (!leaf)
		return NULL;
	entry = leaf->slots[index & XA_CHUNK_MASK];
	if (!entry)
		return NULL;
	if (unlikely(xa->xa_marks))
		xa_clear_marks(xa, leaf, index & XA_CHUNK_MASK);
	leaf->slots[index & XA_CHUNK_MASK] = NULL;
	if (--leaf->count == 0)
		xa_prune(xa, leaf);
	xa_shrink(xa);
	return entry;
}

/** xa_erase() - __xa_erase() that takes the lock. */
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
			xa->xa_marks = 0;
			xa->xa_head = NULL;
		}
		return;
	}
	leaf = xa_leaf(xa, index);
	if (!leaf)
		return;
	for (off = index & XA_CHUNK_MASK; xa->xa_marks && i < nr; i++)
		xa_clear_marks(xa, leaf, off + i);
	for (slot = &leaf->slots[index & XA_CHUNK_MASK]; nr; nr--, slot++) {
		leaf->count -= *slot != NULL;
		*slot = NULL;
	}
	xa_prune(xa, leaf);
	xa_shrink(xa);
}

/**
 * __xa_cmpxchg() - replace an entry by another
 * @xa: the array
 * @index: where
 * @old: what must be there for it, not NULL
 * @entry: what comes in its place, not NULL; it has no marks
 *
 * Context: xa_lock. Return: what was there; @old if it was replaced.
 */
void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old,
		   void *entry)
{
	unsigned int off = index & XA_CHUNK_MASK;
	struct xa_node *leaf;
	void **slot;

	if (!xa_lookup(xa, index, &leaf))
		return NULL;
	slot = leaf ? &leaf->slots[off] : &xa->xa_head;
	if (*slot != old)
		return *slot;
	if (xa->xa_marks)
		xa_clear_marks(xa, leaf, off);
	*slot = entry;
	return old;
}

/* The first slot from @off on that is in use, or has the mark. */
static __always_inline unsigned int
next_slot(const struct xa_node *node, unsigned int off, unsigned int mark)
{
	if (mark != NO_MARK)
		return next_marked(node, mark, off);
	while (off < XA_CHUNK_SIZE && !node->slots[off])
		off++;
	return off;
}

/* The first entry from *@index to @max, in a tree; or the first marked. */
static __always_inline void *find_next(const struct xarray *xa,
				       unsigned long *index, unsigned long max,
				       unsigned int mark)
{
	const struct xa_node *root = xa_to_node(xa->xa_head), *node = root;
	unsigned long i = *index;
	unsigned int off, next;

	while (i <= max && !xa_beyond(root, i)) {
		off = xa_offset(node, i);
		next = next_slot(node, off, mark);
		if (next == off) {
			if (!node->shift) {
				*index = i;
				return node->slots[off];
			}
			node = xa_to_node(node->slots[off]);
			continue;
		}
		/* Two shifts: their sum may be all of a word's bits. */
		i = i >> node->shift >> XA_CHUNK_SHIFT;
		if (next < XA_CHUNK_SIZE) {
			i = i << XA_CHUNK_SHIFT | next;
			i <<= node->shift;
			continue;
		}
		i = (i + 1) << XA_CHUNK_SHIFT << node->shift;
		if (!i)
			return NULL;
		node = root;
	}
	return NULL;
}

/**
 * __xa_find() - the next entry
 * @xa: the array
 * @index: where to begin; receives the entry's place
 * @max: where to end, this index included
 *
 * Context: xa_lock. Return: the first entry at *@index or after, or NULL.
 */
void *__xa_find(const struct xarray *xa, unsigned long *index,
		unsigned long max)
{
	if (!xa_is_node(xa->xa_head))
		return *index ? NULL : xa->xa_head;
	return find_next(xa, index, max, NO_MARK);
}

/**
 * __xa_find_marked() - the next entry with a mark
 * @xa: the array
 * @index: where to begin; receives the entry's place
 * @max: where to end, this index included
 * @mark: the mark
 *
 * Context: xa_lock. Return: the first marked entry at *@index or after, or
 * NULL.
 */
void *__xa_find_marked(const struct xarray *xa, unsigned long *index,
		       unsigned long max, xa_mark_t mark)
{
	if (!xa_marked(xa, mark))
		return NULL;
	if (!xa_is_node(xa->xa_head))
		return *index ? NULL : xa->xa_head;
	return find_next(xa, index, max, mark);
}

/** xa_find() - __xa_find() that takes the lock. */
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max)
{
	void *entry;

	xa_lock(xa);
	entry = __xa_find(xa, index, max);
	xa_unlock(xa);
	return entry;
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
 */
void xa_destroy(struct xarray *xa)
{
	if (xa_is_node(xa->xa_head))
		xa_free_node(xa_to_node(xa->xa_head));
	xa->xa_marks = 0;
	xa->xa_head = NULL;
}
