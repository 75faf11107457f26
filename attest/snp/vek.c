/* SPDX-License-Identifier: Apache-2.0 */
/* vek.c - see vek.h.  Facts, in the order in which the rows judge them; nothing is refused here.
 *
 * No identity is taken from the serial number, which AMD writes as zero into every VEK, and none from the bytes of the
 * certificate, which AMD issues anew with other dates: the identity is (product, chip, TCB) and the key.  What is not in the
 * certificate (authorityKeyIdentifier, keyUsage, basicConstraints) is not missed.
 * Source: AMD 57230, chapters "VCEK Certificate" and "VLEK Certificate". */
#include "attest/snp/vek.h"

#include <string.h>

#include "attest/base/text.h"
#include "attest/snp/ca.h"

enum { V3 = 3 };

void
snp_vek_done(struct snp_vek *v)
{
    sig_key_done(&v->key);
    *v = (struct snp_vek){0};
}

void
snp_vek_facts_done(struct snp_vek_facts *f)
{
    snp_vek_done(&f->out);
    snp_ca_done(&f->given);
    x509_pem_done(&f->text);
    x509_pem_done(&f->ask_text);
    *f = (struct snp_vek_facts){0};
}

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Version and key, as far as both kinds of certificate share them. */
static enum err
leaf_read(struct slice der, struct x509_leaf *out, struct why *why)
{
    TRY(x509_leaf_read(der, out, why));
    if (out->version != V3) {
        return why_add(why, ERR_MALFORMED, "X.509 version %u, want %d", out->version, V3);
    }
    return ERR_OK;
}

static enum err
key_read(struct slice spki, struct snp_vek *out, struct why *why)
{
    AUTO(sig_key_done) struct sig_key key = {0};

    TRY(sig_key_spki(spki, &key, why));
    if (key.type != KEY_EC || key.curve != CURVE_P384) {
        return why_add(why, ERR_DENIED, "a key that is not on P-384");
    }
    hash_sha256(spki, out->spki_sha256);
    out->key = key;
    key = (struct sig_key){0};
    return ERR_OK;
}

static void
names_note(const struct x509_leaf *leaf, struct snp_vek_facts *f)
{
    const struct shown subject = text_show(snp_name_cn(leaf->subject));
    const struct shown issuer = text_show(snp_name_cn(leaf->issuer));

    memcpy(f->subject_cn, subject.text, sizeof f->subject_cn);
    memcpy(f->issuer_cn, issuer.text, sizeof f->issuer_cn);
}

/* The issuer's name, and which anchors it stands for. */
static void
issuer_note(const struct x509_leaf *leaf, const struct snp_anchors *anchors,
            struct snp_vek_facts *f)
{
    struct slice cn = snp_name_cn(leaf->issuer);
    enum snp_role role = SNP_ROLE_NONE;
    struct why why = {0};

    f->issuer_name = part_note(snp_amd_name(leaf->issuer, &cn, &why), &why);
    if (!snp_ca_by_cn(cn, &f->issuer_product, &role)) {
        return;
    }
    f->issuer_kind = snp_ca_signs(role);
    f->root = snp_ca_find(anchors, f->issuer_product, SNP_ROLE_ARK);
    f->root_present = f->root != NULL;
    f->issuer = f->root_present ? snp_ca_find(anchors, f->issuer_product, role) : NULL;
}

static void
algorithm_note(const struct x509_leaf *leaf, struct snp_vek_facts *f)
{
    struct why why = {0};

    f->algorithm = part_note(snp_pss_algorithm(leaf->algorithm, &why), &why);
}

static void
signature_note(const struct x509_leaf *leaf, struct snp_vek_facts *f)
{
    struct why unused = {0};

    f->signature_ok = f->issuer != NULL && part_ok(&f->algorithm) &&
                      snp_ca_verify(f->issuer, leaf->tbs, leaf->signature, &unused) == ERR_OK;
}

/* The key of an intermediate that did not come out of the anchors. */
static void
revoked_note(const struct snp_anchors *anchors, struct snp_vek_facts *f)
{
    uint8_t digest[SHA256_LEN];
    struct why unused = {0};

    if (!f->given.present || sig_key_digest(&f->given.key, digest, &unused) != ERR_OK) {
        return;
    }
    for (size_t i = 0; i < anchors->revoked_n; i++) {
        if (memcmp(digest, anchors->revoked[i].spki_sha256, sizeof digest) == 0) {
            f->given_revoked = true;
            f->given_revoked_since = anchors->revoked[i].since;
        }
    }
}

