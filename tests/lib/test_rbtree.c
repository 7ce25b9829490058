/* SPDX-License-Identifier: MIT */
/* Red-black trees against a list of which keys are there. */
#include <ashlar/rbtree_augmented.h>
#include "../harness.h"

#define KEYS 300

struct thing {
	struct rb_node node;
	unsigned int key;
	unsigned int weight, most; /* of it; of all below it */
};

static struct thing things[KEYS];
static bool present[KEYS];
static struct rb_root_cached tree;

static struct thing *thing_of(const struct rb_node *n)
{
	return rb_entry(n, struct thing, node);
}

static bool less(struct rb_node *a, const struct rb_node *b)
{
	return thing_of(a)->key < thing_of(b)->key;
}

static int compare(const void *key, const struct rb_node *n)
{
	unsigned int k = *(const unsigned int *)key, other = thing_of(n)->key;

	return k < other ? -1 : k > other;
}

static int compare_nodes(struct rb_node *a, const struct rb_node *b)
{
	return compare(&thing_of(a)->key, b);
}

static unsigned int weight_of(struct thing *t)
{
	return t->weight;
}

RB_DECLARE_CALLBACKS_MAX(static, most_callbacks, struct thing, node,
			 unsigned int, most, weight_of)

/* Black nodes on each way down from @n, which is also what is returned. */
static int check_below(const struct rb_node *n, bool weighed)
{
	unsigned int most;
	bool black;
	int height;

	if (!n)
		return 0;
	black = n->__rb_parent_color & 1;
	most = thing_of(n)->weight;
	for (int side = 0; side < 2; side++) {
		const struct rb_node *child = side ? n->rb_right : n->rb_left;

		if (!child)
			continue;
		CHECK(rb_parent(child) == n);
		CHECK(black || child->__rb_parent_color & 1);
		CHECK((thing_of(child)->key > thing_of(n)->key) == side);
		most = max(most, thing_of(child)->most);
	}
	CHECK(!weighed || thing_of(n)->most == most);
	height = check_below(n->rb_left, weighed);
	CHECK_EQ(height, check_below(n->rb_right, weighed));
	return height + black;
}

/* Every way through the tree meets what is present, and nothing else. */
static void check_tree(bool weighed)
{
	struct rb_node *n = rb_first(&tree.rb_root), *last = NULL;
	unsigned int i;

	check_below(tree.rb_root.rb_node, weighed);
	CHECK(n == rb_first_cached(&tree));
	for (i = 0; i < KEYS; i++) {
		if (!present[i])
			continue;
		CHECK(n == &things[i].node);
		CHECK(rb_prev(n) == last);
		last = n;
		n = rb_next(n);
	}
	CHECK(!n && rb_last(&tree.rb_root) == last);
}

static void start(void)
{
	unsigned int i;

	tree = RB_ROOT_CACHED;
	for (i = 0; i < KEYS; i++) {
		things[i].key = i;
		present[i] = false;
	}
}

static void random_step(unsigned int k)
{
	struct rb_node *n = &things[k].node, *first;

	CHECK(rb_find(&k, &tree.rb_root, compare) == (present[k] ? n : NULL));
	if (!present[k] && rnd(2)) {
		first = rb_add_cached(n, &tree, less);
		CHECK((first == n) == (rb_first(&tree.rb_root) == n));
	} else if (!present[k]) {
		CHECK(!rb_find_add(n, &tree.rb_root, compare_nodes));
		tree.rb_leftmost = rb_first(&tree.rb_root);
		CHECK(rb_find_add(n, &tree.rb_root, compare_nodes) == n);
	} else if (rnd(2)) {
		first = rb_first(&tree.rb_root);
		CHECK(rb_erase_cached(n, &tree) ==
		      (first == n ? rb_first(&tree.rb_root) : NULL));
	} else {
		rb_erase(n, &tree.rb_root);
		tree.rb_leftmost = rb_first(&tree.rb_root);
	}
	present[k] = !present[k];
}

