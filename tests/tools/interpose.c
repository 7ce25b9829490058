/* SPDX-License-Identifier: MIT */
/*
 * Each function that libashlar-check stands before: called rightly it reports
 * nothing and does its work; called one byte too far it reports that, once,
 * with its name and the direction. The heap is interpose_heap.c's.
 *
 * Compiled twice: plainly, and with _FORTIFY_SOURCE, whose names differ.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include "interpose.h"

/*
 * The compiler must neither know the values nor lose the calls; but where it
 * knows how large an object is, it calls the second names.
 */
static volatile size_t eight = 8, nine = 9;
#ifdef FORTIFIED
#define VARIANT "fortified"
#define hidden BLOCK
#define hidden_wide ((wchar_t *)BLOCK)
#define B(bytes, ends) block(bytes, ends)
#define W(n, ends) wide_block(n, ends)
#else
#define VARIANT "plain"
static char *volatile hidden;
static wchar_t *volatile hidden_wide;
#define B(bytes, ends) (hidden = block(bytes, ends))
#define W(n, ends) (hidden_wide = wide_block(n, ends))
#endif

static int failed;
static int quiet_fd; /* /dev/null */
static FILE *quiet;

static void say(bool good, const char *name, const char *what)
{
	char line[200];
	int n = snprintf(line, sizeof(line), "%sok interpose/%s/%s%s\n",
			 good ? "" : "not ", VARIANT, name, what);

	failed |= !good;
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(99);
}

/* A block of @bytes with a string that fills it, a zero at its end or not. */
static char *block(size_t bytes, bool ends)
{
	block_bytes = bytes;
	for (size_t i = 0; i < HEAP_BYTES; i++)
		heap[i] = i < 64 + bytes ? (char)('a' + i % 16) : 0;
	if (ends)
		BLOCK[bytes - 1] = 0;
	seen.nr = 0;
	return BLOCK;
}

static wchar_t *wide_block(size_t n, bool ends)
{
	wchar_t *w = (wchar_t *)block(n * sizeof(wchar_t), false);

	for (size_t i = 0; i < n; i++)
		w[i] = (wchar_t)('a' + i);
	if (ends)
		w[n - 1] = 0;
	return w;
}

static void right(const char *name)
{
	say(seen.nr == 0, name, " right");
	if (seen.nr)
		printf("# %s said %zu bytes at block%+td\n", seen.call,
		       seen.bytes, (const char *)seen.at - BLOCK);
}

static void wrong(const char *name, bool is_write)
{
	bool good = seen.nr == 1 && seen.is_write == is_write &&
		    strstr(seen.call, name);

	say(good, name, is_write ? " write" : " read");
	if (!good)
		printf("# %u reports, the last of %s\n", seen.nr,
		       seen.nr ? seen.call : "-");
	fflush(stdout);
}

static volatile unsigned long sink;
#define USE(x) (sink += (unsigned long)(x))

static char other[64] = "abcdefgh";
static wchar_t wide_other[64] = L"abcdefgh";
static wchar_t *wide_rest;

/* RIGHT and WRONG: a block, what is done with it. */
#define RIGHT(name, make, call) \
	do {                    \
		make;           \
		call;           \
		right(name);    \
	} while (0)
#define WRONG(name, is_write, make, call) \
	do {                              \
		make;                     \
		call;                     \
		wrong(name, is_write);    \
	} while (0)

