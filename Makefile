# Countersign.  `make demo` shows it, `make check` tests it; both install what they lack.
CC      := gcc
STD     := -std=c17 -D_GNU_SOURCE -I.
WARN    := -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla \
           -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wformat=2 \
           -Wnull-dereference -Wcast-qual -Wcast-align=strict -Wwrite-strings -Wpointer-arith \
           -Wswitch-enum -Wdouble-promotion -Wimplicit-fallthrough -Walloca
GCCW    := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wformat-signedness
HARDEN  := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE \
           -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero \
           -fno-delete-null-pointer-checks -fno-strict-overflow
LINK    := -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
B       ?= build

ATTEST  := $(wildcard attest/*.c attest/*/*.c)
COMMON  := $(wildcard common/*.c)
BROKER  := $(filter-out broker/main.c,$(wildcard broker/*.c broker/*/*.c))
CLIENT  := $(filter-out clients/main.c,$(wildcard clients/*.c clients/*/*.c))

OBJ      = $(patsubst %.c,$(B)/obj/%.o,$(1))
LDLIBS  := -lcrypto -ljansson
SRVLIBS := -lmicrohttpd -lgnutls -lsqlite3 -lseccomp -lcurl -lz $(LDLIBS)
CLILIBS := -lcurl -ltss2-esys -ltss2-tctildr -ltss2-mu -ltss2-rc $(LDLIBS)

.PHONY: all
all: $(B)/countersign $(B)/countersignd

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(GCCW) $(HARDEN) $(EXTRA) -pthread -MMD -MP -c $< -o $@

$(B)/countersignd: $(call OBJ,broker/main.c $(BROKER) $(COMMON) $(ATTEST))
	$(CC) $(HARDEN) $(EXTRA) $(LINK) -o $@ $^ $(SRVLIBS)

$(B)/countersign: $(call OBJ,clients/main.c $(CLIENT) $(COMMON) $(ATTEST))
	$(CC) $(HARDEN) $(EXTRA) $(LINK) -o $@ $^ $(CLILIBS)

# Every test/unit/test_*.c is one cmocka program over everything but the two main files.
$(B)/test/%: $(B)/obj/test/unit/%.o $(call OBJ,$(BROKER) $(COMMON) $(ATTEST))
	@mkdir -p $(@D)
	$(CC) $(HARDEN) $(EXTRA) $(LINK) -o $@ $^ -lcmocka $(SRVLIBS)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

.PHONY: clean
clean: ; rm -rf $(B)
