/* SPDX-License-Identifier: MIT */
/*
 * User memory of the loaded address space, as the kernel reaches it: through
 * the software MMU, a fault going to handle_page_fault(). Code:
 * port/sim/mmu.c. A user pointer is a 32-bit number in a pointer's clothes.
 */
#ifndef ASHLAR_MACH_UACCESS_H
#define ASHLAR_MACH_UACCESS_H

#include <ashlar/compiler.h>
#include <ashlar/errno.h>
#include <ashlar/types.h>
#include <mach/pgtable.h>

#define __user

static inline bool access_ok(const void __user *p, size_t size)
{
	return size <= TASK_SIZE && (uintptr_t)p <= TASK_SIZE - size;
}

/* Bytes that were not copied. */
size_t copy_from_user(void *to, const void __user *from, size_t n);
size_t copy_to_user(void __user *to, const void *from, size_t n);
size_t clear_user(void __user *to, size_t n);
/* Length without the NUL, @n if there is none in @n bytes, or -EFAULT. */
long strncpy_from_user(char *dst, const char __user *src, long n);
long strnlen_user(const char __user *s, long n); /* with the NUL; 0: fault */

#define get_user(x, ptr)                                                    \
	({                                                                  \
		__typeof__(*(ptr)) gu_val = 0;                              \
		int gu_err = copy_from_user(&gu_val, ptr, sizeof(gu_val)) ? \
				     -EFAULT :                              \
				     0;                                     \
		(x) = gu_val;                                               \
		gu_err;                                                     \
	})

#define put_user(x, ptr)                                                  \
	({                                                                \
		__typeof__(*(ptr)) pu_val = (x);                          \
		copy_to_user(ptr, &pu_val, sizeof(pu_val)) ? -EFAULT : 0; \
	})

#endif
