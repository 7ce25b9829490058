/* SPDX-License-Identifier: MIT */
/* System calls about the machine as a whole. */
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/string.h>
#include <ashlar/swapfile.h>
#include <ashlar/vmstat.h>
#include <i386.h>
#include <kernel/drivers/random.h>
#include <kernel/printk.h>
#include <kernel/sched/sched.h>
#include <kernel/fs/writeback.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/personality.h>
#include <kernel/time/clock.h>
#include <kernel/version.h>

#define UTS_LEN 65

struct new_utsname {
	char sysname[UTS_LEN], nodename[UTS_LEN], release[UTS_LEN];
	char version[UTS_LEN], machine[UTS_LEN], domainname[UTS_LEN];
};

char uts_nodename[UTS_LEN] = "(none)", uts_domainname[UTS_LEN] = "(none)";

/* ---- names ---- */

static void fill_utsname(struct new_utsname *u)
{
	memset(u, 0, sizeof(*u));
	memcpy(u->sysname, UTS_SYSNAME, sizeof(UTS_SYSNAME));
	memcpy(u->nodename, uts_nodename, UTS_LEN);
	if (current->personality & UNAME26) /* for who reads "2.6" only */
		memcpy(u->release, UTS_RELEASE_26, sizeof(UTS_RELEASE_26));
	else
		memcpy(u->release, UTS_RELEASE, sizeof(UTS_RELEASE));
	memcpy(u->version, UTS_VERSION, sizeof(UTS_VERSION));
	memcpy(u->machine, UTS_MACHINE, sizeof(UTS_MACHINE));
	memcpy(u->domainname, uts_domainname, UTS_LEN);
}

SYSCALL_DEFINE(uname, struct new_utsname __user *name)
{
	struct new_utsname u;

	fill_utsname(&u);
	return copy_to_user(name, &u, sizeof(u)) ? -EFAULT : 0;
}

/* The same without the domain. */
SYSCALL_DEFINE(olduname, void __user *name)
{
	struct new_utsname u;

	fill_utsname(&u);
	return copy_to_user(name, &u, 5 * UTS_LEN) ? -EFAULT : 0;
}

static long set_name(char *name, const char __user *from, int len)
{
	char new[UTS_LEN] = { 0 };

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len >= UTS_LEN)
		return -EINVAL;
	if (copy_from_user(new, from, (u32)len))
		return -EFAULT;
	memcpy(name, new, UTS_LEN);
	return 0;
}

SYSCALL_DEFINE(sethostname, const char __user *name, int len)
{
	return set_name(uts_nodename, name, len);
}

SYSCALL_DEFINE(setdomainname, const char __user *name, int len)
{
	return set_name(uts_domainname, name, len);
}

/* ---- numbers ---- */

struct sysinfo {
	s32 uptime; /* s */
	u32 loads[3]; /* 16 bits of fraction */
	u32 totalram, freeram, sharedram, bufferram;
	u32 totalswap, freeswap;
	u16 procs, pad;
	u32 totalhigh, freehigh;
	u32 mem_unit; /* bytes */
	char fill[8];
};

SYSCALL_DEFINE(sysinfo, struct sysinfo __user *info)
{
	struct sysinfo s;
	unsigned long loads[3], total, unused;
	struct zone *z;
	u32 rest, i;

	memset(&s, 0, sizeof(s));
	s.uptime = (s32)ns_to_seconds(ktime_get(), &rest);
	s.uptime += rest != 0;
	get_avenrun(loads);
	for (i = 0; i < 3; i++)
		s.loads[i] = (u32)loads[i] << 5;
	for_each_populated_zone(z) {
		s.totalram += z->managed_pages << PAGE_SHIFT;
		s.freeram += z->free_pages << PAGE_SHIFT;
		if (z - zones != ZONE_HIGHMEM)
			continue;
		s.totalhigh = z->managed_pages << PAGE_SHIFT;
		s.freehigh = z->free_pages << PAGE_SHIFT;
	}
	s.sharedram = global_node_page_state(NR_SHMEM) << PAGE_SHIFT;
	swap_totals(&total, &unused);
	s.totalswap = (u32)(total << PAGE_SHIFT);
	s.freeswap = (u32)(unused << PAGE_SHIFT);
	s.procs = (u16)nr_threads;
	s.mem_unit = 1;
	return copy_to_user(info, &s, sizeof(s)) ? -EFAULT : 0;
}

SYSCALL_DEFINE(personality, u32 persona)
{
	u32 old = current->personality;

	if (persona != ~0u)
		current->personality = persona;
	return (long)old;
}

#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u

SYSCALL_DEFINE(getrandom, u8 __user *buf, u32 count, u32 flags)
{
	u8 chunk[64];
	u32 done, n, left;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) ==
		    (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	count = min(count, 0x7fffffffu);
	for (done = 0; done < count; done += n) {
		n = min(count - done, (u32)sizeof(chunk));
		get_random_bytes(chunk, n);
		left = copy_to_user(buf + done, chunk, n);
		if (left)
			return done + n - left ? (long)(done + n - left) :
						 -EFAULT;
		if (signal_pending(current) && done + n < count &&
		    done + n >= PAGE_SIZE)
			return (long)done + (long)n;
		cond_resched();
	}
	return (long)done;
}

/* ---- the end ---- */

#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_RESTART 0x01234567u
#define REBOOT_RESTART2 0xa1b2c3d4u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON 0x89abcdefu
#define REBOOT_CAD_OFF 0u

static bool reboot_magic_ok(u32 magic1, u32 magic2)
{
	return magic1 == REBOOT_MAGIC1 &&
	       (magic2 == 672274793 || magic2 == 85072278 ||
		magic2 == 369367448 || magic2 == 537993216);
}

SYSCALL_DEFINE(reboot, u32 magic1, u32 magic2, u32 cmd)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (!reboot_magic_ok(magic1, magic2))
		return -EINVAL;
	if (cmd != REBOOT_CAD_ON && cmd != REBOOT_CAD_OFF)
		sync_all();
	switch (cmd) {
	case REBOOT_CAD_ON:
	case REBOOT_CAD_OFF:
		return 0;
	case REBOOT_RESTART:
	case REBOOT_RESTART2:
		printk(KERN_EMERG "reboot: Restarting system\n");
		machine_restart();
	case REBOOT_POWER_OFF:
		printk(KERN_EMERG "reboot: Power down\n");
		machine_power_off();
	case REBOOT_HALT:
		printk(KERN_EMERG "reboot: System halted\n");
		machine_halt();
	}
	return -EINVAL;
}
