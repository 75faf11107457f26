/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tpm_signature.c - any bytes as a TPMT_SIGNATURE.  The first byte says how long the modulus
 * of the key is, in units of 64 bytes; the rest is the signature. */
#include <assert.h>

#include "attest/tpm/signature.h"

enum { UNIT = 64, FIXED = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t
accounted(const struct tpm_signature *s, size_t len)
{
    if (s->bare) {
        return s->rsa.len;
    }
    if (s->scheme == TPM_ALG_ECDSA) {
        return FIXED + 2 + s->r.len + 2 + s->s.len;
    }
    if (s->scheme == TPM_ALG_RSASSA || s->scheme == TPM_ALG_RSAPSS) {
        return FIXED + 2 + s->rsa.len;
    }
    return len; /* another scheme: its body is not read */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tpm_signature s = {0};
    struct why why = {0};

    if (len == 0) {
        return 0;
    }

    size_t modulus_len = (size_t)(data[0] % 17) * UNIT;
    const struct slice in = {data + 1, len - 1};

    if (tpm_signature_decode(in, modulus_len, &s, &why) != ERR_OK) {
        assert(why.n > 0 && s.scheme == 0);
        return 0;
    }
    assert(accounted(&s, in.len) == in.len);
    assert(s.bare == (modulus_len > 0 && in.len == modulus_len));
    return 0;
}
