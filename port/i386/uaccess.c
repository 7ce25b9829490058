/* SPDX-License-Identifier: MIT */
/*
 * Strings in user memory, and the table of instructions that may fault.
 *
 *   __ex_table   { address of an instruction, where to go on instead } …
 *
 * sorted once at boot, for the linker leaves it nearly in order.
 */
#include <ashlar/errno.h>
#include <ashlar/pgtable.h>
#include <mach/uaccess.h>
#include "local.h"

struct exception_entry {
	u32 from, to;
};

extern struct exception_entry __start___ex_table[], __stop___ex_table[];

static u32 table_entries(void)
{
	return ((u32)__stop___ex_table - (u32)__start___ex_table) /
	       sizeof(struct exception_entry);
}

/* It is read-only from then on, so before direct_map_init(). */
void __init sort_exception_table(void)
{
	struct exception_entry *e, *at, *end;

	end = __start___ex_table + table_entries();
	for (e = __start___ex_table + 1; e < end; e++) {
		struct exception_entry v = *e;

		for (at = e; at > __start___ex_table && at[-1].from > v.from;
		     at--)
			*at = at[-1];
		*at = v;
	}
}

/**
 * search_exception_table() - is this instruction allowed to fault?
 * @ip: its address
 *
 * Return: where to go on, or 0.
 */
u32 search_exception_table(u32 ip)
{
	static u32 last_ip, last_to; /* the same few copies fault most */
	u32 low = 0, nr = table_entries(), high = nr;

	if (likely(ip == last_ip))
		return last_to;
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (__start___ex_table[mid].from < ip)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < nr && __start___ex_table[low].from == ip) {
		last_ip = ip;
		last_to = __start___ex_table[low].to;
		return last_to;
	}
	return 0;
}

/* One byte, or -EFAULT. */
static inline int user_byte(const char __user *s)
{
	u32 c = 0;
	int err = 0;

	__get_user_asm(err, c, (const u8 *)s, "movzbl");
	return err ? err : (int)c;
}

/* A word without bytes of 0 leaves no bit of this one. */
static inline u32 zero_bytes(u32 w)
{
	return (w - 0x01010101u) & ~w & 0x80808080u;
}

/*
 * How many whole words at @src have no NUL, up to @n bytes; copied to @dst
 * if there is one. Aligned words never reach beyond the page of their first
 * byte, so nothing is read that is not there.
 */
static long words_from_user(char *dst, const char __user *src, long n)
{
	long done = 0;

	if ((unsigned long)src & 3)
		return 0;
	while (n - done >= 4) {
		u32 w = 0;
		int err = 0;

		__get_user_asm(err, w, (const u32 *)(src + done), "movl");
		if (err || zero_bytes(w))
			break;
		if (dst)
			__builtin_memcpy(dst + done, &w, 4);
		done += 4;
	}
	return done;
}

/**
 * strncpy_from_user() - a string of a program's
 * @dst: @n bytes of kernel memory
 * @src: user address
 * @n: bytes at most, with the NUL
 *
 * Context: may sleep. Return: the length without the NUL; @n if there is no
 * NUL in @n bytes; -EFAULT.
 */
long strncpy_from_user(char *dst, const char __user *src, long n)
{
	unsigned long at = (unsigned long)src;
	long limit = n, done;

	might_sleep();
	if (at >= TASK_SIZE)
		return -EFAULT;
	if (limit > 0 && (unsigned long)limit > TASK_SIZE - at)
		limit = (long)(TASK_SIZE - at);
	for (done = 0; done < limit; done++) {
		int c;

		if (((unsigned long)(src + done) & 3) == 0)
			done += words_from_user(dst + done, src + done,
						limit - done);
		if (done >= limit)
			break;
		c = user_byte(src + done);
		if (c < 0)
			return c;
		dst[done] = (char)c;
		if (!c)
			return done;
	}
	return done < n ? -EFAULT : n;
}

/**
 * strnlen_user() - length of a program's string
 * @s: user address
 * @n: bytes to look at
 *
 * Context: may sleep. Return: the length with the NUL; more than @n if there
 * is none in @n bytes; 0 if not all of that is there.
 */
long strnlen_user(const char __user *s, long n)
{
	unsigned long at = (unsigned long)s;
	long limit = n, done;

	might_sleep();
	if (at >= TASK_SIZE || n <= 0)
		return 0;
	if ((unsigned long)limit > TASK_SIZE - at)
		limit = (long)(TASK_SIZE - at);
	for (done = 0; done < limit; done++) {
		int c;

		if (((unsigned long)(s + done) & 3) == 0)
			done += words_from_user(NULL, s + done, limit - done);
		if (done >= limit)
			break;
		c = user_byte(s + done);
		if (c < 0)
			return 0;
		if (!c)
			return done + 1;
	}
	return done < n ? 0 : n + 1;
}
