/* SPDX-License-Identifier: Apache-2.0 */
/* mac.c - see mac.h. */
#include "broker/util/mac.h"

#include "attest/base/sec.h"

#include <nettle/hmac.h>
#include <string.h>

void
mac_make(const uint8_t key[MAC_KEY], const char *label, struct slice message, uint8_t out[MAC_LEN])
{
    struct hmac_sha256_ctx ctx;

    hmac_sha256_set_key(&ctx, MAC_KEY, key);
    hmac_sha256_update(&ctx, strlen(label) + 1, (const uint8_t *)label); /* with its zero byte */
    hmac_sha256_update(&ctx, message.len, message.ptr);
    hmac_sha256_digest(&ctx, MAC_LEN, out);
    sec_zero(&ctx, sizeof ctx);
}
