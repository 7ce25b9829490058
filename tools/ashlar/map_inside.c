/* SPDX-License-Identifier: MIT */
/*
 * Inside the machine: its memory, written to a disk for ashlar map --boot.
 *
 *   MAP=/dev/sda,LOOKS,MS    so many looks, each MS milliseconds after the one
 *                            before; the last when the program has ended
 *
 *   | layout 812\n text | frames 40312\n text | … | end 0\n | layout … |
 *     name, bytes
 */
#include "map_inside.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_ALL 3 /* of klogctl */
#define STEP_MS 5

static const struct {
	const char *name, *path;
} files[] = {
	{ "uptime", "/proc/uptime" },
	{ "iomem", "/proc/iomem" },
	{ "vmallocinfo", "/proc/vmallocinfo" },
	{ "pageblocks", "/sys/kernel/debug/pageblocks" },
	{ "frames", "/sys/kernel/debug/frames" },
};

static void put(FILE *out, const char *name, const char *text, size_t size)
{
	fprintf(out, "%s %zu\n", name, size);
	fwrite(text, 1, size, out);
}

/* What the kernel said of its areas when it started. */
static void put_layout(FILE *out)
{
	static char log[1 << 18];
	int n = klogctl(READ_ALL, log, sizeof(log));

	put(out, "layout", log, n > 0 ? (size_t)n : 0);
}

static void put_file(FILE *out, const char *name, const char *path)
{
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room), *more;
	FILE *f = fopen(path, "re");
	size_t n;

	while (f && text && (n = fread(text + size, 1, room - size, f)) > 0) {
		size += n;
		if (size < room)
			continue;
		more = realloc(text, room *= 2);
		if (!more)
			break;
		text = more;
	}
	if (text)
		put(out, name, text, size);
	free(text);
	if (f)
		fclose(f);
}

static void look(FILE *out)
{
	size_t i;

	put_layout(out);
	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		put_file(out, files[i].name, files[i].path);
	put(out, "end", "", 0);
}

/* True if the program ends within @ms. */
static bool ends_within(pid_t program, long ms)
{
	for (; ms > 0; ms -= STEP_MS) {
		if (waitpid(program, NULL, WNOHANG) == program)
			return true;
		usleep(STEP_MS * 1000);
	}
	return false;
}

/**
 * map_inside() - look at the machine, while a program runs in it
 * @words: what MAP= says
 * @program: the program
 */
void map_inside(const char *words, pid_t program)
{
	char disk[32];
	long looks, ms, i;
	bool ended = false;
	FILE *out;

	if (sscanf(words, "%31[^,],%ld,%ld", disk, &looks, &ms) != 3)
		return;
	mkdir("/sys/kernel/debug", 0700);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	out = fopen(disk, "r+e");
	if (!out) {
		perror(disk);
		return;
	}
	for (i = 0; i < looks && !ended; i++) {
		ended = ends_within(program, ms);
		look(out);
	}
	if (fclose(out))
		perror(disk);
}
