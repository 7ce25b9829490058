/* SPDX-License-Identifier: MIT */
/*
 * In a static program the linker knows whom each name reaches. A file of its
 * own: in the shared library each name here would be one more for the dynamic
 * linker to look up whenever a program starts (names_loaded.c).
 */
#include <stdlib.h>
#include "names.h"

#define NAMED(name) __asm__(name)

void *operator_new(size_t size) NAMED(NEW_NAME);
void *operator_new_array(size_t size) NAMED(NEW_ARRAY_NAME);
void *operator_new_aligned(size_t size, size_t align) NAMED(NEW_NAME ALIGN_VAL);
void *operator_new_array_aligned(size_t size, size_t align)
	NAMED(NEW_ARRAY_NAME ALIGN_VAL);
void operator_delete(void *p) NAMED("_ZdlPv");
void operator_delete_array(void *p) NAMED("_ZdaPv");
void operator_delete_aligned(void *p, size_t align) NAMED("_ZdlPv" ALIGN_VAL);
void operator_delete_array_aligned(void *p, size_t align)
	NAMED("_ZdaPv" ALIGN_VAL);

new_handler get_new_handler(void) NAMED("_ZSt15get_new_handlerv")
	__attribute__((__weak__));
void throw_bad_alloc(void) NAMED("_ZSt17__throw_bad_allocv")
	__attribute__((__weak__));

const struct operator_names *ashlar_operator_names(void)
{
	static const struct operator_names names = {
		.malloc = malloc,
		.release = free,
		.aligned_alloc = aligned_alloc,
		.new_one = operator_new,
		.new_array = operator_new_array,
		.new_aligned = operator_new_aligned,
		.new_array_aligned = operator_new_array_aligned,
		.delete_one = operator_delete,
		.delete_array = operator_delete_array,
		.delete_one_aligned = operator_delete_aligned,
		.delete_array_aligned = operator_delete_array_aligned,
	};

	return &names;
}

/* A program that uses operator new has them. */
void ashlar_find_runtime(struct cxx_runtime *runtime)
{
	runtime->get_new_handler = get_new_handler;
	runtime->throw_bad_alloc = throw_bad_alloc;
}
