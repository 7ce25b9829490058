/* SPDX-License-Identifier: MIT */
/*
 * A thread is a CPU: what a CPU owns is thread-local, reached with one
 * instruction in the initial-exec model. No lock is needed to touch it, and
 * nothing moves a thread to another CPU.
 */
#ifndef ASHLAR_MACH_PERCPU_H
#define ASHLAR_MACH_PERCPU_H

#define DECLARE_PER_CPU(type, name) \
	extern __thread type name __attribute__((tls_model("initial-exec")))
#define DEFINE_PER_CPU(type, name) \
	__thread type name __attribute__((tls_model("initial-exec")))
#define this_cpu_ptr(var) (&(var))

#endif
