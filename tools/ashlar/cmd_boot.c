/* SPDX-License-Identifier: MIT */
/*
 * ashlar boot: the kernel on QEMU's 32-bit PC, with the terminal as its
 * serial line.
 *
 *   image   a root file system; beside the kernel lies one with a shell
 *   PROGRAM is put behind it as a second archive, which the kernel unpacks
 *           after the first:  | image | /bin/PROGRAM |
 *
 * The image's /init runs what follows "--" on the kernel's command line and
 * writes its exit status, if it failed, to QEMU's isa-debug-exit device, whose
 * rule is QEMU's status = status * 2 + 1; else it turns the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ashlar.h"

#define KERNEL "ashlar-i386.elf"
#define IMAGE "machine.cpio"
#define QEMU "qemu-system-i386"
#define EXIT_DEVICE "isa-debug-exit,iobase=0xf4,iosize=4"

struct boot {
	const char *memory;
	const char *append;
	char kernel[PATH_MAX], image[PATH_MAX];
	char made[32]; /* the image with PROGRAM behind it, or "" */
	char *words; /* the kernel's command line */
};

/* @name beside this command, or where it is installed. */
static bool find_product(const char *name, char path[PATH_MAX])
{
	static const char *const places[] = { "", ASHLAR_MACHINE "/" };
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char self[PATH_MAX], *slash;
	size_t i;

	if (n <= 0)
		return false;
	path[n] = 0;
	memcpy(self, path, (size_t)n + 1);
	slash = strrchr(self, '/');
	for (i = 0; slash && i < ARRAY_SIZE(places); i++) {
		slash[1] = 0;
		if (snprintf(path, PATH_MAX, "%s%s%s", self, places[i], name) <
			    PATH_MAX &&
		    access(path, R_OK) == 0)
			return true;
	}
	return false;
}

static bool copy_bytes(FILE *out, const char *path, off_t *size)
{
	FILE *in = fopen(path, "rb");
	char buf[65536];
	size_t n;

	if (!in) {
		complain("cannot read %s: %s", path, strerror(errno));
		return false;
	}
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0) {
		fwrite(buf, 1, n, out);
		*size += (off_t)n;
	}
	fclose(in);
	return true;
}

static void pad(FILE *out, off_t size)
{
	for (; size % 4; size++)
		fputc(0, out);
}

/* One header of a newc archive, and the name behind it. */
static void cpio_header(FILE *out, const char *name, unsigned int mode,
			off_t size)
{
	unsigned int name_size = (unsigned int)strlen(name) + 1;

	fprintf(out,
		"070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		1u, mode, 0u, 0u, 1u, 0u, (unsigned int)size, 0u, 0u, 0u, 0u,
		name_size, 0u);
	fwrite(name, 1, name_size, out);
	pad(out, 110 + (off_t)name_size);
}

/* The image, then an archive with @program as /bin/NAME. */
static bool write_image(FILE *out, const struct boot *b, const char *program,
			const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	off_t size = 0;

	if (stat(program, &st) < 0 || !S_ISREG(st.st_mode)) {
		complain("cannot read %s: %s", program,
			 errno ? strerror(errno) : "not a file");
		return false;
	}
	if (!copy_bytes(out, b->image, &size))
		return false;
	pad(out, size);
	snprintf(path, sizeof(path), "bin/%s", name);
	cpio_header(out, path, S_IFREG | 0755, st.st_size);
	size = 0;
	if (!copy_bytes(out, program, &size))
		return false;
	pad(out, size);
	cpio_header(out, "TRAILER!!!", 0, 0);
	return fflush(out) == 0 && !ferror(out);
}

static bool add_program(struct boot *b, const char *program, const char *name)
{
	char made[] = "/tmp/ashlar-boot-XXXXXX";
	int fd = mkstemp(made);
	FILE *out;
	bool ok;

	if (fd < 0) {
		complain("cannot make %s: %s", made, strerror(errno));
		return false;
	}
	snprintf(b->made, sizeof(b->made), "%s", made);
	out = fdopen(fd, "wb");
	if (!out) {
		complain("cannot open %s: %s", made, strerror(errno));
		close(fd);
		return false;
	}
	ok = write_image(out, b, program, name);
	if (!ok && ferror(out))
		complain("cannot write %s: %s", b->made, strerror(errno));
	fclose(out);
	return ok;
}

