/* SPDX-License-Identifier: Apache-2.0 */
/* note.h - signed notes, their verifier keys, and checkpoints of the audit log.
 *
 * A note is text that ends in a newline, an empty line, and signature lines "<em dash> NAME
 * BASE64(hash4 || signature)". Signatures by keys that were not asked about are passed over; one
 * line that names the key asked about but does not verify refuses the note.  Refused besides:
 * control characters, text without final newline, a signature block that holds anything else,
 * more than NOTE_MAX bytes.
 *
 * Sources: C2SP signed-note, C2SP tlog-checkpoint; the key type is Ed25519 (0x01). */
#ifndef ATTEST_TLOG_NOTE_H
#define ATTEST_TLOG_NOTE_H

#include "attest/base/wr.h"
#include "attest/tlog/tree.h"

enum {
    NOTE_NAME_MAX = 256, /* bytes of a key's name, with NUL */
    NOTE_VKEY_MAX = 320, /* bytes of a verifier key's text, with NUL */
    NOTE_MAX = 4096,     /* bytes of a whole note */
    NOTE_PUB = 32,
    NOTE_SIG = 64,
    NOTE_ID = 4,
};

struct note_key {
    char name[NOTE_NAME_MAX];
    uint8_t id[NOTE_ID]; /* first bytes of SHA-256(name || "\n" || 0x01 || pub) */
    uint8_t pub[NOTE_PUB];
};

/* ERR_MALFORMED: the name is empty, too long, or holds a blank, a plus or a control character. */
enum err note_key_make(const char *name, const uint8_t pub[NOTE_PUB], struct note_key *out,
                       struct why *why) MUST_USE;

/* "NAME+hash8+BASE64(0x01 || pub)" */
enum err note_key_read(struct slice text, struct note_key *out, struct why *why) MUST_USE;
void note_key_text(const struct note_key *key, char dst[NOTE_VKEY_MAX]);

/* The blank line and the signature line that make a note out of text; sig is over the text with
 * its newline. */
void note_sign_write(struct wr *w, const struct note_key *key, const uint8_t sig[NOTE_SIG]);

/* *text borrows from the note.  ERR_DENIED: no signature by this key, or a wrong one. */
enum err note_open(struct slice note, const struct note_key *key, struct slice *text,
                   struct why *why) MUST_USE;

/* What a checkpoint says: the log's name, how many entries, and the root over them. */
struct checkpoint {
    char origin[NOTE_NAME_MAX];
    uint64_t size;
    uint8_t root[SHA256_LEN];
};

void checkpoint_write(struct wr *w, const struct checkpoint *cp);

/* Exactly three lines; extension lines are refused, because our logs write none. */
enum err checkpoint_read(struct slice text, struct checkpoint *out, struct why *why) MUST_USE;

#endif
