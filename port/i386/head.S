/* SPDX-License-Identifier: MIT */
/*
 * The first instructions, entered by a multiboot loader in 32-bit protected
 * mode with paging off, at physical addresses: eax holds the loader's magic
 * number, ebx the address of its information.
 *
 * The tables made here show memory at PAGE_OFFSET: the first 4 MB, where the
 * image lies, through one page table, the rest of low memory by 4 MB pages if
 * the processor has them (else by pgtable.c, when memory is known). The first
 * 4 MB are also at address 0, until the jump to where we belong.
 *
 * What this kernel cannot do without (cmov, a time stamp counter) is looked
 * for first; every processor since the Pentium Pro has it.
 */
#define PAGE_OFFSET 0xC0000000
#define PHYS(x) ((x) - PAGE_OFFSET)

#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 3 /* modules on page borders; memory map, please */

#define LOW_TABLES 222 /* 888 MB of direct map, see port/i386/pgtable.c */

/* cpuid 1, edx */
#define PSE 0x0008
#define TSC 0x0010
#define PGE 0x2000
#define CMOV 0x8000
#define NEEDED (CMOV | TSC)

#define CR4_PSE 0x10
#define CR4_PGE 0x80

	/* This section is linked at the addresses at which it is loaded. */
	.section .boot, "ax"
	.balign 4
	.long	MULTIBOOT_MAGIC, MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.globl	start
	.type	start, @function
start:
	cli
	cld
	movl	$PHYS(init_stack_end), %esp
	movl	%eax, PHYS(multiboot_magic)
	movl	%ebx, PHYS(multiboot_info)

	/* The ID flag can be changed where there is a cpuid. */
	pushfl
	popl	%eax
	movl	%eax, %ecx
	xorl	$0x200000, %eax
	pushl	%eax
	popfl
	pushfl
	popl	%eax
	cmpl	%eax, %ecx
	je	too_old
	movl	$1, %eax
	cpuid
	movl	%edx, %ebp
	andl	$NEEDED, %edx
	cmpl	$NEEDED, %edx
	jne	too_old

	/* first_table: frame i, present, writable, accessed, dirty, global */
	movl	$PHYS(first_table), %edi
	movl	$0x163, %eax
	movl	$1024, %ecx
1:	stosl
	addl	$0x1000, %eax
	decl	%ecx
	jnz	1b

	movl	$PHYS(swapper_pg_dir), %edi
	movl	$(PHYS(first_table) + 0x63), %eax
	movl	%eax, (%edi)
	movl	%eax, 768 * 4(%edi)
	xorl	%ebx, %ebx		/* what CR4 will be */
	testl	$PGE, %ebp
	jz	1f
	orl	$CR4_PGE, %ebx
1:	testl	$PSE, %ebp
	jz	2f
	orl	$CR4_PSE, %ebx
	movl	$0x4001e3, %eax		/* ... and 4 MB large */
	movl	$(LOW_TABLES - 1), %ecx
	leal	769 * 4(%edi), %edi
1:	stosl
	addl	$0x400000, %eax
	decl	%ecx
	jnz	1b

2:	movl	$PHYS(swapper_pg_dir), %eax
	movl	%eax, %cr3
	movl	%ebx, %cr4
	movl	%cr0, %eax
	andl	$~0x6000000c, %eax	/* caches on; not EM, TS */
	orl	$0x80050023, %eax	/* PG AM WP NE MP PE */
	movl	%eax, %cr0
	movl	$start_high, %eax
	jmp	*%eax
	.size	start, . - start

/* Says so on the screen and on the serial line. */
too_old:
	movl	$too_old_text, %esi
	movl	$0xb8000, %edi
	movb	$0x0f, %ah
	movw	$0x3f8, %dx
1:	lodsb
	testb	%al, %al
	jz	2f
	outb	%al, %dx
	stosw
	jmp	1b
2:	hlt
	jmp	2b

too_old_text:
	.asciz	"Ashlar needs a processor of the i686 family, with CMOV and TSC."

	.section .init.text, "ax"
	.type	start_high, @function
start_high:
	movl	$init_stack_end, %esp
	movl	$0, swapper_pg_dir
	movl	%cr3, %eax
	movl	%eax, %cr3
	xorl	%ebp, %ebp
	pushl	$0
	popfl
	call	i386_start
1:	hlt
	jmp	1b
	.size	start_high, . - start_high

	.section .bss.page_aligned, "aw", @nobits
	.balign	4096
	.globl	swapper_pg_dir, first_table
swapper_pg_dir:
	.skip	4096
first_table:
	.skip	4096

	.section .data.init_stack, "aw"
	.balign	8192
	.globl	init_stack, init_stack_end
init_stack:
	.skip	8192
init_stack_end:
