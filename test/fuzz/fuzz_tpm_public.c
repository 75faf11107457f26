/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tpm_public.c - any bytes as a public area, and its Name and key when it is one. */
#include <assert.h>

#include "attest/tpm/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
name_and_key(const struct tpm_public *p)
{
    AUTO(sig_key_done) struct sig_key key = {0};
    struct tpm_name name = {0};
    struct why why = {0};

    if (tpm_name_make(p, &name, &why) == ERR_OK) {
        assert(name.len == 2 + hash_len(p->name_alg));
    }
    if (tpm_public_key(p, &key, &why) == ERR_OK) {
        assert(key.bits == (p->type == TPM_ALG_RSA ? p->key_bits : 0));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tpm_public p = {0};
    struct why why = {0};

    if (tpm_public_decode((struct slice){data, len}, &p, &why) == ERR_OK) {
        assert(p.area.len == len || p.area.len == len - 2);
        name_and_key(&p);
    } else {
        assert(why.n > 0 && p.type == 0);
    }
    return 0;
}
