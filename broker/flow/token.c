/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - see token.h.  flow_token() at the end is the list of steps.
 *
 * What may be granted is the policy's grant, cut by what the subject token has itself and by what is asked.  Life is the least of the policy's, the lease, the
 * hard end, the collateral and the subject token. */
#include "broker/flow/token.h"

#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "broker/flow/documents.h"
#include "broker/flow/evidence.h"
#include "broker/flow/lease.h"
#include "broker/flow/proof.h"
#include "broker/flow/record.h"
#include "broker/flow/validity.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

#define GRANT_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"
#define GRANT_EVIDENCE "urn:countersign:params:oauth:grant-type:evidence"
#define TYPE_JWT       "urn:ietf:params:oauth:token-type:jwt"
#define TYPE_ACCESS    "urn:ietf:params:oauth:token-type:access_token"

/* What the policy says about tokens, copied so that the book may change. */
struct rules {
    char tier[64];
    int64_t token_ttl_s;
    char audience[POLICY_AUDIENCES][256];
    size_t audiences;
    char scope[POLICY_SCOPES][64];
    size_t scopes;
};

/* The subject of the exchange, and what it may have. */
struct subject {
    struct claims claims;
    struct sandbox_row sandbox;
    struct rules grant;
    struct proof proof;
    bool proof_spent;
    struct mint_ask ask; /* what will be asked of the mint */
};

void
token_grant_free(struct token_grant **g)
{
    if (*g != NULL) {
        sec_zero((*g)->token, (*g)->token_len);
        mem_free((*g)->token);
        attest_grant_free(&(*g)->result);
        mem_free(*g);
    }
    *g = NULL;
}

/* Too large for the stack of a connection's thread.  Each part is filled whole before it is read. */
static struct subject *
subject_new(void)
{
    struct subject *s = mem_raw(sizeof *s);

    s->proof_spent = false;
    mint_ask_clear(&s->ask);
    return s;
}

static void
subject_free(struct subject **s)
{
    mem_free(*s);
    *s = NULL;
}

static enum err
bad_request(struct fault *f, const char *text)
{
    return fault_set(f, ERR_MALFORMED, "invalid_request", "%s", text);
}

/* Parameters that mean something to RFC 8693 and that we do not grant must not be passed over in silence. */
static enum err
check_parameters(const struct form *form, struct fault *f)
{
    const char *wanted = form_get(form, "requested_token_type", 0);

    if (form_get(form, "actor_token", 0) != NULL || form_get(form, "actor_token_type", 0) != NULL) {
        return bad_request(f, "actor_token is not supported");
    }
    if (wanted != NULL && strcmp(wanted, TYPE_ACCESS) != 0) {
        return bad_request(f, "requested_token_type must be " TYPE_ACCESS);
    }
    if (form_get(form, "client_secret", 0) != NULL ||
        form_get(form, "client_assertion", 0) != NULL) {
        return bad_request(f, "guests are public clients: no client authentication is taken here");
    }
    return ERR_OK;
}

static enum err
subject_kinds(const struct form *form, unsigned *kinds, struct fault *f)
{
    const char *type = form_get(form, "subject_token_type", 0);

    if (form_get(form, "subject_token", 0) == NULL || type == NULL) {
        return bad_request(f, "subject_token and subject_token_type are required");
    }
    if (strcmp(type, TYPE_JWT) == 0) {
        *kinds = CLAIMS_EAR;
    } else if (strcmp(type, TYPE_ACCESS) == 0) {
        *kinds = CLAIMS_ACCESS;
    } else {
        return bad_request(f, "subject_token_type must be " TYPE_JWT " or " TYPE_ACCESS);
    }
    return ERR_OK;
}

/* The subject token is good, and the sender holds its key. */
static enum err
check_subject(struct broker *b, const struct form *form, struct subject *s, struct fault *f)
{
    unsigned kinds = 0;

    TRY(subject_kinds(form, &kinds, f));
    enum err e = credential_check(b, slice_text(form_get(form, "subject_token", 0)), kinds,
                                  &s->claims, &s->sandbox, f);

    if (e == ERR_UNAUTHENTICATED) {
        f->code = "invalid_request"; /* RFC 8693 section 2.2.2 */
        return f->err = ERR_MALFORMED;
    }
    TRY(e);
    if (strcmp(s->claims.jkt, s->proof.jkt) != 0) {
        return fault_set(f, ERR_MALFORMED, "invalid_request",
                         "the subject token is bound to another key than the DPoP proof's");
    }
    return ERR_OK;
}

/* client_id is optional; when it is there it must be one that fits. */
static enum err
check_client(const struct form *form, const struct subject *s, struct fault *f)
{
    const char *id = form_get(form, "client_id", 0);

    if (id != NULL && strcmp(id, s->sandbox.id) != 0 && strcmp(id, s->sandbox.policy) != 0) {
        return bad_request(f, "client_id is neither the sandbox nor its policy");
    }
    return ERR_OK;
}

