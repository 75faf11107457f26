/* SPDX-License-Identifier: Apache-2.0 */
/* cbor_gate.h - look before libcbor leaps.
 *
 * libcbor allocates what an array or map header declares before it has seen one element, accepts
 * bytes after the item and accepts encodings that are not the shortest.  This gate refuses all of
 * that without allocating; only bytes that pass may reach cbor_load().
 *
 * Source: RFC 8949, section 4.2.1 (core deterministic encoding), less the ordering of map keys.
 */
#ifndef ATTEST_BASE_CBOR_GATE_H
#define ATTEST_BASE_CBOR_GATE_H

#include "attest/base/rd.h"

enum { CBOR_DEPTH_MAX = 16 };

/* One complete, definite-length, shortest-form item and nothing after it. */
enum err cbor_gate(struct slice in, const char *what, struct why *why) MUST_USE;

#endif
