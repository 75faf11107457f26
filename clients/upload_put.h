/* SPDX-License-Identifier: Apache-2.0 */
/* upload_put.h - a file: its size and hash, and its way to a signed URL. */
#ifndef CLIENTS_UPLOAD_PUT_H
#define CLIENTS_UPLOAD_PUT_H

#include "attest/base/hash.h"
#include "clients/http.h"

/* A regular file, open; release with upload_file_done(). */
struct upload_file {
    const char *path; /* borrowed */
    int fd;
    int64_t size;
    char sha256[2 * SHA256_LEN + 1];
};

/* Opens and hashes, reading through once. */
enum err upload_file_open(const char *path, struct upload_file *out, struct fault *f) MUST_USE;
void upload_file_done(struct upload_file *u);

/* grant: the broker's reply to POST /v1/uploads.  ca: roots for that URL; NULL: the system's.
 * Shows progress on stderr when it is a terminal. */
enum err upload_put(struct upload_file *u, const json_t *grant, const char *ca,
                    struct fault *f) MUST_USE;

#endif
