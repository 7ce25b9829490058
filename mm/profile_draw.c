/* SPDX-License-Identifier: MIT */
/*
 * Chance, for the heap profile.
 *
 *   bytes allocated ───x──────────x──x────────────────x──────►
 *                      └ distance ┘     exponential, mean: the rate
 *
 * Samples lie among all bytes as rain does (a Poisson process), so an object
 * of s bytes is sampled with the probability 1 - e^(-s / rate), whatever was
 * allocated before it. There is no floating point here: numbers are units of
 * 2^-26, and the logarithm comes bit by bit, as a number's squares tell it.
 */
#include "profile.h"

#define UNIT_SHIFT 26
#define LN2 2977044472ull /* in units of 2^-32 */

/**
 * profile_random() - 64 random bits
 * @state: any value at first
 *
 * S. Vigna's splitmix64.
 */
u64 profile_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* The fraction of the logarithm to base 2 of @m / 2^31, which is 1 … 2. */
static u64 log2_fraction(u64 m)
{
	u64 bits = 0;
	int i;

	for (i = 0; i < 32; i++) {
		m = m * m >> 31;
		bits <<= 1;
		if (m >> 32) {
			bits |= 1;
			m >>= 1;
		}
	}
	return bits;
}

/* Exponential, with the mean 1. */
static u64 draw_exponential(u64 *state)
{
	u64 r = profile_random(state) | 1;
	unsigned int zeros = (unsigned int)__builtin_clzll(r);
	u64 log2 = ((u64)(zeros + 1) << 32) - log2_fraction(r << zeros >> 32);

	/* -log2 of r / 2^64, below 2^38, times ln 2. */
	return (log2 >> 6) * (LN2 >> 6) >> (52 - UNIT_SHIFT);
}

/**
 * profile_distance() - bytes from here to the next sample
 * @state: for profile_random()
 * @rate: their mean, below 2^32
 */
u64 profile_distance(u64 *state, u64 rate)
{
	return draw_exponential(state) * rate >> UNIT_SHIFT;
}

/**
 * profile_keeps() - is a sample still one at half as many?
 * @state: for profile_random()
 * @slot: bytes of the object that was sampled
 * @rate: the mean distance up to now, that is to be doubled
 *
 * True with the probability by which those of the two rates differ, which for
 * y = e^(-slot / 2 rate) is 1 / (1 + y): toss a coin until it shows heads, and
 * stop, with a no, when something of probability y comes after tails.
 */
bool profile_keeps(u64 *state, u64 slot, u64 rate)
{
	while (profile_random(state) >> 63)
		if (profile_distance(state, 2 * rate) > slot)
			return false;
	return true;
}
