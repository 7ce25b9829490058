/* SPDX-License-Identifier: MIT */
/* The tests' machine, when it is the paper one. */
#include "../mm/internal.h"
#include "../port/sim/sim.h"
#include "harness.h"
#include "space.h"
#include <ashlar/resource.h>
#include <ashlar/shrinker.h>

/* RAM in blocks of the highest order: DMA, NORMAL, HIGHMEM. */
#define BLOCKS(n) ((unsigned long)(n) << (MAX_ORDER - 1))
#define TINY (MAX_ORDER < 8)
#define NORMAL_BLOCKS (TINY ? 512 : 16)
#define BOOT_BLOCKS (TINY ? 8 : 4)
#define HIGH_BLOCKS (TINY ? 256 : 4)

/* Settings that a test may change; what happened is only ever added to. */
void machine_settle(void)
{
	sim.refuse_ram = false;
	sim.refuse_discard = false;
	sim.no_host = false;
	sim.retire = false;
	sim.locked_pfn = 0;
	sim.on_discard = NULL;
	sim.tolerate_reports = false;
	sim.on_wait = NULL;
	sim.on_unlock = NULL;
	sim.forked = false;
	space_settle();
	for (int r = 0; r < RLIM_NLIMITS; r++)
		sim.rlimit[r] = 0;
	while (shrink_slab(GFP_KERNEL, 0))
		;
	sim_run_on(0);
}

void machine_boot(void)
{
	sim_boot(&(struct sim_config){
		.zone_pages = { BLOCKS(2), BLOCKS(NORMAL_BLOCKS),
				BLOCKS(HIGH_BLOCKS) },
		.boot_pages = { BLOCKS(2), BLOCKS(BOOT_BLOCKS),
				BLOCKS(HIGH_BLOCKS) },
		.grow_pages = BLOCKS(1),
	});
	sim.outer_locks[0] = &slab_mutex;
	sim.outer_locks[1] = &mm_cpu_mutex;
}

/* A test that is to die dies in one way, whoever stops it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "abort_on_error=1";
}

void on_cpu(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	unsigned int before = sim_cpu();

	sim_run_on(cpu);
	fn(arg);
	sim_run_on(before);
}

void in_parallel(unsigned int n, void (*fn)(void *arg), void *arg)
{
	for (unsigned int cpu = 1; cpu <= n; cpu++)
		on_cpu(cpu, fn, arg);
}

void stop_cpu(unsigned int cpu)
{
	sim_cpu_stop(cpu);
}

void stop_all_cpus(void)
{
	for (unsigned int cpu = 0; cpu < SIM_CPUS; cpu++)
		sim_cpu_stop(cpu);
	sim_run_on(0);
	mm_this_cpu();
}
