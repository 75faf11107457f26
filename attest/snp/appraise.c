/* SPDX-License-Identifier: Apache-2.0 */
/* appraise.c - see appraise.h.
 *
 * What costs time is done only for a report whose structure holds: garbage gets no RSA, and a report without a certified key no
 * elliptic curve.  Rows that depend on what was left out come after a gate. */
#include "attest/snp/appraise.h"

#include <string.h>

#include "attest/snp/product.h"

enum { SIGNED_BY_VLEK = 1 }; /* SIGNING_KEY */

/* Would the gates before `vek.missing` let this through?  Asked of the rules themselves, so that the two cannot differ. */
static bool
structure_holds(const struct snp_in *s)
{
    const struct check_in in = {.snp = s};
    size_t n = 0;
    const struct check *row = snp_checks(&n);

    for (size_t i = 0; i < n && row[i].run != snp_rule_vek_missing; i++) {
        struct finding f = {0};

        if (row[i].gate && row[i].run(&in, &f) != OUTCOME_PASS) {
            return false;
        }
    }
    return true;
}

static void
open_report(struct snp_in *s)
{
    struct why why = {0};

    s->report_part = part_note(snp_report_decode(s->ev->report, &s->report, &why), &why);
    if (part_ok(&s->report_part)) {
        s->report_product = snp_report_product(&s->report);
        s->product = s->report_product;
    }
}

/* The table is read even when its certificate is not needed: what was sent must keep its rules. */
static struct slice
open_table(struct snp_in *s)
{
    struct slice vek = {0};
    struct why why = {0};

    if (s->ev->cert_table.len > 0) {
        enum snp_vek_kind kind = s->report.signing_key == SIGNED_BY_VLEK ? SNP_VLEK : SNP_VCEK;

        s->table_part = part_note(snp_cert_table_vek(s->ev->cert_table, kind, &vek, &why), &why);
    }
    return vek;
}

/* A report of version 3 and later names its CPU, and then nothing else counts. */
static void
settle_product(struct snp_in *s)
{
    if (!s->vek_only && s->report.has_cpuid) {
        return;
    }
    s->product = s->vek.issuer_product;
    if (s->product == SNP_PRODUCT_NONE) {
        s->product = s->ev->product;
    }
}

static void
open_signature(struct snp_in *s)
{
    const struct sig_key *key = &s->vek.out.key;
    const struct slice sig = {s->report.signature, sizeof s->report.signature};
    bool certified = part_ok(&s->vek.decode) && s->vek.signature_ok;
    struct why why = {0};

    if (!certified || key->type != KEY_EC || key->curve != CURVE_P384) {
        return;
    }
    s->signature_part = part_note(
        sig_verify(key, SCHEME_ECDSA, HASH_SHA384, s->report.signed_part, sig, &why), &why);
}

static bool
crl_known(const struct snp_in *s, struct slice serial)
{
    const struct snp_crl_known *k = s->ev->known_crl;

    return k != NULL && k->product == s->vek.issuer_product &&
           slice_same((struct slice){k->serial, k->serial_len}, serial);
}

static void
open_crl(struct snp_in *s)
{
    const struct slice serial = snp_vek_intermediate_serial(&s->vek);
    const struct snp_crl_known *k = s->ev->known_crl;

    if (s->want->crl == SNP_CRL_OFF || s->vek.root == NULL) {
        return;
    }
    if (crl_known(s, serial)) {
        s->crl = (struct snp_crl_facts){
            .present = true,
            .decode = {.given = true},
            .issuer_ok = true,
            .signature_ok = true,
            .this_update = k->this_update,
            .next_update = k->next_update,
            .revoked = k->revoked,
            .revoked_since = k->revoked_since,
        };
    } else if (s->ev->crl.len > 0) {
        snp_crl_judge(s->ev->crl, s->vek.root, serial, &s->crl);
    }
}

void
snp_in_open(struct snp_in *s)
{
    if (!s->vek_only) {
        open_report(s);
        if (!structure_holds(s)) {
            return;
        }
    }

    struct slice in_table = open_table(s);

    snp_vek_judge(s->ev->vek.len > 0 ? s->ev->vek : in_table, s->ask, s->ev->known, s->anchors,
                  &s->vek);
    settle_product(s);
    open_crl(s);
    if (!s->vek_only) {
        open_signature(s);
    }
}

void
snp_in_done(struct snp_in *s)
{
    snp_vek_facts_done(&s->vek);
}

void
snp_check(const struct snp_in *s, struct verdict *v)
{
    const struct check_in in = {.snp = s};
    size_t n = 0;
    const struct check *table = s->vek_only ? snp_chain_checks(&n) : snp_checks(&n);

    verdict_run(v, table, n, &in);
}

void
snp_claim_report(const struct snp_report *r, enum snp_product product, struct snp_claims *out)
{
    out->version = r->version;
    out->vmpl = r->vmpl == UINT32_MAX ? SNP_VMPL_HOST : (int)r->vmpl;
    out->guest_svn = r->guest_svn;
    out->policy = r->policy;
    out->platform_info = r->platform_info;
    out->reported = snp_tcb_of(product, r->reported);
    out->current = snp_tcb_of(product, r->current);
    out->committed = snp_tcb_of(product, r->committed);
    out->launch = snp_tcb_of(product, r->launch);
    out->firmware_current = r->firmware_current;
    out->firmware_committed = r->firmware_committed;
    out->has_mit = r->has_mit;
    out->mit_launch = r->mit_launch;
    out->mit_current = r->mit_current;
    out->author_key_en = r->author_key_en;
    memcpy(out->measurement, r->measurement.ptr, sizeof out->measurement);
    memcpy(out->host_data, r->host_data.ptr, sizeof out->host_data);
    memcpy(out->id_key, r->id_key.ptr, sizeof out->id_key);
    memcpy(out->author_key, r->author_key.ptr, sizeof out->author_key);
    memcpy(out->family_id, r->family_id.ptr, sizeof out->family_id);
    memcpy(out->image_id, r->image_id.ptr, sizeof out->image_id);
    memcpy(out->report_id, r->report_id.ptr, sizeof out->report_id);
    memcpy(out->chip, r->chip.ptr, sizeof out->chip);
    memcpy(out->report_data, r->report_data.ptr, sizeof out->report_data);
}

void
snp_claim(const struct snp_in *s, bool passed, struct snp_claims *out)
{
    const struct snp_vek *vek = &s->vek.out;

    *out = (struct snp_claims){0};
    if (!passed) {
        return;
    }
    out->product = s->product;
    out->kind = s->vek.is_ca ? s->vek.subject_kind : vek->kind;
    out->crl_checked = s->crl.present;
    memcpy(out->csp_id, vek->csp_id, sizeof out->csp_id);
    if (s->vek_only) {
        out->reported = vek->tcb;
        memcpy(out->chip, vek->hwid, sizeof out->chip);
        return;
    }
    snp_claim_report(&s->report, s->product, out);

    const struct snp_golden *g = s->want->golden_wanted ? snp_golden_of(s) : NULL;

    out->golden_label = g == NULL ? NULL : g->label;
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t
snp_valid_until(const struct snp_in *s)
{
    int64_t until = s->vek.signature_ok ? s->vek.out.not_after : INT64_MAX;

    if (s->crl.present && part_ok(&s->crl.decode) && s->crl.signature_ok) {
        until = least(until, s->crl.next_update);
    }
    return until;
}
