/* SPDX-License-Identifier: Apache-2.0 */
/* migrations.c - see migrations.h.  Made from schema/sql by test/lint/migrations.sh. */
#include "broker/store/migrations.h"

static const char *const sql_0001_ledger[] = {
    "CREATE TABLE schema_version (\n"
    "    version INTEGER NOT NULL PRIMARY KEY,\n"
    "    name    TEXT NOT NULL\n"
    ") STRICT;",
    "CREATE TABLE counter (\n"
    "    name  TEXT NOT NULL PRIMARY KEY,\n"
    "    value INTEGER NOT NULL CHECK (value >= 0)\n"
    ") STRICT, WITHOUT ROWID;",
    "INSERT INTO counter (name, value) VALUES ('status_index', 0), ('document_epoch', 0), ('ping', "
    "0);",
    "CREATE TABLE challenge_used (\n"
    "    challenge_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(challenge_sha256) = 32),\n"
    "    until            INTEGER NOT NULL\n"
    ") STRICT, WITHOUT ROWID;",
    "CREATE INDEX challenge_used_until ON challenge_used (until);",
    "CREATE TABLE verdict (\n"
    "    id              TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),\n"
    "    sandbox         TEXT NOT NULL,\n"
    "    at              INTEGER NOT NULL,\n"
    "    outcome         TEXT NOT NULL CHECK (outcome IN ('accept', 'reject', 'malformed', "
    "'unable')),\n"
    "    policy          TEXT NOT NULL,\n"
    "    policy_version  INTEGER NOT NULL,\n"
    "    policy_digest   TEXT NOT NULL,\n"
    "    evidence_digest TEXT NOT NULL,\n"
    "    findings        TEXT NOT NULL,\n"
    "    evidence        TEXT,\n"
    "    CHECK (outcome = 'accept' OR sandbox = '')\n"
    ") STRICT;",
    "CREATE TABLE sandbox (\n"
    "    id               TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),\n"
    "    state            INTEGER NOT NULL CHECK (state IN (1, 2, 3, 4)),\n"
    "    policy           TEXT NOT NULL,\n"
    "    policy_version   INTEGER NOT NULL,\n"
    "    policy_digest    TEXT NOT NULL,\n"
    "    jkt              TEXT NOT NULL CHECK (jkt <> ''),\n"
    "    verdict          TEXT NOT NULL REFERENCES verdict (id),\n"
    "    session          TEXT NOT NULL,\n"
    "    consent          TEXT NOT NULL,\n"
    "    created          INTEGER NOT NULL,\n"
    "    lease_until      INTEGER NOT NULL,\n"
    "    hard_until       INTEGER NOT NULL,\n"
    "    collateral_until INTEGER NOT NULL,\n"
    "    status_index     INTEGER NOT NULL UNIQUE,\n"
    "    ended_at         INTEGER NOT NULL,\n"
    "    end_reason       TEXT NOT NULL,\n"
    "    CHECK (lease_until <= hard_until),\n"
    "    CHECK ((state IN (1, 2)) = (ended_at = 0))\n"
    ") STRICT, WITHOUT ROWID;",
    "CREATE INDEX sandbox_lease ON sandbox (lease_until) WHERE state = 1;",
    "CREATE INDEX sandbox_hard ON sandbox (hard_until) WHERE state = 2;",
    "CREATE TABLE sandbox_basis (\n"
    "    kind    TEXT NOT NULL,\n"
    "    id      TEXT NOT NULL,\n"
    "    version INTEGER NOT NULL,\n"
    "    sandbox TEXT NOT NULL REFERENCES sandbox (id),\n"
    "    PRIMARY KEY (kind, id, version, sandbox),\n"
    "    FOREIGN KEY (kind, id, version) REFERENCES document (kind, id, version)\n"
    ") STRICT, WITHOUT ROWID;",
    "CREATE TABLE receipt (\n"
    "    sandbox TEXT NOT NULL PRIMARY KEY REFERENCES sandbox (id),\n"
    "    jws     TEXT NOT NULL CHECK (jws <> '')\n"
    ") STRICT;",
    "CREATE TABLE revoked_token (\n"
    "    jti   TEXT NOT NULL PRIMARY KEY CHECK (jti <> ''),\n"
    "    until INTEGER NOT NULL\n"
    ") STRICT, WITHOUT ROWID;",
    "CREATE INDEX revoked_token_until ON revoked_token (until);",
    "CREATE TABLE upload (\n"
    "    id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),\n"
    "    sandbox      TEXT NOT NULL REFERENCES sandbox (id),\n"
    "    store        TEXT NOT NULL,\n"
    "    key          TEXT NOT NULL,\n"
    "    mode         TEXT NOT NULL CHECK (mode IN ('local', 'direct', 'commit')),\n"
    "    remote_id    TEXT NOT NULL,\n"
    "    state        INTEGER NOT NULL CHECK (state IN (1, 2, 3, 4)),\n"
    "    size         INTEGER NOT NULL CHECK (size >= 0),\n"
    "    sha256       TEXT NOT NULL,\n"
    "    content_type TEXT NOT NULL,\n"
    "    created      INTEGER NOT NULL,\n"
    "    expires      INTEGER NOT NULL,\n"
    "    settled      INTEGER NOT NULL DEFAULT 0 CHECK (settled = 0 OR (settled = 1 AND state = "
    "4))\n"
    ") STRICT;",
    "CREATE INDEX upload_sandbox ON upload (sandbox, id);",
    "CREATE INDEX upload_unsettled ON upload (id) WHERE state = 4 AND settled = 0;",
    "CREATE TABLE document (\n"
    "    kind       TEXT NOT NULL CHECK (kind IN ('reference-set', 'policy')),\n"
    "    id         TEXT NOT NULL CHECK (id <> ''),\n"
    "    version    INTEGER NOT NULL CHECK (version >= 1),\n"
    "    digest     TEXT NOT NULL CHECK (length(digest) = 64),\n"
    "    author     TEXT NOT NULL CHECK (author <> ''),\n"
    "    state      INTEGER NOT NULL CHECK (state IN (1, 2, 3)),\n"
    "    reason     TEXT NOT NULL,\n"
    "    at         INTEGER NOT NULL,\n"
    "    revoked_at INTEGER NOT NULL DEFAULT 0,\n"
    "    jws        TEXT NOT NULL CHECK (jws <> ''),\n"
    "    PRIMARY KEY (kind, id, version)\n"
    ") STRICT;",
    "CREATE TABLE approval (\n"
    "    kind     TEXT NOT NULL,\n"
    "    id       TEXT NOT NULL,\n"
    "    version  INTEGER NOT NULL,\n"
    "    approver TEXT NOT NULL CHECK (approver <> ''),\n"
    "    at       INTEGER NOT NULL,\n"
    "    jws      TEXT NOT NULL CHECK (jws <> ''),\n"
    "    PRIMARY KEY (kind, id, version, approver),\n"
    "    FOREIGN KEY (kind, id, version) REFERENCES document (kind, id, version)\n"
    ") STRICT;",
    NULL,
};

