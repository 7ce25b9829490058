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
 * or has rb_add() do both with a function that compares. Trees that keep a sum
 * or a maximum of each subtree: rbtree_augmented.h.
 */
#ifndef ASHLAR_RBTREE_H
#define ASHLAR_RBTREE_H

#include <ashlar/api.h>

struct rb_node {
	unsigned long __rb_parent_color; /* parent; bit 0 set: black */
	struct rb_node *rb_left, *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

/* One that knows its first node: rb_first() without a walk. */
struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#ifdef __cplusplus
#define RB_ROOT   \
	rb_root   \
	{         \
		0 \
	}
#define RB_ROOT_CACHED   \
	rb_root_cached   \
	{                \
		{ 0 }, 0 \
	}
#else
#define RB_ROOT          \
	(struct rb_root) \
	{                \
		0        \
	}
#define RB_ROOT_CACHED          \
	(struct rb_root_cached) \
	{                       \
		{ 0 }, 0        \
	}
#endif
#define RB_EMPTY_ROOT(root) ((root)->rb_node == 0)

#define rb_entry(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

/* The same, but NULL of NULL. */
#define rb_entry_safe(ptr, type, member) \
	((ptr) ? rb_entry(ptr, type, member) : 0)

/* A node that is its own parent is in no tree. */
#define RB_CLEAR_NODE(n) ((n)->__rb_parent_color = (unsigned long)(n))
#define RB_EMPTY_NODE(n) ((n)->__rb_parent_color == (unsigned long)(n))

#ifdef __cplusplus
extern "C" {
#endif

void rb_insert_color(struct rb_node *n, struct rb_root *root)
	ASHLAR_API(rb_insert_color);
void rb_erase(struct rb_node *n, struct rb_root *root) ASHLAR_API(rb_erase);
void rb_replace_node(struct rb_node *victim, struct rb_node *heir,
		     struct rb_root *root) ASHLAR_API(rb_replace_node);

struct rb_node *rb_first(const struct rb_root *root) ASHLAR_API(rb_first);
struct rb_node *rb_last(const struct rb_root *root) ASHLAR_API(rb_last);
struct rb_node *rb_next(const struct rb_node *n) ASHLAR_API(rb_next);
struct rb_node *rb_prev(const struct rb_node *n) ASHLAR_API(rb_prev);

struct rb_node *rb_first_postorder(const struct rb_root *root)
	ASHLAR_API(rb_first_postorder);
struct rb_node *rb_next_postorder(const struct rb_node *n)
	ASHLAR_API(rb_next_postorder);

#ifdef __cplusplus
}
#endif

static inline struct rb_node *rb_parent(const struct rb_node *n)
{
	return (struct rb_node *)(n->__rb_parent_color & ~1ul);
}

/* Hang @n, red and without children, at *@link below @parent. */
static inline void rb_link_node(struct rb_node *n, struct rb_node *parent,
				struct rb_node **link)
{
	n->__rb_parent_color = (unsigned long)parent;
	n->rb_left = 0;
	n->rb_right = 0;
	*link = n;
}

/* ---- with a function that compares ---- */

/* Add @n behind those that are not more: @less(a, b) is true if a < b. */
static inline void rb_add(struct rb_node *n, struct rb_root *root,
			  bool (*less)(struct rb_node *,
				       const struct rb_node *))
{
	struct rb_node **link = &root->rb_node, *parent = 0;

	while (*link) {
		parent = *link;
		link = less(n, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(n, parent, link);
	rb_insert_color(n, root);
}

/* Add @n unless one is equal, which is returned then; NULL: added. */
static inline struct rb_node *
rb_find_add(struct rb_node *n, struct rb_root *root,
	    int (*cmp)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_node, *parent = 0;
	int order;

	while (*link) {
		parent = *link;
		order = cmp(n, parent);
		if (!order)
			return parent;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(n, parent, link);
	rb_insert_color(n, root);
	return 0;
}

/* A node that is equal to @key, or NULL. */
static inline struct rb_node *
rb_find(const void *key, const struct rb_root *root,
	int (*cmp)(const void *key, const struct rb_node *))
{
	struct rb_node *n = root->rb_node;
	int order;

	while (n && (order = cmp(key, n)) != 0)
		n = order < 0 ? n->rb_left : n->rb_right;
	return n;
}

/* The first of those that are equal to @key, or NULL. */
static inline struct rb_node *
rb_find_first(const void *key, const struct rb_root *root,
	      int (*cmp)(const void *key, const struct rb_node *))
{
	struct rb_node *n = root->rb_node, *found = 0;
	int order;

	while (n) {
		order = cmp(key, n);
		if (!order)
			found = n;
		n = order <= 0 ? n->rb_left : n->rb_right;
	}
	return found;
}

/* The one after @n if that is equal to @key as well, or NULL. */
static inline struct rb_node *rb_next_match(const void *key, struct rb_node *n,
					    int (*cmp)(const void *key,
						       const struct rb_node *))
{
	n = rb_next(n);
	return n && cmp(key, n) == 0 ? n : 0;
}

/* Each node that is equal to @key. */
#define rb_for_each(n, key, root, cmp)                     \
	for ((n) = rb_find_first((key), (root), (cmp)); n; \
	     (n) = rb_next_match((key), (n), (cmp)))

/* Children come before their parent; the body may free @pos. */
#define rbtree_postorder_for_each_entry_safe(pos, n, root, field)            \
	for (pos = rb_entry_safe(rb_first_postorder(root), __typeof__(*pos), \
				 field);                                     \
	     pos && (n = rb_entry_safe(rb_next_postorder(&pos->field),       \
				       __typeof__(*pos), field),             \
		    true);                                                   \
	     pos = n)

/* ---- trees that know their first node ---- */

static inline struct rb_node *rb_first_cached(const struct rb_root_cached *root)
{
	return root->rb_leftmost;
}

/* After rb_link_node(). @leftmost: each step down to @n went to the left. */
static inline void rb_insert_color_cached(struct rb_node *n,
					  struct rb_root_cached *root,
					  bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = n;
	rb_insert_color(n, &root->rb_root);
}

/* Returns the new first node if that is another one, or NULL. */
static inline struct rb_node *rb_erase_cached(struct rb_node *n,
					      struct rb_root_cached *root)
{
	struct rb_node *next = 0;

	if (root->rb_leftmost == n)
		next = root->rb_leftmost = rb_next(n);
	rb_erase(n, &root->rb_root);
	return next;
}

static inline void rb_replace_node_cached(struct rb_node *victim,
					  struct rb_node *heir,
					  struct rb_root_cached *root)
{
	if (root->rb_leftmost == victim)
		root->rb_leftmost = heir;
	rb_replace_node(victim, heir, &root->rb_root);
}

/* As rb_add(). Returns @n if it is the first now, or NULL. */
static inline struct rb_node *
rb_add_cached(struct rb_node *n, struct rb_root_cached *root,
	      bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = 0;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (less(n, parent)) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(n, parent, link);
	rb_insert_color_cached(n, root, leftmost);
	return leftmost ? n : 0;
}

#endif
