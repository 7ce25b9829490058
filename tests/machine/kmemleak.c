/* SPDX-License-Identifier: MIT */
/*
 * Leaks of the kernel's own, made on request and found: with kmemleak=on among
 * the boot words. What is checked is what Linux's file says and takes, too.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define DEBUG "/sys/kernel/debug/"
#define AGE 6 /* seconds after which a block counts as a leak */
#define LOG_ALL 3

static char text[1 << 18];

static int command(const char *what)
{
	return put(DEBUG "kmemleak", what);
}

static const char *leaks(void)
{
	int fd = open(DEBUG "kmemleak", O_RDONLY);
	ssize_t n, all = 0;

	need(fd >= 0);
	while ((n = read(fd, text + all, sizeof(text) - 1 - all)) > 0)
		all += n;
	close(fd);
	text[all] = 0;
	return text;
}

static const char *scan(void)
{
	sleep(AGE);
	is(command("scan"), 0);
	return leaks();
}

static int log_has(const char *what)
{
	static char log[1 << 18];
	int n = klogctl(LOG_ALL, log, sizeof(log) - 1);

	need(n >= 0);
	log[n] = 0;
	return strstr(log, what) != NULL;
}

static void nothing_is_lost(const char *name)
{
	check(!*scan(), name, "%.1500s", text);
}

/* What a program needs of the kernel: processes, files, pipes, memory. */
static void work(void)
{
	char name[32];
	int i, fd, ends[2];

	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "/tmp/f%d", i);
		fd = open(name, O_CREAT | O_RDWR, 0600);
		need(fd >= 0 && write(fd, text, 20000) == 20000);
		close(fd);
		need(pipe(ends) == 0);
		if (fork() == 0)
			_exit(write(ends[1], name, 1) != 1);
		wait(NULL);
		close(ends[0]);
		close(ends[1]);
		if (i % 2)
			unlink(name);
	}
}

static void what_is_lost_is_found(void)
{
	const char *at;

	is(put(DEBUG "provoke-crash/DIRECT", "SLAB_LEAK"), 0);
	is(put(DEBUG "provoke-crash/DIRECT", "VMALLOC_LEAK"), 0);
	is(command("scan"), 0);
	check(!*leaks(), "a young block is no leak", "%.1500s", text);
	scan();
	check(occurrences(text, "unreferenced object 0x") == 2,
	      "each lost block is found, and nothing else", "%.1500s", text);
	at = strstr(text, "(size 100):\n  comm \"kmemleak\", pid ");
	check(at && strstr(at, "hex dump (first 32 bytes):\n    4c 4c 4c 4c "
			       "4c 4c 4c 4c 4c 4c 4c 4c 4c 4c 4c 4c  "
			       "LLLLLLLLLLLLLLLL\n"),
	      "an object's size, owner and bytes", "%.1500s", text);
	check(at && strstr(at, "  backtrace:\n    [<c") &&
		      strstr(at, "lose_object+0x"),
	      "an object's stack", "%.1500s", text);
	check(strstr(text, "(size 12288):") && strstr(text, "lose_area+0x"),
	      "an area", "%.1500s", text);
	check(log_has("kmemleak: 2 new suspected memory leaks (see "
		      "/sys/kernel/debug/kmemleak)"),
	      "the log says how many", "%s", "");
}

static void commands(void)
{
	char line[64] = "dump=";
	const char *at = strstr(leaks(), "0x");

	need(at);
	strncat(line, at, strcspn(at, " "));
	is(command(line), 0);
	check(log_has("min_count = 1") && log_has("  count = 0"),
	      "a block in the log", "%s", line);
	is(command("dump=0x1000"), -EINVAL);
	is(command("dump=x"), -EINVAL);
	is(command("scan=on\n"), 0);
	is(command("scan=off"), 0);
	is(command("scan=30"), 0);
	is(command("scan=-1"), -EINVAL);
	is(command("stack=maybe"), -EINVAL);
	is(command("scams"), -EINVAL);
	is(command("clear"), 0);
	check(!*leaks(), "what was found is cleared", "%.1500s", text);
}

/* With scan=30 the kernel scans without being asked. */
static void found_now_and_then(void)
{
	is(put(DEBUG "provoke-crash/DIRECT", "SLAB_LEAK"), 0);
	sleep(35);
	check(occurrences(leaks(), "unreferenced object 0x") == 1,
	      "a scan now and then", "%.1500s", text);
	is(command("clear"), 0);
}

static void off(void)
{
	is(put(DEBUG "provoke-crash/DIRECT", "SLAB_LEAK"), 0);
	sleep(AGE);
	is(command("off"), 0);
	is(command("scan"), -EPERM);
	is(command("clear"), 0);
	check(!*leaks(), "switched off", "%.1500s", text);
}

int main(void)
{
	need(mount("debugfs", DEBUG, "debugfs", 0, NULL) == 0);
	nothing_is_lost("nothing is lost at boot");
	work();
	nothing_is_lost("nothing is lost by work");
	what_is_lost_is_found();
	commands();
	found_now_and_then();
	off();
	return checks_done();
}
