/* SPDX-License-Identifier: MIT */
/* What the compiler is told: likelihood, layout, visibility, volatility. */
#ifndef ASHLAR_COMPILER_H
#define ASHLAR_COMPILER_H

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#define __cold_path __attribute__((__noinline__, __cold__))
#define __aligned_to(n) __attribute__((__aligned__(n)))
#define __must_be_used __attribute__((__warn_unused_result__))
#define __public __attribute__((__visibility__("default")))

/* Of this library alone: reached without the dynamic linker's table. */
#define __hidden __attribute__((__visibility__("hidden")))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

/* One access, neither torn nor repeated by the compiler. */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
/*
 * A function that reads, without a lock, what another CPU may be changing:
 * its own comment says why any value it may see is right.
 */
#define __racy __attribute__((__no_sanitize_thread__))
/* Publish an object by its address; see all of one that was published. */
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define barrier() __asm__ volatile("" ::: "memory")

/*
 * What an instruction adds up by itself, where it reads or writes. On x86 that
 * is an address, an index and a constant: the compiler keeps no sum of them,
 * and each use of @index adds anew. On AArch64 it is an address and an index:
 * the compiler keeps @address, a sum with a constant. Elsewhere it is less.
 */
#if defined(__x86_64__) || defined(__i386__)
#define reckon_anew(index) __asm__("" : "+r"(index))
#else
#define reckon_anew(index) ((void)(index))
#endif
#ifdef __aarch64__
#define reckon_once(address) __asm__("" : "+r"(address))
#else
#define reckon_once(address) ((void)(address))
#endif

#define min(a, b)                              \
	({                                     \
		__typeof__(a) min_a = (a);     \
		__typeof__(b) min_b = (b);     \
		min_a < min_b ? min_a : min_b; \
	})
#define max(a, b)                              \
	({                                     \
		__typeof__(a) max_a = (a);     \
		__typeof__(b) max_b = (b);     \
		max_a > max_b ? max_a : max_b; \
	})
#define clamp(v, lo, hi) min(max(v, lo), hi)

/* Powers of two only. */
#define ALIGN(x, a) (((x) + (a)-1) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((a)-1)) == 0)
#define is_power_of_2(n) ((n) != 0 && (((n) & ((n)-1)) == 0))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#endif
