#!/bin/bash
# SPDX-License-Identifier: MIT
# Python's own regression tests, every object through malloc. What is compared
# is the outcome of each test.
set -euo pipefail

export PYTHONMALLOC=malloc

# regress NAME ARGUMENTS...: a run of Python's test runner, and its outcomes.
regress() {
	local name=$1

	shift
	/usr/bin/python3 -m test --junit-xml="$name.xml" "$@" \
		>"$name.log" 2>&1 || echo "$name: exit status $?"
	/usr/bin/python3 "$PROGRAMS/python3.py" "$name.xml"
}

regress whole -j2 test_array test_builtin test_bytes test_collections \
	test_ctypes test_deque test_dict \
	test_exceptions test_functools test_gc test_generators \
	test_hashlib test_json test_list test_marshal test_memoryview \
	test_mmap test_ordered_dict test_os test_posix test_pyexpat \
	test_re test_set test_struct test_tarfile test_thread \
	test_threading_local test_tracemalloc test_unicode \
	test_xml_etree_c test_zlib

# Tests that start threads and processes, less those that mostly sleep and
# those that take it that another process has got somewhere in 0.1 s.
regress parts -j3 -i '*timeout*' -i '*leak*' -i '*hang*' \
	-i '*Queue.test_put' -i '*Queue.test_get' \
	-m 'test.test_threading.*ThreadTests.*' \
	-m 'test.test_threading.ThreadJoinOnShutdown.*' \
	-m 'test.test_subprocess.*ProcessTestCase.*' \
	-m 'test.test_multiprocessing_fork.*Pool*map*' \
	-m 'test.test_multiprocessing_fork.*Process*Queue*' \
	-m 'test.test_multiprocessing_fork.*SharedMemory*' \
	-m 'test.test_multiprocessing_fork.*ThreadsTestPool*' \
	-m 'test.test_multiprocessing_spawn.WithProcessesTestValue*' \
	-m 'test.test_multiprocessing_spawn.WithProcessesTestArray*' \
	-m 'test.test_concurrent_futures.ProcessPoolForkProcessPoolExecutor*' \
	-m 'test.test_concurrent_futures.ThreadPoolExecutorTest.*' \
	test_concurrent_futures test_multiprocessing_fork test_subprocess \
	test_multiprocessing_spawn test_threading
