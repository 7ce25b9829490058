/* SPDX-License-Identifier: MIT */
/* What a CPU owns. There is one, so its copy is the variable itself. */
#ifndef ASHLAR_MACH_PERCPU_H
#define ASHLAR_MACH_PERCPU_H

#define NR_CPU_GROUPS 1 /* what CPUs share is not divided */
#define CPU_IS_TASK 0 /* a CPU may have several tasks */

#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name
#define DEFINE_PER_CPU(type, name) __typeof__(type) name
#define this_cpu_ptr(var) (&(var))

#define this_cpu_read_element(var, type, i) (((type *)&(var))[i])
#define this_cpu_reread_element(var, type, i, old) (old)
#define this_cpu_move_element(var, i, from, old, n) \
	(((__typeof__(old) *)&(var))[(i) + (from)] = (old) + (n))

#endif
