/* SPDX-License-Identifier: Apache-2.0 */
/* tdx.h - an Intel TDX quote (DCAP) as evidence: what comes in, what is expected, what is established.
 *
 * Sources: Intel "TDX DCAP Quoting Library API" (quote v4, v5), "Intel SGX PCK Certificate and CRL Profile
 * Specification", "Intel Provisioning Certification Service" API v4 (collateral), "Intel TDX Module" ABI (TD report, attributes),
 * "Intel TDX Virtual Firmware Design Guide" and UEFI 2.10 chapter 38 (CCEL).
 *
 * Check ids, in the order in which they run (attest/tdx/checks.c has their sources and sentences):
 *   structure   tdquote.malformed tdquote.version tdquote.key_type tdquote.tee_type tdquote.vendor tdquote.body
 *               tdquote.cert_type
 *   platform    pck.chain pck.root pck.validity pck.extension qe.signature qe.report_data tdquote.key tdquote.signature
 *   collateral  root_crl.missing root_crl.malformed root_crl.signature root_crl.expired pck_crl.missing pck_crl.malformed
 *               pck_crl.issuer pck_crl.signature pck_crl.expired pck.revoked pck_ca.revoked tcb_signing.revoked
 *               tcb_info.missing tcb_info.malformed tcb_info.chain tcb_info.signature tcb_info.id tcb_info.expired
 *               tcb_info.fmspc tcb_info.pceid qe_identity.missing qe_identity.malformed qe_identity.chain
 *               qe_identity.signature qe_identity.id qe_identity.expired
 *   levels      qe.mrsigner qe.isvprodid qe.miscselect qe.attributes module.identity module.mrsigner module.attributes
 *               tcb.level module.level qe.level tcb.status_known
 *   policy      tcb.status tcb.date tcb.eval tcb.advisory td.debug td.attributes_reserved td.attributes td.xfam mrtd rtmr0
 *               rtmr1 rtmr2 rtmr3 mrseam mrconfigid mrowner mrownerconfig mrservicetd ppid ccel.malformed ccel.replay
 *               report_data reference_value
 * Collateral that is missing or not in its time is UNABLE: a later try may decide. */
#ifndef ATTEST_TDX_TDX_H
#define ATTEST_TDX_TDX_H

#include "attest/base/hash.h"
#include "attest/base/part.h"
#include "attest/sig/sig.h"
#include "attest/x509/x509.h"

enum {
    TDX_QUOTE_MAX = 64 * 1024,
    TDX_CCEL_MAX = 1 << 20,
    TDX_MR_LEN = 48,
    TDX_REPORT_DATA_LEN = 64,
    TDX_RTMRS = 4,
    TDX_COMPONENTS = 16,
    TDX_LEVELS_MAX = 64,  /* tcbLevels of one document */
    TDX_MODULES_MAX = 16, /* tdxModuleIdentities */
    TDX_MODULE_LEVELS_MAX = 32,
    TDX_ADVISORIES_MAX = 64, /* of one result */
    TDX_ADVISORY_TEXT = 24,  /* "INTEL-SA-00960" with NUL */
    TDX_COLLATERAL_JSON_MAX = 256 * 1024,
};

/* Statuses of tcbInfo and identities (PCS API v4), and those that evaluation adds. */
enum tdx_status {
    TDX_STATUS_NONE = 0, /* not evaluated */
    TDX_UP_TO_DATE,
    TDX_SW_HARDENING_NEEDED,
    TDX_CONFIGURATION_NEEDED,
    TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    TDX_RELAUNCH_ADVISED,
    TDX_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
    TDX_OUT_OF_DATE,
    TDX_OUT_OF_DATE_CONFIGURATION_NEEDED,
    TDX_REVOKED,
    TDX_NOT_SUPPORTED,  /* no level matches */
    TDX_STATUS_UNKNOWN, /* a text that is none of Intel's */
};

const char *
tdx_status_name(enum tdx_status s); /* Intel's spelling, e.g. "UpToDate", "TDRelaunchAdvised" */
enum tdx_status tdx_status_by_name(struct slice name); /* TDX_STATUS_UNKNOWN */

