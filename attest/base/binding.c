/* SPDX-License-Identifier: Apache-2.0 */
/* binding.c - see binding.h. */
#include "attest/base/binding.h"

#include <string.h>

static const char *const NAMES[] = {
    [EVIDENCE_NONE] = "none",
    [EVIDENCE_TPM2] = "tpm2",
    [EVIDENCE_SEV_SNP] = "sev-snp",
    [EVIDENCE_TDX] = "tdx",
    [EVIDENCE_AZURE_SEV_SNP] = "azure-sev-snp",
    [EVIDENCE_AZURE_TDX] = "azure-tdx",
};

enum { NAMES_N = sizeof NAMES / sizeof NAMES[0] };

const char *
evidence_name(enum evidence_type type)
{
    return (size_t)type < NAMES_N ? NAMES[type] : NAMES[EVIDENCE_NONE];
}

enum evidence_type
evidence_by_name(struct slice name)
{
    for (size_t i = EVIDENCE_NONE + 1; i < NAMES_N; i++) {
        if (slice_same(name, slice_text(NAMES[i]))) {
            return (enum evidence_type)i;
        }
    }
    return EVIDENCE_NONE;
}

enum err
binding_make(enum evidence_type type, struct slice challenge, const uint8_t jkt[JKT_LEN],
             struct slice launch_token, uint8_t out[BINDING_LEN], struct why *why)
{
    static const char LABEL[] = "countersign-binding-v1";
    const uint8_t len[2] = {(uint8_t)(challenge.len >> 8), (uint8_t)challenge.len};
    uint8_t launch[SHA256_LEN];
    uint8_t digest[HASH_MAX];

    if (type == EVIDENCE_NONE || (size_t)type >= NAMES_N) {
        return why_add(why, ERR_MALFORMED, "binding: no evidence type");
    }
    if (challenge.len == 0 || challenge.len > UINT16_MAX) {
        return why_add(why, ERR_MALFORMED, "binding: challenge of %zu bytes, want 1 to 65535",
                       challenge.len);
    }
    hash_sha256(launch_token, launch);

    /* sizeof and strlen + 1: the zero byte that ends each name is part of the definition. */
    const struct slice parts[] = {
        {(const uint8_t *)LABEL, sizeof LABEL},
        {(const uint8_t *)NAMES[type], strlen(NAMES[type]) + 1},
        {len, sizeof len},
        challenge,
        {jkt, JKT_LEN},
        {launch, sizeof launch},
    };

    TRY(hash_parts(HASH_SHA256, parts, sizeof parts / sizeof parts[0], digest, why));
    memcpy(out, digest, BINDING_LEN);
    return ERR_OK;
}
