/* SPDX-License-Identifier: Apache-2.0 */
/* endorse.c - see endorse.h. */
#include "broker/flow/endorse.h"

#include "broker/cloud/collateral.h"
#include "broker/flow/endorse_tdx.h"
#include "broker/util/log.h"
#include "common/mem.h"

enum { AGAIN_S = 10 }; /* when it was not a certificate that was missing */

/* Of one piece. */
struct endorsement {
    bool needed; /* it is a report, and says which certificate it wants */
    bool sent;   /* `vek` came with the evidence, as `cert` */
    struct snp_need need;
    struct snp_vek vek; /* kind NONE: there is none that verifies and fits */
    struct slice cert;
    struct slice crl; /* owned; empty when `crl_known` serves */
    struct snp_crl_known crl_known;
    struct tdx_endorsement tdx;
};

struct endorsements {
    unsigned products;
    struct endorsement piece[EVIDENCE_PIECES];
};

void
endorsements_free(struct endorsements **e)
{
    if (*e == NULL) {
        return;
    }
    for (size_t i = 0; i < EVIDENCE_PIECES; i++) {
        union {
            const uint8_t *borrowed;
            uint8_t *owned;
        } crl = {.borrowed = (*e)->piece[i].crl.ptr};

        snp_vek_done(&(*e)->piece[i].vek);
        mem_free(crl.owned);
        tdx_endorsement_done(&(*e)->piece[i].tdx);
    }
    mem_free(*e);
    *e = NULL;
}

static unsigned
row_products(const struct evidence_row *row)
{
    const unsigned all = (1U << SNP_PRODUCTS) - (1U << SNP_MILAN);

    if (row->type != EVIDENCE_SEV_SNP && row->type != EVIDENCE_AZURE_SEV_SNP) {
        return 0;
    }
    return row->want.snp.products != 0 ? row->want.snp.products : all;
}

static bool
is_tdx(enum evidence_type type)
{
    return type == EVIDENCE_TDX || type == EVIDENCE_AZURE_TDX;
}

struct endorse_scope
endorse_scope(const struct policy *policy)
{
    struct endorse_scope scope = {0};

    for (size_t i = 0; i < policy->alternatives; i++) {
        for (size_t k = 0; k < POLICY_ROWS && policy->row[i][k] != NULL; k++) {
            scope.products |= row_products(policy->row[i][k]);
            scope.tdx |= is_tdx(policy->row[i][k]->type);
        }
    }
    return scope;
}

/* The hardware report of a piece; empty when there is none to be read. */
static struct slice
report_of(const struct evidence *ev)
{
    struct azure_hcl hcl = {0};
    struct why why = {0};

    if (ev->type == EVIDENCE_SEV_SNP) {
        return ev->snp.report;
    }
    if (ev->type != EVIDENCE_AZURE_SEV_SNP || azure_hcl_decode(ev->hcl, &hcl, &why) != ERR_OK) {
        return (struct slice){0};
    }
    return hcl.report;
}

/* The certificate that was sent; a table that breaks its rules has none, and judging it says so. */
static struct slice
cert_of(const struct snp_evidence *ev, enum snp_vek_kind kind)
{
    struct slice in_table = {0};
    struct why why = {0};

    if (ev->vek.len == 0 && ev->cert_table.len > 0 &&
        snp_cert_table_vek(ev->cert_table, kind, &in_table, &why) != ERR_OK) {
        in_table = (struct slice){0};
    }
    return ev->vek.len > 0 ? ev->vek : in_table;
}

static enum snp_product
only_product(unsigned products)
{
    bool one = products != 0 && (products & (products - 1)) == 0;

    return one ? (enum snp_product)__builtin_ctz(products) : SNP_PRODUCT_NONE;
}

/* Ours first, then what was sent.  What was sent and does not hold stays where it is: the verdict names what is wrong with it. */
static void
find_vek(struct collateral *c, const struct snp_evidence *ev, int64_t now, struct endorsement *e)
{
    struct why why = {0};

    if (collateral_vek_get(c, &e->need, now, &e->vek)) {
        return;
    }
    e->cert = cert_of(ev, e->need.kind);
    e->sent =
        e->cert.len > 0 && collateral_vek_check(c, e->cert, &e->need, &e->vek, &why) == ERR_OK;
}

/* With a certificate of ours the list need not be verified again: its intermediate is one of the anchors. */
static void
find_crl(struct collateral *c, struct snp_evidence *ev, struct endorsement *e)
{
    bool ours = e->vek.kind != SNP_VEK_NONE;

    if (ours && collateral_crl_known(c, e->vek.product, e->vek.kind, &e->crl_known)) {
        ev->known_crl = &e->crl_known;
        return;
    }
    e->crl = collateral_crl_get(c, ours ? e->vek.product : e->need.product);
    ev->crl = e->crl;
}

static void
endorse_piece(struct collateral *c, unsigned products, int64_t now, struct evidence *ev,
              struct endorsement *e)
{
    struct slice report = report_of(ev);
    struct why why = {0};

    if (report.len == 0 || snp_need_read(report, &e->need, &why) != ERR_OK) {
        return;
    }
    if (e->need.product == SNP_PRODUCT_NONE) {
        e->need.product = only_product(products);
        ev->snp.product = e->need.product;
    }
    e->needed = true;
    find_vek(c, &ev->snp, now, e);
    ev->snp.known = e->vek.kind != SNP_VEK_NONE ? &e->vek : NULL;
    find_crl(c, &ev->snp, e);
}

void
endorse(const struct broker *b, struct attest_ask *ask, const struct endorse_scope *scope,
        int64_t now, struct endorsements **out)
{
    struct endorsements *e = mem_new(1, sizeof *e);

    e->products = scope->products;
    for (size_t i = 0; i < ask->pieces; i++) {
        struct evidence *ev = &ask->piece[i];

        if (is_tdx(ev->type) && scope->tdx) {
            tdx_endorse(b->intel, &b->trust.tdx, now, &ev->tdx, &e->piece[i].tdx);
        }
        endorse_piece(b->collateral, scope->products, now, ev, &e->piece[i]);
    }
    *out = e;
}

void
endorsements_keep(const struct broker *b, const struct endorsements *e, int64_t now)
{
    for (size_t i = 0; i < EVIDENCE_PIECES; i++) {
        const struct endorsement *p = &e->piece[i];
        struct why why = {0};

        struct slice cert = p->sent ? p->cert : (struct slice){0};

        tdx_endorsement_keep(b->intel, &p->tdx);
        if (p->needed && collateral_vek_keep(b->collateral, cert, &p->vek, now, &why) != ERR_OK) {
            log_line("collateral.unkept", "reason=\"%s\"", why_text(&why));
        }
    }
}

/* Nothing is there for it, neither ours nor theirs. */
static bool
is_missing(const struct endorsement *p)
{
    return p->needed && p->vek.kind == SNP_VEK_NONE && p->cert.len == 0;
}

static int64_t
longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t
endorsements_want(const struct broker *b, const struct endorsements *e, int64_t now)
{
    int64_t again_s = 0;

    for (size_t i = 0; i < EVIDENCE_PIECES; i++) {
        const struct endorsement *p = &e->piece[i];

        if (is_missing(p) && (e->products & 1U << p->need.product) != 0) {
            again_s = longer(again_s, collateral_want(b->collateral, &p->need));
        }
        again_s = longer(again_s, tdx_endorsement_want(b->intel, &p->tdx, now));
    }
    return again_s > 0 ? again_s : AGAIN_S;
}
