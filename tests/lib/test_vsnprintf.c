/* SPDX-License-Identifier: MIT */
/* Our formatted text beside the C library's, where both know the format. */
#include <stdio.h>
#include <string.h>

#include <ashlar/printf.h>
#include "../harness.h"

#define SAME(...)                                                             \
	do {                                                                  \
		char ours[128], theirs[128];                                  \
		int n = ashlar_snprintf(ours, sizeof(ours), __VA_ARGS__);     \
		int m = snprintf(theirs, sizeof(theirs), __VA_ARGS__);        \
		if (n != m || strcmp(ours, theirs))                           \
			check_failed(__FILE__, __LINE__,                      \
				     "'%s' %d, not '%s' %d", ours, n, theirs, \
				     m);                                      \
	} while (0)

TEST(integers_as_in_c)
{
	static const long long values[] = {
		0,
		1,
		-1,
		9,
		10,
		12345,
		-12345,
		0x7fffffff,
		-0x7fffffff - 1,
		0x7fffffffffffffffll,
		-0x7fffffffffffffffll - 1,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(values); i++) {
		long long v = values[i];

		SAME("%d %i %u", (int)v, (int)v, (unsigned int)v);
		SAME("%ld %lu %lld %llu", (long)v, (unsigned long)v, v,
		     (unsigned long long)v);
		SAME("%x %X %o", (unsigned int)v, (unsigned int)v,
		     (unsigned int)v);
		SAME("%#x|%#10X|%#-12x|%#012x|%#.9x", (unsigned int)v,
		     (unsigned int)v, (unsigned int)v, (unsigned int)v,
		     (unsigned int)v);
		SAME("%lx %llX %zo %zu", (unsigned long)v,
		     (unsigned long long)v, (size_t)v, (size_t)v);
		SAME("%8d|%-8d|%08d|%3d", (int)v, (int)v, (int)v, (int)v);
		SAME("%.3d|%8.3d|%-8.3d|%.0d", (int)v, (int)v, (int)v, (int)v);
		SAME("%20llx|%-20llx|%020llx", v, v, v);
		SAME("%*d|%-*d|%.*d", 6, (int)v, 6, (int)v, 4, (int)v);
		SAME("%*d", -6, (int)v);
	}
}

TEST(strings_as_in_c)
{
	SAME("%s", "");
	SAME("%s|%10s|%-10s|%2s", "text", "text", "text", "text");
	SAME("%.2s|%10.2s|%-10.2s|%.9s", "text", "text", "text", "text");
	SAME("%.*s|%*s", 3, "text", 7, "text");
	SAME("%c|%3c|%-3c", 'a', 'b', 'c');
	SAME("%% 100%%");
	SAME("%p", (void *)0x1234abcd);
}

/* Without the compiler's opinion of the format. */
static int plain(char *buf, size_t size, const char *fmt, ...)
{
	__builtin_va_list ap;
	int n;

	__builtin_va_start(ap, fmt);
	n = ashlar_vsnprintf(buf, size, fmt, ap);
	__builtin_va_end(ap);
	return n;
}

TEST(strings_that_are_not_there)
{
	char buf[32];

	plain(buf, sizeof(buf), "%s", (char *)NULL);
	CHECK_EQ(strcmp(buf, "(null)"), 0);
	plain(buf, sizeof(buf), "%p", NULL);
	CHECK_EQ(strcmp(buf, "0x0"), 0);
}

TEST(text_is_cut_at_the_end_of_its_buffer)
{
	char buf[8];

	for (size_t size = 0; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		CHECK_EQ(ashlar_snprintf(buf, size, "%d-%s", 12, "345"), 6);
		if (size)
			CHECK_EQ(strlen(buf), min(size - 1, (size_t)6));
		for (size_t i = size; i < sizeof(buf); i++)
			CHECK_EQ(buf[i], '#');
	}
	CHECK_EQ(ashlar_snprintf(NULL, 0, "%20d", 1), 20);
}

TEST(what_is_no_conversion_is_shown)
{
	char buf[32];

	plain(buf, sizeof(buf), "%k %5q %", 1);
	CHECK_EQ(strcmp(buf, "%k %5q %"), 0);
}
