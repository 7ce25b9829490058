/* SPDX-License-Identifier: MIT */
/*
 * The command line. Words are separated by blanks; quotes (") hold blanks
 * together. As on Linux
 *
 *   init=/sbin/thing quiet FOO=bar -s single -- -x "two words"
 *   └─── ours ───────────┘ └──────┘ └───────┘    └────────────┘
 *                          environment  arguments of process 1
 *
 * a word that the kernel knows is the kernel's; NAME=VALUE it does not know
 * is for process 1's environment, other words are its arguments; all that
 * follows "--" is, too. Names with a dot are for modules: nobody's.
 */
#include <ashlar/check.h>
#include <ashlar/cmdline.h>
#include <ashlar/fault-inject.h>
#include <ashlar/huge_mm.h>
#include <ashlar/hugetlb.h>
#include <ashlar/kfence.h>
#include <ashlar/kmemleak.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_owner.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/block/blkdev.h>
#include <kernel/init.h>
#include <kernel/printk.h>
#include <kernel/proc/proc_fs.h>

#define COMMAND_LINE_SIZE 2048

struct boot_options boot_options;
char saved_command_line[COMMAND_LINE_SIZE];
const char *init_argv[INIT_STRINGS] = { "init" };
const char *init_envp[INIT_STRINGS] = { "HOME=/", "TERM=linux" };

static char words[COMMAND_LINE_SIZE]; /* cut into strings */
static const char *fail_page_alloc_value, *failslab_value;
static unsigned int nr_argv = 1, nr_envp = 2;

/* A number with a sign; false if @s is something else. */
static bool parse_int(const char *s, int *out)
{
	bool minus = *s == '-';
	unsigned long v;

	s += minus;
	if (!cmdline_number(&s, &v) || *s || v > 0x7fffffff)
		return false;
	*out = minus ? -(int)v : (int)v;
	return true;
}

static bool set_init(const char *value)
{
	boot_options.init = value;
	nr_argv = 1; /* what came before was for another program */
	return *value;
}

static bool set_rdinit(const char *value)
{
	boot_options.rdinit = value;
	nr_argv = 1;
	return *value;
}

static bool set_root(const char *value)
{
	boot_options.root = value;
	return *value;
}

static bool set_rootfstype(const char *value)
{
	boot_options.rootfstype = value;
	return *value;
}

static bool set_ro(const char *value)
{
	boot_options.rootfs_rw = false;
	return true;
}

static bool set_rw(const char *value)
{
	boot_options.rootfs_rw = true;
	return true;
}

static bool set_panic(const char *value)
{
	return parse_int(value, &boot_options.panic_timeout);
}

static bool set_loglevel(const char *value)
{
	int level;

	if (!parse_int(value, &level) || level < 0)
		return false;
	console_loglevel = level;
	return true;
}

static bool set_quiet(const char *value)
{
	boot_options.quiet = true;
	console_loglevel = 4;
	return true;
}

static bool set_debug(const char *value)
{
	console_loglevel = 10;
	return true;
}

static bool set_fail_page_alloc(const char *value)
{
	fail_page_alloc_value = value;
	return true;
}

static bool set_failslab(const char *value)
{
	failslab_value = value;
	return true;
}

static bool set_fail_make_request(const char *value)
{
	return setup_fail_make_request(value);
}

/* Released objects of watched caches wait, as many as a 32nd of RAM. */
static void let_released_wait(void)
{
	quarantine_default((size_t)totalram_pages() << PAGE_SHIFT >> 5, 0);
}

static bool set_slub_debug(const char *value)
{
	let_released_wait();
	if (setup_slub_debug(value))
		printk(KERN_WARNING "slub_debug=%s: no cache is watched; want "
				    "letters of FZPUTAO or -, then ,CACHE for "
				    "each, and ; before the next such group\n",
		       value);
	return true;
}

static bool set_check(const char *value)
{
	let_released_wait();
	if (setup_check(value))
		printk(KERN_WARNING "check=%s: want 0 or 1\n", value);
	return true;
}

static bool set_quarantine(const char *value)
{
	if (setup_quarantine(value))
		printk(KERN_WARNING "quarantine=%s: want bytes\n", value);
	return true;
}

static bool set_kmemleak(const char *value)
{
	if (setup_kmemleak(value))
		printk(KERN_WARNING "kmemleak=%s: want on or off\n", value);
	return true;
}

static bool set_sample(const char *value)
{
	if (setup_sample(value))
		printk(KERN_WARNING "sample=%s: want 1/N, N or 0\n", value);
	return true;
}

static bool set_libata_dma(const char *value)
{
	int v;

	if (!parse_int(value, &v))
		return false;
	boot_options.ide_pio = !v;
	return true;
}

static bool set_max_loop(const char *value)
{
	int v;

	if (!parse_int(value, &v) || v < 0)
		return false;
	boot_options.max_loop = (unsigned int)v;
	return true;
}

static bool set_page_owner(const char *value)
{
	if (setup_page_owner(value))
		printk(KERN_WARNING "page_owner=%s: want on or off, and 48 "
				    "bytes of memory for each frame\n",
		       value);
	return true;
}

static bool set_hugepages(const char *value)
{
	long n;

	if (!proc_parse_long(value, &n) || n < 0)
		return false;
	hugetlb_boot_pages((unsigned long)n);
	return true;
}

/* There is one size. */
static bool set_hugepagesz(const char *value)
{
	if (ashlar_strcmp(value, "4M") && ashlar_strcmp(value, "4194304"))
		printk(KERN_WARNING "HugeTLB: unsupported hugepagesz=%s\n",
		       value);
	return true;
}

