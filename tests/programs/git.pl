#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Prints a history of COMMITS over FILES for git fast-import.
use strict;
use warnings;

my ($commits, $files) = @ARGV;
my %text = map {
	my $n = $_;
	("dir" . $n % 20 . "/file$n" =>
	 [map { "line $_ of $n: " . $n * $_ % 1009 } 1 .. 20 + $n % 200])
} 1 .. $files;
my @names = sort keys %text;
my $x = 1;
for my $commit (1 .. $commits) {
	my $message = "commit $commit\n";
	print "commit refs/heads/main\n",
		"committer Builder <builder\@ashlar.invalid> ",
		1_600_000_000 + $commit * 60, " +0000\n",
		"data ", length $message, "\n$message";
	for my $name ($commit == 1 ? @names : @names[map {
			$x = ($x * 1103515245 + 12345) % 2147483648;
			$x % @names } 1 .. 15]) {
		my $lines = $text{$name};
		$lines->[$commit % @$lines] = "changed by $commit" x 3;
		push @$lines, "added by $commit";
		my $blob = join("\n", @$lines) . "\n";
		print "M 100644 inline $name\ndata ", length $blob, "\n$blob\n";
	}
}
