/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_sql.c - see sqlite_sql.h.  Tables: schema/sql.  Numbers of states: broker/store/store.h.
 *
 * The order of columns is the order in which the readers in sqlite_rows.c take them. */
#include "broker/store/sqlite_sql.h"

#define SANDBOX_COLUMNS                                                                  \
    "s.id, s.state, s.policy, s.policy_version, s.policy_digest, s.jkt, s.verdict, "     \
    "s.session, s.consent, s.created, s.lease_until, s.hard_until, s.collateral_until, " \
    "s.status_index, s.ended_at, s.end_reason "
#define VERDICT_COLUMNS \
    "id, sandbox, at, outcome, policy, policy_version, policy_digest, evidence_digest"
#define UPLOAD_COLUMNS                                                                       \
    "id, sandbox, store, key, mode, remote_id, state, size, sha256, content_type, created, " \
    "expires "
#define DOCUMENT_COLUMNS "kind, id, version, digest, author, state, reason, at"
/* From the few that live, not from the many that ever rested on it. */
#define RESTS                                                                    \
    "AND EXISTS (SELECT 1 FROM sandbox_basis b WHERE b.kind = ?1 AND b.id = ?2 " \
    "AND b.version = ?3 AND b.sandbox = s.id)"
#define LIVE_RESTING                                                               \
    "SELECT s.id FROM sandbox s INDEXED BY sandbox_lease WHERE s.state = 1 " RESTS \
    " UNION ALL SELECT s.id FROM sandbox s INDEXED BY sandbox_hard WHERE s.state = 2 " RESTS
#define COLLATERAL_COLUMNS "seq, vendor, kind, product, chip, tcb, source, at, until"
#define THIS_DOCUMENT      "WHERE kind = ?1 AND id = ?2 AND version = ?3"

struct statement {
    const char *name;
    const char *text;
};

