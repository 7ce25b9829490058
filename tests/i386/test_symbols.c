/* SPDX-License-Identifier: MIT */
/* Names for addresses of the kernel's code: port/i386/symbols.c. */
#include "../harness.h"
#include <ashlar/mm_types.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include <i386.h>
#include "string.h"

extern const u8 __ksyms_start[], __ksyms_end[];
extern char _text[];

/* What starts the machine lies below and has no name then. */
TEST_NO_SWEEP(each_function_is_found_by_its_address)
{
	const u8 *at = __ksyms_start;
	char got[64], want[64];
	unsigned int n = 0;
	u32 addr;

	for (; at < __ksyms_end; at += 4 + strlen((const char *)at + 4) + 1) {
		memcpy(&addr, at, sizeof(addr));
		if (addr < (u32)_text)
			continue;
		ashlar_snprintf(want, sizeof(want), "%s+0x0/",
				(const char *)at + 4);
		sprint_symbol(got, addr);
		CHECK(!strncmp(got, want, strlen(want)));
		n++;
	}
	CHECK_OP(n, >, 1000);
	sprint_symbol(got, 0x1234);
	CHECK(!strcmp(got, "0x1234"));
}
