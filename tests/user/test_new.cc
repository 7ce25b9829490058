/* SPDX-License-Identifier: MIT */
/*
 * C++17 [new.delete]: every form of operator new and operator delete, what
 * they throw, and the new-handler's part in it.
 */
#include "check.h"
#include <malloc.h>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <sys/resource.h>
#include <unordered_map>
#include <vector>

static const size_t sizes[] = { 0, 1, 8, 16, 17, 100, 128, 129, 1000, 4096,
				5000, 40000, 131072, 131073, 200000 };
static const std::nothrow_t &quiet = std::nothrow;
using align = std::align_val_t;
static void *volatile sink;

// Each row pairs a way to get memory with a way to give it back.
static const struct {
	const char *name;
	void *(*get)(size_t n);
	void (*give)(void *p, size_t n);
} plain[] = {
	{ "new-delete", [](size_t n) { return ::operator new(n); },
	  [](void *p, size_t) { ::operator delete(p); } },
	{ "new-delete-sized", [](size_t n) { return ::operator new(n); },
	  [](void *p, size_t n) { ::operator delete(p, n); } },
	{ "new-delete-nothrow",
	  [](size_t n) { return ::operator new(n, quiet); },
	  [](void *p, size_t) { ::operator delete(p, quiet); } },
	{ "array", [](size_t n) { return ::operator new[](n); },
	  [](void *p, size_t) { ::operator delete[](p); } },
	{ "array-sized", [](size_t n) { return ::operator new[](n); },
	  [](void *p, size_t n) { ::operator delete[](p, n); } },
	{ "array-nothrow", [](size_t n) { return ::operator new[](n, quiet); },
	  [](void *p, size_t) { ::operator delete[](p, quiet); } },
};

static const struct {
	const char *name;
	void *(*get)(size_t n, align a);
	void (*give)(void *p, size_t n, align a);
} aligned[] = {
	{ "aligned", [](size_t n, align a) { return ::operator new(n, a); },
	  [](void *p, size_t, align a) { ::operator delete(p, a); } },
	{ "aligned-sized",
	  [](size_t n, align a) { return ::operator new(n, a); },
	  [](void *p, size_t n, align a) { ::operator delete(p, n, a); } },
	{ "aligned-nothrow",
	  [](size_t n, align a) { return ::operator new(n, a, quiet); },
	  [](void *p, size_t, align a) { ::operator delete(p, a, quiet); } },
	{ "aligned-array",
	  [](size_t n, align a) { return ::operator new[](n, a); },
	  [](void *p, size_t, align a) { ::operator delete[](p, a); } },
	{ "aligned-array-sized",
	  [](size_t n, align a) { return ::operator new[](n, a); },
	  [](void *p, size_t n, align a) { ::operator delete[](p, n, a); } },
	{ "aligned-array-nothrow",
	  [](size_t n, align a) { return ::operator new[](n, a, quiet); },
	  [](void *p, size_t, align a) { ::operator delete[](p, a, quiet); } },
};

template <typename Get, typename Give>
static bool try_form(size_t n, size_t alignment, Get get, Give give)
{
	bool good = true;
	void *p[3];

	for (size_t i = 0; i < 3; i++) {
		p[i] = get(n);
		good &= p[i] && is_aligned(p[i], alignment);
		for (size_t j = 0; j < i; j++)
			good &= p[i] != p[j];
		fill(p[i], n, n + i);
	}
	for (size_t i = 0; i < 3; i++) {
		good &= intact(p[i], n, n + i);
		give(p[i], n);
	}
	return good;
}

static void check_plain()
{
	for (const auto &form : plain) {
		size_t bad = 0;

		for (size_t n : sizes)
			if (!try_form(n, 16, form.get, form.give))
				bad = n + 1;
		check(!bad, form.name, "%zu bytes", bad - 1);
	}
}

static void check_aligned()
{
	for (const auto &form : aligned) {
		size_t bad = 0;

		for (size_t a = 1; a <= 64 * KB; a *= 2)
			for (size_t n : sizes)
				if (!try_form(n, a, [&](size_t size) {
					return form.get(size, align(a));
				}, [&](void *p, size_t size) {
					form.give(p, size, align(a));
				}))
					bad = a;
		check(!bad, form.name, "alignment %zu", bad);
	}
}

