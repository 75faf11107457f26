/* SPDX-License-Identifier: Apache-2.0 */
/* tbs.h - the fields of TBSCertificate as slices; for attest/x509 only.
 *
 * Source: RFC 5280 sections 4.1 and 4.2. */
#ifndef ATTEST_X509_TBS_H
#define ATTEST_X509_TBS_H

#include "attest/base/rd.h"

struct tbs {
    struct slice serial, issuer, subject, spki, extensions; /* as in struct x509_cert */
    int64_t not_before, not_after;
};

/* ERR_MALFORMED when it is not DER of that shape, or bytes follow it. */
enum err tbs_decode(struct slice der, struct tbs *out, struct why *why) MUST_USE;

/* Contents of a UTCTime or GeneralizedTime (section 4.1.2.5), unix seconds; false unless it ends in seconds and Z. */
bool tbs_time(unsigned tag, struct slice text, int64_t *unix_s);

struct tbs_extension {
    struct slice oid, value; /* contents */
    bool critical;
};

/* The next of a SEQUENCE OF Extension; failures are remembered in `r`. */
struct tbs_extension tbs_extension_next(struct rd *r);

#endif
