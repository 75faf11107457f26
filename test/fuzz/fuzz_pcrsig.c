/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pcrsig.c - any bytes as signed PCR policies; none is by the one key that is asked for, as nobody has its private half. */
#include <assert.h>

#include "attest/tpm/pcrsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MODULUS = 256 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint16_t BANKS[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
    const uint8_t policy[SHA256_LEN] = {0};
    uint8_t n[MODULUS] = {0xc5, [MODULUS - 1] = 0x0b};
    AUTO(sig_key_done) struct sig_key key = {.type = KEY_NONE};
    struct why why = {0};

    for (size_t i = 1; i < MODULUS - 1; i++) {
        n[i] = (uint8_t)(i * 37 + 11);
    }
    if (sig_key_rsa((struct slice){n, sizeof n}, 65537, &key, &why) != ERR_OK) {
        assert(false);
    }
    for (size_t i = 0; i < sizeof BANKS / sizeof BANKS[0]; i++) {
        why = (struct why){0};
        assert(tpm_pcrsig_check((struct slice){data, len}, BANKS[i], policy, &key, &why) != ERR_OK);
        assert(why.n > 0);
    }
    return 0;
}
