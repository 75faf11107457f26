/* SPDX-License-Identifier: Apache-2.0 */
/* sec.c - see sec.h. */
#include "attest/base/sec.h"

#include <openssl/crypto.h>

bool
sec_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void
sec_zero(void *ptr, size_t len)
{
    OPENSSL_cleanse(ptr, len);
}
