/* SPDX-License-Identifier: MIT */
/*
 * Division of 64-bit numbers and the like, under the names by which the
 * compiler calls them. libgcc's take their arguments on the stack, but this
 * kernel passes them in registers.
 *
 * The method is long division with 32-bit digits: the processor divides 64
 * bits by 32 where the quotient has 32. A divisor of two digits is shifted
 * until its highest bit is set; the digit it gives is then at most one too
 * large (D. E. Knuth, The Art of Computer Programming 2, 4.3.1, theorem B).
 */
#include <ashlar/types.h>

u64 __udivmoddi4(u64 n, u64 d, u64 *rest);
u64 __udivdi3(u64 n, u64 d);
u64 __umoddi3(u64 n, u64 d);
s64 __divdi3(s64 n, s64 d);
s64 __moddi3(s64 n, s64 d);
s64 __divmoddi4(s64 n, s64 d, s64 *rest);
int __popcountsi2(u32 x);
int __popcountdi2(u64 x);

/* high:low / d, where high < d. */
static inline u32 divl(u32 high, u32 low, u32 d, u32 *rest)
{
	u32 q;

	__asm__("divl %4"
		: "=a"(q), "=d"(*rest)
		: "0"(low), "1"(high), "rm"(d));
	return q;
}

static u64 div_by_digit(u64 n, u32 d, u64 *rest)
{
	u32 high = (u32)(n >> 32), q_high = 0, q_low, r;

	if (high >= d) {
		q_high = high / d;
		high %= d;
	}
	q_low = divl(high, (u32)n, d, &r);
	*rest = r;
	return (u64)q_high << 32 | q_low;
}

u64 __udivmoddi4(u64 n, u64 d, u64 *rest)
{
	u32 shift, q, unused;
	u64 r;

	if (!(d >> 32))
		return div_by_digit(n, (u32)d, rest);
	if (n < d) {
		*rest = n;
		return 0;
	}
	shift = (u32)__builtin_clz((u32)(d >> 32));
	q = divl((u32)(n >> 33), (u32)(n >> 1), (u32)(d << shift >> 32),
		 &unused);
	q = shift == 31 ? q : q >> (31 - shift);
	if (q)
		q--;
	r = n - q * d;
	if (r >= d) {
		q++;
		r -= d;
	}
	*rest = r;
	return q;
}

u64 __udivdi3(u64 n, u64 d)
{
	u64 rest;

	return __udivmoddi4(n, d, &rest);
}

u64 __umoddi3(u64 n, u64 d)
{
	u64 rest;

	__udivmoddi4(n, d, &rest);
	return rest;
}

static inline u64 magnitude(s64 x)
{
	return x < 0 ? -(u64)x : (u64)x;
}

s64 __divmoddi4(s64 n, s64 d, s64 *rest)
{
	u64 r, q = __udivmoddi4(magnitude(n), magnitude(d), &r);

	*rest = (s64)(n < 0 ? -r : r);
	return (s64)((n < 0) != (d < 0) ? -q : q);
}

s64 __divdi3(s64 n, s64 d)
{
	s64 rest;

	return __divmoddi4(n, d, &rest);
}

s64 __moddi3(s64 n, s64 d)
{
	s64 rest;

	__divmoddi4(n, d, &rest);
	return rest;
}

int __popcountsi2(u32 x)
{
	x -= x >> 1 & 0x55555555;
	x = (x & 0x33333333) + (x >> 2 & 0x33333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f;
	return (int)(x * 0x01010101 >> 24);
}

int __popcountdi2(u64 x)
{
	return __popcountsi2((u32)x) + __popcountsi2((u32)(x >> 32));
}
