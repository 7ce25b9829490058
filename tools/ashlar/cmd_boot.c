/* SPDX-License-Identifier: MIT */
/*
 * ashlar boot: the kernel on QEMU's 32-bit PC, with the terminal as its
 * serial line.
 *
 *   boot_image.c: the kernel, an image with a shell, PROGRAM in it
 *   boot_disk.c:  files that are its disks
 *   boot_feed.c:  input that is no terminal
 *
 * The image's /init runs what follows "--" on the kernel's command line and
 * writes its exit status, if it failed, to QEMU's isa-debug-exit device, whose
 * rule is QEMU's status = status * 2 + 1; else it turns the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ashlar.h"
#include "boot.h"

#define QEMU "qemu-system-i386"
#define EXIT_DEVICE "isa-debug-exit,iobase=0xf4,iosize=4"
#define SWAP_MIN 1ul
#define SWAP_MAX 65536ul
#define APPEND_MAX 1000u /* of the kernel's 2048; PROGRAM wants its part */

static int qemu_input;

bool boot_parse_mb(const char *s, unsigned long min, unsigned long max,
		   unsigned long *mb)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*mb = strtoul(s, &end, 10);
	if (*end == 'G' && *mb <= max)
		*mb *= 1024;
	if (*end == 'G' || *end == 'M')
		end++;
	return !*end && !errno && *mb >= min && *mb <= max;
}

/* True if @words would leave a quote open for what comes behind them. */
static bool opens_quote(const char *words)
{
	bool open = false;

	for (; *words; words++)
		open ^= *words == '"';
	return open;
}

/* The line grows by a word; what would end it early is quoted. */
static void add_word(struct boot *b, const char *folder, const char *word)
{
	const char *quote = strchr(word, ' ') ? "\"" : "";
	char *longer;

	if (asprintf(&longer, "%s %s%s%s%s", b->words, quote, folder, word,
		     quote) < 0)
		abort();
	free(b->words);
	b->words = longer;
}

static void add_program_words(struct boot *b)
{
	char **word;

	add_word(b, "", "--");
	add_word(b, "/" BOOT_FOLDER "/", boot_program_name(b));
	for (word = b->program + 1; b->plain && *word; word++)
		add_word(b, "", *word);
}

static bool prepare(struct boot *b)
{
	static const char *const letters[BOOT_DISKS] = { "a", "b", "c", "d" };
	char *map = NULL;

	/* What was given by name first: that is the caller's own mistake. */
	if (!boot_open_disks(b) || !boot_open_kernel(b) ||
	    !boot_open_image(b) || (*b->program && !boot_add_program(b)))
		return false;
	if (asprintf(&b->words, "console=ttyS0 quiet panic=-1%s%s",
		     b->append ? " " : "", b->append ? b->append : "") < 0)
		abort();
	if (b->swap)
		add_word(b, "SWAP=/dev/sd", letters[b->disks]);
	if (b->map && asprintf(&map, "%s,%s", letters[b->disks], b->map) < 0)
		abort();
	if (b->map)
		add_word(b, "MAP=/dev/sd", map);
	free(map);
	if (*b->program)
		add_program_words(b);
	return true;
}

/* In what becomes QEMU, which ends when this command does. */
static bool before_qemu(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	return dup2(qemu_input, STDIN_FILENO) >= 0;
}

/* When the reader of the output is gone, no one is left to end the machine. */
static bool ends_unread(pid_t pid)
{
	struct pollfd p[] = { { .fd = (int)syscall(SYS_pidfd_open, pid, 0),
				.events = POLLIN },
			      { .fd = STDOUT_FILENO } };

	if (p[0].fd < 0)
		return false;
	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	close(p[0].fd);
	return !p[0].revents && kill(pid, SIGKILL) == 0;
}

/* QEMU's end as that of the program inside; 1 is QEMU's own failure. A signal
 * that asks QEMU to end is a success to it, and a signal to our caller. */
static int outcome(int wstatus)
{
	int status;

	if (!WIFEXITED(wstatus))
		return wait_as_shell(wstatus);
	status = WEXITSTATUS(wstatus);
	if (!status && forwarded_signal())
		return wait_as_shell(forwarded_signal());
	return status > 1 && status & 1 ? status >> 1 : status;
}

static int wait_for_qemu(pid_t pid, struct boot_feed *feed)
{
	bool unread = ends_unread(pid);
	int wstatus;

	while (waitpid(pid, &wstatus, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	boot_feed_end(feed);
	return outcome(unread ? SIGPIPE : wstatus);
}

/* QEMU's command line; its strings are this process's to the end. */
struct command_line {
	char *word[36 + 2 * BOOT_DISKS];
	int n;
};

__attribute__((format(printf, 2, 3))) static void say(struct command_line *c,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&c->word[c->n++], format, args) < 0)
		abort();
	va_end(args);
}

static void say_disk(struct command_line *c, int fd, int index)
{
	say(c, "-drive");
	say(c, "file=/proc/self/fd/%d,format=raw,if=ide,index=%d", fd, index);
}

