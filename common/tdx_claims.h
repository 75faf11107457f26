/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_claims.h - what a verified TDX quote says, as JSON: for `countersign verify --json` and for attestation results.  Names of
 * fields and attributes are those of a policy row (row.h); what the policy makes of them is not in here.
 *
 * { "verified": true, "version": 4, "body_type": 2, "fmspc": "b0c06f000000", "pceid": "0000",
 *   "ppid": hex, "tee_tcb_svn": hex, "tee_tcb_svn2": hex or null (TDX 1.0 reports have none),
 *   "td_attributes": { "value": "0x0000000010000000", "bits": ["sept_ve_disable"] },
 *   "xfam": "0x00000000000602e7",
 *   "mrtd", "rtmr0" to "rtmr3", "mrseam", "mrconfigid", "mrowner", "mrownerconfig", "report_data": hex;
 *   "mrservicetd": hex or null (TDX 1.0),
 *   "tcb": { "status": "OutOfDate", "platform", "module", "qe", "launch", "current": status, or "none" where there is none,
 *            "date": time or null, "advisories": ["INTEL-SA-00960"], "advisories_cut": false,
 *            "tcb_eval": 17, "qe_eval": 17,
 *            "missed": [ { "status": "UpToDate", "date": time,
 *                          "short": [ { "what": "sgx 7 (SEAMLDR ACM)", "have": 3, "need": 5 } ] } ],
 *            "missed_in_all": 2 },
 *   "early": the same by the early track's tcbInfo, or null,
 *   "rtmr3_checked": what RTMR3 rests on: "golden value", "runtime log" or "unchecked",
 *   "ccel_replayed": bool, "collateral_digest": hex, "stale_by_grace": bool, "reference_value": label or null }
 *
 * A quote that did not verify: { "verified": false }.
 *
 * Source: Intel TDX DCAP Quoting Library API, appendix A; Intel PCS API v4. */
#ifndef COMMON_TDX_CLAIMS_H
#define COMMON_TDX_CLAIMS_H

#include <jansson.h>

#include "attest/tdx/tdx.h"

/* Owned by the caller. */
json_t *tdx_claims_json(const struct tdx_claims *c);

#endif
