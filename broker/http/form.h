/* SPDX-License-Identifier: Apache-2.0 */
/* form.h - application/x-www-form-urlencoded bodies and raw queries, strict.
 *
 * A parameter comes once, but "audience" and "resource" (RFC 8693 section 2.1) may be
 * repeated. One with an empty value counts as absent (RFC 6749 section 3.1), yet still as
 * seen: "a=&a=1" is refused.  Names and values are UTF-8 without NUL after decoding.  Refused
 * are bytes that a query may not hold (RFC 3986 section 3.4), '%' without two hexadecimal
 * digits, and an empty name.
 * Source: the form encoding of the URL standard, section 5.2. */
#ifndef BROKER_HTTP_FORM_H
#define BROKER_HTTP_FORM_H

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum { FORM_MAX = 64 /* parameters */, FORM_BYTES_MAX = 1 << 20 };

struct form {
    size_t n;
    struct {
        const char *name;  /* borrowed from text */
        const char *value; /* "" counts as absent */
    } param[FORM_MAX];
    char *text; /* owned; wiped when released, a form may carry tokens */
    size_t text_len;
};

void form_done(struct form *f);

/* Decode a whole body; release with form_done(), also after a failure.  ERR_MALFORMED, or
 * ERR_LIMIT over FORM_MAX parameters or FORM_BYTES_MAX bytes. Messages name parameters, never
 * values. */
enum err form_read(struct slice body, struct form *out, struct why *why) MUST_USE;

/* The nth value of that name that is not empty, counted from 0; NULL when there is none.
 * Borrowed from the form. */
const char *form_get(const struct form *f, const char *name, size_t nth);

size_t form_count(const struct form *f, const char *name);

/* The value of a parameter in a raw query ("a=b&c=d"; the gate has seen to it that nothing is
 * encoded); empty when absent. ERR_MALFORMED when it is there twice. */
enum err query_get(struct slice query, const char *name, struct slice *value,
                   struct why *why) MUST_USE;

#endif
