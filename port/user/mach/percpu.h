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

#define CPU_IS_TASK 1 /* a CPU is a thread, for all its life */

#define DECLARE_PER_CPU(type, name)        \
	extern __thread type name __hidden \
		__attribute__((tls_model("initial-exec")))
#define DEFINE_PER_CPU(type, name) \
	__thread type name __attribute__((tls_model("initial-exec")))
#define this_cpu_ptr(var) (&(var))

/*
 * An element of a per-CPU array of longs or pointers, reached without
 * forming its address: on x86 a thread's variables lie at constant offsets
 * from %fs or %gs, and an instruction can add to one in that segment. The
 * element is that at @i and a constant, @from. What it is, @old, is known:
 * where there is no such instruction, @old moved by @n objects is stored.
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
#define this_cpu_move_element(var, i, from, old, n)                   \
	__asm__ volatile("addq %2, %%fs:%c3(%0,%1,8)"                 \
			 :                                            \
			 : "r"(this_cpu_offset(var)), "r"((long)(i)), \
			   "er"((long)((n) * (long)sizeof(*(old)))),  \
			   "i"((from) * sizeof(long))                 \
			 : "cc", "memory")
#elif defined(__i386__) && defined(__OPTIMIZE__)
#define this_cpu_offset(var)  \
	((__UINTPTR_TYPE__) & \
	 (var) - (__UINTPTR_TYPE__)__builtin_thread_pointer())
#define this_cpu_read_element(var, type, i) \
	(((type __seg_gs *)this_cpu_offset(var))[i])
#define this_cpu_reread_element(var, type, i, old)                   \
	({                                                           \
		type element;                                        \
		__asm__ volatile("movl %%gs:(%1,%2,4), %0"           \
				 : "=r"(element)                     \
				 : "r"(this_cpu_offset(var)), "r"(i) \
				 : "memory");                        \
		element;                                             \
	})
#define this_cpu_move_element(var, i, from, old, n)                   \
	__asm__ volatile("addl %2, %%gs:%c3(%0,%1,4)"                 \
			 :                                            \
			 : "r"(this_cpu_offset(var)), "r"((long)(i)), \
			   "ir"((long)((n) * (long)sizeof(*(old)))),  \
			   "i"((from) * sizeof(long))                 \
			 : "cc", "memory")
#else
/* The compiler sees an address that it has, and adds to it but once. */
#define this_cpu_elements(var, type)             \
	({                                       \
		type *elements = (type *)&(var); \
		__asm__("" : "+r"(elements));    \
		elements;                        \
	})
#define this_cpu_read_element(var, type, i) (this_cpu_elements(var, type)[i])
#define this_cpu_move_element(var, i, from, old, n) \
	(this_cpu_elements(var, __typeof__(old))[(i) + (from)] = (old) + (n))
#endif

/* Where registers are few: not to be kept, but read once more. */
#ifndef this_cpu_reread_element
#define this_cpu_reread_element(var, type, i, old) (old)
#endif

#endif
