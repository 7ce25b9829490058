/* SPDX-License-Identifier: MIT */
/*
 * The order in which the kernel starts. port/i386 has found the memory, built
 * the kernel's page tables and the processor's tables, brought up the core
 * (mm_init) and can print; interrupts are off.
 */
#include <ashlar/commit.h>
#include <ashlar/kfence.h>
#include <ashlar/ksm.h>
#include <ashlar/mmap.h>
#include <ashlar/swap.h>
#include <i386.h>
#include <kernel/block/blkdev.h>
#include <kernel/exec/exec.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/sched/psi.h>
#include <kernel/sched/sched.h>
#include <kernel/sched/workqueue.h>
#include <kernel/task/clone.h>
#include <kernel/task/kthread.h>

static const char *const init_candidates[] = { "/sbin/init", "/etc/init",
					       "/bin/init", "/bin/sh" };

/* Returns only if @path cannot be executed. */
static void run_init_process(const char *path)
{
	init_argv[0] = path;
	kernel_execve(path, init_argv, init_envp);
}

/* Process 1: fills the root from the image and becomes the first program. */
static int kernel_init(void *unused)
{
	unsigned int i;

	(void)unused;
	kthread_start();
	workqueue_start();
	slab_reap_start();
	kswapd_start();
	kcompactd_start();
	khugepaged_start();
	devices_init();
	fs_populate_root();
	console_open_stdio();
	prepare_root();
	free_initmem();
	start_fault_injection();
	if (boot_options.rdinit)
		run_init_process(boot_options.rdinit);
	if (boot_options.init && *boot_options.init) {
		run_init_process(boot_options.init);
		panic("Requested init %s failed.", boot_options.init);
	}
	run_init_process("/init");
	for (i = 0; i < ARRAY_SIZE(init_candidates); i++)
		run_init_process(init_candidates[i]);
	panic("No working init found. Give the image an /init, or name one "
	      "with init= on the command line.");
}

void start_kernel(void)
{
	debug_hooks_init();
	parse_boot_options(boot_command_line);
	kfence_init();
	mm_boot_report();
	init_reserves();
	mmap_init();
	vmscan_init();
	ksm_init();
	mman_init();
	irq_init();
	sched_init();
	time_init();
	psi_init();
	fork_init();
	signal_init();
	vfs_init();
	proc_init();
	kfence_debug_init();
	provoke_init();
	fault_attr_init();
	kmemleak_init();
	page_owner_init();
	extfrag_init();
	blocks_init();
	frames_init();
	drivers_init();
	ipc_init();
	kernel_thread(kernel_init, NULL, "init");
	cpu_idle();
}
