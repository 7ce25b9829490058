/* SPDX-License-Identifier: MIT */
/*
 * Slab caches for C++ (17 and later):
 *
 *   ashlar::allocator<T>      for containers; nodes come from a cache of their
 *                             size and alignment, arrays from kmalloc
 *   ashlar::memory_resource   the same for std::pmr, by size
 *   ashlar::allocate_shared   an object and its counts in one cache's object
 *
 *   std::map<int, int, std::less<>,
 *            ashlar::allocator<std::pair<const int, int>>> m;
 *
 * All threads share the caches, and what one allocates another may release.
 * What is larger than kmalloc_cache_most, or aligned to more than 16 bytes in
 * an array, is left to operator new.
 */
#ifndef ASHLAR_HPP
#define ASHLAR_HPP

#include <ashlar/slab.h>

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <new>
#include <utility>

namespace ashlar
{

/* Bytes; what kmalloc takes from a cache. */
inline constexpr std::size_t kmalloc_cache_most = 128 * 1024;
/* Bytes; every object is aligned to as much. */
inline constexpr std::size_t least_align = 16;
inline constexpr std::size_t page = 4096;

namespace detail
{

/* One cache for all types of a size and an alignment; it stays. */
template <std::size_t size, std::size_t align> struct objects {
	static kmem_cache *cache() noexcept
	{
		static kmem_cache *const c =
			kmem_cache_create("c++", unsigned(size),
					  unsigned(align), SLAB_PANIC, nullptr);
		return c;
	}
};

[[noreturn]] inline void none()
{
	throw std::bad_alloc();
}

inline void *checked(void *p)
{
	if (!p)
		none();
	return p;
}

} /* namespace detail */

/**
 * allocator - one for containers of the standard library
 *
 * Has no state: any two are equal. Context: any thread. Throws std::bad_alloc.
 */
template <class T> struct allocator {
	using value_type = T;
	using is_always_equal = std::true_type;
	using propagate_on_container_move_assignment = std::true_type;

	constexpr allocator() noexcept = default;
	template <class U> constexpr allocator(const allocator<U> &) noexcept {}

	[[nodiscard]] T *allocate(std::size_t n)
	{
		if (n == 1 && one_is_object)
			return static_cast<T *>(detail::checked(
				kmem_cache_alloc(cache(), GFP_KERNEL)));
		if (n > std::size_t(-1) / 2 / sizeof(T))
			detail::none();
		if (is_array(n))
			return static_cast<T *>(detail::checked(
				kmalloc(n * sizeof(T), GFP_KERNEL)));
		return static_cast<T *>(::operator new(
			n * sizeof(T), std::align_val_t(alignof(T))));
	}

	void deallocate(T *p, std::size_t n) noexcept
	{
		if (n == 1 && one_is_object)
			kmem_cache_free(cache(), p);
		else if (is_array(n))
			kfree(p);
		else
			::operator delete(p, std::align_val_t(alignof(T)));
	}

      private:
	static constexpr bool one_is_object =
		sizeof(T) <= kmalloc_cache_most && alignof(T) <= page;

	static kmem_cache *cache() noexcept
	{
		return detail::objects<sizeof(T), alignof(T)>::cache();
	}

	static constexpr bool is_array(std::size_t n) noexcept
	{
		return alignof(T) <= least_align &&
		       n <= kmalloc_cache_most / sizeof(T);
	}
};

template <class T, class U>
constexpr bool operator==(const allocator<T> &, const allocator<U> &) noexcept
{
	return true;
}

template <class T, class U>
constexpr bool operator!=(const allocator<T> &, const allocator<U> &) noexcept
{
	return false;
}

/**
 * memory_resource - kmalloc for std::pmr
 *
 * Has no state: any two are equal, and release by any. Context: any thread.
 */
class memory_resource final : public std::pmr::memory_resource {
	static bool is_small(std::size_t bytes, std::size_t align) noexcept
	{
		return align <= least_align && bytes <= kmalloc_cache_most;
	}

	void *do_allocate(std::size_t bytes, std::size_t align) override
	{
		if (is_small(bytes, align))
			return detail::checked(
				kmalloc(bytes ? bytes : 1, GFP_KERNEL));
		return ::operator new(bytes, std::align_val_t(align));
	}

	void do_deallocate(void *p, std::size_t bytes,
			   std::size_t align) override
	{
		if (is_small(bytes, align))
			kfree(p);
		else
			::operator delete(p, std::align_val_t(align));
	}

	bool
	do_is_equal(const std::pmr::memory_resource &other) const noexcept override
	{
		return dynamic_cast<const memory_resource *>(&other);
	}
};

/**
 * allocate_shared() - std::make_shared in a cache
 * @args: what T is constructed from
 *
 * Context: any thread. Return: the pointer; its counts lie beside the object.
 */
template <class T, class... Args>
[[nodiscard]] std::shared_ptr<T> allocate_shared(Args &&...args)
{
	return std::allocate_shared<T>(allocator<T>(),
				       std::forward<Args>(args)...);
}

} /* namespace ashlar */

#endif
