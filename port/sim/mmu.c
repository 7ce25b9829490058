/* SPDX-License-Identifier: MIT */
/*
 * The paper machine's memory management unit: what a program's access goes
 * through, and the kernel's own access to user memory.
 *
 *   offset ─ segment ─► linear ─ TLB ─► frame ─► bytes in the arena
 *            base,limit    │ miss
 *                          └─ directory ─ table ─► entry ─► TLB
 *                               │ no, or not allowed
 *                               └─ handle_page_fault(), and again
 *
 * The TLB never forgets by itself. A remembered entry that allows more than
 * the tables do, or leads elsewhere, ends the run: somebody changed the
 * tables and did not flush. One that allows less is dropped and walked again,
 * as on a processor. sim_tlb_check() compares all of them at once.
 *
 * Kernel addresses (vmalloc, kmap) are really mapped by the host: their low
 * 32 bits are the linear address, and sim_sync_kernel() makes the host map
 * the arena's frames there as init_mm's tables say. A guard page is therefore
 * a real one.
 */
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/mm.h>
#include <ashlar/fault.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mmap.h>
#include <mach/sanitize.h>
#include <mach/tlb.h>
#include <mach/uaccess.h>
#include "sim.h"

#define LINEAR_PAGES (1ul << (32 - PAGE_SHIFT))
/* A fault that is said to be repaired and comes back this often is not. */
#define FAULT_RETRIES 16

/* By linear page: the entry as it was when it was walked; 0: unknown. */
static u32 tlb[LINEAR_PAGES];
/* What is in it, in no order. */
static u32 tlb_pages[LINEAR_PAGES];
static unsigned long tlb_used;

static struct mm_struct *loaded; /* NULL: init_mm */
static pgd_t kernel_pgd[PTRS_PER_PGD] __aligned_to(4096);
static pte_t pkmap_ptes[LAST_PKMAP];

pte_t *pkmap_page_table = pkmap_ptes;
bool port_has_pse = true;
pte_t sim_local_ptes[SIM_CPUS * KMAP_LOCAL_SLOTS];

struct mm_struct init_mm = {
	.pgd = kernel_pgd,
	.mm_users = ATOMIC_INIT(2),
	.mm_count = ATOMIC_INIT(1),
	.mmlist = LIST_HEAD_INIT(init_mm.mmlist),
};

/* ---- the TLB ---- */

static void tlb_forget(u32 page)
{
	tlb[page] = 0;
}

static void tlb_forget_all(void)
{
	while (tlb_used)
		tlb[tlb_pages[--tlb_used]] = 0;
}

static void tlb_remember(u32 page, u32 entry)
{
	if (!tlb[page]) {
		/* Forgotten pages are still listed: start over when full. */
		if (tlb_used == LINEAR_PAGES)
			tlb_forget_all();
		tlb_pages[tlb_used++] = page;
	}
	tlb[page] = entry;
}

/*
 * The entry that the tables of the loaded space have for @linear, or NULL: it
 * may be the directory's.
 */
static pte_t *walk(u32 linear)
{
	pgd_t *pgd = (loaded ? loaded : &init_mm)->pgd + pgd_index(linear);
	const struct page *table;

	if (!(pgd->pgd & _PAGE_PRESENT))
		return NULL;
	if (pgd_huge(*pgd)) {
		if (!port_has_pse)
			sim_fail("%#x has a huge page, which this processor "
				 "does not know",
				 linear);
		return (pte_t *)pgd;
	}
	table = pgd_page(*pgd);
	if (pfn_is_high(page_to_pfn(table)) || !(table->flags & PG_used))
		sim_fail("the directory's entry for %#x, %#x, is no table",
			 linear, pgd->pgd);
	return pte_offset(pgd, linear);
}

/* True if what was remembered is more than what the tables say now. */
static bool stale(u32 remembered, u32 now)
{
	const u32 exact = _PAGE_FRAME | _PAGE_PRESENT | _PAGE_USER;

	return ((remembered ^ now) & exact) ||
	       (remembered & ~now & (_PAGE_RW | _PAGE_DIRTY));
}

