/* SPDX-License-Identifier: MIT */
/* Areas of kernel addresses: mm/vmalloc.c. */
#include "../space.h"
#include <ashlar/highmem.h>
#include <ashlar/seq_file.h>
#include <ashlar/vmalloc.h>
#include <ashlar/vmstat.h>

#define AREAS 200

TEST(every_byte_is_there)
{
	char *p = take_vmalloc(100 * PAGE_SIZE);

	CHECK(is_vmalloc_addr(p));
	CHECK_EQ(global_node_page_state(NR_VMALLOC), 100);
	for (unsigned long i = 0; i < 100 * PAGE_SIZE; i++)
		p[i] = (char)(i * 7 + (i >> PAGE_SHIFT));
	for (unsigned long i = 0; i < 100 * PAGE_SIZE; i++)
		CHECK_EQ(p[i], (char)(i * 7 + (i >> PAGE_SHIFT)));
	give_vmalloc(p);
	CHECK_EQ(global_node_page_state(NR_VMALLOC), 0);
}

/* In the descriptor of the last page, until that is freed. */
TEST(what_was_asked_for_is_known)
{
	char *p = take_vmalloc(PAGE_SIZE + 100);
	struct page *last = vmalloc_to_page(p + PAGE_SIZE);

	CHECK_EQ(vmalloc_to_page(p)->index, 0);
	CHECK_EQ(last->index, 100);
	give_vmalloc(p);
	CHECK_EQ(last->index, 0);
}

TEST(zeroes_on_request)
{
	char *p = take_vmalloc(8 * PAGE_SIZE);

	memset(p, 'x', 8 * PAGE_SIZE);
	give_vmalloc(p);
	p = take_vmalloc(8 * PAGE_SIZE);
	for (unsigned long i = 0; i < 8 * PAGE_SIZE; i++)
		CHECK_EQ(p[i], 0);
	give_vmalloc(p);
}

TEST(sizes_that_are_none)
{
	CHECK(!vmalloc(0));
	CHECK(!vmalloc(~0ul));
	CHECK(!vmalloc(~0ul - PAGE_SIZE));
	CHECK(!vmalloc(1ul << 40));
	vfree(NULL);
	kvfree(NULL);
}

TEST(pages_may_be_high_ones)
{
	char *p = take_vmalloc(PAGE_SIZE);
	struct page *page = vmalloc_to_page(p + 100);

	CHECK(page && PageHighMem(page));
	memset(p, 'v', PAGE_SIZE);
	CHECK(!memcmp(kmap(page), p, PAGE_SIZE));
	kunmap(page);
	CHECK(!vmalloc_to_page(p + PAGE_SIZE));
	give_vmalloc(p);
	CHECK(!vmalloc_to_page(p));
}

TEST_DIES(a_guard_page_ends_an_area, "SEGV")
{
	char *p = vmalloc(2 * PAGE_SIZE);
	char *next = vmalloc(PAGE_SIZE);

	*(volatile char *)(p + 2 * PAGE_SIZE - 1) = 1;
	*(volatile char *)next = 1;
	*(volatile char *)(p + 2 * PAGE_SIZE) = 1;
	NOT_REACHED();
}

TEST_DIES(a_freed_area_is_gone, "SEGV")
{
	char *p = vmalloc(PAGE_SIZE);

	vfree(p);
	*(volatile char *)p = 1;
	NOT_REACHED();
}

TEST_DIES(an_area_is_freed_once, "bad-free")
{
	char *p = vmalloc(PAGE_SIZE);

	vfree(p);
	vfree(p);
	NOT_REACHED();
}

TEST_DIES(an_area_is_freed_by_its_beginning, "bad-free")
{
	vfree((char *)vmalloc(3 * PAGE_SIZE) + PAGE_SIZE);
	NOT_REACHED();
}

TEST_NO_SWEEP(vmap_shows_pages_side_by_side)
{
	struct page *pages[4];
	char *p;

	for (int i = 0; i < 4; i++) {
		pages[i] = take_pages(GFP_HIGHUSER, 0);
		memset(kmap(pages[i]), 'a' + i, PAGE_SIZE);
		kunmap(pages[i]);
	}
	p = NEED((char *)vmap(pages, 4, VM_MAP, PAGE_KERNEL));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(p[i * PAGE_SIZE + 5], 'a' + i);
	p[0] = 'z';
	CHECK_EQ(*(char *)kmap(pages[0]), 'z');
	kunmap(pages[0]);
	vunmap(p);
}

