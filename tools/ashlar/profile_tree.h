/* SPDX-License-Identifier: MIT */
/* A profile's stacks as a tree of calls, the outermost first. */
#ifndef ASHLAR_TOOLS_PROFILE_TREE_H
#define ASHLAR_TOOLS_PROFILE_TREE_H

#include "profile.h"

#define TREE_ALL 0 /* names of the root, and of what has no stack */
#define TREE_NO_STACK 1
#define TREE_NAMES 2 /* others begin here */

struct profile_node {
	uint32_t name, depth;
	uint32_t up, child, next; /* places; 0: none */
	int64_t grown[PROFILE_VALUES]; /* with all that it calls */
	int64_t shrunk[PROFILE_VALUES]; /* of a difference; positive */
};

struct profile_tree {
	const struct profile *p;
	struct profile_node *node; /* the first is the root */
	uint32_t nr, room;
	uint32_t *slot; /* nodes by caller and name */
	uint32_t nr_slots;
	uint32_t nr_names;
	bool left_out; /* small ones are */
};

bool profile_tree_make(struct profile_tree *t, const struct profile *p);
void profile_tree_free(struct profile_tree *t);
const char *profile_tree_name(const struct profile_tree *t, uint32_t i,
			      char *text, size_t size);

/* flame.html, by scripts/embed */
extern const char profile_page[];

#endif
