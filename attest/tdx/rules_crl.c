/* SPDX-License-Identifier: Apache-2.0 */
/* rules_crl.c - the CRL of the root and that of the PCK CA, and what they revoke; see checks.h.
 *
 * A CRL that is not there or not in its time leaves the question open (unable); one that is not what it says is refused.  What it
 * would have said is then not judged: such rows are not run, which counts against the verdict and names one reason only. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/tdx/checks.h"

static const struct tdx_crl_facts *
root_crl(const struct check_in *in)
{
    return in->tdx->collateral == NULL ? NULL : &in->tdx->collateral->root_crl;
}

static const struct tdx_crl_facts *
pck_crl(const struct check_in *in)
{
    return in->tdx->collateral == NULL ? NULL : &in->tdx->collateral->pck_crl;
}

static bool
readable(const struct tdx_crl_facts *c)
{
    return c != NULL && c->present && part_ok(&c->decode);
}

static enum outcome
missing(const struct tdx_crl_facts *c, struct finding *f)
{
    return c != NULL && c->present ? finding_pass(f, "there")
                                   : finding_unable(f, "a CRL", "there is none");
}

static enum outcome
malformed(const struct tdx_crl_facts *c, struct finding *f)
{
    if (c == NULL || !c->present) {
        return OUTCOME_NOT_RUN;
    }
    if (part_ok(&c->decode)) {
        return finding_pass(f, "%zu bytes", c->crl.der.len);
    }
    return finding_fail(f, "a CRL version 2 with nextUpdate and nothing unknown that is critical",
                        "%s", c->decode.why);
}

static enum outcome
signature(const struct tdx_crl_facts *c, bool ok, const char *by, struct finding *f)
{
    if (!readable(c)) {
        return OUTCOME_NOT_RUN;
    }
    return ok ? finding_pass(f, "by %s", by)
              : finding_fail(f, by, "issued or signed by somebody else");
}

static enum outcome
expired(const struct check_in *in, const struct tdx_crl_facts *c, struct finding *f)
{
    char from[RFC3339_LEN + 1];
    char until[RFC3339_LEN + 1];
    char now[RFC3339_LEN + 1];
    char wanted[FINDING_TEXT];

    if (!readable(c)) {
        return OUTCOME_NOT_RUN;
    }
    rfc3339_format(c->this_update, from);
    rfc3339_format(c->next_update, until);
    if (tdx_in_window(in->tdx, c->this_update, c->next_update)) {
        return finding_pass(f, "until %s", until);
    }
    rfc3339_format(in->tdx->at_unix, now);
    (void)snprintf(wanted, sizeof wanted, "a CRL of its time; this one is of %s to %s", from,
                   until);
    return finding_unable(f, wanted, "it is %s", now);
}

static enum outcome
revoked(const struct tdx_crl_facts *c, const uint8_t *serial, size_t len, struct finding *f)
{
    char hex[2 * 20 + 1];

    if (!readable(c)) {
        return OUTCOME_NOT_RUN;
    }
    hex_encode((struct slice){serial, len}, hex);
    return tdx_crl_lists(c, serial, len)
               ? finding_fail(f, "a certificate that is not revoked", "serial %s is revoked", hex)
               : finding_pass(f, "serial %s is not revoked", hex);
}

enum outcome
tdx_rule_root_crl_missing(const struct check_in *in, struct finding *f)
{
    return missing(root_crl(in), f);
}

enum outcome
tdx_rule_root_crl_malformed(const struct check_in *in, struct finding *f)
{
    return malformed(root_crl(in), f);
}

enum outcome
tdx_rule_root_crl_signature(const struct check_in *in, struct finding *f)
{
    const struct tdx_crl_facts *c = root_crl(in);

    return signature(c, c != NULL && c->issuer_ok && c->signature_ok, "the root", f);
}

enum outcome
tdx_rule_root_crl_expired(const struct check_in *in, struct finding *f)
{
    return expired(in, root_crl(in), f);
}

enum outcome
tdx_rule_pck_crl_missing(const struct check_in *in, struct finding *f)
{
    return missing(pck_crl(in), f);
}

enum outcome
tdx_rule_pck_crl_malformed(const struct check_in *in, struct finding *f)
{
    return malformed(pck_crl(in), f);
}

/* The CA of this very chain: Platform and Processor CA have CRLs of their own. */
enum outcome
tdx_rule_pck_crl_issuer(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    const struct tdx_crl_facts *c = pck_crl(in);
    struct slice judged_by = {0};
    struct slice ours = {t->platform.out.ca_spki, SHA256_LEN};

    if (!readable(c)) {
        return OUTCOME_NOT_RUN;
    }
    judged_by = (struct slice){t->collateral->pck_ca_spki, SHA256_LEN};
    return c->issuer_ok && slice_same(judged_by, ours)
               ? finding_pass(f, "the PCK CA of the chain")
               : finding_fail(f, "the CRL of the chain's own PCK CA", "a CRL of another issuer");
}

enum outcome
tdx_rule_pck_crl_signature(const struct check_in *in, struct finding *f)
{
    const struct tdx_crl_facts *c = pck_crl(in);

    return signature(c, c != NULL && c->signature_ok, "the chain's PCK CA", f);
}

enum outcome
tdx_rule_pck_crl_expired(const struct check_in *in, struct finding *f)
{
    return expired(in, pck_crl(in), f);
}

enum outcome
tdx_rule_pck_revoked(const struct check_in *in, struct finding *f)
{
    const struct tdx_platform *p = &in->tdx->platform.out;

    return revoked(pck_crl(in), p->leaf_serial, p->leaf_serial_len, f);
}

enum outcome
tdx_rule_pck_ca_revoked(const struct check_in *in, struct finding *f)
{
    const struct tdx_platform *p = &in->tdx->platform.out;

    return revoked(root_crl(in), p->ca_serial, p->ca_serial_len, f);
}

/* Both documents' signers; a signer that was not read is refused by its own row. */
enum outcome
tdx_rule_tcb_signing_revoked(const struct check_in *in, struct finding *f)
{
    const struct tdx_collateral_facts *c = in->tdx->collateral;
    enum outcome first = OUTCOME_NOT_RUN;

    if (c == NULL) {
        return OUTCOME_NOT_RUN;
    }
    first =
        revoked(&c->root_crl, c->tcb_document.signer_serial, c->tcb_document.signer_serial_len, f);
    return first != OUTCOME_PASS ? first
                                 : revoked(&c->root_crl, c->qe_document.signer_serial,
                                           c->qe_document.signer_serial_len, f);
}
