/* SPDX-License-Identifier: MIT */
/*
 * What ashlar boot gives to the machine: the kernel, an image, and the user's
 * program in it.
 *
 *   | image, a newc cpio archive, perhaps by gzip | root/PROGRAM root/SCRIPT |
 *     made by scripts/image or somebody else        a second archive
 *
 * The kernel unpacks both, one over the other. Where there is no image, the
 * second archive holds a first process, too: that is all a static program
 * needs. The script is there only when it must be: it holds arguments that a
 * kernel's command line cannot carry (quotes, empty ones, very many), quoted
 * for the image's shell.
 *
 * All are handed on as open files. QEMU parts the names of such files at
 * commas and blanks; and one without a name is gone when nobody reads it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ashlar.h"
#include "boot.h"

#define KERNEL "ashlar-i386.elf"
#define IMAGE "machine.cpio"
#define INIT "init-i386"
/* A kernel's command line has 2048 bytes and its process 1 31 arguments. */
#define ARGUMENTS_MAX 24
#define ARGUMENTS_SIZE 900

/* ---- files ---- */

/* @name beside this command, or where it is installed. */
bool find_product(const char *name, char path[PATH_MAX])
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
		    access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* A regular file that can be read and holds something; -1 after a complaint. */
static int open_file(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	const char *why = NULL;

	if (fd < 0 || fstat(fd, st) < 0)
		why = strerror(errno);
	else if (S_ISDIR(st->st_mode))
		why = strerror(EISDIR);
	else if (!S_ISREG(st->st_mode))
		why = "it is not a regular file";
	else if (st->st_size == 0)
		why = "it is empty";
	if (!why)
		return fd;
	complain("cannot read %s: %s", path, why);
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_product(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (find_product(name, path))
		return open_file(path, &st);
	complain("cannot find %s beside this command, nor where it is "
		 "installed; 'make' makes it",
		 name);
	return -1;
}

bool boot_open_kernel(struct boot *b)
{
	b->kernel = open_product(KERNEL);
	return b->kernel >= 0;
}

/* True if it is an archive that the kernel unpacks, and it fits. */
static bool is_image(const struct boot *b, const struct stat *st)
{
	char magic[6] = "";

	if (st->st_size >> 20 >= (off_t)b->memory) {
		complain("%s, of %lld MB, does not fit into the machine's %lu "
			 "MB; see --memory",
			 b->initrd, (long long)(st->st_size >> 20), b->memory);
		return false;
	}
	if (pread(b->image, magic, sizeof(magic), 0) > 0 &&
	    (!memcmp(magic, "070701", 6) || !memcmp(magic, "070702", 6) ||
	     !memcmp(magic, "\x1f\x8b", 2)))
		return true;
	complain("%s is no image: want a cpio archive of the newc form, plain "
		 "or by gzip; scripts/image makes one",
		 b->initrd);
	return false;
}

/* The one that is installed; -1 is enough for a program without a shell. */
static bool open_default_image(struct boot *b)
{
	char path[PATH_MAX];
	struct stat st;

	b->image = -1;
	if (find_product(IMAGE, path)) {
		b->image = open_file(path, &st);
		return b->image >= 0;
	}
	if (*b->program)
		return true;
	complain("there is no image with a shell: 'make boot' makes one, of "
		 "Debian's busybox; without it, say which program: boot -- "
		 "PROGRAM");
	return false;
}

/* True if the kernel's words name a disk to start from. */
static bool has_root_disk(const struct boot *b)
{
	const char *at = b->append ? strstr(b->append, "root=/dev/") : NULL;

	return at && (at == b->append || at[-1] == ' ');
}

bool boot_open_image(struct boot *b)
{
	struct stat st;

	/* What is on a disk is not looked at where there is an archive. */
	b->image = -1;
	if (!b->initrd && !*b->program && has_root_disk(b))
		return true;
	if (!b->initrd)
		return open_default_image(b);
	b->image = open_file(b->initrd, &st);
	return b->image >= 0 && is_image(b, &st);
}

/* ---- the program ---- */

#define HEADERS 4096 /* where every linker puts them */
#define ELFCLASS32 1
#define EM_386 3
#define PT_INTERP 3

static bool wants_interpreter(const unsigned char page[HEADERS])
{
	unsigned int at = page[28] | page[29] << 8;
	unsigned int nr = page[44] | page[45] << 8;

	for (; nr && at + 32 <= HEADERS; nr--, at += 32)
		if (page[at] == PT_INTERP)
			return true;
	return false;
}

/* Why the machine would not run it, or NULL. */
static const char *refuses(const struct boot *b, int program)
{
	unsigned char page[HEADERS] = { 0 };

	if (pread(program, page, sizeof(page), 0) < 0)
		return strerror(errno);
	if (b->image < 0 && (!b->plain || !memcmp(page, "#!", 2)))
		return "a script, and arguments with quotes or very many, take "
		       "an image with a shell; 'make boot' makes one";
	if (!memcmp(page, "#!", 2))
		return NULL;
	if (memcmp(page, "\177ELF", 4) != 0)
		return "it is neither an ELF program nor a script";
	if (page[4] != ELFCLASS32 || page[18] != EM_386)
		return "it is not for the i386; compile it with gcc -m32 "
		       "-static";
	if (!b->initrd && wants_interpreter(page))
		return "it is linked dynamically; link it with -static, or "
		       "name an image with its libraries (--initrd)";
	return NULL;
}

/* True if the kernel's command line can carry these. */
static bool are_plain(char **words)
{
	size_t size = 0, n;

	for (n = 0; words[n]; n++) {
		if (!*words[n] || strpbrk(words[n], "\"\n\t"))
			return false;
		size += strlen(words[n]) + 3;
	}
	return n <= ARGUMENTS_MAX && size <= ARGUMENTS_SIZE;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What the machine is told to run: its name in BOOT_FOLDER. */
const char *boot_program_name(const struct boot *b)
{
	return b->plain ? base_name(*b->program) : BOOT_SCRIPT;
}

/* ---- the archive ---- */

static bool copy_bytes(FILE *out, int fd)
{
	char buf[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		fwrite(buf, 1, (size_t)n, out);
		at += n;
	}
	return n == 0;
}

static void pad(FILE *out)
{
	while (ftello(out) % 4)
		fputc(0, out);
}

/* One header of a newc archive, and the name behind it. */
static void cpio_header(FILE *out, const char *folder, const char *name,
			unsigned int mode, size_t size)
{
	size_t name_size = strlen(folder) + strlen(name) + 1;

	fprintf(out,
		"070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
		"%s%s%c",
		1u, mode, 0u, 0u, 1u, 0u, (unsigned int)size, 0u, 0u, 0u, 0u,
		(unsigned int)name_size, 0u, folder, name, 0);
	pad(out);
}

/* A word as the shell reads it. */
static void quote(FILE *out, const char *folder, const char *word)
{
	fprintf(out, "'%s", folder);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	fputs("' ", out);
}

static bool write_script(FILE *out, char **program)
{
	char *text = NULL;
	size_t size = 0;
	FILE *script = open_memstream(&text, &size);

	if (!script)
		return false;
	fputs("#!/bin/sh\nexec ", script);
	quote(script, "/" BOOT_FOLDER "/", base_name(*program));
	while (*++program)
		quote(script, "", *program);
	fputc('\n', script);
	if (fclose(script) == 0) {
		cpio_header(out, BOOT_FOLDER "/", BOOT_SCRIPT, S_IFREG | 0755,
			    size);
		fwrite(text, 1, size, out);
		pad(out);
	}
	free(text);
	return text;
}

static bool add_file(FILE *out, const char *folder, const char *name, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	cpio_header(out, folder, name, S_IFREG | 0755, (size_t)st.st_size);
	if (!copy_bytes(out, fd))
		return false;
	pad(out);
	return true;
}

/* What stands in for an image. */
static bool add_init(FILE *out)
{
	int fd = open_product(INIT);
	bool ok = fd >= 0 && add_file(out, "", "init", fd);

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool write_image(FILE *out, const struct boot *b, int program)
{
	if (b->image >= 0 ? !copy_bytes(out, b->image) : !add_init(out))
		return false;
	pad(out);
	cpio_header(out, "", BOOT_FOLDER, S_IFDIR | 0755, 0);
	if (!add_file(out, BOOT_FOLDER "/", base_name(*b->program), program))
		return false;
	if (!b->plain && !write_script(out, b->program))
		return false;
	cpio_header(out, "", "TRAILER!!!", 0, 0);
	return fflush(out) == 0 && !ferror(out);
}

/* A file without a name takes the image's place. */
static bool add_program(struct boot *b, int program)
{
	FILE *out = tmpfile();
	bool ok = out && write_image(out, b, program);

	if (ok && b->image >= 0)
		ok = dup2(fileno(out), b->image) >= 0;
	else if (ok)
		ok = (b->image = dup(fileno(out))) >= 0;
	if (!ok)
		complain("cannot make an image with %s in it: %s", *b->program,
			 strerror(errno));
	if (out)
		fclose(out);
	return ok;
}

bool boot_add_program(struct boot *b)
{
	struct stat st;
	int program = open_file(*b->program, &st);
	const char *why;
	bool ok = false;

	if (program < 0)
		return false;
	b->plain = are_plain(b->program);
	why = refuses(b, program);
	if (why)
		complain("cannot run %s: %s", *b->program, why);
	else
		ok = add_program(b, program);
	close(program);
	return ok;
}
