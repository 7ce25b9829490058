/* SPDX-License-Identifier: MIT */
/*
 * Bytes and blocks that a million ints take in each container: the usable bytes
 * of all blocks that its allocator has.
 */
#include <array>
#include <cstdio>
#include <forward_list>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>
#include "counting.h"

static const int N = 1000000;
static void say(const char *name)
{
	std::printf("%-28s %6.2f bytes and %5.3f blocks each\n", name,
		    double(bytes) / N, double(blocks) / N);
}

int main()
{
	{
		std::vector<int, counting<int>> v;

		for (int i = 0; i < N; i++)
			v.push_back(i);
		say("std::vector, grown");
		v.shrink_to_fit();
		say("std::vector, shrink_to_fit");
	}
	{
		std::forward_list<int, counting<int>> l;

		for (int i = 0; i < N; i++)
			l.push_front(i);
		say("std::forward_list");
	}
	{
		std::list<int, counting<int>> l;

		for (int i = 0; i < N; i++)
			l.push_back(i);
		say("std::list");
	}
	{
		std::map<int, int, std::less<int>, counting<pair>> m;

		for (int i = 0; i < N; i++)
			m[i] = i;
		say("std::map to int");
	}
	{
		std::unordered_map<int, int, std::hash<int>, std::equal_to<int>,
				   counting<pair>>
			m;

		for (int i = 0; i < N; i++)
			m[i] = i;
		say("std::unordered_map to int");
	}
	std::printf("%-28s %6.2f bytes, in the object itself\n", "std::array",
		    double(sizeof(std::array<int, 100>)) / 100);
}
