/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h - policies and reference sets: signed documents to rows, versions, approvals.
 *
 * A policy (DESIGN section 8) names which evidence, which reference sets, which limits and
 * what is granted. It is data: total, finite, diffable. A document counts only while its state
 * is active and its author's JWS and the needed approvals verify against persons in the
 * configuration, so that whoever owns the database cannot add a value. */
#ifndef BROKER_POLICY_POLICY_H
#define BROKER_POLICY_POLICY_H

#include "broker/store/store.h"
#include "common/row.h"

enum {
    POLICY_ALTERNATIVES = 8,
    POLICY_ROWS = 4,
    POLICY_AUDIENCES = 8,
    POLICY_SCOPES = 32,
    POLICY_UPLOADS = 8,
    POLICY_TYPES = 8,
    POLICY_TAGS = 16,
};

struct policy_upload {
    char store[64];
    char prefix[512]; /* may contain ${sandbox}, ${purpose} */
    int64_t max_bytes;
    char content_type[POLICY_TYPES][128];
    size_t content_types;
    struct {
        char name[64];
        char value[128];
    } tag[POLICY_TAGS];
    size_t tags;
    int64_t ttl_s;
};

/* What an accepted guest may have; a plain value, safe to copy. */
struct policy_grant {
    char tier[64];
    int64_t heartbeat_s, max_s; /* lease */
    int64_t token_ttl_s;
    char audience[POLICY_AUDIENCES][256];
    size_t audiences;
    char scope[POLICY_SCOPES][64];
    size_t scopes;
    struct policy_upload upload[POLICY_UPLOADS];
    size_t uploads;
};

struct policy {
    char id[64];
    int64_t version;
    char digest[STORE_DIGEST]; /* hex SHA-256 of the document's exact bytes */
    struct evidence_row *row[POLICY_ALTERNATIVES][POLICY_ROWS]; /* owned; NULL after the last */
    size_t alternatives;
    struct policy_grant grant;
    bool consent_required;
    char consent_issuer[256];
    bool keep_evidence;
};

void policy_free(struct policy **p);

/* From the document's exact bytes. Unknown members are refused by name; ranges: heartbeat
 * 5..86400 s, max 1..604800 s, token ttl 5..3600 s, upload ttl 1..3600 s. */
enum err policy_read(struct slice document, struct policy **out, struct why *why) MUST_USE;

enum role {
    ROLE_REGISTRAR = 1,
    ROLE_APPROVER = 2,
    ROLE_OPERATOR = 4,
    ROLE_AUDITOR = 8,
    ROLE_ORCHESTRATOR = 16,
    ROLE_RELYING_PARTY = 32,
};

/* "registrar", ...; 0 if unknown. */
unsigned role_by_name(struct slice name);

/* A person or machine with a client certificate, from the configuration. */
struct principal {
    char name[64];
    uint8_t spki[32]; /* SHA-256 of SubjectPublicKeyInfo */
    unsigned roles;
    char audience[POLICY_AUDIENCES][256]; /* relying parties: the audiences they may introspect */
    size_t audiences;
};

struct principals {
    const struct principal *row;
    size_t n;
};

/* NULL when nobody has that key. */
const struct principal *principal_find(const struct principals *who, const uint8_t spki[32]);

/* Who signed this document or approval? The JWS carries its `jwk` (ES256, ES384); typ is
 * "countersign-document+jws" or "countersign-approval+jws". ERR_UNAUTHENTICATED: bad signature
 * or unknown key; ERR_DENIED: the person lacks `role`. *payload borrows from *jws (owned by
 * the caller, jws_done). */
struct jws;
enum err document_signer(const struct principals *who, struct slice text, const char *typ,
                         unsigned role, struct jws *jws, const struct principal **out,
                         struct why *why) MUST_USE;

/* The active documents, verified, in memory.  Reloaded when the store's epoch has moved. */
struct policy_book;

enum err policy_book_open(struct store *store, const struct principals *who,
                          size_t approvals_needed, struct policy_book **out,
                          struct why *why) MUST_USE;
void policy_book_close(struct policy_book **b);

/* Look at the epoch and reload if it moved. A document whose signatures do not verify is left
 * out and named in a log line. */
enum err policy_book_refresh(struct policy_book *b, struct why *why) MUST_USE;

/* Read lock, not to be taken twice by a thread; policies and sets found between enter and
 * leave stay valid until leave. */
void policy_book_enter(struct policy_book *b);
void policy_book_leave(struct policy_book *b);
const struct policy *policy_book_policy(const struct policy_book *b,
                                        const char *id); /* newest active; NULL */
/* Exactly this version, NULL when it is not active (superseded versions stay active until
 * revoked). */
const struct policy *policy_book_version(const struct policy_book *b, const char *id,
                                         int64_t version);
const struct reference_set *policy_book_set(const struct policy_book *b,
                                            const char *id); /* newest active; NULL */

/* A document that is active in the ledger and was left out. */
struct policy_complaint {
    char kind[16];
    char id[64];
    int64_t version;
    struct why why;
};

/* All of them, for the log; between enter and leave. */
const struct policy_complaint *policy_book_complaints(const struct policy_book *b, size_t *n);

/* The ledger's epoch that the book shows: when it has moved, there may be new complaints. */
int64_t policy_book_epoch(const struct policy_book *b);

#endif
