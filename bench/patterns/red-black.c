/* SPDX-License-Identifier: MIT */
/*
 * red-black: a balanced tree under random insertion and deletion.
 *
 * Nodes are 48 bytes; each carries a block of its own of 16 to 160 bytes.
 * The tree holds up to 200,000 entries, so nodes are spread over the heap
 * and the order of frees has nothing to do with that of the mallocs; how
 * densely the allocator packs them decides how the tree walk hits caches.
 *
 * A left-leaning red-black tree: red links lean left, no two in a row,
 * and every path from the root has the same number of black links.
 */
#include <stdbool.h>

#include "bench.h"

enum { KEYS = 400000 };

struct node {
	uint32_t key;
	bool red;
	struct node *left, *right;
	size_t size;
	unsigned char *value;
};

static uint64_t seed = 17;
static long entries;

static bool is_red(const struct node *n)
{
	return n && n->red;
}

static struct node *rotate_left(struct node *n)
{
	struct node *up = n->right;

	n->right = up->left;
	up->left = n;
	up->red = n->red;
	n->red = true;
	return up;
}

static struct node *rotate_right(struct node *n)
{
	struct node *up = n->left;

	n->left = up->right;
	up->right = n;
	up->red = n->red;
	n->red = true;
	return up;
}

static void flip_colours(struct node *n)
{
	n->red = !n->red;
	n->left->red = !n->left->red;
	n->right->red = !n->right->red;
}

static struct node *balance(struct node *n)
{
	if (is_red(n->right) && !is_red(n->left))
		n = rotate_left(n);
	if (is_red(n->left) && is_red(n->left->left))
		n = rotate_right(n);
	if (is_red(n->left) && is_red(n->right))
		flip_colours(n);
	return n;
}

static struct node *node_new(uint32_t key)
{
	struct node *n = bench_checked(malloc(sizeof(*n)));

	n->key = key;
	n->red = true;
	n->left = n->right = NULL;
	n->size = bench_between(&seed, 16, 160);
	n->value = bench_checked(malloc(n->size));
	memset(n->value, (int)key, n->size);
	entries++;
	return n;
}

static void node_free(struct node *n)
{
	free(n->value);
	free(n);
	entries--;
}

static struct node *insert(struct node *n, uint32_t key)
{
	if (!n)
		return node_new(key);
	if (key < n->key)
		n->left = insert(n->left, key);
	else if (key > n->key)
		n->right = insert(n->right, key);
	return balance(n);
}

static struct node *borrow_left(struct node *n)
{
	flip_colours(n);
	if (is_red(n->right->left)) {
		n->right = rotate_right(n->right);
		n = rotate_left(n);
		flip_colours(n);
	}
	return n;
}

static struct node *borrow_right(struct node *n)
{
	flip_colours(n);
	if (is_red(n->left->left)) {
		n = rotate_right(n);
		flip_colours(n);
	}
	return n;
}

/* Unlink the smallest node below n and return it through *smallest. */
static struct node *take_smallest(struct node *n, struct node **smallest)
{
	if (!n->left) {
		*smallest = n;
		return NULL;
	}
	if (!is_red(n->left) && !is_red(n->left->left))
		n = borrow_left(n);
	n->left = take_smallest(n->left, smallest);
	return balance(n);
}

/* Put the smallest node on the right in the place of n. */
static struct node *replace_by_next(struct node *n)
{
	struct node *next, *rest = take_smallest(n->right, &next);

	next->left = n->left;
	next->right = rest;
	next->red = n->red;
	node_free(n);
	return next;
}

/* The key is known to be in the tree. */
static struct node *delete_key(struct node *n, uint32_t key)
{
	if (key < n->key) {
		if (!is_red(n->left) && !is_red(n->left->left))
			n = borrow_left(n);
		n->left = delete_key(n->left, key);
		return balance(n);
	}
	if (is_red(n->left))
		n = rotate_right(n);
	if (key == n->key && !n->right) {
		node_free(n);
		return NULL;
	}
	if (!is_red(n->right) && !is_red(n->right->left))
		n = borrow_right(n);
	if (key == n->key)
		n = replace_by_next(n);
	else
		n->right = delete_key(n->right, key);
	return balance(n);
}

static bool contains(const struct node *n, uint32_t key)
{
	while (n && n->key != key)
		n = key < n->key ? n->left : n->right;
	return n;
}

int main(int argc, char **argv)
{
	long steps = bench_scaled(argc, argv, 1000000), i;
	struct node *root = NULL;

	for (i = 0; i < steps; i++) {
		uint32_t key = (uint32_t)bench_between(&seed, 0, KEYS - 1);

		if (contains(root, key))
			root = delete_key(root, key);
		else
			root = insert(root, key);
		if (root)
			root->red = false;
	}
	printf("%ld entries\n", entries);
	return 0;
}
