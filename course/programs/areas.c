/* SPDX-License-Identifier: MIT */
/* What the kernel's log says of its areas, and how much memory is high. */
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>

#define READ_ALL 3 /* syslog(2) */

int main(void)
{
	static char log[1 << 16];
	char *line, *rest = log;
	FILE *f;

	if (klogctl(READ_ALL, log, sizeof(log) - 1) < 0)
		return 1;
	while ((line = strsep(&rest, "\n")))
		if (strstr(line, " : 0x") && !strstr(line, " ."))
			puts(strchr(line, ']') ? strchr(line, ']') + 1 : line);
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(log, sizeof(log), f))
		if (!strncmp(log, "HighTotal", 9) ||
		    !strncmp(log, "LowTotal", 8))
			fputs(log, stdout);
	if (f)
		fclose(f);
	return 0;
}
