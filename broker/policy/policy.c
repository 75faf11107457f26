/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - see policy.h: a policy from its exact bytes.
 *
 * It refuses what it does not know by name: a policy that says more than this program
 * understands would grant more than its author meant. */
#include "broker/policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "broker/policy/grant.h"
#include "broker/policy/words.h"
#include "common/json.h"
#include "common/mem.h"

enum { VERSION_MAX = 1000000000, PATH_TEXT = 32 };

void
policy_free(struct policy **p)
{
    if (*p == NULL) {
        return;
    }
    for (size_t a = 0; a < POLICY_ALTERNATIVES; a++) {
        for (size_t r = 0; r < POLICY_ROWS; r++) {
            evidence_row_free(&(*p)->row[a][r]);
        }
    }
    mem_free(*p);
    *p = NULL;
}

/* One kind of evidence comes once: a second row of its type would be judged on the same bytes. */
static enum err
type_is_new(struct evidence_row *const *row, size_t n, const char *path, struct why *why)
{
    for (size_t i = 0; i < n; i++) {
        if (row[i]->type == row[n]->type) {
            return why_add(why, ERR_MALFORMED, "%s: a second row of type %s", path,
                           evidence_name(row[n]->type));
        }
    }
    return ERR_OK;
}

static enum err
read_row(json_t *obj, const char *path, struct evidence_row **row, size_t n, struct why *why)
{
    enum err err = evidence_row_read(obj, &row[n], why);

    if (err != ERR_OK) {
        return why_add(why, err, "%s", path);
    }
    TRY(type_is_new(row, n, path, why));
    return row[n]->reference_set[0] == '\0' ? ERR_OK : word_id(row[n]->reference_set, path, why);
}

/* An empty list of rows would hold for everybody. */
static enum err
read_alternative(json_t *array, size_t a, struct policy *out, struct why *why)
{
    size_t n = json_array_size(array);
    enum err err = ERR_OK;

    if (n == 0 || n > POLICY_ROWS) {
        return why_add(why, ERR_MALFORMED, "accept[%zu]: want a list of 1 to %d evidence rows", a,
                       (int)POLICY_ROWS);
    }
    for (size_t r = 0; r < n && err == ERR_OK; r++) {
        char path[PATH_TEXT];

        (void)snprintf(path, sizeof path, "accept[%zu][%zu]", a, r);
        err = read_row(json_array_get(array, r), path, out->row[a], r, why);
    }
    return err;
}

static enum err
read_accept(const json_t *array, struct policy *out, struct why *why)
{
    enum err err = ERR_OK;

    if (json_array_size(array) == 0) {
        return why_add(why, ERR_MALFORMED, "accept: is empty");
    }
    for (size_t a = 0; a < json_array_size(array) && err == ERR_OK; a++) {
        err = read_alternative(json_array_get(array, a), a, out, why);
        out->alternatives = a + 1;
    }
    return err;
}

static enum err
read_consent(json_t *obj, struct policy *out, struct why *why)
{
    const char *issuer = NULL;
    const struct json_member members[] = {
        {"required", JK_BOOL, true, &out->consent_required, 0, 0},
        {"issuer", JK_TEXT, false, &issuer, 0, sizeof out->consent_issuer - 1},
    };

    if (obj == NULL) {
        return ERR_OK;
    }
    TRY(json_bind(obj, "consent", members, sizeof members / sizeof members[0], why));
    if (issuer == NULL) {
        return out->consent_required
                   ? why_add(why, ERR_MALFORMED, "consent: member \"issuer\" is missing")
                   : ERR_OK;
    }
    TRY(word_uri(issuer, "consent.issuer", why));
    (void)snprintf(out->consent_issuer, sizeof out->consent_issuer, "%s", issuer);
    return ERR_OK;
}

static enum err
read_members(json_t *obj, struct policy *out, struct why *why)
{
    const char *id = "";
    json_t *accept = NULL;
    json_t *grant = NULL;
    json_t *consent = NULL;
    const struct json_member members[] = {
        {"id", JK_TEXT, true, &id, 0, sizeof out->id - 1},
        {"version", JK_INT, true, &out->version, 1, VERSION_MAX},
        {"accept", JK_ARRAY, true, &accept, 0, POLICY_ALTERNATIVES},
        {"grant", JK_OBJECT, true, &grant, 0, 0},
        {"consent", JK_OBJECT, false, &consent, 0, 0},
        {"keep_evidence", JK_BOOL, false, &out->keep_evidence, 0, 0},
    };

    TRY(json_bind(obj, "policy", members, sizeof members / sizeof members[0], why));
    TRY(word_id(id, "id", why));
    (void)snprintf(out->id, sizeof out->id, "%s", id);
    TRY(read_accept(accept, out, why));
    TRY(grant_read(grant, &out->grant, why));
    return read_consent(consent, out, why);
}

enum err
policy_read(struct slice document, struct policy **out, struct why *why)
{
    AUTO(policy_free) struct policy *p = mem_new(1, sizeof *p);
    AUTO(json_free) json_t *obj = NULL;
    uint8_t digest[SHA256_LEN];

    TRY(json_read(document, &obj, why));
    TRY(read_members(obj, p, why));
    hash_sha256(document, digest);
    hex_encode((struct slice){digest, sizeof digest}, p->digest);
    *out = p;
    p = NULL;
    return ERR_OK;
}
