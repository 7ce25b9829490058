/* SPDX-License-Identifier: MIT */
/*
 * /sys/kernel/debug/extfrag/blocks: can large blocks be had?
 *
 *   echo "10 20" >blocks    asks for 20 blocks of 2^10 pages, and frees them
 *   cat blocks              how many of them there were
 *
 * Asked for as huge pages are: compaction may run, the OOM killer not.
 */
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/mm_types.h>
#include <ashlar/seq_file.h>
#include <kernel/init.h>
#include <kernel/proc/proc_fs.h>

#define BLOCKS_MOST 128u

static unsigned int obtained;

static int show_blocks(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%u\n", obtained);
	return 0;
}

static unsigned int take_blocks(unsigned int order, unsigned int nr)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	struct page *blocks[BLOCKS_MOST];
	unsigned int got = 0, i;

	while (got < nr && (blocks[got] = alloc_pages(gfp, order)))
		got++;
	for (i = 0; i < got; i++)
		__free_pages(blocks[i], order);
	return got;
}

/* A number, and what follows it; -1: there is none. */
static int number(const char **text)
{
	int n = 0;

	if (**text < '0' || **text > '9')
		return -1;
	while (**text >= '0' && **text <= '9' && n < 10000)
		n = n * 10 + *(*text)++ - '0';
	while (**text == ' ' || **text == '\n')
		++*text;
	return n;
}

static ssize_t write_blocks(const char *text, size_t len, void *data)
{
	int order = number(&text), nr = number(&text);

	(void)data;
	if (order < 0 || order >= MAX_ORDER || nr < 0 ||
	    nr > (int)BLOCKS_MOST || *text)
		return -EINVAL;
	obtained = take_blocks((unsigned int)order, (unsigned int)nr);
	return (ssize_t)len;
}

/** blocks_init() - name the file. Context: boot, once. */
void blocks_init(void)
{
	static const struct proc_entry entry = {
		.name = "extfrag/blocks",
		.mode = 0600,
		.show = show_blocks,
		.write = write_blocks,
	};

	debugfs_create(&entry);
}
