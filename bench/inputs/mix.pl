# SPDX-License-Identifier: MIT
# A report program's day: split lines, count words, join, sort, substitute.
use strict;
use warnings;

my $scale = shift;
my ($seed, $total) = (7, 0);

sub random {
	my $n = shift;
	$seed = ($seed * 1103515245 + 12345) % 2147483648;
	return int($seed / 8) % $n;
}

sub line {
	return join ' ', map { chr(97 + random(26)) x (1 + random(8)) } 1 .. 12;
}

for my $round (1 .. $scale / 2) {
	my (%count, @records);
	for my $i (1 .. 1000) {
		my $line = line();
		my @words = split / /, $line;
		$count{$_}++ for @words;
		push @records, { id => $i, words => \@words, text => $line };
	}
	my @ranked = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
	$total += length(join ',', @ranked[0 .. 50]);
	for my $record (@records) {
		(my $text = $record->{text}) =~ s/(\w)\1+/$1/g;
		$total += length($text) + @{$record->{words}};
	}
	my @sorted = sort { $a->{text} cmp $b->{text} } @records;
	$total += $sorted[0]{id};
}
print "$total\n";
