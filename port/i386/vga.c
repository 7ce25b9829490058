/* SPDX-License-Identifier: MIT */
/*
 * The screen: 80 × 25 characters at B8000, a byte of colour after each. What
 * programs for TERM=linux use of its escapes is understood:
 *
 *   ESC [ n A B C D      cursor up, down, right, left
 *   ESC [ y ; x H, f     cursor to a place       ESC [ n G, d   column, line
 *   ESC [ n J, K         erase display, line     ESC [ s, u     keep, return
 *   ESC [ n … m          colours                 ESC [ n L M P @ X  insert …
 *   ESC D M E 7 8 c      index, reverse index, next line, keep, return, reset
 */
#include <ashlar/compiler.h>
#include <ashlar/string.h>
#include <mach/io.h>
#include "local.h"

#define COLUMNS 80
#define ROWS 25
#define CRTC 0x3d4
#define MAX_ARGS 8
#define PLAIN 0x07 /* grey on black */

static u16 *const screen = (u16 *)(PAGE_OFFSET + 0xb8000);
static int row, column, saved_row, saved_column;
static u8 colour = PLAIN;
static bool wrap_next; /* the last column was written */

static enum { TEXT, ESCAPE, BRACKET } state;
static int args[MAX_ARGS], nr_args;
static bool private_mode; /* ESC [ ? … */

static void erase(int from, int count)
{
	u16 blank = (u16)((colour & 0x70) << 8 | PLAIN << 8 | ' ');

	while (count-- > 0)
		screen[from++] = blank;
}

static void set_cursor(void)
{
	int at = row * COLUMNS + column;

	outb(14, CRTC);
	outb((u8)(at >> 8), CRTC + 1);
	outb(15, CRTC);
	outb((u8)at, CRTC + 1);
}

static void go_to(int r, int c)
{
	row = clamp(r, 0, ROWS - 1);
	column = clamp(c, 0, COLUMNS - 1);
	wrap_next = false;
}

/* Lines from @top on go up by @n, or down if it is negative. */
static void scroll(int top, int n)
{
	int count = min(n < 0 ? -n : n, ROWS - top);
	u16 *first = screen + top * COLUMNS;
	size_t bytes = (size_t)(ROWS - top - count) * COLUMNS * 2;

	if (n > 0) {
		memmove(first, first + count * COLUMNS, bytes);
		erase((ROWS - count) * COLUMNS, count * COLUMNS);
	} else {
		memmove(first + count * COLUMNS, first, bytes);
		erase(top * COLUMNS, count * COLUMNS);
	}
}

static void line_feed(void)
{
	if (row == ROWS - 1)
		scroll(0, 1);
	else
		row++;
	wrap_next = false;
}

static void put(u8 c)
{
	if (wrap_next) {
		column = 0;
		line_feed();
	}
	screen[row * COLUMNS + column] = (u16)(colour << 8 | c);
	if (column == COLUMNS - 1)
		wrap_next = true;
	else
		column++;
}

