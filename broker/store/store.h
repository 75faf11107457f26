/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - the ledger: one function per domain operation, the same for every store.
 *
 * Writes are durable when the call returns. Calls may come from any thread and block.
 * ERR_UNABLE or ERR_IO: the store is down, nothing is known; the caller hands out nothing and
 * says 503. Every other error is a definite answer, also
 * ERR_BUSY: a queue is full and nothing was done. */
#ifndef BROKER_STORE_STORE_H
#define BROKER_STORE_STORE_H

#include "attest/base/err.h"
#include "attest/base/slice.h"
#include "common/sys.h"

enum {
    STORE_TEXT = 256,
    STORE_DIGEST = 65,
    STORE_JKT = 44,
    STORE_KEY = 1024,
    STORE_LIST_MAX = 1000,
    UPLOADS_USABLE_MAX = 128, /* of one sandbox at a time */
    COLLATERAL_BYTES_MAX = 1 << 20,
};

enum sandbox_state {
    SANDBOX_NONE = 0,
    SANDBOX_LIVE,
    SANDBOX_PAUSED,
    SANDBOX_ENDED,       /* final */
    SANDBOX_QUARANTINED, /* final for credentials; evidence is kept */
};

/* "live", "paused", "ended", "quarantined"; "none". */
const char *sandbox_state_name(enum sandbox_state s);

struct sandbox_row {
    char id[ID_MAX];
    enum sandbox_state state;
    char policy[64];
    int64_t policy_version;
    char policy_digest[STORE_DIGEST];
    char jkt[STORE_JKT];
    char verdict[ID_MAX];
    char session[STORE_TEXT];
    char consent[STORE_TEXT];
    int64_t created, lease_until, hard_until; /* unix seconds */
    int64_t collateral_until; /* least expiry of what the verdict rests on; INT64_MAX for none */
    int64_t status_index;     /* given by the store */
    int64_t ended_at;         /* 0 while live */
    char end_reason[STORE_TEXT];
};

struct verdict_row {
    char id[ID_MAX];
    char sandbox[ID_MAX]; /* "" when refused */
    int64_t at;
    char outcome[16]; /* judgement_name() */
    char policy[64];
    int64_t policy_version;
    char policy_digest[STORE_DIGEST];
    char evidence_digest[STORE_DIGEST];
    const char *findings; /* JSON text; on reads owned by the row, see verdict_row_done() */
    const char *evidence; /* JSON text as received, or NULL when policy does not keep it */
};
void verdict_row_done(struct verdict_row *row);

/* What a sandbox's verdict rested on, so that revoking it ends the sandbox. */
struct basis_row {
    const char *kind; /* "reference-set" or "policy" */
    char id[64];
    int64_t version;
};

enum upload_state { UPLOAD_NONE = 0, UPLOAD_OPEN, UPLOAD_STORED, UPLOAD_COMMITTED, UPLOAD_ABORTED };

struct upload_row {
    char id[ID_MAX];
    char sandbox[ID_MAX];
    char store[64];
    char key[STORE_KEY];
    char mode[16]; /* "local", "direct", "commit" */
    char remote_id[STORE_TEXT];
    int64_t size; /* bytes agreed */
    char sha256[STORE_DIGEST];
    char content_type[STORE_TEXT];
    enum upload_state state;
    int64_t created, expires;
};

/* What a receipt says of a sandbox's uploads. */
struct upload_sum {
    int64_t committed, aborted;
    /* direct uploads whose URL outlives the sandbox, whatever became of them in the ledger;
     * those of one store follow each other */
    size_t usable_n;
    struct {
        char id[ID_MAX];
        char store[64];
        int64_t until; /* unix seconds */
    } usable[UPLOADS_USABLE_MAX];
};

enum document_state { DOCUMENT_NONE = 0, DOCUMENT_PROPOSED, DOCUMENT_ACTIVE, DOCUMENT_REVOKED };

/* "proposed", "active", "revoked"; "none". */
const char *document_state_name(enum document_state s);

/* A policy or reference set, as its author signed it. */
struct document_row {
    char kind[16]; /* "reference-set", "policy" */
    char id[64];
    int64_t version;
    char digest[STORE_DIGEST]; /* hex SHA-256 of the JWS payload */
    char author[64];
    enum document_state state;
    char reason[STORE_TEXT];
    int64_t at;
    const char *jws; /* compact JWS; on reads owned by the row, see document_row_done() */
};
void document_row_done(struct document_row *row);

