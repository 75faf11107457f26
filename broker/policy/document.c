/* SPDX-License-Identifier: Apache-2.0 */
/* document.c - see document.h and policy.h. */
#include "broker/policy/document.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "broker/policy/words.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"

enum { NAME_TEXT = 128 };

static const char document_typ[] = "countersign-document+jws";
static const char approval_typ[] = "countersign-approval+jws";

void
document_done(struct document *d)
{
    mem_free_bytes(&d->payload);
    policy_free(&d->policy);
    reference_set_free(&d->set);
    *d = (struct document){0};
}

/* The key is the one that the header shows; whose it is, the configuration says. */
static enum err
signing_key(const struct jws *jws, uint8_t spki[SHA256_LEN], struct why *why)
{
    AUTO(jwk_done) struct jwk jwk = {0};
    enum err err = jwk_read(json_object_get(jws->header, "jwk"), &jwk, why);

    if (err != ERR_OK) {
        return why_add(why, ERR_MALFORMED, "JWS header: jwk");
    }
    TRY(jws_verify(jws, &jwk.key, jwk.alg, why));
    return sig_key_digest(&jwk.key, spki, why);
}

enum err
/* NOLINTNEXTLINE(readability-function-size): as many parameters as policy.h says */
document_signer(const struct principals *who, struct slice text, const char *typ, unsigned role,
                struct jws *jws, const struct principal **out, struct why *why)
{
    AUTO(jws_done) struct jws mine = {0};
    uint8_t spki[SHA256_LEN];

    TRY(jws_read_document(text, typ, JOSE_ALLOW_ES256 | JOSE_ALLOW_ES384, &mine, why));
    TRY(signing_key(&mine, spki, why));
    const struct principal *person = principal_find(who, spki);

    if (person == NULL) {
        return why_add(why, ERR_UNAUTHENTICATED, "signed by a key that is nobody's");
    }
    if ((person->roles & role) == 0) {
        return why_add(why, ERR_DENIED, "%s has no role for this", person->name);
    }
    *out = person;
    *jws = mine;
    mine = (struct jws){0};
    return ERR_OK;
}

static enum err
take_policy(struct document *d, struct why *why)
{
    TRY(policy_read((struct slice){d->payload, d->payload_len}, &d->policy, why));
    memcpy(d->id, d->policy->id, sizeof d->id);
    d->version = d->policy->version;
    return ERR_OK;
}

static enum err
take_set(json_t *obj, struct document *d, struct why *why)
{
    TRY(reference_set_read(obj, &d->set, why));
    TRY(word_id(d->set->id, "id", why));
    (void)snprintf(d->id, sizeof d->id, "%s", d->set->id);
    d->version = d->set->version;
    return ERR_OK;
}

static enum err
take_content(const char *kind, json_t *obj, struct document *d, struct why *why)
{
    uint8_t digest[SHA256_LEN];

    hash_sha256((struct slice){d->payload, d->payload_len}, digest);
    hex_encode((struct slice){digest, sizeof digest}, d->digest);
    return strcmp(kind, "policy") == 0 ? take_policy(d, why) : take_set(obj, d, why);
}

enum err
document_check(const struct principals *who, const char *kind, struct slice text,
               struct document *out, struct why *why)
{
    AUTO(document_done) struct document d = {0};
    AUTO(jws_done) struct jws jws = {0};
    const struct principal *author = NULL;

    TRY(document_signer(who, text, document_typ, ROLE_REGISTRAR, &jws, &author, why));
    assert(author != NULL);
    memcpy(d.author, author->name, sizeof d.author);
    d.payload = jws.payload_bytes;
    d.payload_len = jws.payload_len;
    jws.payload_bytes = NULL;
    TRY(take_content(kind, jws.payload, &d, why));
    *out = d;
    d = (struct document){0};
    return ERR_OK;
}

static enum err
says(json_t *payload, const char *kind, const struct document *of, struct why *why)
{
    char name[NAME_TEXT];
    const char *approve = "";
    const char *digest = "";
    const struct json_member members[] = {
        {"approve", JK_TEXT, true, &approve, 0, sizeof name - 1},
        {"digest", JK_TEXT, true, &digest, 0, STORE_DIGEST - 1},
    };

    (void)snprintf(name, sizeof name, "%s/%s/%lld", kind, of->id, (long long)of->version);
    TRY(json_bind(payload, "approval", members, sizeof members / sizeof members[0], why));
    if (strcmp(approve, name) != 0) {
        return why_add(why, ERR_CONFLICT, "approves %s, not %s",
                       text_show(slice_text(approve)).text, name);
    }
    if (strcmp(digest, of->digest) != 0) {
        return why_add(why, ERR_CONFLICT, "approves another digest of %s than %s", name,
                       of->digest);
    }
    return ERR_OK;
}

enum err
approval_check(const struct principals *who, const char *kind, const struct document *of,
               struct slice text, const struct principal **by, struct why *why)
{
    AUTO(jws_done) struct jws jws = {0};
    const struct principal *person = NULL;

    TRY(document_signer(who, text, approval_typ, ROLE_APPROVER, &jws, &person, why));
    assert(person != NULL);
    TRY(says(jws.payload, kind, of, why));
    if (strcmp(person->name, of->author) == 0) {
        return why_add(why, ERR_DENIED, "%s is the author and cannot approve", person->name);
    }
    *by = person;
    return ERR_OK;
}
