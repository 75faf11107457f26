/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - one guest's conversation with one broker: its key, attestation result and tokens.
 *
 * Belongs to one thread (the agent's).  Everything secret in it is released and wiped by
 * session_done() or when the sandbox ends.  Each request carries a DPoP proof with the newest nonce
 * that the broker gave; `use_dpop_nonce` is answered once with the nonce that came along.
 *
 * Source: docs/API.md; RFC 9449 sections 5, 7 and 8; RFC 8693 section 2. */
#ifndef CLIENTS_SESSION_H
#define CLIENTS_SESSION_H

#include "clients/http.h"
#include "clients/key.h"
#include "clients/settings.h"

enum {
    SESSION_TOKENS = 16,   /* kept at a time; the one that ends first makes room */
    SCOPE_MAX = 512,       /* with NUL */
    AUDIENCE_MAX = 256,    /* with NUL */
    TOKEN_LEFT_S = 30,     /* a kept token with less life left is renewed */
    LEASE_SLACK_S = 60,    /* how long after the lease's end an unreachable broker is given up */
    EVIDENCE_MAX = 262144, /* bytes of JSON: what a broker takes (docs/API.md) */
};

enum session_state { SESSION_NONE, SESSION_LIVE, SESSION_ENDED };

struct held_token {
    char scope[SCOPE_MAX];
    char audience[AUDIENCE_MAX]; /* "": the broker itself */
    char *text;                  /* owned; NULL: a free slot */
    int64_t until;               /* unix seconds */
};

struct session {
    enum session_state state;
    struct http *http; /* owned */
    struct guest_key key;
    char server[SERVER_MAX], policy[ID_MAX], sandbox[ID_MAX], verdict[ID_MAX];
    char ca[PATH_LEN]; /* "": the system's roots */
    char nonce[HTTP_NONCE];
    char *ear; /* owned */
    int64_t ear_until;
    struct held_token token[SESSION_TOKENS];
    int64_t heartbeat_s, lease_until;
    int64_t beat_at_ms;       /* monotonic; 0: none due */
    char ended_why[WHY_TEXT]; /* SESSION_ENDED */
    char *receipt;            /* owned; what teardown answered */
};

void session_done(struct session *s);

/* Everything that can act for the sandbox is wiped; the receipt and the names stay. */
void session_end(struct session *s, const char *reason);

/* ---- session.c: requests */

struct call {
    const char *method;
    const char *path;
    const char *token;        /* access token that goes along; NULL: none */
    const char *content_type; /* NULL: no body */
    struct slice body;
    bool bare; /* no DPoP proof: the challenge comes before the first nonce */
};

/* *reply: the body of a 2xx answer, {} when there was none; owned by the caller. */
enum err session_call(struct session *s, const struct call *c, json_t **reply,
                      struct fault *f) MUST_USE;

/* A call to a route of the guest's own, with a token of `scope` ("": all that is granted).
 * body: NULL for none.  Ends the session when the broker says that the sandbox has ended. */
enum err session_own(struct session *s, const char *scope, const struct call *c, json_t **reply,
                     struct fault *f) MUST_USE;

/* Not live: ERR_NOT_FOUND (not_attested) or ERR_GONE (sandbox_ended). */
enum err session_live(const struct session *s, struct fault *f) MUST_USE;

/* ---- session_attest.c */

struct attest_want {
    const char *server, *ca, *policy;
    const char *tcti, *ak, *pcrs, *key;
    const char *ak_certificate;     /* DER file; NULL: none */
    const char *ek;                 /* persistent handle; NULL: none */
    const char *event_log, *pcrsig; /* struct evidence_want */
    const char *evidence;           /* types: struct collect_want */
    struct places from;
    int vmpl; /* -1: not asked for */
    const volatile sig_atomic_t *stop;
    bool again;
};

/* Challenge, evidence, attestation.  On success the session is live and *reply says so; on a failure
 * it is what it was before. */
enum err session_attest(struct session *s, const struct attest_want *want, json_t **reply,
                        struct fault *f) MUST_USE;

/* ---- session_token.c */

/* A token that lives at least min_left_s more, kept or new; *token is borrowed until the next call
 * of any function here. */
enum err session_token(struct session *s, const char *scope, const char *audience,
                       int64_t min_left_s, const struct held_token **token,
                       struct fault *f) MUST_USE;

/* Forget what is kept for this scope and audience. */
void session_token_drop(struct session *s, const char *scope, const char *audience);

/* ---- session_act.c */

/* Keep what the broker says of the lease, and plan the next heartbeat. */
enum err session_lease(struct session *s, const json_t *lease, struct fault *f) MUST_USE;

enum err session_beat(struct session *s, struct fault *f) MUST_USE;
enum err session_teardown(struct session *s, const char *reason, json_t **reply,
                          struct fault *f) MUST_USE;
json_t *session_status(const struct session *s);

/* ---- replies of the broker: what must be there */

enum err reply_text(const json_t *obj, const char *name, char *dst, size_t cap,
                    struct fault *f) MUST_USE;
enum err reply_int(const json_t *obj, const char *name, int64_t min, int64_t max, int64_t *out,
                   struct fault *f) MUST_USE;

#endif
