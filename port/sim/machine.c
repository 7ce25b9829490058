/* SPDX-License-Identifier: MIT */
/*
 * A machine made of paper: CPUs that run one at a time, a clock that stands
 * still until it is set, RAM that grows when it is allowed to.
 *
 *   zone           DMA             NORMAL                HIGHMEM
 *   arena   |####............|########+++.........|####............|
 *            boot_pages[0]    boot    ^grown       boot
 *
 *   # online at boot   + added by port_grow_ram()   . not there yet
 *
 * Frames that are not online are poisoned under AddressSanitizer. mem_map is
 * an ordinary allocation there, so a descriptor outside of it is caught too.
 *
 * Each CPU has a copy of the section of per-CPU variables, filled from the
 * section itself when the CPU starts (port/sim/mach/percpu.h).
 */
#include <stdarg.h>

#include <ashlar/errno.h>
#include <ashlar/printf.h>
#include <ashlar/report_record.h>
#include <ashlar/resource.h>
#include <mach/page.h>
#include <mach/percpu.h>
#include <mach/pgtable.h>
#include <mach/sanitize.h>
#include "host.h"
#include "sim.h"

/* Blocks of the highest order are aligned in the arena as in RAM. */
#define ARENA_ALIGN (PAGE_SIZE << (MAX_ORDER - 1))
/* Keeps the alignment of every per-CPU variable in each copy. */
#define PERCPU_ALIGN 4096ul
#define GARBAGE 0xa5

struct sim_cpu {
	struct mm_cpu *cpu; /* NULL: not online */
	char *copy; /* of the per-CPU section */
	bool changing; /* coming online or going offline */
	bool buried; /* past its end: works without an mm_cpu */
};

struct sim sim;
uintptr_t sim_percpu_distance;
uintptr_t port_ram_base;
unsigned long port_ram_pages;
unsigned long sim_max_low_pfn;
struct page *port_mem_map;
u8 *port_slab_ids;

static struct sim_config config;
static struct sim_cpu cpus[SIM_CPUS];
static unsigned int running;
static bool core_ready;
/* The first frame of each zone that is not online, and the zone's end. */
/* Blocks of the largest order that the core has given back for good. */
#define FORGOTTEN_MOST 64
static unsigned long forgotten[FORGOTTEN_MOST];
static unsigned int nr_forgotten, nr_retiring;

static unsigned long next_pfn[MAX_NR_ZONES];
static unsigned long end_pfn[MAX_NR_ZONES];
static unsigned long random_state;

extern char __start_percpu[], __stop_percpu[];

/* ---- CPUs ---- */

static size_t percpu_size(void)
{
	return (uintptr_t)__stop_percpu - (uintptr_t)__start_percpu;
}

/*
 * The copy starts as far into its own alignment as the section does. Not
 * through memcpy: with the sanitizer the section is one variable after the
 * other, not an object.
 */
static void percpu_fill(struct sim_cpu *c)
{
	size_t skew = (uintptr_t)__start_percpu % PERCPU_ALIGN;
	size_t size = ALIGN(percpu_size() + skew, PERCPU_ALIGN);
	volatile const char *image = __start_percpu;

	if (!c->copy)
		c->copy = (char *)host_alloc(PERCPU_ALIGN, size) + skew;
	for (size_t i = 0; i < percpu_size(); i++)
		c->copy[i] = image[i];
}

/* From now on @cpu runs; it comes online when it first needs to. */
void sim_run_on(unsigned int cpu)
{
	if (cpu >= SIM_CPUS)
		sim_fail("there is no CPU %u", cpu);
	running = cpu;
	if (!cpus[cpu].copy)
		percpu_fill(&cpus[cpu]);
	sim_percpu_distance =
		(uintptr_t)cpus[cpu].copy - (uintptr_t)__start_percpu;
}

unsigned int sim_cpu(void)
{
	return running;
}

/* Take @cpu offline, as a thread that ends does; it may come back. */
void sim_cpu_stop(unsigned int cpu)
{
	unsigned int before = running;

	sim_run_on(cpu);
	cpus[cpu].changing = true;
	if (cpus[cpu].cpu)
		mm_cpu_offline(cpus[cpu].cpu);
	cpus[cpu].cpu = NULL;
	cpus[cpu].changing = false;
	percpu_fill(&cpus[cpu]);
	sim_run_on(before);
}

/* Take @cpu offline for good; what it does afterwards it does without. */
void sim_cpu_bury(unsigned int cpu)
{
	sim_cpu_stop(cpu);
	cpus[cpu].buried = true;
}

