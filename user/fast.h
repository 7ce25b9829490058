/* SPDX-License-Identifier: MIT */
/*
 * The way of an allocation that finds an object at hand, for who inlines it.
 * That of a release is in mm/slab.h, which the core uses as well.
 */
#ifndef ASHLAR_USER_FAST_H
#define ASHLAR_USER_FAST_H

#include "mm/slab.h"

/* The mark of a free object must not survive. */
static __always_inline void *unmark(void *obj)
{
	*object_mark(obj) = NULL;
	return obj;
}

/*
 * A small size's class, and the size stays for a slow path. On x86-64 the class
 * is kept out of the register that the object is to be in; where the size came
 * in that register, a slow path has it from the sum: no instruction.
 */
static __always_inline unsigned long class_of(size_t *size)
{
	size_t sum = *size + 15;
	unsigned long index;

#if !defined(__x86_64__) && !defined(__i386__)
	__asm__("" : "+r"(sum));
	*size = sum - 15;
#endif
	index = sum >> 4;
#ifdef __x86_64__
	__asm__("" : "+c"(index));
#endif
	return index;
}

/* An object of the class @index from this thread's sheaf, or NULL. */
static __always_inline void *pop(unsigned long index)
{
	void *obj = sheaf_pop(index);

	return likely(obj) ? unmark(obj) : NULL;
}

#endif
