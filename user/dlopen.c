/* SPDX-License-Identifier: MIT */
/*
 * RTLD_DEEPBIND makes a library find its own malloc before the program's: it
 * would allocate from the C library and hand the block to code that frees it
 * here. So the flag is not passed on. In the shared library only; a program
 * linked statically has one malloc.
 */
#include <dlfcn.h>
#include <stddef.h>
#include "user.h"

typedef void *(*dlopen_function)(const char *file, int mode);

/*
 * dlopen - load a library, without RTLD_DEEPBIND
 *
 * The real one is left with a jump: it looks at its caller's address for the
 * namespace and the RUNPATH to search.
 */
__attribute__((__visibility__("default"))) void *dlopen(const char *file,
							int mode)
{
	static dlopen_function real;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "dlopen");
	return real(file, mode & ~RTLD_DEEPBIND);
}
