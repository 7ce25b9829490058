/* SPDX-License-Identifier: MIT */
/*
 * ashlar top on a terminal.
 *
 *   look ─► text ─► lines ─┬ those above the table stay        ┐
 *     ▲                    └ of its rows, as many as there is  ├► the screen
 *     │                      room for, from the first one on   ┘
 *     └── a key, or the delay is over
 *
 * The text is that of --once: its heading is what follows the first empty line.
 * A screen that is too narrow shows the columns from `left` on.
 */
#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "top.h"

#define STEP 8 /* columns that an arrow goes aside */
#define KEY_ESCAPE 27

struct view_of {
	pid_t pid; /* 0: all processes */
	char sort;
	int chosen, first; /* rows */
	int left; /* column */
};

struct screen {
	struct top *t;
	struct view_of all, one;
	struct view_of *view; /* … which of them is shown */
	bool alone; /* the one was asked for: there is no way back to all */
	bool help, coloured;
	int64_t delay, next; /* ms */
	char *text;
	char *line[4096];
	int nr_lines, heading; /* rows follow the heading */
};

static const char help_text[] =
	"ashlar top: memory of processes on Ashlar, in MB that add up to RSS\n"
	"\n"
	"LIVE     L  blocks that the program holds, where they were written\n"
	"ROUND    r  alignment, and ends of slabs\n"
	"SHEAVES  s  free blocks in threads' lists\n"
	"PARTIAL  p  free places in slabs\n"
	"FREE     f  free frames that the system has not back\n"
	"LARGE    k  mappings kept for large blocks\n"
	"OWN      o  the allocator's records, a checker's, a profile's\n"
	"CODE     c  code, constants and variables\n"
	"STACKS   n  stacks\n"
	"OTHER    m  mappings without malloc, files, shared memory\n"
	"\n"
	"arrows, page up, page down, home, end   move\n"
	"enter       the process that is chosen    backspace, escape   all\n"
	"space       look now                      q   end\n"
	"all:        c RSS  a live  o blocks  u live of RSS  n name  p PID\n"
	"a process:  o objects  a active  u use  s size  l slabs  n name\n"
	"            v active slabs  b objects and p pages per slab\n"
	"            c cache size\n";

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- a look ---- */

static void choose_again(struct screen *s, pid_t pid)
{
	size_t i;

	for (i = 0; i < s->t->nr; i++)
		if (s->t->process[i].pid == pid)
			s->all.chosen = (int)i;
}

static void sort(struct screen *s)
{
	pid_t pid = 0;

	if (s->view == &s->one) {
		top_sort_caches(&s->t->process[0].why, s->one.sort);
		return;
	}
	if (s->all.chosen > 0 && s->all.chosen < (int)s->t->nr)
		pid = s->t->process[s->all.chosen].pid;
	top_sort_processes(s->t, s->all.sort);
	choose_again(s, pid);
}

/* False: there is nothing more to be shown; the error says why. */
static bool look(struct screen *s)
{
	pid_t pid = 0;
	bool ok;

	if (s->view == &s->all && s->all.chosen < (int)s->t->nr)
		pid = s->t->process[s->all.chosen].pid;
	ok = s->view == &s->one ? top_look_some(s->t, &s->one.pid, 1) :
				  top_look_all(s->t);
	if (!ok && s->view == &s->one && !s->alone) {
		s->view = &s->all; /* it is gone: the others are there */
		ok = top_look_all(s->t);
	}
	s->next = now_ms() + s->delay;
	if (!ok)
		return false;
	if (s->view == &s->all && s->all.chosen > 0)
		choose_again(s, pid);
	sort(s);
	return true;
}

/* ---- text ---- */

static void cut_lines(struct screen *s)
{
	char *at = s->text, *end;

	s->nr_lines = 0;
	s->heading = -1;
	while (*at && s->nr_lines < (int)ARRAY_SIZE(s->line)) {
		end = strchrnul(at, '\n');
		if (end == at && s->heading < 0)
			s->heading = s->nr_lines + 1;
		s->line[s->nr_lines++] = at;
		at = *end ? end + 1 : end;
		*end = 0;
	}
}

static bool write_text(struct screen *s)
{
	size_t size;
	FILE *f;

	free(s->text);
	s->text = NULL;
	f = open_memstream(&s->text, &size);
	if (!f)
		return false;
	if (s->help)
		fputs(help_text, f);
	else if (s->view == &s->one)
		top_print_one(f, &s->t->process[0], (unsigned int)COLS, true);
	else
		top_print_all(f, s->t);
	if (fclose(f))
		return false;
	cut_lines(s);
	return true;
}

/* ---- the screen ---- */

static bool is_bar(const char *line)
{
	return *line && line[strspn(line, top_letters)] == 0;
}

static void draw_bar(int y, const char *line)
{
	int part;

	move(y, 0);
	for (; *line; line++) {
		part = (int)(strchr(top_letters, *line) - top_letters);
		addch((chtype)*line | A_REVERSE |
		      (chtype)COLOR_PAIR(part % 6 + 1));
	}
}

static void draw_line(const struct screen *s, int y, int i, bool aside)
{
	size_t left = aside ? (size_t)s->view->left : 0;
	const char *line = s->line[i];
	bool chosen = !s->help && s->view == &s->all &&
		      i - s->heading - 1 == s->all.chosen;

	if (s->coloured && !s->help && s->view == &s->one && i < s->heading &&
	    is_bar(line)) {
		draw_bar(y, line);
		return;
	}
	if (i == s->heading && !s->help)
		attron(A_BOLD);
	if (chosen)
		attron(A_REVERSE);
	if (strlen(line) > left)
		mvaddnstr(y, 0, line + left, COLS);
	attrset(A_NORMAL);
}

