/* SPDX-License-Identifier: MIT */
/*
 * An address of a 32-bit program, step by step to the byte of RAM.
 *
 *   selector : offset                         logical
 *      │  index, table, RPL
 *      ▼
 *   descriptor  base + offset ≤ limit, DPL    linear
 *      │  directory 10 │ table 10 │ offset 12
 *      ▼
 *   CR3 → directory entry → table entry → frame + offset    physical
 *
 * The tables come as text: the kernel's /proc/PID/mmu prints a process's own,
 * and anybody may write some by hand. Numbers are decimal, or hexadecimal
 * with 0x; # begins a comment.
 *
 *   cr3 VALUE              es|cs|ss|ds|fs|gs SELECTOR       cpl LEVEL
 *   gdt INDEX LOW HIGH     ldt INDEX LOW HIGH     (a descriptor's two words)
 *   pde INDEX VALUE        pte DIRECTORY_INDEX INDEX VALUE
 *
 * Intel, Software Developer's Manual, volume 3, chapters 3 and 4.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ashlar/pgtable.h>
#include "translate.h"

#define CS 1
#define SS 2
#define DS 3

static const char *const registers[6] = { "es", "cs", "ss", "ds", "fs", "gs" };
static const char *const table_names[2] = { "GDT", "LDT" };

/* ---- reading ---- */

static bool bad_line(const char *path, unsigned int line, const char *why)
{
	fprintf(stderr, "ashlar: %s:%u: %s\n", path, line, why);
	return false;
}

/* Up to three numbers of @s; how many there are, or -1. */
static int numbers(char *s, uint32_t value[3])
{
	unsigned long v;
	char *end;
	int n = 0;

	for (s = strtok(s, " \t\n"); s; s = strtok(NULL, " \t\n")) {
		errno = 0;
		v = strtoul(s, &end, 0);
		if (*end || errno || v > UINT32_MAX || n == 3)
			return -1;
		value[n++] = (uint32_t)v;
	}
	return n;
}

static bool set_descriptor(struct mmu *m, int which, const uint32_t v[3])
{
	if (v[0] >= DESCRIPTORS)
		return false;
	if (!m->table[which])
		m->table[which] = calloc(DESCRIPTORS, sizeof(uint64_t));
	if (!m->table[which])
		return false;
	m->table[which][v[0]] = v[1] | (uint64_t)v[2] << 32;
	return true;
}

static bool set_pte(struct mmu *m, const uint32_t v[3])
{
	if (v[0] >= ENTRIES || v[1] >= ENTRIES)
		return false;
	if (!m->pte[v[0]])
		m->pte[v[0]] = calloc(ENTRIES, sizeof(uint32_t));
	if (!m->pte[v[0]])
		return false;
	m->pte[v[0]][v[1]] = v[2];
	return true;
}

static bool set(struct mmu *m, const char *word, const uint32_t v[3], int n)
{
	unsigned int i;

	if (!strcmp(word, "gdt") || !strcmp(word, "ldt"))
		return n == 3 && set_descriptor(m, word[0] == 'l', v);
	if (!strcmp(word, "pte"))
		return n == 3 && set_pte(m, v);
	if (!strcmp(word, "pde")) {
		if (n != 2 || v[0] >= ENTRIES)
			return false;
		m->pde[v[0]] = v[1];
		return true;
	}
	if (n != 1)
		return false;
	if (!strcmp(word, "cr3"))
		m->cr3 = v[0];
	else if (!strcmp(word, "cpl"))
		m->cpl = v[0] & 3;
	else
		for (i = 0; i < 6; i++) {
			if (strcmp(word, registers[i]))
				continue;
			m->selector[i] = (uint16_t)v[0];
			return true;
		}
	return !strcmp(word, "cr3") || !strcmp(word, "cpl");
}

bool mmu_read(struct mmu *m, const char *path)
{
	char line[256], *word, *rest;
	unsigned int nr = 0;
	uint32_t v[3];
	bool ok = true;
	FILE *in;
	int n;

	memset(m, 0, sizeof(*m));
	m->cpl = 3;
	in = strcmp(path, "-") ? fopen(path, "r") : stdin;
	if (!in) {
		fprintf(stderr, "ashlar: cannot read %s: %s\n", path,
			strerror(errno));
		return false;
	}
	while (ok && fgets(line, sizeof(line), in)) {
		nr++;
		line[strcspn(line, "#")] = 0;
		word = line + strspn(line, " \t\n");
		rest = word + strcspn(word, " \t\n");
		if (rest == word)
			continue;
		if (*rest)
			*rest++ = 0;
		n = numbers(rest, v);
		if (n < 0 || !set(m, word, v, n))
			ok = bad_line(path, nr,
				      "not a line of tables; man ashlar has "
				      "their form");
	}
	if (in != stdin)
		fclose(in);
	return ok;
}

