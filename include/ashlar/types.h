/* SPDX-License-Identifier: MIT */
/*
 * Fixed-width names for a world without a C library. Each is derived from a
 * compiler-provided macro, so this header agrees with a hosted <stdint.h>
 * and may be included beside it.
 */
#ifndef ASHLAR_TYPES_H
#define ASHLAR_TYPES_H

#include <ashlar/api.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef __UINT64_TYPE__ u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef __INT64_TYPE__ s64;

typedef __UINTPTR_TYPE__ uintptr_t;

#ifndef NULL
#define NULL ((void *)0)
#endif

#endif
