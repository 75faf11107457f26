/* SPDX-License-Identifier: Apache-2.0 */
/* audit_check.h - is an audit folder what its signed checkpoint says it is?
 *
 * Read: the checkpoint (signature, size, root), the append file (frames, checksums, chain,
 * numbers), and every tile and bundle that the checkpoint covers, byte for byte against what
 * follows from the file.  Nothing is believed that does not follow from the file and the key.
 *
 * Sources: DESIGN.md section 10; C2SP tlog-tiles, tlog-checkpoint, signed-note. */
#ifndef CLIENTS_AUDIT_CHECK_H
#define CLIENTS_AUDIT_CHECK_H

#include "attest/tlog/frame.h"
#include "attest/tlog/note.h"

struct audit_report {
    uint64_t records;
    uint64_t bytes; /* of the append file */
    int64_t first_ms, last_ms;
    bool has_checkpoint;
    struct checkpoint checkpoint;
    char vkey[NOTE_VKEY_MAX]; /* that the signature was checked with */
    uint64_t tiles, bundles;  /* compared */
};

/* The append file alone.  Errors: ERR_DENIED damaged; ERR_MALFORMED not a log, ERR_UNABLE cannot
 * be read. */
enum err audit_check_log(const char *path, struct audit_report *out, struct why *why) MUST_USE;

/* A whole folder.  `vkey` NULL: the one that lies in the folder, which proves less.  Errors as
 * above; ERR_MALFORMED also for a verifier key or a checkpoint that cannot be decoded. */
enum err audit_check_folder(const char *dir, const char *vkey, struct audit_report *out,
                            struct why *why) MUST_USE;

#endif
