/* SPDX-License-Identifier: MIT */
/* What smart pointers allocate, and what their counts are after each line. */
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

static int allocations;

/* Not inlined, so that no compiler compares malloc with what frees. */
__attribute__((noinline)) void *operator new(std::size_t n)
{
	allocations++;
	if (void *p = std::malloc(n))
		return p;
	throw std::bad_alloc();
}

__attribute__((noinline)) void operator delete(void *p) noexcept
{
	std::free(p);
}

__attribute__((noinline)) void operator delete(void *p, std::size_t) noexcept
{
	std::free(p);
}

struct thing {
	int value[10];
};

static void say(const char *what)
{
	std::printf("%s: %d allocation%s\n", what, allocations,
		    allocations == 1 ? "" : "s");
	allocations = 0;
}

int main()
{
	allocations = 0;
	auto u = std::make_unique<thing>();
	say("make_unique");
	auto a = std::make_shared<thing>();
	say("make_shared");
	std::shared_ptr<thing> b(new thing);
	say("shared_ptr(new)");

	std::weak_ptr<thing> w = a;
	std::printf("weak_ptr w = a:          owners %ld\n", a.use_count());
	auto c = a;
	std::printf("c = a:                   owners %ld\n", a.use_count());
	if (auto locked = w.lock())
		std::printf("w.lock():                owners %ld\n",
			    a.use_count());
	c.reset();
	std::printf("c.reset():               owners %ld\n", a.use_count());
	a.reset();
	std::printf("a.reset():               w.expired() is %s\n",
		    w.expired() ? "true" : "false");
	std::printf("w.lock() gives           %s\n",
		    w.lock() ? "an object" : "nothing");
}
