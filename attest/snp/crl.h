/* SPDX-License-Identifier: Apache-2.0 */
/* crl.h - the CRL of a product's ARK: signature, time, and the serial of the intermediate (RFC 5280 section 5). */
#ifndef ATTEST_SNP_CRL_H
#define ATTEST_SNP_CRL_H

#include "attest/base/part.h"
#include "attest/snp/snp.h"

struct snp_crl_facts {
    bool present;
    struct part
        decode; /* crl.malformed: v2, one extension each, no unknown critical one, nextUpdate there */
    bool issuer_ok;    /* it is the ARK of the product at hand */
    bool signature_ok; /* crl.signature: PSS as snp_pss_algorithm() */
    int64_t this_update, next_update;
    bool revoked;          /* the serial is in it */
    int64_t revoked_since; /* unix seconds */
};

/* crl: DER or PEM; empty leaves present false.  ark: of the product; serial: of the ASK or ASVK, big-endian. */
void snp_crl_judge(struct slice crl, const struct snp_ca *ark, struct slice serial,
                   struct snp_crl_facts *out);

/* For a store: signed by this ARK?  `next_update` tells how long it serves. */
enum err snp_crl_open(struct slice crl, const struct snp_ca *ark, int64_t *this_update,
                      int64_t *next_update, struct why *why) MUST_USE;

#endif
