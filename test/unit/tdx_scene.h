/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_scene.h - one verification from both sides: the machine, Intel's certificates and collateral for it, and what a verifier trusts
 * and wants.  Everything is right until a test makes one thing wrong: knobs before td_make(), bytes after it. */
#ifndef TEST_UNIT_TDX_SCENE_H
#define TEST_UNIT_TDX_SCENE_H

#include "attest/attest.h"
#include "test/unit/tdx_papers.h"

enum td_role {
    TD_ROOT,
    TD_CA,
    TD_LEAF,
    TD_SIGNER,
    TD_OTHER_CA,
    TD_ROLES,
    TD_AK = TD_ROLES,
    TD_STRANGER,
    TD_KEYS
};
enum {
    TD_ORDER = 5,
    TD_NOW = DESK_NOW,
    TD_SERIAL_CA = 2002,
    TD_SERIAL_LEAF = 3003,
    TD_SERIAL_SIGNER = 4004
};

/* A certificate as it will be made, and what to do to it before it is signed again. */
struct td_ask {
    struct desk_ask ask;
    enum td_role issuer;
    void (*mend)(X509 *x); /* NULL: nothing */
};

/* Certificates in PEM, in this order, and bytes behind them. */
struct td_chain {
    enum td_role order[TD_ORDER];
    size_t n;
    struct slice tail;
    uint8_t pem[TD_PEM_MAX];
    size_t len;
};

struct td_scene {
    struct td_ask ask[TD_ROLES];
    struct td_sgx sgx;
    bool no_sgx;
    struct td_quote quote;
    struct td_chain pck, tcb_chain, qe_chain;
    struct paper tcb, qe;
    struct td_crl root_crl, pck_crl;
    enum td_role pck_crl_issuer, pck_crl_signer, root_crl_issuer,
        root_crl_signer; /* roles or keys */
    enum td_role qe_signer, quote_signer;

    struct desk_cert cert[TD_ROLES];
    char sgx_text[2 * SGX_DER + 8];
    struct evidence ev;
    struct tdx_collateral bytes;
    struct tdx_collateral_facts room;
    struct expectation want;
    struct trust trust;
    struct appraisal got;
};

/* Keys are made once: making them is slow, and which they are does not matter. */
static inline EVP_PKEY *
td_key(enum td_role role)
{
    static EVP_PKEY *made[TD_KEYS];

    if (made[role] == NULL) {
        made[role] = EVP_EC_gen("P-256");
        desk_must(made[role] != NULL);
    }
    return made[role];
}

static inline void
td_ask_open(struct td_ask *a, const char *subject, enum td_role issuer, bool ca)
{
    *a = (struct td_ask){.issuer = issuer, .ask = {.subject = subject}};
    a->ask.not_before = DESK_NOW - 1000LL * DESK_DAY;
    a->ask.not_after = DESK_NOW + 1000LL * DESK_DAY;
    a->ask.ext[0] = (struct desk_extension){NID_basic_constraints, ca ? "critical,CA:TRUE,pathlen:0"
                                                                      : "critical,CA:FALSE"};
    a->ask.ext[1] = (struct desk_extension){NID_key_usage, ca ? "critical,keyCertSign,cRLSign"
                                                              : "critical,digitalSignature"};
}

