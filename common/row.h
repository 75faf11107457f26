/* SPDX-License-Identifier: Apache-2.0 */
/* row.h - one evidence row of a policy, and compound reference values, from JSON to what
 * attest_verify() expects.
 *
 * The same reader serves the broker's policies and `countersign verify --policy`.  Every golden
 * field is a list of lower-case hex or "ignore" in so many words; unknown members are refused by
 * name; what is not said takes the refusing default.
 *
 * A tpm2 row:   { "type": "tpm2", "reference_set": "boot", "pcrs": "sha256:0,7",
 *                 "values": { "sha256:7": ["hex", ...] } | "ignore",
 *                 "ak_trust": ["pinned-name", ...], "ak_names": ["hex", ...],
 *                 "allow_owner_hierarchy": false }
 * A reference set entry: { "label": "build 42", "expires": "2027-01-01T00:00:00Z",
 *                 "tpm2": { "values": { "sha256:7": ["hex"] }, "ak_names": ["hex"] } }
 *                 (all of one entry together)
 *
 * ERR_MALFORMED: not of that form.  ERR_LIMIT: too many or too long.  ERR_DENIED: well-formed, but
 * nothing that may be relied on: policy.resettable_pcr (16 and 23, which software can reset),
 * policy.weak_bank (SHA-1).  ERR_UNABLE: a rule or a type of evidence that this version lacks. */
#ifndef COMMON_ROW_H
#define COMMON_ROW_H

#include <jansson.h>

#include "attest/attest.h"

enum { ROW_REFERENCE_SET_MAX = 64, ROW_AK_NAMES_MAX = 1024, REFERENCE_ENTRIES_MAX = 256 };

/* Owns everything that `want` points to; release with evidence_row_free(). */
struct evidence_row {
    enum evidence_type type;
    char reference_set[ROW_REFERENCE_SET_MAX]; /* "" when the row names none */
    struct expectation want;                   /* without binding and nonce */
    void *owned;
};

void evidence_row_free(struct evidence_row **row);

/* The row of the safe defaults with every golden value ignored: authentic and sound, not
 * approved. */
struct evidence_row *evidence_row_default(enum evidence_type type);

/* A row names `values` or a `reference_set`, never both.  With a reference set golden_wanted is
 * true and golden_n is 0: the caller puts in the compounds of the set. */
enum err evidence_row_read(json_t *obj, struct evidence_row **out, struct why *why) MUST_USE;

/* Values of a reference set, ready to be used as compounds. */
struct reference_entry {
    char label[128];
    int64_t expires_unix;     /* INT64_MAX when it does not expire */
    struct tpm_golden golden; /* pcr array owned by the set; golden.label borrows label */
    struct slice *ak_names;   /* owned by the set */
    size_t ak_names_n;
};

struct reference_set {
    char id[ROW_REFERENCE_SET_MAX];
    int64_t version;
    enum evidence_type type;
    struct reference_entry *entry;
    size_t n;
    void *owned;
};

void reference_set_free(struct reference_set **set);

/* { "id", "version", "type", "values": [entry, ...] }; an entry has `values`, `ak_names` or
 * both. */
enum err reference_set_read(json_t *obj, struct reference_set **out, struct why *why) MUST_USE;

#endif
