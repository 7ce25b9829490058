/* SPDX-License-Identifier: MIT */
/* Exercises of lesson 32: containers are filled, and their allocator counts. */
#include <forward_list>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>
#include "../model/part.h"
#include "counting.h"

struct use {
	std::size_t bytes, blocks;
};

static struct use of_vector(int n)
{
	std::vector<int, counting<int>> v;

	for (int i = 0; i < n; i++)
		v.push_back(i);
	return { bytes, blocks };
}

static struct use of_forward_list(int n)
{
	std::forward_list<int, counting<int>> l;

	for (int i = 0; i < n; i++)
		l.push_front(i);
	return { bytes, blocks };
}

static struct use of_list(int n)
{
	std::list<int, counting<int>> l;

	for (int i = 0; i < n; i++)
		l.push_back(i);
	return { bytes, blocks };
}

static struct use of_map(int n)
{
	std::map<int, int, std::less<int>, counting<pair>> m;

	for (int i = 0; i < n; i++)
		m[i] = i;
	return { bytes, blocks };
}

static struct use of_unordered_map(int n)
{
	std::unordered_map<int, int, std::hash<int>, std::equal_to<int>,
			   counting<pair>>
		m;

	for (int i = 0; i < n; i++)
		m[i] = i;
	return { bytes, blocks };
}

static const struct container {
	const char *name;
	struct use (*fill)(int n);
} containers[] = {
	{ "vector", of_vector },
	{ "forward_list", of_forward_list },
	{ "list", of_list },
	{ "map", of_map },
	{ "unordered_map", of_unordered_map },
};

static void ask_smallest(int n)
{
	unsigned long out = draw_below(5), other = (out + 2) % 5, i;
	const struct container *best = nullptr;
	std::size_t least = 0;

	for (i = 0; i < 5; i++) {
		if (i == out || i == other)
			continue;
		const struct use u = containers[i].fill(n);

		if (!best || u.bytes < least) {
			best = &containers[i];
			least = u.bytes;
		}
	}
	ask("%d ints are put, one after the other, into a std::vector, "
	    "forward_list, list, map and unordered_map of Ashlar's; maps to "
	    "int. If you leave out %s and %s: which of the other three has "
	    "fewest bytes in use?",
	    n, containers[out].name, containers[other].name);
	answer("%s", best->name);
	because("It has %zu bytes. Each node is a block with its "
		"pointers; a vector has none, and room to spare.",
		least);
}

static void ask_room(int n)
{
	std::vector<int, counting<int>> v;

	for (int i = 0; i < n; i++)
		v.push_back(i);
	ask("For how many ints has the vector room, after %d push_back()?", n);
	answer("%zu", v.capacity());
	because("It doubles whenever it is full.");
	v.shrink_to_fit();
	ask("And after shrink_to_fit()?");
	answer("%zu", v.capacity());
	because("The numbers were copied into a block that is as large as they "
		"are.");
}

static void ask_blocks(int n)
{
	const struct container *c = &containers[draw_below(5)];

	ask("How many blocks of malloc has a std::%s of %d ints?", c->name, n);
	answer("%zu", c->fill(n).blocks);
	because("Containers of nodes have one for each element; an "
		"unordered_map has a table besides, and a vector is one block "
		"at all times.");
}

static void ask_containers()
{
	int n = 100 + (int)draw_below(5000);

	ask_smallest(n);
	ask_room(n);
	ask_blocks(n);
}

static const struct lesson lessons[] = { { 32, ask_containers },
					 { 0, nullptr } };
static const struct part part = { nullptr, lessons };
const struct part *const course_parts[] = { &part, nullptr };
