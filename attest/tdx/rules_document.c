/* SPDX-License-Identifier: Apache-2.0 */
/* rules_document.c - tcbInfo and QE identity as documents: there, whole, signed, of the right kind, in their time; see checks.h.
 *
 * Of a document that is missing or cannot be decoded nothing more is judged: such rows are not run, which counts against the
 * verdict and names one reason only. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/tdx/checks.h"

static const struct tdx_document_facts *
tcb_document(const struct check_in *in)
{
    return in->tdx->collateral == NULL ? NULL : &in->tdx->collateral->tcb_document;
}

static const struct tdx_document_facts *
qe_document(const struct check_in *in)
{
    return in->tdx->collateral == NULL ? NULL : &in->tdx->collateral->qe_document;
}

static bool
readable(const struct tdx_document_facts *d)
{
    return d != NULL && d->present && part_ok(&d->decode);
}

static enum outcome
missing(const struct tdx_document_facts *d, struct finding *f)
{
    return d != NULL && d->present ? finding_pass(f, "there")
                                   : finding_unable(f, "the document", "there is none");
}

static enum outcome
malformed(const struct tdx_document_facts *d, struct finding *f)
{
    if (d == NULL || !d->present) {
        return OUTCOME_NOT_RUN;
    }
    return part_ok(&d->decode)
               ? finding_pass(f, "decodes")
               : finding_fail(f, "the signed document as Intel's service delivers it", "%s",
                              d->decode.why);
}

static enum outcome
chain(const struct tdx_document_facts *d, int64_t now, struct finding *f)
{
    if (!readable(d)) {
        return OUTCOME_NOT_RUN;
    }
    if (!part_ok(&d->chain)) {
        return finding_fail(f, "\"Intel SGX TCB Signing\" and the trusted root", "%s",
                            d->chain.why);
    }
    if (now < d->not_before || now > d->not_after) {
        char until[RFC3339_LEN + 1];

        rfc3339_format(d->not_after, until);
        return finding_fail(f, "certificates in date", "the signing chain ends %s", until);
    }
    return finding_pass(f, "under the trusted root");
}

/* Whose signature it would be is said by the chain's own row. */
static enum outcome
signature(const struct tdx_document_facts *d, struct finding *f)
{
    if (!readable(d) || !part_ok(&d->chain)) {
        return OUTCOME_NOT_RUN;
    }
    return d->signature_ok
               ? finding_pass(f, "by the TCB signer")
               : finding_fail(f, "a signature over exactly these bytes", "it does not verify");
}

static enum outcome
window(const struct tdx_in *t, int64_t from, int64_t until, struct finding *f)
{
    char a[RFC3339_LEN + 1];
    char b[RFC3339_LEN + 1];
    char now[RFC3339_LEN + 1];
    char wanted[FINDING_TEXT];

    rfc3339_format(from, a);
    rfc3339_format(until, b);
    rfc3339_format(t->at_unix, now);
    if (tdx_in_window(t, from, until)) {
        return t->at_unix > until ? finding_pass(f, "ended %s, within the policy's grace", b)
                                  : finding_pass(f, "until %s", b);
    }
    (void)snprintf(wanted, sizeof wanted, "a document of its time; this one is of %s to %s", a, b);
    return finding_unable(f, wanted, "it is %s", now);
}

/* id, version, type. */
static enum outcome
kind(struct slice id, const char *want_id, unsigned version, unsigned want_version,
     struct finding *f)
{
    char wanted[FINDING_TEXT];

    if (slice_same(id, slice_text(want_id)) && version == want_version) {
        return finding_pass(f, "%s, version %u", want_id, version);
    }
    (void)snprintf(wanted, sizeof wanted, "\"%s\", version %u", want_id, want_version);
    return finding_fail(f, wanted, "\"%s\", version %u", text_show(id).text, version);
}

enum outcome
tdx_rule_tcb_missing(const struct check_in *in, struct finding *f)
{
    return missing(tcb_document(in), f);
}

enum outcome
tdx_rule_tcb_malformed(const struct check_in *in, struct finding *f)
{
    return malformed(tcb_document(in), f);
}

enum outcome
tdx_rule_tcb_chain(const struct check_in *in, struct finding *f)
{
    return chain(tcb_document(in), in->tdx->at_unix, f);
}

enum outcome
tdx_rule_tcb_signature(const struct check_in *in, struct finding *f)
{
    return signature(tcb_document(in), f);
}

enum outcome
tdx_rule_tcb_id(const struct check_in *in, struct finding *f)
{
    const struct tdx_tcb_info *tcb = NULL;

    if (!readable(tcb_document(in))) {
        return OUTCOME_NOT_RUN;
    }
    tcb = &in->tdx->collateral->tcb;
    if (tcb->tcb_type != 0) {
        return finding_fail(f, "tcbType 0", "tcbType %u", tcb->tcb_type);
    }
    return kind(tcb->id, "TDX", tcb->version, 3, f);
}

enum outcome
tdx_rule_tcb_expired(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return readable(tcb_document(in))
               ? window(t, t->collateral->tcb.issued, t->collateral->tcb.next_update, f)
               : OUTCOME_NOT_RUN;
}

/* Two short values as hex; letter case is no difference, since both were decoded. */
static enum outcome
same_hex(struct slice have, struct slice doc, struct finding *f)
{
    char a[2 * 8 + 1];
    char b[2 * 8 + 1];

    hex_encode(have, a);
    hex_encode(doc, b);
    return slice_same(have, doc) ? finding_pass(f, "%s", a)
                                 : finding_fail(f, a, "the document is for %s", b);
}

enum outcome
tdx_rule_tcb_fmspc(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return readable(tcb_document(in)) ? same_hex((struct slice){t->platform.out.fmspc, 6},
                                                 (struct slice){t->collateral->tcb.fmspc, 6}, f)
                                      : OUTCOME_NOT_RUN;
}

enum outcome
tdx_rule_tcb_pceid(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return readable(tcb_document(in)) ? same_hex((struct slice){t->platform.out.pceid, 2},
                                                 (struct slice){t->collateral->tcb.pceid, 2}, f)
                                      : OUTCOME_NOT_RUN;
}

enum outcome
tdx_rule_qe_missing(const struct check_in *in, struct finding *f)
{
    return missing(qe_document(in), f);
}

enum outcome
tdx_rule_qe_malformed(const struct check_in *in, struct finding *f)
{
    return malformed(qe_document(in), f);
}

enum outcome
tdx_rule_qe_chain(const struct check_in *in, struct finding *f)
{
    return chain(qe_document(in), in->tdx->at_unix, f);
}

enum outcome
tdx_rule_qe_id_signature(const struct check_in *in, struct finding *f)
{
    return signature(qe_document(in), f);
}

enum outcome
tdx_rule_qe_id(const struct check_in *in, struct finding *f)
{
    const struct tdx_collateral_facts *c = in->tdx->collateral;

    return readable(qe_document(in)) ? kind(c->qe.id, "TD_QE", c->qe.version, 2, f)
                                     : OUTCOME_NOT_RUN;
}

enum outcome
tdx_rule_qe_expired(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return readable(qe_document(in))
               ? window(t, t->collateral->qe.issued, t->collateral->qe.next_update, f)
               : OUTCOME_NOT_RUN;
}
