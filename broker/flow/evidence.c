/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c - see evidence.h.  It decodes texts and decides nothing. */
#include "broker/flow/evidence.h"

#include "attest/base/text.h"
#include "common/json.h"
#include "common/mem.h"

#include <string.h>

/* Bytes decoded for one request; freed together. */
enum { BLOBS_MAX = EVIDENCE_PIECES * 8 };

struct owned {
    uint8_t *blob[BLOBS_MAX];
    size_t blobs;
    struct tpm_pcr pcr[EVIDENCE_PIECES][TPM_PCR_VALUES_MAX];
};

void
attest_ask_free(struct attest_ask **ask)
{
    if (*ask == NULL) {
        return;
    }
    struct owned *o = (*ask)->owned;

    for (size_t i = 0; o != NULL && i < o->blobs; i++) {
        mem_free(o->blob[i]);
    }
    mem_free(o);
    jwk_done(&(*ask)->key);
    json_free(&(*ask)->json);
    mem_free(*ask);
    *ask = NULL;
}

/* base64url text to bytes that live as long as the request. */
static enum err
take_blob(struct owned *o, const char *text, const char *what, size_t max, struct slice *out,
          struct why *why)
{
    uint8_t *bytes = NULL;
    size_t len = 0;

    if (text == NULL) {
        return ERR_OK;
    }
    TRY(json_b64url(text, what, max, &bytes, &len, why));
    o->blob[o->blobs++] = bytes;
    *out = (struct slice){bytes, len};
    return ERR_OK;
}

/* "sha256:7" and hex. */
static enum err
take_pcr(const char *name, const json_t *value, struct tpm_pcr *out, struct why *why)
{
    struct tpm_selection sel[1];
    size_t n = 0;
    size_t len = 0;

    TRY(tpm_select_parse(slice_text(name), sel, 1, &n, why));
    if (n != 1 || sel[0].mask == 0 || (sel[0].mask & (sel[0].mask - 1)) != 0) {
        return why_add(why, ERR_MALFORMED, "pcrs: \"%.40s\" does not name one PCR", name);
    }
    out->bank = sel[0].bank;
    out->index = (uint8_t)__builtin_ctz(sel[0].mask);
    if (!json_is_string(value)) {
        return why_add(why, ERR_MALFORMED, "pcrs: %.40s is not hex text", name);
    }
    TRY(hex_decode(slice_text(json_string_value(value)), out->digest, sizeof out->digest, &len,
                   why));
    if (len != hash_len(out->bank)) {
        return why_add(why, ERR_MALFORMED, "pcrs: %.40s has %zu bytes, want %zu", name, len,
                       hash_len(out->bank));
    }
    return ERR_OK;
}

static enum err
take_pcrs(json_t *pcrs, struct tpm_pcr *dst, struct tpm_evidence *ev, struct why *why)
{
    enum err e = ERR_OK;

    if (pcrs == NULL) {
        return ERR_OK;
    }
    if (json_object_size(pcrs) > TPM_PCR_VALUES_MAX) {
        return why_add(why, ERR_LIMIT, "pcrs: %zu values, at most %d", json_object_size(pcrs),
                       TPM_PCR_VALUES_MAX);
    }
    ev->pcrs = dst;
    for (void *it = json_object_iter(pcrs); it != NULL && e == ERR_OK;
         it = json_object_iter_next(pcrs, it)) {
        e = take_pcr(json_object_iter_key(it), json_object_iter_value(it), &dst[ev->pcrs_n++], why);
    }
    return e;
}

/* The texts of one piece, in the order of BLOBS. */
enum { QUOTE, SIGNATURE, AK, AK_CERTIFICATE, EK, TEXTS };

static const struct {
    const char *name;
    size_t max; /* bytes when decoded */
} BLOBS[TEXTS] = {
    [QUOTE] = {"quote", TPM_ATTEST_MAX}, [SIGNATURE] = {"signature", TPM_SIGNATURE_MAX},
    [AK] = {"ak", TPM_PUBLIC_MAX},       [AK_CERTIFICATE] = {"ak_certificate", X509_DER_MAX},
    [EK] = {"ek", TPM_PUBLIC_MAX},
};

