/* SPDX-License-Identifier: MIT */
/*
 * Segments and ports that a program asks for: its LDT (modify_ldt), three
 * entries of the GDT for thread-local storage, permission for port input and
 * output.
 *
 * An LDT belongs to the address space. It grows by replacement: a new array
 * is filled, loaded, and the old one freed; threads that run later load it
 * with the space. It never shrinks: whoever has slept looks for it again, and
 * finds at least as many entries.
 */
#include <ashlar/mmap.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <i386.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <mach/pgtable.h>

#define LDT_ENTRIES 8192u
#define LDT_GROW 512u /* entries a page */
#define READ_PIECE 256u /* bytes copied to a program at a time */
#define PORTS 65536u

static struct desc_struct *alloc_ldt(u32 entries)
{
	return vmalloc(entries * sizeof(struct desc_struct));
}

/**
 * init_new_context() - the LDT of a new space
 * @old: the parent's, or NULL
 * @mm: the new one
 *
 * Return: 0 or -ENOMEM.
 */
int init_new_context(struct mm_struct *old, struct mm_struct *mm)
{
	struct mm_context *from = old ? &old->context : NULL;
	struct mm_context *to = &mm->context;

	to->ldt = NULL;
	to->ldt_entries = 0;
	if (likely(!from || !from->ldt))
		return 0;
	do {
		vfree(to->ldt);
		to->ldt_entries = from->ldt_entries;
		to->ldt = alloc_ldt(to->ldt_entries);
		if (!to->ldt)
			return -ENOMEM;
	} while (to->ldt_entries != from->ldt_entries);
	memcpy(to->ldt, from->ldt,
	       to->ldt_entries * sizeof(struct desc_struct));
	return 0;
}

/** destroy_context() - the space is gone, and nowhere loaded */
void destroy_context(struct mm_struct *mm)
{
	if (likely(!mm->context.ldt))
		return;
	vfree(mm->context.ldt);
	mm->context.ldt = NULL;
}

static int grow_ldt(struct mm_struct *mm, u32 entries)
{
	struct mm_context *c = &mm->context;
	struct desc_struct *ldt, *old;

	entries = min(ALIGN(entries, LDT_GROW), LDT_ENTRIES);
	ldt = alloc_ldt(entries);
	if (!ldt)
		return -ENOMEM;
	if (c->ldt_entries >= entries) { /* by another thread, meanwhile */
		vfree(ldt);
		return 0;
	}
	old = c->ldt;
	memset(ldt, 0, entries * sizeof(*ldt));
	if (old)
		memcpy(ldt, old, c->ldt_entries * sizeof(*ldt));
	c->ldt = ldt;
	c->ldt_entries = entries;
	load_mm(mm);
	vfree(old);
	return 0;
}

static long read_ldt(u8 __user *to, u32 bytes)
{
	struct mm_context *c = &current->mm->context;
	u32 size = min(c->ldt_entries * 8, bytes), at, n;
	u8 piece[READ_PIECE];

	if (!c->ldt)
		return 0;
	bytes = min(bytes, LDT_ENTRIES * 8);
	for (at = 0; at < size; at += n) {
		n = min(size - at, READ_PIECE);
		memcpy(piece, (u8 *)c->ldt + at, n);
		if (copy_to_user(to + at, piece, n))
			return -EFAULT;
	}
	return clear_user(to + size, bytes - size) ? -EFAULT : (long)bytes;
}

static bool desc_empty(const struct user_desc *d, bool old_form)
{
	return old_form ? !d->base_addr && !d->limit :
			  !d->base_addr && !d->limit && !d->contents &&
				  d->read_exec_only && !d->seg_32bit &&
				  !d->limit_in_pages && d->seg_not_present &&
				  !d->useable;
}

static long write_ldt(const void __user *from, u32 bytes, bool old_form)
{
	struct mm_struct *mm = current->mm;
	struct desc_struct desc = { 0, 0 };
	struct user_desc d;
	long err;

	if (bytes != sizeof(d))
		return -EINVAL;
	if (copy_from_user(&d, from, sizeof(d)))
		return -EFAULT;
	if (d.entry_number >= LDT_ENTRIES)
		return -EINVAL;
	if (d.contents == 3 && (old_form || !d.seg_not_present))
		return -EINVAL;
	if (old_form)
		d.useable = 0;
	if (!desc_empty(&d, old_form))
		desc = fill_ldt_desc(&d);
	if (d.entry_number >= mm->context.ldt_entries) {
		err = grow_ldt(mm, d.entry_number + 1);
		if (err)
			return err;
	}
	((struct desc_struct *)mm->context.ldt)[d.entry_number] = desc;
	return 0;
}

SYSCALL_DEFINE(modify_ldt, int func, void __user *ptr, u32 bytes)
{
	switch (func) {
	case 0:
		return read_ldt(ptr, bytes);
	case 1:
		return write_ldt(ptr, bytes, true);
	case 2:
		bytes = min(bytes,
			    5 * 8u); /* Linux's default LDT was so long */
		return clear_user(ptr, bytes) ? -EFAULT : (long)bytes;
	case 0x11:
		return write_ldt(ptr, bytes, false);
	default:
		return -ENOSYS;
	}
}

SYSCALL_DEFINE(set_thread_area, struct user_desc __user *u)
{
	struct user_desc d;
	u32 wanted;
	int err;

	if (copy_from_user(&d, u, sizeof(d)))
		return -EFAULT;
	wanted = d.entry_number;
	err = do_set_thread_area(current, &d, true);
	if (!err && wanted != d.entry_number)
		err = (int)put_user(d.entry_number, &u->entry_number);
	return err;
}

SYSCALL_DEFINE(get_thread_area, struct user_desc __user *u)
{
	struct user_desc d;
	u32 nr, i;

	if (get_user(nr, &u->entry_number))
		return -EFAULT;
	i = nr - GDT_ENTRY_TLS_MIN;
	if (i >= GDT_ENTRY_TLS_ENTRIES)
		return -EINVAL;
	d = read_ldt_desc(&current->thread.tls_array[i], nr);
	return copy_to_user(u, &d, sizeof(d)) ? -EFAULT : 0;
}

/* ---- ports ---- */

SYSCALL_DEFINE(iopl, u32 level)
{
	struct thread_struct *t = &current->thread;

	if (level > 3)
		return -EINVAL;
	if (level > t->iopl && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	t->iopl = level;
	load_io_bitmap(t);
	return 0;
}

static void set_ports(u8 *bitmap, u32 from, u32 nr, bool on)
{
	u32 port;

	for (port = from; port < from + nr; port++) {
		if (on)
			bitmap[port / 8] &= (u8) ~(1u << port % 8);
		else
			bitmap[port / 8] |= (u8)(1u << port % 8);
	}
}

SYSCALL_DEFINE(ioperm, u32 from, u32 nr, int on)
{
	struct thread_struct *t = &current->thread;

	if (from + nr <= from || from + nr > PORTS)
		return -EINVAL;
	if (on && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (!t->io_bitmap) {
		if (!on)
			return 0;
		t->io_bitmap = kmalloc(IO_BITMAP_BYTES, GFP_KERNEL);
		if (!t->io_bitmap)
			return -ENOMEM;
		memset(t->io_bitmap, 0xff, IO_BITMAP_BYTES);
	}
	set_ports(t->io_bitmap, from, nr, on);
	load_io_bitmap(t);
	return 0;
}