/* What an entry says of one page: that frame of a huge page's. */
static u32 page_entry(pte_t entry, u32 page)
{
	if (!pte_huge(entry))
		return pte_val(entry);
	if (pte_val(entry) & (u32)~PGDIR_MASK & (u32)PAGE_MASK)
		sim_fail("the huge page of %#lx, %#x, lies across two",
			 (unsigned long)page << PAGE_SHIFT, pte_val(entry));
	return (pte_val(entry) & ~_PAGE_PSE) |
	       (u32)(pte_index((unsigned long)page << PAGE_SHIFT)
		     << PAGE_SHIFT);
}

static u32 entry_now(u32 page)
{
	pte_t *ptep = walk(page << PAGE_SHIFT);

	return ptep ? page_entry(*ptep, page) : 0;
}

static void check_entry(u32 page)
{
	u32 now = entry_now(page);

	if (stale(tlb[page], now))
		sim_fail("missing TLB flush: %#lx is remembered as %#x and is "
			 "%#x now",
			 (unsigned long)page << PAGE_SHIFT, tlb[page], now);
}

/* All that is remembered agrees with the tables. */
void sim_tlb_check(void)
{
	for (unsigned long i = 0; i < tlb_used; i++)
		if (tlb[tlb_pages[i]])
			check_entry(tlb_pages[i]);
}

/* True if a CPU is between a change of the tables and its flush. */
bool sim_tlb_is_behind(void)
{
	for (unsigned long i = 0; i < tlb_used; i++) {
		u32 page = tlb_pages[i];

		if (tlb[page] && stale(tlb[page], entry_now(page)))
			return true;
	}
	return false;
}

void flush_tlb_page(struct mm_struct *mm, unsigned long addr)
{
	sim.tlb_flushes++;
	if (mm == loaded)
		tlb_forget((u32)addr >> PAGE_SHIFT);
}

void flush_tlb_range(struct mm_struct *mm, unsigned long start,
		     unsigned long end)
{
	sim.tlb_flushes++;
	if (mm != loaded)
		return;
	for (; start < end; start += PAGE_SIZE)
		tlb_forget((u32)start >> PAGE_SHIFT);
}

void flush_tlb_mm(struct mm_struct *mm)
{
	sim.tlb_flushes++;
	if (mm == loaded)
		tlb_forget_all();
}

/* From now on programs run in @mm, and the kernel's copies go there. */
void sim_load_mm(struct mm_struct *mm)
{
	sim_tlb_check();
	sim_fiber_loads();
	loaded = mm;
	tlb_forget_all();
}

/* The same where other CPUs may be changing its tables. */
void sim_change_mm(struct mm_struct *mm)
{
	loaded = mm;
	tlb_forget_all();
}

struct mm_struct *sim_loaded_mm(void)
{
	return loaded;
}

/* ---- directories ---- */

pgd_t *pgd_alloc(struct mm_struct *mm)
{
	pgd_t *pgd = (pgd_t *)get_zeroed_page(GFP_KERNEL);

	(void)mm;
	if (pgd)
		for (unsigned int i = USER_PTRS_PER_PGD; i < PTRS_PER_PGD; i++)
			pgd[i] = kernel_pgd[i];
	return pgd;
}

void pgd_free(struct mm_struct *mm, pgd_t *pgd)
{
	for (unsigned long i = 0; i < USER_PTRS_PER_PGD; i++)
		if (!pgd_none(pgd[i]))
			sim_fail("a directory is freed with the table of %#lx",
				 i << PGDIR_SHIFT);
	if (mm == loaded)
		sim_fail("the loaded directory is freed");
	free_page((unsigned long)pgd);
}

/* The window's tables are all there since boot: see sim_build_kernel(). */
void pgd_populate_kernel(unsigned long addr, struct page *table)
{
	(void)table;
	sim_fail("there is a table for %#lx already", addr);
}

/* ---- kernel addresses ---- */