struct approval_row {
    char kind[16];
    char id[64];
    int64_t version;
    char approver[64];
    int64_t at;
    const char *jws; /* as document_row.jws */
};
void approval_row_done(struct approval_row *row);

/* What names a piece of collateral.  Texts without meaning to the store. */
struct collateral_key {
    char vendor[16];  /* "amd", "intel" */
    char kind[16];    /* "vek", "crl", "tcb_info" */
    char product[16]; /* "Milan", an FMSPC */
    char chip[129];   /* lower-case hex; "" for what a whole product shares */
    char tcb[17];     /* the same; of Intel's documents the track */
};

/* Bytes of a vendor.  Whoever reads them verifies them again: the store only keeps them. */
struct collateral_row {
    struct collateral_key key;
    int64_t seq;      /* given by the store */
    char source[16];  /* "evidence", "import", "fetch" */
    int64_t at;       /* unix seconds, when it was kept */
    int64_t until;    /* unix seconds, notAfter or nextUpdate */
    struct slice der; /* on reads of one row owned by it, see collateral_row_done() */
};
void collateral_row_done(struct collateral_row *row);

/* The answer to "is this credential good in the ledger's eyes"; the predicate itself is
 * broker/flow/validity.c. */
struct credential_row {
    struct sandbox_row sandbox; /* state SANDBOX_NONE when unknown */
    bool jti_revoked;
};

struct store;

/* How a store is implemented: one line per operation. */
struct store_ops {
    void (*close)(struct store *s);
    enum err (*ping)(struct store *s, struct why *why);

    /* One transaction: the challenge is marked used (ERR_CONFLICT if it was), verdict, sandbox
     * (NULL when refused) and basis are written. sandbox->status_index is filled in; a lease
     * beyond hard_until is cut to it. ERR_DENIED: a document of the basis is not active (any
     * more), so a revocation that commits first is not outrun; nothing is written then. */
    enum err (*attest_put)(struct store *s, struct slice challenge, int64_t challenge_until,
                           const struct verdict_row *verdict, struct sandbox_row *sandbox,
                           const struct basis_row *basis, size_t basis_n, struct why *why);
    enum err (*credential_get)(struct store *s, const char *sandbox, const char *jti,
                               struct credential_row *out, struct why *why);
    enum err (*sandbox_get)(struct store *s, const char *id, struct sandbox_row *out,
                            struct why *why); /* ERR_NOT_FOUND */
    /* Newest first; `after` is an id or "". */
    enum err (*sandbox_list)(struct store *s, const char *after, struct sandbox_row *out,
                             size_t cap, size_t *n, struct why *why);
    /* Only a live or paused sandbox: ERR_GONE when ended, ERR_NOT_FOUND. Never beyond
     * hard_until. */
    enum err (*sandbox_renew)(struct store *s, const char *id, int64_t lease_until,
                              struct sandbox_row *out, struct why *why);
    /* Move to ENDED or QUARANTINED. *was_live tells whether this call ended it; uploads that
     * were OPEN or STORED become ABORTED and are listed (up to cap). Ending what has ended is
     * no error and changes nothing. */
    enum err (*sandbox_end)(struct store *s, const char *id, enum sandbox_state to,
                            const char *reason, int64_t now, bool *was_live,
                            struct upload_row *aborted, size_t cap, size_t *n, struct why *why);
    /* Live sandboxes whose lease has passed (lease_until <= now), and paused ones, which cannot
     * renew, whose hard end has. */
    enum err (*sandbox_due)(struct store *s, int64_t now, char (*ids)[ID_MAX], size_t cap,
                            size_t *n, struct why *why);
    /* Sandboxes that have ended and have no receipt yet, by id, after `after` or "". */
    enum err (*sandbox_unreceipted)(struct store *s, const char *after, char (*ids)[ID_MAX],
                                    size_t cap, size_t *n, struct why *why);
    /* ERR_NOT_FOUND for an unknown sandbox. The first receipt stays: *out (owned by the
     * caller, mem_free_text) is the one kept. */
    enum err (*receipt_put)(struct store *s, const char *sandbox, const char *jws, char **out,
                            struct why *why);
    enum err (*receipt_get)(struct store *s, const char *sandbox, char **out,
                            struct why *why); /* ERR_NOT_FOUND */
    enum err (*token_revoke)(struct store *s, const char *jti, int64_t until, struct why *why);

