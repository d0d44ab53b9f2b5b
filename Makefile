# The front door; the build itself is CMake and Ninja (CMakePresets.json). Fewer or more jobs than
# two at a time: make JOBS=8. Where to install: make install PREFIX=/usr/local DESTDIR=...
JOBS ?= 2
PREFIX ?= /usr/local
BENCH ?=
FUZZ_SECONDS ?= 60
export CMAKE_BUILD_PARALLEL_LEVEL = $(JOBS)
export CTEST_PARALLEL_LEVEL = $(JOBS)

.PHONY: all demo check check-full lint tidy tsan cov bench bench-compare instructions bench-vm bench-gas fuzz \
    install clean
.NOTPARALLEL:

# build/release/bin/baals, build/release/lib/libbaals.so and libbaals.a
all:
	@tools/build release product

# Without wasmtime, which takes minutes to build and changes no result.
demo:
	@tools/bootstrap --demo
	@tools/build demo product
	@tools/demo build/demo/bin/baals

# What continuous integration runs: the lint, then everything built and tested twice, with clang
# and sanitizers, and with gcc and optimisation.
check:
	@tools/bootstrap
	@tools/lint
	@tools/build dev all
	@tools/build release all
	@tools/test dev release

check-full: check tidy tsan instructions

lint:
	@tools/lint

tidy:
	@tools/build dev product
	@tools/tidy build/dev

tsan:
	@tools/build tsan all
	@tools/test tsan

cov:
	@tools/build cov all
	@find build/cov -name '*.gcda' -delete
	@tools/test cov
	@gcovr --root . --filter 'src/' --exclude-unreachable-branches --print-summary \
	    --gcov-ignore-parse-errors \
	    --html-details build/cov/coverage.html --json-summary build/cov/summary.json build/cov

# docs/performance.md. In build/, whose disk is measured too; options: make bench BENCH=--json
bench:
	@tools/build release baals
	@build/release/bin/baals bench --dir build $(BENCH)

# LMDB and RocksDB on the same lines, taking turns; options: make bench-compare BENCH='--runs 5'
bench-compare:
	@tools/bootstrap
	@tools/build rocksdb baals
	@tools/bench-compare --dir build $(BENCH) build/rocksdb/bin/baals

# Instruction counts of fixed workloads against those that are kept (docs/performance.md).
instructions:
	@tools/bootstrap --full
	@tools/build release baals-bench-instructions
	@tools/check-instructions build/release/bin/baals-bench-instructions

# The runtimes of contracts, from inside.
bench-vm:
	@tools/build release baals-bench-vm
	@build/release/bin/baals-bench-vm

# Whether the prices of gas are in proportion; fails when a class is underpriced.
bench-gas:
	@tools/build release baals-bench-gas
	@build/release/bin/baals-bench-gas --check $(BENCH)

fuzz:
	@tools/build fuzz all
	@tools/fuzz build/fuzz $(FUZZ_SECONDS)

install: all
	@cmake --install build/release --prefix $(PREFIX)

clean:
	@rm -rf build
