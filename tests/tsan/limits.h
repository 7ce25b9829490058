/* SPDX-License-Identifier: MIT */
/*
 * ThreadSanitizer forgets a thread in the last round of its destructors, and
 * an instrumented program may not run in it after that. In this build a CPU
 * therefore goes offline one round earlier.
 */
#include_next <limits.h>

#undef PTHREAD_DESTRUCTOR_ITERATIONS
#define PTHREAD_DESTRUCTOR_ITERATIONS 3
