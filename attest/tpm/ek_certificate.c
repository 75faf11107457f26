/* SPDX-License-Identifier: Apache-2.0 */
/* ek_certificate.c - see ek_certificate.h.
 *
 * The chain is looked at once without CRLs, so that a revocation is never mistaken for a missing chain or the reverse; with
 * CRLs only when it holds. */
#include "attest/tpm/ek_certificate.h"

#include "attest/tpm/ek_profile.h"

void
tpm_ek_certificate_done(struct tpm_ek_certificate *c)
{
    sig_key_done(&c->key);
}

/* Everything but the chain.  A key that the certificate cannot be used with is not a malformed certificate. */
static enum err
read_fields(struct slice in, struct tpm_ek_certificate *out, struct x509_leaf *leaf,
            struct why *why)
{
    TRY(tpm_ek_unwrap(in, &out->wrapped, why));
    TRY(x509_leaf_decode(out->wrapped.der, leaf, why));
    out->version = leaf->version;
    out->not_before_unix = leaf->not_before;
    out->not_after_unix = leaf->not_after;
    out->tpm12 = tpm_ek_is_oaep(leaf->spki);
    return ERR_OK;
}

static enum err
key_fits(const struct sig_key *k, struct why *why)
{
    if (k->type == KEY_RSA || k->curve == CURVE_P256 || k->curve == CURVE_P384) {
        return ERR_OK;
    }
    return why_add(why, ERR_DENIED, "%s is not taken; RSA, P-256 and P-384 are",
                   k->type == KEY_EC ? "curve P-521" : "this type of key");
}

static void
read_key(struct slice spki, struct tpm_ek_certificate *out)
{
    struct why why = {0};
    enum err e = sig_key_spki(spki, &out->key, &why);

    if (e == ERR_OK) {
        e = key_fits(&out->key, &why);
    }
    out->key_part = part_note(e, &why);
}

/* As for an attestation key's: a chain that held when the certificate was issued is out of date now. */
static bool
held_when_issued(const struct x509_chain *chain)
{
    struct x509_chain then = *chain;
    struct why unused = {0};
    int64_t until = 0;

    then.at_unix = chain->leaf->not_before;
    return x509_chain_check(&then, &until, &unused) == ERR_OK;
}

static void
judge_chain(const struct x509_chain *chain, struct tpm_ek_certificate *out)
{
    struct why why = {0};

    out->chain = part_note(x509_chain_check(chain, &out->valid_until_unix, &why), &why);
    if (out->chain.err == ERR_DENIED) {
        out->issuer_missing = x509_chain_missing(chain, &out->missing);
        out->chain_expired = !out->issuer_missing && held_when_issued(chain);
    }
}

/* A list past its time is asked once more: whom it revokes stays revoked. */
static enum tpm_ek_revocation
judge_stale(const struct x509_chain *strict, struct tpm_ek_certificate *out)
{
    struct x509_chain loose = *strict;
    struct why unused = {0};
    int64_t until = 0;

    loose.crl_may_be_stale = true;

    enum err e = x509_chain_check(&loose, &until, &unused);

    if (e == ERR_DENIED) {
        return EK_CRL_REVOKED;
    }
    out->valid_until_unix = e == ERR_OK ? until : out->valid_until_unix;
    return e == ERR_OK ? EK_CRL_STALE_GOOD : EK_CRL_UNUSABLE;
}

static void
judge_revocation(struct x509_chain *chain, const struct tpm_expect *want,
                 struct tpm_ek_certificate *out)
{
    struct why why = {0};
    int64_t until = 0;

    if (want->ek_crl == EK_CRL_OFF) {
        return;
    }
    if (chain->anchors->crl_n == 0) {
        out->revocation = want->ek_crl == EK_CRL_REQUIRE ? EK_CRL_UNUSABLE : EK_CRL_NONE;
        out->crl_part = part_note(why_add(&why, ERR_UNABLE, "there is no CRL"), &why);
        return;
    }
    chain->crl = chain->anchors->crl;
    chain->crl_n = chain->anchors->crl_n;
    chain->crl_for_all = want->ek_crl == EK_CRL_REQUIRE;

    enum err e = x509_chain_check(chain, &until, &why);

    out->crl_part = part_note(e, &why);
    if (e == ERR_OK) {
        out->revocation = EK_CRL_GOOD;
        out->valid_until_unix = until;
        return;
    }
    out->revocation = e == ERR_DENIED ? EK_CRL_REVOKED : judge_stale(chain, out);
}

void
tpm_ek_certificate_open(struct slice in, const struct x509_anchors *anchors,
                        const struct tpm_expect *want, int64_t at_unix,
                        struct tpm_ek_certificate *out)
{
    AUTO(x509_cert_done) struct x509_cert cert = {0};
    struct x509_leaf leaf = {0};
    struct why why = {0};

    *out = (struct tpm_ek_certificate){0};
    out->part = part_note(read_fields(in, out, &leaf, &why), &why);
    if (out->part.err != ERR_OK || out->tpm12) {
        return;
    }
    read_key(leaf.spki, out);
    if (out->key_part.err != ERR_OK) {
        return;
    }
    why = (struct why){0};
    out->part = part_note(x509_cert_decode(out->wrapped.der, &cert, &why), &why);
    if (out->part.err != ERR_OK) {
        return;
    }
    tpm_ek_profile_read(&cert, leaf.version, out);

    struct x509_chain chain = {
        .leaf = &cert,
        .anchors = anchors,
        .leaf_may_be_expired = true,
        .at_unix = at_unix,
    };

    judge_chain(&chain, out);
    if (out->chain.err == ERR_OK) {
        judge_revocation(&chain, want, out);
    }
    if (!want->allow_ek_expired && out->not_after_unix < out->valid_until_unix) {
        out->valid_until_unix = out->not_after_unix;
    }
}
