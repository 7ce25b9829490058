/* SPDX-License-Identifier: MIT */
/*
 * The memory of a process that dies of a fault, as an ELF file that a
 * debugger reads:
 *
 *   ELF header · PT_NOTE, one PT_LOAD an area · notes · pages
 *
 * The notes are the threads' registers, the process's names and its auxiliary
 * vector. Areas of unchanged file pages are named without their bytes; pages
 * of zeroes become holes.
 *
 * The other threads end before the pages are written, so that nothing moves;
 * their registers are noted first, from their kernel stacks.
 *
 * Simpler than in Linux: no pipe to a helper, one fixed choice of areas.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/hugetlb.h>
#include <ashlar/gup.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/printf.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/exec/coredump.h>
#include <kernel/exec/elf.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include <kernel/sched/sched.h>
#include <kernel/signal/signal.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include <kernel/time/clock.h>

#define ET_CORE 4
#define PT_NOTE 4u
#define NT_PRSTATUS 1u
#define NT_PRFPREG 2u
#define NT_PRPSINFO 3u
#define NT_AUXV 6u

char core_pattern[CORE_PATTERN_SIZE] = "core";
int core_uses_pid;

struct elf_prstatus {
	s32 si_signo, si_code, si_errno;
	s16 cursig;
	u32 sigpend, sighold;
	s32 pid, ppid, pgrp, sid;
	struct {
		s32 sec, usec;
	} utime, stime, cutime, cstime;
	u32 reg[17]; /* struct pt_regs */
	s32 fpvalid;
};

struct elf_prpsinfo {
	char state, sname, zomb, nice;
	u32 flag;
	u16 uid, gid;
	s32 pid, ppid, pgrp, sid;
	char fname[16], psargs[80];
};

_Static_assert(sizeof(struct elf_prstatus) == 144, "as debuggers read it");
_Static_assert(sizeof(struct elf_prpsinfo) == 124, "as debuggers read it");
_Static_assert(sizeof(struct pt_regs) == 17 * 4, "elf_prstatus::reg");

struct core {
	struct file *file;
	loff_t pos;
	unsigned long limit; /* RLIMIT_CORE */
	u8 *notes;
	u32 notes_size; /* room */
	u32 notes_len;
	u8 page[PAGE_SIZE];
};

/* ---- notes ---- */

static void *add_note(struct core *c, u32 type, u32 size)
{
	u32 head[5] = { 5, size, type };
	u8 *at = c->notes + c->notes_len;

	memcpy(&head[3], "CORE\0\0\0", 8);
	memcpy(at, head, sizeof(head));
	c->notes_len += (u32)sizeof(head) + size;
	return at + sizeof(head);
}

static void note_thread(struct core *c, struct task_struct *t,
			const struct siginfo *info)
{
	struct elf_prstatus *s = add_note(c, NT_PRSTATUS, sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->si_signo = info->si_signo;
	s->cursig = (s16)info->si_signo;
	s->sigpend = (u32)t->pending.signal;
	s->sighold = (u32)t->blocked;
	s->pid = t->pid;
	s->ppid = t->real_parent->tgid;
	s->pgrp = t->signal->pgrp;
	s->sid = t->signal->session;
	memcpy(s->reg, task_pt_regs(t), sizeof(s->reg));
	s->fpvalid = t == current;
}

static void note_fpu(struct core *c)
{
	u8 buf[512 + 15];
	u8 *fx = (u8 *)(((unsigned long)buf + 15) & ~15ul);

	fpu_save(fx);
	fsave_from_fxsave(add_note(c, NT_PRFPREG, 108), fx);
}

static void note_process(struct core *c)
{
	struct elf_prpsinfo *p = add_note(c, NT_PRPSINFO, sizeof(*p));
	struct task_struct *t = current->group_leader;
	struct mm_struct *mm = current->mm;
	size_t n = mm->arg_end - mm->arg_start, i;

	memset(p, 0, sizeof(*p));
	p->sname = 'R';
	p->nice = (char)(t->static_prio - DEFAULT_PRIO);
	p->uid = (u16)t->cred->uid;
	p->gid = (u16)t->cred->gid;
	p->pid = t->tgid;
	p->ppid = t->real_parent->tgid;
	p->pgrp = t->signal->pgrp;
	p->sid = t->signal->session;
	memcpy(p->fname, t->comm, sizeof(p->fname));
	if (n > sizeof(p->psargs) - 1)
		n = sizeof(p->psargs) - 1;
	n = access_process_vm(mm, mm->arg_start, p->psargs, n, false);
	for (i = 0; i < n; i++)
		if (!p->psargs[i])
			p->psargs[i] = ' ';
}

static int make_notes(struct core *c, const struct siginfo *info)
{
	u32 threads = (u32)current->signal->nr_threads;
	const u32 *auxv = current->mm->saved_auxv;
	struct task_struct *t;
	u32 words = 0;

	c->notes_size = threads * (20 + sizeof(struct elf_prstatus)) + 1024;
	c->notes = kmalloc(c->notes_size, GFP_KERNEL);
	if (!c->notes)
		return -ENOMEM;
	note_thread(c, current, info);
	note_fpu(c);
	note_process(c);
	do
		words += 2;
	while (auxv[words - 2] && words < ARRAY_SIZE(current->mm->saved_auxv));
	memcpy(add_note(c, NT_AUXV, words * 4), auxv, words * 4);
	for_each_thread(current, t)
		if (t != current && !(t->flags & PF_EXITING) && --threads)
			note_thread(c, t, info);
	return 0;
}

/* ---- the file ---- */

static int emit(struct core *c, const void *data, size_t n)
{
	if ((u64)c->pos + n > c->limit)
		return -EFBIG;
	return kernel_write(c->file, data, n, &c->pos) == (ssize_t)n ? 0 : -EIO;
}

/* Bytes of an area that the file has: all, or none. */
static u32 dumped_bytes(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_DONTDUMP))
		return 0;
	if (is_vm_hugetlb_page(vma))
		return vma->vm_flags & VM_SHARED ?
			       0 :
			       (u32)(vma->vm_end - vma->vm_start);
	if (vma->vm_file && !vma->anon_vma &&
	    !(vma->vm_file->f_mapping &&
	      vma->vm_file->f_mapping->flags & AS_SHMEM &&
	      vma->vm_flags & VM_SHARED))
		return 0;
	return (u32)(vma->vm_end - vma->vm_start);
}