static void of_memory(void)
{
	RIGHT("memcpy", B(8, 0), memcpy(hidden, other, eight));
	WRONG("memcpy", 1, B(8, 0), memcpy(hidden, other, nine));
	WRONG("memcpy", 0, B(8, 0), memcpy(other, hidden, nine));
	WRONG("memcpy", 0, B(8, 0), memcpy(other, hidden - 1, eight));
	RIGHT("memmove", B(8, 0), memmove(hidden, hidden + 1, eight - 1));
	WRONG("memmove", 0, B(8, 0), memmove(hidden, hidden + 1, eight));
	WRONG("mempcpy", 1, B(8, 0), USE(mempcpy(hidden, other, nine)));
	RIGHT("memset", B(8, 0), memset(hidden, 1, eight));
	WRONG("memset", 1, B(8, 0), memset(hidden, 1, nine));
	RIGHT("memcmp", B(8, 0), USE(memcmp(hidden, other, eight)));
	WRONG("memcmp", 0, B(8, 0), USE(memcmp(hidden, other, nine)));
	RIGHT("memchr", B(8, 0), USE(memchr(hidden, 'c', nine)));
	WRONG("memchr", 0, B(8, 0), USE(memchr(hidden, '!', nine)));
	WRONG("memrchr", 0, B(8, 0), USE(memrchr(hidden, '!', nine)));
	WRONG("memmem", 0, B(8, 0), USE(memmem(hidden, nine, "x", 1)));
	RIGHT("memccpy", B(8, 0), USE(memccpy(other, hidden, 'c', nine)));
	WRONG("memccpy", 0, B(8, 0), USE(memccpy(other, hidden, '!', nine)));
	WRONG("explicit_bzero", 1, B(8, 0), explicit_bzero(hidden, nine));
}

static void of_strings(void)
{
	memcpy(other, "abcdefgh", 9);
	RIGHT("strlen", B(8, 1), USE(strlen(hidden)));
	WRONG("strlen", 0, B(8, 0), USE(strlen(hidden)));
	RIGHT("strnlen", B(8, 0), USE(strnlen(hidden, eight)));
	WRONG("strnlen", 0, B(8, 0), USE(strnlen(hidden, nine)));
	RIGHT("strcpy", B(9, 0), strcpy(hidden, other));
	WRONG("strcpy", 1, B(8, 0), strcpy(hidden, other));
	WRONG("stpcpy", 1, B(8, 0), USE(stpcpy(hidden, other)));
	RIGHT("strncpy", B(8, 0), strncpy(hidden, other, eight));
	WRONG("strncpy", 1, B(8, 0), strncpy(hidden, other, nine));
	WRONG("stpncpy", 1, B(8, 0), USE(stpncpy(hidden, other, nine)));
	RIGHT("strcat", (B(9, 0), *hidden = 0), strcat(hidden, other));
	WRONG("strcat", 1, (B(9, 0), hidden[1] = 0), strcat(hidden, other));
	RIGHT("strncat", (B(9, 0), hidden[1] = 0),
	      strncat(hidden, other, nine - 2));
	WRONG("strncat", 1, (B(9, 0), hidden[1] = 0),
	      strncat(hidden, other, eight));
	RIGHT("strdup", B(8, 1), free(strdup(hidden)));
	WRONG("strdup", 0, B(8, 0), free(strdup(hidden)));
	WRONG("strndup", 0, B(8, 0), free(strndup(hidden, nine)));
	RIGHT("strcmp", B(8, 0), USE(strcmp(hidden, "axe")));
	WRONG("strcmp", 0, B(8, 0), USE(strcmp(hidden, other)));
	RIGHT("strncmp", B(8, 0), USE(strncmp(hidden, other, eight)));
	WRONG("strncmp", 0, B(8, 0), USE(strncmp(hidden, other, nine)));
	WRONG("strcasecmp", 0, B(8, 0), USE(strcasecmp(hidden, other)));
	WRONG("strncasecmp", 0, B(8, 0), USE(strncasecmp(hidden, other, nine)));
}

static void of_searches(void)
{
	RIGHT("strchr", B(8, 0), USE(strchr(hidden, 'c')));
	WRONG("strchr", 0, B(8, 0), USE(strchr(hidden, '!')));
	WRONG("strchrnul", 0, B(8, 0), USE(strchrnul(hidden, '!')));
	WRONG("strrchr", 0, B(8, 0), USE(strrchr(hidden, 'c')));
	RIGHT("strstr", B(8, 0), USE(strstr(hidden, "cd")));
	WRONG("strstr", 0, B(8, 0), USE(strstr(hidden, "ce")));
	RIGHT("strspn", B(8, 0), USE(strspn(hidden, "abc")));
	WRONG("strspn", 0, B(8, 0), USE(strspn(hidden, "abcdefgh")));
	WRONG("strcspn", 0, B(8, 0), USE(strcspn(hidden, "!")));
}

