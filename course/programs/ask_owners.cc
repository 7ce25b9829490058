/* SPDX-License-Identifier: MIT */
/* Exercises of lesson 31: smart pointers, that are asked what they count. */
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include "../model/part.h"

static int allocations, destroyed;

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

struct node {
	std::shared_ptr<node> next;
	std::weak_ptr<node> seen;

	~node()
	{
		destroyed++;
	}
};

static void ask_allocations()
{
	std::shared_ptr<thing> shared[2];
	std::unique_ptr<thing> unique;
	std::string lines;
	int made = 0;

	for (int i = 0; i < 3; i++) {
		unsigned long how = draw_below(4);

		allocations = 0;
		if (how == 0) {
			unique = std::make_unique<thing>();
		} else if (how == 1) {
			shared[0] = std::make_shared<thing>();
		} else if (how == 2) {
			shared[1] = std::shared_ptr<thing>(new thing);
		} else {
			shared[0] = shared[1];
		}
		made += allocations;
		static const char *const text[] = {
			"u = std::make_unique<thing>();",
			"a = std::make_shared<thing>();",
			"b = std::shared_ptr<thing>(new thing);",
			"a = b;",
		};
		lines += "\n    ";
		lines += text[how];
	}
	ask("These lines run:\n    std::unique_ptr<thing> u;\n    "
	    "std::shared_ptr<thing> a, b;%s\nHow many allocations do they "
	    "make?",
	    lines.c_str());
	answer("%d", made);
	because("make_unique and make_shared take one block each; "
		"shared_ptr(new) takes two, for object and counts. A copy only "
		"counts up.");
}

static void ask_owners_of()
{
	auto a = std::make_shared<thing>();
	std::shared_ptr<thing> b = a, c;
	std::weak_ptr<thing> w = a;
	std::string lines;

	for (int i = 0; i < 5; i++) {
		static const char *const text[] = {
			"b = a;",
			"c = b;",
			"a.reset();",
			"c = w.lock();",
			"b = std::move(c);",
			"a = c;",
		};
		unsigned long how = draw_below(6);

		if (how == 0)
			b = a;
		else if (how == 1)
			c = b;
		else if (how == 2)
			a.reset();
		else if (how == 3)
			c = w.lock();
		else if (how == 4)
			b = std::move(c);
		else
			a = c;
		lines += "\n    ";
		lines += text[how];
	}
	ask("These lines run:\n    auto a = std::make_shared<thing>();\n    "
	    "std::shared_ptr<thing> b = a, c;\n    std::weak_ptr<thing> w = a;%s\n"
	    "How many owners has the object then, as w.use_count() says?",
	    lines.c_str());
	answer("%ld", w.use_count());
	because("Each shared_ptr that leads to it is one; w is none. With the "
		"last one the object goes, and lock() gives nothing.");
}

static void ask_cycle()
{
	bool back_owns = draw_below(2), third = draw_below(2);
	int before;

	before = destroyed;
	{
		auto a = std::make_shared<node>();
		auto b = std::make_shared<node>();

		a->next = b;
		if (back_owns)
			b->next = a;
		else
			b->seen = a;
		if (third)
			b->seen = b;
	}
	before = destroyed - before;
	ask("A node has a std::shared_ptr<node> next and a std::weak_ptr<node> "
	    "seen. These lines run:\n    auto a = std::make_shared<node>();\n  "
	    "  auto b = std::make_shared<node>();\n    a->next = b;\n    b->%s ="
	    " a;%s\nHow many of the two are destroyed when a and b go out of "
	    "scope?",
	    back_owns ? "next" : "seen", third ? "\n    b->seen = b;" : "");
	answer("%d", before);
	because("Two that own each other keep each other. Who only looks on, "
		"by a weak_ptr, keeps nobody.");
}

static void ask_pointers_of()
{
	ask_allocations();
	ask_owners_of();
	ask_cycle();
}

static const struct lesson lessons[] = { { 31, ask_pointers_of },
					 { 0, nullptr } };
static const struct part part = { nullptr, lessons };
const struct part *const course_parts[] = { &part, nullptr };