static void
copy_rules(const struct policy_grant *from, struct rules *to)
{
    memcpy(to->tier, from->tier, sizeof to->tier);
    memcpy(to->audience, from->audience, sizeof to->audience);
    memcpy(to->scope, from->scope, sizeof to->scope);
    to->token_ttl_s = from->token_ttl_s;
    to->audiences = from->audiences;
    to->scopes = from->scopes;
}

static bool
copy_grant(struct broker *b, struct subject *s)
{
    policy_book_enter(b->book);
    const struct policy *p =
        policy_book_version(b->book, s->sandbox.policy, s->sandbox.policy_version);

    if (p != NULL) {
        copy_rules(&p->grant, &s->grant);
    }
    policy_book_leave(b->book);
    return p != NULL;
}

/* A version that the book lacks may be a moment old, and the ledger may be down: ask before denying. */
static enum err
find_grant(struct broker *b, struct subject *s, struct fault *f)
{
    if (copy_grant(b, s)) {
        return ERR_OK;
    }
    enum err e = flow_documents_refresh(b, f);

    if (e == ERR_OK && !copy_grant(b, s)) {
        e = fault_set(f, ERR_MALFORMED, "invalid_request", "policy %s/%lld is not active any more",
                      s->sandbox.policy, (long long)s->sandbox.policy_version);
    }
    return e;
}

static bool
grant_has_scope(const struct subject *s, const char *scope)
{
    bool in_policy = false;

    for (size_t i = 0; i < s->grant.scopes; i++) {
        in_policy = in_policy || strcmp(s->grant.scope[i], scope) == 0;
    }
    return in_policy && (s->claims.kind == CLAIMS_EAR || scope_has(s->claims.scope, scope));
}

/* All that the subject may have, in the policy's order: what one gets who does not ask. */
static enum err
default_scope(const struct subject *s, struct mint_ask *ask, struct fault *f)
{
    size_t len = 0;

    for (size_t i = 0; i < s->grant.scopes; i++) {
        size_t more = strlen(s->grant.scope[i]) + 1;

        if (!grant_has_scope(s, s->grant.scope[i])) {
            continue;
        }
        if (len + more >= sizeof ask->scope) {
            return fault_set(f, ERR_BUG, "bug", "the policy's scopes do not fit a token");
        }
        len += (size_t)snprintf(ask->scope + len, sizeof ask->scope - len, "%s%s",
                                len > 0 ? " " : "", s->grant.scope[i]);
    }
    return ERR_OK;
}

static enum err
choose_scope(const struct form *form, const struct subject *s, struct mint_ask *ask,
             struct fault *f)
{
    const char *wanted = form_get(form, "scope", 0);
    char copy[MINT_SCOPE];
    char *rest = copy;

    if (wanted == NULL) {
        return default_scope(s, ask, f);
    }
    if (strlen(wanted) >= sizeof copy) {
        return fault_set(f, ERR_MALFORMED, "invalid_scope", "scope is longer than %d bytes",
                         MINT_SCOPE - 1);
    }
    memcpy(copy, wanted, strlen(wanted) + 1);
    for (char *one = strsep(&rest, " "); one != NULL; one = strsep(&rest, " ")) {
        if (!grant_has_scope(s, one)) {
            return fault_set(f, ERR_DENIED, "invalid_scope",
                             "scope \"%s\" is not granted to this sandbox",
                             text_show(slice_text(one)).text);
        }
    }
    memcpy(ask->scope, wanted, strlen(wanted) + 1);
    return ERR_OK;
}

static bool
grant_has_audience(struct broker *b, const struct subject *s, const char *audience)
{
    bool in_policy = strcmp(audience, b->issuer) == 0;

    for (size_t i = 0; i < s->grant.audiences; i++) {
        in_policy = in_policy || strcmp(s->grant.audience[i], audience) == 0;
    }
    return in_policy && (s->claims.kind == CLAIMS_EAR || claims_for(&s->claims, audience));
}

static enum err
add_audiences(struct broker *b, const struct form *form, const char *name, const struct subject *s,
              struct mint_ask *ask, struct fault *f)
{
    for (size_t i = 0; form_get(form, name, i) != NULL; i++) {
        const char *aud = form_get(form, name, i);

        if (strlen(aud) >= MINT_TEXT || ask->aud_n == MINT_AUDIENCES ||
            !grant_has_audience(b, s, aud)) {
            return fault_set(f, ERR_DENIED, "invalid_target", "%s \"%s\" is not granted", name,
                             text_show(slice_text(aud)).text);
        }
        memcpy(ask->aud[ask->aud_n++], aud, strlen(aud) + 1);
    }
    return ERR_OK;
}

/* Without an audience the token is for this server, which an access token must then be for itself. */
static enum err
choose_audience(struct broker *b, const struct form *form, const struct subject *s,
                struct mint_ask *ask, struct fault *f)
{
    TRY(add_audiences(b, form, "audience", s, ask, f));
    TRY(add_audiences(b, form, "resource", s, ask, f));
    if (ask->aud_n > 0) {
        return ERR_OK;
    }
    if (!grant_has_audience(b, s, b->issuer)) {
        return fault_set(f, ERR_DENIED, "invalid_target",
                         "the subject token is not for this server");
    }
    memcpy(ask->aud[ask->aud_n++], b->issuer, strlen(b->issuer) + 1);
    return ERR_OK;
}