/* TDATTRIBUTES by bit number. */
enum {
    TDX_ATTR_DEBUG = 0,
    TDX_ATTR_LASS = 27,
    TDX_ATTR_SEPT_VE_DISABLE = 28,
    TDX_ATTR_MIGRATABLE = 29,
    TDX_ATTR_PKS = 30,
    TDX_ATTR_KL = 31,
    TDX_ATTR_PERFMON = 63,
};

/* Bits that every TD has in XFAM (x87, SSE), and those that a TD may have at all. */
#define TDX_XFAM_FIXED1 UINT64_C(0x3)
#define TDX_XFAM_MAY    UINT64_C(0x6dbe7)

/* "debug", "lass", "sept_ve_disable", "migratable", "pks", "kl", "perfmon": the bit, or 0 when unknown. */
uint64_t tdx_attribute_bit(struct slice name);
const char *tdx_attribute_name(unsigned bit); /* by number; NULL: reserved */

/* ---- trust ---- */

/* The root's key is the pin: neither name nor serial nor "self-signed" makes a root. */
struct tdx_anchor {
    bool present;
    uint8_t spki_sha256[SHA256_LEN];
    struct slice spki;  /* DER SubjectPublicKeyInfo, borrowed */
    struct sig_key key; /* P-256; borrowed from whoever made the struct */
};

/* ---- collateral ---- */

/* As delivered, all borrowed; an empty slice is what is not there. */
struct tdx_collateral {
    struct slice tcb_info;          /* {"tcbInfo":{...},"signature":"..."} */
    struct slice tcb_info_chain;    /* PEM, TCB signing certificate first, then the root */
    struct slice qe_identity;       /* {"enclaveIdentity":{...},"signature":"..."} */
    struct slice qe_identity_chain; /* PEM */
    struct slice pck_crl;           /* DER */
    struct slice root_crl;          /* DER */
};

/* One level's pieces.  Texts are slices into the JSON. */
struct tdx_level {
    uint8_t sgx[TDX_COMPONENTS], tdx[TDX_COMPONENTS]; /* platform levels */
    uint16_t pcesvn;
    uint16_t isvsvn; /* levels of modules and of the QE */
    enum tdx_status status;
    struct slice status_text;
    int64_t date;            /* tcbDate, unix seconds */
    struct slice advisories; /* the JSON array as text; empty when absent */
};

struct tdx_module {
    struct slice id; /* "TDX_01" */
    uint8_t mrsigner[TDX_MR_LEN];
    uint8_t attributes[8], attributes_mask[8];
    struct tdx_level level[TDX_MODULE_LEVELS_MAX];
    size_t levels;
};

struct tdx_tcb_info {
    struct slice id;
    uint32_t version;
    uint32_t tcb_type;
    int64_t issued, next_update;
    uint8_t fmspc[6], pceid[2];
    uint32_t eval;
    struct tdx_module base; /* tdxModule: mrsigner, attributes and mask */
    struct tdx_module module[TDX_MODULES_MAX];
    size_t modules;
    struct tdx_level level[TDX_LEVELS_MAX]; /* sorted descending: sgx, pcesvn, tdx */
    size_t levels;
    struct slice sgx_names, tdx_names; /* components with their names, as JSON text */
};

struct tdx_qe_identity {
    struct slice id;
    uint32_t version;
    int64_t issued, next_update;
    uint32_t eval;
    uint8_t miscselect[4], miscselect_mask[4]; /* as in the QE report: little-endian */
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t isvprodid;
    struct tdx_level level[TDX_LEVELS_MAX];
    size_t levels;
};

struct tdx_crl_facts {
    bool present;
    struct part decode;
    bool issuer_ok, signature_ok;
    int64_t this_update, next_update;
    struct x509_crl crl; /* borrows from the bytes, or from `room` where they were PEM or hex */
};

/* A signed JSON document with its chain. */
struct tdx_document_facts {
    bool present;
    struct part decode; /* envelope and contents */
    struct part chain; /* exactly two certificates: "Intel SGX TCB Signing" under the pinned root */
    bool signature_ok; /* over exactly the bytes of the inner object */
    int64_t not_before, not_after; /* of the chain */
    uint8_t signer_serial[20];
    size_t signer_serial_len; /* 0: longer than RFC 5280 allows */
};

