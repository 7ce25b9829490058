/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees, threaded through their elements.
 *
 *   no red node has a red child; every way down has as many black nodes
 *
 * so no leaf is more than twice as deep as another. The caller descends by
 * his own key, links the new node at the place he found, and lets the tree
 * balance itself:
 *
 *   rb_link_node(&e->node, parent, link);
 *   rb_insert_color(&e->node, &root);
 *
 * Trees that keep a sum or a maximum of each subtree: rbtree_augmented.h.
 */
#ifndef ASHLAR_RBTREE_H
#define ASHLAR_RBTREE_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

struct rb_node {
	uintptr_t rb_parent_color; /* parent; bit 0 set: black */
	union {
		struct {
			struct rb_node *rb_left, *rb_right;
		};
		struct rb_node *rb_child[2]; /* the same two, by side */
	};
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT              \
	(struct rb_root)     \
	{                    \
		.rb_node = 0 \
	}
#define RB_EMPTY_ROOT(root) ((root)->rb_node == NULL)
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline struct rb_node *rb_parent(const struct rb_node *n)
{
	return (struct rb_node *)(n->rb_parent_color & ~(uintptr_t)1);
}

/* Hang @n, red and without children, at *@link below @parent. */
static inline void rb_link_node(struct rb_node *n, struct rb_node *parent,
				struct rb_node **link)
{
	n->rb_parent_color = (uintptr_t)parent;
	n->rb_left = NULL;
	n->rb_right = NULL;
	*link = n;
}

void rb_insert_color(struct rb_node *n, struct rb_root *root);
void rb_erase(struct rb_node *n, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);

#endif
