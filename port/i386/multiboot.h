/* SPDX-License-Identifier: MIT */
/* What a multiboot loader tells (Multiboot Specification 0.6.96, 3.3). */
#ifndef PORT_I386_MULTIBOOT_H
#define PORT_I386_MULTIBOOT_H

#include <ashlar/types.h>

#define MULTIBOOT_LOADED 0x2BADB002u

#define MULTIBOOT_MEMORY 0x1u /* mem_lower, mem_upper are valid, … */
#define MULTIBOOT_CMDLINE 0x4u
#define MULTIBOOT_MODS 0x8u
#define MULTIBOOT_MMAP 0x40u
#define MULTIBOOT_LOADER 0x200u

struct multiboot_info {
	u32 flags;
	u32 mem_lower, mem_upper; /* KB below 1 MB, and above it */
	u32 boot_device;
	u32 cmdline; /* physical address of a string */
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr; /* bytes of entries */
	u32 drives_length, drives_addr, config_table;
	u32 boot_loader_name; /* physical address of a string */
};

struct multiboot_module {
	u32 start, end; /* physical; end is outside */
	u32 string;
	u32 reserved;
};

struct multiboot_mmap_entry {
	u32 size; /* of the rest of this entry */
	u64 addr, len;
	u32 type; /* 1: RAM */
} __attribute__((packed));

#endif
