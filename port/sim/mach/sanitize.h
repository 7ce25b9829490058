/* SPDX-License-Identifier: MIT */
/*
 * Under AddressSanitizer free memory is poisoned: whoever touches it, the
 * core included, is stopped there and then.
 */
#ifndef ASHLAR_MACH_SANITIZE_H
#define ASHLAR_MACH_SANITIZE_H

#include <ashlar/types.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SIM_ASAN 1
#endif

#ifdef SIM_ASAN
void __asan_poison_memory_region(const volatile void *p, size_t n);
void __asan_unpoison_memory_region(const volatile void *p, size_t n);
#endif

static inline void port_poison(const void *p, size_t n)
{
#ifdef SIM_ASAN
	__asan_poison_memory_region(p, n);
#else
	(void)p;
	(void)n;
#endif
}

static inline void port_unpoison(const void *p, size_t n)
{
#ifdef SIM_ASAN
	__asan_unpoison_memory_region(p, n);
#else
	(void)p;
	(void)n;
#endif
}

#endif
