/* SPDX-License-Identifier: MIT */
/* Parts of ashlar boot: what the machine is given (boot_image.c), and the
 * terminal or the input in its place (boot_feed.c). */
#ifndef ASHLAR_TOOLS_BOOT_H
#define ASHLAR_TOOLS_BOOT_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

/* Where the image has what the machine is told to run: it hides no command
 * there. */
#define BOOT_FOLDER "root"

/* The program that runs arguments which a command line cannot carry. */
#define BOOT_SCRIPT "boot-program"

#define BOOT_DISKS 4 /* as many as two IDE cables take */

struct boot {
	unsigned long memory; /* MB */
	const char *append, *initrd; /* or NULL */
	char **program; /* and its arguments; *program is NULL if none */
	bool plain; /* its arguments fit on the kernel's command line */
	int kernel, image; /* open files */
	const char *disk[BOOT_DISKS]; /* files with a disk's bytes */
	int disk_fd[BOOT_DISKS]; /* the same, open */
	int disks; /* how many */
	unsigned long swap; /* MB of a disk to swap on; 0: none */
	int swap_fd; /* that disk: a file without a name */
	const char *floppy; /* a file with a floppy disk's bytes, or NULL */
	int floppy_fd; /* the same, open */
	char *words; /* the kernel's command line */
	const char *map; /* looks and milliseconds for map_inside.c, or NULL */
	int map_fd; /* the disk that these are written to */
};

#define BOOT_MEMORY 512 /* MB, unless it is said */
#define BOOT_MEMORY_MIN 8ul
#define BOOT_MEMORY_MAX 4096ul

/* cmd_boot.c: "512", "512M" or "1G", of @min to @max MB. */
bool boot_parse_mb(const char *s, unsigned long min, unsigned long max,
		   unsigned long *mb);
int boot_run(struct boot *b); /* the exit status */

/* All return false after a complaint. */
bool boot_open_kernel(struct boot *b);
bool boot_open_image(struct boot *b);
bool boot_add_program(struct boot *b);
bool boot_open_disks(struct boot *b);
const char *boot_program_name(const struct boot *b);

struct boot_feed {
	bool terminal;
	struct termios before; /* the terminal's settings */
	int input; /* QEMU's, unless that is a terminal */
	int ready; /* where the machine says that it is */
	pid_t feeder;
};

bool boot_feed_start(struct boot_feed *f);
void boot_feed_end(struct boot_feed *f);

#endif
