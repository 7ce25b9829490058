/* SPDX-License-Identifier: MIT */
/*
 * A thread is a CPU: what a CPU owns is thread-local, reached with one
 * instruction in the initial-exec model. No lock is needed to touch it, and
 * nothing moves a thread to another CPU.
 */
#ifndef ASHLAR_MACH_PERCPU_H
#define ASHLAR_MACH_PERCPU_H

/*
 * Threads are dealt into so many groups by their number: what all share, and
 * use all the time, may have a part for each.
 */
#define NR_CPU_GROUPS 4

#define DECLARE_PER_CPU(type, name)        \
	extern __thread type name __hidden \
		__attribute__((tls_model("initial-exec")))
#define DEFINE_PER_CPU(type, name) \
	__thread type name __attribute__((tls_model("initial-exec")))
#define this_cpu_ptr(var) (&(var))

/*
 * An element of a per-CPU array of longs or pointers, reached without
 * forming its address: on x86-64 a thread's variables lie at constant
 * offsets from %fs, and an instruction can add to one in that segment.
 * The element is that at @i and a constant, @from.
 * (clang's asm operands lose the segment, so it adds in its own way. A compiler
 * that does not optimise does not see that @from is constant.)
 */
#if defined(__x86_64__) && defined(__OPTIMIZE__)
#define this_cpu_offset(var)                                \
	({                                                  \
		__UINTPTR_TYPE__ tls_offset;                \
		__asm__("movq " #var "@gottpoff(%%rip), %0" \
			: "=r"(tls_offset));                \
		tls_offset;                                 \
	})
#define this_cpu_read_element(var, type, i) \
	(((type __seg_fs *)this_cpu_offset(var))[i])
#define this_cpu_add_element(var, i, from, n)                          \
	__asm__ volatile("addq %2, %%fs:%c3(%0,%1,8)"                  \
			 :                                             \
			 : "r"(this_cpu_offset(var)), "r"((long)(i)),  \
			   "er"((long)(n)), "i"((from) * sizeof(long)) \
			 : "cc", "memory")
#else
#define this_cpu_read_element(var, type, i) (((type *)&(var))[i])
#define this_cpu_add_element(var, i, from, n) \
	(((long *)&(var))[(i) + (from)] += (long)(n))
#endif

#endif
