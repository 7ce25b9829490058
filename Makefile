# SPDX-License-Identifier: MIT
# The front door: each word here is one line of work done elsewhere.
#
#   make            build/{ashlar,libashlar-malloc.so,libashlar.so,*.a}
#   make run        real programs on Ashlar beside glibc, and a look inside one
#   make boot       the kernel on QEMU's 32-bit PC, with a shell
#                   ARGS="--memory 64": words for ashlar boot
#   make test       everything that is checked; ends with "N passed, N failed"
#   make bench      Ashlar beside the allocators that Debian packages
#   make learn      the course: lists its lessons; build/ashlar learn 1
#   make docs       the course as pages, in build/docs/learn/
#   make install    PREFIX=/usr/local DESTDIR=
#   make deb        Debian packages, in build/deb/
#   make dist       build/ashlar-VERSION.tar.xz, to be built without git
#
# As root each word first installs the Debian packages it needs
# (scripts/packages.txt); otherwise it says which ones are missing.

PREFIX ?= /usr/local
DESTDIR ?=
B := build
VERSION = $(shell sed -n "s/^  version: '\(.*\)',$$/\1/p" meson.build)

.PHONY: all run boot learn docs wasm test bench install deb dist clean

all: setup-build $(B)/build.ninja
	@[ -e $(B)/ashlar ] && [ ! -t 1 ] || echo "make: building in $(B)/"
	@out=$$(ninja -C $(B) --quiet) || { echo "$$out"; exit 1; }
	@# Where a file once had that name, ninja takes meson's link away.
	@cd $(B) && [ -e libashlar-malloc.so ] || \
		ln -sf libashlar-malloc.so.0 libashlar-malloc.so

$(B)/build.ninja:
	@meson setup $(B) >$(B).log 2>&1 || { \
		sed -n 's/.*ERROR: /make: /p' $(B).log | grep . || cat $(B).log; \
		exit 1; }
	@mv $(B).log $(B)/setup.log

setup-%:
	@scripts/setup $*

run: setup-run all
	@echo "make: running programs on both allocators; about a minute"
	@scripts/demo

boot: setup-boot all $(B)/machine.cpio
	@echo "make: booting; Ctrl-A X ends it"
	@$(B)/ashlar boot $(ARGS)

$(B)/machine.cpio: scripts/image $(B)/init-i386 $(B)/translate-i386
	@echo "make: making an image of Debian's busybox for the machine"
	@scripts/image --init $(B)/init-i386 --sources $(B)/machine.sources \
		--file bin/translate=$(B)/translate-i386 $@

$(B)/init-i386 $(B)/translate-i386: all
	@:

learn: setup-learn all $(B)/course.cpio
	@$(B)/ashlar learn

# Its programs, and Debian's that lessons run, for the machine; with manuals.
# Not compressed: to unpack it would take the machine longer than all else.
$(B)/course.cpio: scripts/image $(B)/init-i386 $(wildcard course/programs/*)
	@echo "make: making an image of Debian's procps, strace and others for" \
	"the machine"
	@scripts/image --init $(B)/init-i386 --sources $(B)/course.sources \
		--package procps --package util-linux --package strace --package bash \
		--package bsdextrautils --package ncurses-base --man \
		--file bin/translate=$(B)/translate-i386 \
		$$(for n in available blocks parts; do \
		echo --file bin/$$n=course/programs/$$n; done) \
		$$(for p in $(B)/course/programs/*-i386; do n=$${p##*/}; \
		echo --file bin/$${n%-i386}=$$p; done) \
		$$(for p in $(B)/man/*.3; do \
		echo --file usr/share/man/man3/$${p##*/}=$$p; done) $@

docs: setup-docs all $(B)/course.cpio wasm
	@echo "make: running all lessons for the pages; some minutes"
	@mkdir -p $(B)/docs
	@$(B)/ashlar learn --site $(B)/docs/learn
	@echo "make: $(B)/docs/learn/index.html"

# What moves on the pages.
wasm:
	@$(MAKE) --no-print-directory -s -C port/wasm BUILD=$(abspath $(B))

test: setup-test all
	@tests/run $(ARGS)

bench: setup-bench all
	@bench/run $(ARGS)

install: all
	@$(MAKE) --no-print-directory $(B)/machine.cpio || echo "make: ashlar" \
	"boot is installed without a shell's image; it runs static programs"
	@$(MAKE) --no-print-directory $(B)/course.cpio || echo "make: the" \
	"course is installed without its machine's image"
	@$(MAKE) --no-print-directory wasm >$(B)/wasm.log 2>&1 || echo "make: the" \
	"course's pages are installed without what moves their pictures"
	@{ meson configure $(B) -Dprefix=$(abspath $(PREFIX)) && \
	ninja -C $(B) && DESTDIR=$(DESTDIR) meson install -C $(B) --no-rebuild; \
	} >$(B)/install.log 2>&1 || { cat $(B)/install.log; exit 1; }

deb: setup-docs setup-deb
	@$(MAKE) --no-print-directory $(B)/machine.cpio || echo "make: the" \
	"packages are built without a shell's image"
	@$(MAKE) --no-print-directory $(B)/course.cpio wasm || echo "make: the" \
	"packages are built without all of the course"
	@scripts/deb $(B)/deb
	@ls $(B)/deb/*.deb

dist:
	@scripts/dist $(B)/ashlar-$(VERSION).tar.xz
	@ls $(B)/ashlar-$(VERSION).tar.xz

clean:
	@rm -rf $(B) $(B).log
