/* SPDX-License-Identifier: MIT */
/* The bytes of an input, one after the other. */
#ifndef ASHLAR_FUZZ_INPUT_H
#define ASHLAR_FUZZ_INPUT_H

#include <ashlar/types.h>

struct input {
	const u8 *at, *end;
};

static inline bool more(const struct input *in)
{
	return in->at < in->end;
}

/* The next byte; zeroes after the end. */
static inline u8 next(struct input *in)
{
	return more(in) ? *in->at++ : 0;
}

static inline unsigned int next16(struct input *in)
{
	unsigned int high = next(in);

	return high << 8 | next(in);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif
