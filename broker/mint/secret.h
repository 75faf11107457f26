/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h - files that hold secrets: read once at start, written once ever.
 *
 * Refused: a symbolic link, anything but a regular file, another owner than this user or root,
 * any permission for group or others, an empty file, more than SECRET_MAX bytes. */
#ifndef BROKER_MINT_SECRET_H
#define BROKER_MINT_SECRET_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum { SECRET_MAX = 8192 }; /* bytes: a PEM key, or a session token */

/* For AUTO(fd_done) int fd = -1. */
void fd_done(int *fd);

struct secret {
    size_t len;
    uint8_t bytes[SECRET_MAX + 1]; /* NUL beyond len */
};

/* Wipes. */
void secret_done(struct secret *s);

/* `dir` as openat() takes it. ERR_UNABLE with the path and the reason. */
enum err secret_read(int dir, const char *path, struct secret *out, struct why *why) MUST_USE;

/* A new file of mode 0600, synced; ERR_UNABLE when it is there already. */
enum err secret_write(int dir, const char *path, struct slice bytes, struct why *why) MUST_USE;

#endif
