/* SPDX-License-Identifier: MIT */
/* ELF files, 32 bits, and the vector of facts a program is started with. */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include <ashlar/types.h>

#define ELFMAG "\177ELF" /* the machine says the rest */
#define SELFMAG 4

#define ET_EXEC 2
#define ET_DYN 3
#define EM_386 3
#define EM_486 6
#define PT_LOAD 1u
#define PT_INTERP 3u
#define PT_GNU_STACK 0x6474e551u
#define PF_X 1u
#define PF_W 2u
#define PF_R 4u

struct elf32_hdr {
	u8 e_ident[16];
	u16 e_type, e_machine;
	u32 e_version, e_entry, e_phoff, e_shoff, e_flags;
	u16 e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

struct elf32_phdr {
	u32 p_type, p_offset, p_vaddr, p_paddr;
	u32 p_filesz, p_memsz; /* bytes */
	u32 p_flags, p_align;
};

enum {
	AT_NULL = 0,
	AT_PHDR = 3,
	AT_PHENT,
	AT_PHNUM,
	AT_PAGESZ,
	AT_BASE,
	AT_FLAGS,
	AT_ENTRY,
	AT_UID = 11,
	AT_EUID,
	AT_GID,
	AT_EGID,
	AT_PLATFORM,
	AT_HWCAP,
	AT_CLKTCK,
	AT_SECURE = 23,
	AT_RANDOM = 25,
	AT_HWCAP2,
	AT_EXECFN = 31,
};

#endif