static void of_wide_strings(void)
{
	RIGHT("wcslen", W(8, 1), USE(wcslen(hidden_wide)));
	WRONG("wcslen", 0, W(8, 0), USE(wcslen(hidden_wide)));
	WRONG("wcsnlen", 0, W(8, 0), USE(wcsnlen(hidden_wide, nine)));
	RIGHT("wcscpy", W(9, 0), wcscpy(hidden_wide, wide_other));
	WRONG("wcscpy", 1, W(8, 0), wcscpy(hidden_wide, wide_other));
	WRONG("wcpcpy", 1, W(8, 0), USE(wcpcpy(hidden_wide, wide_other)));
	RIGHT("wcsncpy", W(8, 0), wcsncpy(hidden_wide, wide_other, eight));
	WRONG("wcsncpy", 1, W(8, 0), wcsncpy(hidden_wide, wide_other, nine));
	WRONG("wcscat", 1, (W(9, 0), hidden_wide[1] = 0),
	      wcscat(hidden_wide, wide_other));
	WRONG("wcsncat", 1, (W(9, 0), hidden_wide[1] = 0),
	      wcsncat(hidden_wide, wide_other, eight));
	WRONG("wcsdup", 0, W(8, 0), free(wcsdup(hidden_wide)));
	RIGHT("wmemcpy", W(8, 0), wmemcpy(hidden_wide, wide_other, eight));
	WRONG("wmemcpy", 1, W(8, 0), wmemcpy(hidden_wide, wide_other, nine));
	WRONG("wmemmove", 0, W(8, 0), wmemmove(wide_other, hidden_wide, nine));
	WRONG("wmemset", 1, W(8, 0), wmemset(hidden_wide, L'x', nine));
	WRONG("wmemcmp", 0, W(8, 0),
	      USE(wmemcmp(hidden_wide, wide_other, nine)));
	WRONG("wmemchr", 0, W(8, 0), USE(wmemchr(hidden_wide, L'!', nine)));
	wcscpy(wide_other, L"abcdefgh");
	WRONG("wcscmp", 0, W(8, 0), USE(wcscmp(hidden_wide, wide_other)));
	WRONG("wcsncmp", 0, W(8, 0),
	      USE(wcsncmp(hidden_wide, wide_other, nine)));
	WRONG("wcschr", 0, W(8, 0), USE(wcschr(hidden_wide, L'!')));
	WRONG("wcsrchr", 0, W(8, 0), USE(wcsrchr(hidden_wide, L'c')));
}

static void of_formats(void)
{
	char *far = other;

	RIGHT("printf", B(8, 1),
	      fprintf(quiet, "%d %s %5.2f %s %Lf %c%%\n", 1, hidden, 1.5, "x",
		      2.5L, 'c'));
	WRONG("printf", 0, B(8, 0),
	      fprintf(quiet, "%ld %-*s %hhd %s\n", 1l, 3, "y", 'x', hidden));
	RIGHT("printf", B(8, 0),
	      fprintf(quiet, "%.8s %.*s\n", hidden, (int)eight, hidden));
	WRONG("printf", 0, B(8, 0), fprintf(quiet, "%.9s\n", hidden));
	RIGHT("printf", B(8, 0), fprintf(quiet, "%.s%.0s\n", hidden, hidden));
	WRONG("printf", 0, B(8, 0), fprintf(quiet, "%.*s\n", -5, hidden));
	WRONG("printf", 0, W(8, 0), fprintf(quiet, "%ls\n", hidden_wide));
	RIGHT("sprintf", B(9, 0), sprintf(hidden, "%.7s!", far));
	WRONG("sprintf", 1, B(8, 0), sprintf(hidden, "%.7s!", far));
	RIGHT("snprintf", B(8, 0), snprintf(hidden, eight, "%s", far));
	RIGHT("snprintf", B(8, 0), snprintf(hidden, nine + 9, "%s", "short"));
	WRONG("snprintf", 1, B(8, 0), snprintf(hidden, nine, "%s", far));
	WRONG("asprintf", 0, B(8, 0),
	      (USE(asprintf(&far, "%s", hidden)), free(far)));
	WRONG("dprintf", 0, B(8, 0), dprintf(quiet_fd, "%s", hidden));
	WRONG("puts", 0, B(8, 0), fputs(hidden, quiet));
	far = other;
	RIGHT("swprintf", W(9, 0),
	      swprintf(hidden_wide, 9, L"%ls", L"abcdefgh"));
	WRONG("swprintf", 1, W(8, 0),
	      swprintf(hidden_wide, 20, L"%ls", L"abcdefgh"));
	WRONG("swprintf", 0, W(8, 0),
	      swprintf(wide_other, 60, L"%d %ls", 1, hidden_wide));
}

