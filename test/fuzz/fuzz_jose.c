/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_jose.c - JWS, JWK, proofs and URLs from anybody: what is read has one spelling, and only a signed proof is accepted. */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "attest/base/text.h"
#include "common/dpop_read.h"
#include "common/json.h"

enum { URL_MAX = 512, NOW = 1800000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

/* Base64url is canonical, so header and payload encode back to what was signed. */
static void
jws(struct slice in)
{
    AUTO(jws_done) struct jws j = {0};
    AUTO(jwk_done) struct jwk k = {0};
    struct why why = {0};
    char payload[JWT_MAX + 1];

    if (jws_read(in, NULL, JOSE_ALLOW_ES256 | JOSE_ALLOW_ES384 | JOSE_ALLOW_EDDSA, &j, &why) !=
        ERR_OK) {
        must(why.n > 0 && j.header == NULL);
        return;
    }
    b64url_encode((struct slice){j.payload_bytes, j.payload_len}, payload);

    size_t len = strlen(payload);

    must(len < j.signing_input.len && j.signing_input.len < in.len);
    must(memcmp(j.signing_input.ptr + j.signing_input.len - len, payload, len) == 0);
    if (jwk_read(json_object_get(j.header, "jwk"), &k, &why) == ERR_OK) {
        (void)(jws_verify(&j, &k.key, k.alg, &why) == ERR_OK);
    }
}

static void
proof(struct slice in)
{
    AUTO(dpop_done) struct dpop d = {0};
    const struct dpop_want want = {.htm = "POST",
                                   .htu = "https://broker.example/token",
                                   .now = NOW,
                                   .past_s = 60,
                                   .future_s = 10};
    struct why why = {0};
    enum err err = dpop_check(in, &want, &d, &why);

    must(err == ERR_OK || err == ERR_UNAUTHENTICATED);
    must(err != ERR_OK || (strlen(d.jwk.jkt_text) == B64_JKT && strlen(d.jti_hash) == 64));
}

/* What is read in place is read the same with trees. */
static void
readers(struct slice in)
{
    AUTO(proof_text_done) struct proof_text plain = {0};
    AUTO(proof_text_done) struct proof_text tree = {0};
    struct why why = {0};

    if (!proof_text_plain(in, &plain)) {
        return;
    }
    must(proof_text_tree(in, &tree, &why) == ERR_OK);
    must(slice_same(plain.jti, tree.jti) && slice_same(plain.htm, tree.htm));
    must(slice_same(plain.htu, tree.htu) && slice_same(plain.nonce, tree.nonce));
    must(slice_same(plain.ath, tree.ath) && plain.iat == tree.iat);
    must(plain.jws.alg == tree.jws.alg && plain.jws.sig_len == tree.jws.sig_len);
    must(slice_same(plain.jws.signing_input, tree.jws.signing_input));
}

static void
url(struct slice in)
{
    char once[URL_MAX];
    char twice[URL_MAX];
    struct why why = {0};

    if (htu_normalise(in, once, sizeof once, &why) == ERR_OK) {
        must(htu_normalise(slice_text(once), twice, sizeof twice, &why) == ERR_OK);
        must(strcmp(once, twice) == 0 && strpbrk(once, "?#@ \\") == strchr(once, '@'));
    }
}

static void
jwk(struct slice in)
{
    AUTO(json_free) json_t *obj = NULL;
    AUTO(jwk_done) struct jwk k = {0};
    struct why why = {0};

    if (json_read(in, &obj, &why) == ERR_OK && jwk_read(obj, &k, &why) == ERR_OK) {
        must(k.key.type != KEY_NONE && json_object_get(obj, "d") == NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};

    jws(in);
    proof(in);
    readers(in);
    url(in);
    jwk(in);
    must(ERR_peek_error() == 0);
    return 0;
}
