/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel's own lines go: the devices that console= names, as on
 * Linux. Without any it is the screen; with several, all of them, and the
 * last is /dev/console.
 */
#include <ashlar/string.h>
#include "local.h"

bool console_serial, console_vga;
int console_preferred = 1;
void (*console_input)(int line, u8 c);

static bool is_name(const char *s, const char *name)
{
	size_t n = strlen(name);

	return !ashlar_strncmp(s, name, n) &&
	       (!s[n] || s[n] == ' ' || s[n] == ',');
}

static void __init add_console(const char *name)
{
	if (is_name(name, "ttyS0")) {
		console_serial = true;
		console_preferred = 0;
	} else if (is_name(name, "tty0") || is_name(name, "tty1") ||
		   is_name(name, "tty")) {
		console_vga = true;
		console_preferred = 1;
	}
}

/* First of all: from here on something can be said. */
void __init console_early(const char *s)
{
	while (*s) {
		while (*s == ' ')
			s++;
		if (!ashlar_strncmp(s, "-- ", 3))
			break;
		if (!ashlar_strncmp(s, "console=", 8))
			add_console(s + 8);
		while (*s && *s != ' ')
			s++;
	}
	if (!console_serial)
		console_vga = true;
	serial_init();
	vga_init();
}

/**
 * console_write() - lines of the kernel's log
 * @s: text; a newline also returns to the first column
 * @n: its bytes
 */
void console_write(const char *s, size_t n)
{
	while (n) {
		size_t run = 0;

		while (run < n && s[run] != '\n')
			run++;
		if (console_serial)
			serial_write(s, run);
		if (console_vga)
			vga_write(s, run);
		if (run == n)
			return;
		if (console_serial)
			serial_write("\r\n", 2);
		if (console_vga)
			vga_write("\r\n", 2);
		s += run + 1;
		n -= run + 1;
	}
}

/** console_irq() - line 1, the keyboard, or 4, the serial line */
void console_irq(unsigned int irq)
{
	if (irq == 1)
		keyboard_irq();
	else
		serial_irq();
}