/* --ask: it must be the one that the certificate names, and hold under the ARK. */
static enum err
ask_open(struct slice ask, struct snp_vek_facts *f, struct why *why)
{
    enum snp_role role = f->issuer_kind == SNP_VLEK ? SNP_ROLE_ASVK : SNP_ROLE_ASK;
    struct x509_leaf leaf;

    if (f->root == NULL) {
        return why_add(why, ERR_DENIED, "no ARK to verify it with");
    }
    TRY(x509_pem_open(ask, X509_PEM_CERTIFICATE, X509_DER_MAX, &f->ask_text, why));
    TRY(x509_leaf_decode(f->ask_text.der, &leaf, why));
    TRY(snp_ca_read(&leaf, f->issuer_product, role, &f->given, why));
    return snp_ca_issued(&leaf, f->issuer_product, f->root, why);
}

static void
ask_note(struct slice ask, const struct snp_anchors *anchors, struct snp_vek_facts *f)
{
    struct why why = {0};

    f->given_part = part_note(ask_open(ask, f, &why), &why);
    f->issuer = part_ok(&f->given_part) ? &f->given : NULL;
    revoked_note(anchors, f);
}

static void
extensions_note(const struct x509_leaf *leaf, struct snp_vek_facts *f)
{
    struct why why = {0};
    enum err e = snp_vek_extensions_decode(leaf->extensions, &f->ext, &why);

    if (e == ERR_OK && f->issuer_product != SNP_PRODUCT_NONE) {
        e = snp_vek_extensions_complete(&f->ext, f->issuer_product, &why);
    }
    f->extensions = part_note(e, &why);
}

static enum snp_vek_kind
subject_kind(struct slice cn)
{
    if (slice_same(cn, slice_text("SEV-VCEK"))) {
        return SNP_VCEK;
    }
    return slice_same(cn, slice_text("SEV-VLEK")) ? SNP_VLEK : SNP_VEK_NONE;
}

static void
subject_note(const struct x509_leaf *leaf, struct snp_vek_facts *f)
{
    struct slice cn = {0};
    struct why why = {0};

    f->subject_name = part_note(snp_amd_name(leaf->subject, &cn, &why), &why);
    f->subject_kind = subject_kind(cn);
}

/* What it all comes to; the rows say whether it holds. */
static void
out_fill(struct snp_vek_facts *f)
{
    struct snp_vek *v = &f->out;

    v->product = f->issuer_product;
    v->kind = f->issuer_kind;
    v->tcb = f->ext.tcb;
    v->hwid_len = f->ext.hwid.len;
    if (f->ext.hwid.len > 0) {
        memcpy(v->hwid, f->ext.hwid.ptr, f->ext.hwid.len);
    }
    if (f->ext.csp_id.len > 0) {
        memcpy(v->csp_id, f->ext.csp_id.ptr, f->ext.csp_id.len);
    }
    v->not_before = f->not_before;
    v->not_after = f->not_after;
    if (f->issuer != NULL) {
        v->not_before = later(v->not_before, f->issuer->not_before);
        v->not_after = sooner(v->not_after, f->issuer->not_after);
    }
    if (f->root != NULL) {
        v->not_before = later(v->not_before, f->root->not_before);
        v->not_after = sooner(v->not_after, f->root->not_after);
    }
}

static void
vek_note(const struct x509_leaf *leaf, struct slice ask, const struct snp_anchors *anchors,
         struct snp_vek_facts *f)
{
    struct why why = {0};

    f->decode = part_note(key_read(leaf->spki, &f->out, &why), &why);
    subject_note(leaf, f);
    extensions_note(leaf, f);
    if (f->issuer_kind == SNP_VEK_NONE) {
        f->issuer = NULL; /* an ARK signs no VEK */
    }
    if (ask.len > 0) {
        ask_note(ask, anchors, f);
    }
    signature_note(leaf, f);
    out_fill(f);
}