static inline void
td_open(struct td_scene *s, unsigned version, unsigned type)
{
    memset(s, 0, sizeof *s);
    td_ask_open(&s->ask[TD_ROOT], "Intel SGX Root CA", TD_ROOT, true);
    td_ask_open(&s->ask[TD_CA], "Intel SGX PCK Platform CA", TD_ROOT, true);
    td_ask_open(&s->ask[TD_OTHER_CA], "Intel SGX PCK Processor CA", TD_ROOT, true);
    td_ask_open(&s->ask[TD_LEAF], "Intel SGX PCK Certificate", TD_CA, false);
    td_ask_open(&s->ask[TD_SIGNER], "Intel SGX TCB Signing", TD_ROOT, false);
    s->ask[TD_ROOT].ask.ext[0].value = "critical,CA:TRUE,pathlen:1";
    s->ask[TD_CA].ask.serial = TD_SERIAL_CA;
    s->ask[TD_LEAF].ask.serial = TD_SERIAL_LEAF;
    s->ask[TD_SIGNER].ask.serial = TD_SERIAL_SIGNER;
    td_sgx_open(&s->sgx, false);
    td_quote_open(&s->quote, version, type);
    s->pck = (struct td_chain){
        .order = {TD_LEAF, TD_CA, TD_ROOT}, .n = 3, .tail = {(const uint8_t *)"", 1}};
    s->tcb_chain = (struct td_chain){.order = {TD_SIGNER, TD_ROOT}, .n = 2};
    s->qe_chain = s->tcb_chain;
    paper_tcb_open(&s->tcb);
    paper_qe_open(&s->qe);
    td_crl_open(&s->root_crl, DESK_NOW + 300 * DESK_DAY);
    td_crl_open(&s->pck_crl, DESK_NOW + 27 * DESK_DAY);
    s->pck_crl_issuer = s->pck_crl_signer = TD_CA;
    s->root_crl_issuer = s->root_crl_signer = TD_ROOT;
    s->qe_signer = TD_LEAF;
    s->quote_signer = TD_AK;
    tdx_expect_default(&s->want.tdx);
}

/* The machine is one of the Processor CA. */
static inline void
td_processor(struct td_scene *s)
{
    s->ask[TD_CA].ask.subject = "Intel SGX PCK Processor CA";
    s->ask[TD_OTHER_CA].ask.subject = "Intel SGX PCK Platform CA";
    td_sgx_open(&s->sgx, true);
}

static inline void
td_done(struct td_scene *s)
{
    for (size_t i = 0; i < TD_ROLES; i++) {
        desk_cert_done(&s->cert[i]);
        s->cert[i] = (struct desk_cert){0};
    }
    sig_key_done(&s->trust.tdx.key);
}

/* ---- making ---- */

static inline int
td_sgx_nid(void)
{
    static int nid;

    if (nid == 0) {
        nid = OBJ_create("1.2.840.113741.1.13.1", "sgxExtension", "SGX extension");
        desk_must(nid != NID_undef);
    }
    return nid;
}

static inline void
td_sgx_write(struct td_scene *s)
{
    const struct td_der der = td_sgx_der(&s->sgx);
    size_t n = (size_t)snprintf(s->sgx_text, sizeof s->sgx_text, "DER:");

    for (size_t i = 0; i < der.n; i++) {
        n += (size_t)snprintf(s->sgx_text + n, sizeof s->sgx_text - n, "%02x", der.b[i]);
    }
    s->ask[TD_LEAF].ask.ext[2] =
        s->no_sgx ? (struct desk_extension){0} : (struct desk_extension){td_sgx_nid(), s->sgx_text};
}

static inline void
td_cert_make(struct td_scene *s, enum td_role role)
{
    struct td_ask *a = &s->ask[role];
    EVP_PKEY *own = a->ask.key != NULL ? a->ask.key : td_key(role);

    desk_must(EVP_PKEY_up_ref(own) == 1);

    struct desk_ask ask = a->ask;

    ask.key = own;
    ask.issuer = a->issuer == role ? NULL : &s->cert[a->issuer];
    desk_cert_done(&s->cert[role]);
    s->cert[role] = desk_make(&ask);
    if (a->mend != NULL) {
        a->mend(s->cert[role].x);
        desk_must(X509_sign(s->cert[role].x, ask.issuer == NULL ? own : ask.issuer->key,
                            EVP_sha256()) > 0);
        desk_encode(&s->cert[role]);
    }
}

static inline void
td_chain_make(const struct td_scene *s, struct td_chain *c)
{
    c->len = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct desk_cert *cert = &s->cert[c->order[i]];
        char *at = (char *)c->pem + c->len;
        size_t room = sizeof c->pem - c->len;
        int n = snprintf(at, room, "-----BEGIN CERTIFICATE-----\n");

        desk_must(c->len + 2 * cert->len + 100 < sizeof c->pem);
        for (size_t k = 0; k < cert->len; k += 48) {
            size_t len = cert->len - k < 48 ? cert->len - k : 48;

            n += EVP_EncodeBlock((uint8_t *)at + n, cert->der + k, (int)len);
            at[n++] = '\n';
        }
        n += snprintf(at + n, room - (size_t)n, "-----END CERTIFICATE-----\n");
        c->len += (size_t)n;
    }
    if (c->tail.len > 0) {
        memcpy(c->pem + c->len, c->tail.ptr, c->tail.len);
        c->len += c->tail.len;
    }
}