void mmu_free(struct mmu *m)
{
	unsigned int i;

	free(m->table[0]);
	free(m->table[1]);
	for (i = 0; i < ENTRIES; i++)
		free(m->pte[i]);
}

/* ---- segmentation ---- */

struct segment {
	uint32_t base, limit; /* bytes; limit: the last one that is allowed */
	unsigned int type, dpl;
	bool system, present, big, granular;
};

static struct segment decode(uint64_t d)
{
	struct segment s = {
		.base = (uint32_t)(d >> 16 & 0xffffff) | (uint32_t)(d >> 56)
								 << 24,
		.limit = (uint32_t)(d & 0xffff) | (uint32_t)(d >> 32 & 0xf0000),
		.type = d >> 40 & 0xf,
		.system = !(d >> 44 & 1),
		.dpl = d >> 45 & 3,
		.present = d >> 47 & 1,
		.big = d >> 54 & 1,
		.granular = d >> 55 & 1,
	};

	if (s.granular)
		s.limit = s.limit << 12 | 0xfff;
	return s;
}

static bool is_code(const struct segment *s)
{
	return s->type & 8;
}

static void print_descriptor(FILE *out, const char *table, unsigned int index,
			     uint64_t d, const struct segment *s)
{
	fprintf(out,
		"descriptor  %s[%u] = 0x%016llx\n"
		"            base 0x%08x, limit 0x%08x%s\n"
		"            %s, DPL %u, %s, %s-bit\n",
		table, index, (unsigned long long)d, s->base, s->limit,
		s->granular ? " (in pages)" : "",
		s->system  ? "system segment" :
		is_code(s) ? (s->type & 2 ? "code, readable" :
					    "code, execute only") :
			     (s->type & 2 ? "data, writable" :
					    "data, read only"),
		s->dpl, s->present ? "present" : "not present",
		s->big ? "32" : "16");
}

static int fault(FILE *out, const char *what)
{
	fprintf(out, "exception   %s\n", what);
	return 1;
}

/* Segment and offset, as an instruction names them. */
struct logical {
	uint16_t selector;
	uint32_t offset;
	bool stack; /* by ss, whose exception is #SS */
};

/* Which exception comes of using the segment so; NULL if none does. */
static const char *refuses(const struct segment *s, const struct logical *l,
			   unsigned int cpl, enum access access)
{
	unsigned int rpl = l->selector & 3;
	bool down = !is_code(s) && (s->type & 4);

	if (s->system)
		return "#GP: a system segment holds no data";
	if (!s->present)
		return l->stack ? "#SS: the segment is not present" :
				  "#NP: the segment is not present";
	if (access == ACCESS_EXEC ? s->dpl != cpl && !(s->type & 4) :
				    s->dpl < (cpl > rpl ? cpl : rpl))
		return "#GP: the descriptor's privilege (DPL) forbids it";
	if (access == ACCESS_EXEC && !is_code(s))
		return "#GP: a data segment is not executed";
	if (access == ACCESS_WRITE && (is_code(s) || !(s->type & 2)))
		return "#GP: the segment is not writable";
	if (access == ACCESS_READ && is_code(s) && !(s->type & 2))
		return "#GP: the segment may only be executed";
	if (down ? l->offset <= s->limit : l->offset > s->limit)
		return l->stack ? "#SS: the offset is past the limit" :
				  "#GP: the offset is past the limit";
	return NULL;
}

/* selector:offset to linear. Returns 0, or 1 after saying which exception. */
static int segmentation(const struct mmu *m, const struct logical *l,
			enum access access, FILE *out, uint32_t *linear)
{
	unsigned int which = l->selector >> 2 & 1, index = l->selector >> 3;
	const char *why;
	struct segment s;
	uint64_t d;

