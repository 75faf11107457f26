# SPDX-License-Identifier: Apache-2.0
# Countersign.  `make demo` shows it, `make check` tests it; both install what they lack.
# `make help` lists the rest.
CC      := gcc
STD     := -std=c17 -D_GNU_SOURCE -I.
WARN    := -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla \
           -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wformat=2 \
           -Wnull-dereference -Wcast-qual -Wcast-align -Wwrite-strings -Wpointer-arith \
           -Wswitch-enum -Wdouble-promotion -Wimplicit-fallthrough -Walloca
GCCW    := -Wcast-align=strict -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wformat-signedness
# What clang says about libseccomp's own macros.
CLANGW  := -Wno-gnu-zero-variadic-macro-arguments -Wno-missing-field-initializers
# Without -ftrivial-auto-var-init: gcc 12.2 then clears bytes that were just set (docs/adr/0007).
HARDEN  := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE \
           -fstack-clash-protection -fcf-protection \
           -fno-delete-null-pointer-checks -fno-strict-overflow
LINK    := -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
B       ?= build
JOBS    ?= 2

ATTEST  := $(wildcard attest/*.c attest/*/*.c)
COMMON  := $(wildcard common/*.c certs/*/*.c)
BROKER  := $(filter-out broker/main.c,$(wildcard broker/*.c broker/*/*.c))
CLIENT  := $(filter-out clients/main.c,$(wildcard clients/*.c clients/*/*.c))

OBJ      = $(patsubst %.c,$(B)/obj/%.o,$(1))
# `make V=1` shows the whole command lines.
SAY      = $(if $(V),,@echo '$(CC) $(1)' && )
LDLIBS  := -lhogweed -lnettle -lgmp -lcrypto -ljansson
SRVLIBS := -lsystemd -lmicrohttpd -lgnutls -lsqlite3 -lseccomp -lcurl -lz $(LDLIBS)
CLILIBS := -lcurl -ltss2-esys -ltss2-tctildr -ltss2-mu -ltss2-rc $(LDLIBS)

.PHONY: all
all: $(B)/countersign $(B)/countersignd

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call SAY,$<)$(CC) $(STD) $(WARN) $(GCCW) $(HARDEN) $(EXTRA) -pthread -MMD -MP -c $< -o $@

$(B)/countersignd: $(call OBJ,broker/main.c $(BROKER) $(COMMON) $(ATTEST))
	$(call SAY,$@)$(CC) $(HARDEN) $(EXTRA) $(LINK) -o $@ $^ $(SRVLIBS)

$(B)/countersign: $(call OBJ,clients/main.c $(CLIENT) $(COMMON) $(ATTEST))
	$(call SAY,$@)$(CC) $(HARDEN) $(EXTRA) $(LINK) -o $@ $^ $(CLILIBS)

# Everything but the two main files, for programs of test/ and tools/: each takes what it needs.
$(B)/lib/attest.a:  $(call OBJ,$(ATTEST))
$(B)/lib/common.a:  $(call OBJ,$(COMMON))
$(B)/lib/broker.a:  $(call OBJ,$(BROKER))
$(B)/lib/clients.a: $(call OBJ,$(CLIENT))
$(B)/lib/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(if $(V),,@)ar rcs $@ $^

ROOMS   := $(B)/lib/clients.a $(B)/lib/broker.a $(B)/lib/common.a $(B)/lib/attest.a
BUILDS   = $(call SAY,$@)mkdir -p $(@D) && $(CC) $(HARDEN) $(EXTRA) $(LINK) -o $@ $(filter %.o %.a,$^) $(1) $(SRVLIBS) $(CLILIBS)