static void of_files(void)
{
	const struct tm t = { 0 };
	int zero = open("/dev/zero", O_RDONLY), pair[2];
	FILE *f = fdopen(zero, "r");

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || !f)
		_exit(98);
	RIGHT("read", B(8, 0), USE(read(zero, hidden, eight)));
	WRONG("read", 1, B(8, 0), USE(read(zero, hidden, nine)));
	WRONG("pread", 1, B(8, 0), USE(pread(zero, hidden, nine, 0)));
	WRONG("pread64", 1, B(8, 0), USE(pread64(zero, hidden, nine, 0)));
	WRONG("fread", 1, B(8, 0), USE(fread(hidden, 3, nine / 3, f)));
	RIGHT("fgets", B(8, 0), USE(fgets(hidden, (int)eight, f)));
	WRONG("fgets", 1, B(8, 0), USE(fgets(hidden, (int)nine, f)));
	RIGHT("write", B(8, 0), USE(write(quiet_fd, hidden, eight)));
	WRONG("write", 0, B(8, 0), USE(write(quiet_fd, hidden, nine)));
	WRONG("pwrite", 0, B(8, 0), USE(pwrite(quiet_fd, hidden, nine, 0)));
	WRONG("fwrite", 0, B(8, 0), USE(fwrite(hidden, nine, 1, quiet)));
	WRONG("send", 0, B(8, 0), USE(send(pair[0], hidden, nine, 0)));
	WRONG("recv", 1, B(8, 0), USE(recv(pair[1], hidden, nine, 0)));
	WRONG("sendto", 0, B(8, 0),
	      USE(sendto(pair[0], hidden, nine, 0, NULL, 0)));
	WRONG("recvfrom", 1, B(8, 0),
	      USE(recvfrom(pair[1], hidden, nine, 0, NULL, NULL)));
	WRONG("readlink", 1, B(8, 0),
	      USE(readlink("/proc/self/exe", hidden, nine)));
	WRONG("readlinkat", 1, B(8, 0),
	      USE(readlinkat(AT_FDCWD, "/proc/self/exe", hidden, nine)));
	WRONG("getcwd", 1, B(8, 0), USE(getcwd(hidden, nine)));
	WRONG("gethostname", 1, B(8, 0), USE(gethostname(hidden, nine)));
	WRONG("getrandom", 1, B(8, 0), USE(getrandom(hidden, nine, 0)));
	WRONG("strftime", 1, B(8, 0),
	      USE(strftime(hidden, nine, "%H:%M:%S", &t)));
	fclose(f);
}

/* Two parts: the second is the block. */
static struct iovec *parts(size_t bytes)
{
	static struct iovec v[2];

	v[0] = (struct iovec){ other, 1 };
	v[1] = (struct iovec){ hidden, bytes };
	return v;
}

static struct msghdr *message(size_t bytes)
{
	static struct msghdr m;

