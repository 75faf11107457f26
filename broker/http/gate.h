/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h - may this head of a request be believed at all?
 *
 * libmicrohttpd 0.9.75 is lenient: it loses folded headers, ends lines at a bare LF, cuts
 * values at NUL, takes the first of two Content-Lengths and lets Transfer-Encoding win.  The
 * gate sees what it made of the head and refuses everything that another reader of the same
 * bytes could understand differently, before one byte of the body is looked at.
 *
 * It knows where each piece lies in the received bytes and demands that they follow each other
 * without a gap: method, SP, target, SP, version, CRLF, then name, colon, one blank, value,
 * CRLF for each header, and CRLF.  (Comparing only the sum of the lengths with the size of the
 * head is not enough: a bare LF takes one byte away and a second blank adds one.)  Only a NUL in
 * the place of a separator goes unseen; it hides nothing.
 * Sources: RFC 9112 sections 2 to 6, RFC 9110 sections 5.5, 5.6.2 and 10.1.1;
 * spec/reliability.md section 1.
 * Pure: no I/O, no allocation. */
#ifndef BROKER_HTTP_GATE_H
#define BROKER_HTTP_GATE_H

#include "attest/base/slice.h"

enum {
    HEAD_FIELDS_MAX = 64,    /* header lines */
    HEAD_MAX = 24 * 1024,    /* bytes of a whole head */
    HEAD_TARGET_MAX = 4096,  /* bytes of the request target, query included */
    HEAD_HOST_MAX = 255,     /* bytes */
    HEAD_LENGTH_DIGITS = 15, /* of Content-Length */
};

/* A piece of the head and where it was found. */
struct head_part {
    struct slice text;
    size_t at; /* offset from the first byte of the method; SIZE_MAX when it lies elsewhere */
};

struct head_field {
    struct head_part name;
    struct head_part value;
};

/* A head as the HTTP library understood it.  Everything is borrowed. */
struct head {
    struct slice method;
    struct head_part target; /* raw, with the query */
    struct head_part version;
    struct head_field field[HEAD_FIELDS_MAX];
    size_t fields;      /* seen; may be more than HEAD_FIELDS_MAX, then the rest is not kept */
    size_t size;        /* bytes from the method to the end of the empty line */
    const uint8_t *raw; /* those bytes, where the library has put NUL over separators */
};

/* What the gate learned from a head that passed. */
struct head_facts {
    struct slice path;
    struct slice query;     /* after '?'; empty when absent */
    int64_t content_length; /* -1 when absent */
};

struct head_refusal {
    unsigned status;
    const char *code;
    const char *detail;
};

/* NULL when the head may be believed, then *facts is set; else the first reason against it,
 * static. */
const struct head_refusal *gate_check(const struct head *h, struct head_facts *facts);

/* A header's value and the number of lines with that name (any case); NULL and 0 when absent. */
const struct head_part *head_find(const struct head *h, const char *name, size_t *count);

#endif
