/* SPDX-License-Identifier: MIT */
/*
 * Two processes allocate from one shared heap: Ashlar's, or
 * boost::interprocess's managed_shared_memory. Each has a table of its own, of
 * which it allocates into an empty place and releases from another at random.
 *
 *	heaps ashlar|boost PROCESSES OPERATIONS SIZE-MOST
 *
 * Prints operations a second of all processes together.
 */
#include <ashlar/heap.h>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace bi = boost::interprocess;

static const size_t bytes = size_t(256) << 20;
enum { PLACES = 1000 };

static std::string name;

struct ashlar {
	ashlar_heap *h = nullptr;
	static void make()
	{
		ashlar_heap *h;
		if (ashlar_heap_create(&h, name.c_str(), bytes))
			std::exit(1);
		ashlar_heap_close(h);
	}
	static void remove()
	{
		ashlar_heap *h;
		if (!ashlar_heap_open(&h, name.c_str()))
			ashlar_heap_destroy(h);
	}
	ashlar()
	{
		if (ashlar_heap_open(&h, name.c_str()))
			std::exit(1);
	}
	~ashlar() { ashlar_heap_close(h); }
	ashlar(const ashlar &) = delete;
	ashlar &operator=(const ashlar &) = delete;
	void *get(size_t n) { return ashlar_heap_alloc(h, n); }
	void put(void *p) { ashlar_heap_free(h, p); }
};

struct boosts {
	bi::managed_shared_memory m;
	static void make()
	{
		bi::managed_shared_memory(bi::create_only, name.c_str() + 1,
					  bytes);
	}
	static void remove()
	{
		bi::shared_memory_object::remove(name.c_str() + 1);
	}
	boosts() : m(bi::open_only, name.c_str() + 1) {}
	void *get(size_t n) { return m.allocate(n); }
	void put(void *p) { m.deallocate(p); }
};

template <class heap>
static void work(long operations, size_t most, unsigned seed)
{
	static void *table[PLACES];
	unsigned long long s = seed;
	heap h;

	while (operations--) {
		s = s * 6364136223846793005ull + 1442695040888963407ull;
		void *&p = table[(s >> 33) % PLACES];
		if (p) {
			h.put(p);
			p = nullptr;
		} else {
			size_t n = 8 + (s >> 13) % (most - 7);
			p = h.get(n);
			std::memset(p, 1, 8);
		}
	}
	for (void *p : table)
		if (p)
			h.put(p);
}

template <class heap>
static int run(int processes, long operations, size_t most)
{
	timespec a, b;

	heap::remove();
	heap::make();
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < processes; i++)
		if (!fork()) {
			work<heap>(operations, most, unsigned(i) + 1);
			_exit(0);
		}
	bool good = true;
	for (int i = 0; i < processes; i++) {
		int status;
		wait(&status);
		good = good && !status;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	heap::remove();
	double s = double(b.tv_sec - a.tv_sec) +
		   double(b.tv_nsec - a.tv_nsec) / 1e9;
	std::printf("%.0f\n", double(processes) * double(operations) / s);
	return !good;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	name = "/heaps-" + std::to_string(getpid());
	int processes = std::atoi(argv[2]);
	long operations = std::atol(argv[3]);
	size_t most = size_t(std::atol(argv[4]));
	return std::strcmp(argv[1], "boost") ?
		       run<ashlar>(processes, operations, most) :
		       run<boosts>(processes, operations, most);
}
