/* SPDX-License-Identifier: MIT */
/* One address on its way to a frame. Code and picture: translate.c. */
#ifndef ASHLAR_TOOLS_TRANSLATE_H
#define ASHLAR_TOOLS_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define DESCRIPTORS 8192 /* of a GDT or LDT, at most */
#define ENTRIES 1024 /* of a page directory or table */

/* What the processor would look at: descriptors, registers, page tables. */
struct mmu {
	uint32_t cr3;
	unsigned int cpl; /* current privilege level */
	uint16_t selector[6]; /* es cs ss ds fs gs, as they are numbered */
	uint64_t *table[2]; /* GDT, LDT: descriptors, 0: none */
	uint32_t pde[ENTRIES];
	uint32_t *pte[ENTRIES]; /* NULL: nothing known of that table */
};

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

/* Returns false after a line on stderr that says what is wrong with @path. */
bool mmu_read(struct mmu *m, const char *path);
void mmu_free(struct mmu *m);
/* Print every step for @address ("0x1234", "gs:0x10", "0x33:0x10"). Returns
 * 0: translated, 1: the processor would raise an exception, 2: no address. */
int mmu_translate(const struct mmu *m, const char *address, enum access access,
		  FILE *out);
/* The same of a process of this (64-bit) Linux. */
int host_translate(int pid, const char *address, FILE *out);

#endif
