-- SPDX-License-Identifier: Apache-2.0
-- The ledger: one row per sandbox, verdict, upload and document, none per token (DESIGN section 7).
-- Times are unix seconds and always the caller's.  Ids are given by callers and sort by time.
-- broker/store/migrations.c holds the same text; test/lint/migrations.sh compares the two.
-- Rows found by a text key are WITHOUT ROWID (a sandbox of a million is found 15 % sooner); rows with
-- documents in them are not, because SQLite puts whole rows into the inner nodes of such a tree.

-- One row per file of this folder that this ledger has taken.
CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL
) STRICT;

CREATE TABLE counter (
    name  TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('status_index', 0), ('document_epoch', 0), ('ping', 0);

-- A row here is the one acceptance that a challenge may have.
CREATE TABLE challenge_used (
    challenge_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(challenge_sha256) = 32),
    until            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX challenge_used_until ON challenge_used (until);

CREATE TABLE verdict (
    id              TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    sandbox         TEXT NOT NULL,
    at              INTEGER NOT NULL,
    outcome         TEXT NOT NULL CHECK (outcome IN ('accept', 'reject', 'malformed', 'unable')),
    policy          TEXT NOT NULL,
    policy_version  INTEGER NOT NULL,
    policy_digest   TEXT NOT NULL,
    evidence_digest TEXT NOT NULL,
    findings        TEXT NOT NULL,
    evidence        TEXT,
    CHECK (outcome = 'accept' OR sandbox = '')
) STRICT;

-- state: 1 live, 2 paused, 3 ended, 4 quarantined (enum sandbox_state)
CREATE TABLE sandbox (
    id               TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    state            INTEGER NOT NULL CHECK (state IN (1, 2, 3, 4)),
    policy           TEXT NOT NULL,
    policy_version   INTEGER NOT NULL,
    policy_digest    TEXT NOT NULL,
    jkt              TEXT NOT NULL CHECK (jkt <> ''),
    verdict          TEXT NOT NULL REFERENCES verdict (id),
    session          TEXT NOT NULL,
    consent          TEXT NOT NULL,
    created          INTEGER NOT NULL,
    lease_until      INTEGER NOT NULL,
    hard_until       INTEGER NOT NULL,
    collateral_until INTEGER NOT NULL,
    status_index     INTEGER NOT NULL UNIQUE,
    ended_at         INTEGER NOT NULL,
    end_reason       TEXT NOT NULL,
    CHECK (lease_until <= hard_until),
    CHECK ((state IN (1, 2)) = (ended_at = 0))
) STRICT, WITHOUT ROWID;

CREATE INDEX sandbox_lease ON sandbox (lease_until) WHERE state = 1;

CREATE INDEX sandbox_hard ON sandbox (hard_until) WHERE state = 2;

-- What the verdict of a sandbox rested on.
CREATE TABLE sandbox_basis (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL,
    sandbox TEXT NOT NULL REFERENCES sandbox (id),
    PRIMARY KEY (kind, id, version, sandbox),
    FOREIGN KEY (kind, id, version) REFERENCES document (kind, id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
    sandbox TEXT NOT NULL PRIMARY KEY REFERENCES sandbox (id),
    jws     TEXT NOT NULL CHECK (jws <> '')
) STRICT;

CREATE TABLE revoked_token (
    jti   TEXT NOT NULL PRIMARY KEY CHECK (jti <> ''),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_token_until ON revoked_token (until);

-- state: 1 open, 2 stored, 3 committed, 4 aborted (enum upload_state)
-- settled: 1 when what an aborted upload left outside has been undone
CREATE TABLE upload (
    id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    sandbox      TEXT NOT NULL REFERENCES sandbox (id),
    store        TEXT NOT NULL,
    key          TEXT NOT NULL,
    mode         TEXT NOT NULL CHECK (mode IN ('local', 'direct', 'commit')),
    remote_id    TEXT NOT NULL,
    state        INTEGER NOT NULL CHECK (state IN (1, 2, 3, 4)),
    size         INTEGER NOT NULL CHECK (size >= 0),
    sha256       TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created      INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    settled      INTEGER NOT NULL DEFAULT 0 CHECK (settled = 0 OR (settled = 1 AND state = 4))
) STRICT;

CREATE INDEX upload_sandbox ON upload (sandbox, id);

CREATE INDEX upload_unsettled ON upload (id) WHERE state = 4 AND settled = 0;

-- state: 1 proposed, 2 active, 3 revoked (enum document_state)
CREATE TABLE document (
    kind       TEXT NOT NULL CHECK (kind IN ('reference-set', 'policy')),
    id         TEXT NOT NULL CHECK (id <> ''),
    version    INTEGER NOT NULL CHECK (version >= 1),
    digest     TEXT NOT NULL CHECK (length(digest) = 64),
    author     TEXT NOT NULL CHECK (author <> ''),
    state      INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    reason     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL DEFAULT 0,
    jws        TEXT NOT NULL CHECK (jws <> ''),
    PRIMARY KEY (kind, id, version)
) STRICT;

CREATE TABLE approval (
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    version  INTEGER NOT NULL,
    approver TEXT NOT NULL CHECK (approver <> ''),
    at       INTEGER NOT NULL,
    jws      TEXT NOT NULL CHECK (jws <> ''),
    PRIMARY KEY (kind, id, version, approver),
    FOREIGN KEY (kind, id, version) REFERENCES document (kind, id, version)
) STRICT;
