/* SPDX-License-Identifier: MIT */
/*
 * A report being written into its reader's buffer.
 *
 *   buf
 *   | text that fitted | free |  - - text that did not - -  |
 *   0                count   size                        wanted
 *
 *   count == min(wanted, size)
 *
 * Nothing allocates and nothing fails: a reader who finds wanted above size
 * comes again with a larger buffer. The text does not end in a NUL.
 */
#include <ashlar/printf.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>

/**
 * seq_write() - append bytes to a report
 * @m: the report
 * @data: the bytes
 * @len: how many
 *
 * Context: any.
 */
void seq_write(struct seq_file *m, const void *data, size_t len)
{
	size_t n = min(len, m->size - m->count);

	if (n)
		memcpy(m->buf + m->count, data, n);
	m->count += n;
	m->wanted += len;
}

/**
 * seq_putc() - append one character to a report
 * @m: the report
 * @c: the character
 *
 * Context: any.
 */
void seq_putc(struct seq_file *m, char c)
{
	if (m->count < m->size)
		m->buf[m->count++] = c;
	m->wanted++;
}

/**
 * seq_puts() - append a string to a report
 * @m: the report
 * @s: the string
 *
 * Context: any.
 */
void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

/**
 * seq_put_decimal_ul_width() - append a string, then a number set to the right
 * @m: the report
 * @delimiter: the string
 * @num: the number
 * @width: characters at least, filled with blanks; at most 20
 *
 * What seq_printf(m, "%s%*lu", ...) does, in a tenth of the time: for the
 * reports that are lists of numbers.
 *
 * Context: any.
 */
void seq_put_decimal_ul_width(struct seq_file *m, const char *delimiter,
			      unsigned long num, unsigned int width)
{
	char text[20], *end = text + sizeof(text), *p = end;

	seq_write(m, delimiter, strlen(delimiter));
	do
		*--p = (char)('0' + num % 10);
	while (num /= 10);
	while (end - p < (int)width)
		*--p = ' ';
	seq_write(m, p, (size_t)(end - p));
}

/**
 * seq_put_hex_ll() - append a string, then a number in hexadecimal digits
 * @m: the report
 * @delimiter: the string
 * @num: the number
 * @width: digits at least, filled with zeroes; at most 16
 *
 * What seq_printf(m, "%s%0*llx", ...) does, in a tenth of the time.
 *
 * Context: any.
 */
void seq_put_hex_ll(struct seq_file *m, const char *delimiter,
		    unsigned long long num, unsigned int width)
{
	char text[16], *end = text + sizeof(text), *p = end;
	u32 high = (u32)(num >> 32), low = (u32)num;

	seq_write(m, delimiter, strlen(delimiter));
	for (; high; low = low >> 4 | high << 28, high >>= 4)
		*--p = "0123456789abcdef"[low & 15];
	for (; low; low >>= 4)
		*--p = "0123456789abcdef"[low & 15];
	while (end - p < (int)width)
		*--p = '0';
	seq_write(m, p, (size_t)(end - p));
}

static void format_write(void *to, const char *s, size_t n)
{
	seq_write(to, s, n);
}

/**
 * seq_printf() - append formatted text to a report
 * @m: the report
 * @fmt: the format; see lib/vsnprintf.c
 *
 * Context: any.
 */
void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	ashlar_vformat(format_write, m, fmt, ap);
	__builtin_va_end(ap);
}
