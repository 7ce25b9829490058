<?php
// SPDX-License-Identifier: MIT
// Extensions are loaded with RTLD_DEEPBIND: they find the C library's malloc
// before any other, yet free what the program allocated.
$lists = [];
for ($i = 0; $i < 200000; $i++)
	$lists[$i % 5003][] = str_repeat("x", $i % 50);
echo array_sum(array_map(fn($list) => strlen(implode(",", $list)), $lists)),
	"\n", md5(serialize($lists)), "\n";
echo preg_match_all("/x+,/", implode(",", $lists[7])), "\n";

$extensions = get_loaded_extensions();
echo in_array("PDO", $extensions) ? "PDO is there" : "no PDO", "\n";
foreach ($extensions as $name)
	foreach ((new ReflectionExtension($name))->getFunctions() as $function)
		$names[] = $function->getName();
sort($names);
echo count($names), " functions\n";
for ($i = 0; $i < 200; $i++)
	$dates[] = date("D, d M Y", $i * 86400 * 37);
echo md5(json_encode($dates)), " ", bin2hex(iconv("UTF-8", "UTF-16LE", "Ä")),
	"\n";