/* Not beyond the sandbox nor the subject token. */
static int64_t
last_second(const struct subject *s)
{
    return lease_least(lease_end(&s->sandbox), s->claims.exp);
}

static void
fill_ask(const struct subject *s, struct mint_ask *ask)
{
    ask->kind = MINT_ACCESS;
    ask->life_s = lease_life(s->grant.token_ttl_s, last_second(s), clock_unix());
    (void)snprintf(ask->sub, sizeof ask->sub, "sandbox:%s", s->sandbox.id);
    memcpy(ask->client_id, s->sandbox.id, sizeof s->sandbox.id);
    memcpy(ask->jkt, s->sandbox.jkt, sizeof ask->jkt);
    memcpy(ask->tier, s->grant.tier, sizeof ask->tier);
    ask->status_index = s->sandbox.status_index;
    record_sandbox(&s->sandbox, ACTION_GRANTED, "guest", &ask->record);
}

/* Scope, audience and life are chosen; the proof is spent last before the mint is asked. */
static enum err
choose(struct broker *b, const struct form *form, struct subject *s, struct fault *f)
{
    TRY(choose_scope(form, s, &s->ask, f));
    TRY(choose_audience(b, form, s, &s->ask, f));
    fill_ask(s, &s->ask);
    if (s->ask.life_s <= 0) {
        return fault_set(f, ERR_MALFORMED, "invalid_request", "the lease of %s has ended",
                         s->sandbox.id);
    }
    return s->proof_spent ? ERR_OK : proof_spend(b, &s->proof, f);
}

static enum err
mint_token(struct broker *b, const struct form *form, struct subject *s, struct token_grant *out,
           struct fault *f)
{
    struct mint_answer *answer = NULL;

    TRY(choose(b, form, s, f));
    answer = mem_raw(sizeof *answer); /* filled whole by the mint's answer */
    enum err e = record_grant(b, &s->ask, last_second(s), answer, f);

    if (e == ERR_OK) {
        out->token_len = answer->text_len;
        out->token = mem_text((struct slice){(const uint8_t *)answer->text, answer->text_len});
        out->expires_in = answer->exp - answer->iat;
        memcpy(out->scope, s->ask.scope, sizeof out->scope);
        sec_zero(answer->text, answer->text_len);
        (void)atomic_fetch_add(&b->metrics.tokens, 1);
    }
    mem_free(answer);
    return e;
}

static enum err
exchange(struct broker *b, const struct http_request *req, const struct form *form,
         struct subject *s, struct fault *f)
{
    TRY(proof_check(b, req, NULL, &s->proof, f));
    TRY(check_parameters(form, f));
    return check_subject(b, form, s, f);
}

/* Attest with the form's evidence, then go on as if its result had been presented. */
static enum err
attest_first(struct broker *b, const struct http_request *req, const struct form *form,
             struct subject *s, struct token_grant *out, struct fault *f)
{
    AUTO(mem_free_bytes) uint8_t *body = NULL;
    const char *text = form_get(form, "evidence", 0);
    size_t len = 0;

    TRY(check_parameters(form, f));
    if (text == NULL ||
        json_b64url(text, "evidence", EVIDENCE_BODY_MAX, &body, &len, &f->why) != ERR_OK) {
        return bad_request(f, "evidence must be the base64url of an attestation request");
    }
    out->result = mem_new(1, sizeof *out->result);
    TRY(flow_attest(b, req, (struct slice){body, len}, out->result, f));
    s->proof_spent = true; /* flow_attest has spent it */
    return credential_check(b, slice_text(out->result->ear), CLAIMS_EAR, &s->claims, &s->sandbox,
                            f);
}

/* Who is the subject: the two grants differ in this only. */
static enum err
find_subject(struct broker *b, const struct http_request *req, const struct form *form,
             struct subject *s, struct token_grant *out, struct fault *f)
{
    const char *grant = form_get(form, "grant_type", 0);

    if (grant == NULL) {
        return bad_request(f, "grant_type is missing");
    }
    if (strcmp(grant, GRANT_EXCHANGE) == 0) {
        return exchange(b, req, form, s, f);
    }
    if (strcmp(grant, GRANT_EVIDENCE) == 0) {
        return attest_first(b, req, form, s, out, f);
    }
    return fault_set(f, ERR_MALFORMED, "unsupported_grant_type", "grant_type is not one we have");
}

enum err
flow_token(struct broker *b, const struct http_request *req, const struct form *form,
           struct token_grant *out, struct fault *f)
{
    AUTO(subject_free) struct subject *s = subject_new();

    TRY(find_subject(b, req, form, s, out, f));
    TRY(check_client(form, s, f));
    TRY(find_grant(b, s, f));
    enum err e = mint_token(b, form, s, out, f);

    return e == ERR_OK ? ERR_OK : record_denial(b, &s->sandbox, "token", e, f);
}
