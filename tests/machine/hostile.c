/* SPDX-License-Identifier: MIT */
/*
 * Every system call that takes a pointer, with every kind of bad pointer in
 * every place. What each must return stands in hostile.expect, as Linux 6.1
 * answered (hostile --record prints that file); no answer may harm the machine.
 * A call that is not there (-ENOSYS) harms nothing.
 *
 * The table says the arguments of a call that would succeed:
 *
 *   o  room to write to     i  zero bytes to read    s  a file's path
 *   d  a folder's path      n  a new path            v  an iovec of one room
 *   t  a time of 1 us       T  the same, 64 bits     a  an argv
 *   x  a program's path
 *   l  a symbolic link      c  a capability header   p  the caller's number
 *
 * and numbers, which are numbers.
 *
 * In its turn each pointer is replaced; inside v and a also the pointer there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define MAPPED ((char *)0x60000000)
#define READ_ONLY ((char *)0x61000000)
#define NO_ACCESS ((char *)0x62000000)
#define ARGS 6

static const struct {
	const char *name;
	unsigned long at;
} bad[] = {
	{ "NULL", 0 },
	{ "first page", 0x1000 },
	{ "hole", 0x60001000 },
	{ "border", 0xc0000000 },
	{ "kernel", 0xc0100000 },
	{ "top page", 0xfffff000 },
	{ "last byte", 0xffffffff },
	{ "read-only", 0x61000000 },
	{ "no access", 0x62000000 },
	{ "across the end", 0x60000fff },
};

#define KINDS (sizeof(bad) / sizeof(*bad))

/* Files open under known numbers. */
enum { ZERO = 50, FILE_FD, FOLDER, PIPE_IN, PIPE_OUT, CONSOLE, EVENT, TIMER };

static const struct call {
	const char *name;
	int number;
	const char *args;
} calls[] = {
#define C(name, args) { #name, SYS_##name, args },
#define V(name, variant, args) { #name "/" variant, SYS_##name, args },
#include "hostile.calls"
#undef C
#undef V
};

#define CALLS (sizeof(calls) / sizeof(*calls))

static char room[8192] __attribute__((aligned(4096)));
static const char zeros[4096];
static struct iovec vector;
static char *vector_of_strings[2];
static int *answer; /* shared with the child */

/* One argument from the table's text, which is stepped over. */
static long argument(const char **text)
{
	static const long microsecond[2] = { 0, 1000 };
	static const long microsecond64[4] = { 0, 0, 1000, 0 };
	static const long capabilities[2] = { 0x20080522, 0 };
	char kind;

	while (**text == ' ')
		++*text;
	if (!**text)
		return 0;
	kind = **text;
	if (kind == '-' || (kind >= '0' && kind <= '9'))
		return strtoul(*text, (char **)text, 0);
	++*text;
	switch (kind) {
	case 'o':
		return (long)room;
	case 'i':
		return (long)zeros;
	case 's':
		return (long)"/tmp/hostile/file";
	case 'd':
		return (long)"/tmp/hostile";
	case 'n':
		return (long)"/tmp/hostile/new";
	case 't':
		return (long)microsecond;
	case 'x':
		return (long)"/tmp/hostile/program";
	case 'T':
		return (long)microsecond64;
	case 'l':
		return (long)"/tmp/hostile/link";
	case 'c':
		return (long)capabilities;
	case 'p':
		return getpid();
	case 'v':
		vector = (struct iovec){ room, 64 };
		return (long)&vector;
	case 'a':
		vector_of_strings[0] = room;
		return (long)vector_of_strings;
	}
	printf("not ok table - %c\n", kind);
	exit(1);
}

/* The letter of argument N, or '-'. */
static char kind_of(const char *text, int n)
{
	char word[8][16] = { "" };

	sscanf(text, "%15s %15s %15s %15s %15s %15s", word[0], word[1], word[2],
	       word[3], word[4], word[5]);
	return word[n][0] && strchr("oisdnxlcvtTa", word[n][0]) ? word[n][0] :
								  '-';
}

static long system_call(int number, const long *a)
{
	long ret;

	/* The sixth argument is in %ebp, which the compiler may be using. */
	__asm__ volatile("push %%ebp; mov 20(%%edi), %%ebp; push %%edi;"
			 "mov 16(%%edi), %%edi; int $0x80; pop %%edi; pop %%ebp"
			 : "=a"(ret)
			 : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]),
			   "S"(a[3]), "D"(a)
			 : "memory");
	return ret;
}

