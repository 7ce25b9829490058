/* SPDX-License-Identifier: MIT */
/*
 * Releases that say a size or an alignment of another class than the block's,
 * with no option given; and what cannot be seen then, of which nothing is said.
 */
#include "last_words.h"
#include <new>
#include <string>
#include <vector>

extern "C" {
void free_sized(void *p, size_t size) __attribute__((weak));
void free_aligned_sized(void *p, size_t align, size_t size)
	__attribute__((weak));
}

struct base {
	int number;
};

struct derived : base {
	int more[10];
};

/* The compiler is to make no pairs of what it sees. */
template <typename T> static T *hidden(T *p)
{
	T *volatile out = p;

	return out;
}

static const std::align_val_t by_64{ 64 }, by_4096{ 4096 };

static void *made(size_t size)
{
	return hidden(::operator new(size));
}

static void *made_array(size_t size)
{
	return hidden(::operator new[](size));
}

static void *made_by_64(size_t size)
{
	return hidden(::operator new(size, by_64));
}

#define EXPRESSION(name, wrong) \
	static void name()      \
	{                       \
		wrong;          \
	}

EXPRESSION(no_virtual_destructor, delete hidden<base>(new derived))
EXPRESSION(smaller, ::operator delete(made(100), size_t(90)))
EXPRESSION(larger, ::operator delete(made(100), size_t(113)))
EXPRESSION(tiny, ::operator delete(made(32), size_t(16)))
EXPRESSION(medium, ::operator delete(made(1000), size_t(2000)))
EXPRESSION(large, ::operator delete(made(300000), size_t(400000)))
EXPRESSION(large_as_small, ::operator delete(made(1000), size_t(300000)))
EXPRESSION(nothing_as_much, ::operator delete(made(0), size_t(100)))
EXPRESSION(array_smaller, ::operator delete[](made_array(100), size_t(10)))
EXPRESSION(aligned_smaller,
	   ::operator delete(made_by_64(100), size_t(50), by_64))
EXPRESSION(alignment_invented,
	   ::operator delete(static_cast<char *>(made_by_64(100)), size_t(100),
			     by_4096))
EXPRESSION(c_smaller, free_sized(hidden(malloc(1000)), 100))
EXPRESSION(c_larger, free_sized(hidden(malloc(1000)), 2000))
EXPRESSION(c_large, free_sized(hidden(malloc(200000)), 300000))
EXPRESSION(c_aligned,
	   free_aligned_sized(hidden(aligned_alloc(64, 100)), 64, 200))
EXPRESSION(c_alignment,
	   free_aligned_sized(hidden(aligned_alloc(64, 64)), 4096, 64))

static const struct {
	const char *name;
	void (*make)(void);
	const char *kind, *detail;
} mistakes[] = {
	{ "no-virtual-destructor", no_virtual_destructor,
	  "new-delete-type-mismatch",
	  "a block of 48 bytes, was released with a size of 4" },
	{ "smaller", smaller, "new-delete-type-mismatch", "with a size of 90" },
	{ "larger", larger, "new-delete-type-mismatch", "with a size of 113" },
	{ "tiny", tiny, "new-delete-type-mismatch", "with a size of 16" },
	{ "medium", medium, "new-delete-type-mismatch", "a size of 2000" },
	{ "large", large, "new-delete-type-mismatch", "a size of 400000" },
	{ "large-as-small", large_as_small, "new-delete-type-mismatch",
	  "a block of 1024 bytes, was released with a size of 300000" },
	{ "nothing-as-much", nothing_as_much, "new-delete-type-mismatch",
	  "a block of 0 bytes" },
	{ "array-smaller", array_smaller, "new-delete-type-mismatch",
	  "with a size of 10" },
	{ "aligned-smaller", aligned_smaller, "new-delete-type-mismatch",
	  "a size of 50 and an alignment of 64" },
	{ "alignment-invented", alignment_invented, "new-delete-type-mismatch",
	  "an alignment of 4096" },
	{ "free_sized-smaller", c_smaller, "alloc-dealloc-mismatch",
	  "with a size of 100" },
	{ "free_sized-larger", c_larger, "alloc-dealloc-mismatch",
	  "with a size of 2000" },
	{ "free_sized-large", c_large, "alloc-dealloc-mismatch",
	  "with a size of 300000" },
	{ "free_aligned_sized", c_aligned, "alloc-dealloc-mismatch",
	  "a size of 200 and an alignment of 64" },
	{ "free_aligned_sized-alignment", c_alignment, "alloc-dealloc-mismatch",
	  "an alignment of 4096" },
};

/* Every size as it was asked for, and what is of the same class. */
static void check_right()
{
	std::vector<std::string> names(1000, std::string(50, 'x'));
	size_t size;
	void *p;

	for (size = 0; size < 300000; size += 1 + size / 64) {
		::operator delete(made(size), size);
		::operator delete[](made_array(size), size);
		::operator delete(made_by_64(size), size, by_64);
	}
	::operator delete(made(97), size_t(112));
	delete[] hidden(new std::string[3]);
	delete hidden(new derived);
	::operator delete(nullptr, size_t(10));
	::operator delete(nullptr, size_t(10), by_64);
	for (size = 1; size < 300000; size += size / 4 + 1) {
		p = realloc(realloc(hidden(malloc(size)), size + 1), size);
		free_sized(p, size);
	}
	check(names.size() == 1000, "right-sizes", "are no mistakes");
}

int main()
{
	char text[8192];

	begin("sizes");
	check_right();
	for (const auto &m : mistakes) {
		text[0] = '\0';
		check(dies_of(m.make, m.kind, m.detail, text, sizeof(text)),
		      m.name, "stderr: %.300s", text);
	}
	return finish();
}
