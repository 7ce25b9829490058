/* SPDX-License-Identifier: MIT */
/*
 * The keyboard of the PS/2, US layout, scan code set 1: a key is a code when
 * it goes down, and the code + 128 when it comes up. Keys become the bytes
 * that a terminal for TERM=linux sends.
 */
#include <mach/io.h>
#include "local.h"

#define DATA 0x60
#define STATUS 0x64
#define RELEASED 0x80
#define EXTENDED 0xe0

enum {
	KEY_CTRL = 0x1d,
	KEY_LSHIFT = 0x2a,
	KEY_RSHIFT = 0x36,
	KEY_ALT = 0x38,
	KEY_CAPS = 0x3a,
	KEY_DELETE = 0x53,
	KEY_F1 = 0x3b
};

static const char plain[] =
	"\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`"
	"\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:"
	"\"~\0|ZXCVBNM<>?\0*\0 ";
static const char keypad[] = "789-456+1230.";

/* After ESC: cursor block, by code from Home (47) to Delete (53). */
static const char *const cursor_keys[] = { "[1~", "[A",	 "[5~", NULL,  "[D",
					   NULL,  "[C",	 NULL,	"[4~", "[B",
					   "[6~", "[2~", "[3~" };
static const char *const function_keys[] = { "[[A",  "[[B",  "[[C",  "[[D",
					     "[[E",  "[17~", "[18~", "[19~",
					     "[20~", "[21~" };

static bool shift, ctrl, alt, caps, extended;

static void send(char c)
{
	if (console_input)
		console_input(1, (u8)c);
}

static void send_escape(const char *s)
{
	if (!s)
		return;
	send(27);
	while (*s)
		send(*s++);
}

/* True for a key that only changes what others mean. */
static bool modifier(u8 code, bool down)
{
	switch (code) {
	case KEY_LSHIFT:
	case KEY_RSHIFT:
		if (!extended) /* else it surrounds a cursor key */
			shift = down;
		return true;
	case KEY_CTRL:
		ctrl = down;
		return true;
	case KEY_ALT:
		alt = down;
		return true;
	case KEY_CAPS:
		caps ^= down;
		return true;
	}
	return false;
}

static void character(u8 code)
{
	bool letter = plain[code] >= 'a' && plain[code] <= 'z';
	char c = (shift ^ (caps && letter)) ? shifted[code] : plain[code];

	if (!c)
		return;
	if (ctrl && c == ' ')
		c = 0;
	else if (ctrl && c >= '@')
		c &= 0x1f;
	if (alt)
		send(27);
	send(c);
}

static void key_down(u8 code)
{
	if (ctrl && alt && code == KEY_DELETE)
		machine_restart();
	if (extended && code == 0x1c)
		send('\r');
	else if (extended && code == 0x35)
		send('/');
	else if (extended && code >= 0x47 && code <= KEY_DELETE)
		send_escape(cursor_keys[code - 0x47]);
	else if (code >= KEY_F1 && code < KEY_F1 + 10)
		send_escape(function_keys[code - KEY_F1]);
	else if (code >= 0x47 && code <= KEY_DELETE)
		send(keypad[code - 0x47]);
	else if (!extended && code < sizeof(plain) - 1)
		character(code);
}

void keyboard_irq(void)
{
	while (inb(STATUS) & 1) {
		u8 code = inb(DATA);

		if (code == EXTENDED) {
			extended = true;
			continue;
		}
		if (!modifier(code & ~RELEASED, !(code & RELEASED)) &&
		    !(code & RELEASED))
			key_down(code);
		extended = false;
	}
}
