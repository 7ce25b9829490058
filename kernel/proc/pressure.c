/* SPDX-License-Identifier: MIT */
/*
 * /proc/pressure/io, memory and cpu: how much tasks are held up (kernel/sched/
 * psi.c), and, written to, when to tell of it: one trigger for each open file.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/seq_file.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/psi.h>
#include <kernel/task/cred.h>
#include "proc.h"

#define TEXT_MOST 256u
#define TRIGGER_MOST 32u

static enum psi_res res_of(const struct file *f)
{
	return *(const enum psi_res *)proc_i(f->f_inode)->pde->file->data;
}

static ssize_t pressure_read_iter(struct file *f, struct iov_iter *to,
				  loff_t *pos)
{
	char text[TEXT_MOST];
	struct seq_file m = { .buf = text, .size = sizeof(text) };

	psi_show(&m, res_of(f));
	return simple_read_from_buffer(to, pos, text, m.count);
}

/* The last of the bytes written is taken for the end, as on Linux. */
static ssize_t pressure_write_iter(struct file *f, struct iov_iter *from,
				   loff_t *pos)
{
	size_t len = from->count, n = min(len, (size_t)TRIGGER_MOST);
	char text[TRIGGER_MOST] = "";
	struct psi_trigger *t;

	if (!len)
		return -EINVAL;
	if (copy_from_iter(text, n, from) != n)
		return -EFAULT;
	text[n - 1] = '\0';
	if (f->private_data)
		return -EBUSY;
	t = psi_trigger_create(res_of(f), text, capable(CAP_SYS_RESOURCE));
	if (IS_ERR(t))
		return PTR_ERR(t);
	if (f->private_data) { /* another thread was faster */
		psi_trigger_destroy(t);
		return -EBUSY;
	}
	f->private_data = t;
	*pos += (loff_t)len;
	return (ssize_t)len;
}

static u32 pressure_poll(struct file *f, struct poll_table *pt)
{
	if (!f->private_data)
		return DEFAULT_POLLMASK | POLLERR | POLLPRI;
	return psi_trigger_poll(f->private_data, pt);
}

static void pressure_release(struct file *f)
{
	if (f->private_data)
		psi_trigger_destroy(f->private_data);
}

static const struct file_operations pressure_fops = {
	.release = pressure_release,
	.read_iter = pressure_read_iter,
	.write_iter = pressure_write_iter,
	.poll = pressure_poll,
	.llseek = generic_file_llseek,
};

static const enum psi_res io = PSI_IO, memory = PSI_MEM, cpu = PSI_CPU;

#define PRESSURE(n)                                                          \
	{                                                                    \
		.name = "pressure/" #n, .mode = 0666, .fop = &pressure_fops, \
		.data = (void *)&(n)                                         \
	}

static const struct proc_entry entries[] = {
	PRESSURE(io),
	PRESSURE(memory),
	PRESSURE(cpu),
};

/** proc_pressure_init() - name the files. Context: boot, once. */
void proc_pressure_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		proc_create(&entries[i]);
}
