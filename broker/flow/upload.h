/* SPDX-License-Identifier: Apache-2.0 */
/* upload.h - signed upload URLs and what becomes of them.
 *
 * Journalled in the ledger before anything is signed.  Mode local: the URL holds a capability of the mint (upload+jwt); bytes are streamed to
 * upload_dir, and a commit moves them, never over an existing object, into the store's folder.  Mode direct: the URL is a presigned PUT of the store. */
#ifndef BROKER_FLOW_UPLOAD_H
#define BROKER_FLOW_UPLOAD_H

#include "broker/flow/broker.h"
#include "broker/flow/fault.h"
#include "broker/flow/guest.h"

enum { UPLOAD_PATH = 2048, UPLOAD_NAME_MAX = 200 };

struct upload_ask {
    const char *store;
    const char *name;
    const char *content_type;
    const char *sha256; /* lower-case hex, or NULL */
    int64_t size;
};

struct upload_grant {
    struct upload_row row;
    char url[MINT_TOKEN + 512];
    char headers[2048]; /* lines "name: value\n" that the client must send */
    int64_t expires_in;
};

/* Wipes the URL. */
void upload_grant_free(struct upload_grant **g);

/* Codes: scope_missing, store_denied, type_denied, size_denied, name_malformed, digest_malformed. */
enum err flow_upload(struct broker *b, const struct guest *g, const struct upload_ask *ask,
                     struct upload_grant *out, struct fault *f) MUST_USE;

/* STORED (local) or OPEN (direct) to COMMITTED.  An object that cannot be put in its place is ABORTED.
 * Codes: upload_unknown, not_yours, not_stored, exists, sandbox_ended. */
enum err flow_upload_commit(struct broker *b, const struct guest *g, const char *id,
                            struct upload_row *out, struct fault *f) MUST_USE;

enum err flow_upload_abort(struct broker *b, const struct guest *g, const char *id,
                           struct fault *f) MUST_USE;

/* Where the unfinished bytes of an upload are. */
enum err upload_part_path(struct broker *b, const char *id, char *dst, size_t cap,
                          struct why *why) MUST_USE;

/* Remove them; that they are not there is no error. */
enum err upload_remove_part(struct broker *b, const char *id, struct why *why) MUST_USE;

/* Remove what an aborted upload left outside the ledger, and say in the ledger that this is done. */
enum err upload_settle(struct broker *b, const struct upload_row *u, struct why *why) MUST_USE;

/* Move a stored local upload to its final place; an object that is there already stays: ERR_CONFLICT. */
enum err upload_publish(struct broker *b, const struct upload_row *u, struct why *why) MUST_USE;

bool upload_is_direct(const struct upload_row *row);

/* The record of something that is done with an upload. */
void upload_record(const struct guest *g, const struct upload_row *row, enum mint_action action,
                   struct mint_record *r);

/* The store of that id, or NULL. */
const struct upload_store *upload_store_find(const struct broker *b, const char *id);

/* The streamed body of PUT /v1/uploads/{id}/content?t=... (upload_body.c). */
extern const struct http_stream UPLOAD_STREAM;

#endif