/* In a child: the call, with BAD in place of argument N or of what it holds. */
static void attempt(const struct call *call, int n, int inside,
		    unsigned long instead)
{
	const struct itimerval soon = { .it_value = { 0, 300000 } };
	const char *text = call->args;
	long a[ARGS];
	int i;

	for (i = 0; i < ARGS; i++)
		a[i] = argument(&text);
	if (!inside)
		a[n] = instead;
	else if (kind_of(call->args, n) == 'v')
		vector.iov_base = (void *)instead;
	else
		vector_of_strings[0] = (char *)instead;
	if (!strncmp(call->name, "wait", 4) && !fork())
		_exit(0);
	setitimer(ITIMER_REAL, &soon, NULL);
	i = system_call(call->number, a);
	*answer = i < 0 && i > -4096 ? i : 0;
	_exit(0);
}

/* Returns -errno, 0 (success), or the signal (+ 1000) that ended the child. */
static int outcome(const struct call *call, int n, int inside, unsigned long at)
{
	int status;
	pid_t pid;

	*answer = 999;
	fflush(stdout);
	pid = fork();
	need(pid >= 0);
	if (!pid)
		attempt(call, n, inside, at);
	need(waitpid(pid, &status, 0) == pid);
	unlink("/tmp/hostile/new");
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : *answer;
}

static void record(const struct call *call, int n, int inside)
{
	unsigned int k;

	printf("%s %d%s", call->name, n, inside ? "i" : "");
	for (k = 0; k < KINDS; k++)
		printf(" %d", outcome(call, n, inside, bad[k].at));
	printf("\n");
}

/* EXPECT: the numbers of one line of hostile.expect; "*" means any answer. */
static void compare(const struct call *call, int n, int inside, char *expect)
{
	char name[80], wrong[400] = "";
	unsigned int k;

	sprintf(name, "%s, argument %d%s", call->name, n,
		inside ? ", inside" : "");
	for (k = 0; k < KINDS && expect; k++) {
		int got = outcome(call, n, inside, bad[k].at);
		char *want = strsep(&expect, " \n");

		if (got == -ENOSYS)
			continue;
		if (strcmp(want, "*") ? atoi(want) != got : got >= 1000)
			sprintf(wrong + strlen(wrong), "%s: %d, not %s; ",
				bad[k].name, got, want);
	}
	check(k == KINDS && !*wrong, name, "%s", k ? wrong : "not recorded");
}

static char *find(const char *expected, const char *call, int n, int inside)
{
	static char line[200];
	char key[64];
	const char *at;

	sprintf(key, "\n%s %d%s ", call, n, inside ? "i" : "");
	at = strstr(expected, key);
	if (!at)
		return NULL;
	strncpy(line, at + strlen(key), sizeof(line) - 1);
	line[strcspn(line, "\n")] = 0;
	return line;
}

static void prepare(void)
{
	int ends[2], fd;

	answer = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(mmap(MAPPED, 4096, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAPPED);
	need(mmap(READ_ONLY, 4096, PROT_READ,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == READ_ONLY);
	need(mmap(NO_ACCESS, 4096, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == NO_ACCESS);
	MAPPED[4095] = 'x';
	mkdir("/tmp/hostile", 0755);
	need(close(open("/tmp/hostile/program", O_WRONLY | O_CREAT, 0755)) ==
	     0);
	symlink("file", "/tmp/hostile/link");
	fd = open("/tmp/hostile/file", O_RDWR | O_CREAT, 0755);
	need(fd >= 0 && ftruncate(fd, 8192) == 0);
	dup2(fd, FILE_FD);
	dup2(open("/dev/zero", O_RDWR), ZERO);
	dup2(open("/tmp/hostile", O_RDONLY | O_DIRECTORY), FOLDER);
	need(pipe(ends) == 0 && write(ends[1], "some bytes", 10) == 10);
	dup2(ends[0], PIPE_IN);
	dup2(ends[1], PIPE_OUT);
	dup2(open("/dev/console", O_RDWR | O_NOCTTY), CONSOLE);
	dup2(syscall(SYS_eventfd2, 1, O_NONBLOCK), EVENT);
	dup2(syscall(SYS_timerfd_create, 1, O_NONBLOCK), TIMER);
	syscall(SYS_setgroups32, 1, zeros);
	fcntl(PIPE_IN, F_SETFL, O_NONBLOCK);
}

int main(int argc, char **argv)
{
	static char expected[65536] = "\n";
	int recording = argc > 1 && !strcmp(argv[1], "--record");
	unsigned int i;
	int n, inside;
	int fd = open("/t/hostile.expect", O_RDONLY);

	prepare();
	if (!recording)
		need(read(fd, expected + 1, sizeof(expected) - 2) > 0);
	for (i = 0; i < CALLS; i++)
		for (n = 0; n < ARGS; n++)
			for (inside = 0; inside < 2; inside++) {
				char kind = kind_of(calls[i].args, n);

				if (kind == '-' ||
				    (inside && kind != 'v' && kind != 'a'))
					continue;
				if (recording)
					record(&calls[i], n, inside);
				else
					compare(&calls[i], n, inside,
						find(expected, calls[i].name, n,
						     inside));
			}
	return checks_done();
}