/* Done by the port before this, or without meaning on this machine. */
static bool done(const char *value)
{
	return true;
}

static const struct param {
	const char *name; /* with "=" if it takes a value */
	bool (*set)(const char *value);
} params[] = {
	{ "init=", set_init },
	{ "rdinit=", set_rdinit },
	{ "panic=", set_panic },
	{ "libata.dma=", set_libata_dma },
	{ "max_loop=", set_max_loop },
	{ "loop.max_loop=", set_max_loop },
	{ "loglevel=", set_loglevel },
	{ "quiet", set_quiet },
	{ "debug", set_debug },
	{ "fail_page_alloc=", set_fail_page_alloc },
	{ "failslab=", set_failslab },
	{ "fail_make_request=", set_fail_make_request },
	{ "console=", done },
	{ "mem=", done },
	{ "yield=", done },
	{ "slub_debug=", set_slub_debug },
	{ "slub_debug", set_slub_debug },
	{ "check=", set_check },
	{ "quarantine=", set_quarantine },
	{ "kmemleak=", set_kmemleak },
	{ "sample=", set_sample },
	{ "page_owner=", set_page_owner },
	{ "root=", set_root },
	{ "rootfstype=", set_rootfstype },
	{ "rootwait", done },
	{ "ro", set_ro },
	{ "rw", set_rw },
	{ "earlyprintk=", done },
	{ "reboot=", done },
	{ "mitigations=", done },
	{ "init_on_alloc=", done },
	{ "init_on_free=", done },
	{ "transparent_hugepage=", setup_transparent_hugepage },
	{ "hugepages=", set_hugepages },
	{ "hugepagesz=", set_hugepagesz },
	{ "default_hugepagesz=", set_hugepagesz },
	{ "nokaslr", done },
	{ "norandmaps", done },
	{ "noapic", done },
	{ "nolapic", done },
	{ "nosmp", done },
	{ "acpi=", done },
	{ "pci=", done },
	{ "tsc=", done },
	{ "clocksource=", done },
	{ "lpj=", done },
	{ "BOOT_IMAGE=", done },
};

/* Where the value of @word begins if it is @name's, else NULL. */
static const char *match(const char *word, const char *name)
{
	size_t n = strlen(name);

	if (ashlar_strncmp(word, name, n))
		return NULL;
	return name[n - 1] == '=' || !word[n] ? word + n : NULL;
}

static bool known(const char *word)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(params); i++) {
		const char *value = match(word, params[i].name);

		if (!value)
			continue;
		if (!params[i].set(value))
			printk(KERN_WARNING "Malformed option '%s'\n", word);
		return true;
	}
	return false;
}

/* How long the name before "=" is; 0: there is no "=". */
static size_t name_length(const char *word)
{
	size_t n = 0;

	while (word[n] && word[n] != '=')
		n++;
	return word[n] ? n : 0;
}

static void add_environment(const char *word)
{
	size_t n = name_length(word);
	unsigned int i;

	for (i = 0; i < nr_envp; i++)
		if (!ashlar_strncmp(init_envp[i], word, n + 1))
			break;
	if (i == INIT_STRINGS - 1) {
		printk(KERN_WARNING "Too many variables for init: '%s'\n",
		       word);
		return;
	}
	init_envp[i] = word;
	nr_envp += i == nr_envp;
}

static void add_argument(const char *word)
{
	if (nr_argv == INIT_STRINGS - 1)
		printk(KERN_WARNING "Too many arguments for init: '%s'\n",
		       word);
	else
		init_argv[nr_argv++] = word;
}

static void unknown(const char *word)
{
	size_t n = name_length(word), i;

	for (i = 0; word[i] && word[i] != '='; i++)
		if (word[i] == '.')
			return;
	if (n)
		add_environment(word);
	else
		add_argument(word);
}

/* Cut the next word off *@at, without its quotes; NULL at the end. */
static char *next_word(char **at)
{
	char *from = *at, *to, *word;
	bool quoted = false;

	while (*from == ' ' || *from == '\t' || *from == '\n')
		from++;
	if (!*from)
		return NULL;
	word = to = from;
	for (; *from &&
	       (quoted || (*from != ' ' && *from != '\t' && *from != '\n'));
	     from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*at = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

/**
 * parse_boot_options() - read the command line
 * @cmdline: as the loader gave it
 */
void parse_boot_options(const char *cmdline)
{
	bool for_init = false;
	char *at = words, *word;

	ashlar_strscpy(saved_command_line, cmdline, COMMAND_LINE_SIZE);
	ashlar_strscpy(words, cmdline, COMMAND_LINE_SIZE);
	while ((word = next_word(&at))) {
		if (for_init)
			add_argument(word);
		else if (!ashlar_strcmp(word, "--"))
			for_init = true;
		else if (!known(word))
			unknown(word);
	}
	init_argv[nr_argv] = NULL;
	init_envp[nr_envp] = NULL;
}

/**
 * start_fault_injection() - let allocations fail as the command line asks
 *
 * Not before process 1: what the kernel itself starts with cannot be missing.
 */
void start_fault_injection(void)
{
	if (fail_page_alloc_value &&
	    setup_fail_page_alloc(fail_page_alloc_value))
		printk(KERN_WARNING "Malformed option 'fail_page_alloc=%s'\n",
		       fail_page_alloc_value);
	if (failslab_value && setup_failslab(failslab_value))
		printk(KERN_WARNING "Malformed option 'failslab=%s'\n",
		       failslab_value);
}
