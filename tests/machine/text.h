/* SPDX-License-Identifier: MIT */
/* Files of /proc and debugfs: what is written to them, and what they say. */
#ifndef TEXT_H
#define TEXT_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writes all of @text at once. 0 or -errno. */
__attribute__((unused)) static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* All of a file, up to 1 MiB, until the next call. */
__attribute__((unused)) static char *text_of(const char *path)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY), n = 0, more;

	need(fd >= 0);
	while ((more = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += more;
	close(fd);
	text[n] = 0;
	return text;
}

/* The number behind a name, as in /proc/meminfo or /proc/vmstat; -1: there is
 * no such line. */
__attribute__((unused)) static long number_of(const char *path,
					      const char *name)
{
	FILE *f = fopen(path, "r");
	char line[200], found[64];
	long v, n = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^: ]%*[: ]%ld", found, &v) == 2 &&
		    !strcmp(found, name))
			n = v;
	if (f)
		fclose(f);
	return n;
}

/* How often @what stands in @text. */
__attribute__((unused)) static int occurrences(const char *text,
					       const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Sectors that were written to @disk, or to a partition; -1: there is none. */
__attribute__((unused)) static long sectors_written(const char *disk)
{
	FILE *f = fopen("/proc/diskstats", "r");
	char line[400], name[32];
	long v, n = -1;

	need(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d %*d %31s %*d %*d %*d %*d %*d %*d %ld",
			   name, &v) == 2 &&
		    !strcmp(name, disk))
			n = v;
	fclose(f);
	return n;
}

#endif
