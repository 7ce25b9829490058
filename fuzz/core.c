/* SPDX-License-Identifier: MIT */
/*
 * Core dumps, as the command reads them, with bytes of them changed:
 *
 *   core    | headers | NT_FILE | memory: a library's tables, Ashlar's data |
 *   file    | headers | sections: .symtab, .strtab |  the first that is mapped
 *
 * An input is a sequence of changes: which part, where in it (16 bits), how
 * many bytes less one (3 bits), the bytes. Whatever they are, each view is
 * printed, or there is a sentence that says why not.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "input.h"
#include "mm/layout.h"
#include "tools/ashlar/ashlar.h"
#include "tools/ashlar/shared_heap.h"
#include "tools/ashlar/snapshot.h"

#define FRAMES 2048
#define CACHES 3
#define CPUS 2
#define MEMORY_AT 4096 /* in the core's file */
#define NT_FILE_AT 512

/* A shared library, as the dynamic linker finds it. */
struct library {
	Elf64_Ehdr header;
	Elf64_Phdr ph[2];
	Elf64_Dyn dynamic[4];
	u32 hash_head[4];
	u64 bloom;
	u32 bucket, chain[2];
	Elf64_Sym symbols[2];
	char strings[16];
};

/* The dead process's memory. */
static struct memory {
	struct library library;
	struct ashlar_root root;
	struct zone zones[MAX_NR_ZONES];
	struct list_head caches, cpus;
	struct kmem_cache cache[CACHES];
	struct mm_cpu cpu[CPUS];
	struct sheaf_tops tops[CPUS];
	unsigned long dead[NR_VM_EVENT_ITEMS];
	u64 layout[ARRAY_SIZE(mm_layout)];
	u32 online;
	struct page *mem_map;
	struct page map[FRAMES];
} memory __attribute__((aligned(4096)));

static struct core {
	Elf64_Ehdr header;
	Elf64_Phdr ph[2];
	char gap[NT_FILE_AT - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
	struct {
		Elf64_Nhdr head;
		char name[8];
		u64 count, page_size, files[2][3];
		char names[64];
	} __attribute__((packed)) notes;
} right_core;

static struct file {
	Elf64_Ehdr header;
	Elf64_Phdr ph;
	Elf64_Shdr sections[3];
	Elf64_Sym symbols[2];
	char strings[16];
} right_file;

static const char symbol[] = "ashlar_root";
static int core_fd, file_fd;

static Elf64_Ehdr elf_header(unsigned int type, unsigned int phnum)
{
	return (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB },
		.e_type = (Elf64_Half)type,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)phnum,
		.e_shentsize = sizeof(Elf64_Shdr),
	};
}

#define OFFSET(type, field) __builtin_offsetof(struct type, field)

static void make_library(struct library *l)
{
	u32 hash = 5381;
	const char *c;

	for (c = symbol; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	l->header = elf_header(ET_DYN, 2);
	l->ph[0].p_type = PT_LOAD;
	l->ph[1] = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
				 .p_vaddr = OFFSET(library, dynamic) };
	l->dynamic[0] =
		(Elf64_Dyn){ DT_GNU_HASH, { OFFSET(library, hash_head) } };
	l->dynamic[1] = (Elf64_Dyn){ DT_SYMTAB, { OFFSET(library, symbols) } };
	l->dynamic[2] = (Elf64_Dyn){ DT_STRTAB, { OFFSET(library, strings) } };
	l->hash_head[0] = l->hash_head[1] = l->hash_head[2] = 1;
	l->bucket = 1;
	l->chain[0] = hash | 1;
	l->symbols[1] = (Elf64_Sym){ .st_name = 1,
				     .st_shndx = 1,
				     .st_value = OFFSET(memory, root) };
	strcpy(l->strings + 1, symbol);
}

static void make_caches(void)
{
	unsigned int i;

	INIT_LIST_HEAD(&memory.caches);
	for (i = 0; i < CACHES; i++) {
		struct kmem_cache *s = &memory.cache[i];

		snprintf(s->name, sizeof(s->name), "cache-%u", i);
		s->id = i;
		s->size = s->object_size = 64 << i;
		s->total_objects = 100;
		s->inuse = 90;
		s->nr_slabs = 4;
		s->nr_pages = 4;
		s->sheaf_capacity = 20;
		list_add_tail(&s->list, &memory.caches);
	}
}

static void make_cpus(void)
{
	unsigned int i;

	INIT_LIST_HEAD(&memory.cpus);
	for (i = 0; i < CPUS; i++) {
		memory.cpu[i].nr = i;
		memory.cpu[i].tops = &memory.tops[i];
		list_add_tail(&memory.cpu[i].list, &memory.cpus);
	}
}

static void make_memory(void)
{
	struct zone *z = &memory.zones[ZONE_NORMAL];

	make_library(&memory.library);
	make_caches();
	make_cpus();
	z->spanned_pages = z->present_pages = z->managed_pages = FRAMES;
	memcpy(memory.layout, mm_layout, sizeof(mm_layout));
	memory.online = 1;
	memory.mem_map = memory.map;
	memory.root = (struct ashlar_root){
		.magic = ASHLAR_ROOT_MAGIC,
		.layout_size = sizeof(mm_layout),
		.layout = memory.layout,
		.zones = memory.zones,
		.slab_caches = &memory.caches,
		.mm_cpus = &memory.cpus,
		.vm_events_dead = memory.dead,
		.mem_map = &memory.mem_map,
		.online = &memory.online,
	};
}

