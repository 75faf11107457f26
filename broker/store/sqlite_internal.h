/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_internal.h - the parts of the SQLite ledger, for its own files and its tests. */
#ifndef BROKER_STORE_SQLITE_INTERNAL_H
#define BROKER_STORE_SQLITE_INTERNAL_H

#include "broker/store/sqlite_checkpoint.h"
#include "broker/store/sqlite_readers.h"
#include "broker/store/sqlite_writer.h"
#include "broker/store/store.h"

/* What tests change. */
struct sqlite_options {
    const char *vfs;         /* NULL: SQLite's default */
    const char *synchronous; /* the broker's is "FULL" */
    size_t queue_max;        /* 0: WRITER_QUEUE_MAX */
    int64_t wait_ms;         /* 0: WRITER_WAIT_MS */
    int busy_ms;             /* 0: DB_BUSY_MS */
    int bound_pages;         /* 0: CHECKPOINT_BOUND_PAGES */
};

enum err store_open_sqlite_with(const char *path, const struct sqlite_options *options,
                                struct store **out, struct why *why) MUST_USE;

struct sqlite_store {
    struct store store; /* first: given to callers */
    struct db writer_db;
    struct checkpoint checkpoint;
    struct writer writer;
    struct readers readers;
};

/* Begin a read on a connection of the pool. */
enum err sqlite_read(struct store *s, struct reader *out, struct why *why) MUST_USE;

/* Run in the writer's next transaction; see writer_do(). */
enum err sqlite_write(struct store *s, enum err (*run)(struct db *db, void *arg, struct why *why),
                      void *arg, struct why *why) MUST_USE;

/* The operations; store.h says what each does. */
enum err sqlite_attest_put(struct store *s, struct slice challenge, int64_t challenge_until,
                           const struct verdict_row *verdict, struct sandbox_row *sandbox,
                           const struct basis_row *basis, size_t basis_n, struct why *why) MUST_USE;
enum err sqlite_verdict_get(struct store *s, const char *id, struct verdict_row *out,
                            struct why *why) MUST_USE;
enum err sqlite_verdict_list(struct store *s, const char *after, struct verdict_row *out,
                             size_t cap, size_t *n, struct why *why) MUST_USE;

enum err sqlite_credential_get(struct store *s, const char *sandbox, const char *jti,
                               struct credential_row *out, struct why *why) MUST_USE;
enum err sqlite_sandbox_get(struct store *s, const char *id, struct sandbox_row *out,
                            struct why *why) MUST_USE;
enum err sqlite_sandbox_list(struct store *s, const char *after, struct sandbox_row *out,
                             size_t cap, size_t *n, struct why *why) MUST_USE;
enum err sqlite_sandbox_renew(struct store *s, const char *id, int64_t lease_until,
                              struct sandbox_row *out, struct why *why) MUST_USE;
enum err sqlite_sandbox_end(struct store *s, const char *id, enum sandbox_state to,
                            const char *reason, int64_t now, bool *was_live,
                            struct upload_row *aborted, size_t cap, size_t *n,
                            struct why *why) MUST_USE;
enum err sqlite_sandbox_due(struct store *s, int64_t now, char (*ids)[ID_MAX], size_t cap,
                            size_t *n, struct why *why) MUST_USE;
enum err sqlite_sandbox_unreceipted(struct store *s, const char *after, char (*ids)[ID_MAX],
                                    size_t cap, size_t *n, struct why *why) MUST_USE;
enum err sqlite_receipt_put(struct store *s, const char *sandbox, const char *jws, char **out,
                            struct why *why) MUST_USE;
enum err sqlite_receipt_get(struct store *s, const char *sandbox, char **out,
                            struct why *why) MUST_USE;
enum err sqlite_token_revoke(struct store *s, const char *jti, int64_t until,
                             struct why *why) MUST_USE;

enum err sqlite_upload_put(struct store *s, const struct upload_row *row, struct why *why) MUST_USE;
enum err sqlite_upload_get(struct store *s, const char *id, struct upload_row *out,
                           struct why *why) MUST_USE;
enum err sqlite_upload_move(struct store *s, const char *id, enum upload_state from,
                            enum upload_state to, struct why *why) MUST_USE;
enum err sqlite_upload_list(struct store *s, const char *sandbox, struct upload_row *out,
                            size_t cap, size_t *n, struct why *why) MUST_USE;
enum err sqlite_upload_sum(struct store *s, const char *sandbox, int64_t at, struct upload_sum *out,
                           struct why *why) MUST_USE;
enum err sqlite_upload_unsettled(struct store *s, struct upload_row *out, size_t cap, size_t *n,
                                 struct why *why) MUST_USE;
enum err sqlite_upload_settle(struct store *s, const char *id, struct why *why) MUST_USE;

enum err sqlite_document_put(struct store *s, const struct document_row *row,
                             struct why *why) MUST_USE;
enum err sqlite_document_get(struct store *s, const char *kind, const char *id, int64_t version,
                             struct document_row *out, struct why *why) MUST_USE;
enum err sqlite_document_list(struct store *s, const char *kind, struct document_row *out,
                              size_t cap, size_t *n, struct why *why) MUST_USE;
enum err sqlite_document_approve(struct store *s, const struct approval_row *row, size_t needed,
                                 bool *active, struct why *why) MUST_USE;
enum err sqlite_approval_list(struct store *s, const char *kind, const char *id, int64_t version,
                              struct approval_row *out, size_t cap, size_t *n,
                              struct why *why) MUST_USE;
enum err sqlite_document_revoke(struct store *s, const char *kind, const char *id, int64_t version,
                                const char *reason, int64_t now, char (*ids)[ID_MAX], size_t cap,
                                size_t *n, struct why *why) MUST_USE;
enum err sqlite_document_epoch(struct store *s, int64_t *epoch, struct why *why) MUST_USE;

enum err sqlite_collateral_put(struct store *s, const struct collateral_row *row, size_t rows_max,
                               struct why *why) MUST_USE;
enum err sqlite_collateral_get(struct store *s, const struct collateral_key *key,
                               struct collateral_row *out, struct why *why) MUST_USE;
enum err sqlite_collateral_list(struct store *s, int64_t after, struct collateral_row *out,
                                size_t cap, size_t *n, struct why *why) MUST_USE;

#endif