/* @to grows by @word; what would end a word early is quoted. */
static void add_word(char **to, const char *word)
{
	const char *quote = strpbrk(word, " \t") ? "\"" : "";
	char *longer;

	if (asprintf(&longer, "%s%s%s%s%s", *to ? *to : "", *to ? " " : "",
		     quote, word, quote) < 0)
		abort();
	free(*to);
	*to = longer;
}

static bool prepare(struct boot *b, char **program)
{
	const char *name;
	char *path;

	if (!find_product(KERNEL, b->kernel)) {
		complain("cannot find %s beside this command, nor where it is "
			 "installed",
			 KERNEL);
		return false;
	}
	if (!b->image[0] && !find_product(IMAGE, b->image)) {
		complain("there is no image %s beside the kernel; 'make boot' "
			 "makes it, or name one with --initrd",
			 IMAGE);
		return false;
	}
	b->words = strdup("console=ttyS0 quiet panic=-1");
	if (b->append)
		add_word(&b->words, b->append);
	if (!*program)
		return true;
	name = strrchr(*program, '/');
	name = name ? name + 1 : *program;
	if (!add_program(b, *program, name))
		return false;
	add_word(&b->words, "--");
	if (asprintf(&path, "/bin/%s", name) < 0)
		abort();
	add_word(&b->words, path);
	free(path);
	while (*++program)
		add_word(&b->words, *program);
	return true;
}

/* QEMU's end as that of the program inside; 1 is QEMU's own failure. */
static int exit_status(int wstatus)
{
	int status = wait_as_shell(wstatus);

	return status > 1 && status & 1 ? status >> 1 : status;
}

static int start(struct boot *b)
{
	char *argv[] = { QEMU,
			 "-m",
			 (char *)b->memory,
			 "-kernel",
			 b->kernel,
			 "-initrd",
			 b->made[0] ? b->made : b->image,
			 "-append",
			 b->words,
			 "-display",
			 "none",
			 "-serial",
			 "mon:stdio",
			 "-no-reboot",
			 "-net",
			 "none",
			 "-device",
			 EXIT_DEVICE,
			 NULL };
	int wstatus;
	pid_t pid;

	pid = start_child(NULL, argv);
	if (pid < 0)
		return EXIT_FAILURE;
	while (waitpid(pid, &wstatus, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	if (WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == EXIT_NOT_FOUND) {
		complain("the Debian package qemu-system-x86 has it");
		return EXIT_NOT_FOUND;
	}
	return exit_status(wstatus);
}

static int run(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "initrd", required_argument, NULL, 'i' },
		{ "memory", required_argument, NULL, 'm' },
		{ "append", required_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	struct boot b = { .memory = "512" };
	int c, status = EXIT_FAILURE;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 'i')
			snprintf(b.image, sizeof(b.image), "%s", optarg);
		else if (c == 'm')
			b.memory = optarg;
		else if (c == 'a')
			b.append = optarg;
		else
			return usage_error(self,
					   "there is no option '%s', or it "
					   "wants a value",
					   argv[optind - 1]);
	}
	if (prepare(&b, argv + optind))
		status = start(&b);
	if (b.made[0])
		unlink(b.made);
	free(b.words);
	return status;
}

const struct command cmd_boot = {
	.name = "boot",
	.arguments = "[--initrd FILE] [--memory MB] [--append WORDS] "
		     "[-- PROGRAM [ARGUMENTS]]",
	.summary = "Boot the kernel on QEMU's 32-bit PC",
	.help = "With a shell, or PROGRAM, a static i386 Linux binary; its "
		"exit status (64 and its\nnumber for a signal) is passed on. "
		"Ctrl-A X ends QEMU. FILE is a newc cpio archive.\n",
	.run = run,
};
