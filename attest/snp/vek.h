/* SPDX-License-Identifier: Apache-2.0 */
/* vek.h - a VCEK or VLEK certificate: AMD's profile, its extensions, and the signature of its issuer (AMD 57230, chapter 3).
 *
 * snp_vek_judge() decodes and computes; the rows in checks.c only read the facts. */
#ifndef ATTEST_SNP_VEK_H
#define ATTEST_SNP_VEK_H

#include "attest/base/part.h"
#include "attest/snp/snp.h"

/* AMD's extensions, arc 1.3.6.1.4.1.3704.1 (table of the KDS specification). */
struct snp_vek_extensions {
    unsigned seen; /* bit per known extension; a duplicate is noted in part */
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

struct snp_vek_facts {
    bool present;    /* there is one: known, sent, or in the table */
    bool from_known; /* ev->known: the certificate's own rows passed when it was made */
    struct part
        decode; /* vek.malformed: X.509 v3, strict DER, PEM or DER, P-384 key on the curve */
    struct part
        extensions; /* vek.extensions: AMD's, each exactly once, complete for its kind, well encoded */
    struct snp_vek_extensions ext;
    enum snp_product issuer_product; /* by the issuer's CN; NONE: no CA of AMD's naming */
    enum snp_vek_kind issuer_kind;   /* ASK: VCEK; ASVK: VLEK */
    const struct snp_ca
        *issuer;       /* NULL: that product is not trusted, or its CA is not among the anchors */
    bool root_present; /* chain.root: the product's ARK is an anchor */
    struct part issuer_name;  /* vek.issuer: all of the issuer's DN is AMD's */
    struct part subject_name; /* vek.kind reads it: CN SEV-VCEK or SEV-VLEK */
    enum snp_vek_kind subject_kind;
    struct part
        algorithm; /* vek.algorithm: RSASSA-PSS, SHA-384, MGF1-SHA-384, salt 48, in one of two encodings */
    bool signature_ok;             /* chain.signature */
    int64_t not_before, not_after; /* of the certificate */
    struct snp_vek out; /* what it comes to; key owned; meaningful when every part holds */
    bool is_ca; /* it is an intermediate (ASK or ASVK) handed in its place (`verify amd-chain`) */
    const struct snp_ca
        *self; /* is_ca: the anchor's own entry for that product and kind; its serial may differ */
    struct snp_ca
        given; /* is_ca, or an intermediate given with --ask: serial and window of what was given */
};

/* cert: DER or PEM; empty with known NULL leaves present false.  `ask`: an intermediate of the operator's in place of the
 * anchors' own, DER or PEM, must verify under the ARK; empty: none. */
void snp_vek_judge(struct slice cert, struct slice ask, const struct snp_vek *known,
                   const struct snp_anchors *anchors, struct snp_vek_facts *out);
void snp_vek_facts_done(struct snp_vek_facts *f);

/* DN of AMD: OU=Engineering, C=US, L=Santa Clara, ST=CA, O=Advanced Micro Devices and a CN, each once, in any order; `cn` is a
 * slice into `name`.  ERR_DENIED names the first attribute that differs. */
enum err snp_amd_name(struct slice name, struct slice *cn, struct why *why) MUST_USE;

/* AlgorithmIdentifier (DER, with header): RSASSA-PSS with SHA-384, MGF1-SHA-384, salt 48, trailerField absent or 1. */
enum err snp_pss_algorithm(struct slice der, struct why *why) MUST_USE;

#endif
