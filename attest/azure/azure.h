/* SPDX-License-Identifier: Apache-2.0 */
/* azure.h - a confidential VM under Azure's paravisor: HCL report, runtime claims, and a quote of its vTPM.
 *
 * The hardware report's REPORT_DATA is SHA-256 of the runtime claims; the claims hold the vTPM's attestation key; that key's
 * quote holds our binding.  Check ids, before those of the hardware report and of the quote: hcl.malformed hcl.type
 * claims.malformed claims.hash claims.ak.  Source: Azure "confidential VM guest attestation" documentation (HCL report). */
#ifndef ATTEST_AZURE_AZURE_H
#define ATTEST_AZURE_AZURE_H

#include "attest/base/part.h"
#include "attest/base/verdict.h"
#include "attest/sig/sig.h"

enum {
    AZURE_HCL_MAX = 8192,
    AZURE_CLAIMS_MAX = 4096,
    AZURE_VM_ID_MAX = 64,
    AZURE_USER_DATA_LEN = 64
};

/* What kind of hardware report it carries, by report_type. */
enum azure_hardware { AZURE_HW_NONE = 0, AZURE_HW_SNP = 2, AZURE_HW_TDX = 4 };

struct azure_hcl {
    uint32_t version; /* of the header, 1 or 2 */
    uint32_t request_type;
    uint32_t hash_type; /* of REPORT_DATA */
    enum azure_hardware hardware;
    struct slice
        report; /* SNP: the first 1184 bytes of the report field; TDX: 1184 too, of which 1024 are a TDREPORT */
    struct slice claims; /* exactly the JSON bytes that were hashed */
};

/* ERR_MALFORMED names the field; lengths are checked against the blob, what follows the claims must be zero or absent. */
enum err azure_hcl_decode(struct slice blob, struct azure_hcl *out, struct why *why) MUST_USE;

struct azure_claims {                       /* slices into the claims JSON */
    struct sig_key ak;                      /* HCLAkPub; owned */
    struct slice ak_n;                      /* modulus, base64url text */
    struct slice vm_config;                 /* the object as text; empty when absent */
    uint8_t user_data[AZURE_USER_DATA_LEN]; /* zero when absent */
};

void azure_claims_done(struct azure_claims *c);

/* Strict JSON: duplicate members refused, depth limited, exactly one RSA key with kid HCLAkPub (2048 bits or more, e 65537). */
enum err azure_claims_read(struct slice json, struct azure_claims *out, struct why *why) MUST_USE;

struct azure_in {
    struct part hcl_part, claims_part;
    struct azure_hcl hcl;
    struct azure_claims claims;
    enum azure_hardware wanted; /* by the evidence type */
    struct slice report_data;   /* 64 bytes of the hardware report; empty when it did not decode */
    uint8_t claims_sha256[SHA256_LEN];
};

void azure_in_open(struct slice blob, enum azure_hardware wanted, struct azure_in *out);
void azure_in_done(struct azure_in *in);

/* Is there a hardware report of the kind that is wanted, and a key for the quote?  Without them the rows of report and quote have nothing
 * to judge, and the reason is among azure_checks(). */
bool azure_has_report(const struct azure_in *in);
bool azure_has_key(const struct azure_in *in);

const struct check *azure_checks(size_t *n);
const char *azure_check_what(const char *id);

#endif