$(B)/test/%:     $(B)/obj/test/unit/%.o    $(ROOMS) ; $(call BUILDS,-lcmocka)
$(B)/bin/%:      $(B)/obj/test/vectors/%.o $(ROOMS) ; $(call BUILDS)
$(B)/bench/%:    $(B)/obj/test/bench/%.o   $(ROOMS) ; $(call BUILDS,-lm -lssl)
$(B)/fault/%:    $(B)/obj/test/fault/%.o   $(ROOMS) ; $(call BUILDS)
$(B)/peers/%:    $(B)/obj/test/peers/%.o   $(ROOMS) ; $(call BUILDS)
$(B)/http_testd: $(B)/obj/test/api/http_testd.o $(ROOMS) ; $(call BUILDS)
$(B)/checks_md:  $(B)/obj/tools/checks_md.o $(ROOMS) ; $(call BUILDS)
$(B)/no_seccomp.so: test/valgrind/no_seccomp.c
	$(call SAY,$@)$(CC) $(STD) $(WARN) -O1 -g -shared -fPIC -o $@ $<
# A fuzzer as a plain program that runs its corpus, and as one of libFuzzer's.
$(B)/corpus/%:   $(B)/obj/test/fuzz/%.o $(B)/obj/test/fuzz/main.o $(ROOMS) ; $(call BUILDS)
$(B)/fuzz/%:     $(B)/obj/test/fuzz/%.o $(ROOMS) ; $(call BUILDS,-fsanitize=fuzzer)

.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

