/* SPDX-License-Identifier: MIT */
/*
 * Containers and shared pointers whose nodes come from slab caches.
 *
 *	c++ -std=c++17 containers.cc $(pkg-config --cflags --libs ashlar)
 */
#include <ashlar/ashlar.hpp>
#include <ashlar/stats.h>
#include <iostream>
#include <map>
#include <memory_resource>
#include <string>
#include <vector>

template <class Key, class Value>
using map = std::map<Key, Value, std::less<>,
		     ashlar::allocator<std::pair<const Key, Value>>>;

int main()
{
	struct ashlar_memory before = {}, with = {};
	before.size = with.size = sizeof(before);
	ashlar_memory_stats(&before, 0);

	map<std::string, int> ages;
	for (int i = 0; i < 1000; i++)
		ages["name " + std::to_string(i)] = i;
	auto shared = ashlar::allocate_shared<std::string>("one object");

	ashlar::memory_resource kmalloc;
	std::pmr::vector<std::pmr::string> words(&kmalloc);
	words.emplace_back("a string that is too long to lie in its object");

	ashlar_memory_stats(&with, 0);
	std::cout << ages.size() << " nodes, " << *shared << ", "
		  << words.size() << " word: "
		  << (with.blocks - before.blocks >= 1003 ? "all in slabs" :
							    "elsewhere")
		  << "\n";
}
