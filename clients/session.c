/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - requests of a guest to its broker (session.h). */
#include "clients/session.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/sec.h"
#include "common/json.h"
#include "common/mem.h"

static void
secret_free(char **text)
{
    if (*text != NULL) {
        sec_zero(*text, strlen(*text));
    }
    mem_free_text(text);
}

static void
drop_credentials(struct session *s)
{
    guest_key_done(&s->key);
    secret_free(&s->ear);
    for (size_t i = 0; i < SESSION_TOKENS; i++) {
        secret_free(&s->token[i].text);
    }
    memset(s->token, 0, sizeof s->token);
    s->beat_at_ms = 0;
}

void
session_done(struct session *s)
{
    drop_credentials(s);
    http_close(&s->http);
    mem_free_text(&s->receipt);
    *s = (struct session){0};
}

void
session_end(struct session *s, const char *reason)
{
    drop_credentials(s);
    http_close(&s->http);
    s->state = SESSION_ENDED;
    text_clean(slice_text(reason), s->ended_why, sizeof s->ended_why);
}

enum err
session_live(const struct session *s, struct fault *f)
{
    if (s->state == SESSION_LIVE) {
        return ERR_OK;
    }
    if (s->state == SESSION_ENDED) {
        return fault_add(f, ERR_GONE, "sandbox_ended", "%s: %s", s->sandbox, s->ended_why);
    }
    return fault_add(f, ERR_NOT_FOUND, "not_attested", "there is no sandbox yet");
}

enum err
reply_text(const json_t *obj, const char *name, char *dst, size_t cap, struct fault *f)
{
    const char *v = json_string_value(json_object_get(obj, name));

    if (v == NULL || v[0] == '\0' || strlen(v) >= cap) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's reply has no usable `%s`", name);
    }
    (void)snprintf(dst, cap, "%s", v);
    return ERR_OK;
}

enum err
reply_int(const json_t *obj, const char *name, int64_t min, int64_t max, int64_t *out,
          struct fault *f)
{
    const json_t *v = json_object_get(obj, name);

    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's reply has no usable `%s`", name);
    }
    *out = json_integer_value(v);
    return ERR_OK;
}

/* The DPoP and Authorization lines of a call; owned texts of the caller. */
struct credentials {
    char *proof, *authorization;
};

static void
credentials_done(struct credentials *c)
{
    secret_free(&c->proof);
    secret_free(&c->authorization);
}

/* "name value" in one owned text. */
static char *
line_make(const char *name, const char *value)
{
    size_t cap = strlen(name) + strlen(value) + 1;
    char *line = mem_new(cap, 1);

    (void)snprintf(line, cap, "%s%s", name, value);
    return line;
}

static enum err
credentials_make(const struct session *s, const struct call *c, const char *url,
                 struct credentials *out, struct fault *f)
{
    const struct proof_want want = {c->method, url, s->nonce, c->token};
    char *proof AUTO(mem_free_text) = NULL;

    if (c->bare) {
        return ERR_OK;
    }
    TRY(guest_key_proof(&s->key, &want, &proof, f));
    out->proof = line_make("DPoP: ", proof);
    if (c->token != NULL) {
        out->authorization = line_make("Authorization: DPoP ", c->token);
    }
    return ERR_OK;
}

/* Send once; the nonce of the reply becomes the newest. */
static enum err
send_once(struct session *s, const struct call *c, struct http_reply *r, struct fault *f)
{
    char url[URL_MAX];
    struct credentials own AUTO(credentials_done) = {0};
    struct http_request q = {
        .method = c->method, .url = url, .content_type = c->content_type, .body = c->body};

    (void)snprintf(url, sizeof url, "%s%s", s->server, c->path);
    TRY(credentials_make(s, c, url, &own, f));
    if (own.proof != NULL) {
        q.line[q.lines++] = own.proof;
    }
    if (own.authorization != NULL) {
        q.line[q.lines++] = own.authorization;
    }
    TRY(http_send(s->http, &q, r, f));
    if (r->nonce[0] != '\0') {
        (void)snprintf(s->nonce, sizeof s->nonce, "%s", r->nonce);
    }
    return ERR_OK;
}

/* 2xx gives the body; anything else is a fault. */
static enum err
judge(const struct http_reply *r, json_t **reply, struct fault *f)
{
    if (r->status >= 300) {
        f->retry_after_s = r->retry_after_s;
        return fault_from_reply(r->status, r->json, f);
    }
    if (r->len > 0 && !json_is_object(r->json)) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's reply is no JSON object");
    }
    *reply = r->len > 0 ? json_incref(r->json) : json_object();
    return ERR_OK;
}

enum err
session_call(struct session *s, const struct call *c, json_t **reply, struct fault *f)
{
    struct http_reply first AUTO(http_reply_done) = {0};
    struct http_reply second AUTO(http_reply_done) = {0};
    struct fault refused = {0};
    enum err err = ERR_OK;

    TRY(send_once(s, c, &first, f));
    err = judge(&first, reply, &refused);
    if (err == ERR_OK) {
        return ERR_OK;
    }
    if (strcmp(refused.code, "use_dpop_nonce") != 0 || first.nonce[0] == '\0') {
        *f = refused;
        return err;
    }
    TRY(send_once(s, c, &second, f));
    return judge(&second, reply, f);
}

/* One try with a kept or new token. */
static enum err
own_once(struct session *s, const char *scope, const struct call *c, json_t **reply,
         struct fault *f)
{
    const struct held_token *token = NULL;
    struct call with = *c;

    TRY(session_token(s, scope, "", 0, &token, f));
    with.token = token->text;
    return session_call(s, &with, reply, f);
}

enum err
session_own(struct session *s, const char *scope, const struct call *c, json_t **reply,
            struct fault *f)
{
    struct fault first = {0};
    enum err err = ERR_OK;

    TRY(session_live(s, f));
    err = own_once(s, scope, c, reply, &first);
    if (err == ERR_OK || strcmp(first.code, "invalid_token") != 0 || s->state != SESSION_LIVE) {
        *f = err == ERR_OK ? *f : first;
        return err;
    }
    /* Revoked, or signed by a key that is gone: a new one tells whether the sandbox still lives. */
    session_token_drop(s, scope, "");
    err = own_once(s, scope, c, reply, f);
    if (err != ERR_OK && strcmp(f->code, "invalid_token") == 0 && s->state == SESSION_LIVE) {
        session_end(s, "the broker no longer takes its tokens");
        return session_live(s, f);
    }
    return err;
}