names    = $(patsubst %.c,$(B)/$(1)/%,$(notdir $(wildcard $(2))))
UNIT    := $(call names,test,test/unit/test_*.c)
CORPORA := $(call names,corpus,test/fuzz/fuzz_*.c)
FUZZERS := $(call names,fuzz,test/fuzz/fuzz_*.c)
VECTORS := $(call names,bin,test/vectors/run*.c test/vectors/make*.c)
BENCHES := $(call names,bench,test/bench/*.c)
FAULTS  := $(call names,fault,test/fault/*.c)
PEERS   := $(call names,peers,test/peers/*.c)
TOOLS   := $(B)/http_testd $(B)/checks_md

.PHONY: tests
tests: all $(UNIT) $(CORPORA) $(VECTORS) $(TOOLS)

SUITES  ?= unit corpus vectors api
RUN      = tools/run_tests.py --build $(B) --jobs $(JOBS) --only "$(ONLY)" --skip "$(SKIP)" --total $(B)/$@.total
SELF     = $(MAKE) --no-print-directory

.PHONY: check check-built lint ci
check:
	@tools/deps.sh build check
	@$(SELF) -j$(JOBS) tests
	@$(SELF) check-built
check-built:
	@$(RUN) $(SUITES)
lint:
	@tools/deps.sh lint
	@$(SELF) -j$(JOBS) all $(TOOLS)
	@$(RUN) lint
ci:
	@.ci/run

# The same tests once more under sanitizers and valgrind; `make asan SUITES=unit ONLY=jose` narrows it.
SAN     := -O1 -g -fPIE -fno-omit-frame-pointer -fno-sanitize-recover=all
INSTEAD  = CC=clang GCCW="$(CLANGW)" HARDEN="$(SAN)"
export ASAN_OPTIONS  ?= detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS ?= print_stacktrace=1
export TSAN_OPTIONS  ?= halt_on_error=1:second_deadlock_stack=1:suppressions=$(CURDIR)/test/tsan.supp

# The runtime of ThreadSanitizer waits for ever in a child that the filter has killed: test_seccomp stays out.
.PHONY: asan tsan valgrind fault fuzz bench peers
asan:
	@tools/deps.sh build check sanitize
	@$(SELF) -j$(JOBS) B=$(B)/asan $(INSTEAD) EXTRA="-fsanitize=address,undefined" tests
	@$(SELF) B=$(B)/asan check-built
tsan:
	@tools/deps.sh build check sanitize
	@$(SELF) -j$(JOBS) B=$(B)/tsan $(INSTEAD) EXTRA="-fsanitize=thread" tests
	@$(SELF) B=$(B)/tsan SUITES="$(filter unit api,$(SUITES))" SKIP=test_seccomp check-built
valgrind:
	@tools/deps.sh build check sanitize
	@$(SELF) -j$(JOBS) tests $(B)/no_seccomp.so
	@COUNTERSIGN_WRAP="env LD_PRELOAD=$(abspath $(B)/no_seccomp.so) valgrind -q --error-exitcode=99" \
	 API_TIMEOUT_S=1200 $(SELF) SUITES=api check-built
fault:
	@tools/deps.sh build check
	@$(SELF) -j$(JOBS) all $(FAULTS)
	@$(RUN) fault
# T seconds for each fuzzer; findings go to build/fuzz/.
T       ?= 20
fuzz:
	@tools/deps.sh build fuzz
	@$(SELF) -j$(JOBS) B=$(B)/libfuzzer $(INSTEAD) EXTRA="-fsanitize=address,undefined,fuzzer-no-link" \
	   $(patsubst $(B)/%,$(B)/libfuzzer/%,$(FUZZERS))
	@tools/fuzz.sh $(B)/libfuzzer/fuzz $(T)
bench:
	@tools/deps.sh build check >&2
	@$(SELF) -j$(JOBS) all $(BENCHES) >&2
	@tools/bench.sh $(B)
peers:
	@tools/deps.sh build check peers
	@$(SELF) -j$(JOBS) all $(PEERS)
	@$(SELF) $(B)/npm/dcap_qvl/.installed || echo 'NOTICE npm could not install it: its test will be skipped'
	@$(RUN) peers
# Another verifier as its authors publish it: each file by the digest in the lock file, none of their scripts run.
$(B)/npm/dcap_qvl/.installed: test/peers/dcap_qvl/package.json test/peers/dcap_qvl/package-lock.json
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error --cache=../cache
	@touch $@

.PHONY: demo fresh docs walkthrough install clean help
# GUEST: what vouches for the guest, a TPM emulator (tpm) or a simulated AMD SEV-SNP (snp) or Intel TDX (tdx).
GUEST   ?= tpm
demo:
	@tools/deps.sh build demo-$(GUEST)
	@$(SELF) -j$(JOBS) all
	@tools/demo.py $(B) $(GUEST)
fresh:
	@tools/deps.sh fresh
	@tools/fresh.sh
# Tables printed from the code.
docs: $(B)/countersignd $(B)/checks_md
	@tools/docs.sh $(B)
walkthrough:
	@tools/walkthrough.py

PREFIX  ?= /usr/local
install: all
	install -D -m 0755 $(B)/countersign $(DESTDIR)$(PREFIX)/bin/countersign
	install -D -m 0755 $(B)/countersignd $(DESTDIR)$(PREFIX)/sbin/countersignd
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/man/*.1
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man5 docs/man/*.5
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man8 docs/man/*.8
	install -d -m 0755 $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|g' tools/countersignd.service > \
	   $(DESTDIR)$(PREFIX)/lib/systemd/system/countersignd.service
	chmod 0644 $(DESTDIR)$(PREFIX)/lib/systemd/system/countersignd.service
	install -d -m 0755 $(DESTDIR)/etc/countersign

clean: ; rm -rf $(B)

help:
	@echo 'make demo         watch a guest be verified, served, torn down (installs what it lacks); GUEST=snp, GUEST=tdx'
	@echo 'make check        every test that needs no other server; ends with "N passed, N failed"'
	@echo 'make lint         format, size limits, analysers, banned calls, layers, purity, documents'
	@echo 'make ci           check and lint, as .ci/run does'
	@echo 'make asan tsan valgrind    the same tests under sanitizers'
	@echo 'make fault        power loss, kill -9'
	@echo 'make fuzz T=60    libFuzzer, T seconds for each fuzzer'
	@echo 'make bench        figures, one JSON object a line'
	@echo 'make peers        against a real object store and another TDX verifier'
	@echo 'make fresh        both README commands on a new, minimal Debian 12'
	@echo 'make docs         write the tables that are printed from the code'
	@echo 'make walkthrough  one request, step by step, with file and function'
	@echo 'make install      DESTDIR and PREFIX as usual'

# For scripts that need a list of this file: make -s print-WARN
print-%: ; @echo "$($*)"