static pte_t *kernel_pte(unsigned long addr)
{
	if (addr >= SIM_LOCAL_BASE)
		return sim_local_ptes + ((addr - SIM_LOCAL_BASE) >> PAGE_SHIFT);
	if (addr >= PKMAP_BASE)
		return pkmap_ptes + ((addr - PKMAP_BASE) >> PAGE_SHIFT);
	return pte_offset(pgd_offset(&init_mm, addr), addr);
}

static void sync_page(unsigned long addr)
{
	u32 pte = pte_val(*kernel_pte(addr));

	sim_host_map(addr, pte >> PAGE_SHIFT, pte & _PAGE_PRESENT,
		     pte & _PAGE_RW);
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE_SIZE)
		sync_page(start);
}

void __flush_tlb_one(unsigned long addr)
{
	sync_page(addr & PAGE_MASK);
}

void flush_cache_vmap(unsigned long start, unsigned long end)
{
	flush_tlb_kernel_range(start, end);
}

/* Tables for the vmalloc area, in frames from @pfn on that no zone has. */
void sim_build_kernel(unsigned long pfn)
{
	for (unsigned long a = VMALLOC_START; a < VMALLOC_END;
	     a += PGDIR_SIZE, pfn++) {
		kernel_pgd[pgd_index(a)].pgd = (u32)(pfn << PAGE_SHIFT) |
					       _PAGE_PRESENT | _PAGE_RW;
		port_unpoison(pfn_to_virt(pfn), PAGE_SIZE);
	}
}

/* ---- one access ---- */

static enum sim_fault fault_to_signal(vm_fault_t f)
{
	if (f & VM_FAULT_OOM)
		return SIM_OOM;
	if (f & VM_FAULT_SIGBUS)
		return SIM_BUS;
	return f & VM_FAULT_ACCERR ? SIM_ACCERR : SIM_MAPERR;
}

static u32 rights(unsigned int flags)
{
	return _PAGE_PRESENT | (flags & FAULT_FLAG_WRITE ? _PAGE_RW : 0) |
	       (flags & FAULT_FLAG_USER ? _PAGE_USER : 0);
}

/* Through the TLB or the tables; 0: a fault. */
static u32 translate(u32 linear, unsigned int flags)
{
	u32 page = linear >> PAGE_SHIFT, need = rights(flags);
	u32 set = _PAGE_ACCESSED;
	pte_t *ptep;

	if (flags & FAULT_FLAG_WRITE)
		set |= _PAGE_DIRTY;
	if (tlb[page]) {
		check_entry(page);
		if ((tlb[page] & (need | set)) == (need | set))
			return tlb[page];
		tlb_forget(page);
	}
	ptep = walk(linear);
	if (!ptep || (pte_val(*ptep) & need) != need)
		return 0;
	ptep->pte |= set;
	tlb_remember(page, page_entry(*ptep, page));
	return tlb[page];
}

static void check_frame(u32 linear, u32 entry)
{
	unsigned long pfn = entry >> PAGE_SHIFT;

	if (entry & _PAGE_SPECIAL)
		return;
	if (pfn >= port_ram_pages ||
	    !(compound_head(pfn_to_page(pfn))->flags & PG_used))
		sim_fail("%#x is mapped to frame %#lx, which is free", linear,
			 pfn);
}

/*
 * The bytes at @linear, up to the end of their page. Past the checker of the
 * host: high frames are poisoned, and check_frame() has looked.
 */
static enum sim_fault access_page(u32 linear, unsigned int flags, u8 **bytes)
{
	vm_fault_t f;
	u32 entry;

	if (linear >= TASK_SIZE)
		return SIM_MAPERR;
	for (int i = 0; i < FAULT_RETRIES; i++) {
		entry = translate(linear, flags);
		if (entry) {
			check_frame(linear, entry);
			*bytes = (u8 *)pfn_to_virt(entry >> PAGE_SHIFT) +
				 linear % PAGE_SIZE;
			return SIM_OK;
		}
		if (!loaded)
			return SIM_MAPERR;
		sim.faults++;
		f = handle_page_fault(loaded, linear, flags);
		if (f & VM_FAULT_ERROR)
			return fault_to_signal(f);
	}
	sim_fail("a fault at %#x (flags %#x) comes back", linear, flags);
}

