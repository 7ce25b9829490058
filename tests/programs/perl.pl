#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Hashes of hashes, strings that grow, regular expressions, closures, threads
# (each clones the whole interpreter) and forked workers.
use strict;
use warnings;
use threads;
use Thread::Queue;

$| = 1;
my %count;
my $x = 1;
for (1 .. 200_000) {
	$x = ($x * 1103515245 + 12345) % 2147483648;
	my $key = sprintf "%x", $x % 30011;
	push @{ $count{$key}{list} }, $_;
	$count{$key}{text} .= "$_ ";
}
my $sum = 0;
for my $key (sort keys %count) {
	$sum = ($sum * 31 + length($count{$key}{text})
		+ @{ $count{$key}{list} }) % 1_000_003;
}
print scalar(keys %count), " keys, sum $sum\n";

my $text = join " ", map { $count{$_}{text} } sort keys %count;
my $hits = () = $text =~ /\b(\d)\d*\1\b/g;
(my $swapped = $text) =~ s/(\d+) (\d+)/$2-$1/g;
print length($text), " characters, $hits hits, ", length($swapped), "\n";
print unpack("%32C*", $swapped), "\n";
%count = ();

my @makers = map { my $n = $_; sub { join ",", map { $_ * $n } 1 .. 50 } }
	1 .. 2000;
print length(join "", map { $_->() } @makers), " from closures\n";

my $work = Thread::Queue->new(1 .. 400);
$work->end;
my @threads = map {
	threads->create(sub {
		my $total = 0;
		while (defined(my $n = $work->dequeue)) {
			my @parts = map { "x" x ($_ % 300) } 1 .. $n;
			$total += length join "", @parts;
		}
		return $total;
	})
} 1 .. 4;
my $total = 0;
$total += $_->join for @threads;
print "threads: $total\n";

for my $n (1 .. 5) {
	pipe my $read, my $write;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		print $write join ":", sort map { $_ ** $n % 997 } 1 .. 2000;
		close $write;
		exit $n;
	}
	close $write;
	my $got = do { local $/; <$read> };
	waitpid $pid, 0;
	print "child $n: ", unpack("%32C*", $got), " exit ", $? >> 8, "\n";
}
