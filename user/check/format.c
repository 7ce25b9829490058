/* SPDX-License-Identifier: MIT */
/*
 * What the arguments of printf and its like point at: strings for %s and %ls,
 * the number that %n writes. The format is read as printf would, to take each
 * argument by its type; it ends at the first conversion that is not known, and
 * at one that names its argument by number (%1$s).
 */
#include "real.h"

/* A format of char or of wchar_t. */
struct format {
	const void *text;
	bool is_wide;
	size_t at;
	const char *call;
};

static int peek(const struct format *f)
{
	return f->is_wide ? (int)((const wchar_t *)f->text)[f->at] :
			    ((const unsigned char *)f->text)[f->at];
}

static bool take(struct format *f, int c)
{
	if (peek(f) != c)
		return false;
	f->at++;
	return true;
}

static bool is_one_of(int c, const char *set)
{
	for (; *set; set++)
		if (c == *set)
			return true;
	return false;
}

/* hh h l ll L q j z t, told apart by how the argument is passed. */
enum size { AS_INT, AS_LONG, AS_LONG_DOUBLE };

static enum size take_size(struct format *f)
{
	enum size size = AS_INT;

	for (; is_one_of(peek(f), "hlLqjzt"); f->at++) {
		if (peek(f) == 'L')
			size = AS_LONG_DOUBLE;
		else if (peek(f) != 'h')
			size = AS_LONG;
	}
	return size;
}

/* Copies of va_list pass by reference, so that what is taken is taken. */
struct arguments {
	va_list list;
};

/* A width or a precision; -1: none is said. */
static long take_number(struct format *f, struct arguments *a)
{
	long n = -1;

	if (take(f, '*'))
		return va_arg(a->list, int);
	while (peek(f) >= '0' && peek(f) <= '9') {
		n = (n < 0 ? 0 : n) * 10 + (peek(f) - '0');
		f->at++;
		if (n > INT32_MAX)
			n = INT32_MAX;
	}
	return n;
}

/* What follows the point: nothing is 0, and a negative argument is none. */
static long take_precision(struct format *f, struct arguments *a)
{
	bool is_argument = peek(f) == '*';
	long n = take_number(f, a);

	return n < 0 && !is_argument ? 0 : max(n, -1l);
}

static void look_at_string(const struct format *f, const void *s, bool is_wide,
			   long precision)
{
	size_t most = precision < 0 ? NOT_HEAP : (size_t)precision;

	if (!s || room_at(s) == NOT_HEAP)
		return;
	if (is_wide)
		wide_length_most(s, most, f->call);
	else
		string_length_most(s, most, f->call);
}

/* The conversion itself; false: it is not known what it takes. */
static bool take_conversion(struct format *f, struct arguments *a,
			    enum size size, long precision)
{
	int c = peek(f);

	f->at++;
	if (is_one_of(c, "diouxXc")) {
		(void)(size == AS_INT ? va_arg(a->list, int) :
					va_arg(a->list, long));
	} else if (is_one_of(c, "aAeEfFgG")) {
		(void)(size == AS_LONG_DOUBLE ? va_arg(a->list, long double) :
						va_arg(a->list, double));
	} else if (c == 's' || c == 'S') {
		look_at_string(f, va_arg(a->list, void *),
			       c == 'S' || size == AS_LONG, precision);
	} else if (c == 'n') {
		look(va_arg(a->list, void *), size == AS_INT ? 1 : sizeof(long),
		     WRITE, f->call);
	} else if (c == 'p') {
		(void)va_arg(a->list, void *);
	} else {
		return c == '%' || c == 'm';
	}
	return true;
}

static void look_at(struct format *f, struct arguments *a)
{
	long precision;
	enum size size;

	while (peek(f)) {
		if (!take(f, '%')) {
			f->at++;
			continue;
		}
		while (is_one_of(peek(f), "-+ #0'I"))
			f->at++;
		take_number(f, a);
		if (peek(f) == '$')
			return;
		precision = take(f, '.') ? take_precision(f, a) : -1;
		size = take_size(f);
		if (!take_conversion(f, a, size, precision))
			return;
	}
}

void look_at_arguments(const char *format, va_list args, const char *call)
{
	struct format f = { format, false, 0, call };
	struct arguments a;

	if (!heap.room || !format)
		return;
	string_length(format, call);
	va_copy(a.list, args);
	look_at(&f, &a);
	va_end(a.list);
}

void look_at_wide_arguments(const wchar_t *format, va_list args,
			    const char *call)
{
	struct format f = { format, true, 0, call };
	struct arguments a;

	if (!heap.room || !format)
		return;
	wide_length(format, call);
	va_copy(a.list, args);
	look_at(&f, &a);
	va_end(a.list);
}
