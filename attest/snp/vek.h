/* SPDX-License-Identifier: Apache-2.0 */
/* vek.h - a VCEK or VLEK certificate: AMD's profile, its extensions, and the signature of its issuer (AMD 57230, chapter 3).
 *
 * snp_vek_judge() decodes and computes; the rows in checks.c only read the facts. */
#ifndef ATTEST_SNP_VEK_H
#define ATTEST_SNP_VEK_H

#include "attest/base/part.h"
#include "attest/snp/snp.h"
#include "attest/x509/pem.h"

enum { SNP_CN_MAX = 41 }; /* bytes with NUL of a common name in a message */

/* AMD's extensions, arc 1.3.6.1.4.1.3704.1 (table of the KDS specification). */
struct snp_vek_extensions {
    unsigned seen; /* bit per known extension */
    uint64_t struct_version;
    struct slice product_name; /* IA5String contents */
    struct snp_tcb tcb;
    bool has_spl4, has_fmc;
    bool reserved_spl_zero; /* spl4..spl7 are zero */
    struct slice hwid;      /* contents without wrapping; 64 or 8 bytes */
    bool has_hwid;
    struct slice csp_id; /* IA5String contents */
    bool has_csp_id;
};

/* Borrows from the bytes that were judged and from the anchors, and points into itself: not to be copied.  Release with
 * snp_vek_facts_done(). */
struct snp_vek_facts {
    bool present;      /* there is one: known, sent, or in the table */
    bool from_known;   /* ev->known: the certificate's own rows passed when it was made */
    bool root_present; /* chain.root: the product's ARK is an anchor */
    bool signature_ok; /* chain.signature */
    bool is_ca; /* it is an intermediate (ASK or ASVK) handed in its place (`verify amd-chain`) */
    bool given_revoked; /* crl.revoked: the key of `given` is in anchors->revoked */
    char subject_cn[SNP_CN_MAX], issuer_cn[SNP_CN_MAX]; /* as text fit for a message */
    struct part
        decode; /* vek.malformed: X.509 v3, strict DER, PEM or DER, P-384 key on the curve */
    struct part
        extensions; /* vek.extensions: AMD's, each exactly once, complete for its product, well encoded */
    struct part issuer_name; /* vek.issuer: all of the issuer's DN is AMD's */
    struct part
        subject_name; /* vek.kind reads it: all of the subject's DN is AMD's, CN SEV-VCEK or SEV-VLEK */
    struct part
        algorithm; /* vek.algorithm: RSASSA-PSS, SHA-384, MGF1-SHA-384, salt 48, in one of two encodings */
    struct part given_part; /* chain.intermediate: is_ca or --ask: AMD's profile of a CA, and with
                               --ask the signature of the ARK */
    struct snp_vek_extensions ext;
    enum snp_product issuer_product; /* by the issuer's CN; NONE: no CA of AMD's naming */
    enum snp_vek_kind issuer_kind;   /* ASK: VCEK; ASVK: VLEK; NONE: an ARK, or no CA of AMD's */
    enum snp_vek_kind subject_kind;  /* of a VEK, and that an intermediate signs */
    const struct snp_ca *root;       /* of the product; NULL */
    const struct snp_ca
        *issuer; /* NULL: that product is not trusted, or its CA is not among the anchors */
    const struct snp_ca
        *self; /* is_ca: the anchor's own entry for that product and kind; its serial may differ */
    int64_t not_before, not_after; /* of the certificate */
    int64_t given_revoked_since;   /* unix seconds */
    struct snp_vek out; /* what it comes to; key owned; meaningful when every part holds */
    struct snp_ca
        given; /* is_ca, or an intermediate given with --ask: serial and window of what was given; key owned */
    struct x509_pem text, ask_text; /* owned; what the slices borrow from when it came as PEM */
};

/* cert: DER or PEM; empty with known NULL leaves present false.  `ask`: an intermediate of the operator's in place of the
 * anchors' own, DER or PEM, must verify under the ARK; empty: none.  Costs one RSA verification for each of them. */
void snp_vek_judge(struct slice cert, struct slice ask, const struct snp_vek *known,
                   const struct snp_anchors *anchors, struct snp_vek_facts *out);
void snp_vek_facts_done(struct snp_vek_facts *f);

/* Serial of the intermediate at hand, big-endian, for the CRL: what was given, else the anchors' own; empty when there is
 * none. */
struct slice snp_vek_intermediate_serial(const struct snp_vek_facts *f);

/* AMD's extensions out of the contents of a certificate's SEQUENCE OF Extension.  ERR_MALFORMED: one twice, of another type or
 * length, an INTEGER that is not DER of 0..255; ERR_DENIED: one of AMD's arc that we do not know, a critical one that we do
 * not know, or a KeyUsage without digitalSignature. */
enum err snp_vek_extensions_decode(struct slice extensions, struct snp_vek_extensions *out,
                                   struct why *why) MUST_USE;

/* All that a key of this product must have and nothing that only another has; and hwID or CSP_ID: whether it is the right one of
 * them is the business of vek.kind, and structVersion that of vek.product. */
enum err snp_vek_extensions_complete(const struct snp_vek_extensions *x, enum snp_product product,
                                     struct why *why) MUST_USE;

/* The structVersion of that product's certificates that we know. */
uint64_t snp_vek_struct_version(enum snp_product product);

/* DN of AMD: OU=Engineering, C=US, L=Santa Clara, ST=CA, O=Advanced Micro Devices and a CN, each once, in any order; `cn` is a
 * slice into `name`.  ERR_DENIED names the first attribute that differs. */
enum err snp_amd_name(struct slice name, struct slice *cn, struct why *why) MUST_USE;

/* The first CN of any DER Name; empty when it has none. */
struct slice snp_name_cn(struct slice name);

/* AlgorithmIdentifier (DER, with header): RSASSA-PSS with SHA-384, MGF1-SHA-384, salt 48, trailerField absent or 1. */
enum err snp_pss_algorithm(struct slice der, struct why *why) MUST_USE;

#endif
