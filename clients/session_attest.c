/* SPDX-License-Identifier: Apache-2.0 */
/* session_attest.c - challenge, evidence that commits to challenge and key, attestation
 * (DESIGN section 6, docs/API.md). */
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "clients/collect.h"
#include "clients/session.h"
#include "common/json.h"
#include "common/mem.h"

enum { EAR_LIFE_MAX = 604800 };

/* How long each part took; for people who wait at boot. */
struct times {
    int64_t start_ms, challenge_ms, quote_ms;
};

static enum err
take_challenge(struct session *s, uint8_t out[CHALLENGE_LEN], char text[HTTP_CHALLENGE],
               struct fault *f)
{
    json_t *reply AUTO(json_free) = NULL;
    struct call c = {.method = "POST",
                     .path = "/v1/challenge",
                     .content_type = "application/json",
                     .body = slice_text("{}"),
                     .bare = true};
    size_t len = 0;

    TRY(session_call(s, &c, &reply, f));
    TRY(reply_text(reply, "challenge", text, HTTP_CHALLENGE, f));
    TRY(b64url_decode(slice_text(text), out, CHALLENGE_LEN, &len, &f->why));
    if (len != CHALLENGE_LEN) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's challenge has %zu bytes", len);
    }
    return ERR_OK;
}

static enum err
collect(const struct session *s, const struct attest_want *want,
        const uint8_t challenge[CHALLENGE_LEN], json_t **out, struct fault *f)
{
    const struct collect_want what = {
        .types = want->evidence,
        .tpm = {want->tcti, want->ak, want->pcrs, want->ak_certificate, want->ek, want->event_log,
                want->pcrsig},
        .from = want->from,
        .vmpl = want->vmpl,
    };
    const struct collect_bound bound = {{challenge, CHALLENGE_LEN}, s->key.jkt};

    return collect_evidence(&what, &bound, out, f);
}

/* The sandbox's id becomes part of paths. */
static enum err
take_names(struct session *s, const json_t *reply, struct fault *f)
{
    size_t plain = 0;

    TRY(reply_text(reply, "sandbox", s->sandbox, sizeof s->sandbox, f));
    TRY(reply_text(reply, "verdict", s->verdict, sizeof s->verdict, f));
    plain = strspn(s->sandbox, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    if (s->sandbox[plain] != '\0') {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's sandbox id is no id");
    }
    return ERR_OK;
}

static enum err
take_result(struct session *s, const json_t *reply, struct fault *f)
{
    const char *ear = json_string_value(json_object_get(reply, "ear"));
    int64_t life_s = 0;

    TRY(take_names(s, reply, f));
    TRY(reply_int(reply, "expires_in", 1, EAR_LIFE_MAX, &life_s, f));
    TRY(session_lease(s, json_object_get(reply, "lease"), f));
    if (ear == NULL || strlen(ear) >= JWT_MAX) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's reply has no usable `ear`");
    }
    s->ear = mem_text(slice_text(ear));
    s->ear_until = clock_unix() + life_s;
    s->state = SESSION_LIVE;
    return ERR_OK;
}

static enum err
send_evidence(struct session *s, const char *challenge, json_t *evidence, json_t **reply,
              struct fault *f)
{
    json_t *body AUTO(json_free) =
        json_pack("{s:s, s:s, s:O, s:O}", "policy", s->policy, "challenge", challenge, "key",
                  s->key.jwk, "evidence", evidence);
    char *text AUTO(mem_free_text) = json_text(body);
    struct call c = {.method = "POST",
                     .path = "/v1/attest",
                     .content_type = "application/json",
                     .body = slice_text(text)};

    if (c.body.len > EVIDENCE_MAX) {
        return fault_add(f, ERR_LIMIT, "evidence", "evidence of %zu bytes", c.body.len);
    }
    return session_call(s, &c, reply, f);
}

static json_t *
summary(const struct session *s, const struct times *t)
{
    int64_t now_ms = clock_mono_ms();

    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:{s:I, s:I}, s:{s:I, s:I, s:I, s:I}}", "sandbox",
                     s->sandbox, "verdict", s->verdict, "policy", s->policy, "server", s->server,
                     "expires_in", (json_int_t)(s->ear_until - clock_unix()), "lease",
                     "heartbeat_s", (json_int_t)s->heartbeat_s, "until", (json_int_t)s->lease_until,
                     "ms", "challenge", (json_int_t)(t->challenge_ms - t->start_ms), "quote",
                     (json_int_t)(t->quote_ms - t->challenge_ms), "attest",
                     (json_int_t)(now_ms - t->quote_ms), "all", (json_int_t)(now_ms - t->start_ms));
}

static enum err
prepare(struct session *s, const struct attest_want *want, struct fault *f)
{
    const struct http_conf conf = {.ca = want->ca, .stop = want->stop};

    (void)snprintf(s->policy, sizeof s->policy, "%s", want->policy);
    (void)snprintf(s->ca, sizeof s->ca, "%s", want->ca != NULL ? want->ca : "");
    TRY(server_check(want->server, s->server, f));
    TRY(http_open(&conf, &s->http, f));
    return guest_key_make(want->key, want->tcti, &s->key, f);
}

static enum err
attest_fresh(struct session *s, const struct attest_want *want, json_t **reply, struct fault *f)
{
    struct times t = {.start_ms = clock_mono_ms()};
    uint8_t challenge[CHALLENGE_LEN];
    char text[HTTP_CHALLENGE];
    json_t *evidence AUTO(json_free) = NULL;
    json_t *answer AUTO(json_free) = NULL;

    TRY(prepare(s, want, f));
    TRY(take_challenge(s, challenge, text, f));
    t.challenge_ms = clock_mono_ms();
    TRY(collect(s, want, challenge, &evidence, f));
    t.quote_ms = clock_mono_ms();
    TRY(send_evidence(s, text, evidence, &answer, f));
    TRY(take_result(s, answer, f));
    *reply = summary(s, &t);
    return ERR_OK;
}

/* A sandbox that is left behind is ended as well as can be; its lease would end it anyway. */
static void
leave(struct session *s)
{
    json_t *reply AUTO(json_free) = NULL;
    struct fault ignored = {0};

    if (s->state == SESSION_LIVE) {
        enum err err = session_teardown(s, "replaced by a new attestation", &reply, &ignored);

        (void)err;
    }
    session_done(s);
}

enum err
session_attest(struct session *s, const struct attest_want *want, json_t **reply, struct fault *f)
{
    struct session fresh AUTO(session_done) = {0};

    if (s->state == SESSION_LIVE && !want->again) {
        return fault_add(f, ERR_CONFLICT, "already_attested", "sandbox %s is live", s->sandbox);
    }
    TRY(attest_fresh(&fresh, want, reply, f));
    leave(s);
    *s = fresh;
    fresh = (struct session){0};
    return ERR_OK;
}
