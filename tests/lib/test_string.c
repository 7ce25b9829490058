/* SPDX-License-Identifier: MIT */
/* Our string functions beside the C library's. */
#include <string.h>

#include <ashlar/string.h>
#include "../harness.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

TEST(strings_compare_as_in_c)
{
	static const char *const s[] = { "",	"a",	  "b",	    "ab", "abc",
					 "abd", "ab\xff", "ab\x01", "B" };

	for (unsigned int i = 0; i < ARRAY_SIZE(s); i++) {
		for (unsigned int k = 0; k < ARRAY_SIZE(s); k++) {
			CHECK_EQ(sign(ashlar_strcmp(s[i], s[k])),
				 sign(strcmp(s[i], s[k])));
			for (size_t n = 0; n < 5; n++)
				CHECK_EQ(sign(ashlar_strncmp(s[i], s[k], n)),
					 sign(strncmp(s[i], s[k], n)));
		}
	}
}

TEST(copies_are_cut_and_terminated)
{
	char buf[8];

	for (size_t size = 0; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		CHECK_EQ(ashlar_strscpy(buf, "12345", size), 5);
		if (size)
			CHECK_EQ(strlen(buf), min(size - 1, (size_t)5));
		if (size < sizeof(buf))
			CHECK_EQ(buf[size], '#');
	}
}
