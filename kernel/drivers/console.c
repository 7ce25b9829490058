/* SPDX-License-Identifier: MIT */
/*
 * The machine's own terminals: ttyS0 on the serial line, tty1 on screen and
 * keyboard (tty0 is another name for it). /dev/console is the one named last
 * on the command line.
 *
 *   irq ── console_input ──► ring ── worker ──► n_tty_receive
 *
 * A byte stays in the ring while the discipline has no room. When the ring is
 * nearly full the serial line takes no more; a key that finds it full is lost.
 * Output is written at once, by polling.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <i386.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/stat.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/sched/workqueue.h>
#include <mach/uaccess.h>

#define TIOCGSERIAL 0x541e
#define PORT_16550A 4
#define KDGKBTYPE 0x4b33
#define KB_101 2
#define KDGETMODE 0x4b3b
#define KD_TEXT 0
#define VT_GETSTATE 0x5603 /* active terminal, signal, bits of open ones */

struct serial_struct { /* as TIOCGSERIAL passes it */
	s32 type, line;
	u32 port;
	s32 irq, flags, xmit_fifo_size, custom_divisor, baud_base;
	u16 close_delay;
	u8 io_type, reserved_char;
	s32 hub6;
	u16 closing_wait, closing_wait2;
	u32 iomem_base;
	u16 iomem_reg_shift;
	u32 port_high, iomap_base;
};

#define RING_SIZE 4096u /* bytes; a power of two */

struct console_line {
	struct tty_struct tty;
	void (*write)(const char *s, size_t n);
	u8 ring[RING_SIZE];
	volatile u32 head; /* written by the interrupt */
	bool throttled; /* the serial line was told to wait */
	u32 tail; /* read by the worker */
};

static struct console_line lines[2]; /* as console_input numbers them */

static size_t console_tty_write(struct tty_struct *tty, const u8 *s, size_t n)
{
	struct console_line *line = tty->driver_data;

	line->write((const char *)s, n);
	return n;
}

static size_t console_write_room(struct tty_struct *tty)
{
	(void)tty;
	return 4096;
}

/* Runs in the worker: what the discipline can take leaves the ring. */
static void flush_line(struct console_line *line)
{
	u8 c;

	while (line->tail != line->head && n_tty_receive_room(&line->tty)) {
		c = line->ring[line->tail++ & (RING_SIZE - 1)];
		n_tty_receive(&line->tty, &c, 1);
	}
	if (line->throttled && line->head - line->tail < RING_SIZE / 4) {
		line->throttled = false;
		serial_throttle(false);
	}
}

static void flush_lines(struct work_struct *work)
{
	(void)work;
	flush_line(&lines[0]);
	flush_line(&lines[1]);
}

static struct work_struct flush_work = WORK_INIT(flush_work, flush_lines);

static void console_unthrottle(struct tty_struct *tty)
{
	struct console_line *line = tty->driver_data;

	if (line->tail != line->head)
		schedule_work(&flush_work);
}

static long serial_ioctl(unsigned int cmd, void __user *to)
{
	struct serial_struct serial = { .type = PORT_16550A,
					.port = 0x3f8,
					.irq = 4,
					.xmit_fifo_size = 16,
					.baud_base = 115200 };

	if (cmd != TIOCGSERIAL)
		return -ENOTTY;
	return copy_to_user(to, &serial, sizeof(serial)) ? -EFAULT : 0;
}

/* What programs ask to find out that this is a screen, and which one. */
static long screen_ioctl(unsigned int cmd, void __user *to)
{
	const u16 state[3] = { 1, 0, 1 << 0 | 1 << 1 };

	switch (cmd) {
	case KDGKBTYPE:
		return put_user((u8)KB_101, (u8 *)to);
	case KDGETMODE:
		return put_user(KD_TEXT, (s32 *)to);
	case VT_GETSTATE:
		return copy_to_user(to, state, sizeof(state)) ? -EFAULT : 0;
	}
	return -ENOTTY;
}

static long console_ioctl(struct tty_struct *tty, unsigned int cmd,
			  unsigned long arg)
{
	return tty == &lines[0].tty ? serial_ioctl(cmd, (void *)arg) :
				      screen_ioctl(cmd, (void *)arg);
}

static const struct tty_operations console_ops = {
	.write = console_tty_write,
	.write_room = console_write_room,
	.unthrottle = console_unthrottle,
	.ioctl = console_ioctl,
};

/* Runs in an interrupt. */
static void console_receive(int number, u8 c)
{
	struct console_line *line = &lines[number];

	if (line->head - line->tail < RING_SIZE) {
		line->ring[line->head & (RING_SIZE - 1)] = c;
		line->head++;
	}
	if (!number && line->head - line->tail > RING_SIZE / 4 * 3) {
		line->throttled = true;
		serial_throttle(true);
	}
	schedule_work(&flush_work);
}

/**
 * console_tty() - which terminal has a number
 * @dev: of /dev/console, tty0, tty1 or ttyS0
 */
struct tty_struct *console_tty(u32 dev)
{
	if (dev == MKDEV(TTYAUX_MAJOR, 1))
		return &lines[console_preferred].tty;
	return &lines[dev == MKDEV(TTY_MAJOR, 64) ? 0 : 1].tty;
}

static void setup_line(struct console_line *line, u32 dev,
		       void (*write)(const char *s, size_t n))
{
	line->write = write;
	if (tty_setup(&line->tty, &console_ops, dev))
		panic("no memory for a terminal");
	line->tty.driver_data = line;
}

/**
 * console_tty_init() - ttyS0 and tty1 come to life
 */
void console_tty_init(void)
{
	setup_line(&lines[0], MKDEV(TTY_MAJOR, 64), serial_write);
	setup_line(&lines[1], MKDEV(TTY_MAJOR, 1), vga_write);
	lines[0].tty.termios.c_cflag = B9600 | CS8 | CREAD | HUPCL | CLOCAL;
	lines[1].tty.winsize = (struct winsize){ .ws_row = 25, .ws_col = 80 };
	lines[1].tty.termios.c_iflag |= IUTF8;
	devtmpfs_create("ttyS0", S_IFCHR | 0660, MKDEV(TTY_MAJOR, 64));
	devtmpfs_create("tty0", S_IFCHR | 0620, MKDEV(TTY_MAJOR, 0));
	devtmpfs_create("tty1", S_IFCHR | 0620, MKDEV(TTY_MAJOR, 1));
	console_input = console_receive;
}

/**
 * console_open_stdio() - descriptors 0, 1 and 2 of process 1
 */
void console_open_stdio(void)
{
	struct file *f = filp_open("/dev/console", O_RDWR, 0);
	unsigned int i;
	int fd;

	if (IS_ERR(f)) {
		printk("Warning: unable to open an initial console.\n");
		return;
	}
	for (i = 0; i < 3; i++) {
		fd = get_unused_fd_flags(0);
		if (fd >= 0)
			fd_install((unsigned int)fd, get_file(f));
	}
	fput(f);
}
