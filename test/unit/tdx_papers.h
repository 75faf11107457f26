/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_papers.h - Intel's signed JSON and CRLs as a throw-away Intel would issue them, sound until a test bends one member.
 *
 * Sources: Intel PCS API v4 ("TCB Info V3", "Enclave Identity V2"); RFC 5280 section 5. */
#ifndef TEST_UNIT_TDX_PAPERS_H
#define TEST_UNIT_TDX_PAPERS_H

#include <stdarg.h>
#include <time.h>

#include "test/unit/tdx_soft.h"

enum {
    PAPER_TEXT = 512 * 1024,
    PAPER_LEVELS = 66, /* more than the verifier takes */
    PAPER_MODULES = 18,
    PAPER_MODULE_LEVELS = 34,
    PAPER_SWAPS = 4,
    CRL_SERIALS = 8,
};

/* Hex as Intel writes it; MRSIGNER of modules is zero. */
#define PAPER_ZEROS         "000000000000000000000000000000000000000000000000"
#define PAPER_MODULE_SIGNER PAPER_ZEROS PAPER_ZEROS
#define PAPER_QE_SIGNER     "DCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDC"

struct paper_level {
    uint8_t sgx[TDX_COMPONENTS], tdx[TDX_COMPONENTS];
    unsigned pcesvn, isvsvn;
    const char *status, *date;
    const char *advisories; /* JSON; NULL: no such member */
};

struct paper_module {
    const char *id, *mrsigner, *attributes, *mask;
    struct paper_level level[PAPER_MODULE_LEVELS];
    size_t levels;
};

/* Text for other text, in what is written and before it is signed; `from` must be there. */
struct paper_swap {
    const char *from, *to;
};

/* tcbInfo, or enclaveIdentity where `qe`. */
struct paper {
    bool qe;
    const char *id;
    unsigned version, type, eval;
    int64_t issued, next;
    const char *fmspc, *pceid;
    struct paper_module base; /* tdxModule */
    struct paper_module module[PAPER_MODULES];
    size_t modules;
    bool no_modules; /* no such member */
    struct paper_level level[PAPER_LEVELS];
    size_t levels;
    const char *miscselect, *miscselect_mask, *attributes, *attributes_mask, *mrsigner;
    unsigned prodid;
    struct paper_swap swap[PAPER_SWAPS];          /* in the signed object */
    struct paper_swap envelope_swap[PAPER_SWAPS]; /* in what is delivered */
    bool forged;                                  /* signed by somebody else */

    char object[PAPER_TEXT], text[PAPER_TEXT];
    size_t object_len, len, object_at;
};

/* ---- writing ---- */

struct paper_out {
    char *dst;
    size_t n;
};

static inline void paper_say(struct paper_out *o, const char *fmt, ...) PRINTF(2, 3);

static inline void
paper_say(struct paper_out *o, const char *fmt, ...)
{
    va_list args;
    int n = 0;

    va_start(args, fmt);
    n = vsnprintf(o->dst + o->n, PAPER_TEXT - o->n, fmt, args);
    va_end(args);
    desk_must(n >= 0 && (size_t)n < PAPER_TEXT - o->n);
    o->n += (size_t)n;
}