static const char *const sql_0002_ends[] = {
    "ALTER TABLE sandbox ADD receipted INTEGER NOT NULL DEFAULT 0 CHECK (receipted IN (0, 1));",
    "UPDATE sandbox SET receipted = 1 WHERE id IN (SELECT sandbox FROM receipt);",
    "CREATE INDEX sandbox_unreceipted ON sandbox (id) WHERE ended_at <> 0 AND receipted = 0;",
    "CREATE INDEX upload_expires ON upload (sandbox, expires);",
    "CREATE INDEX upload_stored ON upload (sandbox) WHERE state = 2;",
    NULL,
};

static const char *const sql_0003_collateral[] = {
    "CREATE TABLE collateral (\n"
    "    seq     INTEGER NOT NULL PRIMARY KEY,\n"
    "    vendor  TEXT NOT NULL CHECK (vendor <> ''),\n"
    "    kind    TEXT NOT NULL CHECK (kind <> ''),\n"
    "    product TEXT NOT NULL CHECK (product <> ''),\n"
    "    chip    TEXT NOT NULL,\n"
    "    tcb     TEXT NOT NULL,\n"
    "    source  TEXT NOT NULL CHECK (source IN ('evidence', 'import', 'fetch')),\n"
    "    at      INTEGER NOT NULL,\n"
    "    until   INTEGER NOT NULL,\n"
    "    der     BLOB NOT NULL CHECK (length(der) > 0),\n"
    "    UNIQUE (vendor, kind, product, chip, tcb)\n"
    ") STRICT;",
    "CREATE INDEX collateral_until ON collateral (until);",
    NULL,
};

static const struct migration table[] = {
    {1, "0001_ledger", sql_0001_ledger},
    {2, "0002_ends", sql_0002_ends},
    {3, "0003_collateral", sql_0003_collateral},
};

const struct migration *
migrations(size_t *n)
{
    *n = sizeof table / sizeof table[0];
    return table;
}
