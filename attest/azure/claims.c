/* SPDX-License-Identifier: Apache-2.0 */
/* claims.c - the runtime claims of the paravisor: JSON with the public key of its vTPM's attestation key (azure.h has the source).
 *
 * The bytes are what REPORT_DATA commits to, so they are read as they are.  A name twice in an object, a second key of that name and a
 * key that is not plainly RSA with e = 65537 are refused.  Members that we do not know are not: their writer is the paravisor, which is
 * measured, and it adds some with its versions ("root-cert-thumbprint", "tpm-persisted").
 *
 * Sources: RFC 8259; RFC 7517 section 5 and RFC 7518 section 6.3.1 (JWK). */
#include "attest/azure/azure.h"

#include "attest/base/json_gate.h"
#include "attest/base/json_view.h"
#include "attest/base/text.h"

static const char AK_KID[] = "HCLAkPub";
static const char EXPONENT_65537[] = "AQAB";

enum { EXPONENT = 65537 };

void
azure_claims_done(struct azure_claims *c)
{
    sig_key_done(&c->ak);
}

/* A text member; false for another type, and for one with escapes: what is compared must stand for itself. */
static bool
text_member(struct slice object, const char *name, struct slice *out)
{
    struct slice value = {0};

    return json_view_member(object, name, &value) && json_view_text(value, out);
}

static bool
member_is(struct slice object, const char *name, const char *text)
{
    struct slice seen = {0};

    return text_member(object, name, &seen) && slice_same(seen, slice_text(text));
}

/* The key of that name in the set; *found stays empty when there is none. */
static enum err
find_ak(struct slice keys, struct slice *found, struct why *why)
{
    struct slice rest = {0};
    struct slice key = {0};
    struct slice kid = {0};

    if (!json_view_array(keys, &rest)) {
        return why_add(why, ERR_MALFORMED, "claims: no array `keys`");
    }
    for (size_t i = 0; json_view_next(&rest, &key); i++) {
        if (!text_member(key, "kid", &kid)) {
            return why_add(why, ERR_MALFORMED, "claims: keys[%zu] is no object with a plain kid",
                           i);
        }
        if (!slice_same(kid, slice_text(AK_KID))) {
            continue;
        }
        if (found->len > 0) {
            return why_add(why, ERR_DENIED, "two keys named %s", AK_KID);
        }
        *found = key;
    }
    return ERR_OK;
}

static enum err
read_modulus(struct slice text, struct sig_key *out, struct why *why)
{
    uint8_t n[SIG_NUMBER_MAX];
    size_t len = 0;
    struct why inner = {0};

    if (b64url_decode(text, n, sizeof n, &len, &inner) != ERR_OK) {
        return why_add(why, ERR_DENIED, "%s: n: %s", AK_KID, why_text(&inner));
    }
    if (len == 0 || n[0] == 0) {
        return why_add(why, ERR_DENIED, "%s: n is empty or has a leading zero octet", AK_KID);
    }
    return sig_key_rsa((struct slice){n, len}, EXPONENT, out, why);
}

static enum err
read_ak(struct slice jwk, struct azure_claims *out, struct why *why)
{
    if (jwk.len == 0) {
        return why_add(why, ERR_DENIED, "no key named %s", AK_KID);
    }
    if (!member_is(jwk, "kty", "RSA")) {
        return why_add(why, ERR_DENIED, "%s: kty is not \"RSA\"", AK_KID);
    }
    if (!member_is(jwk, "e", EXPONENT_65537)) {
        return why_add(why, ERR_DENIED, "%s: e is not \"AQAB\" (65537)", AK_KID);
    }
    if (!text_member(jwk, "n", &out->ak_n)) {
        return why_add(why, ERR_DENIED, "%s: n is no plain text", AK_KID);
    }
    return read_modulus(out->ak_n, &out->ak, why);
}

static enum err
read_user_data(struct slice value, uint8_t dst[AZURE_USER_DATA_LEN], struct why *why)
{
    struct slice hex = {0};
    size_t len = 0;

    if (!json_view_text(value, &hex) || hex.len != 2 * (size_t)AZURE_USER_DATA_LEN) {
        return why_add(why, ERR_MALFORMED, "claims: user-data is not 64 bytes of hex");
    }
    return hex_decode(hex, dst, AZURE_USER_DATA_LEN, &len, why);
}

/* What the claims say beside the keys. */
static enum err
read_members(struct slice claims, struct azure_claims *out, struct why *why)
{
    struct slice user_data = {0};

    if (json_view_member(claims, "vm-configuration", &out->vm_config) &&
        !json_view_is_object(out->vm_config)) {
        return why_add(why, ERR_MALFORMED, "claims: vm-configuration is no object");
    }
    if (!json_view_member(claims, "user-data", &user_data)) {
        return ERR_OK;
    }
    return read_user_data(user_data, out->user_data, why);
}

enum err
azure_claims_read(struct slice json, struct azure_claims *out, struct why *why)
{
    struct azure_claims c AUTO(azure_claims_done) = {0};
    struct slice claims = {0};
    struct slice keys = {0};
    struct slice ak = {0};

    if (json.len > AZURE_CLAIMS_MAX) {
        return why_add(why, ERR_LIMIT, "claims: %zu bytes, at most %d", json.len, AZURE_CLAIMS_MAX);
    }
    TRY(json_gate_object(json, "claims", why));
    claims = json_view_whole(json);
    (void)json_view_member(claims, "keys", &keys);
    TRY(read_members(claims, &c, why));
    TRY(find_ak(keys, &ak, why));
    TRY(read_ak(ak, &c, why));
    *out = c;
    c.ak = (struct sig_key){0};
    return ERR_OK;
}
