/* SPDX-License-Identifier: MIT */
/*
 * The pool of huge pages (mm/hugetlb.c) as files: /proc/sys/vm/nr_hugepages and
 * those beside it, and the same in /sys/kernel/mm/hugepages/hugepages-4096kB.
 */
#include <ashlar/errno.h>
#include <ashlar/hugetlb.h>
#include <ashlar/seq_file.h>
#include <kernel/fs/hugetlbfs.h>
#include <kernel/init.h>
#include <kernel/proc/proc.h>

#define BELOW "kernel/mm/hugepages/hugepages-4096kB/"

/* One number of the pool. */
struct number {
	unsigned long (*get)(const struct hstate *h);
	void (*set)(unsigned long count);
};

static int show_number(struct seq_file *m, void *data)
{
	const struct number *n = data;
	struct hstate h;

	hugetlb_stat(&h);
	seq_printf(m, "%lu\n", n->get(&h));
	return 0;
}

static ssize_t write_number(const char *text, size_t len, void *data)
{
	const struct number *n = data;
	long count;

	if (!hugepages_supported())
		return -EOPNOTSUPP;
	if (!proc_parse_long(text, &count) || count < 0)
		return -EINVAL;
	n->set((unsigned long)count);
	return (ssize_t)len;
}

static unsigned long get_max(const struct hstate *h)
{
	return h->max_huge_pages;
}

static unsigned long get_nr(const struct hstate *h)
{
	return h->nr_huge_pages;
}

static unsigned long get_free(const struct hstate *h)
{
	return h->free_huge_pages;
}

static unsigned long get_resv(const struct hstate *h)
{
	return h->resv_huge_pages;
}

static unsigned long get_surplus(const struct hstate *h)
{
	return h->surplus_huge_pages;
}

static unsigned long get_overcommit(const struct hstate *h)
{
	return h->nr_overcommit_huge_pages;
}

static const struct number max_number = { get_max, set_max_huge_pages };
static const struct number nr = { get_nr, set_max_huge_pages };
static const struct number overcommit = { get_overcommit,
					  set_nr_overcommit_huge_pages };
static const struct number free_number = { get_free, NULL };
static const struct number resv = { get_resv, NULL };
static const struct number surplus = { get_surplus, NULL };

static int show_group(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%u\n", sysctl_hugetlb_shm_group);
	return 0;
}

static ssize_t write_group(const char *text, size_t len, void *data)
{
	long gid;

	(void)data;
	if (!proc_parse_long(text, &gid) || gid < 0)
		return -EINVAL;
	sysctl_hugetlb_shm_group = (u32)gid;
	return (ssize_t)len;
}

#define WRITABLE(n, v)                                        \
	{                                                     \
		.name = n, .mode = 0644, .show = show_number, \
		.write = write_number, .data = (void *)&(v)   \
	}
#define READABLE(n, v)                                        \
	{                                                     \
		.name = n, .mode = 0444, .show = show_number, \
		.data = (void *)&(v)                          \
	}

static const struct proc_entry knobs[] = {
	WRITABLE("sys/vm/nr_hugepages", max_number),
	WRITABLE("sys/vm/nr_hugepages_mempolicy", max_number),
	WRITABLE("sys/vm/nr_overcommit_hugepages", overcommit),
	{ .name = "sys/vm/hugetlb_shm_group",
	  .mode = 0644,
	  .show = show_group,
	  .write = write_group },
};

static const struct proc_entry files[] = {
	WRITABLE(BELOW "nr_hugepages", nr),
	WRITABLE(BELOW "nr_hugepages_mempolicy", nr),
	WRITABLE(BELOW "nr_overcommit_hugepages", overcommit),
	READABLE(BELOW "free_hugepages", free_number),
	READABLE(BELOW "resv_hugepages", resv),
	READABLE(BELOW "surplus_hugepages", surplus),
};

/** hugetlb_sysfs_init() - name the files. Context: boot, once. */
void hugetlb_sysfs_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		proc_create(&knobs[i]);
	if (!hugepages_supported())
		return;
	for (i = 0; i < ARRAY_SIZE(files); i++)
		proc_create_below(&sysfs_root, &files[i]);
}
