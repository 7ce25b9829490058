/* SPDX-License-Identifier: MIT */
/*
 * The machine's disks: files whose bytes are a disk's, in whole sectors. They
 * are opened here, for a name may hold what QEMU reads as an option. The disk
 * to swap on is the one behind them; the first process is told by SWAP= among
 * the kernel's words, which it finds in its environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
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

/* ---- a disk to swap on ---- */

#define SWAP_PAGE 4096u
#define SWAP_HEADER 1024 /* in the first page: what is before is a loader's */
#define SWAP_MAGIC "SWAPSPACE2"
#define SWAP_MAGIC_LEN (sizeof(SWAP_MAGIC) - 1)

struct swap_header {
	uint32_t version, last_page, bad_pages;
	char uuid[16], label[16];
};

/* The first page of @pages, as mkswap(8) writes it. */
static void fill_swap_page(unsigned char page[SWAP_PAGE], uint32_t pages)
{
	struct swap_header h = { .version = 1,
				 .last_page = pages - 1,
				 .label = "ashlar-boot" };

	memset(page, 0, SWAP_PAGE);
	memcpy(page + SWAP_HEADER, &h, sizeof(h));
	memcpy(page + SWAP_PAGE - SWAP_MAGIC_LEN, SWAP_MAGIC, SWAP_MAGIC_LEN);
}

/* It is gone with the machine, and takes as much as is swapped. */
static bool make_swap(struct boot *b)
{
	off_t bytes = (off_t)b->swap << 20;
	unsigned char page[SWAP_PAGE];
	FILE *file = tmpfile();
	bool ok;

	fill_swap_page(page, (uint32_t)(bytes / SWAP_PAGE));
	ok = file && ftruncate(fileno(file), bytes) == 0 &&
	     pwrite(fileno(file), page, sizeof(page), 0) == sizeof(page) &&
	     (b->swap_fd = dup(fileno(file))) >= 0;
	if (!ok)
		complain("cannot make a disk of %lu MB to swap on: %s", b->swap,
			 strerror(errno));
	if (file)
		fclose(file);
	return ok;
}

/* Opens the files that --disk and --floppy named, and makes --swap's. */
bool boot_open_disks(struct boot *b)
{
	int i;

	for (i = 0; i < b->disks; i++)
		if (!open_disk(b->disk[i], &b->disk_fd[i]))
			return false;
	if (b->swap && !make_swap(b))
		return false;
	return !b->floppy || open_floppy(b->floppy, &b->floppy_fd);
}
