/* SPDX-License-Identifier: MIT */
/*
 * Whom a call of the program's reaches under the names that C++'s operators,
 * and what is made of other functions of the family, go on by: the program may
 * have any of them itself.
 */
#ifndef ASHLAR_USER_NAMES_H
#define ASHLAR_USER_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * How C++ writes size_t in the name of a function, which of two types it is
 * (Itanium C++ ABI, 5.1.5); and what else the operators' names end in.
 */
#if UINTPTR_MAX > UINT32_MAX
#define CXX_SIZE "m"
#else
#define CXX_SIZE "j"
#endif
#define NOTHROW "RKSt9nothrow_t"
#define ALIGN_VAL "St11align_val_t"
#define NEW_NAME "_Znw" CXX_SIZE
#define NEW_ARRAY_NAME "_Zna" CXX_SIZE

/* What malloc_derived.c goes on by. */
struct family_names {
	void *(*resize)(void *p, size_t size); /* realloc() */
	void (*release)(void *p); /* free() */
};

struct operator_names {
	void *(*malloc)(size_t size);
	void (*release)(void *p); /* free(), which may be a jump to it there */
	void *(*aligned_alloc)(size_t align, size_t size);
	void *(*new_one)(size_t size);
	void *(*new_array)(size_t size);
	void *(*new_aligned)(size_t size, size_t align);
	void *(*new_array_aligned)(size_t size, size_t align);
	void (*delete_one)(void *p);
	void (*delete_array)(void *p);
	void (*delete_one_aligned)(void *p, size_t align);
	void (*delete_array_aligned)(void *p, size_t align);
	/* Those that throw nothing, and deletes of a size; else unknown. */
	bool others_ours;
};

typedef void (*new_handler)(void);

/* What only the C++ runtime can do; NULL: there is none. */
struct cxx_runtime {
	new_handler (*get_new_handler)(void);
	void (*throw_bad_alloc)(void);
};

/*
 * By names_linked.c and family_linked.c, which the linker fills in, in a static
 * program; by names_loaded.c in the shared library.
 */
const struct operator_names *ashlar_operator_names(void)
	__attribute__((__visibility__("hidden")));
void ashlar_find_runtime(struct cxx_runtime *runtime)
	__attribute__((__visibility__("hidden")));
const struct family_names *ashlar_family_names(void)
	__attribute__((__visibility__("hidden")));
/* Writes @n bytes of @text to a stream of the C library's. */
void ashlar_print(FILE *f, const char *text, size_t n)
	__attribute__((__visibility__("hidden")));

#endif
