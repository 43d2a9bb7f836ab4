# SPDX-License-Identifier: MIT
# Makefile - the short names. Everything is done by CMake's presets and by scripts/.
#
#   make            builds the library, the examples and the benchmarks (gcc-release)
#   make demo       compresses a large file in parallel and shows what the workers did
#   make check      builds and tests all that is promised; ends with "N passed, M failed"
#   make bench      measures against the peers
#   make soak       repeats the concurrent tests a thousand times
#   make explore    explores the schedules of the lock-free parts, then weakens each order and sees that a test misses it
#   make explore-long  goes through all schedules of what takes hours
#   make fibers     looks for races between fibers of one worker, with ThreadSanitizer
#   make aarch64    builds for AArch64 and tests under qemu-user
#   make valgrind   tests under Valgrind
#   make matrix     conditions, kills and faults at each level of optimisation, by both compilers, static, shared, musl
#   make format     formats the sources; make clean removes build/

SHELL = /bin/bash
.NOTPARALLEL:
.PHONY: all demo check bench soak explore explore-long fibers aarch64 valgrind matrix format clean

all:
	@scripts/install-packages demo
	@scripts/with-preset gcc-release

demo:
	@scripts/install-packages demo
	@scripts/with-preset -t weft-press gcc-release
	@if [ -x scripts/demo ]; then scripts/demo build/gcc-release; else echo "scripts/demo is missing" >&2; exit 1; fi

check:
	@scripts/install-packages check
	@scripts/check

bench:
	@scripts/install-packages bench
	@scripts/with-preset -t weft gcc-release
	@if [ -x scripts/bench ]; then scripts/bench build/gcc-release; else echo "scripts/bench is missing" >&2; exit 1; fi

soak:
	@scripts/install-packages check
	@scripts/soak

explore:
	@scripts/install-packages check
	@scripts/with-preset -t explore_alternation gcc-release cmake --build --preset gcc-release --target explore

explore-long:
	@scripts/install-packages check
	@scripts/with-preset -t explore_alternation gcc-release cmake --build --preset gcc-release --target explore_long

fibers:
	@scripts/install-packages check
	@WEFT_TEST_STRESS=$${WEFT_TEST_STRESS:-0.1} scripts/with-preset clang-fibers \
	    ctest --preset clang-fibers --parallel $$(nproc) -L '^(contract|ported|stress|fibers)$$'

aarch64:
	@scripts/install-packages aarch64
	@scripts/with-preset aarch64 ctest --preset aarch64 --parallel $$(nproc) --label-exclude '^explore$$'

valgrind:
	@scripts/install-packages valgrind
	@scripts/with-preset gcc-valgrind \
	    ctest --preset gcc-valgrind --parallel $$(nproc) --label-exclude '^(house|compile_fail|consumer|fault|explore)$$'

matrix:
	@scripts/install-packages check matrix
	@scripts/matrix

format:
	@scripts/install-packages format
	@scripts/check-format --fix

clean:
	rm -rf build