/* In a forked child no other CPU exists. The core must have drained them. */
void sim_forget_other_cpus(void)
{
	for (unsigned int cpu = 0; cpu < SIM_CPUS; cpu++) {
		if (cpu == running || !cpus[cpu].cpu)
			continue;
		cpus[cpu].cpu = NULL;
		percpu_fill(&cpus[cpu]);
	}
}

struct mm_cpu *port_cpu_start(void)
{
	struct sim_cpu *c = &cpus[running];

	/* The core works without a CPU on the way up and on the way down. */
	if (c->buried || c->changing)
		return NULL;
	c->changing = true;
	if (!core_ready) {
		core_ready = true;
		mm_init();
	}
	c->cpu = mm_cpu_online();
	c->changing = false;
	return c->cpu;
}

/* ---- RAM ---- */

/*
 * Garbage or zeroes, written past the sanitizer's back: the frames are
 * poisoned, being free.
 */
__attribute__((no_sanitize("address"))) static void
fill_frames(unsigned long pfn, unsigned long nr, u8 byte)
{
	volatile u64 *p = pfn_to_virt(pfn);

	for (size_t i = 0; i < (nr << PAGE_SHIFT) / sizeof(*p); i++)
		p[i] = byte * 0x0101010101010101ull;
}

static unsigned long online(unsigned int zone, unsigned long end)
{
	unsigned long start = next_pfn[zone];

	if (end <= start)
		return 0;
	next_pfn[zone] = end;
	if (config.dirty_ram)
		fill_frames(start, end - start, GARBAGE);
	mm_online_pages(zone, start, end - start, !config.dirty_ram);
	return end - start;
}

unsigned long port_grow_ram(unsigned int order)
{
	unsigned long block = 1ul << order, end, added;

	sim_no_core_locks("port_grow_ram");
	if (sim.refuse_ram)
		return 0;
	if (nr_forgotten) {
		sim.grown += 1ul << (MAX_ORDER - 1);
		end = forgotten[--nr_forgotten];
		fill_frames(end, 1ul << (MAX_ORDER - 1), 0);
		mm_online_pages(ZONE_NORMAL, end, 1ul << (MAX_ORDER - 1), true);
		return 1ul << (MAX_ORDER - 1);
	}
	end = ALIGN(next_pfn[ZONE_NORMAL], block) + block;
	end = max(end, next_pfn[ZONE_NORMAL] + config.grow_pages);
	if (end > end_pfn[ZONE_NORMAL])
		end = end_pfn[ZONE_NORMAL];
	added = online(ZONE_NORMAL, end);
	sim.grown += added;
	return added;
}

/* What is asked of the host for these frames; true if it refuses. */
static bool host_refuses(const char *what, unsigned long pfn, unsigned long nr)
{
	if (pfn + nr > port_ram_pages)
		sim_fail("frames %#lx + %lu are no RAM", pfn, nr);
	sim_no_core_locks(what);
	if (!sim.refuse_discard && !sim.no_host &&
	    (!sim.locked_pfn || sim.locked_pfn < pfn ||
	     sim.locked_pfn >= pfn + nr))
		return false;
	sim.refused++;
	return true;
}

size_t port_resident(void)
{
	sim_no_core_locks("port_resident");
	return port_ram_pages << PAGE_SHIFT;
}

int port_discard(unsigned long pfn, unsigned long nr)
{
	if (host_refuses("port_discard", pfn, nr))
		return sim.no_host ? -ENOSYS : -EINVAL;
	fill_frames(pfn, nr, 0);
	sim.discarded += nr;
	if (sim.on_discard)
		sim.on_discard();
	return 0;
}

int port_retire_ram(unsigned long pfn, unsigned long nr)
{
	if (!sim.retire || pfn < zones[ZONE_NORMAL].start_pfn ||
	    pfn >= next_pfn[ZONE_NORMAL] ||
	    nr_forgotten + nr_retiring == FORGOTTEN_MOST)
		return -ENOMEM;
	if (host_refuses("port_retire_ram", pfn, nr))
		return -EINVAL;
	fill_frames(pfn, nr, GARBAGE);
	sim.discarded += nr;
	sim.retired += nr;
	nr_retiring++;
	return 0;
}

void port_forget_ram(unsigned long pfn, unsigned long nr)
{
	if (nr != 1ul << (MAX_ORDER - 1))
		sim_fail("%lu frames are no block", nr);
	sim_no_core_locks("port_forget_ram");
	__builtin_memset(pfn_to_page(pfn), 0, nr * sizeof(struct page));
	forgotten[nr_forgotten++] = pfn;
	nr_retiring--;
}

