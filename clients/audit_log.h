/* SPDX-License-Identifier: Apache-2.0 */
/* audit_log.h - reading an audit log's append file, front to back, while a mint may be appending
 * to it.
 *
 * Refused: whatever attest/tlog/frame.h refuses.  A record that is not sound is looked at again a
 * few times before it counts: a write may be in progress.  Zeros from after a record to the end
 * of the file are room that the mint has made ahead, and end the log as the end of the file
 * does. */
#ifndef CLIENTS_AUDIT_LOG_H
#define CLIENTS_AUDIT_LOG_H

#include "attest/tlog/frame.h"

/* Called for each sound record; what it borrows is valid during the call.  Anything but ERR_OK
 * ends the walk. */
struct audit_visitor {
    enum err (*record)(void *ctx, const struct log_frame *f, struct why *why);
    void *ctx;
};

/* *at tells how far it came, also on failure.  ERR_DENIED: damaged, with the place;
 * ERR_MALFORMED: not a log at all; ERR_UNABLE: cannot be read; or what the visitor returned. */
enum err audit_log_walk(const char *path, const struct audit_visitor *v, struct log_cursor *at,
                        struct why *why) MUST_USE;

#endif