static int emit_headers(struct core *c, u32 areas)
{
	struct elf32_hdr e = { .e_type = ET_CORE,
			       .e_machine = EM_386,
			       .e_version = 1,
			       .e_phoff = sizeof(e),
			       .e_ehsize = sizeof(e),
			       .e_phentsize = sizeof(struct elf32_phdr),
			       .e_phnum = (u16)(areas + 1) };
	struct elf32_phdr p = { .p_type = PT_NOTE, .p_filesz = c->notes_len };
	const struct vm_area_struct *vma;
	u32 offset;
	int err;

	memcpy(e.e_ident, ELFMAG "\1\1\1", 7);
	p.p_offset = (u32)sizeof(e) + (areas + 1) * (u32)sizeof(p);
	offset = (p.p_offset + p.p_filesz + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	err = emit(c, &e, sizeof(e)) ?: emit(c, &p, sizeof(p));
	p.p_type = PT_LOAD;
	p.p_align = PAGE_SIZE;
	for (vma = current->mm->mmap; vma && !err; vma = vma->vm_next) {
		p.p_offset = offset;
		p.p_vaddr = vma->vm_start;
		p.p_memsz = vma->vm_end - vma->vm_start;
		p.p_filesz = dumped_bytes(vma);
		p.p_flags = (vma->vm_flags & VM_READ ? PF_R : 0) |
			    (vma->vm_flags & VM_WRITE ? PF_W : 0) |
			    (vma->vm_flags & VM_EXEC ? PF_X : 0);
		offset += p.p_filesz;
		err = emit(c, &p, sizeof(p));
	}
	return err ?: emit(c, c->notes, c->notes_len);
}

static bool all_zero(const u8 *page)
{
	const u32 *w = (const u32 *)page;
	u32 i;

	for (i = 0; i < PAGE_SIZE / 4; i++)
		if (w[i])
			return false;
	return true;
}

/* True if a huge page would have to be taken from the pool to look at it. */
static bool is_huge_hole(const struct vm_area_struct *vma, unsigned long addr)
{
	u8 there = 1;

	if (is_vm_hugetlb_page(vma))
		mm_mincore(current->mm, addr, 1, &there);
	return !there;
}

static int emit_area(struct core *c, const struct vm_area_struct *vma)
{
	unsigned long addr, end = vma->vm_start + dumped_bytes(vma);
	int err = 0;

	for (addr = vma->vm_start; addr < end && !err; addr += PAGE_SIZE) {
		if (is_huge_hole(vma, addr)) {
			c->pos += PAGE_SIZE;
			continue;
		}
		memset(c->page, 0, PAGE_SIZE);
		access_process_vm(current->mm, addr, c->page, PAGE_SIZE, false);
		if (all_zero(c->page))
			c->pos += PAGE_SIZE;
		else
			err = emit(c, c->page, PAGE_SIZE);
		cond_resched();
	}
	return err;
}

static void emit_core(struct core *c)
{
	const struct vm_area_struct *vma;
	loff_t end;
	int err = emit_headers(c, (u32)current->mm->map_count);

	c->pos = (c->pos + PAGE_SIZE - 1) & ~(loff_t)(PAGE_SIZE - 1);
	for (vma = current->mm->mmap; vma && !err; vma = vma->vm_next)
		err = emit_area(c, vma);
	end = c->pos;
	if (!err && i_size_read(c->file->f_inode) < end)
		do_truncate(c->file->f_inode, end);
}

/* ---- its name ---- */

static size_t expand(char *out, size_t size, char what, int sig)
{
	const struct cred *cred = current->cred;

	switch (what) {
	case '%':
		return (size_t)ashlar_snprintf(out, size, "%%");
	case 'p':
	case 'P':
		return (size_t)ashlar_snprintf(out, size, "%d", current->tgid);
	case 'i':
	case 'I':
		return (size_t)ashlar_snprintf(out, size, "%d", current->pid);
	case 'u':
		return (size_t)ashlar_snprintf(out, size, "%u", cred->uid);
	case 'g':
		return (size_t)ashlar_snprintf(out, size, "%u", cred->gid);
	case 's':
		return (size_t)ashlar_snprintf(out, size, "%d", sig);
	case 't':
		return (size_t)ashlar_snprintf(
			out, size, "%u",
			(u32)(ktime_get_real() / NSEC_PER_SEC));
	case 'e':
		return (size_t)ashlar_snprintf(out, size, "%s", current->comm);
	default:
		return 0;
	}
}

static int core_name(char *out, size_t size, int sig)
{
	const char *from = core_pattern;
	bool pid = false;
	size_t n = 0;

	for (; *from && n + 1 < size; from++) {
		if (*from != '%') {
			out[n++] = *from;
		} else if (*++from) {
			pid |= *from == 'p';
			n += expand(out + n, size - n, *from, sig);
		} else {
			break;
		}
	}
	if (core_uses_pid && !pid && n < size)
		n += (size_t)ashlar_snprintf(out + n, size - n, ".%d",
					     current->tgid);
	if (n >= size)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return n && out[0] != '|' ? 0 : -ENOENT;
}

static struct file *open_core(int sig)
{
	char *name = kmalloc(PATH_MAX, GFP_KERNEL);
	struct file *f = ERR_PTR(-ENOMEM);
	int err;

	if (!name)
		return f;
	err = core_name(name, PATH_MAX, sig);
	f = err ? ERR_PTR(err) :
		  filp_open(name, O_CREAT | O_RDWR | O_NOFOLLOW | O_LARGEFILE,
			    0600);
	kfree(name);
	if (IS_ERR(f))
		return f;
	if (S_ISREG(f->f_inode->i_mode) && f->f_inode->i_nlink == 1 &&
	    f->f_inode->i_uid == current->cred->fsuid &&
	    !do_truncate(f->f_inode, 0))
		return f;
	fput(f);
	return ERR_PTR(-EPERM);
}

/* The other threads end; none stays to change what is written. */
static void wait_alone(int sig)
{
	struct signal_struct *s = current->signal;

	s->group_exit = true;
	s->group_exit_code = sig;
	zap_other_threads(current);
	while (s->nr_threads > 1) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(ktime_get() + NSEC_PER_MSEC);
	}
	current->blocked = ~0ull; /* nothing interrupts the writing */
	recalc_sigpending();
}

/**
 * do_coredump() - write the running process's core file, if it may have one
 * @info: the signal that ends it
 *
 * Ends the process's other threads.
 *
 * Return: true if a file was written.
 */
bool do_coredump(const struct siginfo *info)
{
	unsigned long limit = rlimit(RLIMIT_CORE);
	struct core *c;
	int err;

	if (limit < PAGE_SIZE || !current->mm || !current->mm->dumpable ||
	    current->signal->group_exec_task)
		return false;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return false;
	c->limit = limit;
	err = make_notes(c, info);
	if (err)
		goto out;
	wait_alone(info->si_signo);
	c->file = open_core(info->si_signo);
	err = -EIO;
	if (IS_ERR(c->file))
		goto out;
	err = 0; /* one cut short by its limit is one, too */
	emit_core(c);
	fput(c->file);
out:
	kfree(c->notes);
	kfree(c);
	return !err;
}
