/* SPDX-License-Identifier: MIT */
/*
 * Text in a block of its own, of as many bytes as it has: written twice, the
 * first time to be counted.
 */
#include <ashlar/compiler.h>
#include <ashlar/printf.h>
#include <ashlar/slab.h>

/**
 * kvasprintf() - text in a new block
 * @gfp: GFP_* flags
 * @fmt: as of printf(), but for what lib/vsnprintf.c has not
 * @ap: its values
 *
 * Context: as kmalloc(). Return: the text, which ends in NUL, to be released by
 * kfree(); NULL: there is no memory, or a value became longer meanwhile.
 */
char *kvasprintf(gfp_t gfp, const char *fmt, __builtin_va_list ap)
{
	__builtin_va_list again;
	int size, written;
	char *text;

	__builtin_va_copy(again, ap);
	size = ashlar_vsnprintf(NULL, 0, fmt, again);
	__builtin_va_end(again);
	text = kmalloc((size_t)size + 1, gfp);
	if (!text)
		return NULL;
	written = ashlar_vsnprintf(text, (size_t)size + 1, fmt, ap);
	if (likely(written <= size))
		return text;
	kfree(text);
	return NULL;
}

/**
 * kasprintf() - text in a new block
 * @gfp: GFP_* flags
 * @fmt: as of kvasprintf()
 *
 * Context, Return: as kvasprintf().
 */
char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	__builtin_va_list ap;
	char *text;

	__builtin_va_start(ap, fmt);
	text = kvasprintf(gfp, fmt, ap);
	__builtin_va_end(ap);
	return text;
}
