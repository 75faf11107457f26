/* SPDX-License-Identifier: Apache-2.0 */
/* json_walk.h - members and elements of JSON text that json_gate() has accepted, as slices of it.
 *
 * Nothing is copied, converted or allocated, so what is read is byte for byte what was hashed.  On text that did not pass the gate
 * it stays inside its input and ends, and what it yields means nothing.
 *
 * Source: RFC 8259. */
#ifndef ATTEST_AZURE_JSON_WALK_H
#define ATTEST_AZURE_JSON_WALK_H

#include "attest/base/rd.h"

struct json_item {
    struct slice name;  /* between the quotes; empty in an array */
    struct slice value; /* the text of the value, without white space around it */
};

struct json_walk {
    struct rd r;
    bool object;
};

/* Before the first item of an object or array; a text that is neither has no items. */
struct json_walk json_walk_init(struct slice container);

/* The next item; false when there is none. */
bool json_walk_next(struct json_walk *w, struct json_item *out);

bool json_is_object(struct slice value);
bool json_is_array(struct slice value);

/* A string that stands for itself: its bytes between the quotes.  False for another type and for a string with escapes. */
bool json_plain_text(struct slice value, struct slice *out);

#endif
