/* SPDX-License-Identifier: MIT */
/*
 * A program that frees something twice, in the circumstances that its first
 * argument names. What it prints at the end says that it went on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *kept; /* from a time when there was memory */

static void mistake(void)
{
	char *volatile p = kept ? kept : malloc(40);

	free(p);
	free(p); /* wrong: double-free */
}

static char **args;

static void again_by_exec(void)
{
	execl("/proc/self/exe", args[0], "plain", NULL);
	_exit(99);
}

static void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		printf("child ended with %#x\n", status);
}

static void in_fork(void)
{
	pid_t pid = fork();

	if (!pid) {
		mistake();
		_exit(0);
	}
	wait_for(pid);
}

static void in_exec(void)
{
	pid_t pid = fork();

	if (!pid)
		again_by_exec();
	wait_for(pid);
}

static void in_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		again_by_exec();
	wait_for(pid);
}

static void without_descriptors(void)
{
	int out = dup2(1, 900);

	for (int fd = 0; fd < 900; fd++)
		close(fd);
	mistake();
	dup2(out, 1);
}

static void with_no_more_descriptors(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_NOFILE, &none);
	mistake();
}

static void tick(int sig)
{
}

static void with_a_timer(void)
{
	const struct itimerval often = { { 0, 300 }, { 0, 300 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };

	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &often, NULL);
	mistake();
	setitimer(ITIMER_REAL, &never, NULL);
}

static void in_a_handler(int sig)
{
	mistake();
}

static void in_a_signal(void)
{
	static char stack[1 << 16];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction act = { .sa_handler = in_a_handler,
				 .sa_flags = SA_ONSTACK };

	sigaltstack(&other, NULL);
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
}

static void *thread(void *arg)
{
	mistake();
	return NULL;
}

static void in_threads(void)
{
	pthread_t t[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, thread, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
}

static void in_another_root(void)
{
	if (chroot("/tmp") || chdir("/"))
		perror("chroot");
	mistake();
}

static void in_another_network(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) && unshare(CLONE_NEWNET))
		perror("unshare");
	mistake();
}

static void killed(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			mistake();
	usleep(20000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The program's own file is another one by now. */
static void with_a_replaced_file(void)
{
	unlink(args[0]);
	close(open(args[0], O_CREAT | O_WRONLY, 0755));
	mistake();
}

static struct sockaddr_un reader(socklen_t *size)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *name = strstr(getenv("ASHLAR_OPTIONS"), "report=") + 7;
	size_t n = strcspn(name, ": ");

	memcpy(a.sun_path + 1, name, n);
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
	return a;
}

/* The checker ends with the first process: then stderr is ours. */
static void daemonised(void)
{
	socklen_t size;
	struct sockaddr_un a = reader(&size);
	bool found = true;
	int fd;

	if (daemon(1, 1))
		_exit(99);
	while (found) {
		fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		found = !connect(fd, (struct sockaddr *)&a, size);
		close(fd);
		usleep(1000);
	}
	mistake();
}

/* Some say nothing, some what is no record; one says the truth. */
static void among_noise(void)
{
	socklen_t size;
	struct sockaddr_un a = reader(&size);
	char rubbish[4096];
	int fd;

	memset(rubbish, 'x', sizeof(rubbish));
	for (int i = 0; i < 40; i++) {
		fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		if (connect(fd, (struct sockaddr *)&a, size))
			perror("connect");
		if (i % 2)
			(void)!send(fd, rubbish, (size_t)i * 100, MSG_NOSIGNAL);
		if (i % 3 == 0)
			close(fd);
	}
	mistake();
}

static void without_memory(void)
{
	const struct rlimit little = { 64 << 20, 64 << 20 };

	kept = malloc(40);
	setrlimit(RLIMIT_AS, &little);
	while (malloc(1 << 16))
		;
	while (malloc(64))
		;
	errno = 0;
	mistake();
}

/* One that is sent waits like any other signal that is blocked. */
static void waits_for_a_fault(void)
{
	int signals[] = { SIGSEGV, SIGBUS }, got;
	sigset_t set, pending;

	for (int i = 0; i < 2; i++) {
		sigemptyset(&set);
		sigaddset(&set, signals[i]);
		sigprocmask(SIG_BLOCK, &set, NULL);
		kill(getpid(), signals[i]);
		sigpending(&pending);
		if (!sigismember(&pending, signals[i]) || sigwait(&set, &got) ||
		    got != signals[i])
			_exit(99);
		sigprocmask(SIG_UNBLOCK, &set, &pending);
		if (!sigismember(&pending, signals[i]))
			_exit(98);
	}
	mistake();
}

/* Whoever makes another call than these is killed. */
static void restricted(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 8, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_gettid, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { 11, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		_exit(99);
}

static void mistake_when_restricted(void)
{
	restricted();
	mistake();
}

/* Damage that nobody would find before the end, which is not yet. */
static void damaged(void)
{
	static char *kept;

	kept = malloc(20);
	kept[20] = 1;
	printf("%d\n", getpid());
	getchar();
	kept[20] = (char)0xcc;
	kept = NULL;
}

static const struct circumstance {
	const char *name;
	void (*run)(void);
} circumstances[] = {
	{ "plain", mistake },
	{ "damaged", damaged },
	{ "fork", in_fork },
	{ "exec", in_exec },
	{ "vfork", in_vfork },
	{ "no-descriptors", without_descriptors },
	{ "descriptors-used-up", with_no_more_descriptors },
	{ "timer", with_a_timer },
	{ "signal", in_a_signal },
	{ "threads", in_threads },
	{ "chroot", in_another_root },
	{ "network", in_another_network },
	{ "daemon", daemonised },
	{ "killed", killed },
	{ "replaced", with_a_replaced_file },
	{ "noise", among_noise },
	{ "no-memory", without_memory },
	{ "waits", waits_for_a_fault },
	{ "restricted", restricted },
	{ "restricted-mistake", mistake_when_restricted },
};

int main(int argc, char **argv)
{
	size_t i, n = sizeof(circumstances) / sizeof(circumstances[0]);

	args = argv;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (i = 0; argc > 1 && i < n; i++)
		if (!strcmp(argv[1], circumstances[i].name))
			circumstances[i].run();
	puts("went on");
	return 0;
}
