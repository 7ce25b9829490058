/* SPDX-License-Identifier: MIT */
/*
 * RTLD_DEEPBIND: a library finds its own functions before the program's. So it
 * would find the C library's malloc before ours, too, and free there what
 * others have from here.
 *
 *   the C library's symbols             ours
 *   | malloc | ──────────────────────►  | malloc |
 *   | free   | ──────────────────────►  | free   |
 *   | getenv | ─► its own
 *
 * Before the first such load the C library's table of symbols is changed:
 * each name that is ours leads here from then on. The flag stays, and whoever
 * asks, in whatever scope, early or late, gets the one heap.
 *
 * In the shared library only; a program linked statically has one malloc.
 */
#include <ashlar/string.h>
#include <dlfcn.h>
#include <link.h>
#include <mach/spinlock.h>
#include <stddef.h>
#include "port/user/sys.h"
#include "port/user/user.h"
#include "user.h"

/* A loaded library's table of symbols, with the hash that leads into it. */
struct table {
	const char *start; /* where the library is mapped */
	uintptr_t bias; /* between its file's addresses and memory's */
	const ElfW(Sym) * symbols;
	const char *strings;
	const Elf32_Word *hash; /* DT_GNU_HASH */
};

static const Elf32_Word *buckets(const struct table *t)
{
	return t->hash + 4 + t->hash[2] * (sizeof(ElfW(Addr)) / 4);
}

/* The hash of symbol @i, but for its lowest bit, which ends a chain. */
static Elf32_Word chain(const struct table *t, Elf32_Word i)
{
	return buckets(t)[t->hash[0] + i - t->hash[1]];
}

static const void *in_memory(const struct table *t, uintptr_t pointer)
{
	return (const void *)(pointer < t->bias ? pointer + t->bias : pointer);
}

/* The table of the library that @address lies in. */
static bool find_table(struct table *t, const void *address)
{
	struct link_map *map;
	const ElfW(Dyn) * d;
	Dl_info info;

	*t = (struct table){ 0 };
	if (!address ||
	    !dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP))
		return false;
	t->start = info.dli_fbase;
	t->bias = map->l_addr;
	for (d = map->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			t->symbols = in_memory(t, d->d_un.d_ptr);
		if (d->d_tag == DT_STRTAB)
			t->strings = in_memory(t, d->d_un.d_ptr);
		if (d->d_tag == DT_GNU_HASH)
			t->hash = in_memory(t, d->d_un.d_ptr);
	}
	return t->symbols && t->strings && t->hash;
}

/* The protection of the segment that @address lies in; 0: of none. */
static int protection(const struct table *t, uintptr_t address)
{
	const ElfW(Ehdr) *elf = (const void *)t->start;
	const ElfW(Phdr) *ph = (const void *)(t->start + elf->e_phoff);
	int i;

	for (i = 0; i < elf->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD &&
		    address - t->bias - ph[i].p_vaddr < ph[i].p_memsz)
			return (ph[i].p_flags & PF_R ? PROT_READ : 0) |
			       (ph[i].p_flags & PF_W ? PROT_WRITE : 0) |
			       (ph[i].p_flags & PF_X ? PROT_EXEC : 0);
	return 0;
}

/* Others may be reading the table: the value changes at once. */
static bool lead_to(const struct table *t, const ElfW(Sym) * symbol,
		    uintptr_t target)
{
	size_t page = port_host_page_size();
	uintptr_t value = (uintptr_t)&symbol->st_value;
	char *from = (char *)ALIGN_DOWN(value, page);
	size_t size = (value + sizeof(symbol->st_value) - (uintptr_t)from);
	int prot = protection(t, value);

	size = ALIGN(size, page);
	if (!prot || sys_mprotect(from, size, prot | PROT_WRITE))
		return false;
	__atomic_store_n((ElfW(Addr) *)value, target - t->bias,
			 __ATOMIC_RELEASE);
	sys_mprotect(from, size, prot);
	return true;
}

static Elf32_Word hash_of(const char *name)
{
	Elf32_Word h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/* All that @t has under @name, in several versions perhaps, is at @target. */
static bool rename_all(const struct table *t, const char *name,
		       uintptr_t target)
{
	Elf32_Word h = hash_of(name), i = buckets(t)[h % t->hash[0]];
	bool good = true;

	if (i < t->hash[1])
		return true;
	do {
		if ((chain(t, i) | 1) == (h | 1) &&
		    !ashlar_strcmp(t->strings + t->symbols[i].st_name, name))
			good &= lead_to(t, &t->symbols[i], target);
	} while (!(chain(t, i++) & 1));
	return good;
}

/* The family's name; dlopen and dlmopen have work to do in the C library. */
static bool is_family(const char *name)
{
	return name[0] != 'd' || name[1] != 'l';
}

static bool change_names(const struct table *ours, const struct table *libc)
{
	Elf32_Word bucket, i;
	bool good = true;

	for (bucket = 0; bucket < ours->hash[0]; bucket++) {
		i = buckets(ours)[bucket];
		if (i < ours->hash[1])
			continue;
		do {
			const ElfW(Sym) *s = &ours->symbols[i];
			const char *name = ours->strings + s->st_name;

			if (is_family(name))
				good &= rename_all(libc, name,
						   ours->bias + s->st_value);
		} while (!(chain(ours, i++) & 1));
	}
	return good;
}

/* Once. False: the kernel does not let the C library's table be changed. */
static bool have_changed_names(void)
{
	static spinlock_t lock = SPIN_LOCK_UNLOCKED;
	static enum { UNTRIED, CHANGED, REFUSED } names;
	struct table ours, libc;

	/* The dynamic linker has locks of its own: none of ours around it. */
	if (!find_table(&ours, (const void *)change_names) ||
	    !find_table(&libc, dlsym(RTLD_NEXT, "gnu_get_libc_version")))
		return false;
	spin_lock(&lock);
	if (names == UNTRIED)
		names = change_names(&ours, &libc) ? CHANGED : REFUSED;
	spin_unlock(&lock);
	return names == CHANGED;
}

/* @mode, without RTLD_DEEPBIND if that would lead to another heap. */
static int mode_for_one_heap(int mode)
{
	if (mode & RTLD_DEEPBIND && !have_changed_names())
		return mode & ~RTLD_DEEPBIND;
	return mode;
}

/*
 * dlopen - load a library
 *
 * The real one is left with a jump: it looks at its caller's address for the
 * namespace and the RUNPATH to search.
 */
EXPORT void *dlopen(const char *file, int mode)
{
	static void *(*real)(const char *file, int mode);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "dlopen");
	return real(file, mode_for_one_heap(mode));
}

/* dlmopen - load a library into a namespace; the program's own is one */
EXPORT void *dlmopen(Lmid_t namespace, const char *file, int mode)
{
	static void *(*real)(Lmid_t namespace, const char *file, int mode);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "dlmopen");
	return real(namespace, file, mode_for_one_heap(mode));
}
