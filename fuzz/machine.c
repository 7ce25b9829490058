/* SPDX-License-Identifier: MIT */
/* The machine that inputs run on, and its state between two of them. */
#include <ashlar/fault-inject.h>
#include "fuzz.h"

#define BLOCKS(n) ((unsigned long)(n) << (MAX_ORDER - 1))

/* Zones end where no block does. */
void fuzz_boot(void)
{
	static bool booted;

	if (booted)
		return;
	booted = true;
	sim_boot(&(struct sim_config){
		.zone_pages = { BLOCKS(2) + 3, BLOCKS(64) + 2, BLOCKS(2) + 1 },
		.boot_pages = { BLOCKS(2) + 3, BLOCKS(8), BLOCKS(2) + 1 },
		.grow_pages = BLOCKS(1),
		.dirty_ram = true,
	});
}

/* All CPUs off but the first, all settings as at boot, nothing kept. */
void fuzz_settle(void)
{
	struct kmem_cache *s;

	fail_nth(0);
	sim.refuse_ram = false;
	sim.refuse_discard = false;
	for (int round = 0; round < 2; round++) {
		for (unsigned int cpu = 0; cpu < SIM_CPUS; cpu++)
			sim_cpu_stop(cpu);
		sim_run_on(0);
		mm_this_cpu();
		list_for_each_entry(s, &slab_caches, list)
			kmem_cache_shrink(s);
	}
	mm_validate();
}

/* Frames that are neither free nor on a CPU's list. */
unsigned long fuzz_pages_in_use(void)
{
	unsigned long n = 0;
	struct mm_cpu *cpu;
	struct zone *z;

	for_each_populated_zone(z)
		n += z->managed_pages - z->free_pages;
	list_for_each_entry(cpu, &mm_cpus, list)
		n -= cpu->pcp.count;
	return n;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };

	fuzz_boot();
	fuzz_one(&in);
	return 0;
}
