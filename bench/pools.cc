/* SPDX-License-Identifier: MIT */
/*
 * Node containers on ashlar.hpp, on std::pmr::unsynchronized_pool_resource and
 * on boost::object_pool, which serves objects but no container.
 *
 *	pools WHO WHAT OPERATIONS	ashlar, pmr-ashlar, pmr or boost;
 *					map, list, set or objects
 *
 * Prints how many KiB became resident at most. Time and instructions are
 * counted from outside.
 */
#include <ashlar/ashlar.hpp>
#include <boost/pool/object_pool.hpp>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <string>
#include <sys/resource.h>
#include <unordered_set>
#include <vector>

enum { LIVE = 50000 };

static unsigned long long state = 1;

static unsigned long any()
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return static_cast<unsigned long>(state >> 33);
}

template <class map> static void use_map(map &m, long operations)
{
	while (operations--) {
		unsigned long key = any() % (2 * LIVE);
		auto [at, added] = m.try_emplace(key, 1ul);
		if (!added)
			m.erase(at);
	}
}

template <class set> static void use_set(set &s, long operations)
{
	s.reserve(2 * LIVE);
	while (operations--) {
		auto [at, added] = s.insert(any() % (2 * LIVE));
		if (!added)
			s.erase(at);
	}
}

struct entry {
	unsigned long a[4];
};

template <class list> static void use_list(list &l, long operations)
{
	for (long i = 0; i < LIVE; i++)
		l.push_back(entry{});
	while (operations--) {
		if (any() & 1)
			l.push_back(entry{});
		else if (!l.empty())
			l.pop_front();
	}
}

template <class get, class put>
static void use_objects(get g, put p, long operations)
{
	std::vector<entry *> table(2000);
	while (operations--) {
		entry *&e = table[any() % table.size()];
		if (e) {
			p(e);
			e = nullptr;
		} else {
			e = g();
			e->a[0] = 1;
		}
	}
	for (entry *e : table)
		if (e)
			p(e);
}

template <template <class> class alloc, class... from>
static void use(const std::string &what, long operations, from... f)
{
	if (what == "map") {
		using pair = std::pair<const unsigned long, unsigned long>;
		std::map<unsigned long, unsigned long, std::less<>, alloc<pair>>
			m{ alloc<pair>(f...) };
		use_map(m, operations);
	} else if (what == "list") {
		std::list<entry, alloc<entry>> l{ alloc<entry>(f...) };
		use_list(l, operations);
	} else if (what == "set") {
		std::unordered_set<unsigned long, std::hash<unsigned long>,
				   std::equal_to<>, alloc<unsigned long>>
			s{ alloc<unsigned long>(f...) };
		use_set(s, operations);
	} else {
		alloc<entry> a(f...);
		use_objects([&] { return a.allocate(1); },
			    [&](entry *e) { a.deallocate(e, 1); }, operations);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	std::string who = argv[1], what = argv[2];
	long operations = std::atol(argv[3]);
	rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	if (who == "ashlar") {
		use<ashlar::allocator>(what, operations);
	} else if (who == "pmr-ashlar") {
		ashlar::memory_resource r;
		use<std::pmr::polymorphic_allocator>(
			what, operations,
			static_cast<std::pmr::memory_resource *>(&r));
	} else if (who == "pmr") {
		std::pmr::unsynchronized_pool_resource r;
		use<std::pmr::polymorphic_allocator>(
			what, operations,
			static_cast<std::pmr::memory_resource *>(&r));
	} else {
		boost::object_pool<entry> pool;
		use_objects([&] { return pool.malloc(); },
			    [&](entry *e) { pool.free(e); }, operations);
	}
	getrusage(RUSAGE_SELF, &after);
	std::printf("%ld\n", after.ru_maxrss - before.ru_maxrss);
}
