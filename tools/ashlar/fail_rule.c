/* SPDX-License-Identifier: MIT */
/*
 * Which of a program's allocations are to fail: --fail=RULE, which the library
 * gets as the option fail= (port/user/fail.c). The library knows no functions:
 * caller=NAME becomes code=START-END here, from the program's own symbols.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ashlar/options.h>
#include "ashlar.h"
#include "fail_rule.h"

#define CALLER "caller="

struct function {
	const char *name;
	uint64_t start, bytes; /* bytes 0: not found */
};

static void search_section(Elf *elf, Elf_Scn *section, struct function *f)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const char *name;
	GElf_Shdr header;
	GElf_Sym sym;
	int i;

	if (!data || !gelf_getshdr(section, &header) ||
	    (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
		return;
	for (i = 0; !f->bytes && gelf_getsym(data, i, &sym); i++) {
		name = elf_strptr(elf, header.sh_link, sym.st_name);
		if (!name || GELF_ST_TYPE(sym.st_info) != STT_FUNC ||
		    strcmp(name, f->name))
			continue;
		f->start = sym.st_value;
		f->bytes = sym.st_size;
	}
}

static bool find_function(const char *path, struct function *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	Elf *elf = NULL;

	if (fd >= 0 && elf_version(EV_CURRENT) != EV_NONE)
		elf = elf_begin(fd, ELF_C_READ, NULL);
	while (elf && !f->bytes && (section = elf_nextscn(elf, section)))
		search_section(elf, section, f);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return f->bytes != 0;
}

/* One part of the rule to @out; false after a complaint. */
static bool write_part(FILE *out, const char *part, const char *program)
{
	struct function f = { .name = part + strlen(CALLER) };
	char path[PATH_MAX];

	if (strncmp(part, CALLER, strlen(CALLER))) {
		fputs(part, out);
		return true;
	}
	if (!find_program(program, path) || !find_function(path, &f)) {
		complain("%s has no function '%s' among its symbols", program,
			 f.name);
		return false;
	}
	/* The address behind the call is what is seen on the stack. */
	fprintf(out, "code=%" PRIu64 "-%" PRIu64, f.start + 1,
		f.start + f.bytes);
	return true;
}

/**
 * fail_rule() - a rule as the library takes it
 * @rule: as the user wrote it
 * @program: whose allocations they are
 *
 * Return: the option, to be freed; NULL after a complaint.
 */
char *fail_rule(const char *rule, const char *program)
{
	char *words = strdup(rule), *rest = words, *word, *option = NULL;
	size_t size;
	FILE *out = open_memstream(&option, &size);
	bool ok = words && out;

	if (out)
		fputs("fail=", out);
	while (ok && (word = strsep(&rest, ","))) {
		ok = write_part(out, word, program);
		if (rest)
			fputc(',', out);
	}
	if (out)
		fclose(out);
	free(words);
	if (ok &&
	    (strpbrk(rule, " :\t\n") || setup_fail(option + strlen("fail=")))) {
		complain("'%s' is not a rule of what is to fail", rule);
		ok = false;
	}
	if (ok)
		return option;
	free(option);
	return NULL;
}

/* add_option - one more of ASHLAR_OPTIONS; false: no memory */
bool add_option(const char *option)
{
	const char *before = getenv("ASHLAR_OPTIONS");
	char *value;

	if (asprintf(&value, "%s%s%s", before ? before : "",
		     before && *before ? ":" : "", option) < 0)
		return false;
	setenv("ASHLAR_OPTIONS", value, 1);
	free(value);
	return true;
}
