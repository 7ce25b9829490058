/* SPDX-License-Identifier: MIT */
/* What kernel/main.c calls once, in its order; who defines it is said. */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

#include <ashlar/types.h>

/* The command line, parsed; strings point into a copy. kernel/params.c */
struct boot_options {
	const char *init; /* init= */
	const char *rdinit; /* rdinit= */
	const char *root, *rootfstype; /* root=, rootfstype=; or NULL */
	bool rootfs_rw; /* rw */
	bool quiet;
	bool ide_pio; /* libata.dma=0 */
	unsigned int max_loop; /* loop devices from the start; 0: 8 */
	int panic_timeout; /* panic=: s; 0 waits for ever, < 0 at once */
};
extern struct boot_options boot_options;
extern char saved_command_line[]; /* /proc/cmdline */
void parse_boot_options(const char *cmdline);
/*
 * Process 1's: what the kernel does not know of the command line, and all
 * that follows "--". NULL-terminated; init_argv[0] is set by main.c.
 */
#define INIT_STRINGS 34
extern const char *init_argv[INIT_STRINGS], *init_envp[INIT_STRINGS];

void start_fault_injection(void); /* kernel/params.c */
void mm_boot_report(
	void); /* kernel/memory/layout.c: areas, zones, free memory */
void mman_init(void); /* kernel/memory/mman.c: what mm/ asks of the kernel */
void irq_init(void); /* kernel/irq.c */
void time_init(void); /* kernel/time/time.c: clocks, tick */
void oom_init(void); /* kernel/memory/oom.c */
void slab_reap_start(void); /* kernel/memory/slab_reap.c; has a worker */
void kswapd_start(void); /* kernel/memory/kswapd.c */
void extfrag_init(void); /* kernel/memory/kcompactd.c */
void kcompactd_start(void);
void khugepaged_start(void); /* kernel/memory/huge.c */
void fork_init(void); /* kernel/task/fork.c: caches, hooks */
void signal_init(void); /* kernel/signal/sigqueue.c */
void vfs_init(void); /* kernel/fs: caches, rootfs, filesystems */
void proc_init(void); /* kernel/proc */
void kfence_debug_init(void); /* kernel/debug/kfence.c */
void fault_attr_init(void); /* kernel/debug/fault_attr.c */
void blocks_init(void); /* kernel/debug/blocks.c */
void frames_init(void); /* kernel/debug/frames.c */
void provoke_init(void); /* kernel/debug/provoke.c */
void debug_hooks_init(void); /* kernel/debug/hooks.c */
void kmemleak_init(void); /* kernel/debug/kmemleak.c */
void page_owner_init(void); /* kernel/debug/page_owner.c */
void drivers_init(void); /* kernel/drivers: mem, tty, console */
void devices_init(void); /* kernel/drivers: what hardware there is */
void ipc_init(void); /* kernel/ipc */
void ext2_init(void); /* kernel/fs/ext2 */
void prepare_root(void); /* kernel/fs/do_mounts.c: root= */
void fs_populate_root(void); /* kernel/fs/initramfs.c */
void console_open_stdio(void); /* kernel/drivers: fds 0, 1, 2 of process 1 */
void free_initmem(void); /* kernel/memory/layout.c */
void cpu_idle(void) __attribute__((noreturn)); /* kernel/sched/sched.c */

#endif
