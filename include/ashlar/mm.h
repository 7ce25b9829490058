/* SPDX-License-Identifier: MIT */
/*
 * Frames and addresses, checks and reports that concern all of memory. The
 * functions are documented in libashlar(3).
 */
#ifndef ASHLAR_MM_H
#define ASHLAR_MM_H

#include <ashlar/gfp.h>
#include <ashlar/seq_file.h>
#include <mach/page.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The least order whose 2^order frames hold @size bytes. */
unsigned int get_order(unsigned long size) ASHLAR_API(get_order);

/*
 * Re-derives every invariant of the core from scratch and compares. Returns
 * 0, or panics with the values that disagree. Takes all locks in turn; for a
 * verdict on per-CPU lists no other CPU may be running. Context: may wait.
 */
int mm_validate(void) ASHLAR_API(mm_validate);

/* Reports in Linux's formats, of this machine. */
void show_buddyinfo(struct seq_file *m) ASHLAR_API(show_buddyinfo);
void show_pagetypeinfo(struct seq_file *m) ASHLAR_API(show_pagetypeinfo);
void show_slabinfo(struct seq_file *m) ASHLAR_API(show_slabinfo);
void show_zoneinfo(struct seq_file *m) ASHLAR_API(show_zoneinfo);
void show_vmstat(struct seq_file *m) ASHLAR_API(show_vmstat);
void show_meminfo(struct seq_file *m) ASHLAR_API(show_meminfo);

#ifdef __cplusplus
}
#endif

#endif
