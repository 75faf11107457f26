/* SPDX-License-Identifier: Apache-2.0 */
/* tbs.h - the fields of a certificate as slices, and what certificates and CRLs share; for attest/x509 only.
 *
 * Source: RFC 5280 sections 4.1, 4.2 and 5.1. */
#ifndef ATTEST_X509_TBS_H
#define ATTEST_X509_TBS_H

#include "attest/base/rd.h"
#include "attest/x509/x509.h"

/* SIGNED { something } (section 4.1.1): its three parts.  `tbs` reads the contents of what is signed. */
struct tbs_signed {
    struct slice whole;     /* what is signed, with its header */
    struct slice algorithm; /* DER AlgorithmIdentifier outside */
    struct slice signature; /* the bits */
    struct rd tbs;
};

/* ERR_MALFORMED when it is not DER of that shape, or bytes follow it. */
enum err tbs_signed_decode(struct slice der, const char *what, struct tbs_signed *out,
                           struct why *why) MUST_USE;

/* The AlgorithmIdentifier inside must be the one outside (sections 4.1.1.2 and 5.1.1.2). */
enum err tbs_algorithm_check(struct slice inside, const struct tbs_signed *s,
                             struct why *why) MUST_USE;

struct tbs {
    struct slice algorithm;                                 /* inside; DER AlgorithmIdentifier */
    struct slice serial, issuer, subject, spki, extensions; /* as in struct x509_cert */
    int64_t not_before, not_after;
    unsigned version; /* 1, 2, 3 */
    struct tbs_signed outside;
};

/* ERR_MALFORMED when it is not DER of that shape, or bytes follow it. */
enum err tbs_decode(struct slice der, struct tbs *out, struct why *why) MUST_USE;

/* Contents of a UTCTime or GeneralizedTime (section 4.1.2.5), unix seconds; false unless it ends in seconds and Z. */
bool tbs_time(unsigned tag, struct slice text, int64_t *unix_s);

/* UTCTime or GeneralizedTime, unix seconds. */
int64_t tbs_time_read(struct rd *r, const char *field);

/* Contents of an INTEGER of either sign in its shortest form (X.690 section 8.3.2). */
struct slice tbs_serial_read(struct rd *r, const char *field);

/* The next of a SEQUENCE OF Extension; failures are remembered in `r`. */
struct x509_extension tbs_extension_next(struct rd *r);

/* Each extension at most once (section 4.2), at most X509_EXTENSIONS_MAX of them, and all of them extensions. */
enum err tbs_extensions_check(struct slice extensions, struct why *why) MUST_USE;

#endif
