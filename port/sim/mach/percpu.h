/* SPDX-License-Identifier: MIT */
/*
 * What a CPU owns. Every such variable lies in one section of the program,
 * which is the image a CPU starts from and is itself never changed; each CPU
 * has a copy, at a distance that the running CPU's number selects.
 *
 *   section percpu         copy of CPU 0        copy of CPU 1
 *   | a | b |              | a | b |            | a | b |
 *   &a                     &a + sim_percpu_distance (CPU 0 running)
 */
#ifndef ASHLAR_MACH_PERCPU_H
#define ASHLAR_MACH_PERCPU_H

/*
 * What all CPUs share, and use all the time, may have a part for each of two
 * groups of them.
 */
#define NR_CPU_GROUPS 2

#include <ashlar/types.h>

extern uintptr_t sim_percpu_distance;

#define CPU_IS_TASK 1 /* a CPU is one task */

#define PER_CPU_SECTION __attribute__((__section__("percpu"), __used__))
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name
#define DEFINE_PER_CPU(type, name) PER_CPU_SECTION __typeof__(type) name
#define this_cpu_ptr(var) \
	((__typeof__(&(var)))((uintptr_t) & (var) + sim_percpu_distance))

#define this_cpu_read_element(var, type, i) (((type *)this_cpu_ptr(var))[i])
#define this_cpu_reread_element(var, type, i, old) (old)
#define this_cpu_move_element(var, i, from, old, n) \
	(((__typeof__(old) *)this_cpu_ptr(var))[(i) + (from)] = (old) + (n))

#endif
