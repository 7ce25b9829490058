/* SPDX-License-Identifier: MIT */
/*
 * A thread is a CPU: what a CPU owns is thread-local, reached with one
 * instruction in the initial-exec model. No lock is needed to touch it, and
 * nothing moves a thread to another CPU.
 */
#ifndef ASHLAR_MACH_PERCPU_H
#define ASHLAR_MACH_PERCPU_H

#define DECLARE_PER_CPU(type, name)  \
	extern __thread type name __hidden \
		__attribute__((tls_model("initial-exec")))
#define DEFINE_PER_CPU(type, name) \
	__thread type name __attribute__((tls_model("initial-exec")))
#define this_cpu_ptr(var) (&(var))

/*
 * The same without forming the address: on x86-64 a thread's variables lie
 * at constant offsets from %fs, and a pointer in that segment lets one
 * instruction read, write or add.
 */
#if defined(__x86_64__)
#define this_cpu_space __seg_fs
#define this_cpu_seg(var)                                         \
	({                                                        \
		__UINTPTR_TYPE__ seg_offset;                      \
		__asm__("movq " #var "@gottpoff(%%rip), %0"       \
			: "=r"(seg_offset));                      \
		(__typeof__(var) __seg_fs *)seg_offset;           \
	})
#else
#define this_cpu_space
#define this_cpu_seg(var) (&(var))
#endif

/* clang's asm operands lose their segment, so it adds in its own way. */
#if defined(__x86_64__) && !defined(__clang__)
#define this_cpu_add(lvalue, n) \
	__asm__("addq %1, %0" : "+m"(lvalue) : "er"((long)(n)) : "cc")
#else
#define this_cpu_add(lvalue, n)                                    \
	((lvalue) = (__typeof__((lvalue) + 0))((char *)(lvalue) + (n)))
#endif

#endif
