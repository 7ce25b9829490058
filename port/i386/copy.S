/* SPDX-License-Identifier: MIT */
/*
 * Moving and clearing memory: arguments in eax, edx, ecx (regparm 3).
 *
 * Much is moved 16 bytes at a time through xmm0, whose value is the running
 * program's and is put back afterwards; a task that is switched away from in
 * the middle (its copy met a page that had to be brought in) keeps the value
 * of the moment with its other registers.
 *
 * Where either side may be user memory, a fault that cannot be helped ends
 * the 16-byte moves; what is left of the block is then tried byte by byte,
 * so the count of bytes not copied is exact.
 */
#define LARGE 256	/* bytes from which the setup of xmm pays */
#define BLOCK 256
#define QUARTER 1024	/* of a page: what is moved at once of much */

.macro SAVE_XMM0
	subl	$16, %esp
	movups	%xmm0, (%esp)
.endm

.macro RESTORE_XMM0
	movups	(%esp), %xmm0
	addl	$16, %esp
.endm

/* An instruction that may meet a fault, and where to go on after it. */
.macro TRY to, insn:vararg
9:	\insn
	.pushsection __ex_table, "a"
	.long	9b, \to
	.popsection
.endm

/* Nothing, or a call that changes no register: see sleep.c. */
.macro SLEEP_SITE
9:	.byte	0x0f, 0x1f, 0x44, 0x00, 0x00
	.pushsection .init.sites, "a"
	.long	9b, sleep_site
	.popsection
.endm

/* One block, without a loop. @what: the moves for an offset. */
.macro UNROLL bytes, what
	.set	off, 0
	.rept	\bytes / 16
	\what
	.set	off, off + 16
	.endr
.endm

.macro MOVE
	movups	off(%esi), %xmm0
	movups	%xmm0, off(%edi)
.endm

.macro CLEAR
	movups	%xmm0, off(%edi)
.endm

.macro MOVE_USER
	TRY	block_failed, movups off(%esi), %xmm0
	TRY	block_failed, movups %xmm0, off(%edi)
.endm

.macro CLEAR_USER
	TRY	clear_block_failed, movups %xmm0, off(%edi)
.endm

/* While ecx says that there are so many bytes more. */
.macro BLOCKS bytes, what, source=yes
	cmpl	$\bytes, %ecx
	jb	8f
7:	UNROLL	\bytes, \what
.ifc \source, yes
	addl	$\bytes, %esi
.endif
	addl	$\bytes, %edi
	subl	$\bytes, %ecx
	cmpl	$\bytes, %ecx
	jae	7b
8:
.endm

	.text

/* void *memcpy(void *dst, const void *src, size_t n) */
	.globl	memcpy
	.type	memcpy, @function
	.balign	16
memcpy:
	pushl	%edi
	pushl	%esi
	movl	%eax, %edi
	movl	%edx, %esi
	cmpl	$LARGE, %ecx
	jae	2f
1:	movl	%ecx, %edx
	shrl	$2, %ecx
	rep movsl
	movl	%edx, %ecx
	andl	$3, %ecx
	rep movsb
	popl	%esi
	popl	%edi
	ret
2:	cmpb	$0, cpu_has_sse
	je	1b
	SAVE_XMM0
	BLOCKS	BLOCK, MOVE
	RESTORE_XMM0
	jmp	1b
	.size	memcpy, . - memcpy

/* void *memset(void *dst, int c, size_t n) */
	.globl	memset
	.type	memset, @function
	.balign	16
memset:
	pushl	%edi
	pushl	%eax
	movl	%eax, %edi
	movzbl	%dl, %eax
	cmpl	$LARGE, %ecx
	jae	2f
1:	imull	$0x01010101, %eax, %eax
	movl	%ecx, %edx
	shrl	$2, %ecx
	rep stosl
	movl	%edx, %ecx
	andl	$3, %ecx
	rep stosb
	popl	%eax
	popl	%edi
	ret
2:	testl	%eax, %eax
	jne	1b
	cmpb	$0, cpu_has_sse
	je	1b
	SAVE_XMM0
	xorps	%xmm0, %xmm0
	BLOCKS	BLOCK, CLEAR, no
	RESTORE_XMM0
	jmp	1b
	.size	memset, . - memset

