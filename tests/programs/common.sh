# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by the scripts of this folder. The driver sets MAPPED: a part of the
# path which the memory map of every process under test must show.

# mapped NAME PID...: all of these that are alive have MAPPED in their map, and
# one is.
mapped() {
	local name=$1 seen=0 map pid

	shift
	for pid; do
		map=$(cat "/proc/$pid/maps" 2>/dev/null) || continue
		[ -n "$map" ] || continue
		if [[ $map != *"$MAPPED"* ]]; then
			echo "$name $pid runs without $MAPPED"
			return 1
		fi
		seen=1
	done
	[ $seen = 1 ] || { echo "no process of $name"; return 1; }
	echo "$name: preload active"
}

# children PID: the processes whose parent it is.
children() {
	cat "/proc/$1/task/"*/children
}

# tree PID...: these processes and all below them.
tree() {
	local pid

	for pid; do
		echo "$pid"
		# shellcheck disable=SC2046 # each process is a word
		tree $(children "$pid")
	done
}

# kind PID: what a process of a browser is, as its --type= says.
kind() {
	grep -aoPs -- '--type=\K[a-z]+' "/proc/$1/cmdline" | sed -n 1p ||
		echo browser
}

# kinds PID: watches a browser until it ends; prints each kind of process that
# was seen to have MAPPED in its map. A renderer may keep the name of the
# zygote that forked it.
kinds() {
	local pid parent

	while kill -0 "$1" 2>/dev/null; do
		for pid in $(tree "$1" 2>/dev/null); do
			grep -qsF "$MAPPED" "/proc/$pid/maps" || continue
			parent=$(awk '{ print $4 }' "/proc/$pid/stat") ||
				continue
			case $(kind "$parent")/$(kind "$pid") in
			zygote/*) echo "child of zygote" ;;
			*/*) kind "$pid" ;;
			esac
		done 2>/dev/null
		sleep 0.05
	done | sort -u
}

# until_true COMMAND...: waits, 100 s at most, for a command to succeed.
until_true() {
	local tries=2000

	until "$@" >/dev/null 2>&1; do
		((tries-- > 0)) || { echo "in vain: $*"; return 1; }
		sleep 0.05
	done
}
