/* SPDX-License-Identifier: MIT */
/*
 * A machine whose memory is in pieces, and still has large blocks to give:
 * processes fill all of it with pages of their own and with files, and give
 * half of them up at random, over and over; after each round a block of 4 MB is
 * asked for, by way of /sys/kernel/debug/extfrag/blocks. Each page says whose
 * it is, and says so to the end.
 *
 *   fragments [ROUNDS]
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096
#define CHILDREN 24
#define FILES 40 /* of a child */
#define FILE_PAGES 8
#define BLOCKS "/sys/kernel/debug/extfrag/blocks"
#define HUGE_PAGES "/proc/sys/vm/nr_hugepages"

static unsigned int seed = 1, self;

static unsigned int rnd(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static long meminfo(const char *row)
{
	char text[4096];
	const char *at;
	int fd = open("/proc/meminfo", O_RDONLY);
	int n = read(fd, text, sizeof(text) - 1);

	close(fd);
	need(n > 0);
	text[n] = 0;
	at = strstr(text, row);
	need(at);
	return atol(at + strlen(row) + 1);
}

/* ---- a child: pages, files, and what they should say ---- */

static unsigned int *area; /* a page of it begins with its word, or is 0 */
static unsigned int pages;
static unsigned char there[1u << 16], file_there[FILES];

static unsigned int word_of(unsigned int page)
{
	return self << 20 | page << 1 | 1;
}

static void touch(unsigned int page)
{
	unsigned int *at = area + page * (PAGE / 4);

	at[0] = at[PAGE / 4 - 1] = word_of(page);
	there[page] = 1;
}

static void drop(unsigned int page)
{
	need(!madvise(area + page * (PAGE / 4), PAGE, MADV_DONTNEED));
	there[page] = 0;
}

static void file_name(char *name, unsigned int f)
{
	sprintf(name, "/tmp/%u-%u", self, f);
}

static void write_file(unsigned int f)
{
	static unsigned int words[FILE_PAGES * PAGE / 4];
	unsigned int i, n = 1 + rnd(FILE_PAGES);
	char name[32];
	int fd;

	for (i = 0; i < n * (PAGE / 4); i++)
		words[i] = word_of(f) ^ i;
	file_name(name, f);
	fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);
	need(fd >= 0);
	need(write(fd, words, n * PAGE) == (ssize_t)(n * PAGE));
	close(fd);
	file_there[f] = (unsigned char)n;
}

static void remove_file(unsigned int f)
{
	char name[32];

	file_name(name, f);
	need(!unlink(name));
	file_there[f] = 0;
}

static int file_is_right(unsigned int f)
{
	static unsigned int words[FILE_PAGES * PAGE / 4];
	unsigned int i, n = file_there[f] * PAGE, wrong = 0;
	char name[32];
	int fd;

	file_name(name, f);
	fd = open(name, O_RDONLY);
	need(fd >= 0);
	need(read(fd, words, sizeof(words)) == (ssize_t)n);
	close(fd);
	for (i = 0; i < n / 4; i++)
		wrong += words[i] != (word_of(f) ^ i);
	return !wrong;
}

/* All that is not there comes: a page, and now and then a file. */
static void fill(void)
{
	unsigned int i, step = pages / FILES + 1;

	for (i = 0; i < pages; i++) {
		if (!there[i])
			touch(i);
		if (i % step == 0 && !file_there[i / step])
			write_file(i / step);
	}
}

static int all_is_right(void)
{
	unsigned int i, wrong = 0, *at;

	for (i = 0; i < pages; i++) {
		at = area + i * (PAGE / 4);
		if (there[i])
			wrong += at[0] != word_of(i) ||
				 at[PAGE / 4 - 1] != word_of(i);
	}
	for (i = 0; i < FILES; i++)
		wrong += file_there[i] && !file_is_right(i);
	return !wrong;
}