TEST_NO_SWEEP(random_steps_of_a_tree)
{
	unsigned int i;

	start();
	for (i = 0; i < 20000; i++) {
		/* Some of the time mostly full, or mostly empty. */
		unsigned int k = (unsigned int)rnd(i / 2000 % 2 ? KEYS : 20);

		random_step(k);
		if (i % 16 == 0)
			check_tree(false);
	}
	check_tree(false);
}

/* The way down to where @t belongs; all on it are told what it weighs. */
static void add_weighed(struct thing *t)
{
	struct rb_node **link = &tree.rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		thing_of(parent)->most = max(thing_of(parent)->most, t->weight);
		if (t->key < thing_of(parent)->key) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	t->most = t->weight;
	rb_link_node(&t->node, parent, link);
	rb_insert_augmented_cached(&t->node, &tree, leftmost, &most_callbacks);
}

TEST_NO_SWEEP(random_steps_of_a_tree_with_maxima)
{
	unsigned int i, k;

	start();
	for (i = 0; i < 20000; i++) {
		k = (unsigned int)rnd(i / 2000 % 2 ? KEYS : 20);
		if (present[k]) {
			rb_erase_augmented_cached(&things[k].node, &tree,
						  &most_callbacks);
		} else {
			things[k].weight = (unsigned int)rnd(1000);
			add_weighed(&things[k]);
		}
		present[k] = !present[k];
		if (i % 16 == 0)
			check_tree(true);
	}
	check_tree(true);
}

TEST_NO_SWEEP(a_node_takes_the_place_of_another)
{
	static struct thing heirs[KEYS];
	unsigned int i;

	start();
	for (i = 0; i < KEYS; i++)
		rb_add_cached(&things[i].node, &tree, less);
	for (i = 0; i < KEYS; i++) {
		heirs[i] = things[i];
		rb_replace_node_cached(&things[i].node, &heirs[i].node, &tree);
		RB_CLEAR_NODE(&things[i].node);
		CHECK(RB_EMPTY_NODE(&things[i].node));
		CHECK(!RB_EMPTY_NODE(&heirs[i].node));
		CHECK(rb_find(&i, &tree.rb_root, compare) == &heirs[i].node);
		check_below(tree.rb_root.rb_node, false);
	}
	CHECK(rb_first_cached(&tree) == &heirs[0].node);
}

TEST_NO_SWEEP(equal_nodes_are_found_in_the_order_they_came)
{
	unsigned int i, key, found = 0;
	struct rb_node *n;

	start();
	for (i = 0; i < KEYS; i++) {
		things[i].key = i / 10;
		rb_add(&things[i].node, &tree.rb_root, less);
	}
	for (key = 0; key < KEYS / 10; key++)
		rb_for_each(n, &key, &tree.rb_root, compare)
			CHECK(n == &things[found++].node);
	CHECK_EQ(found, KEYS);
	key = KEYS;
	CHECK(!rb_find_first(&key, &tree.rb_root, compare));
}

/* A node comes after its children: it may be overwritten in the body. */
TEST_NO_SWEEP(children_come_before_their_parents)
{
	struct thing *t, *next;
	unsigned int i, seen = 0;

	start();
	rbtree_postorder_for_each_entry_safe(t, next, &tree.rb_root, node)
		seen++;
	CHECK_EQ(seen, 0);
	for (i = 0; i < KEYS; i++)
		rb_add(&things[i].node, &tree.rb_root, less);
	rbtree_postorder_for_each_entry_safe(t, next, &tree.rb_root, node)
	{
		CHECK(!t->node.rb_left ||
		      thing_of(t->node.rb_left)->key == KEYS);
		CHECK(!t->node.rb_right ||
		      thing_of(t->node.rb_right)->key == KEYS);
		t->key = KEYS;
		seen++;
	}
	CHECK_EQ(seen, KEYS);
}
