/* SPDX-License-Identifier: Apache-2.0 */
/* roots_file.h - one file of a roots folder, which may be absent; for common/roots_*.c. */
#ifndef COMMON_ROOTS_FILE_H
#define COMMON_ROOTS_FILE_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum { ROOTS_PATH_BYTES = 1024, ROOTS_FILE_MAX = 1 << 16 };

struct roots_file {
    char path[ROOTS_PATH_BYTES];
    uint8_t *text; /* owned; NULL: there is no such file */
    size_t len;
};

void roots_file_done(struct roots_file *f);

struct slice roots_file_slice(const struct roots_file *f);

/* DIR/NAME.  ERR_OK and len 0: it is not there.  ERR_MALFORMED: it is empty; ERR_LIMIT, ERR_IO. */
enum err roots_file_open(const char *dir, const char *name, struct roots_file *out,
                         struct why *why) MUST_USE;

#endif
