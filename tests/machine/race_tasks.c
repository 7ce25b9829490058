/* SPDX-License-Identifier: MIT */
/* Races on memory, tasks, signals, time and what they share; see race.h. */
#include <asm/ldt.h>
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "race.h"

#define ARENA ((char *)0x60000000)
#define ARENA_PAGES 64

static const struct timespec moment = { 0, 200000 };

static void *any_page(void)
{
	return ARENA + 4096 * rnd(ARENA_PAGES);
}

static void arena_setup(void)
{
	need(mmap(ARENA, 4096 * ARENA_PAGES, PROT_READ | PROT_WRITE,
		  MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == ARENA);
}

/* ---- System V IPC ---- */

static void semaphores(void)
{
	int id = semget((key_t)(1 + rnd(3)), (int)(1 + rnd(60)),
			IPC_CREAT | 0666);
	struct sembuf ops[2] = {
		{ (unsigned short)rnd(3), (short)((int)rnd(5) - 2),
		  (short)(rnd(2) * SEM_UNDO) },
		{ (unsigned short)rnd(3), (short)((int)rnd(3) - 1), 0 }
	};
	struct semid_ds ds;
	unsigned short all[60] = { 1, 2, 3 };

	switch (rnd(7)) {
	case 0:
	case 1:
		semtimedop(id, ops, 1 + rnd(2), &moment);
		break;
	case 2:
		semctl(id, 0, SETALL, all);
		break;
	case 3:
		semctl(id, 0, GETALL, all);
		break;
	case 4:
		semctl(id, 0, IPC_STAT, &ds);
		break;
	case 5:
		semctl(id, (int)rnd(3), SETVAL, (int)rnd(3));
		break;
	default:
		semctl(id, 0, IPC_RMID);
	}
}

static void messages(void)
{
	int id = msgget((key_t)(1 + rnd(3)), IPC_CREAT | 0666);
	struct {
		long type;
		char text[3000];
	} m = { .type = 1 + (long)rnd(3) };
	struct msqid_ds ds;

	switch (rnd(6)) {
	case 0:
	case 1:
		msgsnd(id, &m, rnd(3000), IPC_NOWAIT);
		break;
	case 2:
	case 3:
		msgrcv(id, &m, rnd(3000), (long)rnd(3) - 1,
		       IPC_NOWAIT | (rnd(2) ? MSG_NOERROR : 0));
		break;
	case 4:
		msgctl(id, IPC_STAT, &ds);
		break;
	default:
		msgctl(id, IPC_RMID, NULL);
	}
}

static void ipc_step(void)
{
	static void *volatile at[SLOTS];
	struct shmid_ds ds;
	int id, i = (int)rnd(SLOTS);
	char text[300];

	if (rnd(3)) {
		rnd(2) ? semaphores() : messages();
		return;
	}
	id = shmget((key_t)(1 + rnd(3)), 4096 * (1 + rnd(3)), IPC_CREAT | 0666);
	switch (rnd(5)) {
	case 0:
	case 1:
		at[i] = shmat(id, NULL, 0);
		break;
	case 2:
		shmdt(at[i]);
		break;
	case 3:
		shmctl(id, rnd(2) ? IPC_STAT : IPC_RMID, &ds);
		break;
	default:
		i = open(rnd(2) ? "/proc/sysvipc/sem" : "/proc/sysvipc/shm",
			 O_RDONLY);
		while (read(i, text, sizeof(text)) > 0)
			;
		close(i);
	}
}

/* ---- mappings ---- */

static void mappings_setup(void)
{
	int end[2];

	arena_setup();
	need(!pipe2(end, O_NONBLOCK));
	fds[0] = end[0];
	fds[1] = end[1];
	fds[2] = open("/tmp/map", O_RDWR | O_CREAT, 0666);
	fds[3] = open("/proc/self/mem", O_RDWR);
}

static void change_area(void *at, size_t size)
{
	static const int advices[] = { MADV_DONTNEED, MADV_FREE, MADV_WILLNEED,
				       MADV_DONTFORK, MADV_DOFORK };

	switch (rnd(5)) {
	case 0:
		mprotect(at, size, (int)rnd(4));
		break;
	case 1:
		madvise(at, size, advices[rnd(5)]);
		break;
	case 2:
		rnd(2) ? mlock(at, size) : munlock(at, size);
		break;
	case 3:
		msync(at, size, MS_SYNC);
		break;
	default:
		munmap(at, size);
	}
}

static void mappings_step(void)
{
	size_t size = 4096 * (1 + rnd(8));
	void *at = any_page();
	struct iovec mine = { any_page(), size }, its = { at, size };

	switch (rnd(10)) {
	case 0:
	case 1:
		mmap(at, size, PROT_READ | PROT_WRITE,
		     MAP_FIXED | (rnd(2) ? MAP_PRIVATE : MAP_SHARED) |
			     (rnd(2) * MAP_ANONYMOUS),
		     fds[2], 4096 * (off_t)rnd(4));
		break;
	case 2:
	case 3:
		change_area(at, size);
		break;
	case 4:
		mremap(at, size, 4096 * (1 + rnd(8)),
		       MREMAP_MAYMOVE | MREMAP_FIXED, any_page());
		break;
	case 5:
		write(fds[rnd(SLOTS)], at, size);
		break;
	case 6:
		read(fds[rnd(SLOTS)], at, size);
		break;
	case 7:
		process_vm_readv(getpid(), &mine, 1, &its, 1, 0);
		pread(fds[3], mine.iov_base, 5000, (off_t)(long)at);
		break;
	case 8:
		if (!raw_fork()) {
			read(fds[2], at, size);
			_exit(0);
		}
		waitpid(-1, NULL, WNOHANG);
		break;
	default:
		ftruncate(fds[2], 4096 * (off_t)rnd(6));
	}
}

/* ---- /proc ---- */

static void *short_life(void *unused)
{
	return unused;
}

static void read_proc(void)
{
	static const char *const files[] = {
		"stat",	   "status",  "maps",	  "smaps",  "fdinfo/3",
		"pagemap", "cmdline", "environ",  "limits", "mountinfo",
		"wchan",   "auxv",    "mem",	  "statm",  "io",
		"syscall", "comm",    "oom_score"
	};
	char name[80], text[700];
	int fd, n = 0;

	sprintf(name, "/proc/%d/%s%s", (int)rnd(40) + 1,
		rnd(2) ? "" : "task/2/", files[rnd(18)]);
	if (rnd(2))
		sprintf(name, "/proc/self/%s", files[rnd(18)]);
	fd = open(name, O_RDONLY);
	while (read(fd, text, 1 + rnd(sizeof(text))) > 0 && n++ < 20)
		;
	close(fd);
}

static void list_proc(void)
{
	char name[40], text[500];
	int fd;

	sprintf(name, rnd(3) ? "/proc/self/%s" : "/proc/%s",
		rnd(2) ? "task" :
		rnd(2) ? "fd" :
			 ".");
	fd = open(name, O_RDONLY | O_DIRECTORY);
	while (call(getdents64, fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

static void proc_step(void)
{
	pthread_t thread;
	char name[60];

	switch (rnd(8)) {
	case 0:
		if (!pthread_create(&thread, NULL, short_life, NULL))
			pthread_detach(thread);
		break;
	case 1:
		if (!raw_fork())
			_exit(0);
		waitpid(-1, NULL, rnd(2) ? WNOHANG : 0);
		break;
	case 2:
		list_proc();
		break;
	case 3:
		put_fd(open("/proc/self/maps", O_RDONLY));
		sprintf(name, "/proc/self/fd/%d", (int)rnd(20));
		call(readlink, name, name, sizeof(name));
		break;
	case 4:
		put_fd(open("/proc/self/task", O_RDONLY));
		call(getdents64, any_fd(), name, sizeof(name));
		break;
	default:
		read_proc();
	}
}

/* ---- signals ---- */

static int any_thread(void)
{
	return getpid() + (int)rnd(THREADS + 1);
}

static void wait_for_signal(const sigset_t *set)
{
	struct signalfd_siginfo info;

	switch (rnd(4)) {
	case 0:
		sigtimedwait(set, NULL, &moment);
		break;
	case 1:
		put_fd(signalfd(-1, set, SFD_NONBLOCK));
		break;
	case 2:
		read(any_fd(), &info, sizeof(info));
		break;
	default:
		ppoll(NULL, 0, &moment, set);
	}
}

static void signals_step(void)
{
	int sig = rnd(2) ? SIGRTMIN + (int)rnd(3) : SIGUSR1;
	struct sigaction act = { .sa_handler = rnd(4) ? nothing : SIG_IGN,
				 .sa_flags = rnd(2) ? SA_RESTART : 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	switch (rnd(8)) {
	case 0:
		kill(getpid(), sig);
		break;
	case 1:
		call(tgkill, getpid(), any_thread(), sig);
		break;
	case 2:
		sigqueue(getpid(), sig, (union sigval){ 1 });
		break;
	case 3:
		sigaction(sig, &act, NULL);
		break;
	case 4:
		pthread_sigmask((int)rnd(2), &set, NULL);
		break;
	case 5:
		sigpending(&set);
		break;
	case 6:
		if (!raw_fork()) {
			kill(getppid(), sig);
			_exit(0);
		}
		waitpid(-1, NULL, WNOHANG);
		break;
	default:
		wait_for_signal(&set);
	}
}

/* ---- timers ---- */

static volatile int timers[SLOTS];

/* Few at a time: more than the threads can serve would stop their work. */
static void put_timer(int id)
{
	call(timer_delete,
	     __atomic_exchange_n(&timers[rnd(SLOTS)], id, __ATOMIC_RELAXED));
}

static void timers_step(void)
{
	struct itimerspec when = { { 0, rnd(2) * 3000000 },
				   { 0, rnd(900000) } };
	struct itimerval old = { { 0, 0 }, { 0, rnd(900) } };
	struct sigevent e = { .sigev_notify = rnd(2) ? SIGEV_SIGNAL :
						       SIGEV_NONE,
			      .sigev_signo = SIGRTMIN };
	int id = timers[rnd(SLOTS)];

	switch (rnd(10)) {
	case 0:
	case 1:
		if (!call(timer_create,
			  rnd(2) ? CLOCK_MONOTONIC : CLOCK_REALTIME, &e, &id))
			put_timer(id);
		break;
	case 2:
		call(timer_settime, id, 0, &when, NULL);
		break;
	case 3:
		call(timer_gettime, id, &when);
		break;
	case 4:
	case 5:
		call(timer_delete, id);
		break;
	case 6:
		put_fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
		break;
	case 7:
		timerfd_settime(any_fd(), 0, &when, NULL);
		break;
	case 8:
		read(any_fd(), &when, 8);
		timerfd_gettime(any_fd(), &when);
		break;
	default:
		signal(SIGALRM, nothing);
		setitimer(ITIMER_REAL, &old, NULL);
		nanosleep(&moment, NULL);
	}
}

/* ---- tasks ---- */

static volatile int children[SLOTS];

static void child_lives(void)
{
	switch (rnd(5)) {
	case 0:
		call(setpgid, 0, 0);
		break;
	case 1:
		call(setsid);
		break;
	case 2:
		call(ptrace, PTRACE_TRACEME, 0, 0, 0);
		call(kill, getpid(), SIGSTOP);
		break;
	case 3:
		call(nanosleep, &moment, 0);
		break;
	default:
		call(clone, SIGCHLD, 0, 0, 0, 0);
	}
	call(exit_group, (int)rnd(3));
}

static void trace_child(int pid)
{
	int data;

	switch (rnd(7)) {
	case 0:
		call(ptrace, PTRACE_ATTACH, pid, 0, 0);
		break;
	case 1:
		call(ptrace, PTRACE_SEIZE, pid, 0, 0);
		break;
	case 2:
		call(ptrace, PTRACE_CONT, pid, 0, 0);
		break;
	case 3:
		call(ptrace, PTRACE_DETACH, pid, 0, 0);
		break;
	case 4:
		call(ptrace, PTRACE_PEEKDATA, pid, ARENA, &data);
		break;
	case 5:
		call(ptrace, PTRACE_SYSCALL, pid, 0, 0);
		break;
	default:
		call(kill, pid, rnd(2) ? SIGSTOP : SIGCONT);
	}
}

static void change_child(int pid)
{
	struct sched_param param = { 0 };
	struct rlimit limit = { 100, 100 };

	switch (rnd(6)) {
	case 0:
		setpgid(pid, (int)rnd(2) ? pid : 0);
		break;
	case 1:
		getpgid(pid);
		getsid(pid);
		break;
	case 2:
		sched_setscheduler(pid, rnd(2) ? SCHED_BATCH : SCHED_IDLE,
				   &param);
		break;
	case 3:
		setpriority(PRIO_PROCESS, (id_t)pid, (int)rnd(10));
		break;
	case 4:
		prlimit((pid_t)pid, RLIMIT_STACK, NULL, &limit);
		break;
	default:
		call(kcmp, pid, getpid(), rnd(5), 0, 1);
	}
}

static void tasks_step(void)
{
	int pid = children[rnd(SLOTS)];
	pthread_t thread;
	siginfo_t info;

	if (!pid)
		pid = 1000000;
	switch (rnd(12)) {
	case 0:
	case 1:
		pid = raw_fork();
		if (!pid)
			child_lives();
		children[rnd(SLOTS)] = pid;
		break;
	case 2:
		waitpid(-1, NULL, WNOHANG | WUNTRACED | WCONTINUED);
		break;
	case 3:
		waitpid(pid, NULL, WNOHANG | WUNTRACED);
		break;
	case 4:
		waitid(P_ALL, 0, &info, WEXITED | WNOHANG | (rnd(2) * WNOWAIT));
		break;
	case 5:
		put_fd((int)call(pidfd_open, pid, 0));
		break;
	case 6:
		call(pidfd_send_signal, any_fd(), SIGCONT, 0, 0);
		call(pidfd_getfd, any_fd(), 0, 0);
		break;
	case 7:
		kill(pid, SIGKILL);
		break;
	case 8:
		if (!pthread_create(&thread, NULL, short_life, NULL))
			pthread_detach(thread);
		break;
	case 9:
		trace_child(pid);
		break;
	case 10:
		poll(&(struct pollfd){ any_fd(), POLLIN, 0 }, 1, (int)rnd(2));
		break;
	default:
		change_child(pid);
	}
}

/* ---- descriptors of segments ---- */

static void segments_step(void)
{
	struct user_desc d = { .entry_number = rnd(3) ? rnd(40) : rnd(8192),
			       .limit = 100,
			       .seg_32bit = 1,
			       .useable = 1 };
	char table[2000];

	switch (rnd(6)) {
	case 0:
		call(modify_ldt, 0, table, rnd(sizeof(table)));
		break;
	case 1:
		d.entry_number = rnd(2) ? 6 + rnd(3) : -1u;
		call(get_thread_area, &d);
		break;
	case 2:
		d.entry_number = 7 + rnd(2);
		call(set_thread_area, &d);
		break;
	case 3:
		if (!raw_fork()) {
			call(modify_ldt, 0, table, sizeof(table));
			_exit(0);
		}
		waitpid(-1, NULL, rnd(2) ? 0 : WNOHANG);
		break;
	default:
		call(modify_ldt, rnd(2) ? 1 : 0x11, &d, sizeof(d));
	}
}

/* ---- futexes ---- */

static void futexes_step(void)
{
	int *word = (int *)((char *)any_page() + 4 * rnd(2));
	int *other = any_page();
	int private = rnd(2) ? FUTEX_PRIVATE_FLAG : 0;

	switch (rnd(10)) {
	case 0:
	case 1:
		call(futex, word, FUTEX_WAIT | private, 0, &moment, 0, 0);
		break;
	case 2:
		call(futex, word, FUTEX_WAKE | private, 1 + rnd(3), 0, 0, 0);
		break;
	case 3:
		call(futex, word, FUTEX_CMP_REQUEUE | private, 1, 1 + rnd(3),
		     other, 0);
		break;
	case 4:
		call(futex, word, FUTEX_LOCK_PI | private, 0, &moment, 0, 0);
		break;
	case 5:
		call(futex, word, FUTEX_UNLOCK_PI | private, 0, 0, 0, 0);
		break;
	case 6:
		call(futex, word, FUTEX_TRYLOCK_PI | private, 0, 0, 0, 0);
		break;
	case 7:
		call(futex, word, FUTEX_WAKE_OP | private, 1, 1, other, 0);
		break;
	case 8:
		mmap(any_page(), 4096 * rnd(4), PROT_READ | PROT_WRITE,
		     MAP_FIXED | MAP_ANONYMOUS |
			     (rnd(2) ? MAP_SHARED : MAP_PRIVATE),
		     -1, 0);
		break;
	default:
		call(set_robust_list, any_page(), 12);
		if (rnd(8))
			break;
		if (!raw_fork())
			_exit(0);
		waitpid(-1, NULL, WNOHANG);
	}
}

/* ---- userfaultfd ---- */

static void *resolver(void *unused)
{
	struct uffdio_zeropage z = { { 0, 4096 }, 0, 0 };

	dice = 77;
	for (;;) {
		z.range.start = (unsigned long)any_page();
		ioctl(any_fd(), UFFDIO_ZEROPAGE, &z);
		if (!rnd(20))
			nanosleep(&moment, NULL);
	}
	return unused;
}

static void userfaults_setup(void)
{
	pthread_t thread;

	arena_setup();
	pthread_create(&thread, NULL, resolver, NULL);
}

static void userfaults_step(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_range range = { (unsigned long)any_page(), 8192 };
	struct uffdio_register reg = { range, UFFDIO_REGISTER_MODE_MISSING, 0 };
	struct uffdio_copy copy = { range.start, (unsigned long)any_page, 4096,
				    0, 0 };
	struct uffd_msg msg;
	int fd;

	switch (rnd(9)) {
	case 0:
		fd = (int)call(userfaultfd, O_NONBLOCK);
		ioctl(fd, UFFDIO_API, &api);
		put_fd(fd);
		break;
	case 1:
	case 2:
		ioctl(any_fd(), UFFDIO_REGISTER, &reg);
		break;
	case 3:
		ioctl(any_fd(), UFFDIO_UNREGISTER, &range);
		break;
	case 4:
		read(any_fd(), &msg, sizeof(msg));
		break;
	case 5:
		copy.dst &= ~4095ull;
		copy.src &= ~4095ull;
		ioctl(any_fd(), UFFDIO_COPY, &copy);
		break;
	case 6:
		madvise(any_page(), 8192, MADV_DONTNEED);
		break;
	case 7:
		ioctl(any_fd(), UFFDIO_WAKE, &range);
		break;
	default:
		stat("/", any_page());
	}
}

int main(int argc, char **argv)
{
	static const struct family all[] = {
		{ "ipc", NULL, ipc_step },
		{ "mappings", mappings_setup, mappings_step },
		{ "proc", NULL, proc_step },
		{ "signals", NULL, signals_step },
		{ "timers", NULL, timers_step },
		{ "tasks", arena_setup, tasks_step },
		{ "segments", NULL, segments_step },
		{ "futexes", arena_setup, futexes_step },
		{ "userfaults", userfaults_setup, userfaults_step },
	};

	return races(argc, argv, all, sizeof(all) / sizeof(*all));
}
