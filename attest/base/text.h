/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - hex, base64url, RFC 3339 and UTF-8, strict in both directions.
 *
 * Sources: RFC 4648 sections 5 and 8 (no padding, unused bits zero), RFC 3339 section 5.6 (upper-case T and
 * Z only, whole seconds, offset Z), RFC 3629 section 4 (no surrogates, no overlong forms). */
#ifndef ATTEST_BASE_TEXT_H
#define ATTEST_BASE_TEXT_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum { RFC3339_LEN = 20 }; /* 2026-11-24T12:00:00Z */

/* Lower-case hex into dst[2 * in.len + 1], NUL-terminated. */
void hex_encode(struct slice in, char *dst);

/* Decode hex of either case; an odd length or another character is ERR_MALFORMED, more than `cap` bytes ERR_LIMIT. */
enum err hex_decode(struct slice text, uint8_t *dst, size_t cap, size_t *len,
                    struct why *why) MUST_USE;

/* Characters, without NUL, that `len` bytes take in base64url. */
size_t b64url_len(size_t len);

/* base64url without padding into dst[b64url_len(in.len) + 1], NUL-terminated. */
void b64url_encode(struct slice in, char *dst);

/* Decode; padding, '+', '/', white space, length mod 4 == 1 or non-zero unused bits are ERR_MALFORMED,
 * more than `cap` bytes ERR_LIMIT. */
enum err b64url_decode(struct slice text, uint8_t *dst, size_t cap, size_t *len,
                       struct why *why) MUST_USE;

/* Seconds since 1970 of "YYYY-MM-DDThh:mm:ssZ", years 1970 to 9999. */
enum err rfc3339_parse(struct slice text, int64_t *unix_s, struct why *why) MUST_USE;

/* A time before 1970 or after the year 9999 is written as the nearest second that can be. */
void rfc3339_format(int64_t unix_s, char dst[RFC3339_LEN + 1]);

/* Bytes of the well-formed UTF-8 sequence that `s` begins with, 1..4; 0 when it begins with none. */
size_t utf8_len(struct slice s);

/* How many bytes from the start are ASCII that stands for itself in a JSON string: 0x20 to 0x7e but for '"' and '\'. */
size_t text_plain(struct slice s);

bool utf8_ok(struct slice s);

enum { SHOWN_MAX = 40 };

struct shown {
    char text[SHOWN_MAX + 1];
};

/* Text from outside made fit for a message: its first SHOWN_MAX bytes, '?' for a quote, a backslash and whatever is not printable
 * ASCII.  Not for tokens, signatures or keys. */
struct shown text_show(struct slice s);

#endif
