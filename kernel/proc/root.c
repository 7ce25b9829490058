/* SPDX-License-Identifier: MIT */
/* The reports of the whole machine: a table of names and functions. */
#include <ashlar/mm.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <ashlar/vmstat.h>
#include <dma8237.h>
#include <i386.h>
#include <kernel/block/blkdev.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/pci.h>
#include <kernel/fs/locks.h>
#include <kernel/fs/super.h>
#include <kernel/init.h>
#include <kernel/ipc/ipc.h>
#include <kernel/irq.h>
#include <kernel/memory/swap.h>
#include <kernel/sched/psi.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/pid.h>
#include <kernel/time/clock.h>
#include <kernel/version.h>
#include "proc.h"

/* A report that needs nothing: called through its own type. */
static int call_show(struct seq_file *m, void *show)
{
	((void (*)(struct seq_file *))show)(m);
	return 0;
}

static void show_cmdline(struct seq_file *m)
{
	seq_printf(m, "%s\n", saved_command_line);
}

static void show_version(struct seq_file *m)
{
	seq_printf(m, "Linux version %s (%s) %s\n", UTS_RELEASE, UTS_COMPILER,
		   UTS_VERSION);
}

static void show_uptime(struct seq_file *m)
{
	u64 up = ktime_get() / (NSEC_PER_SEC / 100);
	u64 idle = idle_time_ns() / (NSEC_PER_SEC / 100);

	seq_printf(m, "%llu.%02llu %llu.%02llu\n", up / 100, up % 100,
		   idle / 100, idle % 100);
}

#define LOAD_SHIFT 11
#define LOAD_ONE (1ul << LOAD_SHIFT)

static void show_loadavg(struct seq_file *m)
{
	unsigned long loads[3], v;
	unsigned int i;

	get_avenrun(loads);
	for (i = 0; i < 3; i++) {
		v = loads[i] + LOAD_ONE / 200;
		seq_printf(m, "%lu.%02lu ", v >> LOAD_SHIFT,
			   (v & (LOAD_ONE - 1)) * 100 >> LOAD_SHIFT);
	}
	seq_printf(m, "%lu/%d %d\n", nr_running(), nr_threads, last_pid);
}

static u64 cpu_ticks(u64 ns)
{
	return ns / (NSEC_PER_SEC / USER_HZ);
}

static void cpu_row(struct seq_file *m, const char *name)
{
	const struct kernel_cpustat *c = &kernel_cpustat;

	seq_printf(m, "%s %llu %llu %llu %llu %llu %llu 0 0 0 0\n", name,
		   cpu_ticks(c->user), cpu_ticks(c->nice), cpu_ticks(c->system),
		   cpu_ticks(idle_time_ns()), cpu_ticks(c->iowait),
		   cpu_ticks(c->irq));
}

/* Besides Linux's rows: the other two ways into the kernel, counted. */
static void show_stat(struct seq_file *m)
{
	unsigned long irqs = 0, traps = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(irq_stat); i++)
		irqs += irq_stat[i];
	for (i = 0; i < ARRAY_SIZE(trap_stat); i++)
		traps += trap_stat[i];
	cpu_row(m, "cpu ");
	cpu_row(m, "cpu0");
	seq_printf(m, "intr %lu", irqs);
	for (i = 0; i < ARRAY_SIZE(irq_stat); i++)
		seq_printf(m, " %lu", irq_stat[i]);
	seq_printf(m, "\nctxt %llu\nbtime %llu\nprocesses %lu\n",
		   nr_context_switches(),
		   (ktime_get_real() - ktime_get()) / NSEC_PER_SEC,
		   total_forks);
	seq_printf(m, "procs_running %lu\nprocs_blocked %lu\n", nr_running(),
		   nr_iowait());
	seq_puts(m, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
	seq_printf(m, "exceptions %lu\nsyscalls %lu\n", traps, syscall_count);
}

/* What programs asked for in vain: number and how often. */
static void show_unknown_syscalls(struct seq_file *m)
{
	unsigned int nr;

	for (nr = 0; nr < NR_SYSCALLS; nr++)
		if (syscall_unknown[nr])
			seq_printf(m, "%u %lu\n", nr, syscall_unknown[nr]);
}

#define REPORT(n, perm, f)                                  \
	{                                                   \
		.name = n, .mode = perm, .show = call_show, \
		.data = (void *)(f)                         \
	}

static const struct proc_entry entries[] = {
	REPORT("buddyinfo", 0444, show_buddyinfo),
	REPORT("bus/pci/devices", 0444, show_pci_devices),
	REPORT("cmdline", 0444, show_cmdline),
	REPORT("cpuinfo", 0444, show_cpuinfo),
	REPORT("devices", 0444, show_devices),
	REPORT("diskstats", 0444, show_diskstats),
	REPORT("dma", 0444, show_dma),
	REPORT("filesystems", 0444, show_filesystems),
	REPORT("interrupts", 0444, show_interrupts),
	REPORT("iomem", 0400, show_iomem),
	REPORT("ioports", 0400, show_ioports),
	{ .name = "kpagecount", .mode = 0400, .fop = &proc_kpagecount_fops },
	{ .name = "kpageflags", .mode = 0400, .fop = &proc_kpageflags_fops },
	REPORT("loadavg", 0444, show_loadavg),
	REPORT("locks", 0444, show_locks),
	REPORT("meminfo", 0444, meminfo_proc_show),
	REPORT("pagetypeinfo", 0400, show_pagetypeinfo),
	REPORT("partitions", 0444, show_partitions),
	REPORT("slabinfo", 0400, show_slabinfo),
	REPORT("stat", 0444, show_stat),
	REPORT("swaps", 0444, show_swaps),
	REPORT("sysvipc/msg", 0444, show_sysvipc_msg),
	REPORT("sysvipc/sem", 0444, show_sysvipc_sem),
	REPORT("sysvipc/shm", 0444, show_sysvipc_shm),
	REPORT("unknown_syscalls", 0444, show_unknown_syscalls),
	REPORT("uptime", 0444, show_uptime),
	REPORT("version", 0444, show_version),
	REPORT("vmallocinfo", 0400, show_vmallocinfo),
	REPORT("vmstat", 0444, vmstat_proc_show),
	REPORT("zoneinfo", 0444, zoneinfo_proc_show),
};

static int mounts_link(char *buf, size_t size)
{
	static const char target[] = "self/mounts";

	memcpy(buf, target, min(size, sizeof(target)));
	return sizeof(target) - 1;
}

/** proc_root_init() - name the machine's reports. Context: boot, once. */
void proc_root_init(void)
{
	unsigned int i;

	proc_mkdir_below(&proc_root, "self")->link = proc_self_link;
	proc_mkdir_below(&proc_root, "thread-self")->link =
		proc_thread_self_link;
	proc_mkdir_below(&proc_root, "mounts")->link = mounts_link;
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		proc_create(&entries[i]);
	proc_pressure_init();
}
