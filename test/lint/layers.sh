#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Direction of includes (docs/ARCHITECTURE.md): a room sees only the rooms below it, and a library only behind its one door.
# shellcheck disable=SC2016 # $ belongs to awk
set -u
find attest broker certs clients common -name '*.[ch]' | sort | xargs awk '
function room(path,   part, n) {
    n = split(path, part, "/")
    if (part[1] == "certs" || n == 2) return part[1]                 # attest/attest.h, broker/main.c, common/json.h
    return part[1] == "clients" ? "clients" : part[1] "/" part[2]
}
BEGIN {
    # room: rooms it may include from, besides itself
    low = "attest/base"
    sees["attest/base"] = ""
    sees["attest/sig"] = low
    sees["attest/x509"] = low " attest/sig"
    crypt = low " attest/sig attest/x509"
    sees["attest/tlog"] = crypt
    sees["attest/snp"] = crypt
    sees["attest/tdx"] = crypt
    sees["attest/tpm"] = crypt
    sees["attest/azure"] = crypt " attest/snp attest/tdx attest/tpm"
    sees["attest"] = sees["attest/azure"] " attest/azure attest/tlog"
    below = sees["attest"] " attest"
    sees["certs"] = below
    sees["common"] = below " certs"
    sees["broker/util"] = below " common"
    floor = below " common broker/util"
    sees["broker/store"] = floor
    sees["broker/policy"] = floor " broker/store"
    sees["broker/cloud"] = floor " broker/store"
    sees["broker/mint"] = floor " broker/cloud"
    sees["broker/http"] = floor
    sees["broker/flow"] = floor " broker/store broker/policy broker/mint broker/cloud broker/http"
    sees["broker/api"] = sees["broker/flow"] " broker/flow"
    sees["broker"] = sees["broker/api"] " broker/api"
    sees["clients"] = below " common"
    # library header: the only rooms that may include it
    door["microhttpd.h"] = "broker/http"
    door["gnutls/"] = "broker/http"
    door["sqlite3.h"] = "broker/store"
    door["seccomp.h"] = "broker/mint"
    door["nettle/"] = "attest/base attest/sig broker/util broker/mint"
    door["gmp.h"] = "attest/sig"
    door["curl/"] = "broker/cloud clients"
    door["tss2/"] = "clients"
    door["systemd/"] = "broker"
    door["openssl/"] = "attest/base attest/sig attest/x509 common broker/mint broker/util broker/flow broker/http clients"
    door["jansson.h"] = "common broker/util broker/store broker/policy broker/flow broker/api broker clients"
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, q, "\"")
    from = room(FILENAME); to = room(q[2]); n++
    if (!(from in sees)) { print FILENAME ":" FNR ": unknown room " from; bad++; next }
    if (to != from && index(" " sees[from] " ", " " to " ") == 0) {
        print FILENAME ":" FNR ": " from " may not include from " to " (" q[2] ")"; bad++
    }
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    split($0, q, "[<>]")
    for (lib in door)
        if (index(q[2], lib) == 1 && index(" " door[lib] " ", " " room(FILENAME) " ") == 0) {
            print FILENAME ":" FNR ": <" q[2] "> belongs to " door[lib]; bad++
        }
}
END { print "layers: " n " includes, " bad + 0 " against the direction"; exit bad > 0 || n == 0 }'
