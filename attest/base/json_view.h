/* SPDX-License-Identifier: Apache-2.0 */
/* json_view.h - values of a JSON text as slices of it, without a tree and without allocation.
 *
 * Only for text that json_gate() has passed: that every reader sees the same members is its promise, and nothing here checks
 * it again.  A value is a slice without white space around it.  Source: RFC 8259. */
#ifndef ATTEST_BASE_JSON_VIEW_H
#define ATTEST_BASE_JSON_VIEW_H

#include "attest/base/slice.h"

/* The value that the text as a whole is. */
struct slice json_view_whole(struct slice text);

/* The member of this name; false when `object` is no object or has none. */
bool json_view_member(struct slice object, const char *name, struct slice *value);

/* The members of these `n` names in one pass; an empty slice is one that is not there.  Returns how many members the object has. */
size_t json_view_find(struct slice object, const char *const *names, size_t n,
                      struct slice *values);

/* The same, and the object has no member of another name. */
bool json_view_members(struct slice object, const char *const *names, size_t n,
                       struct slice *values);

/* How many members or elements it has; 0 when it is neither object nor array. */
size_t json_view_count(struct slice value);

/* Elements in order: begin with *rest = the array itself (json_view_array()), false at the end. */
bool json_view_array(struct slice value, struct slice *rest);
bool json_view_next(struct slice *rest, struct slice *element);

bool json_view_is_object(struct slice value);

/* Contents of a string without escapes; false for anything else. */
bool json_view_text(struct slice value, struct slice *contents);

/* A whole number 0..max, written without sign, point or exponent. */
bool json_view_u64(struct slice value, uint64_t max, uint64_t *out);

bool json_view_bool(struct slice value, bool *out);

#endif
