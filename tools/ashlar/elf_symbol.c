/* SPDX-License-Identifier: MIT */
/*
 * Where a symbol is: by the dynamic linker's tables as they lie in the
 * target's memory, or by the sections of an ELF file.
 *
 *   in memory   program headers ─► PT_DYNAMIC ─► DT_GNU_HASH, DT_SYMTAB,
 *               DT_STRTAB: a bucket, a chain, one name
 *   in a file   section headers ─► .dynsym, .symtab: all names in turn
 *
 * Every number read is bounded before it is used. 64-bit ELF only: the
 * structures that are looked for are laid out like the command's own.
 */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
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

struct file {
	const char *data;
	size_t size;
};

/* @len bytes at @offset of the file, aligned for @align; NULL if outside. */
static const void *file_part(const struct file *f, uint64_t offset,
			     uint64_t len, size_t align)
{
	if (offset > f->size || len > f->size - offset || offset % align)
		return NULL;
	return f->data + offset;
}

static bool search_symbols(const struct file *f, const Elf64_Shdr *table,
			   const Elf64_Shdr *strings, const char *name,
			   uint64_t *value)
{
	const Elf64_Sym *sym =
		file_part(f, table->sh_offset, table->sh_size, 8);
	const char *str = file_part(f, strings->sh_offset, strings->sh_size, 1);
	size_t i, len = strlen(name) + 1;

	if (!sym || !str)
		return false;
	for (i = 0; i < table->sh_size / sizeof(*sym); i++) {
		if (sym[i].st_shndx == SHN_UNDEF ||
		    sym[i].st_name > strings->sh_size ||
		    len > strings->sh_size - sym[i].st_name ||
		    memcmp(str + sym[i].st_name, name, len))
			continue;
		*value = sym[i].st_value;
		return true;
	}
	return false;
}

static bool search_file(const struct file *f, uint64_t base, const char *name,
			uint64_t *addr)
{
	const Elf64_Ehdr *e = file_part(f, 0, sizeof(*e), 8);
	const Elf64_Phdr *ph;
	const Elf64_Shdr *sh;
	unsigned int i;

	if (!e || !elf_header_ok(e) || e->e_shentsize != sizeof(*sh))
		return false;
	ph = file_part(f, e->e_phoff, e->e_phnum * sizeof(*ph), 8);
	sh = file_part(f, e->e_shoff, e->e_shnum * sizeof(*sh), 8);
	for (i = 0; ph && sh && i < e->e_shnum; i++) {
		if ((sh[i].sh_type == SHT_SYMTAB ||
		     sh[i].sh_type == SHT_DYNSYM) &&
		    sh[i].sh_link < e->e_shnum &&
		    search_symbols(f, &sh[i], &sh[sh[i].sh_link], name, addr)) {
			*addr += load_bias(base, ph, e->e_phnum);
			return true;
		}
	}
	return false;
}

/**
 * elf_symbol_in_file() - look a symbol up in a file
 * @fd: the file; need not be an ELF file
 * @base: where the target has its first page mapped
 * @name: of the symbol
 * @addr: its address in the target
 */
bool elf_symbol_in_file(int fd, uint64_t base, const char *name, uint64_t *addr)
{
	struct file f;
	struct stat st;
	void *data;
	bool found;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return false;
	f.size = (size_t)st.st_size;
	data = mmap(NULL, f.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	f.data = data;
	found = search_file(&f, base, name, addr);
	munmap(data, f.size);
	return found;
}