static const struct statement table[SQL_N] = {
    [SQL_BEGIN] = {"begin", "BEGIN IMMEDIATE"},
    [SQL_COMMIT] = {"commit", "COMMIT"},
    [SQL_SAVE] = {"savepoint", "SAVEPOINT one"},
    [SQL_SAVE_KEEP] = {"release savepoint", "RELEASE one"},
    [SQL_SAVE_UNDO] = {"undo savepoint", "ROLLBACK TO one"},
    [SQL_PING_READ] = {"ping", "SELECT max(version) FROM schema_version"},
    [SQL_PING_WRITE] = {"ping", "UPDATE counter SET value = value + 1 WHERE name = 'ping'"},

    [SQL_CHALLENGE_PUT] = {"mark challenge used",
                           "INSERT INTO challenge_used (challenge_sha256, until) VALUES (?, ?)"},
    [SQL_VERDICT_PUT] = {"put verdict",
                         "INSERT INTO verdict (" VERDICT_COLUMNS ", findings, evidence) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    [SQL_VERDICT_GET] = {"get verdict", "SELECT " VERDICT_COLUMNS
                                        ", findings, evidence FROM verdict WHERE id = ?"},
    [SQL_VERDICT_LIST] = {"list verdicts",
                          "SELECT " VERDICT_COLUMNS " FROM verdict "
                          "WHERE id < iif(?1 = '', char(0x10ffff), ?1) ORDER BY id DESC LIMIT ?2"},
    [SQL_STATUS_INDEX] = {"take status index", "UPDATE counter SET value = value + 1 "
                                               "WHERE name = 'status_index' RETURNING value - 1"},
    [SQL_SANDBOX_PUT] = {"put sandbox",
                         "INSERT INTO sandbox (id, state, policy, policy_version, policy_digest, "
                         "jkt, verdict, session, consent, created, lease_until, hard_until, "
                         "collateral_until, status_index, ended_at, end_reason) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '')"},
    [SQL_BASIS_ACTIVE] = {"check basis", "SELECT 1 FROM document " THIS_DOCUMENT " AND state = 2"},
    [SQL_BASIS_PUT] = {"put basis", "INSERT INTO sandbox_basis (kind, id, version, sandbox) "
                                    "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"},

    /* One row always: an unknown sandbox has no columns, and its jti is looked up all the same. */
    [SQL_CREDENTIAL_GET] =
        {"get credential",
         "SELECT EXISTS (SELECT 1 FROM revoked_token WHERE jti = ?2), " SANDBOX_COLUMNS
         "FROM (SELECT 1) LEFT JOIN sandbox s ON s.id = ?1"},
    [SQL_SANDBOX_GET] = {"get sandbox", "SELECT " SANDBOX_COLUMNS "FROM sandbox s WHERE s.id = ?"},
    [SQL_SANDBOX_LIST] =
        {"list sandboxes",
         "SELECT " SANDBOX_COLUMNS "FROM sandbox s "
         "WHERE s.id < iif(?1 = '', char(0x10ffff), ?1) ORDER BY s.id DESC LIMIT ?2"},
    [SQL_SANDBOX_STATE] = {"read sandbox state", "SELECT state FROM sandbox WHERE id = ?"},
    [SQL_SANDBOX_RENEW] = {"renew lease", "UPDATE sandbox SET lease_until = min(?2, hard_until) "
                                          "WHERE id = ?1 AND state IN (1, 2)"},
    [SQL_SANDBOX_END] = {"end sandbox", "UPDATE sandbox SET state = ?2, end_reason = ?3, "
                                        "ended_at = ?4 WHERE id = ?1 AND state IN (1, 2)"},
    /* A lease is never longer than the hard end; a paused guest cannot renew it, so only the
     * hard end counts. */
    [SQL_SANDBOX_DUE] = {"find due sandboxes",
                         "SELECT id FROM sandbox WHERE state = 1 AND lease_until <= ?1 UNION ALL "
                         "SELECT id FROM sandbox WHERE state = 2 AND hard_until <= ?1 LIMIT ?2"},
    [SQL_SANDBOX_UNRECEIPTED] = {"find ends without receipt",
                                 "SELECT id FROM sandbox WHERE ended_at <> 0 AND receipted = 0 "
                                 "AND id > ? ORDER BY id LIMIT ?"},
    [SQL_SANDBOX_RECEIPTED] = {"mark receipt", "UPDATE sandbox SET receipted = 1 WHERE id = ?"},
    [SQL_RECEIPT_PUT] = {"put receipt", "INSERT INTO receipt (sandbox, jws) VALUES (?, ?) "
                                        "ON CONFLICT (sandbox) DO NOTHING"},
    [SQL_RECEIPT_GET] = {"get receipt", "SELECT jws FROM receipt WHERE sandbox = ?"},
    [SQL_TOKEN_REVOKE] = {"revoke token", "INSERT INTO revoked_token (jti, until) VALUES (?, ?) ON "
                                          "CONFLICT (jti) DO UPDATE SET until = "
                                          "max(until, excluded.until)"},

    [SQL_UPLOAD_PUT] = {"put upload", "INSERT INTO upload (" UPLOAD_COLUMNS
                                      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    [SQL_UPLOAD_GET] = {"get upload", "SELECT " UPLOAD_COLUMNS "FROM upload WHERE id = ?"},
    [SQL_UPLOAD_MOVE] = {"move upload", "UPDATE upload SET state = ?2 WHERE id = ?1"},
    [SQL_UPLOAD_LIST] = {"list uploads", "SELECT " UPLOAD_COLUMNS
                                         "FROM upload WHERE sandbox = ? ORDER BY id LIMIT ?"},
    [SQL_UPLOAD_PENDING] = {"list pending uploads",
                            "SELECT " UPLOAD_COLUMNS "FROM upload "
                            "WHERE sandbox = ? AND state IN (1, 2) ORDER BY id LIMIT ?"},
    [SQL_UPLOAD_ABORT] = {"abort uploads",
                          "UPDATE upload SET state = 4 WHERE sandbox = ? AND state IN (1, 2)"},
    [SQL_UPLOAD_UNSETTLED] = {"list unsettled uploads",
                              "SELECT " UPLOAD_COLUMNS "FROM upload "
                              "WHERE state = 4 AND settled = 0 ORDER BY id LIMIT ?"},
    [SQL_UPLOAD_SETTLE] = {"settle upload",
                           "UPDATE upload SET settled = 1 WHERE id = ? AND state = 4"},
    /* A direct URL can be used until it expires, whatever was said of it meanwhile. */
    [SQL_UPLOAD_PRESSING] =
        {"count usable uploads",
         "SELECT (SELECT count(*) FROM upload WHERE sandbox = ?1 AND expires > ?2 "
         "AND (state = 1 OR mode = 'direct')) + "
         "(SELECT count(*) FROM upload WHERE sandbox = ?1 AND state = 2)"},
    [SQL_UPLOAD_COUNTS] = {"count uploads",
                           "SELECT count(*) FILTER (WHERE state = 3), "
                           "count(*) FILTER (WHERE state = 4) FROM upload WHERE sandbox = ?"},
    [SQL_UPLOAD_USABLE] = {"find usable URLs",
                           "SELECT id, store, expires FROM upload WHERE sandbox = ? "
                           "AND expires > ? AND mode = 'direct' ORDER BY store, id LIMIT ?"},

    [SQL_EPOCH_MOVE] = {"move epoch",
                        "UPDATE counter SET value = value + 1 WHERE name = 'document_epoch'"},
    [SQL_EPOCH_GET] = {"get epoch", "SELECT value FROM counter WHERE name = 'document_epoch'"},
    [SQL_DOCUMENT_NEWEST] = {"find newest version", "SELECT coalesce(max(version), 0) "
                                                    "FROM document WHERE kind = ? AND id = ?"},
    [SQL_DOCUMENT_PUT] = {"put document", "INSERT INTO document (" DOCUMENT_COLUMNS
                                          ", jws) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    [SQL_DOCUMENT_GET] = {"get document",
                          "SELECT " DOCUMENT_COLUMNS ", jws FROM document " THIS_DOCUMENT},
    [SQL_DOCUMENT_GET_ACTIVE] = {"get active document",
                                 "SELECT " DOCUMENT_COLUMNS ", jws FROM document WHERE kind = ? "
                                 "AND id = ? AND state = 2 ORDER BY version DESC LIMIT 1"},
    [SQL_DOCUMENT_LIST] = {"list documents", "SELECT " DOCUMENT_COLUMNS " FROM document "
                                             "WHERE kind = ? ORDER BY id, version LIMIT ?"},
    [SQL_DOCUMENT_HEAD] = {"look at document", "SELECT state, author FROM document " THIS_DOCUMENT},
    [SQL_DOCUMENT_ACTIVATE] = {"activate document",
                               "UPDATE document SET state = 2 " THIS_DOCUMENT " AND state = 1"},
    [SQL_DOCUMENT_REVOKE] = {"revoke document", "UPDATE document SET state = 3, reason = ?4, "
                                                "revoked_at = ?5 " THIS_DOCUMENT " AND state <> 3"},
    [SQL_DOCUMENT_END_UPLOADS] = {"abort uploads that rest on document",
                                  "UPDATE upload SET state = 4 WHERE state IN (1, 2) "
                                  "AND sandbox IN (" LIVE_RESTING ")"},
    [SQL_DOCUMENT_END_SANDBOXES] = {"end sandboxes that rest on document",
                                    "UPDATE sandbox SET state = 3, ended_at = ?4, "
                                    "end_reason = format('revoked %s/%s/%d', ?1, ?2, ?3) "
                                    "WHERE id IN (" LIVE_RESTING ") RETURNING id"},
    [SQL_APPROVAL_PUT] = {"put approval", "INSERT INTO approval (kind, id, version, approver, at, "
                                          "jws) VALUES (?, ?, ?, ?, ?, ?)"},
    [SQL_APPROVAL_COUNT] = {"count approvals", "SELECT count(*) FROM approval " THIS_DOCUMENT},
    [SQL_APPROVAL_LIST] = {"list approvals",
                           "SELECT kind, id, version, approver, at, jws "
                           "FROM approval " THIS_DOCUMENT " ORDER BY approver LIMIT ?4"},

    [SQL_COLLATERAL_REPLACE] = {"replace collateral",
                                "UPDATE collateral SET source = ?6, at = ?7, until = ?8, der = ?9 "
                                "WHERE vendor = ?1 AND kind = ?2 AND product = ?3 AND chip = ?4 "
                                "AND tcb = ?5"},
    [SQL_COLLATERAL_PUT] = {"put collateral",
                            "INSERT INTO collateral (vendor, kind, product, chip, tcb, source, at, "
                            "until, der) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    [SQL_COLLATERAL_COUNT] = {"count collateral", "SELECT count(*) FROM collateral"},
    [SQL_COLLATERAL_FORGET] = {"forget collateral", "DELETE FROM collateral WHERE until <= ?"},
    [SQL_COLLATERAL_GET] = {"get collateral",
                            "SELECT " COLLATERAL_COLUMNS ", der FROM collateral WHERE vendor = ? "
                            "AND kind = ? AND product = ? AND chip = ? AND tcb = ?"},
    [SQL_COLLATERAL_LIST] = {"list collateral", "SELECT " COLLATERAL_COLUMNS " FROM collateral "
                                                "WHERE seq > ? ORDER BY seq LIMIT ?"},

    [SQL_SWEEP_CHALLENGES] = {"sweep challenges",
                              "DELETE FROM challenge_used WHERE challenge_sha256 IN "
                              "(SELECT challenge_sha256 FROM challenge_used WHERE until < ?1 "
                              "LIMIT ?2)"},
    [SQL_SWEEP_TOKENS] = {"sweep revoked tokens",
                          "DELETE FROM revoked_token WHERE jti IN "
                          "(SELECT jti FROM revoked_token WHERE until < ?1 LIMIT ?2)"},
};

const char *
sql_text(enum sql which)
{
    return table[which].text;
}

const char *
sql_name(enum sql which)
{
    return table[which].name;
}
