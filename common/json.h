/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - strict JSON in, compact JSON out, over jansson.
 *
 * In: one value and nothing after it, at most JSON_DEPTH_MAX deep, UTF-8, no NUL in strings, no duplicate members, numbers
 * that are integers where integers are asked for.  Objects are bound by a table of members: a member that the table does not name
 * is refused by name, and so is a missing one that the table demands.
 *
 * Source: RFC 8259; RFC 7493 (I-JSON) section 2.3 for duplicates. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <jansson.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum { JSON_DEPTH_MAX = 16, JSON_BYTES_MAX = 1 << 20 };

/* For AUTO(json_free) json_t *x = NULL. */
void json_free(json_t **j);

/* Parse; *out is owned by the caller.  ERR_MALFORMED names the place; ERR_LIMIT over JSON_BYTES_MAX. */
enum err json_read(struct slice text, json_t **out, struct why *why) MUST_USE;

/* Compact, members in the order they were set, NUL-terminated; free with mem_free_text. Never NULL. */
char *json_text(const json_t *j);

enum json_kind {
    JK_TEXT,   /* const char **out: borrowed from the object; max = longest allowed, in bytes */
    JK_INT,    /* int64_t *out; min..max */
    JK_BOOL,   /* bool *out */
    JK_OBJECT, /* json_t **out: borrowed */
    JK_ARRAY,  /* json_t **out: borrowed; max = most elements */
    JK_ANY,    /* json_t **out: borrowed */
};

struct json_member {
    const char *name;
    enum json_kind kind;
    bool required;
    void *out;   /* untouched when the member is absent; the caller sets defaults first */
    int64_t min; /* JK_INT only */
    int64_t max;
};

/* Bind the members of an object.  ERR_MALFORMED: not an object, unknown, missing or of another type (seen and wanted named);
 * ERR_LIMIT: too long or out of range.  `what` names the object in messages. */
enum err json_bind(json_t *obj, const char *what, const struct json_member *members, size_t n,
                   struct why *why) MUST_USE;

/* A text value decoded as base64url into a new buffer; at most max bytes. */
enum err json_b64url(const char *text, const char *what, size_t max, uint8_t **out, size_t *len,
                     struct why *why) MUST_USE;

#endif
