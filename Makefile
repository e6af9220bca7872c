# SPDX-License-Identifier: GPL-2.0-only
#
# candor's build. Products go to .output/; V=1 shows the commands.
# A line "target: ## text" is what `make help` prints.

O := .output
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(shell PATH=$$PATH:/usr/sbin command -v bpftool) bpftool)
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr
KERNEL ?= 6.1

ifeq ($(V),1)
  Q :=
  say = @:
else
  Q := @
  say = @printf '  %-7s %s\n'
  MAKEFLAGS += --no-print-directory
endif

PACKAGES := libbpf libprotobuf-c liblz4 libsystemd inih json-c libacl libcrypto
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	  -Wno-unused-parameter -Werror -fno-strict-aliasing -D_GNU_SOURCE
override CPPFLAGS += -Icollector -Ikmod -Ibpf -I$O
override CFLAGS += $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
override LDLIBS += $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)

# candord.c is the daemon's main and its composition; every other file of the
# folder serves the daemon, the CLI and the tests alike.
LIB_SRC := $(filter-out collector/candord.c,$(wildcard collector/*.c))
CLI_SRC := $(wildcard collector/cli/*.c)
UNIT_SRC := $(wildcard tests/unit/*.c)
object = $(patsubst %.c,$O/%.o,$(1))
LIB_OBJ := $(call object,$(LIB_SRC)) $O/proto/candor.pb-c.o
GENERATED := $O/proto/candor.pb-c.h $O/bpf/candor.skel.h $O/event_names.h

.PHONY: all module bpf guest check check-long demo bench lint flags clean install help setup
.DELETE_ON_ERROR:
.SECONDARY:

all: $O/candord $O/candor bpf docs/FIELDS.md module ## build everything

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## install missing Debian packages
	$Qscripts/setup

# --- the schema

$O/proto/candor.pb-c.c $O/proto/candor.pb-c.h &: proto/candor.proto
	$(say) PROTOC $<
	@mkdir -p $(@D)
	$Qprotoc-c --c_out=$O $<

docs/FIELDS.md: proto/candor.proto scripts/fields
	$(say) FIELDS $@
	$Qscripts/fields $< > $@.new && { cmp -s $@.new $@ || cp $@.new $@; }; s=$$?; rm -f $@.new; touch $@; exit $$s

$O/event_names.h: scripts/event-names
	$(say) NAMES $@
	@mkdir -p $(@D)
	$Qecho '#include <linux/input-event-codes.h>' | $(CC) -E -dD - | $< > $@

$O/proto/candor.pb-c.o: $O/proto/candor.pb-c.c
	$(say) CC $@
	$Q$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# --- the program in the kernel

BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Ikmod -Ibpf \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)

bpf: $O/bpf/candor.skel.h ## build the BPF object and its skeleton

$O/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h bpf/*.def) kmod/candor_abi.h
	$(say) BPF $@
	@mkdir -p $(@D)
	$Q$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$O/%.skel.h: $O/%.bpf.o
	$(say) SKEL $@
	$Q$(BPFTOOL) gen skeleton $< name $(*F)_bpf > $@

# --- user space

$O/%.o: %.c | $(GENERATED)
	$(say) CC $@
	@mkdir -p $(@D)
	$Q$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$O/libcandor.a: $(LIB_OBJ)
	$(say) AR $@
	@rm -f $@
	$Q$(AR) rcs $@ $^

$O/candord: $O/collector/candord.o $O/libcandor.a
	$(say) LD $@
	$Q$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$O/candor: $(call object,$(CLI_SRC)) $O/libcandor.a
	$(say) LD $@
	$Q$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$O/tests/unit/unit: $(call object,$(UNIT_SRC)) $O/libcandor.a
	$(say) LD $@
	$Q$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell $(PKG_CONFIG) --libs check)

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(call object,$(CLI_SRC) $(UNIT_SRC) collector/candord.c))

# --- the kernel module: built in a copy, so that the tree stays clean and
# several kernels stand side by side

KDIR ?= $(shell scripts/vm/kernel headers $(KERNEL))
MODULE_SRC := Kbuild $(wildcard kmod/*.c kmod/*.h)

module: ## build candor.ko for KERNEL=6.1 (fetched), or for KDIR=...
	$Qkdir='$(KDIR)'; test -n "$$kdir" && rel=$$(cut -d\" -f2 "$$kdir/include/generated/utsrelease.h") && \
	dir=$O/module/$$rel && mkdir -p $$dir/kmod && \
	for f in $(MODULE_SRC); do cmp -s $$f $$dir/$$f || cp $$f $$dir/$$f; done && \
	printf '  %-7s %s\n' KMOD $$dir/candor.ko && \
	$(MAKE) -C "$$kdir" M=$(CURDIR)/$$dir $(if $(filter 1,$(V)),V=1,-s) \
		$(if $(filter 1,$(SPARSE)),C=2) modules

# --- what runs in the VM beside candor

GUEST := $(patsubst tests/guest/%.c,$O/guest/%,$(filter-out %/port.c %.bpf.c,$(wildcard tests/guest/*.c)))

guest: $(GUEST)

$O/guest/%: tests/guest/%.c tests/guest/port.c tests/guest/port.h
	$(say) CC $@
	@mkdir -p $(@D)
	$Q$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< tests/guest/port.c -ljson-c

$O/guest/%.bpf.o: tests/guest/%.bpf.c
	$(say) BPF $@
	@mkdir -p $(@D)
	$Q$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$O/guest/tap: tests/guest/tap.c $O/guest/tap.skel.h $O/libcandor.a
	$(say) CC $@
	$Q$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $O/libcandor.a $(LDLIBS)

# --- proofs

check: ## unit tests and VM scenarios (what CI runs)
	$Qscripts/check

check-long: ## the longer proofs
	$Qscripts/check --long

demo: ## build, boot a VM, type into it, show what was captured
	$Qscripts/demo

bench: ## figures beside the peers'
	$Qscripts/bench

lint: ## checkpatch, sparse, clang-tidy, cppcheck
	$Qscripts/lint

flags:
	@echo $(CPPFLAGS) $(CFLAGS)

install: $O/candord $O/candor ## install into DESTDIR
	install -D -m 0755 $O/candor $(DESTDIR)$(PREFIX)/bin/candor
	install -D -m 0755 $O/candord $(DESTDIR)$(PREFIX)/libexec/candord
	install -D -m 0644 collector/candor.conf $(DESTDIR)$(PREFIX)/lib/candor/candor.conf
	install -D -m 0644 proto/candor.proto $(DESTDIR)$(PREFIX)/share/candor/candor.proto

clean: ## remove what was built
	rm -rf $O
