/* SPDX-License-Identifier: Apache-2.0 */
/* platform.c - see platform.h. */
#include "attest/tdx/platform.h"

#include <string.h>

enum {
    LEAF = TDX_PCK_LEAF,
    CA = TDX_PCK_CA,
    ROOT = TDX_PCK_ROOT,
    CHAIN_LEN = TDX_PCK_CHAIN,
    QE_DATA_AT = 320,
    POINT_HALF = 32,
};

void
tdx_platform_done(struct tdx_platform *p)
{
    sig_key_done(&p->ak);
}

void
tdx_platform_facts_done(struct tdx_platform_facts *f)
{
    tdx_platform_done(&f->out);
    tdx_chain_done(&f->certs);
}

bool
tdx_platform_holds(const struct tdx_platform_facts *f)
{
    return part_ok(&f->chain) && f->root_pinned && part_ok(&f->extension) && f->qe_signature_ok &&
           f->qe_data_ok && part_ok(&f->ak);
}

static enum err
check_names(const struct tdx_chain *c, struct why *why)
{
    if (!slice_same(c->cert[LEAF].cn, slice_text("Intel SGX PCK Certificate"))) {
        return why_add(why, ERR_DENIED, "the leaf is not an \"Intel SGX PCK Certificate\"");
    }
    if (c->cert[LEAF].is_ca) {
        return why_add(why, ERR_DENIED, "the leaf is a CA");
    }
    if (tdx_pck_ca_of(&c->cert[CA]) == TDX_CA_NONE) {
        return why_add(why, ERR_DENIED,
                       "the intermediate is neither the PCK Platform CA nor the Processor CA");
    }
    if (!slice_same(c->cert[ROOT].cn, slice_text("Intel SGX Root CA"))) {
        return why_add(why, ERR_DENIED, "the last certificate is not the \"Intel SGX Root CA\"");
    }
    return ERR_OK;
}

