/* SPDX-License-Identifier: MIT */
/* The processor, as /proc/cpuinfo tells of it. */
#include <ashlar/compiler.h>
#include <ashlar/seq_file.h>
#include "local.h"

/* cpuid 1: names of bits of edx, then of ecx; NULL where there is none. */
static const char *const edx_flags[32] = {
	"fpu",	"vme",	 "de",	 "pse",	    "tsc",  "msr", "pae",  "mce",
	"cx8",	"apic",	 NULL,	 "sep",	    "mtrr", "pge", "mca",  "cmov",
	"pat",	"pse36", "pn",	 "clflush", NULL,   "dts", "acpi", "mmx",
	"fxsr", "sse",	 "sse2", "ss",	    "ht",   "tm",  "ia64", "pbe",
};

static const char *const ecx_flags[32] = {
	"pni",	  "pclmulqdq",	"dtes64", "monitor", "ds_cpl",
	"vmx",	  "smx",	"est",	  "tm2",     "ssse3",
	"cid",	  "sdbg",	"fma",	  "cx16",    "xtpr",
	"pdcm",	  NULL,		"pcid",	  "dca",     "sse4_1",
	"sse4_2", "x2apic",	"movbe",  "popcnt",  "tsc_deadline_timer",
	"aes",	  "xsave",	NULL,	  "avx",     "f16c",
	"rdrand", "hypervisor",
};

static void show_flags(struct seq_file *m, u32 bits, const char *const *names)
{
	unsigned int i;

	for (i = 0; i < 32; i++)
		if (bits >> i & 1 && names[i])
			seq_printf(m, " %s", names[i]);
}

/* cpuid 0x80000002 … 4: 48 characters, padded with blanks in front. */
static void show_model_name(struct seq_file *m)
{
	u32 r[13] = { 0 }, i, max, unused;
	const char *s = (const char *)r;

	cpuid(0x80000000, &max, &unused, &unused, &unused);
	for (i = 0; i < 3 && max >= 0x80000004; i++)
		cpuid(0x80000002 + i, &r[i * 4], &r[i * 4 + 1], &r[i * 4 + 2],
		      &r[i * 4 + 3]);
	while (*s == ' ')
		s++;
	seq_printf(m, "model name\t: %s\n", *s ? s : "unknown");
}

static void show_identity(struct seq_file *m, u32 signature)
{
	u32 family = signature >> 8 & 15, model = signature >> 4 & 15;

	if (family == 15)
		family += signature >> 20 & 255;
	if (family >= 6)
		model |= signature >> 12 & 0xf0;
	seq_printf(m, "cpu family\t: %u\nmodel\t\t: %u\n", family, model);
	show_model_name(m);
	seq_printf(m, "stepping\t: %u\n", signature & 15);
}

/** show_cpuinfo() - the one processor, as /proc/cpuinfo */
void show_cpuinfo(struct seq_file *m)
{
	u32 level, vendor[4] = { 0 }, signature, b, c, d;

	cpuid(0, &level, &vendor[0], &vendor[2], &vendor[1]);
	cpuid(1, &signature, &b, &c, &d);
	seq_printf(m, "processor\t: 0\nvendor_id\t: %s\n",
		   (const char *)vendor);
	show_identity(m, signature);
	seq_printf(m, "cpu MHz\t\t: %u.%03u\n", (u32)(tsc_khz / 1000),
		   (u32)(tsc_khz % 1000));
	seq_printf(m, "physical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\n"
		      "cpu cores\t: 1\napicid\t\t: 0\ninitial apicid\t: 0\n"
		      "fdiv_bug\t: no\nf00f_bug\t: no\ncoma_bug\t: no\n"
		      "fpu\t\t: yes\nfpu_exception\t: yes\n");
	seq_printf(m, "cpuid level\t: %u\nwp\t\t: yes\nflags\t\t:", level);
	show_flags(m, d, edx_flags);
	show_flags(m, c, ecx_flags);
	seq_printf(m, "\nbugs\t\t:\nbogomips\t: %u.%02u\nclflush size\t: %u\n",
		   (u32)(tsc_khz / 500), (u32)(tsc_khz / 5 % 100),
		   (b >> 8 & 255) * 8);
	seq_printf(m,
		   "cache_alignment\t: %u\naddress sizes\t: 32 bits "
		   "physical, 32 bits virtual\npower management:\n\n",
		   max((b >> 8 & 255) * 8, 64u));
}
