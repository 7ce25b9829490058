/* SPDX-License-Identifier: MIT */
/*
 * Division by a number that is known in advance, as a multiplication.
 *
 *   m = reciprocal_u64(d) = ceil(2^64 / d)       for n × d < 2^64:
 *   n / d      = the high half of n × m
 *   d divides n  ⇔  the low half of n × m < m
 *                ⇔  that half's bits 32 … 63 < those of m,  for n, d < 2^31
 *
 * D. Lemire, O. Kaser, N. Kurz, "Faster remainder by direct computation",
 * Software: Practice and Experience 49(6), 2019.
 */
#ifndef ASHLAR_MATH64_H
#define ASHLAR_MATH64_H

#include <ashlar/types.h>

#define RECIPROCAL_U64(d) (~0ull / (d) + 1)

static inline u64 mul_u64_u64_hi(u64 a, u64 b)
{
#if defined(__SIZEOF_INT128__)
	return (u64)(((unsigned __int128)a * b) >> 64);
#else
	u64 ll = (a & 0xffffffff) * (b & 0xffffffff);
	u64 hl = (a >> 32) * (b & 0xffffffff);
	u64 lh = (a & 0xffffffff) * (b >> 32);
	u64 mid = (ll >> 32) + (hl & 0xffffffff) + lh;

	return (a >> 32) * (b >> 32) + (hl >> 32) + (mid >> 32);
#endif
}

#endif
