/* SPDX-License-Identifier: MIT */
/*
 * ELF programs for the 386. A program is a list of segments; each becomes a
 * private mapping of the file, and what it is longer in memory than in the
 * file becomes zeroes:
 *
 *      p_vaddr     + p_filesz      + p_memsz
 *   │  │ file          │ zeroes       │   │
 *   └──┴───────────────┴──────────┴───┴───┘   page borders
 *      mapping of the file ───────┤ anonymous ┤
 *
 * One with an interpreter (the dynamic linker) has that loaded beside it, and
 * it is the interpreter that starts. What a program is told lies on its stack:
 *
 *   sp │ argc │ argv … 0 │ envp … 0 │ auxv … AT_NULL │ random, "i686", strings
 *
 * Nothing in the file is believed: before the old program is gone a lie is
 * -ENOEXEC or -EINVAL, after that it is the new one's death.
 *
 * System V ABI, Intel386 Architecture Processor Supplement, chapters 3 to 5.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/exec/elf.h>
#include <kernel/exec/exec.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/task/cred.h>
#include <kernel/task/personality.h>
#include <kernel/time/clock.h>
#include <mach/uaccess.h>

#define ET_DYN_BASE 0x56555000ul /* where a program without a place goes */
#define MAX_PHDRS (65536u / sizeof(struct elf32_phdr))

#define BAD_ADDR(x) ((unsigned long)(x) >= TASK_SIZE)

struct loaded { /* where things came to lie */
	unsigned long bias; /* address - p_vaddr */
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long brk; /* end of the highest segment */
	unsigned long phdr; /* address of the program headers, 0: nowhere */
};

static struct elf32_phdr *load_phdrs(struct file *f, const struct elf32_hdr *h)
{
	size_t size = h->e_phnum * sizeof(struct elf32_phdr);
	struct elf32_phdr *phdrs;
	ssize_t n;

	if (h->e_phentsize != sizeof(struct elf32_phdr) || !h->e_phnum ||
	    h->e_phnum > MAX_PHDRS)
		return ERR_PTR(-ENOEXEC);
	phdrs = kmalloc(size, GFP_KERNEL);
	if (!phdrs)
		return ERR_PTR(-ENOMEM);
	n = kernel_read(f, phdrs, size, h->e_phoff);
	if (n == (ssize_t)size)
		return phdrs;
	kfree(phdrs);
	return ERR_PTR(n < 0 ? n : -ENOEXEC);
}

static bool elf_header_ok(const struct elf32_hdr *h, struct file *f)
{
	return !memcmp(h->e_ident, ELFMAG, SELFMAG) &&
	       (h->e_type == ET_EXEC || h->e_type == ET_DYN) &&
	       (h->e_machine == EM_386 || h->e_machine == EM_486) &&
	       f->f_op->mmap;
}

/* ---- segments ---- */

static unsigned long segment_prot(const struct elf32_phdr *p)
{
	return (p->p_flags & PF_R ? PROT_READ : 0) |
	       (p->p_flags & PF_W ? PROT_WRITE : 0) |
	       (p->p_flags & PF_X ? PROT_EXEC : 0);
}

static bool segment_ok(const struct elf32_phdr *p, unsigned long bias)
{
	unsigned long start = p->p_vaddr + bias;

	return !BAD_ADDR(start) && p->p_filesz <= p->p_memsz &&
	       p->p_memsz <= TASK_SIZE && TASK_SIZE - p->p_memsz >= start;
}

/* Pages of the file at @addr; its address or -errno. */
static unsigned long map_file_part(struct file *f, const struct elf32_phdr *p,
				   unsigned long addr, unsigned long flags)
{
	unsigned long in_page = p->p_vaddr & ~PAGE_MASK;

	if (!p->p_filesz)
		return addr;
	if ((p->p_offset & ~PAGE_MASK) != in_page)
		return -EINVAL;
	return vm_mmap(current->mm, f, addr - in_page, p->p_filesz + in_page,
		       segment_prot(p), MAP_PRIVATE | flags,
		       p->p_offset - in_page);
}

