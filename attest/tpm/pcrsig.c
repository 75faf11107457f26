/* SPDX-License-Identifier: Apache-2.0 */
/* pcrsig.c - see pcrsig.h. */
#include "attest/tpm/pcrsig.h"

#include "attest/base/b64.h"
#include "attest/base/json_gate.h"
#include "attest/base/json_view.h"
#include "attest/base/text.h"
#include "attest/base/wr.h"

enum { CC_POLICY_PCR = 0x17f, SELECT_BYTES = 3, UKI_PCR = 11, POLICY_BYTES = 128 };

enum err
tpm_policy_pcr(uint16_t bank, uint8_t pcr, struct slice value, uint8_t out[SHA256_LEN],
               struct why *why)
{
    uint8_t bytes[POLICY_BYTES];
    uint8_t composite[SHA256_LEN];
    uint8_t start[SHA256_LEN] = {0};
    struct wr w = wr_init(bytes, sizeof bytes, "policy");

    hash_sha256(value, composite);
    wr_bytes(&w, (struct slice){start, sizeof start});
    wr_be32(&w, CC_POLICY_PCR);
    wr_be32(&w, 1); /* one selection */
    wr_be16(&w, bank);
    wr_u8(&w, SELECT_BYTES);
    for (unsigned i = 0; i < SELECT_BYTES; i++) {
        wr_u8(&w, pcr / 8 == i ? (uint8_t)(1U << pcr % 8) : 0);
    }
    wr_bytes(&w, (struct slice){composite, sizeof composite});
    TRY(wr_end(&w, why));
    hash_sha256(wr_done(&w), out);
    return ERR_OK;
}

/* [11] and nothing else. */
static bool
only_uki_pcr(struct slice pcrs)
{
    struct slice rest;
    struct slice element;
    uint64_t n = 0;

    return json_view_count(pcrs) == 1 && json_view_array(pcrs, &rest) &&
           json_view_next(&rest, &element) && json_view_u64(element, TPM_PCRS - 1, &n) &&
           n == UKI_PCR;
}

struct entry {
    uint8_t policy[SHA256_LEN];
    uint8_t signature[SIG_NUMBER_MAX];
    size_t signature_len;
    bool ours; /* for PCR 11 alone */
};

static enum err
read_entry(struct slice obj, struct entry *out, struct why *why)
{
    static const char *const NAMES[] = {"pcrs", "pol", "sig"};
    enum { PCRS, POL, SIG, FIELDS };
    struct slice value[FIELDS];
    struct slice pol = {0};
    struct slice sig = {0};
    size_t len = 0;

    (void)json_view_find(obj, NAMES, FIELDS, value);
    if (value[PCRS].len == 0 || value[POL].len == 0 || value[SIG].len == 0 ||
        !json_view_text(value[POL], &pol) || !json_view_text(value[SIG], &sig)) {
        return why_add(why, ERR_MALFORMED, "an entry has not pcrs, pol and sig");
    }
    out->ours = only_uki_pcr(value[PCRS]);
    TRY(hex_decode(pol, out->policy, sizeof out->policy, &len, why));
    TRY(b64_decode(sig, out->signature, sizeof out->signature, &out->signature_len, why));
    return len == SHA256_LEN ? ERR_OK
                             : why_add(why, ERR_MALFORMED, "pol has %zu bytes, want 32", len);
}

static bool
signs(const struct entry *e, const uint8_t policy[SHA256_LEN], const struct sig_key *key)
{
    const struct slice want = {policy, SHA256_LEN};
    struct why why = {0};

    return e->ours && slice_same(want, (struct slice){e->policy, SHA256_LEN}) &&
           sig_verify(key, SCHEME_RSASSA, HASH_SHA256, want,
                      (struct slice){e->signature, e->signature_len}, &why) == ERR_OK;
}

enum err
tpm_pcrsig_check(struct slice json, uint16_t bank, const uint8_t policy[SHA256_LEN],
                 const struct sig_key *key, struct why *why)
{
    struct slice list = {0};
    struct slice rest = {0};
    struct slice obj = {0};
    enum err e = ERR_OK;
    bool found = false;

    if (json.len > TPM_PCRSIG_MAX) {
        return why_add(why, ERR_MALFORMED, "%zu bytes, at most %d", json.len, TPM_PCRSIG_MAX);
    }
    TRY(json_gate_object(json, "pcrsig", why));
    if (!json_view_member(json_view_whole(json), hash_name(bank), &list) ||
        !json_view_array(list, &rest)) {
        return why_add(why, ERR_DENIED, "no signatures for %s", hash_name(bank));
    }
    while (!found && e == ERR_OK && json_view_next(&rest, &obj)) {
        struct entry one = {.ours = false};

        e = read_entry(obj, &one, why);
        found = e == ERR_OK && signs(&one, policy, key);
    }
    if (e != ERR_OK) {
        return why_add(why, ERR_MALFORMED, "in the signatures for %s", hash_name(bank));
    }
    return found ? ERR_OK
                 : why_add(why, ERR_DENIED, "no signature of this key over this value of PCR 11");
}
