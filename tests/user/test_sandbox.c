/* SPDX-License-Identifier: MIT */
/*
 * A sandbox as browsers build it: after the start only the calls that memory
 * and threads need are allowed, everything else fails with EPERM; no file can
 * be opened, not even /proc/self or /sys.
 */
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const int allowed[] = {
	SYS_read,	 SYS_write,	      SYS_close,
	SYS_mmap,	 SYS_munmap,	      SYS_mremap,
	SYS_mprotect,	 SYS_madvise,	      SYS_brk,
	SYS_futex,	 SYS_clone,	      SYS_exit,
	SYS_exit_group,	 SYS_rt_sigprocmask,  SYS_rt_sigreturn,
	SYS_wait4,	 SYS_set_robust_list, SYS_rseq,
	SYS_gettid,	 SYS_getpid,	      SYS_clock_nanosleep,
	SYS_sched_yield, SYS_tgkill,
};

#define FILTER_FIXED 4
static struct sock_filter filter[ARRAY_SIZE(allowed) * 2 + FILTER_FIXED];

static int enter_sandbox(void)
{
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };
	struct sock_filter *f = filter;
	size_t i;

	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, nr));
	for (i = 0; i < ARRAY_SIZE(allowed); i++) {
		*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						    allowed[i], 0, 1);
		*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						    SECCOMP_RET_ALLOW);
	}
	/* clone3 is unknown to sandboxes: libc then takes clone. */
	*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    SYS_clone3, 1, 0);
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
					    SECCOMP_RET_ERRNO | EPERM);
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
					    SECCOMP_RET_ERRNO | ENOSYS);
	program.len = f - filter;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static bool use_all_sizes(void)
{
	void *p[400];
	bool good = true;
	size_t i;

	for (i = 0; i < 400; i++) {
		size_t n = i * i * 2 + 1;

		p[i] = i & 1 ? malloc(n) : calloc(1, n);
		if (!p[i])
			return false;
		fill(p[i], n, i);
	}
	for (i = 0; i < 400; i++) {
		size_t n = i * i * 2 + 1;

		p[i] = realloc(p[i], n + 5000);
		good &= p[i] && intact(p[i], n, i);
		free(p[i]);
	}
	return good;
}

static void *thread_work(void *arg)
{
	return use_all_sizes() ? arg : NULL;
}

static int child_work(void *arg)
{
	return arg && use_all_sizes() ? 0 : 1;
}

static int in_sandbox(void *started)
{
	pthread_t t[4];
	void *ret;
	int i;

	if (started && !use_all_sizes())
		return 1;
	if (enter_sandbox())
		return 2;
	if (open("/proc/self/status", O_RDONLY) >= 0)
		return 3;
	if (!use_all_sizes())
		return 4;
	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, thread_work, t))
			return 5;
	for (i = 0; i < 10; i++)
		if (!exited_well(in_child(child_work, t, 10)))
			return 8;
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		if (!ret)
			return 6;
	}
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	return use_all_sizes() ? 0 : 7;
}

/* From its first call on, memory has to do without the kernel's barriers. */
static int refuse_barriers(void *arg)
{
	struct sock_filter only[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(only), only };

	(void)arg;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	int status;

	begin("sandbox");
	if (argc > 1 && argv[1])
		return in_sandbox(NULL);
	status = in_fresh("no-barriers", refuse_barriers, NULL, 20);
	check(exited_well(status), "without-membarrier", "%s", ending(status));
	status = in_fresh("from-the-start", NULL, NULL, 20);
	check(exited_well(status), "from-the-start", "%s", ending(status));
	status = in_child(in_sandbox, &status, 20);
	check(exited_well(status), "entered-later", "%s", ending(status));
	return finish();
}
