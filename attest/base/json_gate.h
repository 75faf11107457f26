/* SPDX-License-Identifier: Apache-2.0 */
/* json_gate.h - JSON text that may be parsed, or embedded, without surprise.
 *
 * Accepts one value of RFC 8259 with white space around it, in well-formed UTF-8, and nothing after it.  Refuses nesting deeper
 * than JSON_GATE_DEPTH, NUL and lone surrogates in strings, and numbers that a double may not hold (more than
 * JSON_GATE_NUMBER characters or an exponent of more than two digits).  Does not allocate.
 *
 * Source: RFC 8259; RFC 7493 (I-JSON) sections 2.1 to 2.3. */
#ifndef ATTEST_BASE_JSON_GATE_H
#define ATTEST_BASE_JSON_GATE_H

#include "attest/base/rd.h"

enum { JSON_GATE_DEPTH = 16, JSON_GATE_MEMBERS = 64, JSON_GATE_NUMBER = 64 };

/* Also: at most JSON_GATE_MEMBERS members in an object, all of different names, no escapes in names.  What passes means the
 * same to every reader.  ERR_MALFORMED names the place. */
enum err json_gate(struct slice in, const char *what, struct why *why) MUST_USE;

/* The same, and the value is an object. */
enum err json_gate_object(struct slice in, const char *what, struct why *why) MUST_USE;

/* Without the rules on members: for a parser that refuses duplicates itself and needs its recursion bounded. */
enum err json_gate_shape(struct slice in, const char *what, struct why *why) MUST_USE;

#endif
