/* SPDX-License-Identifier: MIT */
/*
 * operator new and the delete that C++14 calls, as the shared library has them:
 * without a jump to what the program may have replaced.
 *
 *   new ──► at hand ┐ no, or kinds are not told apart: ashlar_new_most is 0
 *                   └──────► operator_new.c
 *   delete ─► room ┐ no, or new is the program's: no size has a class
 *                  └───────► operator_new.c
 *
 * operator_new.c defines both as well, weakly. In the archive there are only
 * those, which may be had without our malloc.
 */
#include "fast.h"
#include "mm/internal.h"
#include "names.h"
#include "user.h"

EXPORT void *operator_new(size_t size) __asm__(NEW_NAME);
EXPORT void operator_delete_sized(void *p,
				  size_t size) __asm__("_ZdlPv" CXX_SIZE);

void *operator_new(size_t size)
{
	void *obj;

	if (unlikely(size > ashlar_new_most))
		return ashlar_new_otherwise(size);
	obj = sheaf_pop_at(class_of(&size), NEW_ID(0));
	return likely(obj) ? unmark(obj) : ashlar_new_otherwise(size);
}

void operator_delete_sized(void *p, size_t size)
{
	if (unlikely(!virt_addr_valid(p) ||
		     !sheaf_push_sized(p, &size, CLASS_NEW)))
		ashlar_delete_otherwise(p, size);
}
