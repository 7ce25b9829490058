/* SPDX-License-Identifier: MIT */
/*
 * Fixed-width names for a world without a C library. Each is derived from a
 * compiler-provided macro, so this header agrees with a hosted <stdint.h>
 * and may be included beside it.
 */
#ifndef ASHLAR_TYPES_H
#define ASHLAR_TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef __UINT64_TYPE__ u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef __INT64_TYPE__ s64;

typedef __SIZE_TYPE__ size_t;
typedef __UINTPTR_TYPE__ uintptr_t;

/* Allocation flags, see <ashlar/gfp.h>. */
typedef unsigned int gfp_t;
/* Flags of a slab cache, see <ashlar/slab.h>. */
typedef unsigned int slab_flags_t;

#ifndef __cplusplus
#ifndef bool
#define bool _Bool
#define true 1
#define false 0
#endif
#endif

#ifndef NULL
#ifdef __cplusplus
#define NULL nullptr
#else
#define NULL ((void *)0)
#endif
#endif

#endif
