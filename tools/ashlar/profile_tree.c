/* SPDX-License-Identifier: MIT */
/*
 * A profile's stacks as a tree of calls.
 *
 *   a;b;c 3        all 6
 *   a;b   1   ►     └ a 6
 *   a;d   2            ├ b 4 ─ c 3
 *                      └ d 2
 *
 * A call's name is a function's place, or behind these, where no function is
 * known, a location's. What is too small to be seen is cut off.
 */
#include <stdlib.h>
#include <string.h>
#include "profile_tree.h"

#define FIRST_SLOTS 1024u
#define SMALL 10000 /* one part of so many of the whole is not shown */

/* profile_tree_name - the name @i, counted from TREE_NAMES on */
const char *profile_tree_name(const struct profile_tree *t, uint32_t i,
			      char *text, size_t size)
{
	const struct profile *p = t->p;

	if (i < p->nr_functions)
		return p->function[i].name;
	return profile_label(p, &p->location[i - p->nr_functions], 0, text,
			     size);
}

static uint32_t hash(uint32_t up, uint32_t name)
{
	uint64_t key = (uint64_t)up << 32 | name;

	return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 32);
}

static uint32_t *find_slot(const struct profile_tree *t, uint32_t up,
			   uint32_t name)
{
	uint32_t i = hash(up, name) & (t->nr_slots - 1);

	while (t->slot[i] && (t->node[t->slot[i]].up != up ||
			      t->node[t->slot[i]].name != name))
		i = (i + 1) & (t->nr_slots - 1);
	return &t->slot[i];
}

static bool grow(struct profile_tree *t)
{
	uint32_t room = t->room ? 2 * t->room : FIRST_SLOTS, i;
	struct profile_node *more = realloc(t->node, room * sizeof(*more));
	uint32_t *slot = calloc(2ul * room, sizeof(*slot));

	if (more)
		t->node = more;
	if (!more || !slot || room > UINT32_MAX / 4) {
		free(slot);
		return false;
	}
	free(t->slot);
	t->slot = slot;
	t->nr_slots = 2 * room;
	t->room = room;
	for (i = 1; i < t->nr; i++)
		*find_slot(t, more[i].up, more[i].name) = i;
	return true;
}

/* The call of @name by @up, made if need be; 0: there is no memory. */
static uint32_t node_for(struct profile_tree *t, uint32_t up, uint32_t name)
{
	uint32_t *slot, node;

	if (t->nr == t->room && !grow(t))
		return 0;
	slot = find_slot(t, up, name);
	node = *slot;
	if (node)
		return node;
	*slot = t->nr;
	t->node[t->nr] = (struct profile_node){
		.name = name,
		.depth = t->node[up].depth + 1,
		.up = up,
		.next = t->node[up].child,
	};
	t->node[up].child = t->nr;
	return t->nr++;
}

static void count(struct profile_node *n, const struct profile_sample *s)
{
	int i;

	for (i = 0; i < PROFILE_VALUES; i++) {
		if (s->value[i] >= 0)
			n->grown[i] = profile_sum(n->grown[i], s->value[i]);
		else
			n->shrunk[i] = profile_sum(n->shrunk[i], -s->value[i]);
	}
}

static bool add_sample(struct profile_tree *t, const struct profile_sample *s)
{
	const struct profile_location *l;
	uint32_t i, line, name, at = 0;

	count(&t->node[0], s);
	for (i = s->nr; i-- > 0;) {
		l = &t->p->location[s->location[i]];
		line = l->nr ? l->nr : 1;
		while (line-- > 0) {
			name = l->nr ? l->line[line].function :
				       t->p->nr_functions + s->location[i];
			at = node_for(t, at, name + TREE_NAMES);
			if (!at)
				return false;
			count(&t->node[at], s);
		}
	}
	if (!s->nr) {
		at = node_for(t, 0, TREE_NO_STACK);
		if (at)
			count(&t->node[at], s);
	}
	return at != 0;
}

static bool is_small(const struct profile_tree *t, const struct profile_node *n)
{
	const struct profile_node *all = t->node;
	int i;

	for (i = 0; i < PROFILE_VALUES; i++)
		if (profile_sum(n->grown[i], n->shrunk[i]) >
		    profile_sum(all->grown[i], all->shrunk[i]) / SMALL)
			return false;
	return true;
}

/* A child of what is cut off is no larger, so none is reached. */
static void cut_off(struct profile_tree *t)
{
	uint32_t i, *link;

	for (i = 0; i < t->nr; i++) {
		link = &t->node[i].child;
		while (*link) {
			if (is_small(t, &t->node[*link])) {
				*link = t->node[*link].next;
				t->left_out = true;
			} else {
				link = &t->node[*link].next;
			}
		}
	}
}

/**
 * profile_tree_make() - the calls of all stacks
 * @t: filled; freed by profile_tree_free() in any case
 * @p: the profile, which stays while @t is used
 *
 * Return: false if there is no memory.
 */
bool profile_tree_make(struct profile_tree *t, const struct profile *p)
{
	uint32_t i;

	*t = (struct profile_tree){ .p = p };
	if (!grow(t))
		return false;
	t->nr_names = p->nr_functions + p->nr_locations;
	t->node[t->nr++] = (struct profile_node){ .name = TREE_ALL };
	for (i = 0; i < p->nr_samples; i++)
		if (!add_sample(t, &p->sample[i]))
			return false;
	cut_off(t);
	return true;
}

void profile_tree_free(struct profile_tree *t)
{
	free(t->node);
	free(t->slot);
}
