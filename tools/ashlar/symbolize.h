/* SPDX-License-Identifier: MIT */
/* Addresses in a process, as functions, files and lines. */
#ifndef ASHLAR_TOOLS_SYMBOLIZE_H
#define ASHLAR_TOOLS_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One line of a stack. An address in an inlined call has several. */
struct frame {
	unsigned int index; /* of the address in the question */
	uint64_t pc;
	uint64_t offset; /* in the module, as addr2line takes it */
	const char *module; /* a file's path; NULL: none is mapped there */
	const char *function, *file; /* NULL: not known */
	unsigned int line, column; /* 0: not known */
	bool inlined; /* into the next one */
};

struct frames {
	size_t nr;
	struct frame frame[];
};

struct symbols;

struct symbols *symbols_of_process(pid_t pid);
void symbols_free(struct symbols *s);
void symbols_remember(pid_t pid, uint64_t start, uint64_t bytes);
struct frames *symbols_find_variable(struct symbols *s, uint64_t address);
struct frames *symbols_find(struct symbols *s, const uint64_t *pc,
			    unsigned int nr, bool exact);
void frames_free(struct frames *f);

/* symbolize_dwarf.c, symbolize_data.c: in a child, which may die of it */
struct line_found {
	unsigned int line, column;
	bool inlined;
	const char *function, *file;
};

struct dwarf_file;

struct Dwfl_Module;

struct Dwfl_Module *dwarf_file_module(const struct dwarf_file *d);
const char *dwarf_file_demangled(const char *name);
void dwarf_file_find_data(struct dwarf_file *d, uint64_t vaddr,
			  void (*found)(const struct line_found *l));
struct dwarf_file *dwarf_file_open(int fd, const char *path);
void dwarf_file_find(struct dwarf_file *d, uint64_t vaddr,
		     void (*found)(const struct line_found *l));

#endif