/* Collateral decoded and verified at no time in particular.  It borrows the bytes; fixed size, no pointers of its own, so a
 * cache may keep it beside the bytes for as long as those live.  About 100 KB: never on the stack. */
struct tdx_collateral_facts {
    struct tdx_document_facts tcb_document, qe_document;
    struct tdx_tcb_info tcb;
    struct tdx_qe_identity qe;
    struct tdx_crl_facts root_crl, pck_crl;
    uint8_t pck_ca_spki[SHA256_LEN]; /* SHA-256 of the key that pck_crl was verified with */
    uint8_t digest[SHA256_LEN];      /* of all bytes, for the token */
};

/* `pck_ca`: DER certificate of the intermediate of the quote at hand. */
void tdx_collateral_judge(const struct tdx_collateral *bytes, const struct tdx_anchor *anchor,
                          struct slice pck_ca, struct tdx_collateral_facts *out);

/* ---- a platform that was verified before ---- */

enum tdx_pck_ca { TDX_CA_NONE = 0, TDX_CA_PLATFORM, TDX_CA_PROCESSOR };

/* What the certification data of a quote proves: constant for a machine's boot.  Time and collateral are judged anew. */
struct tdx_platform {
    uint8_t key
        [SHA256_LEN]; /* SHA-256(attestation key || outer certification data): what it is looked up by */
    uint8_t fmspc[6], pceid[2];
    uint8_t component[TDX_COMPONENTS];
    uint16_t pcesvn;
    uint8_t ppid[16], instance[16];
    bool has_instance;
    enum tdx_pck_ca ca;
    uint8_t ca_spki[SHA256_LEN];
    uint8_t leaf_serial[20], ca_serial[20];
    size_t leaf_serial_len, ca_serial_len;
    int64_t not_before, not_after; /* least window of the three certificates */
    uint8_t qe_report[384];
    struct sig_key ak; /* P-256; owned */
};

void tdx_platform_done(struct tdx_platform *p);

/* The look-up key of a quote's platform, without judging it.  ERR_MALFORMED. */
enum err tdx_platform_key(struct slice quote, uint8_t key[SHA256_LEN], struct why *why) MUST_USE;

/* Everything that does not depend on time, collateral or the TD: chain to the pinned root, SGX extension, QE report signature and
 * binding, attestation key.  ERR_MALFORMED, ERR_DENIED ("id: text"). */
enum err tdx_platform_open(struct slice quote, const struct tdx_anchor *anchor,
                           struct tdx_platform *out, struct why *why) MUST_USE;

/* What a verifier looks collateral up by, of a quote that nobody has judged yet. */
struct tdx_need {
    uint8_t fmspc[6];
    enum tdx_pck_ca ca;
};

enum err tdx_need_read(struct slice quote, struct tdx_need *out, struct why *why) MUST_USE;

/* ---- evidence ---- */

struct tdx_evidence {
    struct slice quote;                       /* bytes after the signature data are ignored */
    struct slice ccel;                        /* event log; empty: none */
    const struct tdx_platform *known;         /* or NULL */
    const struct tdx_collateral *collateral;  /* bytes, or NULL */
    const struct tdx_collateral_facts *facts; /* the same judged before, or NULL */
    const struct tdx_collateral_facts *early; /* of the early track, or NULL: told, never decides */
    struct tdx_collateral_facts
        *room; /* where bytes are judged when `facts` is NULL; the caller's memory */
};

/* ---- expectation ---- */

struct tdx_values {
    bool wanted; /* false: ignored in so many words */
    const struct slice *value;
    size_t n;
};

enum {
    TDX_MRTD,
    TDX_RTMR0,
    TDX_RTMR1,
    TDX_RTMR2,
    TDX_RTMR3,
    TDX_MRSEAM,
    TDX_MRCONFIGID,
    TDX_MROWNER,
    TDX_MROWNERCONFIG,
    TDX_MRSERVICETD,
    TDX_FIELDS
};

