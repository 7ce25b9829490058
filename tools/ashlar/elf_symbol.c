/* SPDX-License-Identifier: MIT */
/*
 * Where a symbol is: by the dynamic linker's tables as they lie in the
 * target's memory, or by the sections of an ELF file.
 *
 *   in memory   program headers ─► PT_DYNAMIC ─► DT_GNU_HASH, DT_SYMTAB,
 *               DT_STRTAB: a bucket, a chain, one name
 *   in a file   section headers ─► .dynsym, .symtab: all names in turn
 *
 * Every number read is bounded before it is used, and every read is paid for
 * from the target's budget. 64-bit ELF only: the structures that are looked for
 * are laid out like the command's own.
 */
#include <elf.h>
#include <string.h>
#include <ashlar/compiler.h>
#include "target.h"

#define MAX_PHDRS 128
#define MAX_DYN 512
#define MAX_CHAIN 4096
#define MAX_NAME 64

struct dynamic {
	uint64_t symtab, strtab, gnu_hash;
};

static bool elf_header_ok(const Elf64_Ehdr *e)
{
	return !memcmp(e->e_ident, ELFMAG, SELFMAG) &&
	       e->e_ident[EI_CLASS] == ELFCLASS64 &&
	       e->e_ident[EI_DATA] == ELFDATA2LSB &&
	       e->e_phentsize == sizeof(Elf64_Phdr);
}

/* ---- in memory ---- */

static bool read_phdrs(struct target *t, uint64_t base, Elf64_Phdr *ph,
		       unsigned int *nr)
{
	Elf64_Ehdr e;

	if (!target_read(t, base, &e, sizeof(e)) || !elf_header_ok(&e))
		return false;
	*nr = min((unsigned int)e.e_phnum, (unsigned int)MAX_PHDRS);
	return target_read(t, base + e.e_phoff, ph, *nr * sizeof(*ph));
}

/* What is added to addresses of the file to get those in memory. */
static uint64_t load_bias(uint64_t base, const Elf64_Phdr *ph, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_offset == 0)
			return base - ph[i].p_vaddr;
	return base;
}

/* Some dynamic linkers have added the bias to these pointers already. */
static uint64_t dyn_pointer(uint64_t ptr, uint64_t bias)
{
	return ptr < bias ? ptr + bias : ptr;
}