static inline struct slice
td_pem(const struct td_chain *c)
{
    return (struct slice){c->pem, c->len};
}

static inline void
td_trust(struct td_scene *s)
{
    struct tdx_anchor *a = &s->trust.tdx;
    struct why why = {0};
    uint8_t xy[TD_RAW];

    sig_key_done(&a->key);
    td_point(s->cert[TD_ROOT].key, xy);
    desk_must(sig_key_ec(CURVE_P256, (struct slice){xy, TD_RAW / 2},
                         (struct slice){xy + TD_RAW / 2, TD_RAW / 2}, &a->key, &why) == ERR_OK &&
              sig_key_digest(&a->key, a->spki_sha256, &why) == ERR_OK);
    a->present = true;
}

static inline EVP_PKEY *
td_paper_key(const struct paper *p)
{
    return td_key(p->forged ? TD_STRANGER : TD_SIGNER);
}

/* Everything from the knobs. */
static inline void
td_make(struct td_scene *s)
{
    td_sgx_write(s);
    td_cert_make(s, TD_ROOT);
    td_cert_make(s, TD_CA);
    td_cert_make(s, TD_OTHER_CA);
    td_cert_make(s, TD_LEAF);
    td_cert_make(s, TD_SIGNER);
    td_chain_make(s, &s->pck);
    td_chain_make(s, &s->tcb_chain);
    td_chain_make(s, &s->qe_chain);
    td_quote_make(&s->quote, td_key(s->quote_signer), td_key(s->qe_signer), td_pem(&s->pck));
    paper_make(&s->tcb, td_paper_key(&s->tcb));
    paper_make(&s->qe, td_paper_key(&s->qe));
    td_crl_make(&s->pck_crl, &s->cert[s->pck_crl_issuer], td_key(s->pck_crl_signer));
    td_crl_make(&s->root_crl, &s->cert[s->root_crl_issuer], td_key(s->root_crl_signer));
    td_trust(s);
    s->bytes = (struct tdx_collateral){
        .tcb_info = paper_slice(&s->tcb),
        .tcb_info_chain = td_pem(&s->tcb_chain),
        .qe_identity = paper_slice(&s->qe),
        .qe_identity_chain = td_pem(&s->qe_chain),
        .pck_crl = {s->pck_crl.der, s->pck_crl.len},
        .root_crl = {s->root_crl.der, s->root_crl.len},
    };
    s->ev.type = EVIDENCE_TDX;
    s->ev.tdx.quote = (struct slice){s->quote.raw, s->quote.len};
    s->ev.tdx.collateral = &s->bytes;
    s->ev.tdx.room = &s->room;
}

static inline enum judgement
td_judge_at(struct td_scene *s, int64_t at_unix)
{
    attest_verify(&s->ev, &s->want, &s->trust, at_unix, &s->got);
    return verdict_judge(&s->got.verdict);
}

static inline enum judgement
td_judge(struct td_scene *s)
{
    return td_judge_at(s, TD_NOW);
}

/* ---- known platforms and judged collateral ---- */

static inline struct slice
td_ca_der(const struct td_scene *s)
{
    return desk_der(&s->cert[s->pck.order[1]]);
}

/* As a server that has seen this machine and this collateral: NULL-safe to undo with td_forget(). */
static inline enum err
td_know(struct td_scene *s, struct tdx_platform *known, struct why *why)
{
    enum err e =
        tdx_platform_open((struct slice){s->quote.raw, s->quote.len}, &s->trust.tdx, known, why);

    if (e == ERR_OK) {
        s->ev.tdx.known = known;
        tdx_collateral_judge(&s->bytes, &s->trust.tdx, td_ca_der(s), &s->room);
        s->ev.tdx.facts = &s->room;
    }
    return e;
}

static inline void
td_forget(struct td_scene *s, struct tdx_platform *known)
{
    tdx_platform_done(known);
    s->ev.tdx.known = NULL;
    s->ev.tdx.facts = NULL;
}

#endif
