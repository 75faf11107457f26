/* SPDX-License-Identifier: Apache-2.0 */
/* tpm.c - see tpm.h: the words for what a verdict about a TPM says. */
#include "attest/tpm/tpm.h"

#include "attest/tpm/alg.h"

struct trust_word {
    enum tpm_ak_trust trust;
    const char *name;
};

static const struct trust_word TRUST_WORDS[] = {
    {AK_TRUST_EK_ACTIVATION, "ek-activation"}, {AK_TRUST_CERTIFICATE, "ak-certificate"},
    {AK_TRUST_TEE_EVIDENCE, "tee-evidence"},   {AK_TRUST_PINNED_NAME, "pinned-name"},
    {AK_TRUST_PINNED_KEY, "pinned-key"},
};

const char *
tpm_ak_trust_name(enum tpm_ak_trust t)
{
    for (size_t i = 0; i < sizeof TRUST_WORDS / sizeof TRUST_WORDS[0]; i++) {
        if (TRUST_WORDS[i].trust == t) {
            return TRUST_WORDS[i].name;
        }
    }
    return "none";
}

enum tpm_ak_trust
tpm_ak_trust_by_name(struct slice name)
{
    for (size_t i = 0; i < sizeof TRUST_WORDS / sizeof TRUST_WORDS[0]; i++) {
        if (slice_same(slice_text(TRUST_WORDS[i].name), name)) {
            return TRUST_WORDS[i].trust;
        }
    }
    return AK_TRUST_NONE;
}

const char *
tpm_hierarchy_name(enum tpm_hierarchy h)
{
    switch (h) {
    case HIERARCHY_UNKNOWN: return "unknown";
    case HIERARCHY_ENDORSEMENT: return "endorsement";
    case HIERARCHY_OWNER: return "owner";
    case HIERARCHY_PLATFORM: return "platform";
    }
    return "unknown";
}

const char *
tpm_scheme_name(unsigned alg)
{
    switch (alg) {
    case TPM_ALG_NULL: return "none";
    case TPM_ALG_RSASSA: return "RSASSA";
    case TPM_ALG_RSAPSS: return "RSAPSS";
    case TPM_ALG_ECDSA: return "ECDSA";
    case TPM_ALG_ECDAA: return "ECDAA";
    case TPM_ALG_SM2: return "SM2";
    case TPM_ALG_ECSCHNORR: return "ECSCHNORR";
    default: return "unknown";
    }
}
