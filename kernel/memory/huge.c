/* SPDX-License-Identifier: MIT */
/*
 * /sys/kernel/mm/transparent_hugepage: which areas get huge pages, and how
 * hard blocks are looked for. What the words mean: mm/huge_memory.c.
 */
#include <ashlar/errno.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mmap.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <kernel/init.h>
#include <kernel/proc/proc.h>

#define BELOW "kernel/mm/transparent_hugepage/"

/* A setting that is one of several words. */
struct choice {
	const char *const *words; /* as they are shown, NULL ends them */
	const u8 *values; /* what each stands for */
	unsigned int (*get)(void);
	void (*set)(unsigned int value);
};

static int show_choice(struct seq_file *m, void *data)
{
	const struct choice *c = data;
	unsigned int i;

	for (i = 0; c->words[i]; i++)
		seq_printf(m, c->values[i] == c->get() ? "%s[%s]" : "%s%s",
			   i ? " " : "", c->words[i]);
	seq_putc(m, '\n');
	return 0;
}

/* True if @text is @word, maybe with a newline behind it. */
static bool is_word(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	if (len && text[len - 1] == '\n')
		len--;
	return len == n && !memcmp(text, word, n);
}

static ssize_t write_choice(const char *text, size_t len, void *data)
{
	const struct choice *c = data;
	unsigned int i;

	for (i = 0; c->words[i]; i++) {
		if (!is_word(text, len, c->words[i]))
			continue;
		c->set(c->values[i]);
		return (ssize_t)len;
	}
	return -EINVAL;
}

static unsigned int get_mode(void)
{
	return thp_mode;
}

static void set_mode(unsigned int mode)
{
	thp_mode = (enum thp_mode)mode;
}

static const char *const mode_words[] = { "always", "madvise", "never", NULL };
static const u8 mode_values[] = { THP_ALWAYS, THP_MADVISE, THP_NEVER };
static const struct choice mode = { mode_words, mode_values, get_mode,
				    set_mode };

static unsigned int get_defrag(void)
{
	return thp_defrag;
}

static void set_defrag(unsigned int defrag)
{
	thp_defrag = (enum thp_defrag)defrag;
}

static const char *const defrag_words[] = { "always",  "defer", "defer+madvise",
					    "madvise", "never", NULL };
static const u8 defrag_values[] = { THP_DEFRAG_ALWAYS, THP_DEFRAG_DEFER,
				    THP_DEFRAG_DEFER_MADVISE,
				    THP_DEFRAG_MADVISE, THP_DEFRAG_NEVER };
static const struct choice defrag = { defrag_words, defrag_values, get_defrag,
				      set_defrag };

static int show_size(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%lu\n", HPAGE_PMD_SIZE);
	return 0;
}

#define CHOICE(n, c)                                                \
	{                                                           \
		.name = BELOW n, .mode = 0644, .show = show_choice, \
		.write = write_choice, .data = (void *)&(c)         \
	}

static const struct proc_entry entries[] = {
	CHOICE("enabled", mode),
	CHOICE("defrag", defrag),
	{ .name = BELOW "hpage_pmd_size", .mode = 0444, .show = show_size },
};

/** huge_sysfs_init() - name the files, if there can be huge pages; at boot. */
void huge_sysfs_init(void)
{
	unsigned int i;

	if (!port_has_pse)
		return;
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		proc_create_below(&sysfs_root, &entries[i]);
}
