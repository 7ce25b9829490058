/* SPDX-License-Identifier: MIT */
/*
 * Every name of the family must come from one and the same library: a block
 * from one malloc freed by another's free is a crash.
 */
#include "check.h"
#include <dlfcn.h>

static const char *const family[] = {
	"malloc",
	"calloc",
	"realloc",
	"reallocarray",
	"free",
	"aligned_alloc",
	"posix_memalign",
	"memalign",
	"valloc",
	"pvalloc",
	"malloc_usable_size",
	"malloc_trim",
	"mallinfo",
	"mallinfo2",
	"mallopt",
	"malloc_info",
	"malloc_stats",
	"free_sized",
	"free_aligned_sized",
	/* operator new and new[]: plain, nothrow, aligned, both */
	"_Znwm",
	"_Znam",
	"_ZnwmRKSt9nothrow_t",
	"_ZnamRKSt9nothrow_t",
	"_ZnwmSt11align_val_t",
	"_ZnamSt11align_val_t",
	"_ZnwmSt11align_val_tRKSt9nothrow_t",
	"_ZnamSt11align_val_tRKSt9nothrow_t",
	/* operator delete and delete[]: plain, nothrow, sized, aligned ... */
	"_ZdlPv",
	"_ZdaPv",
	"_ZdlPvRKSt9nothrow_t",
	"_ZdaPvRKSt9nothrow_t",
	"_ZdlPvm",
	"_ZdaPvm",
	"_ZdlPvSt11align_val_t",
	"_ZdaPvSt11align_val_t",
	"_ZdlPvSt11align_val_tRKSt9nothrow_t",
	"_ZdaPvSt11align_val_tRKSt9nothrow_t",
	"_ZdlPvmSt11align_val_t",
	"_ZdaPvmSt11align_val_t",
};

int main(void)
{
	Dl_info home, here;
	char name[96];
	size_t i;

	begin("exports");
	if (!dladdr(dlsym(RTLD_DEFAULT, "malloc"), &home))
		return 1;
	if (on_ashlar())
		check(strstr(home.dli_fname, "ashlar"), "malloc-is-ashlars",
		      "malloc comes from %s", home.dli_fname);
	for (i = 0; on_ashlar() && i < ARRAY_SIZE(family); i++) {
		void *at = dlsym(RTLD_DEFAULT, family[i]);
		bool found = at && dladdr(at, &here);

		snprintf(name, sizeof(name), "%s", family[i]);
		check(found && here.dli_fbase == home.dli_fbase, name,
		      "comes from %s", found ? here.dli_fname : "nowhere");
	}
	return finish();
}
