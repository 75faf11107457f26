/* SPDX-License-Identifier: Apache-2.0 */
/* intel_piece.c - see intel_piece.h. */
#include "broker/cloud/intel_piece.h"

#include "attest/base/pem.h"
#include "attest/base/text.h"
#include "attest/tdx/pck.h"
#include "common/mem.h"

#include <string.h>

enum {
    TCB_INFO_VERSION = 3,
    TYPE_OF_TDX = 0,
    QE_IDENTITY_VERSION = 2,
    SKEW_S = 300, /* Intel's clock may be ahead of ours; its time comes soon enough */
};

static void
facts_free(struct tdx_collateral_facts **f)
{
    mem_free(*f);
    *f = NULL;
}

static enum err
check_tcb(const struct tdx_tcb_info *tcb, struct why *why)
{
    return slice_same(tcb->id, slice_text("TDX")) && tcb->version == TCB_INFO_VERSION &&
                   tcb->tcb_type == TYPE_OF_TDX
               ? ERR_OK
               : why_add(why, ERR_DENIED, "tcbInfo of \"%s\" version %u, want \"TDX\" version %d",
                         text_show(tcb->id).text, tcb->version, TCB_INFO_VERSION);
}

static enum err
check_qe(const struct tdx_qe_identity *qe, struct why *why)
{
    return slice_same(qe->id, slice_text("TD_QE")) && qe->version == QE_IDENTITY_VERSION
               ? ERR_OK
               : why_add(why, ERR_DENIED,
                         "enclaveIdentity of \"%s\" version %u, want \"TD_QE\" version %d",
                         text_show(qe->id).text, qe->version, QE_IDENTITY_VERSION);
}

/* The facts of the document as they were judged. */
static enum err
check_document(const struct tdx_document_facts *d, struct intel_said *out, struct why *why)
{
    if (!part_ok(&d->decode)) {
        return why_add(why, ERR_MALFORMED, "%s", d->decode.why);
    }
    if (!part_ok(&d->chain)) {
        return why_add(why, ERR_DENIED, "issuer chain: %.120s", d->chain.why);
    }
    out->since = d->not_before;
    out->until = d->not_after;
    return d->signature_ok ? ERR_OK
                           : why_add(why, ERR_DENIED, "the document's signature does not verify");
}

static enum err
judge_tcb(const struct intel_piece *p, const struct tdx_anchor *anchor, struct intel_said *out,
          struct why *why)
{
    AUTO(facts_free) struct tdx_collateral_facts *f = mem_new(1, sizeof *f);
    const struct tdx_collateral bytes = {.tcb_info = p->body, .tcb_info_chain = p->chain};

    tdx_collateral_judge(&bytes, anchor, (struct slice){0}, f);
    TRY(check_document(&f->tcb_document, out, why));
    TRY(check_tcb(&f->tcb, why));
    out->item = pcs_tcb_info(f->tcb.fmspc, p->track);
    out->eval = f->tcb.eval;
    out->issued = f->tcb.issued;
    out->next_update = f->tcb.next_update;
    return ERR_OK;
}

static enum err
judge_qe(const struct intel_piece *p, const struct tdx_anchor *anchor, struct intel_said *out,
         struct why *why)
{
    AUTO(facts_free) struct tdx_collateral_facts *f = mem_new(1, sizeof *f);
    const struct tdx_collateral bytes = {.qe_identity = p->body, .qe_identity_chain = p->chain};

    tdx_collateral_judge(&bytes, anchor, (struct slice){0}, f);
    TRY(check_document(&f->qe_document, out, why));
    TRY(check_qe(&f->qe, why));
    out->item = pcs_qe_identity(p->track);
    out->eval = f->qe.eval;
    out->issued = f->qe.issued;
    out->next_update = f->qe.next_update;
    return ERR_OK;
}

enum err
intel_chain_ca(struct slice chain, uint8_t *dst, size_t cap, size_t *len, struct why *why)
{
    return pem_next(&chain, "CERTIFICATE", dst, cap, len, why);
}

/* A PCK CA and the root, as DER and decoded. */
struct pair {
    uint8_t ca_der[TDX_CERT_MAX], root_der[TDX_CERT_MAX];
    size_t ca_len, root_len;
    struct tdx_cert ca, root;
};

static void
pair_free(struct pair **p)
{
    tdx_cert_done(&(*p)->ca);
    tdx_cert_done(&(*p)->root);
    mem_free(*p);
    *p = NULL;
}

static enum err
read_pair(struct slice pem, struct pair *p, struct why *why)
{
    uint8_t none[1];
    size_t more = 0;
    struct why end = {0};

    TRY(pem_next(&pem, "CERTIFICATE", p->ca_der, sizeof p->ca_der, &p->ca_len, why));
    TRY(pem_next(&pem, "CERTIFICATE", p->root_der, sizeof p->root_der, &p->root_len, why));
    if (pem_next(&pem, "CERTIFICATE", none, sizeof none, &more, &end) != ERR_NOT_FOUND) {
        return why_add(why, ERR_DENIED, "more than two certificates");
    }
    TRY(tdx_cert_decode((struct slice){p->ca_der, p->ca_len}, &p->ca, why));
    return tdx_cert_decode((struct slice){p->root_der, p->root_len}, &p->root, why);
}

