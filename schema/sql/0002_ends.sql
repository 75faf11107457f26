-- SPDX-License-Identifier: Apache-2.0
-- What an end still owes: a sandbox that has ended has a receipt, or is found here until it has one.
ALTER TABLE sandbox ADD receipted INTEGER NOT NULL DEFAULT 0 CHECK (receipted IN (0, 1));

UPDATE sandbox SET receipted = 1 WHERE id IN (SELECT sandbox FROM receipt);

CREATE INDEX sandbox_unreceipted ON sandbox (id) WHERE ended_at <> 0 AND receipted = 0;

-- Uploads of a sandbox whose URL can still be used, and those that take room until they are committed.
CREATE INDEX upload_expires ON upload (sandbox, expires);

CREATE INDEX upload_stored ON upload (sandbox) WHERE state = 2;
