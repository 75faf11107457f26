/* SPDX-License-Identifier: Apache-2.0 */
/* ccel_compare.c - a replayed log against the registers of a report; see ccel.h.  Refuses a log with more separators than a boot
 * has: what stands behind a second one was measured after control had left the firmware. */
#include "attest/tdx/ccel.h"

#include <stdio.h>

#include "attest/base/text.h"

enum { SEPARATORS_MAX = 2 }; /* PCR 1 and PCR 7 both go into RTMR0 */

static enum outcome
differs(size_t i, struct slice seen, struct slice replayed, struct finding *f)
{
    char a[2 * SHA384_LEN + 1];
    char b[2 * SHA384_LEN + 1];
    char wanted[FINDING_TEXT];

    hex_encode(seen.len == SHA384_LEN ? seen : (struct slice){0}, a);
    hex_encode(replayed, b);
    (void)snprintf(wanted, sizeof wanted, "RTMR%zu %s", i, a);
    return finding_fail(f, wanted, "the log gives %s", b);
}

enum outcome
tdx_ccel_compare(const struct ccel_replay *log, const struct slice rtmr[TDX_RTMRS],
                 struct finding *f)
{
    char names[sizeof "RTMR0 RTMR1 RTMR2 RTMR3 "] = "";
    size_t at = 0;

    if (log->separators[0] > SEPARATORS_MAX) {
        return finding_fail(f, "one EV_SEPARATOR each for PCR 1 and PCR 7 in RTMR0", "%zu of them",
                            log->separators[0]);
    }
    for (size_t i = 0; i < TDX_RTMRS; i++) {
        struct slice replayed = {log->rtmr[i], SHA384_LEN};

        if (rtmr[i].len == 0) {
            continue;
        }
        if (!slice_same(replayed, rtmr[i])) {
            return differs(i, rtmr[i], replayed, f);
        }
        (void)snprintf(names + at, sizeof names - at, "RTMR%zu ", i);
        at += sizeof "RTMRn " - 1;
    }
    return at == 0 ? finding_ignored(f, "no register is given to compare with")
                   : finding_pass(f, "%sas the log gives them", names);
}
