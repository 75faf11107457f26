/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - why an operation did not succeed.
 *
 * A fallible function returns `enum err` and, on anything but ERR_OK, has written at least one link
 * into the caller's `struct why`.  The innermost cause is link 0; each caller on the way out may add
 * one link of context.  There is no thread-local or global error state.
 *
 * Three things are kept apart everywhere: the caller's bytes are wrong (MALFORMED, LIMIT), the
 * answer is no (UNAUTHENTICATED, DENIED, NOT_FOUND, CONFLICT, GONE), and we could not decide
 * (BUSY, UNABLE, NOMEM, IO, BUG).
 */
#ifndef ATTEST_BASE_ERR_H
#define ATTEST_BASE_ERR_H

#include <stddef.h>

enum err {
    ERR_OK = 0,
    ERR_MALFORMED,       /* the bytes are not what the specification describes */
    ERR_LIMIT,           /* larger, deeper or more than we accept */
    ERR_UNAUTHENTICATED, /* no proof of who is asking, or a wrong one */
    ERR_DENIED,          /* well-formed and refused; the verdict says which check */
    ERR_NOT_FOUND,
    ERR_CONFLICT, /* already used, already there, or not the version that was expected */
    ERR_GONE,     /* was there and has ended for good */
    ERR_BUSY,     /* a bound is reached; trying again later helps */
    ERR_UNABLE,   /* something needed is missing, stale or down; later may help */
    ERR_NOMEM,
    ERR_IO, /* store, file or network; trying again may help */
    ERR_BUG,
};

enum { WHY_LINKS = 6, WHY_TEXT = 160 };

struct why {
    size_t n; /* links in use */
    char link[WHY_LINKS][WHY_TEXT];
};

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Run destructor `fn` when the variable leaves scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* Pass a failure on unchanged.  The only macro in this project that hides control flow. */
#define TRY(call)                  \
    do {                           \
        enum err try_err = (call); \
        if (try_err != ERR_OK) {   \
            return try_err;        \
        }                          \
    } while (0)

/* Append one link and return `code`, so a failure is reported and returned in one statement.
 * When the chain is full the last link is overwritten: the innermost cause is never lost. */
enum err why_add(struct why *why, enum err code, const char *fmt, ...) PRINTF(3, 4) MUST_USE;

/* The innermost cause, or "" when there is none. */
const char *why_text(const struct why *why);

#endif
