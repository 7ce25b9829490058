/* SPDX-License-Identifier: MIT */
/*
 * A core dump: an ELF file whose PT_LOAD segments are a process's memory,
 * and whose notes say which files were mapped where.
 *
 *   | ELF header | program headers | notes: NT_FILE … | memory … | memory |
 *
 *   NT_FILE   count, page size, count × (start, end, offset in pages),
 *             count × name
 *
 * Headers of a 32-bit program are widened as they are read: its areas can be
 * drawn. What lies in them is laid out otherwise than this command's own.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <ashlar/compiler.h>
#include "target.h"

/* Larger than any that Linux writes (its limit on mappings is 65,530). */
#define MAX_HEADERS (1u << 20)
#define MAX_NOTES (64u << 20) /* bytes, of all together */

static bool read_at(struct target *t, uint64_t offset, void *buf, size_t len)
{
	return target_read_file(t, t->fd, offset, buf, len);
}

/* The header of the file, in the form of 64 bits. */
static bool read_header(struct target *t, Elf64_Ehdr *e)
{
	Elf32_Ehdr n;

	if (!read_at(t, 0, e, sizeof(*e)))
		return false;
	t->narrow = e->e_ident[EI_CLASS] == ELFCLASS32;
	if (!t->narrow)
		return true;
	memcpy(&n, e, sizeof(n));
	e->e_type = n.e_type;
	e->e_phoff = n.e_phoff;
	e->e_shoff = n.e_shoff;
	e->e_phnum = n.e_phnum;
	e->e_phentsize = n.e_phentsize;
	return true;
}

/* Program header @i, in the form of 64 bits. */
static bool read_program_header(struct target *t, const Elf64_Ehdr *e, size_t i,
				Elf64_Phdr *ph)
{
	Elf32_Phdr n;

	if (!t->narrow)
		return read_at(t, e->e_phoff + i * sizeof(*ph), ph,
			       sizeof(*ph));
	if (!read_at(t, e->e_phoff + i * sizeof(n), &n, sizeof(n)))
		return false;
	*ph = (Elf64_Phdr){ .p_type = n.p_type,
			    .p_offset = n.p_offset,
			    .p_vaddr = n.p_vaddr,
			    .p_filesz = n.p_filesz };
	return true;
}

/* More headers than fit into e_phnum are counted in the first section. */
static bool count_headers(struct target *t, const Elf64_Ehdr *e, size_t *nr)
{
	uint64_t field = t->narrow ? offsetof(Elf32_Shdr, sh_info) :
				     offsetof(Elf64_Shdr, sh_info);
	Elf64_Word info;

	*nr = e->e_phnum;
	if (e->e_phnum == PN_XNUM) {
		if (!read_at(t, e->e_shoff + field, &info, sizeof(info)))
			return false;
		*nr = info;
	}
	return *nr <= MAX_HEADERS &&
	       e->e_phentsize ==
		       (t->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr));
}

static size_t word_size(const struct target *t)
{
	return t->narrow ? 4 : 8;
}

/* Notes are aligned to four bytes only; the lowest byte of a word is first. */
static uint64_t word_at(const struct target *t, const char *desc,
			uint64_t index)
{
	uint64_t word = 0;

	memcpy(&word, desc + index * word_size(t), word_size(t));
	return word;
}

/* @desc: what NT_FILE says, @len bytes of it. */
static bool add_files(struct target *t, const char *desc, size_t len)
{
	const char *name, *end = desc + len;
	size_t word = word_size(t);
	uint64_t i, count = len < 2 * word ? 0 : word_at(t, desc, 0);

	if (count == 0 || count > (len - 2 * word) / (3 * word))
		return true;
	name = desc + (2 + 3 * count) * word;
	for (i = 0; i < count && name < end; i++) {
		size_t name_len = strnlen(name, (size_t)(end - name));

		if (name + name_len == end)
			break;
		if (word_at(t, desc, 2 + i * 3 + 2) == 0 &&
		    !target_add_object(t, word_at(t, desc, 2 + i * 3), name))
			return false;
		name += name_len + 1;
	}
	return true;
}

/* @left: bytes of notes that may still be read. */
static bool read_notes(struct target *t, const Elf64_Phdr *ph, size_t *left)
{
	size_t size = (size_t)ph->p_filesz, at = 0;
	char *notes;
	bool ok = true;

	if (ph->p_filesz > *left)
		return true;
	*left -= size;
	notes = malloc(size + 1);
	if (!notes)
		return target_fail(t, "out of memory");
	if (!read_at(t, ph->p_offset, notes, size))
		size = 0;
	while (ok && at + sizeof(Elf64_Nhdr) <= size) {
		const Elf64_Nhdr *n = (const void *)(notes + at);
		size_t desc = at + sizeof(*n) + ALIGN((size_t)n->n_namesz, 4);
		size_t next = desc + ALIGN((size_t)n->n_descsz, 4);

		if (next < desc || next > size)
			break;
		if (n->n_type == NT_FILE)
			ok = add_files(t, notes + desc, n->n_descsz);
		at = next;
	}
	free(notes);
	return ok;
}

static int by_address(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static bool ends_before(uint64_t file_size, const Elf64_Phdr *ph)
{
	return ph->p_offset > file_size ||
	       ph->p_filesz > file_size - ph->p_offset;
}

static void add_segment(struct target *t, const Elf64_Phdr *ph)
{
	t->segments[t->nr_segments++] = (struct segment){
		.address = ph->p_vaddr,
		.size = ph->p_filesz,
		.offset = ph->p_offset,
	};
}

static bool read_headers(struct target *t, const Elf64_Ehdr *e)
{
	size_t nr, i, notes = MAX_NOTES;
	struct stat st;

	if (fstat(t->fd, &st) || !count_headers(t, e, &nr))
		return target_fail(t, "%s is damaged", t->label);
	t->segments = calloc(nr ? nr : 1, sizeof(*t->segments));
	if (!t->segments)
		return target_fail(t, "out of memory");
	for (i = 0; i < nr; i++) {
		Elf64_Phdr ph;

		if (!read_program_header(t, e, i, &ph))
			return target_fail(t, "%s is cut short", t->label);
		t->cut_short |= ends_before((uint64_t)st.st_size, &ph);
		if (ph.p_type == PT_NOTE && !read_notes(t, &ph, &notes))
			return false;
		if (ph.p_type == PT_LOAD)
			add_segment(t, &ph);
	}
	qsort(t->segments, t->nr_segments, sizeof(*t->segments), by_address);
	return true;
}

/**
 * target_open_core() - open a core dump
 * @t: filled; closed by target_close() in any case
 * @path: of the file
 *
 * Return: true, or false with the reason in @t->error.
 */
bool target_open_core(struct target *t, const char *path)
{
	Elf64_Ehdr e;

	*t = (struct target){ .fd = -1 };
	budget_renew(t);
	snprintf(t->label, sizeof(t->label), "core dump %.60s", path);
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (t->fd < 0)
		return target_fail(t, "cannot open %s: %s", path,
				   strerror(errno));
	if (!read_header(t, &e) || memcmp(e.e_ident, ELFMAG, SELFMAG) ||
	    e.e_type != ET_CORE)
		return target_fail(t, "%s is not a core dump", path);
	return read_headers(t, &e);
}
