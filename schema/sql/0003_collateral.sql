-- SPDX-License-Identifier: Apache-2.0
-- What vendors say about chips, kept so that nobody has to ask them while a guest waits: a certificate by (product, chip, TCB),
-- a revocation list by product (chip and TCB empty).  Nothing here is believed: whoever reads it verifies it again.
CREATE TABLE collateral (
    seq     INTEGER NOT NULL PRIMARY KEY,
    vendor  TEXT NOT NULL CHECK (vendor <> ''),
    kind    TEXT NOT NULL CHECK (kind <> ''),
    product TEXT NOT NULL CHECK (product <> ''),
    chip    TEXT NOT NULL,
    tcb     TEXT NOT NULL,
    source  TEXT NOT NULL CHECK (source IN ('evidence', 'import', 'fetch')),
    at      INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    der     BLOB NOT NULL CHECK (length(der) > 0),
    UNIQUE (vendor, kind, product, chip, tcb)
) STRICT;

CREATE INDEX collateral_until ON collateral (until);
