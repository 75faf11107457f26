/* SPDX-License-Identifier: Apache-2.0 */
/* sys.h - clock, randomness and files: the outside world that attest/ never sees. */
#ifndef COMMON_SYS_H
#define COMMON_SYS_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

int64_t clock_unix(void);    /* seconds since 1970 */
int64_t clock_unix_ms(void); /* milliseconds since 1970 */
int64_t clock_mono_ms(void); /* monotonic */

/* From the kernel; ends the process if there is none. */
void random_bytes(uint8_t *dst, size_t len);

/* prefix, 12 hex digits of milliseconds since 1970, 20 of randomness: ids that sort by time.  dst holds strlen(prefix)+33. */
void random_id(const char *prefix, char *dst, size_t cap);

enum { ID_MAX = 64 }; /* bytes of any of our ids, with NUL */

/* Whole file, at most max bytes, NUL-terminated beyond len; free with mem_free_bytes. ERR_LIMIT, ERR_NOT_FOUND, ERR_IO. */
enum err file_read(const char *path, size_t max, uint8_t **out, size_t *len,
                   struct why *why) MUST_USE;

/* Write to a temporary file beside it, fsync, rename, fsync the folder. */
enum err file_write(const char *path, struct slice data, unsigned mode, struct why *why) MUST_USE;

/* Make a folder and its parents; existing is fine. */
enum err dir_make(const char *path, unsigned mode, struct why *why) MUST_USE;

#endif
