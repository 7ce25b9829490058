/* SPDX-License-Identifier: MIT */
/* An error number in a pointer: the last page of addresses is never used. */
#ifndef ASHLAR_ERR_H
#define ASHLAR_ERR_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

#define MAX_ERRNO 4095
#define IS_ERR_VALUE(x) ((uintptr_t)(x) >= (uintptr_t)-MAX_ERRNO)

static inline void *ERR_PTR(long error)
{
	return (void *)(uintptr_t)error;
}

static inline long PTR_ERR(const void *p)
{
	return (long)(uintptr_t)p;
}

static inline bool IS_ERR(const void *p)
{
	return unlikely(IS_ERR_VALUE(p));
}

#endif
