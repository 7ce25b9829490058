/* SPDX-License-Identifier: MIT */
/*
 * One run of pressure.h's machine: what a seed draws, whose turn it is, and the
 * look at everything in the end. A run in which nothing gets done for long is a
 * failure, too.
 */
#include "pressure.h"
#include "pressure_seed.h"
#include <ashlar/commit.h>
#include <ashlar/fault-inject.h>
#include <ashlar/khugepaged.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>

#define WAITS_MOST 20000ul /* without any progress: it hangs */
#define MOMENT 1000ul /* turns */

struct setting setting;
struct program programs[PROGRAMS];
struct object objects[SHARED_OBJECTS + PROGRAMS * OBJECTS];
unsigned long progress;
bool over;
unsigned int others_of_disks = PROGRAMS + KERNEL_THREADS + 1;

static u64 random_state;
static unsigned long ended; /* programs */
static bool pause_wanted;
static unsigned int parked;

/* ---- chance ---- */

unsigned long some(unsigned long below)
{
	u64 x = random_state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return (unsigned long)((x ^ (x >> 31)) % below);
}

bool one_in(unsigned int n)
{
	return n && some(n) == 0;
}

/* ---- what tests/space_sim.c and tests/swap_sim.c ask for ---- */

unsigned long rnd(unsigned long below)
{
	return some(below);
}

bool sweeping(void)
{
	return false;
}

void check_failed(const char *file, int line, const char *fmt, ...)
{
	char why[200];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	ashlar_vsnprintf(why, sizeof(why), fmt, ap);
	__builtin_va_end(ap);
	sim_fail("%s:%d: %s", file, line, why);
}

void needed(const char *file, int line, const char *what)
{
	sim_fail("%s:%d: %s is NULL", file, line, what);
}

void stop_all_cpus(void)
{
}

/* ---- turns ---- */

static void step_aside(void)
{
	if (one_in(setting.step))
		sim_fiber_yield();
}

static bool wait_a_moment(const void *key)
{
	static unsigned long waits, seen;

	if (seen != progress)
		waits = 0;
	seen = progress;
	if (++waits > WAITS_MOST)
		sim_fail("nothing gets done");
	sim.time_ms++;
	sim_fiber_wait(key, MOMENT);
	return true;
}

/* Until no program and no kernel thread is within something. */
void pause_others(void)
{
	pause_wanted = true;
	while (parked + ended < PROGRAMS + KERNEL_THREADS)
		sim_fiber_yield();
}

void others_go_on(void)
{
	pause_wanted = false;
}

void park_if_asked(void)
{
	parked++;
	while (pause_wanted)
		sim_fiber_yield();
	parked--;
}

static void program_runs(void *arg)
{
	struct program *t = arg;

	program_run(t);
	ended++;
	over = ended == PROGRAMS;
	others_of_disks--;
}

/* A kernel thread's life: @step, again and again. */
void kernel_thread_runs(void *step)
{
	while (!over) {
		((void (*)(void))step)();
		park_if_asked();
		sim_fiber_yield();
	}
	parked++;
	others_of_disks--;
}

static void administrator_runs(void *arg)
{
	administrator_run(arg);
	others_of_disks--;
}

/* ---- one run ---- */

static void draw_setting(unsigned long seed, unsigned long ops)
{
	static const unsigned int steps[] = { 4, 16, 64, 256 };

	random_state = seed << 32;
	setting = (struct setting){ .seed = seed };
	setting.huge = one_in(4);
	setting.ram = setting.huge ? 5000 + some(2500) : 500 + some(700);
	/* Two spaces and three files each: about four times RAM in all. */
	setting.window = setting.ram * 4 / PROGRAMS / 2;
	setting.window = min(setting.window, WINDOW_MOST);
	setting.file = min(setting.ram / 6, OBJECT_PAGES);
	setting.fail_disk = one_in(4) ? 20 + (unsigned int)some(200) : 0;
	setting.fail_alloc = one_in(3) ? 20 + (unsigned int)some(400) : 0;
	setting.late = some(2) ? 1 + (unsigned int)some(20) : 1;
	setting.step = steps[some(4)];
	setting.cut = one_in(5) ? 100 + some(20000) : 0;
	setting.one = one_in(3);
	setting.ops = setting.huge ? 150 : 400;
	if (ops)
		setting.ops = ops;
}

