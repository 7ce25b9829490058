/* SPDX-License-Identifier: MIT */
/*
 * Frames and addresses, as a program that uses the library sees them: calls
 * (port/user/program.c) where the core itself has arithmetic on variables of
 * its own, for a program must not share a library's variables; and so struct
 * page is only a name here.
 */
#ifndef ASHLAR_MACH_PAGE_H
#define ASHLAR_MACH_PAGE_H

#include <ashlar/api.h>

/* A frame is 4 KiB, whatever the host's pages are. As <sys/user.h> says it. */
#ifndef PAGE_SIZE
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct page;

unsigned long virt_to_pfn(const void *addr) ASHLAR_API(virt_to_pfn);
void *pfn_to_virt(unsigned long pfn) ASHLAR_API(pfn_to_virt);
bool virt_addr_valid(const void *addr) ASHLAR_API(virt_addr_valid);
struct page *pfn_to_page(unsigned long pfn) ASHLAR_API(pfn_to_page);
unsigned long page_to_pfn(const struct page *page) ASHLAR_API(page_to_pfn);
struct page *virt_to_page(const void *addr) ASHLAR_API(virt_to_page);
void *page_address(const struct page *page) ASHLAR_API(page_address);

#ifdef __cplusplus
}
#endif

#endif
