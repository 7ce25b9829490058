/* SPDX-License-Identifier: MIT */
/*
 * The machine's disks: files whose bytes are a disk's, in whole sectors. They
 * are opened here, for a name may hold what QEMU reads as an option.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ashlar.h"
#include "boot.h"

#define SECTOR 512

/* A disk's bytes, in a file or in a device of this machine. */
static off_t disk_bytes(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return st.st_size;
	return S_ISBLK(st.st_mode) ? lseek(fd, 0, SEEK_END) : -1;
}

/* Opens @name, and finds its bytes, or -1 for what has none. */
static bool open_bytes(const char *name, const char *what, int *fd,
		       off_t *bytes)
{
	*fd = open(name, O_RDWR);
	if (*fd < 0) {
		complain("cannot open the %s %s: %s", what, name,
			 strerror(errno));
		return false;
	}
	*bytes = disk_bytes(*fd);
	return true;
}

static bool open_disk(const char *name, int *fd)
{
	off_t bytes;

	if (!open_bytes(name, "disk", fd, &bytes))
		return false;
	if (bytes < SECTOR || bytes % SECTOR) {
		complain("%s is no disk: its bytes are not whole sectors of "
			 "%d, at least one; truncate -s 64M %s makes an empty "
			 "one",
			 name, SECTOR, name);
		return false;
	}
	return true;
}

/* The drive is one for media of this size. */
static bool open_floppy(const char *name, int *fd)
{
	off_t bytes;

	if (!open_bytes(name, "floppy disk", fd, &bytes))
		return false;
	if (bytes != 1200 * 1024 && bytes != 1440 * 1024 &&
	    bytes != 2880 * 1024) {
		complain("%s is no floppy disk of 1200, 1440 or 2880 KB; "
			 "truncate -s 1440K %s makes an empty one",
			 name, name);
		return false;
	}
	return true;
}

/* Opens the files that --disk and --floppy named. */
bool boot_open_disks(struct boot *b)
{
	int i;

	for (i = 0; i < b->disks; i++)
		if (!open_disk(b->disk[i], &b->disk_fd[i]))
			return false;
	return !b->floppy || open_floppy(b->floppy, &b->floppy_fd);
}
