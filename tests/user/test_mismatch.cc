/* SPDX-License-Identifier: MIT */
/*
 * Watched blocks that one part of the language allocates and another releases,
 * each beside its right twin, of which nothing is said.
 */
#include "last_words.h"
#include <new>
#include <string>
#include <vector>

struct base {
	int number;
};

struct derived : base {
	int more[10];
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

static char *chars(void *p)
{
	return static_cast<char *>(hidden(p));
}

static const std::align_val_t by_64{ 64 };

#define EXPRESSION(name, wrong) \
	static void name()      \
	{                       \
		wrong;          \
	}

EXPRESSION(malloc_delete, delete chars(malloc(10)))
EXPRESSION(malloc_delete_array, delete[] chars(malloc(10)))
EXPRESSION(new_free, free(hidden(new int)))
EXPRESSION(new_realloc, free(realloc(hidden(new int), 100)))
EXPRESSION(new_delete_array, delete[] hidden(new int))
EXPRESSION(array_delete, delete hidden(new int[3]))
EXPRESSION(array_free, free(hidden(new int[3])))
EXPRESSION(nothrow_free, free(hidden(new (std::nothrow) int)))
EXPRESSION(array_nothrow_delete, delete hidden(new (std::nothrow) int[3]))
EXPRESSION(no_virtual_destructor, delete hidden<base>(new derived))
EXPRESSION(sized_otherwise,
	   ::operator delete(hidden(::operator new(100)), size_t(99)))
EXPRESSION(array_sized_otherwise,
	   ::operator delete[](hidden(::operator new[](100)), size_t(101)))
EXPRESSION(alignment_forgotten,
	   ::operator delete(hidden(::operator new(100, by_64))))
EXPRESSION(alignment_invented,
	   ::operator delete(hidden(::operator new(100)), by_64))
EXPRESSION(array_alignment_forgotten,
	   ::operator delete[](hidden(::operator new[](100, by_64))))

static const struct {
	const char *name;
	void (*make)(void);
	const char *kind, *detail;
} mistakes[] = {
	{ "malloc-delete", malloc_delete, "alloc-dealloc-mismatch",
	  "came from malloc and went to operator delete" },
	{ "malloc-delete[]", malloc_delete_array, "alloc-dealloc-mismatch",
	  "went to operator delete []" },
	{ "new-free", new_free, "alloc-dealloc-mismatch",
	  "came from operator new and went to free" },
	{ "new-realloc", new_realloc, "alloc-dealloc-mismatch", "to free" },
	{ "new-delete[]", new_delete_array, "alloc-dealloc-mismatch",
	  "went to operator delete []" },
	{ "new[]-delete", array_delete, "alloc-dealloc-mismatch",
	  "came from operator new []" },
	{ "new[]-free", array_free, "alloc-dealloc-mismatch",
	  "came from operator new [] and went to free" },
	{ "nothrow-free", nothrow_free, "alloc-dealloc-mismatch",
	  "came from operator new and" },
	{ "nothrow[]-delete", array_nothrow_delete, "alloc-dealloc-mismatch",
	  "came from operator new [] and" },
	{ "no-virtual-destructor", no_virtual_destructor,
	  "new-delete-type-mismatch", "released with one of 4" },
	{ "another-size", sized_otherwise, "new-delete-type-mismatch",
	  "a size of 100 bytes and released with one of 99" },
	{ "another-size[]", array_sized_otherwise, "new-delete-type-mismatch",
	  "released with one of 101" },
	{ "alignment-forgotten", alignment_forgotten,
	  "new-delete-type-mismatch", "an alignment of 64 bytes" },
	{ "alignment-invented", alignment_invented, "new-delete-type-mismatch",
	  "released with one of 64" },
	{ "alignment-forgotten[]", array_alignment_forgotten,
	  "new-delete-type-mismatch", "an alignment of 64 bytes" },
};

/* All of this is right; a report would end the program. */
static void check_right()
{
	std::vector<std::string> names(100, std::string(50, 'x'));
	void *p = nullptr;

	delete hidden(new int);
	delete[] hidden(new int[3]);
	delete[] hidden(new std::string[3]);
	delete hidden(new (std::nothrow) derived);
	delete[] hidden(new (std::nothrow) derived[2]);
	delete hidden(new wide);
	delete[] hidden(new wide[3]);
	delete hidden(new (std::nothrow) wide);
	::operator delete(hidden(::operator new(100)), size_t(100));
	::operator delete(hidden(::operator new(100)));
	::operator delete[](hidden(::operator new[](100, by_64)), size_t(100),
			    by_64);
	free(realloc(chars(malloc(10)), 1000));
	free(chars(aligned_alloc(64, 100)));
	if (!posix_memalign(&p, 4096, 100))
		free(hidden(p));
	free(strdup("copied"));
	delete hidden<int>(nullptr);
	delete[] hidden<int>(nullptr);
	check(names.size() == 100, "right-pairs", "are told apart");
}

int main()
{
	char text[8192];

	begin("mismatch");
	check_right();
	for (const auto &m : mistakes) {
		text[0] = '\0';
		check(dies_of(m.make, m.kind, m.detail, text, sizeof(text)),
		      m.name, "stderr: %.300s", text);
	}
	return finish();
}
