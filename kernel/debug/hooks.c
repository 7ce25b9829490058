/* SPDX-License-Identifier: MIT */
/* What mm/ asks of the kernel when it looks for the kernel's mistakes. */
#include <ashlar/debug_hooks.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/init.h>
#include <kernel/task/task.h>

static void running_ids(struct task_ids *ids)
{
	ids->pid = current->pid;
	ids->tgid = current->tgid;
	ashlar_strscpy(ids->comm, current->comm, sizeof(ids->comm));
}

static void function_name(struct seq_file *m, unsigned long pc)
{
	char name[64];

	sprint_backtrace(name, (u32)pc);
	seq_puts(m, name);
}

/** debug_hooks_init() - before what needs them is switched on; boot, once */
void debug_hooks_init(void)
{
	static const struct debug_hooks hooks = {
		.scan_roots = scan_kernel_roots,
		.running = running_ids,
		.name = function_name,
	};

	debug_hooks = &hooks;
}
