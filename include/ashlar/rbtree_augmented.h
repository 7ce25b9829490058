/* SPDX-License-Identifier: MIT */
/*
 * The algorithms of red-black trees, as templates: whoever keeps in each node
 * a value derived from its subtree instantiates them with the function that
 * derives it. @update(n) recomputes n's value from n and its two children;
 * it is called where children changed. What an element that comes or goes
 * means to its ancestors is the caller's to say: by rb_update_path(), or not
 * at all if values are mere bounds.
 *
 * Left and right are one code: a node's children are an array, and `side`
 * says where we stand.
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
#ifndef ASHLAR_RBTREE_AUGMENTED_H
#define ASHLAR_RBTREE_AUGMENTED_H

#include <ashlar/rbtree.h>

typedef void rb_update_t(struct rb_node *n);

static inline bool rb_is_black(const struct rb_node *n)
{
	return !n || (n->rb_parent_color & 1);
}

static inline void rb_set_black(struct rb_node *n)
{
	n->rb_parent_color |= 1;
}

static inline void rb_set_red(struct rb_node *n)
{
	n->rb_parent_color &= ~(uintptr_t)1;
}

static inline void rb_set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->rb_parent_color = (uintptr_t)parent | (n->rb_parent_color & 1);
}

/* The pointer that leads to @n. */
static inline struct rb_node **rb_link_to(struct rb_node *n,
					  struct rb_root *root)
{
	struct rb_node *parent = rb_parent(n);

	return parent ? &parent->rb_child[n == parent->rb_right] :
			&root->rb_node;
}

static __always_inline void rb_rotate(struct rb_node *top, int side,
				      struct rb_root *root, rb_update_t *update)
{
	struct rb_node *riser = top->rb_child[!side];
	struct rb_node *middle = riser->rb_child[side];

	*rb_link_to(top, root) = riser;
	rb_set_parent(riser, rb_parent(top));
	riser->rb_child[side] = top;
	rb_set_parent(top, riser);
	top->rb_child[!side] = middle;
	if (middle)
		rb_set_parent(middle, top);
	update(top);
	update(riser);
}

/* Values from @n up to the root. */
static __always_inline void rb_update_path(struct rb_node *n,
					   rb_update_t *update)
{
	for (; n; n = rb_parent(n))
		update(n);
}

/* After rb_link_node(): @n is red, and so may be its parent. */
static __always_inline void rb_insert_augmented(struct rb_node *n,
						struct rb_root *root,
						rb_update_t *update)
{
	struct rb_node *parent, *top, *uncle;
	int side;

	while (!rb_is_black(parent = rb_parent(n))) {
		top = rb_parent(parent);
		side = parent == top->rb_right;
		uncle = top->rb_child[!side];
		if (!rb_is_black(uncle)) {
			rb_set_black(uncle);
			rb_set_black(parent);
			rb_set_red(top);
			n = top;
			continue;
		}
		if (n == parent->rb_child[!side]) {
			rb_rotate(parent, side, root, update);
			parent = n;
		}
		rb_set_black(parent);
		rb_set_red(top);
		rb_rotate(top, !side, root, update);
		break;
	}
	rb_set_black(root->rb_node);
}

/* The ways down through @n, below @parent, lack a black node. */
static __always_inline void rb_refill_black(struct rb_node *n,
					    struct rb_node *parent,
					    struct rb_root *root,
					    rb_update_t *update)
{
	struct rb_node *sibling;
	int side;

	for (; parent && rb_is_black(n); n = parent, parent = rb_parent(n)) {
		side = n == parent->rb_right;
		sibling = parent->rb_child[!side];
		if (!rb_is_black(sibling)) {
			rb_set_black(sibling);
			rb_set_red(parent);
			rb_rotate(parent, side, root, update);
			sibling = parent->rb_child[!side];
		}
		if (rb_is_black(sibling->rb_left) &&
		    rb_is_black(sibling->rb_right)) {
			rb_set_red(sibling);
			continue;
		}
		if (rb_is_black(sibling->rb_child[!side])) {
			rb_set_black(sibling->rb_child[side]);
			rb_set_red(sibling);
			rb_rotate(sibling, !side, root, update);
			sibling = parent->rb_child[!side];
		}
		sibling->rb_parent_color = (uintptr_t)rb_parent(sibling) |
					   (parent->rb_parent_color & 1);
		rb_set_black(parent);
		rb_set_black(sibling->rb_child[!side]);
		rb_rotate(parent, side, root, update);
		return;
	}
	if (n)
		rb_set_black(n);
}

/*
 * A node with two children is replaced by the next one in order, which has
 * at most one; so what leaves the tree is always such a place. Returns its
 * parent: values are out of date from there upwards.
 */
static __always_inline struct rb_node *
rb_erase_augmented(struct rb_node *n, struct rb_root *root, rb_update_t *update)
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
		update(heir);
	}
	if (child)
		rb_set_parent(child, parent);
	if (black)
		rb_refill_black(child, parent, root, update);
	return parent;
}

#endif