/* Half of what there was remains. */
static void make_holes(void)
{
	unsigned int i;

	for (i = 0; i < pages; i++)
		if (there[i] && rnd(2))
			drop(i);
	for (i = 0; i < FILES; i++)
		if (file_there[i] && rnd(2))
			remove_file(i);
}

static void child(int from, int to)
{
	char c;

	area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(area != MAP_FAILED);
	while (read(from, &c, 1) == 1) {
		switch (c) {
		case 'f':
			fill();
			break;
		case 'h':
			make_holes();
			break;
		default:
			c = all_is_right() ? 'y' : 'n';
		}
		need(write(to, &c, 1) == 1);
	}
	_exit(0);
}

/* ---- all of them ---- */

static int command[CHILDREN], answer[CHILDREN];

static void start_children(void)
{
	int there_[2], back[2], i;

	for (i = 0; i < CHILDREN; i++) {
		need(!pipe(there_) && !pipe(back));
		self = (unsigned int)i + 1;
		seed = self * 7919;
		switch (fork()) {
		case -1:
			need(0);
			break;
		case 0:
			close(there_[1]);
			child(there_[0], back[1]);
			break;
		default:
			break;
		}
		close(there_[0]);
		close(back[1]);
		command[i] = there_[1];
		answer[i] = back[0];
	}
}

/* True if all say @want. */
static int tell(char c, char want)
{
	int i, right = 1;

	for (i = 0; i < CHILDREN; i++)
		need(write(command[i], &c, 1) == 1);
	for (i = 0; i < CHILDREN; i++) {
		need(read(answer[i], &c, 1) == 1);
		right &= c == want;
	}
	return right;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	need(fd >= 0);
	need(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static int get(const char *path)
{
	char text[32];
	int fd = open(path, O_RDONLY), n;

	need(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	need(n > 0);
	text[n] = 0;
	close(fd);
	return atoi(text);
}

static long long spent; /* ns in take_blocks(), which may be instructions */

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/*
 * Ask for @nr blocks of 4 MB: how many came. A kernel without the file for it
 * is asked for huge pages.
 */
static int take_blocks(int nr)
{
	long long before = now();
	char text[32];
	int got;

	if (access(BLOCKS, W_OK)) {
		sprintf(text, "%d\n", nr);
		put(HUGE_PAGES, text);
		spent += now() - before;
		got = get(HUGE_PAGES);
		put(HUGE_PAGES, "0\n");
		return got;
	}
	sprintf(text, "10 %d\n", nr);
	put(BLOCKS, text);
	spent += now() - before;
	return get(BLOCKS);
}

static int largest_free(void)
{
	char text[2048], *line, *next;
	int fd = open("/proc/buddyinfo", O_RDONLY), total = 0;
	int n = read(fd, text, sizeof(text) - 1);

	close(fd);
	need(n > 0);
	text[n] = 0;
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		while (n = strlen(line), n && line[n - 1] == ' ')
			line[n - 1] = 0;
		total += atoi(strrchr(line, ' '));
	}
	return total;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100, got = 0, i, at_once;

	mkdir("/tmp", 0777);
	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	pages = (unsigned int)(meminfo("MemFree") / 4 * 9 / 10 / CHILDREN) -
		FILES * FILE_PAGES / 2 - 8;
	need(pages < sizeof(there));
	start_children();
	tell('f', 'f');
	tell('h', 'h');
	printf("# in pieces: %ld kB free, %d blocks of 4 MB among them\n",
	       meminfo("MemFree"), largest_free());
	for (i = 0; i < rounds; i++) {
		tell('f', 'f');
		tell('h', 'h');
		got += take_blocks(1);
	}
	check(got * 100 >= rounds * 95, "a block of 4 MB after each round",
	      "%d of %d", got, rounds);
	printf("# %d of %d, %lld ns each\n", got, rounds, spent / rounds);
	at_once = take_blocks(100);
	printf("# %d at once, of %ld kB free\n", at_once, meminfo("MemFree"));
	check(tell('v', 'y'), "no byte of any process or file is lost", "some");
	return checks_done();
}
