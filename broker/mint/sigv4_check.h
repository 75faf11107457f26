/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_check.h - what sigv4.c accepts to sign.  Internal to sigv4: others include sigv4.h.
 *
 * Everything that is to be signed passes here first, so that what writes the canonical request
 * meets only text that it can write.  Messages name field and offset, never the bytes. */
#ifndef BROKER_MINT_SIGV4_CHECK_H
#define BROKER_MINT_SIGV4_CHECK_H

#include "broker/mint/sigv4.h"

/* The parts of a credential, each with its length and characters. */
enum err sigv4_check_identity(const struct sigv4_identity *id, struct why *why) MUST_USE;

/* The parts of a request; `url` when it is for a URL and thus expires. */
enum err sigv4_check_request(const struct sigv4_request *req, bool url, struct why *why) MUST_USE;

/* ASCII lower case of one byte; other bytes as they are. */
static inline uint8_t
sigv4_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The same name of a header, in whatever case. */
bool sigv4_same_name(struct slice a, struct slice b);

/* Bytes from..to of s; from <= to <= s.len. */
struct slice sigv4_cut(struct slice s, size_t from, size_t to);

#endif