static bool read_dynamic(struct target *t, const Elf64_Phdr *ph,
			 unsigned int nr, uint64_t bias, struct dynamic *d)
{
	uint64_t at = 0;
	unsigned int i;
	Elf64_Dyn dyn;

	*d = (struct dynamic){ 0 };
	for (i = 0; i < nr; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			at = bias + ph[i].p_vaddr;
	for (i = 0; at && i < MAX_DYN; i++, at += sizeof(dyn)) {
		if (!target_read(t, at, &dyn, sizeof(dyn)) ||
		    dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_SYMTAB)
			d->symtab = dyn_pointer(dyn.d_un.d_ptr, bias);
		else if (dyn.d_tag == DT_STRTAB)
			d->strtab = dyn_pointer(dyn.d_un.d_ptr, bias);
		else if (dyn.d_tag == DT_GNU_HASH)
			d->gnu_hash = dyn_pointer(dyn.d_un.d_ptr, bias);
	}
	return d->symtab && d->strtab && d->gnu_hash;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h;
}

/* True if symbol @index is the one that is meant, and defined here. */
static bool symbol_matches(struct target *t, const struct dynamic *d,
			   uint32_t index, const char *name, Elf64_Sym *sym)
{
	size_t len = strlen(name) + 1;
	char found[MAX_NAME];

	return len <= sizeof(found) &&
	       target_read(t, d->symtab + index * sizeof(*sym), sym,
			   sizeof(*sym)) &&
	       sym->st_shndx != SHN_UNDEF &&
	       target_read(t, d->strtab + sym->st_name, found, len) &&
	       !memcmp(found, name, len);
}

static bool hash_lookup(struct target *t, const struct dynamic *d,
			const char *name, Elf64_Sym *sym)
{
	struct {
		uint32_t nbuckets, first, bloom_words, bloom_shift;
	} head;
	uint32_t hash = gnu_hash(name), index, link;
	uint64_t buckets, chains;
	unsigned int i;

	if (!target_read(t, d->gnu_hash, &head, sizeof(head)) ||
	    head.nbuckets == 0)
		return false;
	buckets = d->gnu_hash + sizeof(head) + head.bloom_words * 8ull;
	chains = buckets + head.nbuckets * 4ull;
	if (!target_read(t, buckets + hash % head.nbuckets * 4ull, &index,
			 sizeof(index)))
		return false;
	for (i = 0; i < MAX_CHAIN && index >= head.first; i++, index++) {
		if (!target_read(t, chains + (index - head.first) * 4ull, &link,
				 sizeof(link)))
			return false;
		if ((link | 1) == (hash | 1) &&
		    symbol_matches(t, d, index, name, sym))
			return true;
		if (link & 1)
			return false;
	}
	return false;
}

/**
 * elf_symbol_in_memory() - look a dynamic symbol up in the target's memory
 * @t: the target
 * @base: where a file's first page is mapped; need not be an ELF file
 * @name: of the symbol
 * @addr: its address in the target
 */
bool elf_symbol_in_memory(struct target *t, uint64_t base, const char *name,
			  uint64_t *addr)
{
	Elf64_Phdr ph[MAX_PHDRS];
	struct dynamic d;
	unsigned int nr;
	uint64_t bias;
	Elf64_Sym sym;

	if (!read_phdrs(t, base, ph, &nr))
		return false;
	bias = load_bias(base, ph, nr);
	if (!read_dynamic(t, ph, nr, bias, &d) ||
	    !hash_lookup(t, &d, name, &sym))
		return false;
	*addr = bias + sym.st_value;
	return true;
}

/* ---- in a file ---- */

/* A file of an object in the target; reads of it are the target's. */
struct file {
	struct target *t;
	int fd;
};

/* What is read at once of a table. */
#define PIECE (64u << 10)
/* A table of strings may have a name more than once, as the end of others. */
#define MAX_HITS 16

static bool read_part(const struct file *f, uint64_t offset, void *buf,
		      size_t len)
{
	return target_read_file(f->t, f->fd, offset, buf, len);
}

/* Offsets in a table of strings at which the name begins. */
struct hits {
	uint64_t at[MAX_HITS];
	unsigned int nr;
};

static void search_piece(struct hits *hits, const char *piece, size_t size,
			 uint64_t offset, const char *name)
{
	const char *from = piece, *end = piece + size, *hit;
	size_t len = strlen(name) + 1;

	while (hits->nr < MAX_HITS &&
	       (hit = memmem(from, (size_t)(end - from), name, len))) {
		hits->at[hits->nr++] = offset + (uint64_t)(hit - piece);
		from = hit + 1;
	}
}

/* Pieces overlap by as much as a name that lies across two of them. */
static bool search_strings(const struct file *f, const Elf64_Shdr *strings,
			   const char *name, struct hits *hits)
{
	static char piece[PIECE];
	uint64_t at = 0, left = strings->sh_size;
	size_t overlap = strlen(name), size;

	hits->nr = 0;
	while (left > overlap) {
		size = min(left, (uint64_t)sizeof(piece));
		if (!read_part(f, strings->sh_offset + at, piece, size))
			return false;
		search_piece(hits, piece, size, at, name);
		if (size == left)
			break;
		at += size - overlap;
		left -= size - overlap;
	}
	return hits->nr != 0;
}

static bool named_by(const Elf64_Sym *sym, const struct hits *hits)
{
	unsigned int i;

	for (i = 0; i < hits->nr; i++)
		if (sym->st_name == hits->at[i])
			return sym->st_shndx != SHN_UNDEF;
	return false;
}

/* First the name, of which most files have none, then who is called that. */
static bool search_symbols(const struct file *f, const Elf64_Shdr *table,
			   const Elf64_Shdr *strings, const char *name,
			   uint64_t *value)
{
	static Elf64_Sym piece[PIECE / sizeof(Elf64_Sym)];
	uint64_t left = table->sh_size / sizeof(*piece);
	uint64_t at = table->sh_offset;
	struct hits hits;
	size_t i, nr;

	if (!search_strings(f, strings, name, &hits))
		return false;
	for (; left; left -= nr, at += nr * sizeof(*piece)) {
		nr = min(left, (uint64_t)ARRAY_SIZE(piece));
		if (!read_part(f, at, piece, nr * sizeof(*piece)))
			return false;
		for (i = 0; i < nr; i++) {
			if (!named_by(&piece[i], &hits))
				continue;
			*value = piece[i].st_value;
			return true;
		}
	}
	return false;
}

static bool read_section(const struct file *f, const Elf64_Ehdr *e,
			 unsigned int index, Elf64_Shdr *section)
{
	return index < e->e_shnum &&
	       read_part(f, e->e_shoff + index * sizeof(*section), section,
			 sizeof(*section));
}

static bool search_file(const struct file *f, const char *name,
			const Elf64_Ehdr *e, uint64_t *value)
{
	Elf64_Shdr table, strings;
	unsigned int i;

	for (i = 0; i < e->e_shnum; i++) {
		if (!read_section(f, e, i, &table))
			return false;
		if ((table.sh_type == SHT_SYMTAB ||
		     table.sh_type == SHT_DYNSYM) &&
		    read_section(f, e, table.sh_link, &strings) &&
		    search_symbols(f, &table, &strings, name, value))
			return true;
	}
	return false;
}

/**
 * elf_symbol_in_file() - look a symbol up in a file
 * @t: the target, whose budget pays
 * @fd: the file; need not be an ELF file, nor a right one
 * @base: where the target has its first page mapped
 * @name: of the symbol
 * @addr: its address in the target
 */
bool elf_symbol_in_file(struct target *t, int fd, uint64_t base,
			const char *name, uint64_t *addr)
{
	const struct file f = { t, fd };
	Elf64_Phdr ph[MAX_PHDRS];
	unsigned int nr;
	Elf64_Ehdr e;

	if (!read_part(&f, 0, &e, sizeof(e)) || !elf_header_ok(&e) ||
	    e.e_shentsize != sizeof(Elf64_Shdr))
		return false;
	nr = min((unsigned int)e.e_phnum, (unsigned int)MAX_PHDRS);
	if (!read_part(&f, e.e_phoff, ph, nr * sizeof(*ph)) ||
	    !search_file(&f, name, &e, addr))
		return false;
	*addr += load_bias(base, ph, nr);
	return true;
}