__attribute__((no_sanitize("address"))) static void
move(volatile u8 *to, const volatile u8 *from, size_t n)
{
	while (n--)
		*to++ = *from++;
}

/*
 * Read (@in) or write (@out) @n bytes of user memory, or with neither write
 * zeroes; returns how many are left.
 */
static size_t user_bytes(u32 linear, u8 *in, const u8 *out, size_t n,
			 unsigned int flags, enum sim_fault *why)
{
	static const u8 zeroes[PAGE_SIZE];
	u8 *bytes = NULL;
	size_t part;

	for (*why = SIM_OK; n; n -= part, linear += (u32)part) {
		*why = access_page(linear, flags, &bytes);
		if (*why != SIM_OK)
			break;
		part = min(n, (size_t)(PAGE_SIZE - linear % PAGE_SIZE));
		if (in)
			move(in, bytes, part);
		else
			move(bytes, out ? out : zeroes, part);
		in = in ? in + part : NULL;
		out = out ? out + part : NULL;
	}
	return n;
}

/* ---- a program's accesses ---- */

static bool segment_allows(const struct sim_segment *s, u32 offset, size_t n,
			   bool write)
{
	if (!s->present || (write && !s->writable))
		return false;
	return n == 0 || (n - 1 <= s->limit && offset <= s->limit - (n - 1));
}

enum sim_fault sim_read(u32 offset, void *buf, size_t n)
{
	enum sim_fault why;

	if (!segment_allows(&sim.ds, offset, n, false))
		return SIM_GP;
	user_bytes(sim.ds.base + offset, buf, NULL, n, FAULT_FLAG_USER, &why);
	return why;
}

enum sim_fault sim_write(u32 offset, const void *buf, size_t n)
{
	enum sim_fault why;

	if (!segment_allows(&sim.ds, offset, n, true))
		return SIM_GP;
	user_bytes(sim.ds.base + offset, NULL, buf, n,
		   FAULT_FLAG_USER | FAULT_FLAG_WRITE, &why);
	return why;
}

enum sim_fault sim_fetch(u32 offset, void *buf, size_t n)
{
	enum sim_fault why;

	if (!segment_allows(&sim.cs, offset, n, false))
		return SIM_GP;
	user_bytes(sim.cs.base + offset, buf, NULL, n,
		   FAULT_FLAG_USER | FAULT_FLAG_INSTRUCTION, &why);
	return why;
}

/* ---- the kernel's accesses ---- */

size_t copy_from_user(void *to, const void __user *from, size_t n)
{
	enum sim_fault why;

	if (!access_ok(from, n))
		return n;
	return user_bytes((u32)(uintptr_t)from, to, NULL, n, 0, &why);
}

size_t copy_to_user(void __user *to, const void *from, size_t n)
{
	enum sim_fault why;

	if (!access_ok(to, n))
		return n;
	return user_bytes((u32)(uintptr_t)to, NULL, from, n, FAULT_FLAG_WRITE,
			  &why);
}

size_t clear_user(void __user *to, size_t n)
{
	size_t part, left = n;

	if (!access_ok(to, n))
		return n;
	for (; left; left -= part, to = (char *)to + part) {
		enum sim_fault why;

		part = min(left, (size_t)PAGE_SIZE);
		if (user_bytes((u32)(uintptr_t)to, NULL, NULL, part,
			       FAULT_FLAG_WRITE, &why))
			break;
	}
	return left;
}

long strncpy_from_user(char *dst, const char __user *src, long n)
{
	for (long i = 0; i < n; i++) {
		if (copy_from_user(dst + i, src + i, 1))
			return -EFAULT;
		if (!dst[i])
			return i;
	}
	return n;
}

long strnlen_user(const char __user *s, long n)
{
	char c;

	for (long i = 0; i < n; i++) {
		if (copy_from_user(&c, s + i, 1))
			return 0;
		if (!c)
			return i + 1;
	}
	return n + 1;
}
