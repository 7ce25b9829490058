/* SPDX-License-Identifier: MIT */
/*
 * Reading a line of options into the functions that a table names.
 *
 *   "slub_debug=FZ,kmalloc-64:quiet  fail_page_alloc=10"
 *    `--KEY---´ `---VALUE---´ `KEY´   `-----KEY-----´ VALUE
 *
 * A line comes from outside and is not trusted: a pair that is too long or
 * not understood is named to the sink and passed over, and the rest of the
 * line still counts. Nothing is allocated: key and value are copied to the
 * stack, one pair at a time.
 */
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>

#define LINE_SIZE 256

static bool is_separator(char c)
{
	return c == ' ' || c == ':' || c == '\t' || c == '\n';
}

static void say(const struct cmdline_sink *sink, const char *fmt, ...)
	ASHLAR_PRINTF(2, 3);

/*
 * @s as it may be shown: control bytes, which would command a terminal, and
 * those beyond ASCII become \xNN. What does not fit into @size is cut.
 */
static const char *shown(const char *s, char *out, size_t size)
{
	size_t n = 0;

	for (; *s && n + sizeof("\\x00") <= size; s++) {
		if (*s >= ' ' && *s <= '~')
			out[n++] = *s;
		else
			n += (size_t)ashlar_snprintf(out + n, size - n,
						     "\\x%02x",
						     (unsigned char)*s);
	}
	out[n] = '\0';
	return out;
}

static void say(const struct cmdline_sink *sink, const char *fmt, ...)
{
	char line[LINE_SIZE];
	__builtin_va_list ap;

	if (!sink->say)
		return;
	__builtin_va_start(ap, fmt);
	ashlar_vsnprintf(line, sizeof(line), fmt, ap);
	__builtin_va_end(ap);
	sink->say(line);
}

static void list_options(const struct cmdline_option *options, size_t nr,
			 const struct cmdline_sink *sink)
{
	say(sink, "  %-18s %s", "help", "list the options");
	for (size_t i = 0; i < nr; i++)
		say(sink, "  %-18s %s", options[i].name, options[i].help);
}

/*
 * Copy characters up to a separator or @stop. Returns where it ended; what
 * does not fit into @size is cut and *@cut set.
 */
static const char *take(const char *s, char stop, char *out, size_t size,
			bool *cut)
{
	size_t n = 0;

	for (; *s && *s != stop && !is_separator(*s); s++) {
		if (n + 1 < size)
			out[n++] = *s;
		else
			*cut = true;
	}
	out[n] = '\0';
	return s;
}

/* One pair. Returns 0, or 1 if it was not understood. */
static int apply(const char *key, const char *value,
		 const struct cmdline_option *options, size_t nr,
		 const struct cmdline_sink *sink)
{
	char text[CMDLINE_VALUE_SIZE];

	if (ashlar_strcmp(key, "help") == 0) {
		if (ashlar_strcmp(value, "0") != 0)
			list_options(options, nr, sink);
		return 0;
	}
	for (size_t i = 0; i < nr; i++) {
		if (ashlar_strcmp(key, options[i].name) != 0)
			continue;
		if (options[i].parse(value) == 0)
			return 0;
		say(sink, "option %s: cannot use '%s', want %s", key,
		    shown(value, text, sizeof(text)), options[i].help);
		return 1;
	}
	if (sink->unknown)
		sink->unknown(shown(key, text, sizeof(text)));
	return 1;
}

/**
 * cmdline_parse() - apply a line of options
 * @line: KEY=VALUE pairs separated by spaces or colons
 * @options: what is known
 * @nr: how many @options
 * @sink: who hears of help and of what was not understood
 *
 * The options are applied in the order of @line, so a later pair wins.
 *
 * Context: any; that of the parse functions.
 * Return: how many pairs were not understood.
 */
int cmdline_parse(const char *line, const struct cmdline_option *options,
		  size_t nr, const struct cmdline_sink *sink)
{
	char key[CMDLINE_KEY_SIZE];
	char value[CMDLINE_VALUE_SIZE], text[4 * CMDLINE_KEY_SIZE];
	int bad = 0;

	for (;;) {
		bool cut = false;

		while (is_separator(*line))
			line++;
		if (!*line)
			return bad;
		line = take(line, '=', key, sizeof(key), &cut);
		if (*line == '=')
			line = take(line + 1, '\0', value, sizeof(value), &cut);
		else
			ashlar_strscpy(value, "1", sizeof(value));
		if (cut) {
			say(sink, "option %s...: too long",
			    shown(key, text, sizeof(text)));
			bad++;
		} else {
			bad += apply(key, value, options, nr, sink);
		}
	}
}

static int size_shift(char suffix)
{
	switch (suffix) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	}
	return 0;
}

/**
 * cmdline_number() - read a decimal number with an optional K, M or G
 * @s: where it starts; moved to behind it
 * @out: the number
 *
 * Context: any.
 * Return: false if no number starts there or it does not fit; @out and @s
 * are then unchanged.
 */
bool cmdline_number(const char **s, unsigned long *out)
{
	const char *p = *s;
	unsigned long n = 0;
	int shift;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10ul, &n) ||
		    __builtin_add_overflow(n, (unsigned long)(*p - '0'), &n))
			return false;
	shift = size_shift(*p);
	if (shift) {
		if (n > ~0ul >> shift)
			return false;
		n <<= shift;
		p++;
	}
	*s = p;
	*out = n;
	return true;
}
