/* SPDX-License-Identifier: Apache-2.0 */
/* collateral.c - tcbInfo, QE identity and the two CRLs, decoded and verified at no time in particular (tdx.h). */
#include "attest/tdx/collateral.h"

#include <string.h>

#include "attest/tdx/document.h"

enum { SIGNATURE_LEN = 64 };

static void
judge_tcb(const struct tdx_collateral *c, const struct tdx_signer *signer,
          struct tdx_collateral_facts *out)
{
    struct tdx_document_facts *f = &out->tcb_document;
    uint8_t signature[SIGNATURE_LEN];
    struct slice object = {0};
    struct why why = {0};
    enum err e = ERR_OK;

    f->present = c->tcb_info.len > 0;
    if (!f->present) {
        return;
    }
    e = tdx_document_open(c->tcb_info, "tcbInfo", &object, signature, &why);
    if (e == ERR_OK) {
        tdx_document_judge(object, signature, signer, f);
        e = tdx_tcb_info_decode(object, &out->tcb, &why);
    }
    f->decode = part_note(e, &why);
}

static void
judge_qe(const struct tdx_collateral *c, const struct tdx_signer *signer,
         struct tdx_collateral_facts *out)
{
    struct tdx_document_facts *f = &out->qe_document;
    uint8_t signature[SIGNATURE_LEN];
    struct slice object = {0};
    struct why why = {0};
    enum err e = ERR_OK;

    f->present = c->qe_identity.len > 0;
    if (!f->present) {
        return;
    }
    e = tdx_document_open(c->qe_identity, "enclaveIdentity", &object, signature, &why);
    if (e == ERR_OK) {
        tdx_document_judge(object, signature, signer, f);
        e = tdx_qe_identity_decode(object, &out->qe, &why);
    }
    f->decode = part_note(e, &why);
}

/* Intel delivers both documents with the same chain: it is opened once. */
static void
judge_documents(const struct tdx_collateral *c, const struct tdx_lean *lean,
                struct tdx_collateral_facts *out)
{
    AUTO(tdx_signer_done) struct tdx_signer of_tcb = {0};
    AUTO(tdx_signer_done) struct tdx_signer of_qe = {0};
    bool same = slice_same(c->tcb_info_chain, c->qe_identity_chain);

    tdx_signer_open(c->tcb_info_chain, lean, &of_tcb);
    if (!same) {
        tdx_signer_open(c->qe_identity_chain, lean, &of_qe);
    }
    judge_tcb(c, &of_tcb, out);
    judge_qe(c, same ? &of_tcb : &of_qe, out);
}

/* `name` and `key`: of the CA that must have signed it. */
static void
judge_crl(struct slice der, struct slice name, const struct sig_key *key, struct tdx_crl_facts *f)
{
    uint8_t raw[SIGNATURE_LEN];
    struct why why = {0};
    enum err e = ERR_OK;

    f->present = der.len > 0;
    if (!f->present) {
        return;
    }
    e = x509_crl_decode(der, &f->crl, &why);
    if (e == ERR_OK && !f->crl.has_next) {
        e = why_add(&why, ERR_MALFORMED, "the CRL has no nextUpdate");
    }
    if (e == ERR_OK) {
        e = tdx_signature_raw(f->crl.signature, raw, &why);
    }
    f->decode = part_note(e, &why);
    if (e != ERR_OK) {
        return;
    }
    f->this_update = f->crl.this_update;
    f->next_update = f->crl.next_update;
    f->issuer_ok = slice_same(f->crl.issuer, name);
    f->signature_ok = key != NULL && tdx_is_ecdsa_sha256(f->crl.algorithm) &&
                      sig_verify(key, SCHEME_ECDSA, HASH_SHA256, f->crl.tbs,
                                 (struct slice){raw, sizeof raw}, &why) == ERR_OK;
}

/* The root's name is the one that the CA names as its issuer: the pin is the key. */
static void
judge_crls(const struct tdx_collateral *c, const struct tdx_anchor *anchor,
           const struct tdx_crl_ca *ca, struct tdx_collateral_facts *out)
{
    memcpy(out->pck_ca_spki, ca->spki, sizeof out->pck_ca_spki);
    judge_crl(c->pck_crl, ca->subject, ca->key, &out->pck_crl);
    judge_crl(c->root_crl, ca->issuer, anchor->present ? &anchor->key : NULL, &out->root_crl);
}

static void
digest(const struct tdx_collateral *c, uint8_t out[SHA256_LEN])
{
    const struct slice parts[] = {c->tcb_info, c->qe_identity, c->pck_crl, c->root_crl};
    uint8_t each[4][SHA256_LEN];

    for (size_t i = 0; i < 4; i++) {
        hash_sha256(parts[i], each[i]);
    }
    hash_sha256((struct slice){each[0], sizeof each}, out);
}

void
tdx_collateral_judge_by(const struct tdx_collateral *bytes, const struct tdx_lean *lean,
                        const struct tdx_crl_ca *ca, struct tdx_collateral_facts *out)
{
    memset(out, 0, sizeof *out);
    judge_documents(bytes, lean, out);
    judge_crls(bytes, lean->anchor, ca, out);
    digest(bytes, out->digest);
}

void
tdx_collateral_judge(const struct tdx_collateral *bytes, const struct tdx_anchor *anchor,
                     struct slice pck_ca, struct tdx_collateral_facts *out)
{
    AUTO(tdx_cert_done) struct tdx_cert cert = {0};
    const struct tdx_lean lean = {.anchor = anchor};
    struct tdx_crl_ca ca = {0};
    struct why why = {0};

    if (tdx_cert_decode(pck_ca, &cert, &why) == ERR_OK) {
        ca = (struct tdx_crl_ca){cert.x.subject, cert.x.issuer, &cert.key, {0}};
        tdx_cert_spki(&cert, ca.spki);
    }
    tdx_collateral_judge_by(bytes, &lean, &ca, out);
}

bool
tdx_crl_lists(const struct tdx_crl_facts *f, const uint8_t *serial, size_t len)
{
    struct slice rest = f->crl.revoked;
    struct x509_revoked r = {0};

    while (x509_revoked_next(&rest, &r)) {
        while (r.serial.len > 1 && r.serial.ptr[0] == 0) {
            r.serial = (struct slice){r.serial.ptr + 1, r.serial.len - 1};
        }
        if (slice_same(r.serial, (struct slice){serial, len})) {
            return true;
        }
    }
    return false;
}
