/* SPDX-License-Identifier: Apache-2.0 */
/* ek_template.c - see ek_template.h. */
#include "attest/tpm/ek_template.h"

#include "attest/base/hash.h"

struct template
{
    uint16_t type;
    uint16_t size; /* keyBits of RSA, TPM_ECC_CURVE of ECC */
    uint16_t name_alg;
    uint16_t aes_bits;
};

static const struct template TEMPLATES[] = {
    {TPM_ALG_RSA, 2048, HASH_SHA256, 128},              /* L-1, H-1 */
    {TPM_ALG_ECC, TPM_ECC_NIST_P256, HASH_SHA256, 128}, /* L-2, H-2 */
    {TPM_ALG_ECC, TPM_ECC_NIST_P384, HASH_SHA384, 256}, /* H-3 */
    {TPM_ALG_RSA, 3072, HASH_SHA384, 256},              /* H-6 */
};

/* TPMA_OBJECT, Part 2 section 8.3: a storage key that is its TPM's own and does nothing but decrypt. */
enum {
    FIXED_TPM = 0x2,
    FIXED_PARENT = 0x10,
    ORIGIN = 0x20,
    DUPLICATION = 0x800,
    RESTRICTED = 0x10000,
    DECRYPT = 0x20000,
    SIGN = 0x40000,
};
#define MUST     ((uint32_t)(FIXED_TPM | FIXED_PARENT | ORIGIN | RESTRICTED | DECRYPT))
#define MUST_NOT ((uint32_t)(DUPLICATION | SIGN))

enum err
tpm_ek_template_check(const struct tpm_public *p, struct why *why)
{
    const struct template mine = {p->type, p->type == TPM_ALG_RSA ? p->key_bits : p->curve,
                                  p->name_alg, p->symmetric_bits};
    bool known = false;

    if ((p->attributes & MUST) != MUST || p->attributes & MUST_NOT) {
        return why_add(why, ERR_DENIED,
                       "objectAttributes 0x%08x are not those of an endorsement key",
                       p->attributes);
    }
    for (size_t i = 0; i < sizeof TEMPLATES / sizeof TEMPLATES[0]; i++) {
        const struct template *t = &TEMPLATES[i];

        known = known || (t->type == mine.type && t->size == mine.size &&
                          t->name_alg == mine.name_alg && t->aes_bits == mine.aes_bits);
    }
    if (!known || p->symmetric != TPM_ALG_AES || p->symmetric_mode != TPM_ALG_CFB) {
        return why_add(why, ERR_DENIED,
                       "%s %u, nameAlg %s, symmetric 0x%04x of %u bits, mode 0x%04x: no template",
                       p->type == TPM_ALG_RSA ? "RSA" : "curve", mine.size, hash_name(p->name_alg),
                       p->symmetric, p->symmetric_bits, p->symmetric_mode);
    }
    return ERR_OK;
}
