/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees that keep in each node a value derived from its subtree: a
 * sum, a maximum, the largest gap.
 *
 * The tree changes shape by itself, and asks for values with three functions:
 *
 *   propagate(n, stop)   derive those of n and its ancestors, up to, but not
 *                        including, stop
 *   copy(old, heir)      heir stands in old's place, and gets its value
 *   rotate(old, riser)   riser has come above old: it gets old's value, and
 *                        old's is derived anew
 *
 * RB_DECLARE_CALLBACKS() writes them. What a new element means to its
 * ancestors is for the caller to say, between rb_link_node() and
 * rb_insert_augmented().
 */
#ifndef ASHLAR_RBTREE_AUGMENTED_H
#define ASHLAR_RBTREE_AUGMENTED_H

#include <ashlar/rbtree.h>

struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *n, struct rb_node *stop);
	void (*copy)(struct rb_node *old, struct rb_node *heir);
	void (*rotate)(struct rb_node *old, struct rb_node *riser);
};

#ifdef __cplusplus
extern "C" {
#endif

void rb_insert_augmented(struct rb_node *n, struct rb_root *root,
			 const struct rb_augment_callbacks *augment)
	ASHLAR_API(rb_insert_augmented);
void rb_erase_augmented(struct rb_node *n, struct rb_root *root,
			const struct rb_augment_callbacks *augment)
	ASHLAR_API(rb_erase_augmented);

#ifdef __cplusplus
}
#endif

static inline void
rb_insert_augmented_cached(struct rb_node *n, struct rb_root_cached *root,
			   bool leftmost,
			   const struct rb_augment_callbacks *augment)
{
	if (leftmost)
		root->rb_leftmost = n;
	rb_insert_augmented(n, &root->rb_root, augment);
}

static inline void
rb_erase_augmented_cached(struct rb_node *n, struct rb_root_cached *root,
			  const struct rb_augment_callbacks *augment)
{
	if (root->rb_leftmost == n)
		root->rb_leftmost = rb_next(n);
	rb_erase_augmented(n, &root->rb_root, augment);
}

/*
 * The callbacks RBNAME of elements RBSTRUCT, in a tree by RBFIELD, whose value
 * is RBAUGMENTED. RBCOMPUTE(element, exit) derives it from the element and its
 * children; it returns true, at once, if @exit and the value was right.
 */
#define RB_DECLARE_CALLBACKS(RBSTATIC, RBNAME, RBSTRUCT, RBFIELD, RBAUGMENTED, \
			     RBCOMPUTE)                                        \
	static inline void RBNAME##_propagate(struct rb_node *rb_at,           \
					      struct rb_node *rb_stop)         \
	{                                                                      \
		while (rb_at != rb_stop &&                                     \
		       !RBCOMPUTE(rb_entry(rb_at, RBSTRUCT, RBFIELD), true))   \
			rb_at = rb_parent(rb_at);                              \
	}                                                                      \
	static inline void RBNAME##_copy(struct rb_node *rb_old,               \
					 struct rb_node *rb_heir)              \
	{                                                                      \
		rb_entry(rb_heir, RBSTRUCT, RBFIELD)->RBAUGMENTED =            \
			rb_entry(rb_old, RBSTRUCT, RBFIELD)->RBAUGMENTED;      \
	}                                                                      \
	static void RBNAME##_rotate(struct rb_node *rb_old,                    \
				    struct rb_node *rb_riser)                  \
	{                                                                      \
		RBNAME##_copy(rb_old, rb_riser);                               \
		RBCOMPUTE(rb_entry(rb_old, RBSTRUCT, RBFIELD), false);         \
	}                                                                      \
	RBSTATIC const struct rb_augment_callbacks RBNAME = {                  \
		RBNAME##_propagate, RBNAME##_copy, RBNAME##_rotate             \
	};

/* The same, where RBAUGMENTED is the largest RBCOMPUTE(element), an RBTYPE. */
#define RB_DECLARE_CALLBACKS_MAX(RBSTATIC, RBNAME, RBSTRUCT, RBFIELD, RBTYPE,  \
				 RBAUGMENTED, RBCOMPUTE)                       \
	static inline bool RBNAME##_most(RBSTRUCT *rb_of, bool rb_exit)        \
	{                                                                      \
		struct rb_node *rb_below[2] = { rb_of->RBFIELD.rb_left,        \
						rb_of->RBFIELD.rb_right };     \
		RBTYPE rb_most = RBCOMPUTE(rb_of);                             \
		int rb_i;                                                      \
                                                                               \
		for (rb_i = 0; rb_i < 2; rb_i++)                               \
			if (rb_below[rb_i] &&                                  \
			    rb_most < rb_entry(rb_below[rb_i], RBSTRUCT,       \
					       RBFIELD)                        \
					      ->RBAUGMENTED)                   \
				rb_most = rb_entry(rb_below[rb_i], RBSTRUCT,   \
						   RBFIELD)                    \
						  ->RBAUGMENTED;               \
		if (rb_exit && rb_of->RBAUGMENTED == rb_most)                  \
			return true;                                           \
		rb_of->RBAUGMENTED = rb_most;                                  \
		return false;                                                  \
	}                                                                      \
	RB_DECLARE_CALLBACKS(RBSTATIC, RBNAME, RBSTRUCT, RBFIELD, RBAUGMENTED, \
			     RBNAME##_most)

#endif
