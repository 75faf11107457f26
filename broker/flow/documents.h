/* SPDX-License-Identifier: Apache-2.0 */
/* documents.h - policies and reference sets: put, approve, revoke.  Each change is on record before it takes effect. */
#ifndef BROKER_FLOW_DOCUMENTS_H
#define BROKER_FLOW_DOCUMENTS_H

#include <jansson.h>

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

#define DOCUMENT_TYP "countersign-document+jws"
#define APPROVAL_TYP "countersign-approval+jws"

/* Which document is meant. */
struct document_ref {
    const char *kind; /* "policy" or "reference-set" */
    const char *id;
    int64_t version; /* not looked at by put: the document says it */
};

/* A document as its author signed it.  `who` is the person of the client certificate.  Codes: signature_invalid, role_missing, document_malformed, id_mismatch, version_conflict. */
enum err flow_document_put(struct broker *b, const struct principal *who,
                           const struct document_ref *ref, struct slice jws,
                           struct document_row *out, struct fault *f) MUST_USE;

/* Codes: signature_invalid, role_missing, document_malformed, document_unknown, digest_mismatch, own_document, approved_already. */
enum err flow_approve(struct broker *b, const struct principal *who, struct slice jws,
                      char object[256], bool *active, struct fault *f) MUST_USE;

/* Revoke and end every live sandbox that rests on it; their ids in *ended (owned by the caller). */
enum err flow_document_revoke(struct broker *b, const struct principal *who,
                              const struct document_ref *ref, const char *reason, json_t **ended,
                              struct fault *f) MUST_USE;

#endif
