/* SPDX-License-Identifier: Apache-2.0 */
/* api.h - what the handlers of all resources share.  The handlers themselves are rows of routes.c. */
#ifndef BROKER_API_API_H
#define BROKER_API_API_H

#include <jansson.h>

#include "attest/base/wr.h"
#include "broker/flow/broker.h"
#include "broker/flow/fault.h"
#include "broker/flow/guest.h"

/* How a route learns who is asking; the handler does it, the table says it. */
enum api_auth {
    AUTH_NONE = 0,
    AUTH_PROOF,  /* DPoP proof by the key that is presented */
    AUTH_TOKEN,  /* access token of ours and its DPoP proof */
    AUTH_URL,    /* capability in the URL */
    AUTH_CLIENT, /* client assertion, or client certificate on the admin listener */
    AUTH_ROLE,   /* client certificate and role */
};

extern const struct route API_ROUTES[];
extern const size_t API_ROUTES_N;

const char *api_auth_name(unsigned auth);

/* A compact JSON body; takes the object. */
void api_json(struct http_reply *out, unsigned status, json_t *obj);

/* A JSON object that is written straight into the reply's buffer of `cap` bytes, so that no copy of
 * a credential stays behind: begin, members in order, end. */
void api_begin(struct wr *w, size_t cap);
void api_member(struct wr *w, const char *name, const char *value);
void api_number(struct wr *w, const char *name, int64_t value);
void api_lease(struct wr *w, int64_t heartbeat_s, int64_t until); /* "lease" */
void api_end(struct wr *w, unsigned status, struct http_reply *out);

/* problem+json of a fault, with "verdict" and "failed" when evidence was judged, and the headers that DPoP faults need. */
void api_fault(struct broker *b, struct http_reply *out, const struct fault *f);

/* The same for administrators: with the cause, whatever it is, and nothing of DPoP.  A denial goes on
 * record first; *f becomes the trouble when it cannot.  who: NULL for an unregistered certificate. */
void api_admin_fault(const struct http_request *req, const struct principal *who,
                     struct http_reply *out, struct fault *f);

/* The OAuth form of the same (RFC 6749 section 5.2). */
void api_oauth_fault(struct broker *b, struct http_reply *out, const struct fault *f);

/* DPoP-Nonce of now, on every reply to a guest. */
void api_nonce(struct broker *b, struct http_reply *out);

/* Countersign-Challenge: the next challenge. */
void api_challenge(struct broker *b, struct http_reply *out);

/* The person behind the client certificate, if the row's roles allow it; NULL: the reply is filled with the refusal. */
const struct principal *api_principal(const struct http_request *req, struct http_reply *out);

/* Body of a JSON route; *out is owned by the caller.  False: the reply is filled. */
bool api_body(const struct http_request *req, json_t **out, struct http_reply *reply);

/* A body that is an object without members.  False: the reply is filled. */
bool api_empty(const struct http_request *req, struct http_reply *reply);

/* "YYYY-MM-DDThh:mm:ssZ", or null for 0 and for "never". */
json_t *api_time(int64_t unix_s);

#endif
