/* SPDX-License-Identifier: MIT */
/*
 * An allocator for containers that counts what it has: blocks, and their usable
 * bytes.
 */
#ifndef COURSE_COUNTING_H
#define COURSE_COUNTING_H

#include <cstdlib>
#include <malloc.h>
#include <utility>

static std::size_t bytes, blocks;

template <class T> struct counting {
	using value_type = T;

	counting() = default;
	template <class U> counting(const counting<U> &)
	{
	}

	T *allocate(size_t n)
	{
		void *p = std::malloc(n * sizeof(T));

		if (!p)
			std::abort();
		bytes += malloc_usable_size(p);
		blocks++;
		return static_cast<T *>(p);
	}

	void deallocate(T *p, size_t)
	{
		bytes -= malloc_usable_size(p);
		blocks--;
		std::free(p);
	}

	template <class U> bool operator==(const counting<U> &) const
	{
		return true;
	}

	template <class U> bool operator!=(const counting<U> &) const
	{
		return false;
	}
};

using pair = std::pair<const int, int>;

#endif
