/* SPDX-License-Identifier: MIT */
/*
 * The algorithms of red-black trees, as templates: whoever knows his callbacks
 * (rbtree_augmented.h) when it is compiled gets them without a call.
 *
 * Left and right are one code: `side` says where we stand.
 *
 *        top                 riser
 *       /   \               /     \      rb_rotate(top, left side down)
 *      a   riser    ⇒     top      c
 *          /   \         /   \
 *         b     c       a     b
 *
 * R. Bayer, "Symmetric binary B-trees", Acta Informatica 1, 1972; L. Guibas
 * and R. Sedgewick, "A dichromatic framework for balanced trees", 1978.
 */
#ifndef ASHLAR_RBTREE_BALANCE_H
#define ASHLAR_RBTREE_BALANCE_H

#include <ashlar/compiler.h>
#include <ashlar/rbtree_augmented.h>

typedef const struct rb_augment_callbacks rb_callbacks_t;

/*
 * The callbacks @name of a value that @update(n) derives from n and its
 * children, whatever it was before.
 */
#define RB_DERIVED(name, update)                                      \
	static inline void name##_propagate(struct rb_node *n,        \
					    struct rb_node *stop)     \
	{                                                             \
		for (; n != stop; n = rb_parent(n))                   \
			update(n);                                    \
	}                                                             \
	static inline void name##_copy(struct rb_node *old,           \
				       struct rb_node *heir)          \
	{                                                             \
		(void)old;                                            \
		update(heir);                                         \
	}                                                             \
	static inline void name##_rotate(struct rb_node *old,         \
					 struct rb_node *riser)       \
	{                                                             \
		update(old);                                          \
		update(riser);                                        \
	}                                                             \
	static rb_callbacks_t name = { name##_propagate, name##_copy, \
				       name##_rotate };

static inline bool rb_is_black(const struct rb_node *n)
{
	return !n || (n->__rb_parent_color & 1);
}

static inline void rb_set_black(struct rb_node *n)
{
	n->__rb_parent_color |= 1;
}

static inline void rb_set_red(struct rb_node *n)
{
	n->__rb_parent_color &= ~1ul;
}

static inline void rb_set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->__rb_parent_color = (unsigned long)parent |
			       (n->__rb_parent_color & 1);
}

/* The link to the child on a side: 0 left, 1 right. */
static __always_inline struct rb_node **rb_child(struct rb_node *n, int side)
{
	return side ? &n->rb_right : &n->rb_left;
}

/* The pointer that leads to @n. */
static inline struct rb_node **rb_link_to(struct rb_node *n,
					  struct rb_root *root)
{
	struct rb_node *parent = rb_parent(n);

	return parent ? rb_child(parent, n == parent->rb_right) :
			&root->rb_node;
}

static __always_inline void rb_rotate(struct rb_node *top, int side,
				      struct rb_root *root,
				      rb_callbacks_t *augment)
{
	struct rb_node *riser = *rb_child(top, !side);
	struct rb_node *middle = *rb_child(riser, side);

	*rb_link_to(top, root) = riser;
	rb_set_parent(riser, rb_parent(top));
	*rb_child(riser, side) = top;
	rb_set_parent(top, riser);
	*rb_child(top, !side) = middle;
	if (middle)
		rb_set_parent(middle, top);
	augment->rotate(top, riser);
}

/* After rb_link_node(): @n is red, and so may be its parent. */
static __always_inline void rb_balance_insert(struct rb_node *n,
					      struct rb_root *root,
					      rb_callbacks_t *augment)
{
	struct rb_node *parent, *top, *uncle;
	int side;

	while (!rb_is_black(parent = rb_parent(n))) {
		top = rb_parent(parent);
		side = parent == top->rb_right;
		uncle = *rb_child(top, !side);
		if (!rb_is_black(uncle)) {
			rb_set_black(uncle);
			rb_set_black(parent);
			rb_set_red(top);
			n = top;
			continue;
		}
		if (n == *rb_child(parent, !side)) {
			rb_rotate(parent, side, root, augment);
			parent = n;
		}
		rb_set_black(parent);
		rb_set_red(top);
		rb_rotate(top, !side, root, augment);
		break;
	}
	rb_set_black(root->rb_node);
}

/* The ways down through @n, below @parent, lack a black node. */
static __always_inline void rb_refill_black(struct rb_node *n,
					    struct rb_node *parent,
					    struct rb_root *root,
					    rb_callbacks_t *augment)
{
	struct rb_node *sibling;
	int side;

	for (; parent && rb_is_black(n); n = parent, parent = rb_parent(n)) {
		side = n == parent->rb_right;
		sibling = *rb_child(parent, !side);
		if (!rb_is_black(sibling)) {
			rb_set_black(sibling);
			rb_set_red(parent);
			rb_rotate(parent, side, root, augment);
			sibling = *rb_child(parent, !side);
		}
		if (rb_is_black(sibling->rb_left) &&
		    rb_is_black(sibling->rb_right)) {
			rb_set_red(sibling);
			continue;
		}
		if (rb_is_black(*rb_child(sibling, !side))) {
			rb_set_black(*rb_child(sibling, side));
			rb_set_red(sibling);
			rb_rotate(sibling, !side, root, augment);
			sibling = *rb_child(parent, !side);
		}
		sibling->__rb_parent_color = (unsigned long)rb_parent(sibling) |
					     (parent->__rb_parent_color & 1);
		rb_set_black(parent);
		rb_set_black(*rb_child(sibling, !side));
		rb_rotate(parent, side, root, augment);
		return;
	}
	if (n)
		rb_set_black(n);
}

/*
 * A node with two children is replaced by the next one in order, which has
 * at most one; so what leaves the tree is always such a place. Values are right
 * again before the first rotation, which derives one from others.
 */
static __always_inline void rb_balance_erase(struct rb_node *n,
					     struct rb_root *root,
					     rb_callbacks_t *augment)
{
	struct rb_node *parent = rb_parent(n), *heir = n, *child;
	bool black, moves;

	if (n->rb_left && n->rb_right)
		for (heir = n->rb_right; heir->rb_left;)
			heir = heir->rb_left;
	black = rb_is_black(heir);
	child = heir->rb_left ? heir->rb_left : heir->rb_right;
	moves = heir != n;
	if (moves)
		parent = rb_parent(heir) == n ? heir : rb_parent(heir);
	*rb_link_to(heir, root) = child;
	if (moves) {
		*rb_link_to(n, root) = heir;
		*heir = *n;
		if (!heir->rb_left) /* n had two children */
			__builtin_unreachable();
		rb_set_parent(heir->rb_left, heir);
		if (heir->rb_right)
			rb_set_parent(heir->rb_right, heir);
		augment->copy(n, heir);
	}
	if (child)
		rb_set_parent(child, parent);
	if (moves && parent != heir)
		augment->propagate(parent, heir);
	augment->propagate(moves ? heir : parent, 0);
	if (black)
		rb_refill_black(child, parent, root, augment);
}

#endif
