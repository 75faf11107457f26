/* SPDX-License-Identifier: Apache-2.0 */
/* ek_certificate.h - the certificate of an endorsement key: facts for the ek.cert_* rules.
 *
 * Sources: TCG EK Credential Profile 2.5, section 3 (profile); RFC 5280 sections 4.1, 4.2, 6.1, 6.3. */
#ifndef ATTEST_TPM_EK_CERTIFICATE_H
#define ATTEST_TPM_EK_CERTIFICATE_H

#include "attest/base/part.h"
#include "attest/tpm/ek_wrapper.h"
#include "attest/tpm/tpm.h"
#include "attest/x509/x509.h"

/* What says which TPM it is. */
enum tpm_ek_identity {
    EK_IDENTITY_NONE = 0,
    EK_IDENTITY_TPM, /* subjectAltName: manufacturer, model and version */
    EK_IDENTITY_INSTANCE, /* Google's extension for a virtual machine, where there is no subjectAltName */
};

enum tpm_ek_revocation {
    EK_CRL_NONE = 0,   /* not looked at, or nothing to look at */
    EK_CRL_GOOD,       /* no CRL that is in its time lists it or one above it */
    EK_CRL_REVOKED,    /* one does, in its time or not */
    EK_CRL_STALE_GOOD, /* as EK_CRL_GOOD, but that one is past its nextUpdate */
    EK_CRL_UNUSABLE,   /* one is wanted and missing, or cannot be relied on: crl_part */
};

struct tpm_ek_certificate {
    struct part part; /* wrapper and certificate, without its key */
    struct tpm_ek_wrapped wrapped;
    bool tpm12;           /* the key is for rsaesOaep: the style of TPM 1.2 */
    struct part key_part; /* its key, unless tpm12 */
    struct sig_key key;   /* owned; when key_part went well */
    unsigned version;
    bool ca;
    bool has_key_usage;
    uint32_t key_usage;
    enum tpm_ek_identity identity;
    bool has_eku, eku_is_ek;
    int64_t not_before_unix, not_after_unix; /* its own */
    struct part chain;           /* ERR_OK: it chains to an anchor, those above it in date */
    bool chain_expired;          /* it would, but for a date above it */
    bool issuer_missing;         /* it does not, for want of one certificate */
    struct x509_missing missing; /* which */
    enum tpm_ek_revocation revocation;
    struct part crl_part;
    int64_t
        valid_until_unix; /* least of the chain and the CRLs, but for what the policy lets be out of date */
};

void tpm_ek_certificate_done(struct tpm_ek_certificate *c);

/* `in`: bare DER, or as a TPM keeps it.  `anchors` with CRLs; of `want` the ek_* members. */
void tpm_ek_certificate_open(struct slice in, const struct x509_anchors *anchors,
                             const struct tpm_expect *want, int64_t at_unix,
                             struct tpm_ek_certificate *out);

#endif
