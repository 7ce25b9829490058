# SPDX-License-Identifier: MIT
# The front door: each word here is one line of work done elsewhere.
#
#   make            build/{ashlar,libashlar-malloc.so,libashlar.so,*.a}
#   make run        real programs on Ashlar beside glibc, and a look inside one
#   make boot       the kernel on QEMU's 32-bit PC, with a shell
#                   ARGS="--memory 64": words for ashlar boot
#   make test       everything that is checked; ends with "N passed, N failed"
#   make bench      Ashlar beside the allocators that Debian packages
#   make install    PREFIX=/usr/local DESTDIR=
#
# As root each word first installs the Debian packages it needs
# (scripts/packages.txt); otherwise it says which ones are missing.

PREFIX ?= /usr/local
DESTDIR ?=
B := build

.PHONY: all run boot test bench install clean

all: setup-build $(B)/build.ninja
	@[ -e $(B)/ashlar ] && [ ! -t 1 ] || echo "make: building in $(B)/"
	@out=$$(ninja -C $(B) --quiet) || { echo "$$out"; exit 1; }
	@# Where a file once had that name, ninja takes meson's link away.
	@cd $(B) && [ -e libashlar-malloc.so ] || \
		ln -sf libashlar-malloc.so.0 libashlar-malloc.so

$(B)/build.ninja:
	@meson setup $(B) >$(B).log 2>&1 || { cat $(B).log; exit 1; }
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
	@scripts/image --init $(B)/init-i386 \
		--file bin/translate=$(B)/translate-i386 $@

$(B)/init-i386 $(B)/translate-i386: all
	@:

test: setup-test all
	@tests/run $(ARGS)

bench: setup-bench all
	@bench/run $(ARGS)

install: all
	@$(MAKE) --no-print-directory $(B)/machine.cpio || echo "make: ashlar" \
	"boot is installed without a shell's image; it runs static programs"
	@{ meson configure $(B) -Dprefix=$(abspath $(PREFIX)) && \
	ninja -C $(B) && DESTDIR=$(DESTDIR) meson install -C $(B) --no-rebuild; \
	} >$(B)/install.log 2>&1 || { cat $(B)/install.log; exit 1; }

clean:
	@rm -rf $(B) $(B).log
