/* SPDX-License-Identifier: MIT */
/*
 * A device that interrupts although nobody serves it: the second of two of
 * QEMU's edu, on the line of the first, told to by its register in /dev/mem.
 * The machine must go on, and the first device's callers must get an error.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define EDU_ID 0x010000edu
#define RAISE (0x60 / 4) /* registers, in words */
#define SEEN (0x64 / 4)

#define SIX_BARS "%*x %*x %*x %*x %*x %*x "
#define SEVEN_SIZES SIX_BARS "%*x "

struct device {
	unsigned int id, irq, bar;
	char driver[20];
};

static struct device served, other;

static void find_devices(void)
{
	FILE *f = fopen("/proc/bus/pci/devices", "r");
	char line[400];

	need(f);
	while (fgets(line, sizeof(line), f)) {
		struct device d = { 0 };

		sscanf(line, "%*x %x %x %x " SIX_BARS SEVEN_SIZES "%19s", &d.id,
		       &d.irq, &d.bar, d.driver);
		if (d.id == 0x123411e8)
			*(d.driver[0] ? &served : &other) = d;
	}
	fclose(f);
}

static int logged(const char *what)
{
	static char log[256 * 1024];
	int n = klogctl(3, log, sizeof(log) - 1); /* read all of it */

	log[n > 0 ? n : 0] = 0;
	return strstr(log, what) != NULL;
}

int main(void)
{
	int mem = open("/dev/mem", O_RDWR | O_SYNC), edu;
	volatile unsigned int *regs;
	char said[60], c = 'x';

	find_devices();
	check(served.id && other.id && served.irq == other.irq,
	      "two devices, one driven, share a line", "%u %u", served.irq,
	      other.irq);
	need(mem >= 0 && other.id);
	regs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, mem,
		    other.bar & ~15u);
	need(regs != MAP_FAILED);
	check(regs[0] == EDU_ID, "the other's registers", "0x%x", regs[0]);
	edu = open("/dev/edu", O_RDWR);
	need(edu >= 0);
	is(pwrite(edu, &c, 1, 0), 1);

	regs[RAISE] = 1;
	snprintf(said, sizeof(said), "irq %u: nobody cared", other.irq);
	check(logged(said), "the log says so", "%s", said);
	is(pwrite(edu, &c, 1, 0), -EIO);
	regs[SEEN] = 1;
	is(pwrite(edu, &c, 1, 0), -EIO);
	return checks_done();
}
