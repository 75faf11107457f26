/* SPDX-License-Identifier: Apache-2.0 */
/* name.c - see name.h. */
#include "attest/tpm/name.h"

#include "attest/base/wr.h"

enum { ALG_LEN = 2, HANDLE_LEN = 4 };

struct slice
tpm_name_slice(const struct tpm_name *n)
{
    return (struct slice){.ptr = n->bytes, .len = n->len};
}

static enum err
make(unsigned alg, const struct slice *parts, size_t n, struct tpm_name *out, struct why *why)
{
    struct tpm_name name = {0};
    struct wr w = wr_init(name.bytes, sizeof name.bytes, "Name");
    uint8_t digest[HASH_MAX];

    TRY(hash_parts(alg, parts, n, digest, why));
    wr_be16(&w, (uint16_t)alg);
    wr_bytes(&w, (struct slice){digest, hash_len(alg)});
    TRY(wr_end(&w, why));
    name.len = wr_done(&w).len;

    *out = name;
    return ERR_OK;
}

/* The nameAlg that a Name of ours begins with. */
static unsigned
alg_of(const struct tpm_name *n)
{
    return n->len < ALG_LEN ? 0u : (unsigned)n->bytes[0] << 8 | n->bytes[1];
}

enum err
tpm_name_make(const struct tpm_public *p, struct tpm_name *out, struct why *why)
{
    return make(p->name_alg, &p->area, 1, out, why);
}

enum err
tpm_name_primary(const struct tpm_name *name, uint32_t hierarchy, struct tpm_name *out,
                 struct why *why)
{
    uint8_t handle[HANDLE_LEN];
    struct wr w = wr_init(handle, sizeof handle, "handle");

    wr_be32(&w, hierarchy);
    const struct slice parts[] = {wr_done(&w), tpm_name_slice(name)};
    return make(alg_of(name), parts, 2, out, why);
}

enum err
tpm_name_child(const struct tpm_name *name, const struct tpm_name *parent_qualified,
               struct tpm_name *out, struct why *why)
{
    const struct slice parts[] = {tpm_name_slice(parent_qualified), tpm_name_slice(name)};

    return make(alg_of(name), parts, 2, out, why);
}