static enum err
take_blobs(const char *const text[TEXTS], struct owned *o, struct tpm_evidence *ev, struct why *why)
{
    struct slice *const dst[TEXTS] = {&ev->quote, &ev->signature, &ev->ak, &ev->ak_certificate,
                                      &ev->ek};
    enum err e = ERR_OK;

    for (size_t i = 0; i < TEXTS && e == ERR_OK; i++) {
        e = take_blob(o, text[i], BLOBS[i].name, BLOBS[i].max, dst[i], why);
    }
    return e;
}

static enum err
take_tpm2(json_t *obj, struct owned *o, size_t index, struct tpm_evidence *ev, struct why *why)
{
    const char *type = NULL;
    const char *text[TEXTS] = {0};
    json_t *pcrs = NULL;
    struct json_member members[TEXTS + 2] = {
        {"type", JK_TEXT, true, &type, 0, 32},
        {"pcrs", JK_OBJECT, false, &pcrs, 0, 0},
    };

    for (size_t i = 0; i < TEXTS; i++) {
        members[i + 2] = (struct json_member){BLOBS[i].name, JK_TEXT, i <= AK,
                                              &text[i],      0,       (int64_t)(2 * BLOBS[i].max)};
    }
    TRY(json_bind(obj, "evidence", members, sizeof members / sizeof members[0], why));
    TRY(take_blobs(text, o, ev, why));
    return take_pcrs(pcrs, o->pcr[index], ev, why);
}

static enum err
take_piece(json_t *obj, struct attest_ask *ask, struct why *why)
{
    const char *type = json_string_value(json_object_get(obj, "type"));
    struct evidence *ev = &ask->piece[ask->pieces];

    ev->type = evidence_by_name(slice_text(type));
    if (ev->type != EVIDENCE_TPM2) {
        return why_add(why, ERR_MALFORMED,
                       "evidence.type \"%.32s\" is not taken here, want \"tpm2\"",
                       type != NULL ? type : "");
    }
    TRY(take_tpm2(obj, ask->owned, ask->pieces, &ev->tpm, why));
    ask->pieces++;
    return ERR_OK;
}

static enum err
take_pieces(const json_t *evidence, struct attest_ask *ask, struct why *why)
{
    enum err e = ERR_OK;

    if (json_array_size(evidence) == 0) {
        return why_add(why, ERR_MALFORMED, "evidence is empty");
    }
    for (size_t i = 0; i < json_array_size(evidence) && e == ERR_OK; i++) {
        e = take_piece(json_array_get(evidence, i), ask, why);
    }
    return e;
}

static enum err
read_members(struct attest_ask *ask, struct why *why)
{
    const char *challenge = NULL;
    json_t *key = NULL;
    json_t *evidence = NULL;
    const struct json_member members[] = {
        {"policy", JK_TEXT, true, &ask->policy, 0, 63},
        {"challenge", JK_TEXT, true, &challenge, 0, 80},
        {"key", JK_OBJECT, true, &key, 0, 0},
        {"evidence", JK_ARRAY, true, &evidence, 0, EVIDENCE_PIECES},
    };

    TRY(json_bind(ask->json, "request", members, sizeof members / sizeof members[0], why));
    TRY(b64url_decode(slice_text(challenge), ask->challenge, sizeof ask->challenge,
                      &ask->challenge_len, why));
    TRY(jwk_read(key, &ask->key, why));
    return take_pieces(evidence, ask, why);
}

enum err
attest_ask_read(struct slice body, struct attest_ask **out, struct why *why)
{
    AUTO(attest_ask_free) struct attest_ask *ask = mem_new(1, sizeof *ask);

    ask->owned = mem_new(1, sizeof(struct owned));
    hash_sha256(body, ask->digest);
    TRY(json_read(body, &ask->json, why));
    TRY(read_members(ask, why));
    *out = ask;
    ask = NULL;
    return ERR_OK;
}