/* An intermediate in the place of a VEK: its issuer is the ARK. */
static enum err
ca_open(const struct x509_leaf *leaf, struct slice ask, struct snp_vek_facts *f, struct why *why)
{
    enum snp_product product = SNP_PRODUCT_NONE;
    enum snp_role role = SNP_ROLE_NONE;

    if (!snp_ca_by_cn(snp_name_cn(leaf->subject), &product, &role) || role == SNP_ROLE_ARK) {
        return why_add(why, ERR_DENIED, "\"%s\", which is no ASK or ASVK", f->subject_cn);
    }
    if (f->issuer_kind != SNP_VEK_NONE || product != f->issuer_product) {
        return why_add(why, ERR_DENIED, "\"%s\", issued by \"%s\"", f->subject_cn, f->issuer_cn);
    }
    if (ask.len > 0) {
        return why_add(why, ERR_DENIED, "\"%s\", and an intermediate given beside it",
                       f->subject_cn);
    }
    return snp_ca_read(leaf, product, role, &f->given, why);
}

static void
ca_note(const struct x509_leaf *leaf, struct slice ask, const struct snp_anchors *anchors,
        struct snp_vek_facts *f)
{
    struct slice cn = snp_name_cn(leaf->subject);
    enum snp_product product = SNP_PRODUCT_NONE;
    enum snp_role role = SNP_ROLE_NONE;
    struct why why = {0};

    f->is_ca = true;
    f->decode = part_note(ERR_OK, &why);
    f->subject_name = part_note(snp_amd_name(leaf->subject, &cn, &why), &why);
    why = (struct why){0};
    f->given_part = part_note(ca_open(leaf, ask, f, &why), &why);
    (void)snp_ca_by_cn(cn, &product, &role);
    f->subject_kind = snp_ca_signs(role);
    f->self = snp_ca_find(anchors, product, role);
    signature_note(leaf, f);
    revoked_note(anchors, f);
    out_fill(f);
}

static void
certificate_note(struct slice cert, struct slice ask, const struct snp_anchors *anchors,
                 struct snp_vek_facts *f)
{
    struct x509_leaf leaf;
    struct why why = {0};
    enum err e = x509_pem_open(cert, X509_PEM_CERTIFICATE, SNP_VEK_MAX, &f->text, &why);

    if (e == ERR_OK) {
        e = leaf_read(f->text.der, &leaf, &why);
    }
    if (e != ERR_OK) {
        f->decode = part_note(e, &why);
        return;
    }
    f->not_before = leaf.not_before;
    f->not_after = leaf.not_after;
    names_note(&leaf, f);
    issuer_note(&leaf, anchors, f);
    algorithm_note(&leaf, f);
    if (snp_ca_claims(&leaf)) {
        ca_note(&leaf, ask, anchors, f);
    } else {
        vek_note(&leaf, ask, anchors, f);
    }
}

/* Its own rows passed once; roots and CRL are looked up anew. */
static void
known_note(const struct snp_vek *known, const struct snp_anchors *anchors, struct snp_vek_facts *f)
{
    enum snp_role role = known->kind == SNP_VLEK ? SNP_ROLE_ASVK : SNP_ROLE_ASK;

    f->from_known = true;
    f->issuer_product = known->product;
    f->issuer_kind = known->kind;
    f->subject_kind = known->kind;
    f->root = snp_ca_find(anchors, known->product, SNP_ROLE_ARK);
    f->root_present = f->root != NULL;
    f->issuer = f->root_present ? snp_ca_find(anchors, known->product, role) : NULL;
    f->signature_ok = f->issuer != NULL;
    f->not_before = known->not_before;
    f->not_after = known->not_after;
    f->out = *known;
    f->out.key = (struct sig_key){0};

    bool shared = sig_key_share(&known->key, &f->out.key);
    struct why why = {0};

    f->decode = part_note(shared ? ERR_OK : ERR_BUG, &why);
}

void
snp_vek_judge(struct slice cert, struct slice ask, const struct snp_vek *known,
              const struct snp_anchors *anchors, struct snp_vek_facts *out)
{
    *out = (struct snp_vek_facts){.present = known != NULL || cert.len > 0};
    if (known != NULL) {
        known_note(known, anchors, out);
    } else if (cert.len > 0) {
        certificate_note(cert, ask, anchors, out);
    }
}

struct slice
snp_vek_intermediate_serial(const struct snp_vek_facts *f)
{
    const struct snp_ca *ca = f->given.present ? &f->given : f->issuer;

    return ca != NULL ? (struct slice){ca->serial, ca->serial_len} : (struct slice){0};
}
