/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - the small languages inside a policy: identifiers, URIs, scopes, media types, key
 * prefixes, tags.
 *
 * Each check refuses what later code would have to interpret: whatever passes can be compared
 * byte by byte. `what` is the member's path, for example "grant.upload[0].prefix"; the refusal
 * is ERR_MALFORMED and begins with it. */
#ifndef BROKER_POLICY_WORDS_H
#define BROKER_POLICY_WORDS_H

#include <jansson.h>

#include "attest/base/err.h"

/* Letters, digits and . _ - after a letter or digit. */
enum err word_id(const char *text, const char *what, struct why *why) MUST_USE;

/* RFC 6749 section 3.3, scope-token. */
enum err word_scope(const char *text, const char *what, struct why *why) MUST_USE;

/* RFC 3986 absolute https URI with a host, without user and fragment; http only to this
 * machine itself (127.0.0.1, [::1], localhost). */
enum err word_uri(const char *text, const char *what, struct why *why) MUST_USE;

/* RFC 6838 section 4.2: type/subtype, no parameters. */
enum err word_media_type(const char *text, const char *what, struct why *why) MUST_USE;

/* The folder of an object store's key: relative, ends in "/", no empty, "." or ".." segment,
 * only characters that every store takes as they are, ${sandbox} somewhere so that no two
 * sandboxes share it, ${purpose} if wanted, and no other placeholder. */
enum err word_prefix(const char *text, const char *what, struct why *why) MUST_USE;

/* Characters that object stores allow in tags; a value may also hold the two placeholders. */
enum err word_tag_name(const char *text, const char *what, struct why *why) MUST_USE;
enum err word_tag_value(const char *text, const char *what, struct why *why) MUST_USE;

/* Printable ASCII, not empty. */
enum err word_plain(const char *text, const char *what, struct why *why) MUST_USE;

/* Where the texts of an array go: `cap` fields of `stride` bytes each. */
struct word_list {
    char *dst;
    size_t stride;
    size_t cap;
    enum err (*check)(const char *text, const char *what, struct why *why);
};

/* One text or more, each checked, none twice.  ERR_LIMIT: too long or too many. */
enum err words_read(const json_t *array, const char *what, const struct word_list *list, size_t *n,
                    struct why *why) MUST_USE;

#endif
