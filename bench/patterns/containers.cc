/* SPDX-License-Identifier: MIT */
/*
 * containers: what a C++ program does with the standard library.
 *
 * Words are made up, counted in hash tables, sorted in trees, listed in
 * deques and joined into strings, with shared pointers among them: nodes
 * of a few dozen bytes, strings around the small-string limit, vectors and
 * tables that grow by doubling.
 */
#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench.h"

struct entry {
	std::string name;
	std::vector<int> places;
	std::shared_ptr<entry> before;
};

static std::string make_word(uint64_t *seed)
{
	static const char letters[] = "etaoinshrdlucmfw";
	size_t length = bench_log_size(seed, 3, 40);
	uint64_t bits = bench_random(seed);
	std::string word;

	for (size_t i = 0; i < length; i++)
		word += letters[bits >> i % 8 * 4 & 15];
	return word;
}

static uint64_t count_words(uint64_t *seed)
{
	std::unordered_map<std::string, int> count;
	std::map<std::string, std::list<int>> where;
	std::multiset<std::pair<int, std::string>> ranked;

	for (int i = 0; i < 20000; i++) {
		std::string word = make_word(seed);

		count[word]++;
		where[word.substr(0, 18)].push_back(i);
	}
	for (const auto &item : count)
		ranked.emplace(item.second, item.first);
	return ranked.rbegin()->first + where.size() + ranked.size();
}

static uint64_t chain_entries(uint64_t *seed)
{
	std::deque<std::shared_ptr<entry>> recent;
	uint64_t sum = 0;

	for (int i = 0; i < 20000; i++) {
		auto e = std::make_shared<entry>();

		e->name = make_word(seed);
		for (size_t k = bench_random(seed) % 12; k; k--)
			e->places.push_back(i);
		if (!recent.empty() && i % 8)
			e->before = recent[bench_random(seed) % recent.size()];
		recent.push_back(e);
		if (recent.size() > 500) {
			sum += recent.front()->places.size();
			recent.pop_front();
		}
	}
	return sum;
}

static uint64_t sort_lines(uint64_t *seed)
{
	std::vector<std::vector<std::string>> lines;
	uint64_t sum = 0;

	for (int i = 0; i < 3000; i++) {
		std::vector<std::string> line;

		for (int k = 0; k < 8; k++)
			line.push_back(make_word(seed));
		std::sort(line.begin(), line.end());
		lines.push_back(line);
	}
	std::sort(lines.begin(), lines.end());
	for (const auto &line : lines) {
		std::string joined;

		for (const auto &word : line)
			joined += word + " ";
		sum += joined.size();
	}
	return sum;
}

int main(int argc, char **argv)
{
	long rounds = bench_scaled(argc, argv, 20);
	uint64_t seed = 2, sum = 0;

	for (long i = 0; i < rounds; i++) {
		sum += count_words(&seed);
		sum += chain_entries(&seed);
		sum += sort_lines(&seed);
	}
	printf("checksum %llu\n", static_cast<unsigned long long>(sum));
	return 0;
}