	fprintf(out,
		"logical     0x%04x:0x%08x\n"
		"selector    0x%04x = index %u, %s, RPL %u\n",
		l->selector, l->offset, l->selector, index, table_names[which],
		l->selector & 3u);
	if (l->selector < 4)
		return fault(out, "#GP: the null selector names no segment");
	d = m->table[which] ? m->table[which][index] : 0;
	if (!d)
		return fault(out, "#GP: the table has no such descriptor");
	s = decode(d);
	print_descriptor(out, table_names[which], index, d, &s);
	why = refuses(&s, l, m->cpl, access);
	if (why)
		return fault(out, why);
	*linear = s.base + l->offset;
	return 0;
}

/* ---- paging ---- */

static const struct {
	uint32_t bit;
	const char *name;
} entry_bits[] = {
	{ _PAGE_PRESENT, "present" }, { _PAGE_RW, "writable" },
	{ _PAGE_USER, "user" },	      { _PAGE_PWT, "write-through" },
	{ _PAGE_PCD, "uncached" },    { _PAGE_ACCESSED, "accessed" },
	{ _PAGE_DIRTY, "dirty" },     { _PAGE_PSE, "PAT" },
	{ _PAGE_GLOBAL, "global" },   { 0x200, "available (9)" },
	{ 0x400, "available (10)" },  { 0x800, "available (11)" },
};

/* _PAGE_PSE of a directory entry makes it a page of 4 MB. */
static void print_entry(FILE *out, const char *what, uint32_t at, uint32_t e,
			bool directory)
{
	unsigned int i;

	fprintf(out, "%-11s at 0x%08x = 0x%08x\n           ", what, at, e);
	for (i = 0; i < sizeof(entry_bits) / sizeof(entry_bits[0]); i++) {
		if (!(e & entry_bits[i].bit))
			continue;
		fprintf(out, " %s",
			directory && entry_bits[i].bit == _PAGE_PSE ?
				"4 MB page" :
				entry_bits[i].name);
	}
	if (!(e & _PAGE_PRESENT))
		fprintf(out, " not present");
	if (!(e & _PAGE_RW))
		fprintf(out, " read-only");
	if (!(e & _PAGE_USER))
		fprintf(out, " supervisor");
	fputc('\n', out);
}

static int page_fault(FILE *out, bool present, enum access access,
		      unsigned int cpl)
{
	unsigned int code = present | (access == ACCESS_WRITE) << 1 |
			    (cpl == 3) << 2;

	fprintf(out, "exception   #PF: error code %u (%s, %s, %s mode)\n", code,
		present ? "protection" : "not present",
		access == ACCESS_WRITE ? "write" : "read",
		cpl == 3 ? "user" : "kernel");
	return 1;
}

static bool allowed(uint32_t bits, enum access access, unsigned int cpl)
{
	if (cpl == 3 && !(bits & _PAGE_USER))
		return false;
	return access != ACCESS_WRITE || (bits & _PAGE_RW);
}

static int paging(const struct mmu *m, uint32_t linear, enum access access,
		  FILE *out)
{
	unsigned int dir = (unsigned int)pgd_index(linear);
	unsigned int tab = (unsigned int)pte_index(linear);
	uint32_t pde = m->pde[dir], pte, physical;

	fprintf(out,
		"linear      0x%08x = directory %u, table %u, offset 0x%03x\n",
		linear, dir, tab, linear & ~_PAGE_FRAME);
	print_entry(out, "directory", (m->cr3 & _PAGE_FRAME) + dir * 4, pde,
		    true);
	if (!(pde & _PAGE_PRESENT))
		return page_fault(out, false, access, m->cpl);
	if (pde & _PAGE_PSE) {
		if (!allowed(pde, access, m->cpl))
			return page_fault(out, true, access, m->cpl);
		physical = (pde & (uint32_t)PGDIR_MASK) |
			   (linear & ~(uint32_t)PGDIR_MASK);
		fprintf(out, "physical    0x%08x\n", physical);
		return 0;
	}
	pte = m->pte[dir] ? m->pte[dir][tab] : 0;
	print_entry(out, "table", (pde & _PAGE_FRAME) + tab * 4, pte, false);
	if (!(pte & _PAGE_PRESENT))
		return page_fault(out, false, access, m->cpl);
	if (!allowed(pde & pte, access, m->cpl))
		return page_fault(out, true, access, m->cpl);
	physical = (pte & _PAGE_FRAME) | (linear & ~_PAGE_FRAME);
	fprintf(out,
		"frame       0x%05x\n"
		"physical    0x%08x\n",
		pte >> 12, physical);
	return 0;
}

/* ---- addresses ---- */

static bool parse_offset(const char *s, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 0);
	return *s >= '0' && *s <= '9' && !*end && !errno;
}