    enum err (*verdict_get)(struct store *s, const char *id, struct verdict_row *out,
                            struct why *why);
    enum err (*verdict_list)(struct store *s, const char *after, struct verdict_row *out,
                             size_t cap, size_t *n,
                             struct why *why); /* newest first, without findings and evidence */

    /* Only into a live sandbox (ERR_GONE otherwise, ERR_NOT_FOUND when unknown), checked in the
     * same transaction. ERR_BUSY while UPLOADS_USABLE_MAX others of it could still be written
     * (row->created is now) or wait to be committed. */
    enum err (*upload_put)(struct store *s, const struct upload_row *row, struct why *why);
    enum err (*upload_get)(struct store *s, const char *id, struct upload_row *out,
                           struct why *why);
    /* from -> to, only in a live sandbox: ERR_CONFLICT when the state is another, ERR_GONE
     * when the sandbox is not live. Only forward: ERR_BUG out of ABORTED, and out of COMMITTED
     * but to ABORTED, for an object that could not be put in its place after all. */
    enum err (*upload_move)(struct store *s, const char *id, enum upload_state from,
                            enum upload_state to, struct why *why);
    enum err (*upload_list)(struct store *s, const char *sandbox, struct upload_row *out,
                            size_t cap, size_t *n, struct why *why);
    /* Of a sandbox that ended at `at`. */
    enum err (*upload_sum)(struct store *s, const char *sandbox, int64_t at, struct upload_sum *out,
                           struct why *why);
    /* Uploads that are ABORTED and whose outside effect is not settled yet (crash recovery). */
    enum err (*upload_unsettled)(struct store *s, struct upload_row *out, size_t cap, size_t *n,
                                 struct why *why);
    enum err (*upload_settle)(struct store *s, const char *id, struct why *why);

    /* version must be the newest + 1 (or 1): ERR_CONFLICT says which is the newest. */
    enum err (*document_put)(struct store *s, const struct document_row *row, struct why *why);
    /* version 0: the newest that is active. */
    enum err (*document_get)(struct store *s, const char *kind, const char *id, int64_t version,
                             struct document_row *out, struct why *why);
    enum err (*document_list)(
        struct store *s, const char *kind, struct document_row *out, size_t cap, size_t *n,
        struct why *why); /* all versions, without jws; ordered by id, version */
    /* One approval per person (ERR_CONFLICT), never by the author (ERR_DENIED) nor of what is
     * revoked (ERR_GONE); activates when `needed` are there. *active tells. */
    enum err (*document_approve)(struct store *s, const struct approval_row *row, size_t needed,
                                 bool *active, struct why *why);
    enum err (*approval_list)(struct store *s, const char *kind, const char *id, int64_t version,
                              struct approval_row *out, size_t cap, size_t *n, struct why *why);
    /* One transaction: the document is revoked, and all live and paused sandboxes that rest on it
     * are ENDED with the reason "revoked KIND/ID/VERSION", their uploads ABORTED as by sandbox_end. *n is how many, the first `cap`
     * are in ids; the caller sees to their receipts. Revoking what is revoked keeps the first
     * reason. */
    enum err (*document_revoke)(struct store *s, const char *kind, const char *id, int64_t version,
                                const char *reason, int64_t now, char (*ids)[ID_MAX], size_t cap,
                                size_t *n, struct why *why);
    /* A number that grows with every change to documents, by any instance. */
    enum err (*document_epoch)(struct store *s, int64_t *epoch, struct why *why);

    /* A row of the same key is replaced.  When there are `rows_max` others, those whose time has passed (until <= row->at)
     * are forgotten first; ERR_BUSY when that makes no room. */
    enum err (*collateral_put)(struct store *s, const struct collateral_row *row, size_t rows_max,
                               struct why *why);
    enum err (*collateral_get)(struct store *s, const struct collateral_key *key,
                               struct collateral_row *out, struct why *why); /* ERR_NOT_FOUND */
    /* By seq, after `after` or 0; without der. */
    enum err (*collateral_list)(struct store *s, int64_t after, struct collateral_row *out,
                                size_t cap, size_t *n, struct why *why);

    /* Forget challenges and revoked jtis whose time has passed. */
    enum err (*sweep)(struct store *s, int64_t now, struct why *why);
};

struct store {
    const struct store_ops *ops;
    void *impl; /* owned by the implementation */
};

/* SQLite in `path` (made, 0600, and migrated when needed). */
enum err store_open_sqlite(const char *path, struct store **out, struct why *why) MUST_USE;

void store_close(struct store **s);

#endif
