/* SPDX-License-Identifier: MIT */
/*
 * Formatted text into a sink, a run of characters at a time.
 *
 *   %  [-0#]  [width|*]  [.precision|.*]  [l|ll|z]  d i u x X o c s p %
 *
 * One sink function serves buffers that end in a NUL (ashlar_vsnprintf) and
 * reports that do not (lib/seq_file.c). An unknown conversion is printed as
 * it stands, so a mistake is seen and takes no argument. Simpler than C's:
 * no floating point, no %n, no "+" or space flags, no h; "#" is for x and X.
 */
#include <ashlar/printf.h>
#include <ashlar/string.h>

/* Octal digits of 64 bits. */
#define DIGITS_MAX 22

struct sink {
	void (*write)(void *to, const char *s, size_t n);
	void *to;
};

/* One conversion, as it was written. */
struct spec {
	bool left; /* "-" */
	bool zero; /* "0" */
	bool prefix; /* "#" */
	int width; /* 0: as wide as it comes */
	int precision; /* -1: not given */
	int longs; /* 0 int, 1 long or size_t, 2 long long */
};

static void put_repeated(struct sink *s, const char *sixteen, int n)
{
	for (; n > 16; n -= 16)
		s->write(s->to, sixteen, 16);
	if (n > 0)
		s->write(s->to, sixteen, (size_t)n);
}

static const char spaces[] = "                ", zeros[] = "0000000000000000";

/*
 * Divide in steps of 16 bits: a 32-bit machine divides 64 bits only with the
 * help of a library that a kernel does not link.
 */
static u32 divide(u64 *n, u32 base)
{
	u64 quotient = 0;
	u32 rest = 0;
	int shift;

	for (shift = 48; shift >= 0; shift -= 16) {
		u32 part = rest << 16 | (u32)(*n >> shift & 0xffff);

		quotient |= (u64)(part / base) << shift;
		rest = part % base;
	}
	*n = quotient;
	return rest;
}

/* Digits of @n end at @end; returns where they start. Zero has none. */
static char *write_digits(char *end, u64 n, u32 base, const char *alphabet)
{
	u32 low;

	while (n >> 32)
		*--end = alphabet[divide(&n, base)];
	low = (u32)n;
	if (base == 10)
		for (; low; low /= 10)
			*--end = (char)('0' + low % 10);
	else
		for (; low; low /= base)
			*--end = alphabet[low % base];
	return end;
}

/* [spaces] prefix [zeroes] digits [spaces] */
static void put_number(struct sink *s, const struct spec *spec,
		       const char *prefix, u64 n, u32 base, bool upper)
{
	const char *alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[DIGITS_MAX];
	char *end = digits + sizeof(digits);
	char *p = write_digits(end, n, base, alphabet);
	int len = (int)(end - p), prefix_len = (int)strlen(prefix);
	int zeroes = (spec->precision < 0 ? 1 : spec->precision) - len;
	int pad;

	zeroes = max(zeroes, 0);
	pad = spec->width - prefix_len - zeroes - len;
	if (spec->zero && !spec->left && spec->precision < 0 && pad > 0) {
		zeroes += pad;
		pad = 0;
	}
	if (!spec->left)
		put_repeated(s, spaces, pad);
	if (prefix_len)
		s->write(s->to, prefix, (size_t)prefix_len);
	put_repeated(s, zeros, zeroes);
	if (len)
		s->write(s->to, p, (size_t)len);
	if (spec->left)
		put_repeated(s, spaces, pad);
}

static void put_padded(struct sink *s, const struct spec *spec, const char *str,
		       int len)
{
	if (!spec->left)
		put_repeated(s, spaces, spec->width - len);
	if (len)
		s->write(s->to, str, (size_t)len);
	if (spec->left)
		put_repeated(s, spaces, spec->width - len);
}

static void put_string(struct sink *s, const struct spec *spec, const char *str)
{
	int len = 0;

	if (!str)
		str = "(null)";
	while ((spec->precision < 0 || len < spec->precision) && str[len])
		len++;
	put_padded(s, spec, str, len);
}

static int parse_int(const char **fmt)
{
	int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
		n = n * 10 + (**fmt - '0');
	return n;
}

/*
 * From here on arguments are taken through a pointer, which makes the
 * analyzer forget that they were started.
 * NOLINTBEGIN(clang-analyzer-valist.Uninitialized)
 */

/* Everything between "%" and the conversion's letter. */
static struct spec parse_spec(const char **fmt, __builtin_va_list *args)
{
	struct spec spec = { .precision = -1 };

	for (;; ++*fmt) {
		if (**fmt == '-')
			spec.left = true;
		else if (**fmt == '0')
			spec.zero = true;
		else if (**fmt == '#')
			spec.prefix = true;
		else
			break;
	}
	if (**fmt == '*') {
		spec.width = __builtin_va_arg(*args, int);
		++*fmt;
		if (spec.width < 0) {
			spec.left = true;
			spec.width = -spec.width;
		}
	} else {
		spec.width = parse_int(fmt);
	}
	if (**fmt == '.') {
		++*fmt;
		if (**fmt == '*') {
			spec.precision = __builtin_va_arg(*args, int);
			++*fmt;
		} else {
			spec.precision = parse_int(fmt);
		}
	}
	for (; **fmt == 'l' || **fmt == 'z'; ++*fmt)
		spec.longs++;
	return spec;
}

