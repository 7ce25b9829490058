#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Prints a C program of N functions with switches, loops, structures and calls
# among them.
use strict;
use warnings;

my ($functions) = @ARGV;
print "#include <stdio.h>\n#include <stdint.h>\n";
for my $n (0 .. $functions - 1) {
	my $prev = $n ? $n - 1 : 0;
	my $cases = join "", map {
		my $value = ($n * 31 + $_ * 17) % 1009;
		"\tcase $_: r += x.a[i & 7] * $value; x.b ^= r >> " .
		($_ % 13 + 1) . "; break;\n"
	} 0 .. 23;
	my $call = $n ? "step$prev(&x, v / 2)" : "v";
	print <<"END";
struct s$n { uint32_t a[8]; uint64_t b; double c; };
static const uint32_t table$n\[] = { @{[join ", ", map { $_ * $n } 1 .. 40]} };

uint64_t step$n(void *from, uint64_t v)
{
	struct s$n x = { .b = v, .c = $n };
	uint64_t r = (uintptr_t)from & 0;

	for (unsigned i = 0; i < 40; i++) {
		x.a[i & 7] += table$n\[i] + (uint32_t)v;
		switch ((x.a[i & 7] + i) % 29) {
$cases		default: x.c = x.c * 1.5 + r % 7; break;
		}
	}
	return v > 1 ? r + x.b + (uint64_t)x.c % 3 + $call : r;
}
END
}
my $last = $functions - 1;
print "int main(void)\n{\n\tprintf(\"%llu\\n\", ",
	"(unsigned long long)step$last(0, 123456789));\n\treturn 0;\n}\n";