	m.msg_iov = parts(bytes);
	m.msg_iovlen = 2;
	return &m;
}

static char *line;
static size_t line_bytes;

/* What getline() is told of a block of eight bytes. */
static FILE *line_of(size_t bytes)
{
	line = hidden;
	line_bytes = bytes;
	return fmemopen(other, 4, "r");
}

static void of_parts(void)
{
	int zero = open("/dev/zero", O_RDONLY), pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		_exit(98);
	RIGHT("readv", B(8, 0), USE(readv(zero, parts(eight), 2)));
	WRONG("readv", 1, B(8, 0), USE(readv(zero, parts(nine), 2)));
	WRONG("preadv", 1, B(8, 0), USE(preadv(zero, parts(nine), 2, 0)));
	RIGHT("writev", B(8, 0), USE(writev(quiet_fd, parts(eight), 2)));
	WRONG("writev", 0, B(8, 0), USE(writev(quiet_fd, parts(nine), 2)));
	WRONG("pwritev", 0, B(8, 0), USE(pwritev(quiet_fd, parts(nine), 2, 0)));
	RIGHT("sendmsg", B(8, 0), USE(sendmsg(pair[0], message(eight), 0)));
	WRONG("sendmsg", 0, B(8, 0), USE(sendmsg(pair[0], message(nine), 0)));
	WRONG("recvmsg", 1, B(8, 0), USE(recvmsg(pair[1], message(nine), 0)));
	memcpy(other, "a\nb\n", 5);
	RIGHT("getline", B(8, 0),
	      USE(getline(&line, &line_bytes, line_of(eight))));
	WRONG("getdelim", 1, B(8, 0), /* of which getline() is one */
	      USE(getline(&line, &line_bytes, line_of(nine))));
	WRONG("getdelim", 1, B(8, 0),
	      USE(getdelim(&line, &line_bytes, 'b', line_of(nine))));
	memcpy(other, "abcdefgh", 9);
}

static void of_wide_scanning(void)
{
	int n;

	RIGHT("swscanf", W(8, 1), USE(swscanf(hidden_wide, L"ab%1s", other)));
	WRONG("swscanf", 0, W(8, 0),
	      USE(swscanf(hidden_wide, L"ab%1s", other)));
	RIGHT("swscanf", B(8, 0),
	      USE(swscanf(L"7 abcdefg", L"%d %s", &n, hidden)));
	WRONG("swscanf", 1, B(8, 0),
	      USE(swscanf(L"7 abcdefgh", L"%d %s", &n, hidden)));
	RIGHT("swscanf", W(8, 0),
	      USE(swscanf(L"\u00e9 abcdefg", L"\u00e9 %ls", hidden_wide)));
	WRONG("swscanf", 1, W(8, 0),
	      USE(swscanf(L"abcabcabc", L"%9lc", hidden_wide)));
	WRONG("wcstol", 0, (W(8, 0), wmemset(hidden_wide, L'1', 8)),
	      USE(wcstoll(hidden_wide, NULL, 10)));
}

static void of_scanning(void)
{
	int n;

	RIGHT("sscanf", B(8, 1), USE(sscanf(hidden, "ab%1s", other)));
	WRONG("sscanf", 0, B(8, 0), USE(sscanf(hidden, "ab%1s", other)));
	RIGHT("sscanf", B(8, 0), USE(sscanf("7 abcdefg", "%d %s", &n, hidden)));
	WRONG("sscanf", 1, B(8, 0),
	      USE(sscanf("7 abcdefgh", "%d %*s%n", &n, (int *)(hidden + 6))));
	RIGHT("sscanf", B(8, 0),
	      USE(sscanf("7 x", "%d %d%s", &n, &n, hidden + 9)));
	WRONG("sscanf", 1, B(8, 0),
	      USE(sscanf("1 2", "%hhd %lld", other, (long *)(hidden + 1))));
	WRONG("sscanf", 1, B(8, 0),
	      USE(sscanf("abcabcabcd", "%[^]d]", hidden)));
	WRONG("sscanf", 1, B(8, 0), USE(sscanf("abcabcabc", "%9c", hidden)));
	RIGHT("strtol", (B(8, 0), hidden[7] = ','),
	      USE(strtol(hidden + 7, NULL, 10)));
	WRONG("strtol", 0, (B(8, 0), memset(hidden, '1', 8)),
	      USE(strtol(hidden, NULL, 10)));
	WRONG("strtol", 0, (B(8, 0), memset(hidden, '1', 8)),
	      USE(atoi(hidden)));
	WRONG("strtod", 0, (B(8, 0), memset(hidden, '1', 8)),
	      USE(strtod(hidden, &line)));
	WRONG("wcstol", 0, (W(8, 0), wmemset(hidden_wide, L'1', 8)),
	      USE(wcstol(hidden_wide, NULL, 10)));
}

