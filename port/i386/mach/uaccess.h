/* SPDX-License-Identifier: MIT */
/*
 * User memory: the only way to it. Every instruction that may touch it is
 * listed with the place to go on at if it faults for good (section
 * __ex_table); a page that is merely not there yet is brought in on the way.
 *
 *   get_user(x, p), put_user(x, p)        1, 2, 4 or 8 bytes: 0 or -EFAULT
 *   copy_from_user, copy_to_user          bytes that were NOT copied
 *   clear_user                            bytes that were NOT cleared
 *   strncpy_from_user, strnlen_user       strings
 *
 * Context: a task's own (current->mm); may sleep, so no lock is held.
 */
#ifndef ASHLAR_MACH_UACCESS_H
#define ASHLAR_MACH_UACCESS_H

#include <ashlar/compiler.h>
#include <ashlar/errno.h>
#include <ashlar/types.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>

#define __user

#define access_ok(addr, size) __access_ok((unsigned long)(addr), (size))

/* True if [addr, addr + size) lies in a program's part of the space. */
static inline bool __access_ok(unsigned long addr, unsigned long size)
{
	return likely(size <= TASK_SIZE && addr <= TASK_SIZE - size);
}

#define EX_TABLE(from, to)                   \
	".pushsection __ex_table, \"a\"\n\t" \
	".long " from ", " to "\n\t"         \
	".popsection\n\t"

/* After a fault: err = -EFAULT, the value reads as 0. */
#define __get_user_asm(err, x, ptr, insn)                       \
	__asm__ volatile("1:	" insn " %2, %1\n"              \
			 "2:\n\t"                               \
			 ".pushsection .text.fixup, \"ax\"\n"   \
			 "3:	movl %3, %0\n\t"                   \
			 "xorl %1, %1\n\t"                      \
			 "jmp 2b\n\t"                           \
			 ".popsection\n\t" EX_TABLE("1b", "3b") \
			 : "+r"(err), "=r"(x)                   \
			 : "m"(*(ptr)), "i"(-EFAULT))

/* An integer as wide as *ptr, but at least a register. */
#define __user_word(ptr) \
	__typeof__(__builtin_choose_expr(sizeof(*(ptr)) == 8, 0ull, 0u))

#define get_user(x, ptr)                                                    \
	({                                                                  \
		const __typeof__(*(ptr)) *gu_p = (ptr);                     \
		__user_word(ptr) gu_v = 0;                                  \
		long gu_err = 0;                                            \
                                                                            \
		might_sleep();                                              \
		if (unlikely(!access_ok(gu_p, sizeof(*gu_p))))              \
			gu_err = -EFAULT;                                   \
		else if (sizeof(*gu_p) == 8)                                \
			gu_err = __copy_user(&gu_v, gu_p, 8) ? -EFAULT : 0; \
		else if (sizeof(*gu_p) == 1)                                \
			__get_user_asm(gu_err, gu_v, (const u8 *)gu_p,      \
				       "movzbl");                           \
		else if (sizeof(*gu_p) == 2)                                \
			__get_user_asm(gu_err, gu_v, (const u16 *)gu_p,     \
				       "movzwl");                           \
		else                                                        \
			__get_user_asm(gu_err, gu_v, (const u32 *)gu_p,     \
				       "movl");                             \
		(x) = (__typeof__(*(ptr)))gu_v;                             \
		gu_err;                                                     \
	})

#define __put_user_asm(x, ptr, insn, reg, con, fail)   \
	__asm__ goto("1:	" insn " %" reg        \
		     "0, %1\n\t" EX_TABLE("1b", "%l2") \
		     :                                 \
		     : con(x), "m"(*(ptr))             \
		     : "memory"                        \
		     : fail)

#define put_user(x, ptr)                                                       \
	({                                                                     \
		__label__ pu_fail, pu_done;                                    \
		__typeof__(*(ptr)) *pu_p = (ptr);                              \
		__typeof__(*(ptr)) pu_v = (x);                                 \
		long pu_err = 0;                                               \
                                                                               \
		might_sleep();                                                 \
		if (unlikely(!access_ok(pu_p, sizeof(*pu_p))))                 \
			goto pu_fail;                                          \
		if (sizeof(*pu_p) == 8) {                                      \
			if (__copy_user(pu_p, &pu_v, 8))                       \
				goto pu_fail;                                  \
		} else if (sizeof(*pu_p) == 1) {                               \
			__put_user_asm((u8)(u32)pu_v, (u8 *)pu_p, "movb", "b", \
				       "iq", pu_fail);                         \
		} else if (sizeof(*pu_p) == 2) {                               \
			__put_user_asm((u16)(u32)pu_v, (u16 *)pu_p, "movw",    \
				       "w", "ir", pu_fail);                    \
		} else {                                                       \
			__put_user_asm((u32)pu_v, (u32 *)pu_p, "movl", "",     \
				       "ir", pu_fail);                         \
		}                                                              \
		goto pu_done;                                                  \
pu_fail:                                                                       \
		pu_err = -EFAULT;                                              \
pu_done:                                                                       \
		pu_err;                                                        \
	})

/* ---- port/i386/copy.S and uaccess.c ---- */

/* Either side may be user memory; the caller checked. Bytes not copied. */
unsigned long __copy_user(void *to, const void *from, unsigned long n);
unsigned long __clear_user(void *to, unsigned long n);

static inline unsigned long copy_from_user(void *to, const void __user *from,
					   unsigned long n)
{
	if (unlikely(!access_ok(from, n)))
		return n;
	return __copy_user(to, from, n);
}

static inline unsigned long copy_to_user(void __user *to, const void *from,
					 unsigned long n)
{
	if (unlikely(!access_ok(to, n)))
		return n;
	return __copy_user(to, from, n);
}

static inline unsigned long clear_user(void __user *to, unsigned long n)
{
	if (unlikely(!access_ok(to, n)))
		return n;
	return __clear_user(to, n);
}

/*
 * At most @n bytes with the final NUL. Returns the length without it, @n if
 * there is none within @n bytes, or -EFAULT.
 */
long strncpy_from_user(char *dst, const char __user *src, long n);
/* Length with the final NUL; more than @n if there is none; 0: fault. */
long strnlen_user(const char __user *s, long n);

#endif