/* @selector is that of cs, ss or ds unless the address names another. */
static bool parse_address(const struct mmu *m, const char *s,
			  enum access access, struct logical *l)
{
	const char *colon = strchr(s, ':');
	uint64_t v, sel;
	char name[16];
	int i;

	if (!parse_offset(colon ? colon + 1 : s, &v) || v > UINT32_MAX)
		return false;
	l->offset = (uint32_t)v;
	l->stack = false;
	if (!colon) {
		l->selector = m->selector[access == ACCESS_EXEC ? CS : DS];
		return true;
	}
	if ((size_t)(colon - s) >= sizeof(name))
		return false;
	memcpy(name, s, (size_t)(colon - s));
	name[colon - s] = 0;
	for (i = 0; i < 6; i++)
		if (!strcmp(name, registers[i])) {
			l->selector = m->selector[i];
			l->stack = i == SS;
			return true;
		}
	if (!parse_offset(name, &sel) || sel > UINT16_MAX)
		return false;
	l->selector = (uint16_t)sel;
	return true;
}

int mmu_translate(const struct mmu *m, const char *address, enum access access,
		  FILE *out)
{
	struct logical l;
	uint32_t linear;

	if (!parse_address(m, address, access, &l)) {
		fprintf(stderr,
			"ashlar: '%s' is no address: OFFSET, REGISTER:OFFSET "
			"or SELECTOR:OFFSET\n",
			address);
		return 2;
	}
	if (segmentation(m, &l, access, out, &linear))
		return 1;
	return paging(m, linear, access, out);
}

/* ---- a process of this Linux ---- */

static void print_area(int pid, uint64_t address, FILE *out)
{
	unsigned long long start, end;
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%llx-%llx", &start, &end) != 2 ||
		    address < start || address >= end)
			continue;
		fprintf(out, "area        %s", line);
		break;
	}
	if (maps)
		fclose(maps);
}

static void print_pagemap(FILE *out, uint64_t e, uint64_t address)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} bits[] = { { 63, "present" },	       { 62, "swapped" },
		     { 61, "file or shared" }, { 57, "write-protected" },
		     { 56, "mapped by one" },  { 55, "soft-dirty" } };
	uint64_t pfn = e & ((1ull << 55) - 1);
	unsigned int i;

	fprintf(out, "pagemap     0x%016llx =", (unsigned long long)e);
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (e >> bits[i].bit & 1)
			fprintf(out, " [%s]", bits[i].name);
	fputc('\n', out);
	if (e >> 62 & 1)
		fprintf(out, "swap        type %llu, offset %llu\n",
			(unsigned long long)(e & 31),
			(unsigned long long)(pfn >> 5));
	else if (!(e >> 63))
		fprintf(out, "frame       none: a touch would fault\n");
	else if (!pfn)
		fprintf(out, "frame       hidden: needs CAP_SYS_ADMIN; "
			     "run as root\n");
	else
		fprintf(out,
			"frame       0x%llx\n"
			"physical    0x%llx\n",
			(unsigned long long)pfn,
			(unsigned long long)(pfn << 12 | (address & 4095)));
}

int host_translate(int pid, const char *address, FILE *out)
{
	uint64_t a, e = 0;
	char path[64];
	FILE *f;

	if (!parse_offset(address, &a)) {
		fprintf(stderr, "ashlar: '%s' is no address\n", address);
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	f = fopen(path, "rb");
	if (!f || fseeko(f, (off_t)(a >> 12) * 8, SEEK_SET) ||
	    (fread(&e, sizeof(e), 1, f) != 1 && ferror(f))) {
		fprintf(stderr, "ashlar: cannot read %s: %s\n", path,
			strerror(errno));
		if (f)
			fclose(f);
		return 2;
	}
	fclose(f);
	fprintf(out,
		"logical     0x%016llx; in 64-bit mode cs, ds, es and ss have "
		"base 0\n"
		"linear      0x%016llx = level 4 %llu, level 3 %llu, level 2 "
		"%llu, level 1 %llu, offset 0x%03llx\n",
		(unsigned long long)a, (unsigned long long)a,
		(unsigned long long)(a >> 39 & 511),
		(unsigned long long)(a >> 30 & 511),
		(unsigned long long)(a >> 21 & 511),
		(unsigned long long)(a >> 12 & 511),
		(unsigned long long)(a & 4095));
	print_area(pid, a, out);
	print_pagemap(out, e, a);
	return e >> 63 ? 0 : 1;
}