/* What the segment has beyond its part of the file reads as zero. */
static int map_zero_part(const struct elf32_phdr *p, unsigned long addr)
{
	unsigned long from = addr + p->p_filesz, to = addr + p->p_memsz;
	unsigned long page = PAGE_ALIGN(from);

	if (!p->p_filesz)
		page = addr & PAGE_MASK;
	else if (from < page && clear_user((void __user *)from, page - from) &&
		 p->p_flags & PF_W)
		return -EFAULT;
	to = PAGE_ALIGN(to);
	if (to <= page)
		return 0;
	return vm_brk_flags(current->mm, page, to - page,
			    p->p_flags & PF_X ? VM_EXEC : 0);
}

static int load_segment(struct file *f, const struct elf32_phdr *p,
			unsigned long bias, unsigned long flags)
{
	unsigned long addr = p->p_vaddr + bias, got;

	if (!p->p_memsz)
		return 0;
	if (!segment_ok(p, bias))
		return -EINVAL;
	got = map_file_part(f, p, addr, flags);
	if (IS_ERR_VALUE(got))
		return (int)got;
	return p->p_memsz > p->p_filesz ? map_zero_part(p, addr) : 0;
}

static void note_segment(struct loaded *l, const struct elf32_hdr *h,
			 const struct elf32_phdr *p)
{
	unsigned long start = p->p_vaddr + l->bias;
	unsigned long end = start + p->p_filesz;

	l->start_code = min(l->start_code, start);
	l->start_data = max(l->start_data, start);
	if (p->p_flags & PF_X)
		l->end_code = max(l->end_code, end);
	l->end_data = max(l->end_data, end);
	l->brk = max(l->brk, start + p->p_memsz);
	if (h->e_phoff >= p->p_offset && h->e_phoff - p->p_offset < p->p_filesz)
		l->phdr = start + (h->e_phoff - p->p_offset);
}

/*
 * The span of all segments, which must be free as a whole before the first is
 * placed; 0 if there is none, or they cannot fit.
 */
