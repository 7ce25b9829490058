/* SPDX-License-Identifier: MIT */
/* Reading what gzip wrote. Code: lib/inflate.c. */
#ifndef ASHLAR_INFLATE_H
#define ASHLAR_INFLATE_H

#include <ashlar/types.h>

struct inflate;

/* @p: a gzip member, within memory that ends at @end. NULL: no memory. */
struct inflate *inflate_begin(const u8 *p, const u8 *end);
/* The next bytes, valid until the next call: how many, 0 at the end. */
size_t inflate_next(struct inflate *z, const u8 **out);
/* The input before this is not looked at again. */
const u8 *inflate_position(const struct inflate *z);
/* What was wrong with the member, or NULL. */
const char *inflate_error(const struct inflate *z);
/* Gives everything back; where the member ended. */
const u8 *inflate_end(struct inflate *z);

#endif