static void say_all(struct command_line *c, const struct boot *b,
		    const struct boot_feed *feed)
{
	static const char *const plain[] = {
		"-display", "none", "-monitor", "none",	    "-no-reboot",
		"-net",	    "none", "-device",	EXIT_DEVICE
	};
	size_t i;
	int disk;

	say(c, QEMU);
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		say(c, "%s", plain[i]);
	say(c, "-m");
	say(c, "%lu", b->memory);
	say(c, "-kernel");
	say(c, "/proc/self/fd/%d", b->kernel);
	if (b->image >= 0) {
		say(c, "-initrd");
		say(c, "/proc/self/fd/%d", b->image);
	}
	say(c, "-append");
	say(c, "%s", b->words);
	say(c, "-serial");
	say(c, feed->terminal ? "mon:stdio" : "stdio");
	say(c, "-debugcon");
	say(c, "file:/proc/self/fd/%d", feed->ready);
	for (disk = 0; disk < b->disks; disk++)
		say_disk(c, b->disk_fd[disk], disk);
	if (b->swap)
		say_disk(c, b->swap_fd, b->disks);
	if (b->map)
		say_disk(c, b->map_fd, b->disks);
	if (b->floppy) {
		say(c, "-drive");
		say(c, "file=/proc/self/fd/%d,format=raw,if=floppy",
		    b->floppy_fd);
	}
}

static int start(struct boot *b)
{
	struct command_line c = { .n = 0 };
	struct boot_feed feed;
	pid_t pid;

	if (!boot_feed_start(&feed))
		return EXIT_FAILURE;
	say_all(&c, b, &feed);
	qemu_input = feed.input;
	pid = start_child(before_qemu, c.word);
	while (c.n)
		free(c.word[--c.n]);
	if (pid < 0) {
		boot_feed_end(&feed);
		return EXIT_FAILURE;
	}
	return wait_for_qemu(pid, &feed);
}

/* ---- the command ---- */

static bool have_qemu(void)
{
	const char *dir = getenv("PATH") ?: "/usr/bin:/bin";
	char path[PATH_MAX];
	size_t n;

	for (; *dir; dir += n + (dir[n] == ':')) {
		n = strcspn(dir, ":");
		snprintf(path, sizeof(path), "%.*s/" QEMU, (int)n, dir);
		if (access(path, X_OK) == 0)
			return true;
	}
	complain("cannot find " QEMU "; apt-get install qemu-system-x86 "
		 "brings it");
	return false;
}

/* boot_run - the machine, until it is off */
int boot_run(struct boot *b)
{
	int status = EXIT_FAILURE, fd;

	/* A descriptor that is closed here would be a file of ours in QEMU. */
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
	if (!have_qemu())
		return EXIT_NOT_FOUND;
	if (prepare(b))
		status = start(b);
	free(b->words);
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "initrd", required_argument, NULL, 'i' },
		{ "memory", required_argument, NULL, 'm' },
		{ "append", required_argument, NULL, 'a' },
		{ "disk", required_argument, NULL, 'd' },
		{ "floppy", required_argument, NULL, 'f' },
		{ "swap", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct boot b = { .memory = BOOT_MEMORY };
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 'i')
			b.initrd = optarg;
		else if (c == 'a')
			b.append = optarg;
		else if (c == 'd' && b.disks == BOOT_DISKS)
			return usage_error(self, "--disk can be given %d times",
					   BOOT_DISKS);
		else if (c == 'd')
			b.disk[b.disks++] = optarg;
		else if (c == 'f')
			b.floppy = optarg;
		else if (c == 's' &&
			 !boot_parse_mb(optarg, SWAP_MIN, SWAP_MAX, &b.swap))
			return usage_error(self,
					   "--swap wants %lu to %lu MB, not "
					   "'%s'",
					   SWAP_MIN, SWAP_MAX, optarg);
		else if (c != 'm' && c != 's')
			return usage_error(self,
					   "there is no option '%s', or it "
					   "wants a value",
					   argv[optind - 1]);
		else if (c == 'm' && !boot_parse_mb(optarg, BOOT_MEMORY_MIN,
						    BOOT_MEMORY_MAX, &b.memory))
			return usage_error(self,
					   "--memory wants %lu to %lu MB, not "
					   "'%s'",
					   BOOT_MEMORY_MIN, BOOT_MEMORY_MAX,
					   optarg);
	}
	b.program = argv + optind;
	if (b.swap && b.disks == BOOT_DISKS)
		return usage_error(self,
				   "--swap takes the place of a disk, and "
				   "--disk was given %d times",
				   BOOT_DISKS);
	if (b.append && strlen(b.append) > APPEND_MAX)
		return usage_error(self, "--append takes %u characters",
				   APPEND_MAX);
	if (b.append && opens_quote(b.append))
		return usage_error(self, "--append has a quote that does not "
					 "end");
	return boot_run(&b);
}

const struct command cmd_boot = {
	.name = "boot",
	.arguments = "[--initrd FILE] [--memory MB] [--append WORDS] "
		     "[--disk FILE]... [--swap MB] [--floppy FILE] "
		     "[-- PROGRAM [ARGUMENTS]]",
	.summary = "Boot the kernel on QEMU's 32-bit PC",
	.help = "With a shell, or PROGRAM, a static i386 Linux binary; its "
		"exit status (64 and its\nnumber for a signal) is passed on. "
		"Ctrl-A X ends QEMU; input that is no terminal\nends the shell "
		"where it ends. --initrd's FILE is a newc\ncpio archive, "
		"--disk's the bytes of a disk; --swap makes one to swap on.\n"
		"With --append root=/dev/sda the disk is the root, without an "
		"archive.\n\n"
		"  ashlar boot --memory 64 -- ./hello 'a b'\n"
		"  echo 'cat /proc/meminfo' | ashlar boot\n",
	.run = run,
};