TEST_NO_SWEEP(a_device_is_mapped_into_an_area)
{
	struct page *page = take_pages(GFP_KERNEL, 1);
	u64 phys = (u64)page_to_pfn(page) << PAGE_SHIFT;
	struct vm_struct *area;
	char *p;

	area = NEED(get_vm_area(2 * PAGE_SIZE, VM_IOREMAP));
	p = (char *)area->addr;
	CHECK_EQ(ioremap_page_range(area->addr + PAGE_SIZE,
				    area->addr + 2 * PAGE_SIZE, phys,
				    PAGE_KERNEL_NOCACHE),
		 -EINVAL);
	CHECK_EQ(ioremap_page_range(area->addr, area->addr + 2 * PAGE_SIZE,
				    phys, PAGE_KERNEL_NOCACHE),
		 0);
	p[PAGE_SIZE] = 'd';
	CHECK_EQ(((char *)page_address(page))[PAGE_SIZE], 'd');
	free_vm_area(area);
}

static unsigned long size_of(void *p)
{
	return find_vm_area(p)->size;
}

/* Areas come and go; none touches another, and all places are found again. */
TEST_NO_SWEEP(areas_never_touch)
{
	static char *at[AREAS];

	for (int round = 0; round < 6000; round++) {
		int i = (int)rnd(AREAS), j;

		if (at[i]) {
			CHECK_EQ(at[i][0], (char)i);
			vfree(at[i]);
			at[i] = NULL;
			continue;
		}
		at[i] = vmalloc((1 + rnd(6)) << PAGE_SHIFT);
		CHECK(at[i]);
		at[i][0] = (char)i;
		for (j = 0; j < AREAS; j++)
			CHECK(j == i || !at[j] ||
			      at[j] + size_of(at[j]) <= at[i] ||
			      at[i] + size_of(at[i]) <= at[j]);
	}
	for (int i = 0; i < AREAS; i++)
		vfree(at[i]);
	at[0] = vmalloc(PAGE_SIZE);
	CHECK_EQ((unsigned long)at[0], VMALLOC_START);
	vfree(at[0]);
}

TEST(the_lowest_place_is_taken)
{
	char *a = take_vmalloc(PAGE_SIZE), *b = take_vmalloc(3 * PAGE_SIZE);
	char *c = take_vmalloc(PAGE_SIZE);

	CHECK(a < b && b < c);
	give_vmalloc(b);
	CHECK((char *)take_vmalloc(5 * PAGE_SIZE) > c);
	CHECK(take_vmalloc(PAGE_SIZE) == b);
	CHECK(take_vmalloc(PAGE_SIZE) == b + 2 * PAGE_SIZE);
	give_vmalloc(a);
	give_vmalloc(b);
	give_vmalloc(b + 2 * PAGE_SIZE);
	give_vmalloc(c);
	give_vmalloc(c + 2 * PAGE_SIZE);
}

TEST_NO_SWEEP(addresses_run_out)
{
	unsigned long all = VMALLOC_END - VMALLOC_START;
	struct vm_struct *half, *rest;

	half = NEED(get_vm_area(all / 2, VM_IOREMAP));
	CHECK(!get_vm_area(all / 2, VM_IOREMAP));
	rest = NEED(get_vm_area(all / 2 - 2 * PAGE_SIZE, VM_IOREMAP));
	CHECK(!get_vm_area(PAGE_SIZE, VM_IOREMAP));
	free_vm_area(half);
	free_vm_area(rest);
}

TEST_NO_SWEEP(kvmalloc_takes_what_there_is)
{
	char *small = NEED((char *)kvmalloc(100, GFP_KERNEL));
	char *large = kvmalloc(6ul << 20, GFP_KERNEL);

	CHECK(!is_vmalloc_addr(small));
	if (large)
		CHECK(is_vmalloc_addr(large));
	kvfree(small);
	kvfree(large);
}

static void name_it(struct seq_file *m, const void *caller)
{
	seq_puts(m, caller ? "somebody+0x1/0x2" : "nobody");
}

TEST(the_report_is_linuxs)
{
	static char buf[512];
	struct seq_file m = { .buf = buf, .size = sizeof(buf) };
	char *p = take_vmalloc(2 * PAGE_SIZE);

	vmalloc_caller_name = name_it;
	show_vmallocinfo(&m);
	vmalloc_caller_name = NULL;
	buf[m.count] = '\0';
	give_vmalloc(p);
	CHECK(!ashlar_strcmp(buf, "0x2000f0000000-0x2000f0003000   12288 "
				  "somebody+0x1/0x2 pages=2 vmalloc\n"));
}