static inline void
paper_time(struct paper_out *o, const char *name, int64_t unix_s)
{
    const time_t t = (time_t)unix_s;
    char text[32];
    struct tm tm;

    desk_must(gmtime_r(&t, &tm) != NULL &&
              strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
    paper_say(o, "\"%s\":\"%s\",", name, text);
}

/* What a component is called; NULL: it has no name. */
static inline const char *
paper_name(bool sgx, size_t at)
{
    static const char *const SGX[TDX_COMPONENTS] = {
        [0] = "Early Microcode Update", [2] = "TXT SINIT", [7] = "SEAMLDR ACM"};
    static const char *const TDX[TDX_COMPONENTS] = {"TDX Module", "TDX Module",
                                                    "TDX Late Microcode Update"};

    return sgx ? SGX[at] : TDX[at];
}

static inline void
paper_components(struct paper_out *o, const char *name, const uint8_t svn[TDX_COMPONENTS])
{
    bool sgx = name[0] == 's';

    paper_say(o, "\"%s\":[", name);
    for (size_t i = 0; i < TDX_COMPONENTS; i++) {
        const char *type = paper_name(sgx, i);

        paper_say(o, "%s{\"svn\":%u", i > 0 ? "," : "", svn[i]);
        if (type != NULL) {
            paper_say(o, ",\"category\":\"%s\",\"type\":\"%s\"", sgx ? "BIOS" : "OS/VMM", type);
        }
        paper_say(o, "}");
    }
    paper_say(o, "],");
}

static inline void
paper_level_end(struct paper_out *o, const struct paper_level *l)
{
    paper_say(o, "},\"tcbDate\":\"%s\",\"tcbStatus\":\"%s\"", l->date, l->status);
    if (l->advisories != NULL) {
        paper_say(o, ",\"advisoryIDs\":%s", l->advisories);
    }
    paper_say(o, "}");
}

static inline void
paper_levels(struct paper_out *o, const struct paper_level *l, size_t n, bool platform)
{
    paper_say(o, "\"tcbLevels\":[");
    for (size_t i = 0; i < n; i++) {
        paper_say(o, "%s{\"tcb\":{", i > 0 ? "," : "");
        if (platform) {
            paper_components(o, "sgxtcbcomponents", l[i].sgx);
            paper_components(o, "tdxtcbcomponents", l[i].tdx);
            paper_say(o, "\"pcesvn\":%u", l[i].pcesvn);
        } else {
            paper_say(o, "\"isvsvn\":%u", l[i].isvsvn);
        }
        paper_level_end(o, &l[i]);
    }
    paper_say(o, "]");
}

static inline void
paper_module(struct paper_out *o, const struct paper_module *m)
{
    paper_say(o, "\"mrsigner\":\"%s\",\"attributes\":\"%s\",\"attributesMask\":\"%s\"", m->mrsigner,
              m->attributes, m->mask);
}

static inline void
paper_modules(struct paper_out *o, const struct paper *p)
{
    paper_say(o, "\"tdxModule\":{");
    paper_module(o, &p->base);
    paper_say(o, "},");
    if (p->no_modules) {
        return;
    }
    paper_say(o, "\"tdxModuleIdentities\":[");
    for (size_t i = 0; i < p->modules; i++) {
        paper_say(o, "%s{\"id\":\"%s\",", i > 0 ? "," : "", p->module[i].id);
        paper_module(o, &p->module[i]);
        paper_say(o, ",");
        paper_levels(o, p->module[i].level, p->module[i].levels, false);
        paper_say(o, "}");
    }
    paper_say(o, "],");
}

static inline void
paper_object(struct paper *p)
{
    struct paper_out o = {.dst = p->object};

    paper_say(&o, "{\"id\":\"%s\",\"version\":%u,", p->id, p->version);
    paper_time(&o, "issueDate", p->issued);
    paper_time(&o, "nextUpdate", p->next);
    if (p->qe) {
        paper_say(&o, "\"tcbEvaluationDataNumber\":%u,\"miscselect\":\"%s\",", p->eval,
                  p->miscselect);
        paper_say(&o, "\"miscselectMask\":\"%s\",\"attributes\":\"%s\",\"attributesMask\":\"%s\",",
                  p->miscselect_mask, p->attributes, p->attributes_mask);
        paper_say(&o, "\"mrsigner\":\"%s\",\"isvprodid\":%u,", p->mrsigner, p->prodid);
    } else {
        paper_say(&o, "\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":%u,", p->fmspc, p->pceid,
                  p->type);
        paper_say(&o, "\"tcbEvaluationDataNumber\":%u,", p->eval);
        paper_modules(&o, p);
    }
    paper_levels(&o, p->level, p->levels, !p->qe);
    paper_say(&o, "}");
    p->object_len = o.n;
}

static inline void
paper_swap(char *text, size_t *len, const struct paper_swap *swap)
{
    for (size_t i = 0; i < PAPER_SWAPS && swap[i].from != NULL; i++) {
        size_t from = strlen(swap[i].from);
        size_t to = strlen(swap[i].to);
        char *at = strstr(text, swap[i].from);

        desk_must(at != NULL && *len + to < PAPER_TEXT);
        memmove(at + to, at + from, *len - (size_t)(at - text) - from + 1);
        memcpy(at, swap[i].to, to);
        *len = *len - from + to;
    }
}

/* Written, bent, signed, and put into its envelope. */
static inline void
paper_make(struct paper *p, EVP_PKEY *signer)
{
    struct paper_out o = {.dst = p->text};
    uint8_t raw[TD_RAW];

    paper_object(p);
    paper_swap(p->object, &p->object_len, p->swap);
    td_sign(signer, (struct slice){(const uint8_t *)p->object, p->object_len}, raw);
    paper_say(&o, "{\"%s\":", p->qe ? "enclaveIdentity" : "tcbInfo");
    p->object_at = o.n;
    paper_say(&o, "%s,\"signature\":\"", p->object);
    for (size_t i = 0; i < sizeof raw; i++) {
        paper_say(&o, "%02x", raw[i]);
    }
    paper_say(&o, "\"}");
    p->len = o.n;
    paper_swap(p->text, &p->len, p->envelope_swap);
}

static inline struct slice
paper_slice(const struct paper *p)
{
    return (struct slice){(const uint8_t *)p->text, p->len};
}

/* ---- what is sound ---- */

/* The levels stand in the document from the middle one on: whoever takes the first that fits takes the wrong one. */
static inline void
paper_tcb_open(struct paper *p)
{
    static const struct paper_module ZERO = {.mrsigner = PAPER_MODULE_SIGNER,
                                             .attributes = "0000000000000000",
                                             .mask = "FFFFFFFFFFFFFFFF"};

    memset(p, 0, sizeof *p);
    p->id = "TDX";
    p->version = 3;
    p->eval = 20;
    p->issued = DESK_NOW - 2 * DESK_DAY;
    p->next = DESK_NOW + 28 * DESK_DAY;
    p->fmspc = "B0C06F000000";
    p->pceid = "0000";
    p->base = ZERO;
    p->modules = 2;
    p->module[0] = p->module[1] = ZERO;
    p->module[0].id = "TDX_03";
    p->module[0].levels = 1;
    p->module[0].level[0] =
        (struct paper_level){.isvsvn = 3, .status = "UpToDate", .date = "2025-08-13T00:00:00Z"};
    p->module[1].id = "TDX_01";
    p->module[1].levels = 2;
    p->module[1].level[0] = (struct paper_level){.isvsvn = 2,
                                                 .status = "OutOfDate",
                                                 .date = "2023-08-09T00:00:00Z",
                                                 .advisories = "[\"INTEL-SA-01036\"]"};
    p->module[1].level[1] =
        (struct paper_level){.isvsvn = 5, .status = "UpToDate", .date = "2025-05-14T00:00:00Z"};
    p->levels = 3;
    p->level[0] = (struct paper_level){.sgx = {6, 6, 2, 2, 3, 1, 0, 3},
                                       .tdx = {5, 0, 2},
                                       .pcesvn = 11,
                                       .status = "OutOfDate",
                                       .date = "2024-03-13T00:00:00Z",
                                       .advisories = "[\"INTEL-SA-01079\",\"INTEL-SA-00960\"]"};
    p->level[1] = (struct paper_level){.sgx = {7, 7, 2, 2, 4, 1, 0, 5},
                                       .tdx = {5, 0, 3},
                                       .pcesvn = TD_PCESVN,
                                       .status = "UpToDate",
                                       .date = "2025-05-14T00:00:00Z"};
    p->level[2] = (struct paper_level){.sgx = {5, 5, 2, 2, 3, 1},
                                       .pcesvn = 5,
                                       .status = "OutOfDate",
                                       .date = "2018-01-04T00:00:00Z",
                                       .advisories = "[\"INTEL-SA-00106\"]"};
}

static inline void
paper_qe_open(struct paper *p)
{
    memset(p, 0, sizeof *p);
    p->qe = true;
    p->id = "TD_QE";
    p->version = 2;
    p->eval = 19;
    p->issued = DESK_NOW - DESK_DAY;
    p->next = DESK_NOW + 29 * DESK_DAY;
    p->miscselect = "00000000";
    p->miscselect_mask = "FFFFFFFF";
    p->attributes = "11000000000000000000000000000000";
    p->attributes_mask = "FBFFFFFFFFFFFFFF0000000000000000";
    p->mrsigner = PAPER_QE_SIGNER;
    p->prodid = 2;
    p->levels = 2;
    p->level[0] = (struct paper_level){.isvsvn = 2,
                                       .status = "OutOfDate",
                                       .date = "2023-02-15T00:00:00Z",
                                       .advisories = "[\"INTEL-SA-00837\"]"};
    p->level[1] =
        (struct paper_level){.isvsvn = 4, .status = "UpToDate", .date = "2025-05-14T00:00:00Z"};
}

/* ---- CRLs ---- */

struct td_crl {
    int64_t since, until; /* until 0: no nextUpdate */
    int64_t serial[CRL_SERIALS];
    size_t serials;
    bool critical; /* an extension that nobody knows */
    bool old;      /* version 1 */
    uint8_t der[DESK_DER];
    size_t len;
};

static inline void
td_crl_open(struct td_crl *c, int64_t until)
{
    *c = (struct td_crl){.since = DESK_NOW - 3 * DESK_DAY, .until = until};
}

static inline void
td_crl_extend(X509_CRL *crl)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4.5", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    desk_must(ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05", 2) == 1);

    X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);

    desk_must(e != NULL && X509_CRL_add_ext(crl, e, -1) == 1);
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static inline void
td_crl_revoke(X509_CRL *crl, int64_t serial, const ASN1_TIME *when)
{
    X509_REVOKED *r = X509_REVOKED_new();
    ASN1_INTEGER *n = ASN1_INTEGER_new();

    desk_must(ASN1_INTEGER_set_int64(n, serial) == 1 && X509_REVOKED_set_serialNumber(r, n) == 1 &&
              X509_REVOKED_set_revocationDate(r, (ASN1_TIME *)(uintptr_t)when) == 1 &&
              X509_CRL_add0_revoked(crl, r) == 1);
    ASN1_INTEGER_free(n);
}

/* In the name of `issuer`, signed by `signer`. */
static inline void
td_crl_make(struct td_crl *c, const struct desk_cert *issuer, EVP_PKEY *signer)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)c->since);
    uint8_t *at = c->der;

    desk_must(crl != NULL && t != NULL &&
              X509_CRL_set_version(crl, c->old ? X509_CRL_VERSION_1 : X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x)) == 1 &&
              X509_CRL_set1_lastUpdate(crl, t) == 1);
    for (size_t i = 0; i < c->serials; i++) {
        td_crl_revoke(crl, c->serial[i], t);
    }
    if (c->until != 0) {
        desk_must(ASN1_TIME_set(t, (time_t)c->until) != NULL &&
                  X509_CRL_set1_nextUpdate(crl, t) == 1);
    }
    if (c->critical) {
        td_crl_extend(crl);
    }
    desk_must(X509_CRL_sign(crl, signer, EVP_sha256()) > 0);

    int len = i2d_X509_CRL(crl, NULL);

    desk_must(len > 0 && len <= DESK_DER && i2d_X509_CRL(crl, &at) == len);
    c->len = (size_t)len;
    ASN1_TIME_free(t);
    X509_CRL_free(crl);
}

#endif
