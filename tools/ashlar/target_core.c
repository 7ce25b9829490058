/* SPDX-License-Identifier: MIT */
/*
 * A core dump: an ELF file whose PT_LOAD segments are a process's memory,
 * and whose notes say which files were mapped where.
 *
 *   | ELF header | program headers | notes: NT_FILE … | memory … | memory |
 *
 *   NT_FILE   count, page size, count × (start, end, offset in pages),
 *             count × name
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
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

/* More headers than fit into e_phnum are counted in the first section. */
static bool count_headers(struct target *t, const Elf64_Ehdr *e, size_t *nr)
{
	Elf64_Shdr first;

	*nr = e->e_phnum;
	if (e->e_phnum == PN_XNUM) {
		if (!read_at(t, e->e_shoff, &first, sizeof(first)))
			return false;
		*nr = first.sh_info;
	}
	return *nr <= MAX_HEADERS && e->e_phentsize == sizeof(Elf64_Phdr);
}

/* Notes are aligned to four bytes only. */
static uint64_t word_at(const char *desc, uint64_t index)
{
	uint64_t word;

	memcpy(&word, desc + index * sizeof(word), sizeof(word));
	return word;
}

/* @desc: what NT_FILE says, @len bytes of it. */
static bool add_files(struct target *t, const char *desc, size_t len)
{
	const char *name, *end = desc + len;
	uint64_t i, count = len < 16 ? 0 : word_at(desc, 0);

	if (count == 0 || count > (len - 16) / 24)
		return true;
	name = desc + 16 + count * 24;
	for (i = 0; i < count && name < end; i++) {
		size_t name_len = strnlen(name, (size_t)(end - name));

		if (name + name_len == end)
			break;
		if (word_at(desc, 2 + i * 3 + 2) == 0 &&
		    !target_add_object(t, word_at(desc, 2 + i * 3), name))
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

		if (!read_at(t, e->e_phoff + i * sizeof(ph), &ph, sizeof(ph)))
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
	if (!read_at(t, 0, &e, sizeof(e)) ||
	    memcmp(e.e_ident, ELFMAG, SELFMAG) || e.e_type != ET_CORE)
		return target_fail(t, "%s is not a core dump", path);
	if (e.e_ident[EI_CLASS] != ELFCLASS64)
		return target_fail(t, "%s is of a 32-bit program", t->label);
	return read_headers(t, &e);
}
