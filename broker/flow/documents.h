/* SPDX-License-Identifier: Apache-2.0 */
/* documents.h - policies and reference sets: put, approve, revoke.  Each change is on record before it takes effect. */
#ifndef BROKER_FLOW_DOCUMENTS_H
#define BROKER_FLOW_DOCUMENTS_H

#include <jansson.h>

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"

#define DOCUMENT_TYP "countersign-document+jws"
#define APPROVAL_TYP "countersign-approval+jws"

enum { OBJECT_TEXT = 256 }; /* holds "policy/summarizer/8" of any id and version, with NUL */

/* Digits alone, without leading zeros: a document has one name.  ERR_MALFORMED. */
enum err document_version(const char *text, int64_t *version, struct why *why) MUST_USE;

/* Which document is meant. */
struct document_ref {
    const char *kind; /* "policy" or "reference-set" */
    const char *id;
    int64_t version; /* not looked at by put: the document says it */
};

/* The book as the ledger has it now.  Others know of a change within a turn of their keepers; whoever
 * made it, or is about to refuse because something is not in the book, does not wait for that. */
enum err flow_documents_refresh(struct broker *b, struct fault *f) MUST_USE;

/* A document as its author signed it.  `who` is the person of the client certificate.  Codes:
 * signature_invalid, role_missing, document_malformed, id_mismatch, version_conflict. */
enum err flow_document_put(struct broker *b, const struct principal *who,
                           const struct document_ref *ref, struct slice jws,
                           struct document_row *out, struct fault *f) MUST_USE;

/* Codes: signature_invalid, role_missing, document_malformed, document_unknown, digest_mismatch,
 * own_document, approved_already, document_revoked. */
enum err flow_approve(struct broker *b, const struct principal *who, struct slice jws,
                      char object[OBJECT_TEXT], bool *active, struct fault *f) MUST_USE;

/* Revoke it and end, in the same transaction, every sandbox that rests on it; the keeper sees to
 * their uploads and receipts.  *ended (owned by the caller, also after a
 * failure) has the members of the reply: "ended",
 * the first thousand ids, and "ended_count".  Codes: document_unknown. */
enum err flow_document_revoke(struct broker *b, const struct principal *who,
                              const struct document_ref *ref, const char *reason, json_t **ended,
                              struct fault *f) MUST_USE;

#endif
