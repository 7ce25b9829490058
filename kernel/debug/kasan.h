/* SPDX-License-Identifier: MIT */
/* Accesses that are looked at before they are made. Code: kasan.c. */
#ifndef KERNEL_DEBUG_KASAN_H
#define KERNEL_DEBUG_KASAN_H

#include <ashlar/types.h>

size_t kasan_room(const void *p);
bool kasan_check(const void *p, size_t bytes, bool write, unsigned long ip);

#endif
