/* SPDX-License-Identifier: Apache-2.0 */
/* claims.c - see claims.h.  Sources: RFC 8725 section 3.11 (explicit typing), RFC 9068 section 4. */
#include "broker/flow/claims.h"

#include "attest/base/sec.h"
#include "common/json.h"
#include "common/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct cached {
    uint8_t digest[SHA256_LEN];
    struct claims claims; /* claims.exp 0: free */
};

struct token_cache {
    pthread_mutex_t lock;
    size_t slots;
    struct cached *slot;
};

struct token_cache *
token_cache_new(size_t slots)
{
    struct token_cache *c = mem_new(1, sizeof *c);

    c->slots = slots;
    c->slot = mem_new(slots, sizeof *c->slot);
    (void)pthread_mutex_init(&c->lock, NULL);
    return c;
}

void
token_cache_free(struct token_cache **c)
{
    if (*c == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&(*c)->lock);
    mem_free((*c)->slot);
    mem_free(*c);
    *c = NULL;
}

static struct cached *
slot_of(struct token_cache *c, const uint8_t digest[SHA256_LEN])
{
    size_t at = 0;

    memcpy(&at, digest, sizeof at);
    return &c->slot[at % c->slots];
}

static bool
cache_get(struct token_cache *c, const uint8_t digest[SHA256_LEN], struct claims *out)
{
    bool hit = false;

    (void)pthread_mutex_lock(&c->lock);
    const struct cached *s = slot_of(c, digest);

    if (s->claims.exp != 0 && memcmp(s->digest, digest, SHA256_LEN) == 0) {
        *out = s->claims;
        hit = true;
    }
    (void)pthread_mutex_unlock(&c->lock);
    return hit;
}

static void
cache_put(struct token_cache *c, const uint8_t digest[SHA256_LEN], const struct claims *claims)
{
    (void)pthread_mutex_lock(&c->lock);
    struct cached *s = slot_of(c, digest);

    memcpy(s->digest, digest, SHA256_LEN);
    s->claims = *claims;
    (void)pthread_mutex_unlock(&c->lock);
}

static const struct {
    enum claims_kind kind;
    const char *typ;
} KINDS[] = {
    {CLAIMS_ACCESS, "at+jwt"},
    {CLAIMS_EAR, "eat+jwt"},
    {CLAIMS_UPLOAD, "upload+jwt"},
};

/* Copy a text member; absent leaves "". */
static enum err
take_text(const json_t *obj, const char *name, char *dst, size_t cap, struct why *why)
{
    const json_t *v = json_object_get(obj, name);

    if (v == NULL) {
        return ERR_OK;
    }
    if (!json_is_string(v) || json_string_length(v) >= cap) {
        return why_add(why, ERR_UNAUTHENTICATED, "token: %s is not a text below %zu bytes", name,
                       cap);
    }
    (void)snprintf(dst, cap, "%s", json_string_value(v));
    return ERR_OK;
}

static enum err
take_audience(const json_t *aud, struct claims *c, struct why *why)
{
    size_t n = json_is_array(aud) ? json_array_size(aud) : 1;

    if (n > MINT_AUDIENCES) {
        return why_add(why, ERR_UNAUTHENTICATED, "token: %zu audiences", n);
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(aud) ? json_array_get(aud, i) : aud;

        if (!json_is_string(one) || json_string_length(one) >= MINT_TEXT) {
            return why_add(why, ERR_UNAUTHENTICATED, "token: aud is not text");
        }
        (void)snprintf(c->aud[c->aud_n++], MINT_TEXT, "%s", json_string_value(one));
    }
    return ERR_OK;
}

static enum err
take_members(const json_t *obj, struct claims *c, struct why *why)
{
    const struct {
        const json_t *in;
        const char *name;
        char *dst;
        size_t cap;
    } members[] = {
        {obj, "jti", c->jti, sizeof c->jti},
        {obj, "sandbox", c->sandbox, sizeof c->sandbox},
        {obj, "sub", c->sub, sizeof c->sub},
        {obj, "client_id", c->client_id, sizeof c->client_id},
        {obj, "scope", c->scope, sizeof c->scope},
        {obj, "policy", c->policy, sizeof c->policy},
        {json_object_get(obj, "cnf"), "jkt", c->jkt, sizeof c->jkt},
        {json_object_get(obj, "upload"), "id", c->upload, sizeof c->upload},
    };
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof members / sizeof members[0] && e == ERR_OK; i++) {
        e = take_text(members[i].in, members[i].name, members[i].dst, members[i].cap, why);
    }
    TRY(e);
    c->iat = json_integer_value(json_object_get(obj, "iat"));
    c->exp = json_integer_value(json_object_get(obj, "exp"));
    return take_audience(json_object_get(obj, "aud"), c, why);
}