static void make_core(void)
{
	struct core *c = &right_core;
	unsigned int i;
	int n;

	c->header = elf_header(ET_CORE, 2);
	c->ph[0] = (Elf64_Phdr){ .p_type = PT_NOTE,
				 .p_offset = NT_FILE_AT,
				 .p_filesz = sizeof(c->notes) };
	c->ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
				 .p_offset = MEMORY_AT,
				 .p_vaddr = (uintptr_t)&memory,
				 .p_filesz = sizeof(memory) };
	c->notes.head = (Elf64_Nhdr){
		.n_namesz = 5,
		.n_descsz = sizeof(c->notes) - sizeof(Elf64_Nhdr) - 8,
		.n_type = NT_FILE,
	};
	strcpy(c->notes.name, "CORE");
	c->notes.count = 2;
	c->notes.page_size = 4096;
	for (i = 0; i < 2; i++)
		c->notes.files[i][0] = (uintptr_t)&memory;
	n = snprintf(c->notes.names, sizeof(c->notes.names), "/proc/self/fd/%d",
		     file_fd);
	strcpy(c->notes.names + n + 1, "/lib");
}

static void make_file(void)
{
	struct file *f = &right_file;

	f->header = elf_header(ET_EXEC, 1);
	f->header.e_shoff = OFFSET(file, sections);
	f->header.e_shnum = 3;
	f->ph.p_type = PT_LOAD;
	f->sections[1] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
				       .sh_link = 2,
				       .sh_offset = OFFSET(file, symbols),
				       .sh_size = sizeof(f->symbols) };
	f->sections[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
				       .sh_offset = OFFSET(file, strings),
				       .sh_size = sizeof(f->strings) };
	f->symbols[1] = (Elf64_Sym){ .st_name = 1,
				     .st_shndx = 1,
				     .st_value = OFFSET(memory, root) };
	strcpy(f->strings + 1, symbol);
}

/* ---- one input ---- */

/* Where changes may be made: small parts, so that each byte is met often. */
static const struct part {
	bool in_file;
	size_t offset, size;
} parts[] = {
	{ false, 0, sizeof(struct core) },
	{ true, 0, sizeof(struct file) },
#define PART(field)                                         \
	{                                                   \
		false, MEMORY_AT + OFFSET(memory, field),   \
			sizeof(((struct memory *)0)->field) \
	}
	PART(library),
	PART(root),
	PART(zones),
	PART(caches),
	PART(cache),
	PART(cpu),
	PART(tops),
	PART(map),
};

static void change(struct input *in)
{
	const struct part *p = &parts[next(in) % ARRAY_SIZE(parts)];
	size_t at = next16(in) % p->size, nr = next(in) % 8 + 1;

	while (nr--) {
		u8 byte = next(in);

		if (pwrite(p->in_file ? file_fd : core_fd, &byte, 1,
			   (off_t)(p->offset + at++)) != 1)
			abort();
	}
}

static void restore(void)
{
	if (pwrite(core_fd, &right_core, sizeof(right_core), 0) < 0 ||
	    pwrite(core_fd, &memory, sizeof(memory), MEMORY_AT) < 0 ||
	    pwrite(file_fd, &right_file, sizeof(right_file), 0) < 0 ||
	    ftruncate(core_fd, MEMORY_AT + sizeof(memory)) ||
	    ftruncate(file_fd, sizeof(right_file)))
		abort();
}

static void print_views(const struct snapshot *s)
{
	const struct command *const views[] = {
		&cmd_buddyinfo, &cmd_meminfo, &cmd_pagetypeinfo,
		&cmd_slabinfo,	&cmd_vmstat,  &cmd_zoneinfo,
	};
	static char text[1 << 16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(views); i++) {
		struct seq_file m = { .buf = text, .size = sizeof(text) };

		views[i]->view->text(&m, s);
		json_decref(views[i]->view->json(s));
	}
}

static bool look(struct target *t, struct snapshot *s)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", core_fd);
	return target_open_core(t, path) && target_find_nodes(t) &&
	       snapshot_take(s, t, SNAPSHOT_ALL);
}

static void run_one(struct input *in)
{
	bool as_it_was = !more(in), seen;
	struct snapshot s = { 0 };
	struct target t;

	restore();
	while (more(in))
		change(in);
	seen = look(&t, &s);
	if (seen)
		print_views(&s);
	else if (as_it_was || !t.error[0])
		abort();
	snapshot_free(&s);
	target_close(&t);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };

	if (!file_fd) {
		core_fd = memfd_create("core", MFD_CLOEXEC);
		file_fd = memfd_create("file", MFD_CLOEXEC);
		make_memory();
		make_core();
		make_file();
		run_one(&(struct input){ data, data });
	}
	run_one(&in);
	return 0;
}

/* What the views want of the command around them. */

int view_run(const struct command *self, int argc, char **argv)
{
	return self != NULL && argc > 0 && argv != NULL;
}

int usage_error(const struct command *self, const char *fmt, ...)
{
	return self != NULL && fmt != NULL;
}

int shared_heap_print(const char *heap, bool json)
{
	return heap != NULL && json;
}