static void boot(void)
{
	unsigned long ram = setting.ram, high = ram / (one_in(3) ? 4 : 16);
	struct sim_config config = {
		.zone_pages = { ram / 8, ram - ram / 8 - high, high },
		.dirty_ram = true,
	};

	if (setting.huge) /* blocks of 4 MB in the middle */
		config.zone_pages[ZONE_DMA] = 1024;
	memcpy(config.boot_pages, config.zone_pages, sizeof(config.boot_pages));
	if (setting.fail_alloc)
		setup_failslab("1000000,0,0,-1");
	sim_boot(&config);
	for (unsigned int cpu = SIM_CPUS; cpu--;) { /* online, all of them */
		sim_run_on(cpu);
		mm_this_cpu();
	}
	sim.refuse_ram = true;
	sim.no_host = true;
	sysctl_overcommit_memory = OVERCOMMIT_ALWAYS;
}

static void failures_on(void)
{
	struct fault_attr attr = { .probability = setting.fail_alloc ? 50 : 0,
				   .interval = setting.fail_alloc / 2 + 1,
				   .times = -1 };

	fail_page_alloc = attr;
	failslab = attr;
}

/* Nothing else goes on: what is waited for are disks, or the flusher. */
static bool disks_go_on(const void *key)
{
	(void)key;
	if (!disk_step())
		daemons_step();
	return true;
}

/* All is read once more, by a machine that is well, and goes. */
static void finish(void)
{
	sim.pick = NULL;
	sim.one_processor = false;
	sim.on_unlock = NULL;
	sim.on_wait = disks_go_on;
	khugepaged_forget();
	fail_page_alloc = failslab = (struct fault_attr){ 0 };
	setting.fail_disk = 0;
	check_quiet();
	for (int i = 0; i < PROGRAMS; i++)
		check_program(&programs[i]);
	check_quiet();
	for (int i = 0; i < PROGRAMS; i++)
		for (int k = 0; k < SPACES; k++)
			if (programs[i].spaces[k].mm)
				mmput(programs[i].spaces[k].mm);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		if (objects[i].file)
			fput(objects[i].file);
	free_disks();
	EXPECT_EQ(nr_swap_pages, 0);
	EXPECT_EQ(vm_node_stat[NR_SWAPCACHE], 0);
	for (int i = NR_ANON_MAPPED; i <= NR_FILE_DIRTY; i++)
		EXPECT_EQ(vm_node_stat[i], 0);
	for (int i = 0; i <= NR_ISOLATED_FILE; i++)
		EXPECT_EQ(vm_node_stat[i], 0);
	EXPECT_EQ(sim.files, 0);
}

void pressure_seed(unsigned long seed, unsigned long ops)
{
	draw_setting(seed, ops);
	boot();
	system_begin();
	sim.pick = some;
	sim.one_processor = setting.one;
	sim.on_wait = wait_a_moment;
	sim.on_unlock = step_aside;
	for (unsigned int i = 0; i < PROGRAMS; i++) {
		programs[i].id = i;
		program_begin(&programs[i]);
		sim_fiber(1 + i, program_runs, &programs[i]);
	}
	sim_fiber(4, kernel_thread_runs, kswapd_step);
	sim_fiber(5, kernel_thread_runs, daemons_step);
	sim_fiber(6, administrator_runs, NULL);
	sim_fiber(7, disks_run, NULL);
	failures_on();
	sim_fibers_run();
	finish();
}

/* The state of a run as text: what its seed chose, and where memory is. */
void pressure_where(char *line, size_t n)
{
	const long *stat = vm_node_stat;

	ashlar_snprintf(
		line, n,
		"seed %lu: ram %lu huge %d fail_disk %u fail_alloc %u late %u "
		"step %u one %d cut %lu; CPU %u; ops %lu %lu %lu\n"
		"free %lu %lu %lu; anon %ld %ld file %ld %ld locked %ld; "
		"isolated %ld %ld; dirty %ld written %ld; tables %ld; "
		"slots %ld\n",
		setting.seed, setting.ram, setting.huge, setting.fail_disk,
		setting.fail_alloc, setting.late, setting.step, setting.one,
		setting.cut, sim_cpu(), programs[0].done, programs[1].done,
		programs[2].done, zones[0].free_pages, zones[1].free_pages,
		zones[2].free_pages, stat[NR_INACTIVE_ANON],
		stat[NR_ACTIVE_ANON], stat[NR_INACTIVE_FILE],
		stat[NR_ACTIVE_FILE], stat[NR_UNEVICTABLE],
		stat[NR_ISOLATED_ANON], stat[NR_ISOLATED_FILE],
		stat[NR_FILE_DIRTY], stat[NR_WRITEBACK], stat[NR_PAGETABLE],
		nr_swap_pages);
}
