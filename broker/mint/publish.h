/* SPDX-License-Identifier: Apache-2.0 */
/* publish.h - the view of the audit log that others can check: Merkle tiles, entry bundles,
 * signed checkpoints.
 *
 * Files under DATA/audit, as C2SP tlog-tiles has them: checkpoint, tile/L/N[.p/W],
 * tile/entries/N[.p/W], and log.vkey, the key that checkpoints are signed with.  Everything
 * follows from the append file and is rebuilt from it at start where it is missing; only full
 * tiles and the checkpoint are synced, and a checkpoint never appears before its tiles.
 *
 * Refused at start: a checkpoint that our key did not sign, of another origin, or whose root the
 * log does not have.
 *
 * Sources: C2SP tlog-tiles, tlog-checkpoint, signed-note; spec/reliability.md section 6. */
#ifndef BROKER_MINT_PUBLISH_H
#define BROKER_MINT_PUBLISH_H

#include "broker/mint/keyring.h"

enum {
    PUBLISH_EVERY_MS = 1000
}; /* a checkpoint, when there is something new; full tiles at once */

struct publish;

/* `dir` (the open audit folder) and `keys` must outlive it.  ERR_UNABLE. */
enum err publish_open(int dir, const char *origin, struct keyring *keys, struct publish **out,
                      struct why *why) MUST_USE;
void publish_free(struct publish **p);

/* Records that the checkpoint found at start covers; the log must have at least those. */
uint64_t publish_covered(const struct publish *p);

/* Borrowed: the verifier key's text. */
const char *publish_vkey(const struct publish *p);

/* One more durable record, in order, from the first of the file on.  Writes the tiles that it
 * completes. */
enum err publish_push(struct publish *p, struct slice entry, struct why *why) MUST_USE;

/* Partial tiles and a new checkpoint over all that was pushed. */
enum err publish_now(struct publish *p, int64_t now_ms, struct why *why) MUST_USE;

/* Milliseconds until publish_now() is due; -1 when nothing is new. */
int publish_wait_ms(const struct publish *p, int64_t now_ms);

/* The only flags that files of the view are opened with once the sandbox is closed. */
int publish_open_flags(void);

#endif
