/* SPDX-License-Identifier: MIT */
/*
 * The number that the linker gave to an ELF file: a note, in its first pages.
 *
 *   start ── ELF header ── program headers ── PT_NOTE ── "GNU", type 3
 *
 * The notes of a file lie at the same distance from its start in the file and
 * in memory, so one function reads both; and nothing that it reads is trusted.
 */
#include "build_id.h"
#include <elf.h>
#include <string.h>
#include <unistd.h>

#define HEADERS_MAX 64
#define NOTES_MAX 4096 /* bytes of one segment */

#define ALIGN4(n) (((n) + 3ul) & ~3ul)

static bool read_at(int fd, uint64_t at, void *buf, size_t size)
{
	return pread(fd, buf, size, (off_t)at) == (ssize_t)size;
}

static bool find_in_notes(const unsigned char *notes, size_t size,
			  struct build_id *id)
{
	Elf64_Nhdr n;
	size_t name, data;

	while (size >= sizeof(n)) {
		memcpy(&n, notes, sizeof(n));
		name = ALIGN4((size_t)n.n_namesz);
		data = ALIGN4((size_t)n.n_descsz);
		if (name > size - sizeof(n) || data > size - sizeof(n) - name)
			return false;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 &&
		    !memcmp(notes + sizeof(n), "GNU", 4) &&
		    n.n_descsz <= sizeof(id->bytes)) {
			id->size = n.n_descsz;
			memcpy(id->bytes, notes + sizeof(n) + name, id->size);
			return true;
		}
		notes += sizeof(n) + name + data;
		size -= sizeof(n) + name + data;
	}
	return false;
}

/**
 * build_id_read() - the number of an ELF file
 * @fd: the file, or the memory of a process
 * @start: where the file begins in it
 * @id: out
 *
 * Return: false if it has none, or cannot be read.
 */
bool build_id_read(int fd, uint64_t start, struct build_id *id)
{
	unsigned char notes[NOTES_MAX];
	Elf64_Phdr ph;
	Elf64_Ehdr e;
	unsigned int i;

	if (!read_at(fd, start, &e, sizeof(e)) ||
	    memcmp(e.e_ident, ELFMAG, SELFMAG) ||
	    e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_phentsize != sizeof(ph))
		return false;
	for (i = 0; i < e.e_phnum && i < HEADERS_MAX; i++) {
		if (!read_at(fd, start + e.e_phoff + i * sizeof(ph), &ph,
			     sizeof(ph)))
			return false;
		if (ph.p_type == PT_NOTE && ph.p_filesz <= sizeof(notes) &&
		    read_at(fd, start + ph.p_offset, notes, ph.p_filesz) &&
		    find_in_notes(notes, ph.p_filesz, id))
			return true;
	}
	return false;
}
