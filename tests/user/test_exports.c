/* SPDX-License-Identifier: MIT */
/*
 * Every name of the family must come from one and the same library: a block
 * from one malloc freed by another's free is a crash. The C library has
 * several names for one function; which, its own table of symbols says.
 */
#include "check.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

/* C++ writes size_t as the type that it is: unsigned long, or unsigned int. */
#if SIZE_MAX > UINT32_MAX
#define SIZE "m"
#else
#define SIZE "j"
#endif

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
	"_Znw" SIZE,
	"_Zna" SIZE,
	"_Znw" SIZE "RKSt9nothrow_t",
	"_Zna" SIZE "RKSt9nothrow_t",
	"_Znw" SIZE "St11align_val_t",
	"_Zna" SIZE "St11align_val_t",
	"_Znw" SIZE "St11align_val_tRKSt9nothrow_t",
	"_Zna" SIZE "St11align_val_tRKSt9nothrow_t",
	/* operator delete and delete[]: plain, nothrow, sized, aligned ... */
	"_ZdlPv",
	"_ZdaPv",
	"_ZdlPvRKSt9nothrow_t",
	"_ZdaPvRKSt9nothrow_t",
	"_ZdlPv" SIZE,
	"_ZdaPv" SIZE,
	"_ZdlPvSt11align_val_t",
	"_ZdaPvSt11align_val_t",
	"_ZdlPvSt11align_val_tRKSt9nothrow_t",
	"_ZdaPvSt11align_val_tRKSt9nothrow_t",
	"_ZdlPv" SIZE "St11align_val_t",
	"_ZdaPv" SIZE "St11align_val_t",
};

static void *home; /* where malloc's library is mapped */

static void check_name(const char *name)
{
	void *at = dlsym(RTLD_DEFAULT, name);
	Dl_info here = { 0 };
	bool found = at && dladdr(at, &here);

	check(found && here.dli_fbase == home, name, "comes from %s",
	      found ? here.dli_fname : "nowhere");
}

/* A library's file and the table of what it exports. */
struct library {
	const char *file;
	const ElfW(Sym) * symbols;
	size_t nr_symbols;
	const char *strings;
};

static bool read_library(struct library *l, const char *path)
{
	int fd = open(path, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	const ElfW(Ehdr) * elf;
	const ElfW(Shdr) * section;
	int i;

	if (fd < 0 || size <= 0)
		return false;
	l->file = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (l->file == MAP_FAILED)
		return false;
	elf = (const void *)l->file;
	section = (const void *)(l->file + elf->e_shoff);
	for (i = 0; i < elf->e_shnum; i++) {
		if (section[i].sh_type != SHT_DYNSYM)
			continue;
		l->symbols = (const void *)(l->file + section[i].sh_offset);
		l->nr_symbols = section[i].sh_size / sizeof(ElfW(Sym));
		l->strings = l->file + section[section[i].sh_link].sh_offset;
		return true;
	}
	return false;
}

static bool is_exported_function(const ElfW(Sym) * s)
{
	return s->st_shndx != SHN_UNDEF && s->st_value &&
	       ELF64_ST_TYPE(s->st_info) == STT_FUNC;
}

static const char *name_of(const struct library *l, const ElfW(Sym) * s)
{
	return l->strings + s->st_name;
}

static bool exports(const struct library *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->nr_symbols; i++)
		if (is_exported_function(&l->symbols[i]) &&
		    !strcmp(name_of(l, &l->symbols[i]), name))
			return true;
	return false;
}

/* All names that the C library has at the address of one that is ours. */
static void check_other_names(const struct library *libc,
			      const struct library *ours)
{
	const ElfW(Sym) *s = libc->symbols, *end = s + libc->nr_symbols, *other;
	int count = 0;

	for (; s < end; s++) {
		if (!is_exported_function(s) ||
		    !exports(ours, name_of(libc, s)) ||
		    !strncmp(name_of(libc, s), "dl", 2))
			continue;
		for (other = libc->symbols; other < end; other++)
			if (is_exported_function(other) &&
			    other->st_value == s->st_value) {
				check_name(name_of(libc, other));
				count++;
			}
	}
	check(count > 25, "other-names-are-found", "%d names", count);
}

int main(void)
{
	struct library libc = { 0 }, ours = { 0 };
	Dl_info where;
	size_t i;

	begin("exports");
	if (!dladdr(dlsym(RTLD_DEFAULT, "malloc"), &where))
		return 1;
	home = where.dli_fbase;
	if (on_ashlar()) {
		check(strstr(where.dli_fname, "ashlar"), "malloc-is-ashlars",
		      "malloc comes from %s", where.dli_fname);
		for (i = 0; i < ARRAY_SIZE(family); i++)
			check_name(family[i]);
		if (!read_library(&ours, where.dli_fname) ||
		    !dladdr(dlsym(RTLD_DEFAULT, "getenv"), &where) ||
		    !read_library(&libc, where.dli_fname))
			return 1;
		check_other_names(&libc, &ours);
	}
	return finish();
}
