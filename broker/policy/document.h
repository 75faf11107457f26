/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - a signed policy or reference set, and a signed approval of one, checked against
 * persons.
 *
 * A document is a compact JWS (typ "countersign-document+jws") over the exact bytes of the
 * JSON document, by a registrar. An approval is one (typ "countersign-approval+jws") over
 * {"approve": "policy/summarizer/8", "digest": "<hex>"}, by an approver who is not the author.
 * DESIGN sections 5 and 8. */
#ifndef BROKER_POLICY_DOCUMENT_H
#define BROKER_POLICY_DOCUMENT_H

#include "broker/policy/policy.h"

/* Owned by whoever had it checked; release with document_done(). */
struct document {
    char id[64];
    int64_t version;
    char digest[STORE_DIGEST]; /* hex SHA-256 of payload */
    char author[64];
    uint8_t *payload; /* the document's exact bytes */
    size_t payload_len;
    struct policy *policy;     /* when the kind is "policy" */
    struct reference_set *set; /* when the kind is "reference-set" */
};

void document_done(struct document *d);

/* Signature, role and content. ERR_UNAUTHENTICATED and ERR_DENIED as document_signer();
 * ERR_MALFORMED, ERR_LIMIT: the document itself; ERR_UNABLE: it asks for what this version
 * does not support. */
enum err document_check(const struct principals *who, const char *kind, struct slice jws,
                        struct document *out, struct why *why) MUST_USE;

/* ERR_CONFLICT: it approves another document or digest; ERR_DENIED: by the author, or without
 * the role. *by is one of `who`. */
enum err approval_check(const struct principals *who, const char *kind, const struct document *of,
                        struct slice jws, const struct principal **by, struct why *why) MUST_USE;

#endif
