/* SPDX-License-Identifier: Apache-2.0 */
/* agent_request.h - what a command may ask the agent: bytes to a bound request.
 *
 * Each operation has a row that says which members it takes and which it needs; another member, a
 * missing one, a wrong type or an over-long text is refused by name.  Source: clients/lib/agent_wire.h. */
#ifndef CLIENTS_AGENT_REQUEST_H
#define CLIENTS_AGENT_REQUEST_H

#include <jansson.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"
#include "clients/places.h"

enum agent_op {
    AGENT_PING,
    AGENT_STATUS,
    AGENT_STOP,
    AGENT_ATTEST,
    AGENT_TOKEN,
    AGENT_HEADERS,
    AGENT_UPLOAD,
    AGENT_COMMIT,
    AGENT_ABANDON,
    AGENT_HEARTBEAT,
    AGENT_TEARDOWN,
};

/* Texts borrow from `json`; one that was not sent is NULL. */
struct agent_request {
    enum agent_op op;
    json_t *json; /* owned */
    const char *server, *ca, *policy, *tcti, *ak, *pcrs, *key, *ak_certificate, *ek;
    const char *event_log, *pcrsig;
    const char *evidence;
    struct places from;
    const char *scope, *audience, *method, *url, *nonce;
    const char *store, *name, *content_type, *sha256;
    const char *id, *reason;
    int64_t size, min_left_s;
    int64_t vmpl; /* -1: not asked for */
    bool again;
};

void agent_request_done(struct agent_request *r);

enum err agent_request_read(struct slice text, struct agent_request *out, struct why *why) MUST_USE;

/* From a parsed object, which it takes a reference to. */
enum err agent_request_bind(json_t *obj, struct agent_request *out, struct why *why) MUST_USE;

#endif
