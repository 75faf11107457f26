/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - see signature.h. */
#include "attest/tpm/signature.h"

#include <string.h>

#include "attest/base/rd.h"

enum { FIELD_MAX = 66 };

static void
read_body(struct rd *r, struct tpm_signature *s)
{
    switch (s->scheme) {
    case TPM_ALG_RSASSA:
    case TPM_ALG_RSAPSS: s->rsa = rd_bytes(r, "sig", rd_be16(r, "sig")); break;
    case TPM_ALG_ECDSA:
        s->r = rd_bytes(r, "signatureR", rd_be16(r, "signatureR"));
        s->s = rd_bytes(r, "signatureS", rd_be16(r, "signatureS"));
        break;
    default: (void)rd_bytes(r, "body of another scheme", rd_left(r)); break;
    }
}

enum err
tpm_signature_decode(struct slice in, size_t modulus_len, struct tpm_signature *out,
                     struct why *why)
{
    struct tpm_signature s = {0};
    struct rd r = rd_init(in, "TPMT_SIGNATURE");

    if (in.len > TPM_SIGNATURE_MAX) {
        return why_add(why, ERR_MALFORMED, "TPMT_SIGNATURE has %zu bytes, at most %d can be",
                       in.len, TPM_SIGNATURE_MAX);
    }
    if (modulus_len > 0 && in.len == modulus_len) {
        *out = (struct tpm_signature){
            .scheme = TPM_ALG_RSASSA, .hash = HASH_SHA256, .bare = true, .rsa = in};
        return ERR_OK;
    }
    s.scheme = rd_be16(&r, "sigAlg");
    s.hash = rd_be16(&r, "hash");
    read_body(&r, &s);
    TRY(rd_end(&r, why));

    *out = s;
    return ERR_OK;
}

/* An integer without its leading zeros, right-aligned in `len` bytes. */
static enum err
put_integer(struct slice in, const char *name, uint8_t *dst, size_t len, struct why *why)
{
    size_t zeros = 0;

    while (zeros < in.len && in.ptr[zeros] == 0) {
        zeros++;
    }
    size_t left = in.len - zeros;
    if (left > len) {
        return why_add(why, ERR_DENIED, "%s has %zu bytes, the field has %zu", name, left, len);
    }
    memset(dst, 0, len);
    if (left > 0) {
        memcpy(dst + (len - left), in.ptr + zeros, left);
    }
    return ERR_OK;
}

enum err
tpm_signature_verify(const struct tpm_signature *sig, const struct sig_key *key, struct slice msg,
                     struct why *why)
{
    uint8_t rs[2 * FIELD_MAX];
    size_t len = sig_curve_len(key->curve);

    if (sig->scheme == TPM_ALG_RSASSA) {
        return sig_verify(key, SCHEME_RSASSA, sig->hash, msg, sig->rsa, why);
    }
    if (sig->scheme == TPM_ALG_RSAPSS) {
        return sig_verify(key, SCHEME_RSAPSS, sig->hash, msg, sig->rsa, why);
    }
    if (sig->scheme != TPM_ALG_ECDSA || len == 0) {
        return why_add(why, ERR_MALFORMED, "signature of scheme %s does not go with this key",
                       tpm_scheme_name(sig->scheme));
    }
    TRY(put_integer(sig->r, "signatureR", rs, len, why));
    TRY(put_integer(sig->s, "signatureS", rs + len, len, why));
    return sig_verify(key, SCHEME_ECDSA, sig->hash, msg, (struct slice){rs, 2 * len}, why);
}
