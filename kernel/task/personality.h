/* SPDX-License-Identifier: MIT */
/* personality(2): the habits of other systems that a program may ask for. */
#ifndef KERNEL_PERSONALITY_H
#define KERNEL_PERSONALITY_H

#define UNAME26 0x20000u /* uname says 2.6 */
#define ADDR_NO_RANDOMIZE 0x40000u
#define MMAP_PAGE_ZERO 0x100000u /* address 0 can be read */
#define ADDR_COMPAT_LAYOUT 0x200000u
#define READ_IMPLIES_EXEC 0x400000u /* what may be read may be run */
#define STICKY_TIMEOUTS 0x4000000u /* select leaves its timeout alone */

/* A program with more rights than its caller does not take these over. */
#define PER_CLEAR_ON_SETID                                        \
	(READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE | MMAP_PAGE_ZERO | \
	 ADDR_COMPAT_LAYOUT)

#endif