static void control(u8 c)
{
	switch (c) {
	case '\b':
		go_to(row, column - 1);
		break;
	case '\t':
		go_to(row, (column | 7) + 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		line_feed();
		break;
	case '\r':
		go_to(row, 0);
		break;
	case 27:
		state = ESCAPE;
		break;
	}
}

static void reset(void)
{
	colour = PLAIN;
	erase(0, ROWS * COLUMNS);
	go_to(0, 0);
}

static void escape(u8 c)
{
	state = TEXT;
	switch (c) {
	case '[':
		state = BRACKET;
		nr_args = 0;
		private_mode = false;
		memset(args, 0, sizeof(args));
		break;
	case 'D':
		line_feed();
		break;
	case 'E':
		column = 0;
		line_feed();
		break;
	case 'M':
		if (row == 0)
			scroll(0, -1);
		else
			row--;
		break;
	case '7':
		saved_row = row;
		saved_column = column;
		break;
	case '8':
		go_to(saved_row, saved_column);
		break;
	case 'c':
		reset();
		break;
	}
}

/* ANSI counts colours red, green, blue; the adapter blue, green, red. */
static u8 vga_colour(int ansi)
{
	return (u8)((ansi & 1) << 2 | (ansi & 2) | (ansi & 4) >> 2);
}

static void set_colour(int n)
{
	if (n == 0)
		colour = PLAIN;
	else if (n == 1)
		colour |= 0x08;
	else if (n == 7)
		colour = (u8)(colour << 4 | colour >> 4) & 0x7f;
	else if (n == 22)
		colour &= (u8)~0x08;
	else if (n >= 30 && n <= 37)
		colour = (u8)((colour & 0xf8) | vga_colour(n - 30));
	else if (n == 39)
		colour = (colour & 0xf8) | PLAIN;
	else if (n >= 40 && n <= 47)
		colour = (u8)((colour & 0x8f) | vga_colour(n - 40) << 4);
	else if (n == 49)
		colour &= 0x8f;
}

static void erase_display(int how)
{
	int at = row * COLUMNS + column;

	if (how == 0)
		erase(at, ROWS * COLUMNS - at);
	else if (how == 1)
		erase(0, at + 1);
	else
		erase(0, ROWS * COLUMNS);
}

static void erase_line(int how)
{
	int start = row * COLUMNS;

	if (how == 0)
		erase(start + column, COLUMNS - column);
	else if (how == 1)
		erase(start, column + 1);
	else
		erase(start, COLUMNS);
}

/* Make room for @n characters at the cursor, or with @n < 0 close up. */
static void shift_line(int n)
{
	u16 *at = screen + row * COLUMNS + column;
	int count = min(n < 0 ? -n : n, COLUMNS - column);
	size_t bytes = (size_t)(COLUMNS - column - count) * 2;

	if (n > 0) {
		memmove(at + count, at, bytes);
		erase(row * COLUMNS + column, count);
	} else {
		memmove(at, at + count, bytes);
		erase((row + 1) * COLUMNS - count, count);
	}
}

static void move_or_edit(u8 c, int n)
{
	switch (c) {
	case 'A':
		go_to(row - n, column);
		break;
	case 'B':
		go_to(row + n, column);
		break;
	case 'C':
		go_to(row, column + n);
		break;
	case 'D':
		go_to(row, column - n);
		break;
	case 'G':
		go_to(row, n - 1);
		break;
	case 'd':
		go_to(n - 1, column);
		break;
	case 'L':
		scroll(row, -n);
		break;
	case 'M':
		scroll(row, n);
		break;
	case '@':
		shift_line(n);
		break;
	case 'P':
		shift_line(-n);
		break;
	case 'X':
		erase(row * COLUMNS + column, min(n, COLUMNS - column));
		break;
	}
}

static void run_sequence(u8 c)
{
	int i;

	switch (c) {
	case 'H':
	case 'f':
		go_to(args[0] - 1, args[1] - 1);
		break;
	case 'J':
		erase_display(args[0]);
		break;
	case 'K':
		erase_line(args[0]);
		break;
	case 'm':
		for (i = 0; i <= nr_args; i++)
			set_colour(args[i]);
		break;
	case 's':
		saved_row = row;
		saved_column = column;
		break;
	case 'u':
		go_to(saved_row, saved_column);
		break;
	default:
		move_or_edit(c, max(args[0], 1));
		break;
	}
}

static void bracket(u8 c)
{
	if (c >= '0' && c <= '9') {
		args[nr_args] = min(args[nr_args] * 10 + c - '0', 1000);
	} else if (c == ';') {
		nr_args = min(nr_args + 1, MAX_ARGS - 1);
	} else if (c == '?') {
		private_mode = true;
	} else if (c >= 0x40 && c < 0x7f) {
		state = TEXT;
		if (!private_mode)
			run_sequence(c);
	} else if (c < 0x20) {
		control(c);
	}
}

/**
 * vga_write() - bytes to the screen
 * @s: text and escapes
 * @n: how many bytes
 */
void vga_write(const char *s, size_t n)
{
	for (; n; n--, s++) {
		u8 c = (u8)*s;

		if (state == ESCAPE)
			escape(c);
		else if (state == BRACKET)
			bracket(c);
		else if (c < 0x20)
			control(c);
		else if (c != 0x7f)
			put(c);
	}
	set_cursor();
}

void __init vga_init(void)
{
	if (console_vga)
		reset();
}
