/* SPDX-License-Identifier: MIT */
/*
 * The system calls of memory policies and of pages that move between nodes,
 * as a Linux answers that could have several nodes and has one: masks of nodes
 * as programs pass them, rights, and the policy of a task, which its children
 * inherit and execve keeps. What areas have is mm/mempolicy.c's.
 */
#include <ashlar/err.h>
#include <ashlar/gup.h>
#include <ashlar/mempolicy.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>

#define BITS_PER_LONG 32ul
#define NR_NODE_IDS 1ul

/* get_mempolicy */
#define MPOL_F_NODE 1ul
#define MPOL_F_ADDR 2ul
#define MPOL_F_MEMS_ALLOWED 4ul

/* ---- masks of nodes ---- */

/*
 * The nodes of a program's mask, whose length counts one bit too many. Bits
 * past those that there can be must be clear. 0 or -errno.
 */
static int get_nodes(u32 *nodes, const u32 __user *mask, unsigned long maxnode)
{
	unsigned long bits;
	u32 word;

	maxnode--;
	*nodes = 0;
	if (!maxnode || !mask)
		return 0;
	if (maxnode > PAGE_SIZE * 8)
		return -EINVAL;
	while (maxnode > MAX_NUMNODES) {
		bits = min(maxnode, BITS_PER_LONG);
		if (get_user(word, mask + (maxnode - 1) / BITS_PER_LONG))
			return -EFAULT;
		if (bits < BITS_PER_LONG)
			word &= (1u << bits) - 1;
		if (maxnode - bits >= MAX_NUMNODES) {
			maxnode -= bits;
		} else {
			maxnode = MAX_NUMNODES;
			word &= ~((1u << MAX_NUMNODES) - 1);
		}
		if (word)
			return -EINVAL;
	}
	if (get_user(word, mask))
		return -EFAULT;
	*nodes = word & ((1u << maxnode) - 1);
	return 0;
}

/* Fills a program's mask, a word of nodes and then zeroes. 0 or -errno. */
static int put_nodes(u32 __user *mask, unsigned long maxnode, u32 nodes)
{
	unsigned long copy = ALIGN(maxnode - 1, 64ul) / 8;

	if (!copy)
		return 0;
	if (copy > PAGE_SIZE)
		return -EINVAL;
	if (clear_user(mask + 1, copy - sizeof(nodes)))
		return -EFAULT;
	return put_user(nodes, mask) ? -EFAULT : 0;
}

/* ---- policies ---- */

/* The policy that a program says, and the nodes with it. 0 or -errno. */
static int get_policy(unsigned long mode, const u32 __user *mask,
		      unsigned long maxnode, u32 *nodes)
{
	u32 flags = mode & MPOL_MODE_FLAGS;
	u32 how = flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);

	mode &= ~(unsigned long)MPOL_MODE_FLAGS;
	if (mode >= MPOL_MAX ||
	    how == (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES))
		return -EINVAL;
	if ((flags & MPOL_F_NUMA_BALANCING) && mode != MPOL_BIND)
		return -EINVAL;
	return get_nodes(nodes, mask, maxnode);
}

static int make_policy(unsigned long mode, u32 nodes, u32 *policy)
{
	return mpol_new(mode & ~(unsigned long)MPOL_MODE_FLAGS,
			mode & MPOL_MODE_FLAGS, nodes, policy);
}

SYSCALL_DEFINE(mbind, unsigned long start, unsigned long len,
	       unsigned long mode, const u32 __user *mask,
	       unsigned long maxnode, unsigned int flags)
{
	const u32 valid = MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL;
	u32 nodes, policy;
	int err;

	err = get_policy(mode, mask, maxnode, &nodes);
	if (err)
		return err;
	if (flags & ~valid)
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (!(start & ~PAGE_MASK) && !PAGE_ALIGN(len))
		return 0; /* before the nodes are looked at */
	err = make_policy(mode, nodes, &policy);
	return err ? err :
		     mm_mbind(current->mm, start, len, policy, nodes, flags);
}

SYSCALL_DEFINE(set_mempolicy, unsigned long mode, const u32 __user *mask,
	       unsigned long maxnode)
{
	u32 nodes, policy;
	int err;

	err = get_policy(mode, mask, maxnode, &nodes);
	if (!err)
		err = make_policy(mode, nodes, &policy);
	if (!err)
		current->mempolicy = policy;
	return err;
}

/* The node of the page at @addr, which is had for it; or -errno. */
static int lookup_node(unsigned long addr)
{
	struct page *page = get_user_page(current->mm, addr, false, false);

	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	put_page(page);
	return 0;
}

