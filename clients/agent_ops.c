/* SPDX-License-Identifier: Apache-2.0 */
/* agent_ops.c - see agent_ops.h. */
#include "clients/agent_ops.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/mem.h"

enum { UPLOAD_PATH = 128 };

static const char *
or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static enum err
do_status(struct session *s, json_t **reply)
{
    *reply = session_status(s);
    (void)json_object_set_new(*reply, "pid", json_integer(getpid()));
    return ERR_OK;
}

static enum err
do_attest(struct session *s, const struct agent_request *r, const volatile sig_atomic_t *stop,
          json_t **reply, struct fault *f)
{
    const struct attest_want want = {
        .server = r->server,
        .ca = r->ca,
        .policy = r->policy,
        .tcti = r->tcti,
        .ak = r->ak,
        .pcrs = r->pcrs,
        .key = r->key,
        .ak_certificate = r->ak_certificate,
        .ek = r->ek,
        .event_log = r->event_log,
        .pcrsig = r->pcrsig,
        .evidence = r->evidence,
        .from = r->from,
        .vmpl = (int)r->vmpl,
        .stop = stop,
        .again = r->again,
    };

    return session_attest(s, &want, reply, f);
}

static enum err
do_token(struct session *s, const struct agent_request *r, json_t **reply, struct fault *f)
{
    const struct held_token *t = NULL;

    TRY(session_token(s, or_empty(r->scope), or_empty(r->audience), r->min_left_s, &t, f));
    *reply = json_pack("{s:s, s:s, s:I, s:s}", "access_token", t->text, "token_type", "DPoP",
                       "expires_in", (json_int_t)(t->until - clock_unix()), "scope", t->scope);
    return ERR_OK;
}

/* Is this URL one of our broker's, whose nonce we hold? */
static bool
at_broker(const struct session *s, const char *url)
{
    size_t n = strlen(s->server);

    return strncmp(url, s->server, n) == 0 && (url[n] == '/' || url[n] == '\0');
}

static enum err
do_headers(struct session *s, const struct agent_request *r, json_t **reply, struct fault *f)
{
    const struct held_token *t = NULL;
    char *proof AUTO(mem_free_text) = NULL;
    struct proof_want want = {.method = r->method, .url = r->url, .nonce = r->nonce};

    TRY(session_token(s, or_empty(r->scope), or_empty(r->audience), r->min_left_s, &t, f));
    want.token = t->text;
    if (want.nonce == NULL && at_broker(s, r->url)) {
        want.nonce = s->nonce;
    }
    TRY(guest_key_proof(&s->key, &want, &proof, f));
    *reply = json_pack("{s:s, s:s, s:I}", "access_token", t->text, "dpop", proof, "expires_in",
                       (json_int_t)(t->until - clock_unix()));
    return ERR_OK;
}

static enum err
do_upload(struct session *s, const struct agent_request *r, json_t **reply, struct fault *f)
{
    const char *url = NULL;
    json_t *body AUTO(json_free) =
        json_pack("{s:s, s:s, s:I, s:s}", "store", r->store, "name", r->name, "size",
                  (json_int_t)r->size, "content_type", r->content_type);
    char *text AUTO(mem_free_text) = NULL;
    struct call c = {.method = "POST", .path = "/v1/uploads", .content_type = "application/json"};

    if (r->sha256 != NULL) {
        (void)json_object_set_new(body, "sha256", json_string(r->sha256));
    }
    text = json_text(body);
    c.body = slice_text(text);
    TRY(session_own(s, "upload", &c, reply, f));
    url = json_string_value(json_object_get(*reply, "url"));
    if (url != NULL && s->ca[0] != '\0' && at_broker(s, url)) {
        (void)json_object_set_new(*reply, "ca", json_string(s->ca));
    }
    return ERR_OK;
}

static enum err
do_commit(struct session *s, const struct agent_request *r, json_t **reply, struct fault *f)
{
    char path[UPLOAD_PATH];
    struct call c = {.method = "POST",
                     .path = path,
                     .content_type = "application/json",
                     .body = slice_text("{}")};

    (void)snprintf(path, sizeof path, "/v1/uploads/%s/commit", r->id);
    return session_own(s, "upload", &c, reply, f);
}

static enum err
do_abandon(struct session *s, const struct agent_request *r, json_t **reply, struct fault *f)
{
    char path[UPLOAD_PATH];
    struct call c = {.method = "DELETE", .path = path};

    (void)snprintf(path, sizeof path, "/v1/uploads/%s", r->id);
    return session_own(s, "upload", &c, reply, f);
}

static enum err
do_heartbeat(struct session *s, json_t **reply, struct fault *f)
{
    TRY(session_beat(s, f));
    *reply = session_status(s);
    return ERR_OK;
}

static enum err
do_teardown(struct session *s, const struct agent_request *r, json_t **reply, struct fault *f)
{
    return session_teardown(s, or_empty(r->reason), reply, f);
}

enum err
agent_op_run(struct session *s, const struct agent_request *r, const volatile sig_atomic_t *stop,
             json_t **reply, struct fault *f)
{
    switch (r->op) {
    case AGENT_PING:
    case AGENT_STOP: /* the loop looks at it after the answer */
        *reply = json_pack("{s:i}", "pid", (int)getpid());
        return ERR_OK;
    case AGENT_STATUS: return do_status(s, reply);
    case AGENT_ATTEST: return do_attest(s, r, stop, reply, f);
    case AGENT_TOKEN: return do_token(s, r, reply, f);
    case AGENT_HEADERS: return do_headers(s, r, reply, f);
    case AGENT_UPLOAD: return do_upload(s, r, reply, f);
    case AGENT_COMMIT: return do_commit(s, r, reply, f);
    case AGENT_ABANDON: return do_abandon(s, r, reply, f);
    case AGENT_HEARTBEAT: return do_heartbeat(s, reply, f);
    case AGENT_TEARDOWN: return do_teardown(s, r, reply, f);
    }
    return fault_add(f, ERR_BUG, "op", "operation %d", (int)r->op);
}