static u64 next_unsigned(const struct spec *spec, __builtin_va_list *args)
{
	if (spec->longs >= 2)
		return __builtin_va_arg(*args, unsigned long long);
	if (spec->longs == 1)
		return __builtin_va_arg(*args, unsigned long);
	return __builtin_va_arg(*args, unsigned int);
}

static s64 next_signed(const struct spec *spec, __builtin_va_list *args)
{
	if (spec->longs >= 2)
		return __builtin_va_arg(*args, long long);
	if (spec->longs == 1)
		return __builtin_va_arg(*args, long);
	return __builtin_va_arg(*args, int);
}

static void put_hex(struct sink *s, const struct spec *spec, u64 n, bool upper)
{
	const char *prefix = upper ? "0X" : "0x";

	put_number(s, spec, spec->prefix && n ? prefix : "", n, 16, upper);
}

static void put_signed(struct sink *s, const struct spec *spec, s64 n)
{
	if (n < 0)
		put_number(s, spec, "-", -(u64)n, 10, false);
	else
		put_number(s, spec, "", (u64)n, 10, false);
}

/* Returns false if @letter is no conversion. */
static bool convert(struct sink *s, const struct spec *spec, char letter,
		    __builtin_va_list *args)
{
	char c;

	switch (letter) {
	case 'd':
	case 'i':
		put_signed(s, spec, next_signed(spec, args));
		return true;
	case 'u':
		put_number(s, spec, "", next_unsigned(spec, args), 10, false);
		return true;
	case 'o':
		put_number(s, spec, "", next_unsigned(spec, args), 8, false);
		return true;
	case 'x':
	case 'X':
		put_hex(s, spec, next_unsigned(spec, args), letter == 'X');
		return true;
	case 'p':
		put_number(s, spec, "0x",
			   (uintptr_t) __builtin_va_arg(*args, void *), 16,
			   false);
		return true;
	case 'c':
		c = (char)__builtin_va_arg(*args, int);
		put_padded(s, spec, &c, 1);
		return true;
	case 's':
		put_string(s, spec, __builtin_va_arg(*args, const char *));
		return true;
	case '%':
		s->write(s->to, "%", 1);
		return true;
	}
	return false;
}

/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

/**
 * ashlar_vformat() - format text into a sink
 * @write: takes the next characters
 * @to: passed to @write
 * @fmt: the format; see the top of this file
 * @ap: its arguments
 *
 * Context: any; that of @write.
 */
void ashlar_vformat(void (*write)(void *to, const char *s, size_t n), void *to,
		    const char *fmt, __builtin_va_list ap)
{
	struct sink s = { write, to };
	/* A copy has an address; a parameter may be an array in disguise. */
	__builtin_va_list args;

	__builtin_va_copy(args, ap);
	while (*fmt) {
		const char *start = fmt;
		struct spec spec;

		while (*fmt && *fmt != '%')
			fmt++;
		if (fmt > start)
			write(to, start, (size_t)(fmt - start));
		if (!*fmt)
			break;
		start = fmt++;
		spec = parse_spec(&fmt, &args);
		if (*fmt && convert(&s, &spec, *fmt, &args))
			fmt++;
		else
			write(to, start, (size_t)(fmt - start));
	}
	__builtin_va_end(args);
}

/* A buffer that keeps its last byte for the NUL. */
struct buffer {
	char *buf;
	size_t size;
	size_t wanted;
};

static void buffer_write(void *to, const char *s, size_t n)
{
	struct buffer *b = to;

	if (b->wanted + 1 < b->size)
		memcpy(b->buf + b->wanted, s, min(n, b->size - 1 - b->wanted));
	b->wanted += n;
}

/**
 * ashlar_vsnprintf() - format text into a buffer
 * @buf: where to; may be NULL if @size is 0
 * @size: bytes of @buf
 * @fmt: the format; see the top of this file
 * @ap: its arguments
 *
 * @buf always ends in a NUL, unless it has no bytes at all.
 *
 * Context: any.
 * Return: the length of the whole text; it was cut short if that is not
 * below @size.
 */
int ashlar_vsnprintf(char *buf, size_t size, const char *fmt,
		     __builtin_va_list ap)
{
	struct buffer b = { buf, size, 0 };

	ashlar_vformat(buffer_write, &b, fmt, ap);
	if (size)
		buf[min(b.wanted, size - 1)] = '\0';
	return (int)b.wanted;
}

/**
 * ashlar_snprintf() - format text into a buffer
 * @buf: where to; may be NULL if @size is 0
 * @size: bytes of @buf
 * @fmt: the format; see the top of this file
 *
 * Context: any.
 * Return: as ashlar_vsnprintf().
 */
int ashlar_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	__builtin_va_list ap;
	int len;

	__builtin_va_start(ap, fmt);
	len = ashlar_vsnprintf(buf, size, fmt, ap);
	__builtin_va_end(ap);
	return len;
}