const char *tdx_field_name(unsigned field); /* "mrtd", "rtmr0", ... */

struct tdx_golden {
    const char *label;
    struct tdx_values field[TDX_FIELDS];
};

struct tdx_expect {
    unsigned statuses;     /* bits 1 << enum tdx_status that are accepted */
    int64_t tcb_date_min;  /* unix seconds; INT64_MIN: not asked */
    uint32_t tcb_eval_min; /* 0: not asked */
    const struct slice *advisory_deny, *advisory_allow; /* names; allow: the others are refused */
    size_t advisory_deny_n, advisory_allow_n;           /* 0: not asked */
    bool allow_debug;
    uint64_t attributes_require, attributes_forbid; /* masks of TDATTRIBUTES */
    const uint64_t *xfam; /* XFAM is one of these; the fixed bits count whatever they are */
    size_t xfam_n;        /* 0: not asked */
    int64_t grace_s; /* how long after its nextUpdate collateral may still serve; 0: not at all */
    struct tdx_golden own;
    struct tdx_values ppid_allow;
    bool golden_wanted;
    const struct tdx_golden *golden;
    size_t golden_n;
    bool ccel_wanted;                           /* a log must be there and replay */
    struct slice report_data, report_data_tail; /* as struct snp_expect */
};

/* UpToDate only, debug off, SEPT_VE_DISABLE required, MIGRATABLE and PERFMON forbidden, every golden value ignored. */
void tdx_expect_default(struct tdx_expect *want);

/* ---- claims ---- */

/* How much RTMR3 is worth. */
enum tdx_rtmr3 { TDX_RTMR3_UNCHECKED = 0, TDX_RTMR3_GOLDEN, TDX_RTMR3_LOG };

/* An SVN that is below what a level asks for. */
enum { TDX_SHORTFALLS_MAX = 8, TDX_NAME_TEXT = 40, TDX_MISSED_MAX = 8 };

struct tdx_shortfall {
    char what[TDX_NAME_TEXT]; /* "sgx 7 (SEAMLDR ACM)", "pcesvn", "tdx 2" */
    unsigned have, need;
};

/* A level that did not match, and why: its first shortfalls. */
struct tdx_missed {
    enum tdx_status status;
    int64_t date;
    struct tdx_shortfall shortfall[TDX_SHORTFALLS_MAX];
    size_t shortfalls;
};

struct tdx_tcb_result {
    enum tdx_status status, platform, module, qe; /* status: converged; module NONE for TDX 1.0 */
    enum tdx_status launch, current;              /* v5 body type 3 */
    int64_t date;                                 /* least tcbDate; INT64_MAX when there is none */
    char advisory[TDX_ADVISORIES_MAX][TDX_ADVISORY_TEXT]; /* sorted, each once */
    size_t advisories;
    uint32_t tcb_eval, qe_eval;
    bool
        advisories_cut; /* there are more, or one that is no text of that length: never to be taken for all */
    /* Levels above the one that matched, the nearest first; all of them when none matched. */
    struct tdx_missed missed[TDX_MISSED_MAX];
    size_t missed_n, missed_in_all;
};

struct tdx_claims {
    /* signatures, chains, revocation, dates and identities held: what follows is true, whatever status and policy come to */
    bool verified;
    uint16_t version, body_type;
    struct tdx_tcb_result tcb;
    bool has_early;
    struct tdx_tcb_result early; /* with the early track's tcbInfo */
    uint8_t fmspc[6], pceid[2], ppid[16];
    uint64_t td_attributes, xfam;
    uint8_t field[TDX_FIELDS][TDX_MR_LEN];
    uint8_t report_data[TDX_REPORT_DATA_LEN];
    uint8_t tee_tcb_svn[16], tee_tcb_svn2[16];
    bool has_svn2;
    enum tdx_rtmr3 rtmr3;
    bool ccel_replayed;
    uint8_t collateral_digest[SHA256_LEN];
    bool stale_by_grace;      /* collateral served beyond its nextUpdate by the policy's grace */
    const char *golden_label; /* borrowed; NULL */
};

#endif
