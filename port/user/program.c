/* SPDX-License-Identifier: MIT */
/*
 * Frames, addresses and locks for a program. In here <mach/page.h> and
 * <mach/spinlock.h> are the core's, with these names as inline functions; a
 * program gets those of program/mach, where they are calls.
 */
#include <mach/page.h>
#include <mach/spinlock.h>

unsigned long program_virt_to_pfn(const void *addr) ASHLAR_API(virt_to_pfn);
void *program_pfn_to_virt(unsigned long pfn) ASHLAR_API(pfn_to_virt);
bool program_virt_addr_valid(const void *addr) ASHLAR_API(virt_addr_valid);
struct page *program_pfn_to_page(unsigned long pfn) ASHLAR_API(pfn_to_page);
unsigned long program_page_to_pfn(const struct page *page)
	ASHLAR_API(page_to_pfn);
struct page *program_virt_to_page(const void *addr) ASHLAR_API(virt_to_page);
void *program_page_address(const struct page *page) ASHLAR_API(page_address);
void program_spin_lock_init(spinlock_t *lock) ASHLAR_API(spin_lock_init);
void program_spin_lock(spinlock_t *lock) ASHLAR_API(spin_lock);
bool program_spin_trylock(spinlock_t *lock) ASHLAR_API(spin_trylock);
void program_spin_unlock(spinlock_t *lock) ASHLAR_API(spin_unlock);

/**
 * virt_to_pfn() - the frame that an address lies in
 * @addr: an address for which virt_addr_valid() is true
 *
 * Return: the frame's number, from 0.
 */
unsigned long program_virt_to_pfn(const void *addr)
{
	return virt_to_pfn(addr);
}

/**
 * pfn_to_virt() - the address of a frame
 * @pfn: its number
 *
 * Return: the address of its first byte.
 */
void *program_pfn_to_virt(unsigned long pfn)
{
	return pfn_to_virt(pfn);
}

/**
 * virt_addr_valid() - does an address lie in a frame?
 * @addr: any value at all
 *
 * Return: true if so.
 */
bool program_virt_addr_valid(const void *addr)
{
	return virt_addr_valid(addr);
}

/**
 * pfn_to_page() - the descriptor of a frame
 * @pfn: its number
 *
 * Return: the descriptor.
 */
struct page *program_pfn_to_page(unsigned long pfn)
{
	return pfn_to_page(pfn);
}

/**
 * page_to_pfn() - the number of a frame
 * @page: its descriptor
 *
 * Return: the number, from 0.
 */
unsigned long program_page_to_pfn(const struct page *page)
{
	return page_to_pfn(page);
}

/**
 * virt_to_page() - the descriptor of the frame that an address lies in
 * @addr: an address for which virt_addr_valid() is true
 *
 * Return: the descriptor.
 */
struct page *program_virt_to_page(const void *addr)
{
	return virt_to_page(addr);
}

/**
 * page_address() - the address of a frame
 * @page: its descriptor
 *
 * Return: the address of its first byte.
 */
void *program_page_address(const struct page *page)
{
	return page_address(page);
}

/**
 * spin_lock_init() - a lock that is free
 * @lock: the lock
 */
void program_spin_lock_init(spinlock_t *lock)
{
	spin_lock_init(lock);
}

/**
 * spin_lock() - take a lock
 * @lock: the lock, which this thread does not hold
 *
 * Context: may wait: briefly by looking again, then in the host's kernel.
 */
void program_spin_lock(spinlock_t *lock)
{
	spin_lock(lock);
}

/**
 * spin_trylock() - take a lock if it is free
 * @lock: the lock
 *
 * Context: any. Return: true if this thread holds it now.
 */
bool program_spin_trylock(spinlock_t *lock)
{
	return spin_trylock(lock);
}

/**
 * spin_unlock() - release a lock
 * @lock: the lock, which this thread holds
 *
 * Context: any.
 */
void program_spin_unlock(spinlock_t *lock)
{
	spin_unlock(lock);
}