static bool
is_pinned(const struct tdx_cert *root, const struct tdx_anchor *anchor)
{
    uint8_t spki[SHA256_LEN];

    tdx_cert_spki(root, spki);
    return anchor->present && memcmp(spki, anchor->spki_sha256, sizeof spki) == 0;
}

/* A PCK CA under the pinned root: the key is the pin. */
static enum err
check_pair(const struct pair *p, const struct tdx_anchor *anchor, struct intel_said *out,
           struct why *why)
{
    enum tdx_pck_ca which = tdx_pck_ca_of(&p->ca);

    if (which == TDX_CA_NONE) {
        return why_add(why, ERR_DENIED, "neither the PCK Platform CA nor the Processor CA");
    }
    if (!is_pinned(&p->root, anchor)) {
        return why_add(why, ERR_DENIED, "the root's key is not the trusted one");
    }
    TRY(tdx_cert_issued_by(&p->ca, &p->root, 0, why));
    out->item = pcs_pck_crl(which);
    out->since = p->ca.x.not_before;
    out->until = p->ca.x.not_after;
    return ERR_OK;
}

static enum err
open_pair(struct slice chain, const struct tdx_anchor *anchor, struct pair *p,
          struct intel_said *out, struct why *why)
{
    struct why inner = {0};
    enum err e = chain.len == 0
                     ? why_add(&inner, ERR_DENIED, "it is not there, and none is kept of this CA")
                     : read_pair(chain, p, &inner);

    if (e == ERR_OK) {
        e = check_pair(p, anchor, out, &inner);
    }
    return e == ERR_OK ? ERR_OK
                       : why_add(why, e == ERR_NOT_FOUND ? ERR_DENIED : e, "issuer chain: %.120s",
                                 why_text(&inner));
}

static enum err
check_crl(const struct tdx_crl_facts *c, bool issuer_ok, struct intel_said *out, struct why *why)
{
    if (!part_ok(&c->decode)) {
        return why_add(why, ERR_MALFORMED, "%s", c->decode.why);
    }
    out->issued = c->this_update;
    out->next_update = c->next_update;
    return issuer_ok && c->signature_ok
               ? ERR_OK
               : why_add(why, ERR_DENIED, "the CRL is issued or signed by somebody else");
}

static enum err
judge_pck_crl(const struct intel_piece *p, const struct tdx_anchor *anchor, struct intel_said *out,
              struct why *why)
{
    AUTO(facts_free) struct tdx_collateral_facts *f = mem_new(1, sizeof *f);
    AUTO(pair_free) struct pair *pair = mem_new(1, sizeof *pair);
    const struct tdx_collateral bytes = {.pck_crl = p->body};

    TRY(open_pair(p->chain, anchor, pair, out, why));
    tdx_collateral_judge(&bytes, anchor, (struct slice){pair->ca_der, pair->ca_len}, f);
    return check_crl(&f->pck_crl, f->pck_crl.issuer_ok, out, why);
}

/* Its issuer's name is held against the root of a chain when one is there (rule root_crl.signature); what makes it the root's is the key. */
static enum err
judge_root_crl(const struct intel_piece *p, const struct tdx_anchor *anchor, struct intel_said *out,
               struct why *why)
{
    AUTO(facts_free) struct tdx_collateral_facts *f = mem_new(1, sizeof *f);
    const struct tdx_collateral bytes = {.root_crl = p->body};

    tdx_collateral_judge(&bytes, anchor, (struct slice){0}, f);
    out->item = pcs_root_crl();
    out->since = INT64_MIN;
    out->until = INT64_MAX;
    return check_crl(&f->root_crl, true, out, why);
}

enum err
intel_piece_judge(const struct intel_piece *p, const struct tdx_anchor *anchor,
                  struct intel_said *out, struct why *why)
{
    *out = (struct intel_said){0};
    if (p->body.len == 0) {
        return why_add(why, ERR_MALFORMED, "it is empty");
    }
    switch (p->kind) {
    case PCS_TCB_INFO: return judge_tcb(p, anchor, out, why);
    case PCS_QE_IDENTITY: return judge_qe(p, anchor, out, why);
    case PCS_PCK_CRL: return judge_pck_crl(p, anchor, out, why);
    case PCS_ROOT_CRL: return judge_root_crl(p, anchor, out, why);
    case PCS_KINDS: break;
    }
    return why_add(why, ERR_BUG, "a piece of no kind");
}

enum err
intel_piece_in_time(const struct intel_said *said, int64_t now, struct why *why)
{
    char from[RFC3339_LEN + 1];
    char until[RFC3339_LEN + 1];

    rfc3339_format(said->issued, from);
    rfc3339_format(said->next_update, until);
    if (now < said->issued - SKEW_S || now >= said->next_update) {
        return why_add(why, ERR_DENIED, "it is of %s to %s (nextUpdate)", from, until);
    }
    return said->since <= now && now <= said->until
               ? ERR_OK
               : why_add(why, ERR_DENIED, "the certificate that signed it is not in its time");
}
