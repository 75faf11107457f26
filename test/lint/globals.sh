#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No mutable file-scope variable (STYLE 28): no object has anything in .data or .bss.  Tables of constants with addresses in them
# live in .data.rel.ro, which is read-only once linked.
set -u
B=${B:-build}
# The one flag that a signal handler sets, with the file that has it.
allowed='^broker/main\.o (stop|reload|signal)_(seen|asked)$|^clients/agent[a-z_]*\.o (stop|signal)_(seen|asked)$'
objs=$(find "$B"/obj/attest "$B"/obj/certs "$B"/obj/common "$B"/obj/broker "$B"/obj/clients -name '*.o' 2>/dev/null)
[ -n "$objs" ] || { echo "globals: no objects under $B/obj; run make"; exit 1; }
for o in $objs; do
    objdump -t "$o" | awk -v o="${o#"$B"/obj/}" '
        ($2 == "O" || $3 == "O") && / (\.data|\.bss|\.tdata|\.tbss|\*COM\*)([ \t]|\.[^r])/ { print o " " $NF }'
done | grep -vE "$allowed" | sed 's/^/mutable file-scope variable: /' | sort | { ! grep . ; }
