/* SPDX-License-Identifier: Apache-2.0 */
/* ccel.h - the event log of a TD (UEFI 2.10 section 38.4, TCG PC Client Platform Firmware Profile section 10: crypto-agile
 * log) replayed into the RTMRs.
 *
 * A replay proves the list of digests.  It proves neither the type nor the data of an event, which are outside of what is
 * extended.  EV_NO_ACTION is not extended.  MR index 0 is MRTD, 1 to 4 are RTMR0 to RTMR3. */
#ifndef ATTEST_TDX_CCEL_H
#define ATTEST_TDX_CCEL_H

#include "attest/base/rd.h"
#include "attest/base/verdict.h"
#include "attest/tdx/tdx.h"

enum { CCEL_EVENTS_MAX = 8192, CCEL_ALGS_MAX = 8, CCEL_DIGEST_MAX = 64 };

struct ccel_replay {
    uint8_t rtmr[TDX_RTMRS][SHA384_LEN];
    size_t events[TDX_RTMRS];     /* extended ones */
    size_t separators[TDX_RTMRS]; /* EV_SEPARATOR */
    size_t used;                  /* bytes of the log, without its fill */
};

/* ERR_MALFORMED names the event by its number, the field and what was wrong.  Nothing but fill (0xFF or zeros) may follow. */
enum err ccel_replay(struct slice log, struct ccel_replay *out, struct why *why) MUST_USE;

/* The rule ccel.replay: does the log lead to these registers?  An empty one is not asked for. */
enum outcome tdx_ccel_compare(const struct ccel_replay *log, const struct slice rtmr[TDX_RTMRS],
                              struct finding *f);

#endif
