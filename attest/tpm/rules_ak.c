/* SPDX-License-Identifier: Apache-2.0 */
/* rules_ak.c - what the public area of the attestation key must say; see checks.h.
 *
 * A key that is not restricted signs whatever it is given, so a quote by it proves nothing.  A
 * key that came as PEM shows no
 * attributes: its rows are set aside here and ak.untrusted asks that the policy says so by name.
 * */
#include <inttypes.h>

#include "attest/base/text.h"
#include "attest/tpm/checks.h"

/* TPMA_OBJECT, Part 2 section 8.3.2. */
#define FIXED_TPM             UINT32_C(0x00000002)
#define ST_CLEAR              UINT32_C(0x00000004)
#define FIXED_PARENT          UINT32_C(0x00000010)
#define SENSITIVE_DATA_ORIGIN UINT32_C(0x00000020)
#define USER_WITH_AUTH        UINT32_C(0x00000040)
#define ADMIN_WITH_POLICY     UINT32_C(0x00000080)
#define NO_DA                 UINT32_C(0x00000400)
#define RESTRICTED            UINT32_C(0x00010000)
#define SIGN                  UINT32_C(0x00040000)

#define MUST_BE_SET (FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | RESTRICTED | SIGN)
#define MAY_BE_SET  (MUST_BE_SET | ST_CLEAR | USER_WITH_AUTH | ADMIN_WITH_POLICY | NO_DA)

static enum outcome
bare(struct finding *f)
{
    return finding_ignored(f, "a bare key shows no attributes");
}

enum outcome
tpm_rule_ak_malformed(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (!t->ak_part.given) {
        return finding_fail(f, "the public area of the attestation key", "none was given");
    }
    if (t->ak_part.err != ERR_OK) {
        (void)finding_fail(f, "TPMT_PUBLIC or TPM2B_PUBLIC and nothing after it", "%s",
                           t->ak_part.why);
        return OUTCOME_MALFORMED;
    }
    return finding_pass(f, "%s", t->bare_key ? "bare key" : "public area");
}

enum outcome
tpm_rule_ak_attributes(const struct check_in *in, struct finding *f)
{
    uint32_t seen = in->tpm->ak.attributes;
    uint32_t missing = MUST_BE_SET & ~seen;
    uint32_t extra = seen & ~MAY_BE_SET;

    if (in->tpm->bare_key) {
        return bare(f);
    }
    if (missing != 0) {
        return finding_fail(
            f, "fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign (0x50032)",
            "0x%08" PRIx32 ", lacks 0x%" PRIx32 "%s", seen, missing,
            missing & RESTRICTED ? " (restricted)" : "");
    }
    if (extra != 0) {
        return finding_fail(f, "no decrypt, no encryptedDuplication, no unknown bit",
                            "0x%08" PRIx32 ", has 0x%" PRIx32, seen, extra);
    }
    return finding_pass(f, "0x%08" PRIx32, seen);
}

static bool
signs(const struct tpm_public *p)
{
    if (p->type == TPM_ALG_RSA) {
        return p->scheme == TPM_ALG_RSASSA || p->scheme == TPM_ALG_RSAPSS;
    }
    return p->scheme == TPM_ALG_ECDSA;
}

enum outcome
tpm_rule_ak_scheme(const struct check_in *in, struct finding *f)
{
    const struct tpm_public *p = &in->tpm->ak;

    if (in->tpm->bare_key) {
        return bare(f);
    }
    if (!signs(p)) {
        return finding_fail(f, "RSASSA, RSAPSS or ECDSA, fixed in the key", "scheme %s (0x%04x)",
                            tpm_scheme_name(p->scheme), p->scheme);
    }
    if (p->symmetric != TPM_ALG_NULL || p->kdf != TPM_ALG_NULL) {
        return finding_fail(f, "no symmetric algorithm, no KDF", "symmetric 0x%04x, kdf 0x%04x",
                            p->symmetric, p->kdf);
    }
    if (p->name_alg == HASH_SHA1) {
        return finding_fail(f, "nameAlg sha256, sha384 or sha512", "nameAlg sha1");
    }
    return finding_pass(f, "%s with %s", tpm_scheme_name(p->scheme), hash_name(p->scheme_hash));
}

enum outcome
tpm_rule_ak_name(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (t->bare_key) {
        return bare(f);
    }
    if (t->ak.name_alg == HASH_SHA1) {
        return finding_ignored(f, "nameAlg is sha1: ak.scheme");
    }
    if (t->name_part.err != ERR_OK) {
        return finding_fail(f, "nameAlg sha256, sha384 or sha512", "nameAlg 0x%04x: no Name",
                            t->ak.name_alg);
    }

    char hex[2 * TPM_NAME_MAX + 1];

    hex_encode(tpm_name_slice(&t->name), hex);
    return finding_pass(f, "%s", hex);
}

enum outcome
tpm_rule_ak_policy(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (t->bare_key) {
        return bare(f);
    }
    if (t->ak.policy.len > 0) {
        return finding_fail(f, "no authPolicy", "an authPolicy of %zu bytes", t->ak.policy.len);
    }
    return finding_pass(f, "none");
}

enum outcome
tpm_rule_ak_weak_key(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;

    if (part_unable(&t->key_part)) {
        return finding_unable(f, "a working library", "%s", t->key_part.why);
    }
    if (t->key_part.err != ERR_OK) {
        return finding_fail(f, "RSA of 2048 bits or more with e >= 65537, P-256 or P-384", "%s",
                            t->key_part.why);
    }
    if (t->key.type == KEY_RSA) {
        return finding_pass(f, "RSA %zu", t->key.bits);
    }
    return finding_pass(f, "P-%s", t->key.curve == CURVE_P256 ? "256" : "384");
}