static unsigned long total_size(const struct elf32_phdr *phdrs, u32 n,
				unsigned long *first)
{
	unsigned long lo = ~0ul, hi = 0;
	u32 i;

	for (i = 0; i < n; i++) {
		const struct elf32_phdr *p = &phdrs[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (!segment_ok(p, 0))
			return 0;
		lo = min(lo, (unsigned long)p->p_vaddr & PAGE_MASK);
		hi = max(hi,
			 PAGE_ALIGN((unsigned long)p->p_vaddr + p->p_memsz));
	}
	*first = lo;
	return hi > lo ? hi - lo : 0;
}

/* Find room for an ET_DYN file; @want 0: anywhere. Its bias or -errno. */
static unsigned long place(const struct elf32_phdr *phdrs, u32 n,
			   unsigned long want)
{
	unsigned long first = 0, size = total_size(phdrs, n, &first), addr;

	if (!size)
		return -EINVAL;
	addr = vm_mmap(current->mm, NULL, want, size, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			       (want ? MAP_FIXED_NOREPLACE : 0),
		       0);
	if (IS_ERR_VALUE(addr))
		return addr;
	vm_munmap(current->mm, addr, size);
	return addr - first;
}

static int load_segments(struct file *f, const struct elf32_hdr *h,
			 const struct elf32_phdr *phdrs, struct loaded *l)
{
	unsigned long flags = MAP_FIXED;
	bool any = false;
	u32 i;
	int err;

	l->start_code = ~0ul;
	for (i = 0; i < h->e_phnum; i++) {
		if (phdrs[i].p_type != PT_LOAD)
			continue;
		/* The first must not lie on the stack. */
		err = load_segment(f, &phdrs[i], l->bias,
				   any ? flags : MAP_FIXED_NOREPLACE);
		if (err)
			return err;
		note_segment(l, h, &phdrs[i]);
		any = true;
	}
	return any ? 0 : -EINVAL;
}

/* ---- the interpreter ---- */

struct interp {
	struct file *file; /* NULL: the program has none */
	struct elf32_hdr hdr;
	struct elf32_phdr *phdrs;
};

static int open_interp(struct linux_binprm *bprm, const struct elf32_phdr *p,
		       struct interp *in)
{
	char *name;
	struct file *f;
	ssize_t n;

	if (p->p_filesz > PATH_MAX || p->p_filesz < 2)
		return -ENOEXEC;
	name = kmalloc(p->p_filesz, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	n = kernel_read(bprm->file, name, p->p_filesz, p->p_offset);
	if (n != (ssize_t)p->p_filesz || name[n - 1]) {
		kfree(name);
		if (n == (ssize_t)p->p_filesz)
			return -ENOEXEC;
		return n < 0 ? (int)n : -EIO;
	}
	f = open_exec(AT_FDCWD, name, 0);
	kfree(name);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	bprm->unreadable |= inode_permission(f->f_inode, MAY_READ) != 0;
	in->file = f;
	n = kernel_read(f, &in->hdr, sizeof(in->hdr), 0);
	if (n != sizeof(in->hdr))
		return n < 0 ? (int)n : -EIO;
	if (!elf_header_ok(&in->hdr, f))
		return -ELIBBAD;
	in->phdrs = load_phdrs(f, &in->hdr);
	if (IS_ERR(in->phdrs)) {
		in->phdrs = NULL;
		return -ELIBBAD;
	}
	return 0;
}

static void close_interp(struct interp *in)
{
	kfree(in->phdrs);
	if (!in->file)
		return;
	/* Libraries may be written while they are mapped. */
	in->file->f_mode &= ~FMODE_EXEC;
	allow_write_access(in->file->f_inode);
	fput(in->file);
}

/* @base: out. The address where it starts, or -errno. */
static unsigned long load_interp(const struct interp *in, unsigned long *base)
{
	struct loaded l = { 0 };
	unsigned long entry;
	int err;

	if (in->hdr.e_type == ET_DYN) {
		l.bias = place(in->phdrs, in->hdr.e_phnum, 0);
		if (IS_ERR_VALUE(l.bias))
			return l.bias;
	}
	err = load_segments(in->file, &in->hdr, in->phdrs, &l);
	if (err)
		return (unsigned long)err;
	*base = l.bias;
	entry = in->hdr.e_entry + l.bias;
	return BAD_ADDR(entry) ? (unsigned long)-EINVAL : entry;
}

/* ---- what the program finds on its stack ---- */

/* Fill @v; how many words. */
static u32 fill_auxv(u32 *v, const struct linux_binprm *bprm,
		     const struct elf32_hdr *h, const struct loaded *l,
		     unsigned long interp_base, u32 platform, u32 random)
{
	const struct cred *c = current->cred;
	const u32 pairs[][2] = {
		{ AT_HWCAP, cpu_features },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, USER_HZ },
		{ AT_PHDR, l->phdr },
		{ AT_PHENT, sizeof(struct elf32_phdr) },
		{ AT_PHNUM, h->e_phnum },
		{ AT_BASE, interp_base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, h->e_entry + l->bias },
		{ AT_UID, c->uid },
		{ AT_EUID, c->euid },
		{ AT_GID, c->gid },
		{ AT_EGID, c->egid },
		{ AT_SECURE, bprm->secure },
		{ AT_RANDOM, random },
		{ AT_HWCAP2, 0 },
		{ AT_EXECFN, bprm->exec },
		{ AT_PLATFORM, platform },
		{ AT_NULL, 0 },
	};

	_Static_assert(sizeof(pairs) <= sizeof(current->mm->saved_auxv),
		       "saved_auxv");
	memcpy(v, pairs, sizeof(pairs));
	return sizeof(pairs) / sizeof(u32);
}

/* Pointers to @n strings that lie at *@s, and a 0. */
static int put_strings(u32 __user **sp, unsigned long *s, int n)
{
	for (; n > 0; n--) {
		long len = strnlen_user((const char __user *)*s, 1 << 20);

		if (len <= 0 || put_user((u32)*s, (*sp)++))
			return -EFAULT;
		*s += (unsigned long)len;
	}
	return put_user(0u, (*sp)++);
}

/* Returns the new stack pointer, or -errno. */
static unsigned long create_elf_tables(const struct linux_binprm *bprm,
				       const struct elf32_hdr *h,
				       const struct loaded *l,
				       unsigned long interp_base)
{
	struct mm_struct *mm = current->mm;
	unsigned long p = bprm->p, platform, random, s, start;
	u32 bytes[4] = { (u32)port_random(), (u32)port_random(),
			 (u32)port_random(), (u32)port_random() };
	u32 __user *sp;
	u32 words;

	platform = (p & ~15ul) - sizeof("i686");
	random = platform - sizeof(bytes);
	if (copy_to_user((void __user *)platform, "i686", sizeof("i686")) ||
	    copy_to_user((void __user *)random, bytes, sizeof(bytes)))
		return -EFAULT;
	words = fill_auxv(mm->saved_auxv, bprm, h, l, interp_base, platform,
			  random);
	start = random - (unsigned long)(bprm->argc + bprm->envc + 3) * 4;
	start = (start - words * 4) & ~15ul;
	sp = (u32 __user *)start;
	s = mm->arg_start = p;
	if (put_user((u32)bprm->argc, sp++) || put_strings(&sp, &s, bprm->argc))
		return -EFAULT;
	mm->arg_end = mm->env_start = s;
	if (put_strings(&sp, &s, bprm->envc))
		return -EFAULT;
	mm->env_end = s;
	if (copy_to_user(sp, mm->saved_auxv, words * 4))
		return -EFAULT;
	return start;
}

/* ---- all together ---- */

static int set_stack_prot(const struct elf32_hdr *h,
			  const struct elf32_phdr *phdrs)
{
	struct vm_area_struct *vma;
	u32 i;

	for (i = 0; i < h->e_phnum; i++) {
		if (phdrs[i].p_type != PT_GNU_STACK)
			continue;
		if (!(phdrs[i].p_flags & PF_X))
			return 0;
		break;
	}
	vma = find_vma(current->mm, TASK_SIZE - 1);
	if (!vma)
		return 0;
	return mm_mprotect(current->mm, vma->vm_start,
			   vma->vm_end - vma->vm_start,
			   PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void set_mm_fields(const struct loaded *l)
{
	struct mm_struct *mm = current->mm;

	mm->start_code = l->start_code;
	mm->end_code = l->end_code;
	mm->start_data = l->start_data;
	mm->end_data = l->end_data;
	mm->start_brk = mm->brk = PAGE_ALIGN(l->brk);
}

/* Past the point of no return. */
static int start_elf(struct linux_binprm *bprm, const struct elf32_hdr *h,
		     const struct elf32_phdr *phdrs, const struct interp *in)
{
	struct loaded l = { 0 };
	unsigned long entry, base = 0, sp;
	int err;

	err = set_stack_prot(h, phdrs);
	if (err)
		return err;
	if (h->e_type == ET_DYN) {
		l.bias = place(phdrs, h->e_phnum, in->file ? ET_DYN_BASE : 0);
		if (IS_ERR_VALUE(l.bias))
			return (int)l.bias;
	}
	err = load_segments(bprm->file, h, phdrs, &l);
	if (err)
		return err;
	entry = h->e_entry + l.bias;
	if (BAD_ADDR(entry))
		return -EINVAL;
	set_mm_fields(&l);
	if (current->personality & MMAP_PAGE_ZERO) /* if it may; as SVr4 */
		vm_mmap(current->mm, NULL, 0, PAGE_SIZE, PROT_READ | PROT_EXEC,
			MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (in->file)
		entry = load_interp(in, &base);
	if (IS_ERR_VALUE(entry))
		return (int)entry;
	sp = create_elf_tables(bprm, h, &l, base);
	if (IS_ERR_VALUE(sp))
		return (int)sp;
	current->mm->start_stack = sp;
	start_thread(task_pt_regs(current), (u32)entry, (u32)sp);
	return 0;
}

/**
 * load_elf_binary() - run an ELF program
 * @bprm: the program
 *
 * Return: 0 when it is ready to start, -ENOEXEC if it is no such program,
 * or another -errno.
 */
int load_elf_binary(struct linux_binprm *bprm)
{
	const struct elf32_hdr *h = (const struct elf32_hdr *)bprm->buf;
	struct interp in = { 0 };
	struct elf32_phdr *phdrs;
	int err = 0;
	u32 i;

	if (!elf_header_ok(h, bprm->file))
		return -ENOEXEC;
	phdrs = load_phdrs(bprm->file, h);
	if (IS_ERR(phdrs))
		return (int)PTR_ERR(phdrs);
	for (i = 0; i < h->e_phnum && !err && !in.file; i++) {
		if (phdrs[i].p_type == PT_INTERP)
			err = open_interp(bprm, &phdrs[i], &in);
	}
	if (!err)
		err = begin_new_exec(bprm);
	if (!err)
		err = start_elf(bprm, h, phdrs, &in);
	close_interp(&in);
	kfree(phdrs);
	return err;
}
