/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - see key.h. */
#include "clients/key.h"

#include <string.h>

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/json.h"
#include "common/mem.h"

enum { HTU_MAX = 2048, JTI_BYTES = 16, PROOF_MAX = 8192 };

void
guest_key_done(struct guest_key *k)
{
    jose_key_done(&k->soft);
    device_key_done(&k->chip);
    json_free(&k->jwk);
    *k = (struct guest_key){0};
}

static enum err
make_in_tpm(const char *tcti, struct guest_key *out, struct fault *f)
{
    struct jwk read AUTO(jwk_done) = {0};
    char x[64], y[64];

    TRY(device_key_make(tcti, &out->chip, f));
    b64url_encode((struct slice){out->chip.x, DEVICE_POINT}, x);
    b64url_encode((struct slice){out->chip.y, DEVICE_POINT}, y);
    out->jwk = json_pack("{s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "x", x, "y", y);
    TRY(jwk_read(out->jwk, &read, &f->why));
    memcpy(out->jkt, read.jkt, JKT_LEN);
    return ERR_OK;
}

static enum err
make_in_memory(struct guest_key *out, struct fault *f)
{
    TRY(jose_key_make(JOSE_ES256, &out->soft, &f->why));
    out->jwk = jose_key_jwk(&out->soft);
    memcpy(out->jkt, out->soft.jkt, JKT_LEN);
    return ERR_OK;
}

enum err
guest_key_make(const char *where, const char *tcti, struct guest_key *out, struct fault *f)
{
    struct guest_key k AUTO(guest_key_done) = {0};
    bool in_tpm = strcmp(where, "tpm") == 0;

    if (!in_tpm && strcmp(where, "memory") != 0) {
        return fault_add(f, ERR_MALFORMED, "key", "--key is memory or tpm");
    }
    TRY(in_tpm ? make_in_tpm(tcti, &k, f) : make_in_memory(&k, f));
    *out = k;
    k = (struct guest_key){0};
    return ERR_OK;
}

static json_t *
proof_payload(const struct proof_want *want, const char *htu)
{
    uint8_t random[JTI_BYTES];
    char jti[2 * JTI_BYTES];
    char ath[SHA256_LEN * 2];
    uint8_t digest[SHA256_LEN];
    json_t *p = NULL;

    random_bytes(random, sizeof random);
    b64url_encode((struct slice){random, sizeof random}, jti);
    p = json_pack("{s:s, s:s, s:s, s:I}", "jti", jti, "htm", want->method, "htu", htu, "iat",
                  (json_int_t)clock_unix());
    if (want->nonce != NULL && want->nonce[0] != '\0') {
        (void)json_object_set_new(p, "nonce", json_string(want->nonce));
    }
    if (want->token != NULL) {
        hash_sha256(slice_text(want->token), digest);
        b64url_encode((struct slice){digest, sizeof digest}, ath);
        (void)json_object_set_new(p, "ath", json_string(ath));
    }
    return p;
}

/* Compact JWS, signed by the TPM (RFC 7515 section 7.1). */
static enum err
proof_by_tpm(const struct guest_key *k, const struct proof_want *want, const char *htu, char **out,
             struct fault *f)
{
    json_t *header AUTO(json_free) =
        json_pack("{s:s, s:s, s:O}", "typ", "dpop+jwt", "alg", "ES256", "jwk", k->jwk);
    json_t *payload AUTO(json_free) = proof_payload(want, htu);
    char *header_text AUTO(mem_free_text) = json_text(header);
    char *payload_text AUTO(mem_free_text) = json_text(payload);
    uint8_t *buf AUTO(mem_free_bytes) = mem_new(PROOF_MAX, 1);
    uint8_t digest[SHA256_LEN];
    uint8_t sig[2 * DEVICE_POINT];
    struct wr w = wr_init(buf, PROOF_MAX, "dpop proof");

    wr_b64url(&w, slice_text(header_text));
    wr_u8(&w, '.');
    wr_b64url(&w, slice_text(payload_text));
    TRY(wr_end(&w, &f->why));
    hash_sha256(wr_done(&w), digest);
    TRY(device_key_sign(&k->chip, digest, sig, f));
    wr_u8(&w, '.');
    wr_b64url(&w, (struct slice){sig, sizeof sig});
    TRY(wr_end(&w, &f->why));
    *out = mem_text(wr_done(&w));
    return ERR_OK;
}

enum err
guest_key_proof(const struct guest_key *k, const struct proof_want *want, char **out,
                struct fault *f)
{
    char htu[HTU_MAX];
    const char *nonce = want->nonce != NULL && want->nonce[0] != '\0' ? want->nonce : NULL;

    TRY(htu_normalise(slice_text(want->url), htu, sizeof htu, &f->why));
    if (k->chip.saved != NULL) {
        return proof_by_tpm(k, want, htu, out, f);
    }
    return dpop_make(&k->soft, want->method, htu, nonce, want->token, clock_unix(), out, &f->why);
}
