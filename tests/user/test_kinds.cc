/* SPDX-License-Identifier: MIT */
/*
 * Blocks that go back another way than they came, with no option given, each
 * beside its right twin, of which nothing is said.
 */
#include "last_words.h"
#include <malloc.h>
#include <new>
#include <string>
#include <thread>
#include <vector>

struct cookie {
	std::string name;
};

struct alignas(64) wide {
	char bytes[64];
};

/* The compiler is to make no pairs of what it sees. */
template <typename T> static T *hidden(T *p)
{
	T *volatile out = p;

	return out;
}

static char *chars(size_t size)
{
	return hidden(static_cast<char *>(malloc(size)));
}

#define EXPRESSION(name, wrong) \
	static void name()      \
	{                       \
		wrong;          \
	}

EXPRESSION(malloc_delete, delete chars(1))
EXPRESSION(malloc_delete_plain, ::operator delete(hidden(chars(100))))
EXPRESSION(malloc_delete_array, delete[] chars(256))
EXPRESSION(strdup_delete, delete hidden(strdup("copied")))
EXPRESSION(new_free, free(hidden(new int)))
EXPRESSION(new_realloc, free(realloc(hidden(new int), 200)))
EXPRESSION(new_delete_array, delete[] hidden(new int))
EXPRESSION(array_delete, delete hidden(new int[3]))
EXPRESSION(array_delete_plain, ::operator delete(hidden(new int[3])))
EXPRESSION(array_free, free(hidden(new int[60])))
EXPRESSION(array_realloc, free(realloc(hidden(new int[3]), 16)))
EXPRESSION(nothrow_free, free(hidden(new (std::nothrow) int)))
EXPRESSION(nothrow_array_delete, delete hidden(new (std::nothrow) int[3]))
EXPRESSION(aligned_free, free(hidden(new wide)))
EXPRESSION(array_of_class_free, free(hidden(new wide[2])))
EXPRESSION(medium_malloc_delete, ::operator delete(hidden(chars(800))))
EXPRESSION(medium_malloc_delete_array, delete[] chars(1024))
EXPRESSION(medium_new_free, free(hidden(::operator new(300))))
EXPRESSION(medium_array_free, free(hidden(new int[100])))
EXPRESSION(medium_array_realloc, free(realloc(hidden(new char[999]), 16)))
EXPRESSION(medium_array_delete_plain, ::operator delete(hidden(new int[200])))
EXPRESSION(medium_nothrow_free, free(hidden(new (std::nothrow) char[1024])))
EXPRESSION(medium_aligned_free, free(hidden(new wide[10])))
EXPRESSION(large_malloc_delete, delete chars(200000))
EXPRESSION(large_new_free, free(hidden(::operator new(200000))))
EXPRESSION(large_new_realloc, free(realloc(hidden(::operator new(200000)), 9)))
EXPRESSION(large_array_delete, delete hidden(new char[1 << 20]))
EXPRESSION(large_array_free, free(hidden(new char[1 << 20])))

/* Another thread's, and not the last one. */
static void large_of_another()
{
	char *p = nullptr;

	std::thread([&p] { p = new char[300000]; }).join();
	free(hidden(chars(300000)));
	free(hidden(p));
}

