/* SPDX-License-Identifier: Apache-2.0 */
/* session_token.c - access tokens by token exchange, kept until shortly before they end (RFC 8693). */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "attest/base/sec.h"
#include "attest/base/wr.h"
#include "clients/session.h"
#include "common/json.h"
#include "common/mem.h"

enum { FORM_MAX = JWT_MAX + 4096, TOKEN_LIFE_MAX = 86400 };

static void
release(struct held_token *t)
{
    if (t->text != NULL) {
        sec_zero(t->text, strlen(t->text));
    }
    mem_free_text(&t->text);
    *t = (struct held_token){0};
}

static struct held_token *
find(struct session *s, const char *scope, const char *audience)
{
    for (size_t i = 0; i < SESSION_TOKENS; i++) {
        struct held_token *t = &s->token[i];

        if (t->text != NULL && strcmp(t->scope, scope) == 0 && strcmp(t->audience, audience) == 0) {
            return t;
        }
    }
    return NULL;
}

/* A free slot, or that of the token which ends first. */
static struct held_token *
make_room(struct session *s)
{
    struct held_token *least = &s->token[0];

    for (size_t i = 0; i < SESSION_TOKENS; i++) {
        if (s->token[i].text == NULL) {
            return &s->token[i];
        }
        if (s->token[i].until < least->until) {
            least = &s->token[i];
        }
    }
    release(least);
    return least;
}

void
session_token_drop(struct session *s, const char *scope, const char *audience)
{
    struct held_token *t = find(s, scope, audience);

    if (t != NULL) {
        release(t);
    }
}

/* name=value of application/x-www-form-urlencoded; an empty value counts as absent and is left out. */
static void
form_add(struct wr *w, const char *name, const char *value)
{
    if (value[0] == '\0') {
        return;
    }
    wr_fmt(w, "%s%s=", w->len > 0 ? "&" : "", name);
    for (const char *p = value; *p != '\0'; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL;

        if (plain) {
            wr_u8(w, (uint8_t)*p);
        } else {
            wr_fmt(w, "%%%02X", (unsigned)(uint8_t)*p);
        }
    }
}

static enum err
exchange(struct session *s, const char *scope, const char *audience, json_t **reply,
         struct fault *f)
{
    uint8_t *form AUTO(mem_free_bytes) = mem_new(FORM_MAX, 1);
    struct wr w = wr_init(form, FORM_MAX, "token request");
    struct call c = {
        .method = "POST", .path = "/token", .content_type = "application/x-www-form-urlencoded"};
    enum err err = ERR_OK;

    form_add(&w, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
    form_add(&w, "subject_token", s->ear);
    form_add(&w, "subject_token_type", "urn:ietf:params:oauth:token-type:jwt");
    form_add(&w, "scope", scope);
    form_add(&w, "audience", audience);
    TRY(wr_end(&w, &f->why));
    c.body = wr_done(&w);
    err = session_call(s, &c, reply, f);
    sec_zero(form, FORM_MAX);
    return err;
}

static enum err
keep(struct session *s, const char *scope, const char *audience, const json_t *reply,
     struct fault *f)
{
    const char *text = json_string_value(json_object_get(reply, "access_token"));
    char type[16];
    int64_t life_s = 0;
    struct held_token *t = NULL;

    TRY(reply_text(reply, "token_type", type, sizeof type, f));
    TRY(reply_int(reply, "expires_in", 1, TOKEN_LIFE_MAX, &life_s, f));
    if (text == NULL || strlen(text) >= JWT_MAX || strcasecmp(type, "DPoP") != 0) {
        return fault_add(f, ERR_UNABLE, "reply", "the broker's token is not bound to our key");
    }
    session_token_drop(s, scope, audience);
    t = make_room(s);
    (void)snprintf(t->scope, sizeof t->scope, "%s", scope);
    (void)snprintf(t->audience, sizeof t->audience, "%s", audience);
    t->text = mem_text(slice_text(text));
    t->until = clock_unix() + life_s;
    return ERR_OK;
}

/* invalid_request may mean the subject token (RFC 8693 section 2.2.2) or a scope that is no scope:
 * an exchange that asks for nothing in particular tells which. */
static bool
subject_refused(struct session *s, const struct fault *f, bool plain)
{
    struct fault probe = {0};
    json_t *reply AUTO(json_free) = NULL;

    if (strcmp(f->code, "invalid_grant") == 0) {
        return true;
    }
    if (strcmp(f->code, "invalid_request") != 0) {
        return false;
    }
    return plain || (exchange(s, "", "", &reply, &probe) != ERR_OK &&
                     strcmp(probe.code, "invalid_request") == 0);
}

/* A new token into its slot; ends the session when the broker says that it is over. */
static enum err
renew(struct session *s, const char *scope, const char *audience, struct fault *f)
{
    json_t *reply AUTO(json_free) = NULL;
    enum err err = ERR_OK;

    if (s->ear_until <= clock_unix()) {
        session_end(s, "its attestation result has expired");
        return session_live(s, f);
    }
    err = exchange(s, scope, audience, &reply, f);
    if (err != ERR_OK && subject_refused(s, f, scope[0] == '\0' && audience[0] == '\0')) {
        session_end(s, "the broker no longer takes its attestation result");
        return session_live(s, f);
    }
    TRY(err);
    return keep(s, scope, audience, reply, f);
}

enum err
session_token(struct session *s, const char *scope, const char *audience, int64_t min_left_s,
              const struct held_token **token, struct fault *f)
{
    int64_t left = min_left_s > TOKEN_LEFT_S ? min_left_s : TOKEN_LEFT_S;

    TRY(session_live(s, f));
    if (strlen(scope) >= SCOPE_MAX || strlen(audience) >= AUDIENCE_MAX) {
        return fault_add(f, ERR_LIMIT, "token", "scope or audience is too long");
    }
    *token = find(s, scope, audience);
    if (*token != NULL && (*token)->until - clock_unix() >= left) {
        return ERR_OK;
    }
    TRY(renew(s, scope, audience, f));
    *token = find(s, scope, audience);
    return ERR_OK;
}
