# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Bash completion for ashlar: commands, their options, process numbers, and
# for the programs that run and exec start whatever completes those.

# _ashlar_pids PATTERN: readable processes that map a file like that
_ashlar_pids() {
	local dir pid

	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		grep -q "$1" "$dir/maps" 2>/dev/null && echo "$pid"
	done
}

# Those that have a library of Ashlar's; a program may have it linked in.
_ashlar_own_pids() { _ashlar_pids /libashlar; }

_ashlar_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
}

# What ashlar profile takes, and the program that it runs
_ashlar_profile() {
	local cur=${COMP_WORDS[COMP_CWORD]} i

	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--rate | --by | --output | --every | --format) i=$((i + 1)) ;;
		--show | --diff) _ashlar_files; return ;;
		-*) ;;
		*) _ashlar_program "$i"; return ;;
		esac
	done
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--by) mapfile -t COMPREPLY < <(compgen -W "inuse alloc inuse-blocks \
		alloc-blocks" -- "$cur") ;;
	--format) mapfile -t COMPREPLY < <(compgen -W "text collapsed flame pprof" -- "$cur") ;;
	--output) _ashlar_files ;;
	--rate | --every) ;;
	*)
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W "--rate --by --output \
			--every --format --show --diff --help" -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -W "$(_ashlar_own_pids)" \
			-- "$cur"; compgen -c -- "$cur") ;;
		esac
		;;
	esac
}

_ashlar() {
	local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} i
	local views="buddyinfo meminfo pagetypeinfo slabinfo vmstat zoneinfo"

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"run check leaks profile exec boot translate whatis walk why top metrics map learn $views --help --version" -- "$cur")
		return
	fi
	case $command in
	run)
		for ((i = 2; i < COMP_CWORD; i++)); do
			case ${COMP_WORDS[i]} in
			--stats | --fail=*) ;;
			--fail) i=$((i + 1)) ;;
			--) _ashlar_program $((i + 1)); return ;;
			*) _ashlar_program "$i"; return ;;
			esac
		done
		case $cur in
		-*) mapfile -t COMPREPLY < <(compgen -W "--stats --fail --help" -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
		esac
		;;
	check)
		_ashlar_check
		;;
	profile)
		_ashlar_profile
		;;
	leaks)
		case ${COMP_WORDS[COMP_CWORD - 1]} in
		--suppressions | --since)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			;;
		--delta) ;;
		*) mapfile -t COMPREPLY < <(compgen -W "--json --suppressions \
			--delta --since --help $(_ashlar_own_pids)" -- "$cur") ;;
		esac
		;;
	exec)
		case $COMP_CWORD in
		2) mapfile -t COMPREPLY < <(compgen -W \
			"$(_ashlar_own_pids) --help" -- "$cur") ;;
		3) COMPREPLY=(--) ;;
		*) _ashlar_program 4 ;;
		esac
		;;
	boot)
		for ((i = 2; i < COMP_CWORD; i++)); do
			[ "${COMP_WORDS[i]}" = -- ] || continue
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		done
		case ${COMP_WORDS[COMP_CWORD - 1]} in
		--initrd | --disk | --floppy)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			;;
		--memory | --append | --swap) ;;
		*) mapfile -t COMPREPLY < <(compgen -W \
			"--initrd --memory --append --disk --swap --floppy -- --help" -- "$cur") ;;
		esac
		;;
	translate)
		if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --table ]; then
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		mapfile -t COMPREPLY < <(compgen -W \
			"--table --write --execute --help $(_ashlar_pids .)" -- "$cur")
		;;
	learn)
		case ${COMP_WORDS[COMP_CWORD - 1]} in
		--seed) ;;
		--site) _ashlar_files ;;
		*) mapfile -t COMPREPLY < <(compgen -W "--exercises --seed \
			--check --html --site --help $(ashlar learn 2>/dev/null |
			sed -n 's/^\([0-9]*\)\. .*/\1/p')" -- "$cur") ;;
		esac
		;;
	whatis)
		if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --core ]; then
			_ashlar_files
			return
		fi
		mapfile -t COMPREPLY < <(compgen -W \
			"--json --core --help $(_ashlar_pids .)" -- "$cur")
		;;
	why)
		mapfile -t COMPREPLY < <(compgen -W \
			"--json --help $(_ashlar_own_pids)" -- "$cur")
		;;
	map)
		_ashlar_map
		;;
	top)
		mapfile -t COMPREPLY < <(compgen -W "--once --json --delay \
			--sort --help $(_ashlar_own_pids)" -- "$cur")
		;;
	metrics)
		if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --listen ]; then
			_ashlar_files
			return
		fi
		mapfile -t COMPREPLY < <(compgen -W \
			"--listen --help $(_ashlar_own_pids)" -- "$cur")
		;;
	walk)
		if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --core ]; then
			_ashlar_files
		elif [ "$COMP_CWORD" = 2 ]; then
			mapfile -t COMPREPLY < <(compgen -W \
				"--core --help $(_ashlar_own_pids)" -- "$cur")
		elif [ "$COMP_CWORD" = 3 ]; then
			mapfile -t COMPREPLY < <(compgen -W "$(ashlar slabinfo \
				"${COMP_WORDS[2]}" 2>/dev/null |
				awk 'NR > 2 { print $1 }')" -- "$cur")
		fi
		;;
	buddyinfo | meminfo | pagetypeinfo | slabinfo | vmstat | zoneinfo)
		if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --core ]; then
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		mapfile -t COMPREPLY < <(compgen -W \
			"--json --node --core --help $(_ashlar_own_pids) $(
			[ "${COMP_WORDS[1]}" != slabinfo ] || echo --heap)" \
			-- "$cur")
		;;
	esac
}

_ashlar_map() {
	local cur=${COMP_WORDS[COMP_CWORD]} i

	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--diff | --) _ashlar_files; return ;;
		esac
	done
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--output | --save | --core) _ashlar_files; return ;;
	--film | --every | --memory) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "--output --svg --save --film \
		--every --core --diff --boot --memory --help \
		$(_ashlar_pids .)" -- "$cur")
}

_ashlar_check() {
	local cur=${COMP_WORDS[COMP_CWORD]} i

	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--log | --error-exitcode | --suppressions | --guard | --look | --fail | \
			--now) i=$((i + 1)) ;;
		--) _ashlar_program $((i + 1)); return ;;
		-*) ;;
		*) _ashlar_program "$i"; return ;;
		esac
	done
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--log | --suppressions)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--guard)
		mapfile -t COMPREPLY < <(compgen -W "right left both tight" \
			-- "$cur")
		return
		;;
	--now)
		mapfile -t COMPREPLY < <(compgen -W "$(_ashlar_own_pids)" \
			-- "$cur")
		return
		;;
	--error-exitcode | --look | --fail) return ;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W \
		"--json --log --error-exitcode --no-leaks --fail --suppressions \
		--guard --look --races --now --help" -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	esac
}

# The rest of the line, from word $1 on, is another program's.
_ashlar_program() {
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif [ "$COMP_CWORD" = "$1" ]; then
		mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
	else
		compopt -o default 2>/dev/null
	fi
}

complete -F _ashlar ashlar
