/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees: the templates of <ashlar/rbtree_balance.h> with no value to
 * keep and with whatever callbacks they are handed, and the ways through a
 * tree.
 */
#include <ashlar/rbtree_balance.h>
#include <ashlar/types.h>

static void keep_nothing(struct rb_node *a, struct rb_node *b)
{
	(void)a;
	(void)b;
}

static rb_callbacks_t no_value = { keep_nothing, keep_nothing, keep_nothing };

/**
 * rb_insert_color() - balance after rb_link_node()
 * @n: the new node
 * @root: its tree
 *
 * Context: any; whoever uses the tree keeps others out.
 */
void rb_insert_color(struct rb_node *n, struct rb_root *root)
{
	rb_balance_insert(n, root, &no_value);
}

/**
 * rb_erase() - take a node out
 * @n: a node of the tree, which is left as it was
 * @root: its tree
 *
 * Context: as rb_insert_color().
 */
void rb_erase(struct rb_node *n, struct rb_root *root)
{
	rb_balance_erase(n, root, &no_value);
}

/**
 * rb_insert_augmented() - balance a tree whose nodes have values
 * @n: the new node, after rb_link_node() and with the values of its ancestors
 *	as they are with it
 * @root: its tree
 * @augment: the callbacks that keep the values
 *
 * Context: as rb_insert_color().
 */
void rb_insert_augmented(struct rb_node *n, struct rb_root *root,
			 rb_callbacks_t *augment)
{
	rb_balance_insert(n, root, augment);
}

/**
 * rb_erase_augmented() - take a node out, and what it meant to its ancestors
 * @n: a node of the tree, which is left as it was
 * @root: its tree
 * @augment: the callbacks that keep the values
 *
 * Context: as rb_insert_color().
 */
void rb_erase_augmented(struct rb_node *n, struct rb_root *root,
			rb_callbacks_t *augment)
{
	rb_balance_erase(n, root, augment);
}

/**
 * rb_replace_node() - put a node into the place of another
 * @victim: a node of the tree, which is left as it was
 * @heir: what comes there, equal to it in order
 * @root: their tree
 *
 * Values of augmented trees are for the caller to copy.
 *
 * Context: as rb_insert_color().
 */
void rb_replace_node(struct rb_node *victim, struct rb_node *heir,
		     struct rb_root *root)
{
	*rb_link_to(victim, root) = heir;
	*heir = *victim;
	if (heir->rb_left)
		rb_set_parent(heir->rb_left, heir);
	if (heir->rb_right)
		rb_set_parent(heir->rb_right, heir);
}

/* As far to one side below @n as it goes. */
static struct rb_node *rb_extreme(struct rb_node *n, int side)
{
	while (n && *rb_child(n, side))
		n = *rb_child(n, side);
	return n;
}

/* The neighbour in order: below on that side, or the first ancestor past it. */
static struct rb_node *rb_neighbour(struct rb_node *n, int side)
{
	struct rb_node *parent;

	if (*rb_child(n, side))
		return rb_extreme(*rb_child(n, side), !side);
	while ((parent = rb_parent(n)) && n == *rb_child(parent, side))
		n = parent;
	return parent;
}

/**
 * rb_first() - the smallest node
 * @root: a tree
 *
 * Context: as rb_insert_color(). Return: the node, or NULL in an empty tree.
 */
struct rb_node *rb_first(const struct rb_root *root)
{
	return rb_extreme(root->rb_node, 0);
}

/**
 * rb_last() - the largest node
 * @root: a tree
 *
 * Context: as rb_insert_color(). Return: the node, or NULL in an empty tree.
 */
struct rb_node *rb_last(const struct rb_root *root)
{
	return rb_extreme(root->rb_node, 1);
}

/**
 * rb_next() - the node after another in order
 * @n: a node of a tree
 *
 * Context: as rb_insert_color(). Return: the node, or NULL after the last.
 */
struct rb_node *rb_next(const struct rb_node *n)
{
	return rb_neighbour((struct rb_node *)n, 1);
}

/**
 * rb_prev() - the node before another in order
 * @n: a node of a tree
 *
 * Context: as rb_insert_color(). Return: the node, or NULL before the first.
 */
struct rb_node *rb_prev(const struct rb_node *n)
{
	return rb_neighbour((struct rb_node *)n, 0);
}

/* The node below @n that comes first where children come before parents. */
static struct rb_node *deepest(struct rb_node *n)
{
	struct rb_node *below;

	while ((below = n->rb_left ? n->rb_left : n->rb_right))
		n = below;
	return n;
}

/**
 * rb_first_postorder() - the first node of a walk from the leaves up
 * @root: a tree
 *
 * Context: as rb_insert_color(). Return: a node without children, or NULL in an
 * empty tree.
 */
struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return root->rb_node ? deepest(root->rb_node) : NULL;
}

/**
 * rb_next_postorder() - the next node of a walk from the leaves up
 * @n: a node of a tree
 *
 * A node comes after its children, so that each may be freed once the next one
 * is known.
 *
 * Context: as rb_insert_color(). Return: the node, or NULL after the root.
 */
struct rb_node *rb_next_postorder(const struct rb_node *n)
{
	struct rb_node *parent = n ? rb_parent(n) : NULL;

	if (parent && n == parent->rb_left && parent->rb_right)
		return deepest(parent->rb_right);
	return parent;
}