static enum err
read_as(struct broker *b, struct slice text, size_t kind, struct claims *out, struct why *why)
{
    const struct mint_public *pub = mint_public(b->mint);
    AUTO(jws_done) struct jws jws = {0};
    char iss[MINT_TEXT] = "";
    struct claims c = {.kind = KINDS[kind].kind};

    TRY(jws_read(text, KINDS[kind].typ, JOSE_ALLOW_ES256, &jws, why));
    if (jws.kid == NULL || strcmp(jws.kid, pub->token_kid) != 0) {
        return why_add(why, ERR_UNAUTHENTICATED, "token: kid is not one of our keys");
    }
    TRY(jws_verify(&jws, &pub->token_key->key, pub->token_key->alg, why));
    TRY(take_text(jws.payload, "iss", iss, sizeof iss, why));
    if (strcmp(iss, b->issuer) != 0) {
        return why_add(why, ERR_UNAUTHENTICATED, "token: iss is not this server");
    }
    TRY(take_members(jws.payload, &c, why));
    *out = c;
    return ERR_OK;
}

/* The first of the allowed kinds whose typ the header has; a wrong typ fails before any signature is looked at. */
static enum err
read_any(struct broker *b, struct slice text, unsigned kinds, struct claims *out, struct why *why)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        struct why mine = {0};

        if ((kinds & (unsigned)KINDS[i].kind) == 0) {
            continue;
        }
        if (read_as(b, text, i, out, &mine) == ERR_OK) {
            return ERR_OK;
        }
        if (why->n == 0) {
            *why = mine;
        }
    }
    return ERR_UNAUTHENTICATED;
}

static enum err
cached_or_read(struct broker *b, struct slice text, const uint8_t digest[SHA256_LEN],
               unsigned kinds, struct claims *out, struct why *why)
{
    if (cache_get(b->tokens, digest, out)) {
        return ERR_OK;
    }
    TRY(read_any(b, text, kinds, out, why));
    cache_put(b->tokens, digest, out);
    return ERR_OK;
}

enum err
claims_open(struct broker *b, struct slice text, unsigned kinds, struct claims *out,
            struct why *why)
{
    uint8_t digest[SHA256_LEN];
    struct claims c = {0};

    if (text.len > JWT_MAX) {
        return why_add(why, ERR_UNAUTHENTICATED, "token: longer than %d bytes", JWT_MAX);
    }
    hash_sha256(text, digest);
    TRY(cached_or_read(b, text, digest, kinds, &c, why));
    if (((unsigned)c.kind & kinds) == 0) {
        return why_add(why, ERR_UNAUTHENTICATED, "token: of another type than is taken here");
    }
    *out = c;
    return ERR_OK;
}

enum err
claims_read(struct broker *b, struct slice text, unsigned kinds, int64_t now, struct claims *out,
            struct why *why)
{
    struct claims c = {0};

    TRY(claims_open(b, text, kinds, &c, why));
    if (c.exp <= now || c.iat > now + 5) {
        return why_add(why, ERR_UNAUTHENTICATED, "token: outside its life, exp %lld, now %lld",
                       (long long)c.exp, (long long)now);
    }
    *out = c;
    return ERR_OK;
}

bool
claims_for(const struct claims *c, const char *audience)
{
    for (size_t i = 0; i < c->aud_n; i++) {
        if (strcmp(c->aud[i], audience) == 0) {
            return true;
        }
    }
    return false;
}

bool
scope_has(const char *list, const char *value)
{
    size_t len = strlen(value);

    for (const char *p = list; len > 0 && (p = strstr(p, value)) != NULL; p += len) {
        bool starts = p == list || p[-1] == ' ';

        if (starts && (p[len] == '\0' || p[len] == ' ')) {
            return true;
        }
    }
    return false;
}
