/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c - see hash.h.  By nettle: it has no algorithm to look up and no context to allocate, which for the short texts of a request
 * costs more than the hash itself. */
#include "attest/base/hash.h"

#include <assert.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha2.h>

#include "attest/base/sec.h"

struct hash_row {
    unsigned alg;
    size_t len;
    const char *name;
    const struct nettle_hash *hash; /* NULL: named only to be refused */
};

static const struct hash_row HASHES[] = {
    {HASH_SHA1, 20, "sha1", NULL},
    {HASH_SHA256, SHA256_LEN, "sha256", &nettle_sha256},
    {HASH_SHA384, SHA384_LEN, "sha384", &nettle_sha384},
    {HASH_SHA512, SHA512_LEN, "sha512", &nettle_sha512},
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

/* Wiped after use: its last block may hold a piece of a token. */
union state {
    struct sha256_ctx sha256;
    struct sha512_ctx sha512; /* of SHA-384 too */
};

static void
digest(const struct nettle_hash *hash, const struct slice *parts, size_t n, uint8_t *out)
{
    union state state;

    assert(hash->context_size <= sizeof state);
    hash->init(&state);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].len > 0) {
            hash->update(&state, parts[i].len, parts[i].ptr);
        }
    }
    hash->digest(&state, hash->digest_size, out);
    sec_zero(&state, sizeof state);
}

enum err
hash_parts(unsigned alg, const struct slice *parts, size_t n, uint8_t out[HASH_MAX],
           struct why *why)
{
    const struct hash_row *row = row_of(alg);

    if (row == NULL || row->hash == NULL) {
        return why_add(why, ERR_DENIED, "hash algorithm 0x%04x (%s) is not accepted", alg,
                       hash_name(alg));
    }
    digest(row->hash, parts, n, out);
    return ERR_OK;
}

void
hash_sha256(struct slice in, uint8_t out[SHA256_LEN])
{
    digest(&nettle_sha256, &in, 1, out);
}
