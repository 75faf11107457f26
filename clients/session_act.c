/* SPDX-License-Identifier: Apache-2.0 */
/* session_act.c - what keeps a sandbox alive, what ends it, and what can be said about it. */
#include <stdio.h>
#include <string.h>

#include "clients/session.h"
#include "common/json.h"
#include "common/mem.h"

enum { BEAT_MIN_S = 1, BEAT_MAX_S = 86400, RETRY_MS = 5000, ACT_PATH = 160 };

static const char *
sandbox_path(const struct session *s, const char *act, char dst[ACT_PATH])
{
    (void)snprintf(dst, ACT_PATH, "/v1/sandboxes/%s/%s", s->sandbox, act);
    return dst;
}

/* Half of the promised interval; after a failure a quarter, at most RETRY_MS. */
static void
plan_beat(struct session *s, bool failed)
{
    int64_t wait_ms = s->heartbeat_s * 1000 / (failed ? 4 : 2);

    if (failed && wait_ms > RETRY_MS) {
        wait_ms = RETRY_MS;
    }
    s->beat_at_ms = clock_mono_ms() + wait_ms;
}

enum err
session_lease(struct session *s, const json_t *lease, struct fault *f)
{
    TRY(reply_int(lease, "heartbeat_s", BEAT_MIN_S, BEAT_MAX_S, &s->heartbeat_s, f));
    TRY(reply_int(lease, "until", 0, INT64_MAX, &s->lease_until, f));
    plan_beat(s, false);
    return ERR_OK;
}

/* The broker may be unreachable; the sandbox is not given up before its lease has run out. */
static void
beat_failed(struct session *s)
{
    if (s->state != SESSION_LIVE) {
        return;
    }
    if (clock_unix() > s->lease_until + LEASE_SLACK_S) {
        session_end(s, "its lease ran out while the broker could not be reached");
        return;
    }
    plan_beat(s, true);
}

enum err
session_beat(struct session *s, struct fault *f)
{
    char path[ACT_PATH];
    struct call c = {.method = "POST",
                     .path = sandbox_path(s, "heartbeat", path),
                     .content_type = "application/json",
                     .body = slice_text("{}")};
    json_t *reply AUTO(json_free) = NULL;
    enum err err = session_own(s, "", &c, &reply, f);

    if (err != ERR_OK) {
        beat_failed(s);
        return err;
    }
    return session_lease(s, json_object_get(reply, "lease"), f);
}

static json_t *
receipt_reply(const struct session *s, bool repeated)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "sandbox", s->sandbox, "state", "ended", "receipt",
                     s->receipt, "repeated", (int)repeated);
}

enum err
session_teardown(struct session *s, const char *reason, json_t **reply, struct fault *f)
{
    char path[ACT_PATH];
    json_t *body AUTO(json_free) = json_object();
    char *text AUTO(mem_free_text) = NULL;
    json_t *answer AUTO(json_free) = NULL;
    struct call c = {.method = "POST",
                     .path = sandbox_path(s, "teardown", path),
                     .content_type = "application/json"};
    const char *receipt = NULL;

    if (s->receipt != NULL) {
        *reply = receipt_reply(s, true);
        return ERR_OK;
    }
    if (reason[0] != '\0') {
        (void)json_object_set_new(body, "reason", json_string(reason));
    }
    text = json_text(body);
    c.body = slice_text(text);
    TRY(session_own(s, "", &c, &answer, f));
    receipt = json_string_value(json_object_get(answer, "receipt"));
    if (receipt == NULL || strlen(receipt) >= JWT_MAX) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's reply has no usable receipt");
    }
    s->receipt = mem_text(slice_text(receipt));
    session_end(s, "it was torn down");
    *reply = receipt_reply(s, false);
    return ERR_OK;
}

static const char *
state_name(enum session_state state)
{
    if (state == SESSION_LIVE) {
        return "live";
    }
    return state == SESSION_ENDED ? "ended" : "none";
}

json_t *
session_status(const struct session *s)
{
    json_t *obj = json_pack("{s:s}", "state", state_name(s->state));
    json_int_t held = 0;

    if (s->state == SESSION_NONE) {
        return obj;
    }
    (void)json_object_set_new(obj, "sandbox", json_string(s->sandbox));
    (void)json_object_set_new(obj, "policy", json_string(s->policy));
    (void)json_object_set_new(obj, "server", json_string(s->server));
    (void)json_object_set_new(obj, "verdict", json_string(s->verdict));
    if (s->state == SESSION_ENDED) {
        (void)json_object_set_new(obj, "reason", json_string(s->ended_why));
        return obj;
    }
    for (size_t i = 0; i < SESSION_TOKENS; i++) {
        held += s->token[i].text != NULL;
    }
    (void)json_object_set_new(obj, "key",
                              json_string(s->key.chip.saved != NULL ? "tpm" : "memory"));
    (void)json_object_set_new(obj, "tokens", json_integer(held));
    (void)json_object_set_new(obj, "expires_in", json_integer(s->ear_until - clock_unix()));
    (void)json_object_set_new(obj, "lease",
                              json_pack("{s:I, s:I}", "heartbeat_s", (json_int_t)s->heartbeat_s,
                                        "until", (json_int_t)s->lease_until));
    return obj;
}