/* Keep what is chosen on the screen, and the table where there are rows. */
static void fit(struct screen *s, int rows, int room)
{
	struct view_of *v = s->view;

	v->chosen = max(min(v->chosen, rows - 1), 0);
	if (v == &s->all && v->chosen < v->first)
		v->first = v->chosen;
	if (v == &s->all && v->chosen >= v->first + room)
		v->first = v->chosen - room + 1;
	if (v == &s->one)
		v->first = v->chosen;
	v->first = max(min(v->first, rows - room), 0);
	if (v == &s->one)
		v->chosen = v->first;
}

static void draw(struct screen *s)
{
	int y, i, above = s->heading + 1, room = max(LINES - above, 1);

	erase();
	if (s->help || s->heading < 0) {
		for (y = 0; y < min(LINES, s->nr_lines); y++)
			draw_line(s, y, y, false);
	} else {
		fit(s, s->nr_lines - above, room);
		for (y = 0; y < min(LINES, above); y++)
			draw_line(s, y, y, y == s->heading);
		i = above + s->view->first;
		for (; y < LINES && i < s->nr_lines; y++, i++)
			draw_line(s, y, i, true);
	}
	refresh();
}

/* ---- keys ---- */

static void open_chosen(struct screen *s)
{
	if (s->view != &s->all || s->all.chosen >= (int)s->t->nr)
		return;
	s->one = (struct view_of){
		.pid = s->t->process[s->all.chosen].pid,
		.sort = s->one.sort,
	};
	s->view = &s->one;
	s->next = 0;
}

static void go_back(struct screen *s)
{
	if (s->help) {
		s->help = false;
	} else if (s->view == &s->one && !s->alone) {
		s->view = &s->all;
		s->next = 0;
	}
}

static void take_letter(struct screen *s, int key)
{
	const char *letters = s->view == &s->one ? TOP_SORT_CACHES :
						   TOP_SORT_PROCESSES;

	if (key >= 'A' && key <= 'Z')
		key += 'a' - 'A';
	if (key == 'h' || key == '?') {
		s->help = !s->help;
	} else if (key > ' ' && key < 127 && strchr(letters, key)) {
		s->view->sort = (char)key;
		sort(s);
	}
}

static void take_key(struct screen *s, int key)
{
	struct view_of *v = s->view;
	int page = max(LINES - s->heading - 2, 1);

	switch (key) {
	case KEY_UP:
		v->chosen--;
		break;
	case KEY_DOWN:
		v->chosen++;
		break;
	case KEY_PPAGE:
		v->chosen -= page;
		break;
	case KEY_NPAGE:
		v->chosen += page;
		break;
	case KEY_HOME:
		v->chosen = v->left = 0;
		break;
	case KEY_END:
		v->chosen = (int)ARRAY_SIZE(s->line);
		break;
	case KEY_LEFT:
		v->left = max(v->left - STEP, 0);
		break;
	case KEY_RIGHT:
		v->left = min(v->left + STEP, 160);
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		open_chosen(s);
		break;
	case KEY_BACKSPACE:
	case '\b':
	case 127:
	case KEY_ESCAPE:
		go_back(s);
		break;
	case ' ':
		s->next = 0;
		break;
	default:
		take_letter(s, key);
	}
}

/* Until it is time to look again. False: it is to end. */
static bool take_keys(struct screen *s)
{
	int64_t left;
	int key;

	while ((left = s->next - now_ms()) > 0) {
		timeout((int)min(left, (int64_t)1 << 30));
		key = getch();
		if (key == 'q' || key == 'Q')
			return false;
		/* A terminal that is gone gives no key, and at once. */
		if (key == ERR && !isatty(STDIN_FILENO))
			return false;
		if (key == ERR)
			continue;
		take_key(s, key);
		if (s->next == 0)
			return true;
		if (!write_text(s))
			return false;
		draw(s);
	}
	return true;
}

static void set_up(struct screen *s)
{
	short i;

	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	s->coloured = has_colors() && !getenv("NO_COLOR") &&
		      start_color() == OK && use_default_colors() == OK;
	for (i = 1; s->coloured && i <= 6; i++)
		init_pair(i, i, -1);
}

static void leave(void)
{
	endwin();
}

/**
 * top_screen() - show processes until somebody ends it
 * @t: zero, or after a look
 * @wish: what is to be shown
 * @status: filled: the command's exit status
 *
 * Return: false if there is no terminal that can show it.
 */
bool top_screen(struct top *t, const struct top_wish *wish, int *status)
{
	struct screen s = { .t = t, .delay = (int64_t)(wish->delay * 1000) };
	SCREEN *terminal;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		complain("the terminal '%s' is not known: shown once",
			 getenv("TERM") ? getenv("TERM") : "");
		return false;
	}
	s.all = (struct view_of){ .sort = wish->pid || !wish->sort ?
						  'c' :
						  wish->sort };
	s.one = (struct view_of){ .pid = wish->pid,
				  .sort = wish->pid && wish->sort ? wish->sort :
								    'o' };
	s.view = wish->pid ? &s.one : &s.all;
	s.alone = wish->pid != 0;
	set_up(&s);
	budget_before_end = leave;
	while (look(&s) && write_text(&s)) {
		draw(&s);
		if (!take_keys(&s))
			break;
	}
	budget_before_end = NULL;
	endwin();
	delscreen(terminal);
	free(s.text);
	*status = top_status(t);
	return true;
}
