/* SPDX-License-Identifier: MIT */
/*
 * What elfutils' libdw says of an address of one file.
 *
 *   the file ── .symtab, .dynsym ─────────────► function
 *          └─── .debug_info, .debug_line ─────► lines, and calls inlined there
 *          └─── build-id, debug link ── a file with the two above
 *
 * The files may be anything: all of this runs in a child that symbolize.c
 * limits, and that may die.
 */
#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "symbolize.h"

#define INLINED_MAX 8

struct dwarf_file {
	Dwfl *dwfl;
	Dwfl_Module *module;
};

static int find_no_elf(Dwfl_Module *m, void **data, const char *name,
		       Dwarf_Addr base, char **path, Elf **elf)
{
	return -1; /* it was given */
}

static char *debug_path; /* NULL: libdw's usual places */

/* Takes @fd, also on failure. Returns NULL for a file that is not ELF. */
struct dwarf_file *dwarf_file_open(int fd, const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = find_no_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.debuginfo_path = &debug_path,
	};
	struct dwarf_file *d = calloc(1, sizeof(*d));

	if (d)
		d->dwfl = dwfl_begin(&callbacks);
	if (d && d->dwfl) {
		dwfl_report_begin(d->dwfl);
		d->module = dwfl_report_elf(d->dwfl, path, path, fd, 0, true);
		dwfl_report_end(d->dwfl, NULL, NULL);
	}
	if (d && d->module)
		return d;
	close(fd);
	if (d && d->dwfl)
		dwfl_end(d->dwfl);
	free(d);
	return NULL;
}

Dwfl_Module *dwarf_file_module(const struct dwarf_file *d)
{
	return d->module;
}

/* C++'s names as people write them, where its runtime is installed. */
const char *dwarf_file_demangled(const char *name)
{
	static char *(*demangle)(const char *s, char *buf, size_t *n, int *st);
	static void *runtime;
	char *plain;
	int status;

	if (strncmp(name, "_Z", 2))
		return name;
	if (!runtime) {
		runtime = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
		if (runtime)
			*(void **)&demangle = dlsym(runtime, "__cxa_demangle");
	}
	plain = demangle ? demangle(name, NULL, NULL, &status) : NULL;
	return plain ? plain : name;
}

static const char *name_of(Dwarf_Die *die)
{
	static const unsigned int linkage[] = { DW_AT_linkage_name,
						DW_AT_MIPS_linkage_name };
	Dwarf_Attribute attr;
	const char *name;
	size_t i;

	for (i = 0; i < sizeof(linkage) / sizeof(linkage[0]); i++)
		if (dwarf_attr_integrate(die, linkage[i], &attr) &&
		    (name = dwarf_formstring(&attr)))
			return dwarf_file_demangled(name);
	return dwarf_diename(die);
}

/* Where an inlined function was called from. */
static void call_site(Dwarf_Die *cu, Dwarf_Die *die, struct line_found *l)
{
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word n;
	size_t nr;

	l->file = NULL;
	l->line = l->column = 0;
	if (dwarf_getsrcfiles(cu, &files, &nr) == 0 &&
	    dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &n) == 0 &&
	    n < nr)
		l->file = dwarf_filesrc(files, n, NULL, NULL);
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &n) == 0)
		l->line = (unsigned int)n;
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_column, &attr), &n) == 0)
		l->column = (unsigned int)n;
}

/* The scopes around an address, as they were called; NULL, none. */
static Dwarf_Die *scopes_at(Dwarf_Die *cu, Dwarf_Addr address, Dwarf *dwarf,
			    int *nr)
{
	Dwarf_Die *around, *called = NULL, innermost;
	Dwarf_Off offset;

	*nr = 0;
	if (dwarf_getscopes(cu, address, &around) <= 0)
		return NULL;
	offset = dwarf_dieoffset(&around[0]);
	free(around);
	if (dwarf_offdie(dwarf, offset, &innermost))
		*nr = dwarf_getscopes_die(&innermost, &called);
	return *nr > 0 ? called : NULL;
}

/*
 * The unit that the address is of. clang writes no table of their addresses
 * (.debug_aranges), so they may have to be asked one by one.
 */
static Dwarf_Die *unit_at(Dwfl_Module *m, uint64_t vaddr, Dwarf_Addr *bias)
{
	Dwarf_Die *cu = dwfl_module_addrdie(m, vaddr, bias);

	if (cu)
		return cu;
	while ((cu = dwfl_module_nextcu(m, cu, bias)))
		if (dwarf_haspc(cu, vaddr - *bias) > 0)
			return cu;
	return NULL;
}

static void find_line(Dwarf_Die *cu, Dwarf_Addr address, struct line_found *l)
{
	Dwarf_Line *at = cu ? dwarf_getsrc_die(cu, address) : NULL;
	int line = 0, column = 0;

	if (!at)
		return;
	dwarf_lineno(at, &line);
	dwarf_linecol(at, &column);
	l->file = dwarf_linesrc(at, NULL, NULL);
	l->line = line > 0 ? (unsigned int)line : 0;
	l->column = column > 0 ? (unsigned int)column : 0;
}

/* Each function around the address; returns how many were found. */
static unsigned int find_functions(Dwfl_Module *m, uint64_t vaddr,
				   struct line_found *l,
				   void (*found)(const struct line_found *l))
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *cu = unit_at(m, vaddr, &bias);
	Dwarf *dwarf = dwfl_module_getdwarf(m, &bias);
	unsigned int n = 0;
	Dwarf_Die *scope;
	int i, nr, tag;

	if (!cu || !dwarf)
		return 0;
	find_line(cu, vaddr - bias, l);
	scope = scopes_at(cu, vaddr - bias, dwarf, &nr);
	for (i = 0; i < nr && n < INLINED_MAX; i++) {
		tag = dwarf_tag(&scope[i]);
		if (tag != DW_TAG_inlined_subroutine &&
		    tag != DW_TAG_subprogram)
			continue;
		l->function = name_of(&scope[i]);
		l->inlined = tag == DW_TAG_inlined_subroutine;
		found(l);
		n++;
		if (!l->inlined)
			break;
		call_site(cu, &scope[i], l);
	}
	free(scope);
	return n;
}

/* dwarf_file_find - say what is known of @vaddr, innermost call first */
void dwarf_file_find(struct dwarf_file *d, uint64_t vaddr,
		     void (*found)(const struct line_found *l))
{
	struct line_found l = { 0 };
	const char *name;
	GElf_Off offset;
	GElf_Sym sym;

	if (find_functions(d->module, vaddr, &l, found))
		return;
	name = dwfl_module_addrinfo(d->module, vaddr, &offset, &sym, NULL, NULL,
				    NULL);
	l.function = name ? dwarf_file_demangled(name) : NULL;
	found(&l);
}
