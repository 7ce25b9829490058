/* SPDX-License-Identifier: MIT */
/*
 * C++'s operator new and delete, in C under their mangled names (Itanium C++
 * ABI 5.1.5), so that the library needs no C++ runtime of its own. What only
 * that runtime can do (throw bad_alloc, say which new-handler is set) is
 * asked of it through weak references: a program that uses operator new has
 * it, another never gets here.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include "user.h"

#define CXX(name) __asm__(name) __attribute__((__visibility__("default")))

typedef void (*new_handler)(void);
typedef void *(*nothrow_new)(size_t size, const void *tag);

__attribute__((__weak__)) new_handler get_new_handler(void) __asm__(
	"_ZSt15get_new_handlerv");
__attribute__((__weak__)) void throw_bad_alloc(void) __asm__(
	"_ZSt17__throw_bad_allocv");

/* [new.delete.single]: call the handler until it helps, throws or is gone. */
static __attribute__((__noinline__, __cold__)) void *new_failed(size_t align,
								size_t size)
{
	new_handler handler;
	void *p;

	for (;;) {
		handler = get_new_handler ? get_new_handler() : NULL;
		if (!handler) {
			if (throw_bad_alloc)
				throw_bad_alloc();
			abort();
		}
		handler();
		p = align ? aligned_alloc(align, size) : malloc(size);
		if (p)
			return p;
	}
}

/*
 * The nothrow forms return NULL where the others throw, a handler's throw
 * included. Catching is C++; the runtime's own form catches, and calls the
 * throwing form, which is ours.
 */
static __attribute__((__noinline__, __cold__)) void *
nothrow_failed(const char *name, size_t size, const void *tag)
{
	nothrow_new next;

	if (!get_new_handler || !get_new_handler())
		return NULL;
	*(void **)&next = dlsym(RTLD_NEXT, name);
	return next ? next(size, tag) : NULL;
}

#define NOTHROW "RKSt9nothrow_t"
#define ALIGN_VAL "St11align_val_t"

#define DEFINE_NEW(id, mangled)                                              \
	void *id(size_t size) CXX(mangled "m");                              \
	void *id(size_t size)                                                \
	{                                                                    \
		void *p = malloc(size);                                      \
                                                                             \
		return __builtin_expect(!!p, 1) ? p : new_failed(0, size);   \
	}                                                                    \
	void *id##_nothrow(size_t size, const void *tag)                     \
		CXX(mangled "m" NOTHROW);                                    \
	void *id##_nothrow(size_t size, const void *tag)                     \
	{                                                                    \
		void *p = malloc(size);                                      \
                                                                             \
		return __builtin_expect(!!p, 1) ?                            \
			       p :                                           \
			       nothrow_failed(mangled "m" NOTHROW, size,     \
					      tag);                          \
	}                                                                    \
	void *id##_aligned(size_t size, size_t align)                        \
		CXX(mangled "m" ALIGN_VAL);                                  \
	void *id##_aligned(size_t size, size_t align)                        \
	{                                                                    \
		void *p = aligned_alloc(align, size);                        \
                                                                             \
		return __builtin_expect(!!p, 1) ? p :                        \
						  new_failed(align, size);   \
	}                                                                    \
	void *id##_aligned_nothrow(size_t size, size_t align,                \
				   const void *tag)                          \
		CXX(mangled "m" ALIGN_VAL NOTHROW);                          \
	void *id##_aligned_nothrow(size_t size, size_t align,                \
				   const void *tag)                          \
	{                                                                    \
		(void)tag;                                                   \
		return aligned_alloc(align, size);                           \
	}

#define DEFINE_DELETE(id, mangled)                                       \
	void id(void *p) CXX(mangled);                                   \
	void id(void *p)                                                 \
	{                                                                \
		free(p);                                                 \
	}                                                                \
	void id##_sized(void *p, size_t size) CXX(mangled "m");          \
	void id##_sized(void *p, size_t size)                            \
	{                                                                \
		(void)size;                                              \
		free(p);                                                 \
	}                                                                \
	void id##_nothrow(void *p, const void *tag) CXX(mangled NOTHROW); \
	void id##_nothrow(void *p, const void *tag)                      \
	{                                                                \
		(void)tag;                                               \
		free(p);                                                 \
	}                                                                \
	void id##_aligned(void *p, size_t align) CXX(mangled ALIGN_VAL); \
	void id##_aligned(void *p, size_t align)                         \
	{                                                                \
		(void)align;                                             \
		free(p);                                                 \
	}                                                                \
	void id##_sized_aligned(void *p, size_t size, size_t align)      \
		CXX(mangled "m" ALIGN_VAL);                              \
	void id##_sized_aligned(void *p, size_t size, size_t align)      \
	{                                                                \
		(void)size;                                              \
		(void)align;                                             \
		free(p);                                                 \
	}                                                                \
	void id##_aligned_nothrow(void *p, size_t align, const void *tag) \
		CXX(mangled ALIGN_VAL NOTHROW);                          \
	void id##_aligned_nothrow(void *p, size_t align, const void *tag) \
	{                                                                \
		(void)align;                                             \
		(void)tag;                                               \
		free(p);                                                 \
	}

DEFINE_NEW(operator_new, "_Znw")
DEFINE_NEW(operator_new_array, "_Zna")
DEFINE_DELETE(operator_delete, "_ZdlPv")
DEFINE_DELETE(operator_delete_array, "_ZdaPv")