/* What get_mempolicy() tells of a policy. 0 or -errno. */
static int tell_policy(unsigned long addr, unsigned long flags, u32 *told,
		       u32 *nodes)
{
	u32 policy = current->mempolicy;
	int err;

	*told = 0;
	if (flags & MPOL_F_MEMS_ALLOWED) {
		*nodes = 1;
		return flags & (MPOL_F_NODE | MPOL_F_ADDR) ? -EINVAL : 0;
	}
	if (flags & MPOL_F_ADDR) {
		err = mm_vma_policy(current->mm, addr, &policy);
		if (!err && (flags & MPOL_F_NODE))
			err = lookup_node(addr);
		if (err)
			return err;
	} else if (addr || ((flags & MPOL_F_NODE) &&
			    (policy & MPOL_MODE) != MPOL_INTERLEAVE)) {
		return -EINVAL;
	}
	if (!(flags & MPOL_F_NODE))
		*told = policy & (MPOL_MODE | MPOL_MODE_FLAGS);
	*nodes = mpol_nodes(policy);
	return 0;
}

SYSCALL_DEFINE(get_mempolicy, u32 __user *mode, u32 __user *mask,
	       unsigned long maxnode, unsigned long addr, unsigned long flags)
{
	const unsigned long valid = MPOL_F_NODE | MPOL_F_ADDR |
				    MPOL_F_MEMS_ALLOWED;
	u32 told, nodes;
	int err;

	if ((mask && maxnode < NR_NODE_IDS) || (flags & ~valid))
		return -EINVAL;
	err = tell_policy(addr, flags, &told, &nodes);
	if (err)
		return err;
	if (mode && put_user(told, mode))
		return -EFAULT;
	return mask ? put_nodes(mask, maxnode, nodes) : 0;
}

SYSCALL_DEFINE(set_mempolicy_home_node, unsigned long start, unsigned long len,
	       unsigned long node, unsigned long flags)
{
	if ((start & ~PAGE_MASK) || flags || node >= NR_NODE_IDS)
		return -EINVAL;
	return mm_set_home_node(current->mm, start, len, (unsigned int)node);
}

/* ---- pages ---- */

/*
 * @pid's address space with a user reference; 0: the caller's, whatever its
 * rights. ERR_PTR of -ESRCH, -EPERM, or -EINVAL: a kernel thread's.
 */
static struct mm_struct *space_of_pid(pid_t pid)
{
	struct task_struct *task = pid ? find_task_by_pid(pid) : current;
	struct mm_struct *mm;

	if (!task)
		return ERR_PTR(-ESRCH);
	if (pid && !ptrace_may_access(task, PTRACE_MODE_READ_REALCREDS))
		return ERR_PTR(-EPERM);
	mm = get_task_mm(task);
	return mm ? mm : ERR_PTR(-EINVAL);
}

/* All pages are where they may be; so nothing is left but what is asked. */
SYSCALL_DEFINE(migrate_pages, pid_t pid, unsigned long maxnode,
	       const u32 __user *old_nodes, const u32 __user *new_nodes)
{
	struct mm_struct *mm;
	u32 old, new;
	int err;

	err = get_nodes(&old, old_nodes, maxnode);
	if (!err)
		err = get_nodes(&new, new_nodes, maxnode);
	if (err)
		return err;
	mm = space_of_pid(pid);
	if (IS_ERR(mm) && mm != ERR_PTR(-EINVAL))
		return PTR_ERR(mm);
	if ((new & ~1u) && !capable(CAP_SYS_NICE))
		err = -EPERM;
	else if (IS_ERR(mm) || !(new & 1))
		err = -EINVAL;
	if (!IS_ERR(mm))
		mmput(mm);
	return err;
}

/* The status of a page that is to lie on a node. 0, or what ends the call. */
static int move_page(struct mm_struct *mm, const u32 __user *pages,
		     const int __user *nodes, int __user *status)
{
	u32 addr;
	int node;

	if (get_user(addr, pages) || get_user(node, nodes))
		return -EFAULT;
	if (node)
		return -ENODEV;
	node = mm_page_node(mm, addr, true);
	return put_user(node, status) ? -EFAULT : 0;
}

static int stat_page(struct mm_struct *mm, const u32 __user *pages,
		     int __user *status)
{
	u32 addr;

	if (get_user(addr, pages) ||
	    put_user(mm_page_node(mm, addr, false), status))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(move_pages, pid_t pid, unsigned long nr_pages,
	       const u32 __user *pages, const int __user *nodes,
	       int __user *status, unsigned int flags)
{
	struct mm_struct *mm;
	unsigned long i;
	int err = 0;

	if (flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	mm = space_of_pid(pid);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	for (i = 0; i < nr_pages && !err; i++)
		err = nodes ? move_page(mm, pages + i, nodes + i, status + i) :
			      stat_page(mm, pages + i, status + i);
	mmput(mm);
	return err;
}
