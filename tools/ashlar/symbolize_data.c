/* SPDX-License-Identifier: MIT */
/*
 * Which variable of a file lies at an address, and where it was declared.
 *
 *   .symtab ──► hits, 8 bytes ──► .debug_info: the variable whose location is
 *                                 that address: file and line
 *
 * There is no index from addresses of data to units: all are gone through, as
 * far as there is patience.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include "symbolize.h"

#define PATIENCE 2000000 /* entries */
#define DEPTH_MAX 8

struct search {
	Dwarf_Addr address;
	struct line_found *found;
	long patience;
};

static bool is_at(Dwarf_Die *die, Dwarf_Addr address)
{
	Dwarf_Attribute attr;
	Dwarf_Op *op;
	size_t nr;

	return dwarf_tag(die) == DW_TAG_variable &&
	       dwarf_attr(die, DW_AT_location, &attr) &&
	       dwarf_getlocation(&attr, &op, &nr) == 0 && nr == 1 &&
	       op->atom == DW_OP_addr && op->number == address;
}

/* One that is defined apart from its declaration has its line there. */
static void note(Dwarf_Die *die, struct line_found *l)
{
	Dwarf_Attribute attr;
	Dwarf_Die declared;
	int line;

	if (dwarf_attr(die, DW_AT_specification, &attr) &&
	    dwarf_formref_die(&attr, &declared) && !dwarf_decl_file(die))
		die = &declared;
	l->file = dwarf_decl_file(die);
	if (dwarf_decl_line(die, &line) == 0 && line > 0)
		l->line = (unsigned int)line;
}

static bool search_below(struct search *s, Dwarf_Die *die, unsigned int depth)
{
	Dwarf_Die child;

	if (depth == DEPTH_MAX || dwarf_child(die, &child))
		return false;
	do {
		if (--s->patience < 0)
			return false;
		if (is_at(&child, s->address)) {
			note(&child, s->found);
			return true;
		}
		if (search_below(s, &child, depth + 1))
			return true;
	} while (dwarf_siblingof(&child, &child) == 0);
	return false;
}

/* symbols_find_variable's other half - @found is called once */
void dwarf_file_find_data(struct dwarf_file *d, uint64_t vaddr,
			  void (*found)(const struct line_found *l))
{
	static char named[400];
	struct line_found l = { 0 };
	struct search s = { .found = &l, .patience = PATIENCE };
	Dwarf_Die *cu = NULL;
	Dwarf_Addr bias;
	const char *name;
	GElf_Off offset;
	GElf_Sym sym;

	name = dwfl_module_addrinfo(dwarf_file_module(d), vaddr, &offset, &sym,
				    NULL, NULL, NULL);
	if (name && offset < sym.st_size) {
		name = dwarf_file_demangled(name);
		if (offset)
			snprintf(named, sizeof(named), "%s+%lu", name,
				 (unsigned long)offset);
		l.function = offset ? named : name;
		while ((cu = dwfl_module_nextcu(dwarf_file_module(d), cu,
						&bias))) {
			s.address = vaddr - offset - bias;
			if (search_below(&s, cu, 0))
				break;
		}
	}
	found(&l);
}
