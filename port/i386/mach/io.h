/* SPDX-License-Identifier: MIT */
/* The processor's ports, and physical addresses that are no RAM in use:
 * devices, held-back RAM. */
#ifndef ASHLAR_MACH_IO_H
#define ASHLAR_MACH_IO_H

#include <ashlar/types.h>

void *ioremap(u32 phys, u32 size);
void iounmap(void *addr);

static inline void outb(u8 v, u16 port)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outw(u16 v, u16 port)
{
	__asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port));
}

static inline u16 inw(u16 port)
{
	u16 v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outl(u32 v, u16 port)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

/* @words of 16 bits from a port to memory, and the other way. */
static inline void insw(u16 port, void *to, u32 words)
{
	__asm__ volatile("rep insw"
			 : "+D"(to), "+c"(words)
			 : "d"(port)
			 : "memory");
}

static inline void outsw(u16 port, const void *from, u32 words)
{
	__asm__ volatile("rep outsw"
			 : "+S"(from), "+c"(words)
			 : "d"(port)
			 : "memory");
}

#endif