static int by_byte(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* The headers have a body of it, too. */
static __typeof(bsearch) *volatile search = bsearch;

static void of_the_rest(void)
{
	struct in_addr address = { 0 };

	RIGHT("qsort", B(8, 0), qsort(hidden, 4, 2, by_byte));
	WRONG("qsort", 1, B(8, 0), qsort(hidden, 3, 3, by_byte));
	WRONG("bsearch", 0, B(8, 0), USE(search("z", hidden, 9, 1, by_byte)));
	RIGHT("poll", (B(8, 0), memset(hidden, 255, 8)),
	      poll((struct pollfd *)hidden, 1, 0));
	WRONG("poll", 1, B(8, 0), poll((struct pollfd *)hidden, nine - 7, 0));
	WRONG("inet_ntop", 1, B(8, 0),
	      USE(inet_ntop(AF_INET, &address, hidden, 16)));
#ifndef FORTIFIED /* which wants PATH_MAX bytes of it */
	RIGHT("realpath", B(8, 0), USE(realpath("/proc", hidden)));
	WRONG("realpath", 1, B(4, 0), USE(realpath("/proc", hidden)));
#endif
	RIGHT("mbstowcs", W(9, 0), USE(mbstowcs(hidden_wide, "abcdefgh", 9)));
	WRONG("mbstowcs", 1, W(8, 0),
	      USE(mbstowcs(hidden_wide, "abcdefgh", 9)));
	WRONG("wcstombs", 1, B(8, 0), USE(wcstombs(hidden, L"abcdefgh", 9)));
	RIGHT("getenv", B(8, 1), USE(getenv(hidden)));
	WRONG("getenv", 0, B(8, 0), USE(getenv(hidden)));
	WRONG("fopen", 0, B(8, 0), USE(fopen(hidden, "r")));
	WRONG("stat", 1, B(8, 0), USE(stat("/", (struct stat *)hidden)));
	RIGHT("strtok", B(8, 1), USE(strtok(hidden, "d")));
	WRONG("strtok", 0, B(8, 0), USE(strtok(hidden, "!")));
	RIGHT("wcstok", W(8, 1), USE(wcstok(hidden_wide, L"d", &wide_rest)));
	WRONG("wcstok", 0, W(8, 0), USE(wcstok(hidden_wide, L"!", &wide_rest)));
	WRONG("strcasestr", 0, B(8, 0), USE(strcasestr(hidden, "ce")));
	WRONG("strerror_r", 1, B(8, 0), USE(strerror_r(2, hidden, nine)));
	WRONG("swab", 1, B(8, 0), swab(other, hidden, 10));
	WRONG("ctime_r", 1, B(8, 0), USE(ctime_r(&(time_t){ 0 }, hidden)));
}

int main(void)
{
	quiet_fd = open("/dev/null", O_RDWR);
	quiet = fdopen(quiet_fd, "w");
	of_memory();
	of_strings();
	of_searches();
	of_wide_strings();
	of_formats();
	of_files();
	of_parts();
	of_scanning();
	of_wide_scanning();
	of_the_rest();
	return failed;
}