static const struct {
	const char *name;
	void (*make)(void);
	const char *detail;
} mistakes[] = {
	{ "malloc-delete", malloc_delete,
	  "came from malloc and went to operator delete" },
	{ "malloc-delete-plain", malloc_delete_plain,
	  "a block of 112 bytes, came from malloc and" },
	{ "malloc-delete[]", malloc_delete_array,
	  "came from malloc and went to operator delete []" },
	{ "strdup-delete", strdup_delete, "came from malloc" },
	{ "new-free", new_free, "came from operator new and went to free" },
	{ "new-realloc", new_realloc, "came from operator new and" },
	{ "new-delete[]", new_delete_array,
	  "came from operator new and went to operator delete []" },
	{ "new[]-delete", array_delete, "came from operator new []" },
	{ "new[]-delete-plain", array_delete_plain,
	  "came from operator new [] and went to operator delete" },
	{ "new[]-free", array_free,
	  "came from operator new [] and went to free" },
	{ "new[]-realloc", array_realloc, "came from operator new []" },
	{ "nothrow-free", nothrow_free, "came from operator new and" },
	{ "nothrow[]-delete", nothrow_array_delete, "from operator new []" },
	{ "aligned-free", aligned_free, "came from operator new and" },
	{ "class[]-free", array_of_class_free, "came from operator new []" },
	{ "medium-malloc-delete-plain", medium_malloc_delete,
	  "came from malloc and went to operator delete" },
	{ "medium-malloc-delete[]", medium_malloc_delete_array,
	  "a block of 1024 bytes, came from malloc and" },
	{ "medium-new-free", medium_new_free, "came from operator new and" },
	{ "medium-new[]-free", medium_array_free,
	  "a block of 416 bytes, came from operator new [] and went to free" },
	{ "medium-new[]-realloc", medium_array_realloc,
	  "came from operator new []" },
	{ "medium-new[]-delete-plain", medium_array_delete_plain,
	  "came from operator new [] and went to operator delete" },
	{ "medium-nothrow[]-free", medium_nothrow_free,
	  "came from operator new []" },
	{ "medium-aligned[]-free", medium_aligned_free,
	  "came from operator new []" },
	{ "large-malloc-delete", large_malloc_delete,
	  "came from malloc and went to operator delete" },
	{ "large-new-free", large_new_free, "came from operator new and went" },
	{ "large-new-realloc", large_new_realloc,
	  "came from operator new and" },
	{ "large-new[]-delete", large_array_delete,
	  "came from operator new [] and went to operator delete" },
	{ "large-new[]-free", large_array_free, "came from operator new []" },
	{ "large-of-another", large_of_another, "came from operator new []" },
};

/* Each form, often enough that lists are filled and emptied. */
static void right_pairs()
{
	std::vector<char *> all;
	size_t size;

	for (size = 0; size < 3000; size++) {
		delete hidden(new int);
		delete hidden(new cookie);
		delete hidden(new (std::nothrow) cookie);
		delete hidden(new wide);
		delete[] hidden(new cookie[size % 7 + 1]);
		delete[] hidden(new (std::nothrow) int[size % 7 + 1]);
		delete[] hidden(new wide[2]);
		::operator delete(hidden(::operator new(size)));
		::operator delete(hidden(::operator new(size)), size);
		::operator delete[](hidden(::operator new[](size)));
		::operator delete[](hidden(::operator new[](size)), size);
		free(realloc(chars(size), size / 2 + 1));
		all.push_back(new char[size % 300]);
	}
	for (char *p : all)
		delete[] p;
	for (size = 128 << 10; size < 8 << 20; size += size / 5) {
		::operator delete(hidden(::operator new(size)));
		::operator delete(hidden(::operator new(size)), size);
		delete[] hidden(new char[size]);
		delete[] hidden(new (std::nothrow) wide[size / 64]);
		free(realloc(chars(size), size * 2));
	}
	delete hidden<int>(nullptr);
	delete[] hidden<int>(nullptr);
}

static void check_right()
{
	std::vector<std::thread> threads;
	int *p = new int[10];

	for (int i = 0; i < 4; i++)
		threads.emplace_back(right_pairs);
	for (auto &thread : threads)
		thread.join();
	check(malloc_usable_size(hidden(p)) == 48, "usable-size",
	      "of new []: %zu", malloc_usable_size(p));
	delete[] p;
}

int main()
{
	char text[8192];

	begin("kinds");
	check_right();
	for (const auto &m : mistakes) {
		text[0] = '\0';
		check(dies_of(m.make, "alloc-dealloc-mismatch", m.detail, text,
			      sizeof(text)),
		      m.name, "stderr: %.300s", text);
	}
	return finish();
}