/* The kernel's page tables lie behind the frames that zones have. */
static void build_ram(void)
{
	unsigned long tables = (VMALLOC_END - VMALLOC_START) >> PGDIR_SHIFT;
	size_t map_size, ram_size;

	port_ram_pages = 0;
	for (int z = 0; z < MAX_NR_ZONES; z++) {
		next_pfn[z] = port_ram_pages;
		port_ram_pages += config.zone_pages[z];
		end_pfn[z] = port_ram_pages;
	}
	sim_max_low_pfn = host_has_windows() ? end_pfn[ZONE_NORMAL] :
					       port_ram_pages;
	map_size = ALIGN(port_ram_pages * sizeof(struct page), 64);
	ram_size = (port_ram_pages + tables) << PAGE_SHIFT;
	port_ram_base = (uintptr_t)host_ram(ram_size, ARENA_ALIGN);
	port_mem_map = host_alloc(64, map_size);
	port_slab_ids = host_alloc(8, CLASS_BYTES + port_ram_pages);
	port_slab_ids += CLASS_BYTES;
	port_poison((void *)port_ram_base, ram_size);
	sim_build_kernel(port_ram_pages);
}

/* Power on, once a process: RAM of @wanted, CPU 0 running, the core ready. */
void sim_boot(const struct sim_config *wanted)
{
	if (core_ready)
		sim_fail("the machine is running already");
	config = *wanted;
	sim.ds = sim.cs = (struct sim_segment){ .limit = ~0u,
						.present = true,
						.writable = true };
	build_ram();
	sim_run_on(0);
	port_cpu_start();
	sim_build_spaces();
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
		online(z, end_pfn[z] - config.zone_pages[z] +
				  config.boot_pages[z]);
	sim.grown = 0;
}

/* ---- time, limits, waiting, words ---- */

unsigned long port_time_ms(void)
{
	return sim.time_ms;
}

/* The generator of D. E. Knuth, MMIX; the same numbers in every run. */
unsigned long port_random(void)
{
	random_state = (unsigned long)(random_state * 6364136223846793005ull +
				       1442695040888963407ull);
	return random_state;
}

unsigned long port_rlimit(unsigned int resource)
{
	unsigned long limit = sim.rlimit[resource];

	return limit ? limit : RLIM_INFINITY;
}

unsigned long port_rlimit_max(unsigned int resource)
{
	return port_rlimit(resource);
}

bool *port_reclaiming(void)
{
	static bool reclaiming[SIM_CPUS];

	return &reclaiming[sim_cpu()];
}

void port_wait(const void *key)
{
	unsigned int held = sim.pick ? sim_own_locks_held() : sim_locks_held();

	if (held)
		sim_fail("waiting with %u locks held", held);
	sim.waits++;
	if (!sim.on_wait || !sim.on_wait(key))
		sim_fail("a wait that nothing can end");
}

void port_wake(const void *key)
{
	sim_fiber_wake(key);
	sim.wakes++;
}

void port_log(const char *line)
{
	sim.log_lines++;
	ashlar_snprintf(sim.last_log, sizeof(sim.last_log), "%s", line);
	if (sim.verbose)
		host_say(line);
}

void port_panic(const char *line)
{
	host_end(line);
}

void sim_fail(const char *fmt, ...)
{
	char line[SIM_LINE];
	va_list ap;

	va_start(ap, fmt);
	ashlar_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	port_panic(line);
}

/* Paper has no stack: the caller is the CPU. */
unsigned int port_callers(unsigned long *pc, unsigned int nr)
{
	pc[0] = 0x1000 + sim_cpu();
	return nr ? 1 : 0;
}

u32 port_callers_noted(unsigned int nr,
		       u32 (*number)(const unsigned long *pc, unsigned int nr))
{
	static u32 noted[SIM_CPUS];
	unsigned long pc[1];

	if (!noted[sim_cpu()])
		noted[sim_cpu()] = number(pc, port_callers(pc, nr));
	return noted[sim_cpu()];
}

int port_pid(void)
{
	return 100 + (int)sim_cpu();
}

void port_log_code(unsigned long pc)
{
	char line[SIM_LINE];

	ashlar_snprintf(line, sizeof(line), "   code %#lx", pc);
	port_log(line);
}

void port_report(struct report_record *r)
{
	sim.reports++;
	sim.last_record = *r;
	ashlar_snprintf(sim.last_report, sizeof(sim.last_report), "%s %s",
			r->kind, r->sentence);
	if (!sim.tolerate_reports)
		host_end(sim.last_report);
}
