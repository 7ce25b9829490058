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
#include <dlfcn.h>
#include <link.h>
#include <mach/spinlock.h>
#include <stddef.h>
#include "port/user/find_object.h"
#include "port/user/sys.h"
#include "port/user/user.h"
#include "symbols.h"
#include "user.h"

/* A library's symbols, and where its file is mapped. */
struct table {
	struct symbol_table of;
	const char *start;
};

/* The table of the library that @address lies in. */
static bool find_table(struct table *t, void *address)
{
	struct dl_find_object o;

	if (!address || !find_object((uintptr_t)address, &o))
		return false;
	t->start = o.dlfo_map_start;
	return symbols_of(&t->of, o.dlfo_link_map) && t->of.hash;
}

/* The protection of the segment that @address lies in; 0: of none. */
static int protection(const struct table *t, uintptr_t address)
{
	const ElfW(Ehdr) *elf = (const void *)t->start;
	const ElfW(Phdr) *ph = (const void *)(t->start + elf->e_phoff);
	int i;

	for (i = 0; i < elf->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD &&
		    address - t->of.bias - ph[i].p_vaddr < ph[i].p_memsz)
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
	__atomic_store_n((ElfW(Addr) *)value, target - t->of.bias,
			 __ATOMIC_RELEASE);
	sys_mprotect(from, size, prot);
	return true;
}

/* All that @t has under @name, in several versions perhaps, is at @target. */
static bool rename_all(const struct table *t, const char *name,
		       uintptr_t target)
{
	const ElfW(Sym) *symbol = NULL;
	bool good = true;

	while ((symbol = symbol_find(&t->of, name, symbol)))
		good &= lead_to(t, symbol, target);
	return good;
}

/* The family's name; dlopen and dlmopen have work to do in the C library. */
static bool is_family(const char *name)
{
	return name[0] != 'd' || name[1] != 'l';
}

static bool change_names(const struct symbol_table *ours,
			 const struct table *libc)
{
	Elf32_Word bucket, i;
	bool good = true;

	for (bucket = 0; bucket < ours->hash[0]; bucket++) {
		i = symbol_buckets(ours)[bucket];
		if (i < ours->hash[1])
			continue;
		do {
			const ElfW(Sym) *s = &ours->symbols[i];
			const char *name = ours->strings + s->st_name;

			if (is_family(name))
				good &= rename_all(libc, name,
						   ours->bias + s->st_value);
		} while (!(symbol_chain(ours, i++) & 1));
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
	if (!find_table(&ours, (void *)change_names) ||
	    !find_table(&libc, dlsym(RTLD_NEXT, "gnu_get_libc_version")))
		return false;
	spin_lock(&lock);
	if (names == UNTRIED)
		names = change_names(&ours.of, &libc) ? CHANGED : REFUSED;
	spin_unlock(&lock);
	return names == CHANGED;
}

/* @mode, without RTLD_DEEPBIND if that would lead to another heap. */
static int mode_for_one_heap(int mode)
{
	if (!(mode & RTLD_DEEPBIND))
		return mode;
	if (!have_changed_names())
		return mode & ~RTLD_DEEPBIND;
	ashlar_kinds_mix();
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