template <typename Get> static bool throws_bad_alloc(Get get)
{
	try {
		get();
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

static void check_bad_alloc()
{
	// Of 32 bits, half may be had.
	const size_t half = PTRDIFF_MAX + (sizeof(size_t) > 4 ? 0 : 1ul);
	volatile size_t huge[] = { half, SIZE_MAX, SIZE_MAX - 4096 };
	bool thrown = true, null = true;

	for (size_t n : huge) {
		for (const auto &form : plain)
			if (!strstr(form.name, "nothrow"))
				thrown &= throws_bad_alloc([&] {
					form.get(n);
				});
		// libstdc++ 12 rounds the largest sizes up to 0.
		for (const auto &form : aligned)
			if (!strstr(form.name, "nothrow") &&
			    (on_ashlar() || n <= PTRDIFF_MAX))
				thrown &= throws_bad_alloc([&] {
					form.get(n, align(64));
				});
		null &= !::operator new(n, quiet);
		null &= !::operator new[](n, quiet);
		if (!on_ashlar() && n > PTRDIFF_MAX)
			continue;
		null &= !::operator new(n, align(64), quiet);
		null &= !::operator new[](n, align(64), quiet);
	}
	check(thrown, "bad_alloc", "not thrown for an absurd size");
	check(null, "nothrow-null", "not NULL for an absurd size");
}

static void check_array_length()
{
	volatile size_t n = SIZE_MAX / 4;
	bool thrown = false;

	try {
		long *p = new long[n];

		p[0] = 1;
		delete[] p;
	} catch (const std::bad_array_new_length &) {
		thrown = true;
	}
	check(thrown, "bad_array_new_length", "not thrown");
}

static int handled;

static void handle_thrice()
{
	if (++handled == 3)
		std::set_new_handler(nullptr);
}

struct from_handler {};

static void handle_by_throwing()
{
	throw from_handler();
}

// The handler is called until it gives up; then bad_alloc, or NULL.
static void check_handler()
{
	volatile size_t huge = PTRDIFF_MAX;
	bool thrown, called = true;

	for (int form = 0; form < 4; form++) {
		handled = 0;
		std::set_new_handler(handle_thrice);
		thrown = throws_bad_alloc([&] {
			if (form == 0)
				sink = ::operator new(huge);
			else if (form == 1)
				sink = ::operator new[](huge, align(128));
			else if (form == 2)
				sink = ::operator new(huge, quiet);
			else
				sink = ::operator new[](huge, align(128), quiet);
		});
		called &= handled == 3 && thrown == (form < 2);
	}
	check(called, "new_handler", "not called three times");
}

static void check_throwing_handler()
{
	volatile size_t huge = PTRDIFF_MAX;
	bool passed = false;

	std::set_new_handler(handle_by_throwing);
	try {
		sink = ::operator new(huge);
	} catch (const from_handler &) {
		passed = true;
	} catch (...) {
	}
	check(passed, "handler-throws", "its exception did not arrive");
	std::set_new_handler([] { throw std::bad_alloc(); });
	check(!::operator new(huge, quiet), "handler-throws-nothrow",
	      "nothrow new did not turn bad_alloc into NULL");
	std::set_new_handler(nullptr);
}

static void *reserve;

static void give_reserve()
{
	std::set_new_handler(nullptr);
	free(reserve);
}

// Out of memory for real: the handler frees a reserve, new then succeeds.
static int exhaust(void *)
{
	struct rlimit limit = { 256 * MB, 256 * MB };
	void *last = nullptr, *p;

	reserve = malloc(8 * MB);
	setrlimit(RLIMIT_AS, &limit);
	for (int i = 0; i < 1000 && (p = ::operator new(MB, quiet)); i++)
		last = p;
	if (p || !last || !throws_bad_alloc([] { sink = ::operator new(MB); }))
		return 1;
	std::set_new_handler(give_reserve);
	p = ::operator new(MB);
	memset(p, 1, MB);
	::operator delete(p);
	return 0;
}

struct alignas(256) wide {
	char c[300];
	wide() { memset(c, 3, sizeof(c)); }
};

struct refuses {
	char c[5000];
	refuses() { throw 5; }
};

static void check_expressions()
{
	bool good = true;
	long before;

	for (int i = 1; i < 50; i++) {
		wide *one = new wide, *many = new wide[i];

		good &= is_aligned(one, 256) && is_aligned(many, 256) &&
			many[i - 1].c[299] == 3;
		delete one;
		delete[] many;
	}
	check(good, "overaligned-type", "misaligned");
	before = rss_kb();
	for (int i = 0; i < 5000; i++)
		try {
			delete new refuses;
		} catch (int) {
		}
	check(rss_kb() - before < 4096, "constructor-throws",
	      "the memory was not given back");
}

struct object_of_100 {
	char c[100];
};

static void check_containers()
{
	std::map<std::string, std::vector<int>> map;
	std::unordered_map<int, std::shared_ptr<std::string>> hash;
	size_t sum = 0, found = 0;

	for (int i = 0; i < 20000; i++) {
		auto key = std::to_string(i * 7919 % 20011) + "-a longer key";

		map[key].assign(i % 40, i);
		hash[i] = std::make_shared<std::string>(key);
		if (i % 3 == 0)
			hash.erase(i / 2);
	}
	for (const auto &entry : map)
		sum += entry.second.size();
	for (const auto &entry : hash)
		found += map.count(*entry.second);
	check(sum == 390000 && found == hash.size(), "containers",
	      "%zu elements, %zu of %zu found", sum, found, hash.size());
}

static int delete_twice(void *)
{
	static object_of_100 *volatile p;

	p = new object_of_100;
	delete p;
	delete p;
	return 0;
}

static int delete_foreign(void *)
{
	static object_of_100 here[2];
	static object_of_100 *volatile p = &here[1];

	delete p;
	return 0;
}

static int delete_inside(void *)
{
	static char *volatile p;

	p = new char[1000] + 64;
	delete[] p;
	return 0;
}

// Their report is test_mistakes.c's; here it counts that they are seen at all.
static void check_mistakes()
{
	int (*mistakes[])(void *) = { delete_twice, delete_foreign,
				      delete_inside };
	bool aborted = true;
	int saved = dup(2);

	close(2);
	for (auto mistake : mistakes) {
		int status = in_child(mistake, nullptr, 10);

		aborted &= status != HUNG && WIFSIGNALED(status) &&
			   WTERMSIG(status) == SIGABRT;
	}
	dup2(saved, 2);
	close(saved);
	check(aborted, "mistakes", "a wrong delete did not abort");
}

int main()
{
	int status;

	begin("new");
	check_plain();
	check_aligned();
	check_bad_alloc();
	check_array_length();
	check_handler();
	check_throwing_handler();
	if (!is_watched()) {
		status = in_child(exhaust, nullptr, 20);
		check(exited_well(status), "handler-frees-reserve", "%s",
		      ending(status));
	}
	check_expressions();
	check_containers();
	if (on_ashlar())
		check_mistakes();
	return finish();
}
