/* SPDX-License-Identifier: MIT */
/*
 * Nodes of the tree that mm/xarray.c draws, to the files that walk it:
 * xarray.c (entries), xarray_marks.c (marks) and xarray_alloc.c (indices).
 */
#ifndef ASHLAR_MM_XA_NODE_H
#define ASHLAR_MM_XA_NODE_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>
#include <ashlar/xarray.h>

#define XA_CHUNK_SHIFT 6
#define XA_CHUNK_MASK (XA_CHUNK_SIZE - 1)
#define XA_NODE_TAG 2ul
#define XA_TAGS 3ul
#define LONG_BITS (8 * (unsigned int)sizeof(long))
#define MARK_LONGS (XA_CHUNK_SIZE / LONG_BITS)

struct xa_node {
	u8 shift; /* bits of an index that lie below this node's slots */
	u8 offset; /* its own slot in parent */
	u16 count; /* slots in use */
	struct xa_node *parent;
	void *slots[XA_CHUNK_SIZE];
	unsigned long marks[XA_MAX_MARKS][MARK_LONGS]; /* a bit a slot */
};

static inline bool xa_is_node(const void *entry)
{
	return ((uintptr_t)entry & XA_TAGS) == XA_NODE_TAG;
}

static inline struct xa_node *xa_to_node(const void *entry)
{
	return (struct xa_node *)((uintptr_t)entry - XA_NODE_TAG);
}

static inline void *xa_mk_node(const struct xa_node *node)
{
	return (void *)((uintptr_t)node + XA_NODE_TAG);
}

static inline unsigned int xa_offset(const struct xa_node *node,
				     unsigned long index)
{
	return (index >> node->shift) & XA_CHUNK_MASK;
}

/* True if @index is beyond what a tree with the root @node reaches. */
static inline bool xa_beyond(const struct xa_node *node, unsigned long index)
{
	return index >> node->shift >= XA_CHUNK_SIZE;
}

/* The leaf that holds @index, or NULL. The head is known to be a node. */
static inline struct xa_node *xa_leaf(const struct xarray *xa,
				      unsigned long index)
{
	struct xa_node *node = xa_to_node(xa->xa_head);
	void *entry;

	if (unlikely(xa_beyond(node, index)))
		return NULL;
	while (node->shift) {
		entry = node->slots[xa_offset(node, index)];
		if (!entry)
			return NULL;
		node = xa_to_node(entry);
	}
	return node;
}

/* The leaf of an entry, or NULL for the head; false if there is no entry. */
static inline bool xa_lookup(const struct xarray *xa, unsigned long index,
			     struct xa_node **leaf)
{
	*leaf = NULL;
	if (!xa_is_node(xa->xa_head))
		return !index && xa->xa_head;
	*leaf = xa_leaf(xa, index);
	return *leaf && (*leaf)->slots[index & XA_CHUNK_MASK];
}

static inline unsigned long *mark_word(struct xa_node *node, unsigned int mark,
				       unsigned int off)
{
	return &node->marks[mark][off / LONG_BITS];
}

static inline unsigned long mark_bit(unsigned int off)
{
	return 1ul << off % LONG_BITS;
}

/*
 * The first slot from @off on with the mark, or without it, or XA_CHUNK_SIZE.
 * @flip: 0 or ~0.
 */
static __always_inline unsigned int next_marked(const struct xa_node *node,
						unsigned int mark,
						unsigned int off,
						unsigned long flip)
{
	unsigned int word = off / LONG_BITS;
	unsigned long bits = (node->marks[mark][word] ^ flip) & -mark_bit(off);

	while (!bits) {
		if (++word == MARK_LONGS)
			return XA_CHUNK_SIZE;
		bits = node->marks[mark][word] ^ flip;
	}
	return word * LONG_BITS + (unsigned int)__builtin_ctzl(bits);
}

void xa_clear_marks(struct xarray *xa, struct xa_node *leaf, unsigned int off);

/* No entry is left, so none has a mark. */
static inline void xa_forget_marks(struct xarray *xa)
{
	xa->xa_flags &= -(1u << XA_MAX_MARKS);
}

/* True if the array gives out indices: its XA_MARK_0 is for that. */
static inline bool xa_gives_indices(const struct xarray *xa)
{
	return xa->xa_flags & XA_FLAGS_ALLOC;
}

struct xa_node *xa_take_spares(unsigned int nr, gfp_t gfp);
void xa_free_spares(struct xa_node *spare);
void *xa_try_store(struct xarray *xa, unsigned long index, void *entry,
		   bool replace, struct xa_node **spare);

bool xa_head_is_full(const struct xarray *xa);
void xa_set_full(struct xa_node *leaf, unsigned int off);
void xa_clear_full(struct xa_node *leaf, unsigned int off);

#endif