static bool
pinned(const struct tdx_cert *root, const struct tdx_anchor *anchor)
{
    uint8_t spki[SHA256_LEN];

    tdx_cert_spki(root, spki);
    return anchor->present && memcmp(spki, anchor->spki_sha256, sizeof spki) == 0;
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

static void
note_certificates(const struct tdx_chain *c, struct tdx_platform *p)
{
    p->ca = tdx_pck_ca_of(&c->cert[CA]);
    tdx_cert_spki(&c->cert[CA], p->ca_spki);
    p->leaf_serial_len = tdx_serial(c->cert[LEAF].x.serial, p->leaf_serial);
    p->ca_serial_len = tdx_serial(c->cert[CA].x.serial, p->ca_serial);
    p->not_before = INT64_MIN;
    p->not_after = INT64_MAX;
    for (size_t i = 0; i < CHAIN_LEN; i++) {
        p->not_before = later(p->not_before, c->cert[i].x.not_before);
        p->not_after = sooner(p->not_after, c->cert[i].x.not_after);
    }
}

static void
note_extension(const struct tdx_pck *pck, struct tdx_platform *p)
{
    memcpy(p->fmspc, pck->fmspc, sizeof p->fmspc);
    memcpy(p->pceid, pck->pceid, sizeof p->pceid);
    memcpy(p->component, pck->component, sizeof p->component);
    memcpy(p->ppid, pck->ppid, sizeof p->ppid);
    memcpy(p->instance, pck->instance, sizeof p->instance);
    p->pcesvn = pck->pcesvn;
    p->has_instance = pck->has_instance;
}

/* The chain and what its leaf says.  A serial of more than 20 bytes (RFC 5280 section 4.1.2.2) could not be looked up. */
static void
judge_chain(const struct tdx_quote *q, const struct tdx_anchor *anchor,
            struct tdx_platform_facts *f)
{
    const struct tdx_lean lean = {.anchor = anchor};
    const struct tdx_cert *cert = f->certs.cert;
    struct tdx_pck pck = {0};
    struct why why = {0};
    enum err e = tdx_chain_decode(q->chain, CHAIN_LEN, &lean, &f->certs, &why);

    if (e == ERR_OK) {
        note_certificates(&f->certs, &f->out);
        e = f->out.leaf_serial_len == 0 || f->out.ca_serial_len == 0
                ? why_add(&why, ERR_MALFORMED, "a serial number of more than 20 bytes")
                : check_names(&f->certs, &why);
    }
    f->chain = part_note(e, &why);
    if (e != ERR_OK) {
        return;
    }
    f->root_pinned = pinned(&cert[ROOT], anchor);
    why = (struct why){0};
    f->extension = part_note(tdx_pck_decode(&cert[LEAF], &pck, &why), &why);
    note_extension(&pck, &f->out);
    f->qe_signature_ok = sig_verify(&cert[LEAF].key, SCHEME_ECDSA, HASH_SHA256, q->qe_report,
                                    q->qe_signature, &why) == ERR_OK;
}

bool
tdx_quote_vouches(const struct tdx_quote *q)
{
    const struct slice parts[] = {q->ak, q->qe_auth};
    struct slice data = {q->qe_report.ptr + QE_DATA_AT, q->qe_report.len - QE_DATA_AT};
    uint8_t digest[HASH_MAX];
    struct why why = {0};

    return hash_parts(HASH_SHA256, parts, 2, digest, &why) == ERR_OK &&
           memcmp(digest, data.ptr, SHA256_LEN) == 0 &&
           slice_zero((struct slice){data.ptr + SHA256_LEN, data.len - SHA256_LEN});
}

static enum err
key_of(const struct tdx_quote *q, uint8_t key[SHA256_LEN], struct why *why)
{
    const struct slice parts[] = {q->ak, q->certification};
    uint8_t digest[HASH_MAX];

    TRY(hash_parts(HASH_SHA256, parts, 2, digest, why));
    memcpy(key, digest, SHA256_LEN);
    return ERR_OK;
}

void
tdx_platform_judge(const struct tdx_quote *q, const struct tdx_anchor *anchor,
                   struct tdx_platform_facts *out)
{
    struct why why = {0};

    judge_chain(q, anchor, out);
    out->qe_data_ok = tdx_quote_vouches(q);
    memcpy(out->out.qe_report, q->qe_report.ptr, q->qe_report.len);
    out->ak = part_note(
        sig_key_ec_like(&anchor->key, CURVE_P256, (struct slice){q->ak.ptr, POINT_HALF},
                        (struct slice){q->ak.ptr + POINT_HALF, POINT_HALF}, &out->out.ak, &why),
        &why);
    why = (struct why){0};
    if (key_of(q, out->out.key, &why) != ERR_OK) {
        out->ak = part_note(ERR_UNABLE, &why);
    }
}

enum err
tdx_platform_key(struct slice quote, uint8_t key[SHA256_LEN], struct why *why)
{
    struct tdx_quote q;

    TRY(tdx_quote_decode(quote, &q, why));
    return key_of(&q, key, why);
}

/* The first fact that does not hold. */
static enum err
refuse(const struct tdx_platform_facts *f, struct why *why)
{
    if (!part_ok(&f->chain)) {
        return why_add(why, ERR_DENIED, "pck.chain: %s", f->chain.why);
    }
    if (!f->root_pinned) {
        return why_add(why, ERR_DENIED, "pck.root: the root's key is not the trusted one");
    }
    if (!part_ok(&f->extension)) {
        return why_add(why, ERR_DENIED, "pck.extension: %s", f->extension.why);
    }
    if (!f->qe_signature_ok) {
        return why_add(why, ERR_DENIED, "qe.signature: not by the PCK leaf");
    }
    if (!f->qe_data_ok) {
        return why_add(why, ERR_DENIED, "qe.report_data: not the digest of the attestation key");
    }
    return why_add(why, ERR_DENIED, "tdquote.key: %s", f->ak.why);
}

enum err
tdx_platform_open(struct slice quote, const struct tdx_anchor *anchor, struct tdx_platform *out,
                  struct why *why)
{
    AUTO(tdx_platform_facts_done) struct tdx_platform_facts f = {0};
    struct tdx_quote q;

    TRY(tdx_quote_decode(quote, &q, why));
    tdx_platform_judge(&q, anchor, &f);
    if (!tdx_platform_holds(&f)) {
        return refuse(&f, why);
    }
    *out = f.out;
    f.out.ak = (struct sig_key){0}; /* handed over */
    return ERR_OK;
}

enum err
tdx_need_read(struct slice quote, struct tdx_need *out, struct why *why)
{
    struct tdx_chain chain = {0}; /* no keys */
    struct tdx_quote q;
    struct tdx_pck pck;

    *out = (struct tdx_need){0};
    TRY(tdx_quote_decode(quote, &q, why));
    TRY(tdx_chain_read(q.chain, CHAIN_LEN, &chain, why));
    TRY(tdx_pck_decode(&chain.cert[LEAF], &pck, why));
    memcpy(out->fmspc, pck.fmspc, sizeof out->fmspc);
    out->ca = tdx_pck_ca_of(&chain.cert[CA]);
    return out->ca == TDX_CA_NONE ? why_add(why, ERR_DENIED, "the PCK CA is not Intel's") : ERR_OK;
}
