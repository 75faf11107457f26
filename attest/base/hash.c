/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c - see hash.h. */
#include "attest/base/hash.h"

#include <assert.h>
#include <openssl/evp.h>

struct hash_row {
    unsigned alg;
    size_t len;
    const char *name;
    const EVP_MD *(*md)(void); /* NULL: named only to be refused */
};

static const struct hash_row HASHES[] = {
    {HASH_SHA1, 20, "sha1", NULL},
    {HASH_SHA256, SHA256_LEN, "sha256", EVP_sha256},
    {HASH_SHA384, SHA384_LEN, "sha384", EVP_sha384},
    {HASH_SHA512, SHA512_LEN, "sha512", EVP_sha512},
};

enum { HASHES_N = sizeof HASHES / sizeof HASHES[0] };

static const struct hash_row *
row_of(unsigned alg)
{
    for (size_t i = 0; i < HASHES_N; i++) {
        if (HASHES[i].alg == alg) {
            return &HASHES[i];
        }
    }
    return NULL;
}

size_t
hash_len(unsigned alg)
{
    const struct hash_row *row = row_of(alg);

    return row == NULL ? 0 : row->len;
}

const char *
hash_name(unsigned alg)
{
    const struct hash_row *row = row_of(alg);

    return row == NULL ? "unknown" : row->name;
}

unsigned
hash_by_name(struct slice name)
{
    for (size_t i = 0; i < HASHES_N; i++) {
        if (slice_same(name, slice_text(HASHES[i].name))) {
            return HASHES[i].alg;
        }
    }
    return 0;
}

static void
context_free(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

static bool
digest(const EVP_MD *md, const struct slice *parts, size_t n, uint8_t *out)
{
    AUTO(context_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx == NULL || EVP_DigestInit_ex(ctx, md, NULL) != 1) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (parts[i].len > 0 && EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) != 1) {
            return false;
        }
    }
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

enum err
hash_parts(unsigned alg, const struct slice *parts, size_t n, uint8_t out[HASH_MAX],
           struct why *why)
{
    const struct hash_row *row = row_of(alg);

    if (row == NULL || row->md == NULL) {
        return why_add(why, ERR_DENIED, "hash algorithm 0x%04x (%s) is not accepted", alg,
                       hash_name(alg));
    }
    if (!digest(row->md(), parts, n, out)) {
        return why_add(why, ERR_UNABLE, "%s could not be computed", row->name);
    }
    return ERR_OK;
}

void
hash_sha256(struct slice in, uint8_t out[SHA256_LEN])
{
    bool done = digest(EVP_sha256(), &in, 1, out);

    assert(done); /* only memory can be lacking, and then nothing may be decided */
    (void)done;
}