/* void clear_page(void *page) */
	.globl	clear_page
	.type	clear_page, @function
	.balign	16
clear_page:
	pushl	%edi
	movl	%eax, %edi
	movl	$4096, %ecx
	cmpb	$0, cpu_has_sse
	je	2f
	SAVE_XMM0
	xorps	%xmm0, %xmm0
1:	UNROLL	QUARTER, CLEAR
	addl	$QUARTER, %edi
	subl	$QUARTER, %ecx
	jnz	1b
	RESTORE_XMM0
	popl	%edi
	ret
2:	xorl	%eax, %eax
	shrl	$2, %ecx
	rep stosl
	popl	%edi
	ret
	.size	clear_page, . - clear_page

/* void copy_page(void *to, const void *from) */
	.globl	copy_page
	.type	copy_page, @function
	.balign	16
copy_page:
	pushl	%edi
	pushl	%esi
	movl	%eax, %edi
	movl	%edx, %esi
	movl	$4096, %ecx
	cmpb	$0, cpu_has_sse
	je	2f
	SAVE_XMM0
1:	UNROLL	QUARTER, MOVE
	addl	$QUARTER, %edi
	addl	$QUARTER, %esi
	subl	$QUARTER, %ecx
	jnz	1b
	RESTORE_XMM0
	popl	%esi
	popl	%edi
	ret
2:	shrl	$2, %ecx
	rep movsl
	popl	%esi
	popl	%edi
	ret
	.size	copy_page, . - copy_page

/* unsigned long __copy_user(void *to, const void *from, unsigned long n):
 * either may be user memory. Returns the bytes not copied. */
	.globl	__copy_user
	.type	__copy_user, @function
	.balign	16
__copy_user:
	SLEEP_SITE
	pushl	%edi
	pushl	%esi
	movl	%eax, %edi
	movl	%edx, %esi
	cmpl	$LARGE, %ecx
	jae	2f
1:	movl	%ecx, %eax
	shrl	$2, %ecx
	andl	$3, %eax
	TRY	words_failed, rep movsl
	movl	%eax, %ecx
	TRY	copy_done, rep movsb
copy_done:
	movl	%ecx, %eax
	popl	%esi
	popl	%edi
	ret
2:	cmpb	$0, cpu_has_sse
	je	1b
	SAVE_XMM0
	BLOCKS	QUARTER, MOVE_USER
	BLOCKS	BLOCK, MOVE_USER
	RESTORE_XMM0
	jmp	1b

words_failed:			/* ecx words and eax bytes are left */
	leal	(%eax, %ecx, 4), %ecx
	jmp	4f
block_failed:
	RESTORE_XMM0
4:	TRY	copy_done, rep movsb
	jmp	copy_done
	.size	__copy_user, . - __copy_user

/* unsigned long __clear_user(void *to, unsigned long n): bytes not cleared */
	.globl	__clear_user
	.type	__clear_user, @function
	.balign	16
__clear_user:
	SLEEP_SITE
	pushl	%edi
	movl	%eax, %edi
	movl	%edx, %ecx
	xorl	%eax, %eax
	cmpl	$LARGE, %ecx
	jae	2f
1:	movl	%ecx, %edx
	shrl	$2, %ecx
	andl	$3, %edx
	TRY	clear_words_failed, rep stosl
	movl	%edx, %ecx
	TRY	clear_done, rep stosb
clear_done:
	movl	%ecx, %eax
	popl	%edi
	ret
2:	cmpb	$0, cpu_has_sse
	je	1b
	SAVE_XMM0
	xorps	%xmm0, %xmm0
	BLOCKS	BLOCK, CLEAR_USER, no
	RESTORE_XMM0
	jmp	1b

clear_words_failed:
	leal	(%edx, %ecx, 4), %ecx
	jmp	4f
clear_block_failed:
	RESTORE_XMM0
4:	TRY	clear_done, rep stosb
	jmp	clear_done
	.size	__clear_user, . - __clear_user
