/* SPDX-License-Identifier: MIT */
/*
 * Plain red-black trees: the templates of <ashlar/rbtree_augmented.h> with no
 * value to keep, and the ways through a tree in order.
 */
#include <ashlar/rbtree_augmented.h>

static void keep_nothing(struct rb_node *n)
{
	(void)n;
}

/** rb_insert_color() - balance after rb_link_node(). @n: the new node. */
void rb_insert_color(struct rb_node *n, struct rb_root *root)
{
	rb_insert_augmented(n, root, keep_nothing);
}

/** rb_erase() - take a node out. @n is left as it was. */
void rb_erase(struct rb_node *n, struct rb_root *root)
{
	rb_erase_augmented(n, root, keep_nothing);
}

/* As far to one side below @n as it goes. */
static struct rb_node *rb_extreme(struct rb_node *n, int side)
{
	while (n && n->rb_child[side])
		n = n->rb_child[side];
	return n;
}

/* The neighbour in order: below on that side, or the first ancestor past it. */
static struct rb_node *rb_neighbour(const struct rb_node *n, int side)
{
	const struct rb_node *parent;

	if (n->rb_child[side])
		return rb_extreme(n->rb_child[side], !side);
	while ((parent = rb_parent(n)) && n == parent->rb_child[side])
		n = parent;
	return (struct rb_node *)parent;
}

/** rb_first() - the smallest node, or NULL in an empty tree. */
struct rb_node *rb_first(const struct rb_root *root)
{
	return rb_extreme(root->rb_node, 0);
}

/** rb_last() - the largest node, or NULL in an empty tree. */
struct rb_node *rb_last(const struct rb_root *root)
{
	return rb_extreme(root->rb_node, 1);
}

/** rb_next() - the node after @n in order, or NULL. */
struct rb_node *rb_next(const struct rb_node *n)
{
	return rb_neighbour(n, 1);
}

/** rb_prev() - the node before @n in order, or NULL. */
struct rb_node *rb_prev(const struct rb_node *n)
{
	return rb_neighbour(n, 0);
}
