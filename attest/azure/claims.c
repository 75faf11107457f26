/* SPDX-License-Identifier: Apache-2.0 */
/* claims.c - the runtime claims of the paravisor: JSON with the public key of its vTPM's attestation key (azure.h has the source).
 *
 * The bytes are what REPORT_DATA commits to, so they are read as they are.  A name twice in an object, a second key of that name and a
 * key that is not plainly RSA with e = 65537 are refused.  Members that we do not know are not: their writer is the paravisor, which is
 * measured, and it adds some with its versions ("root-cert-thumbprint", "tpm-persisted").
 *
 * Sources: RFC 8259; RFC 7517 section 5 and RFC 7518 section 6.3.1 (JWK). */
#include "attest/azure/azure.h"

#include "attest/azure/json_walk.h"
#include "attest/base/json_gate.h"
#include "attest/base/text.h"

static const char AK_KID[] = "HCLAkPub";
static const char EXPONENT_65537[] = "AQAB";

enum { EXPONENT = 65537 };

void
azure_claims_done(struct azure_claims *c)
{
    sig_key_done(&c->ak);
}

static struct slice
member(struct slice object, const char *name)
{
    struct json_walk w = json_walk_init(object);
    struct json_item item = {0};
    struct slice want = slice_text(name);

    while (json_walk_next(&w, &item)) {
        if (slice_same(item.name, want)) {
            return item.value;
        }
    }
    return (struct slice){0};
}

static bool
member_is(struct slice object, const char *name, const char *text)
{
    struct slice seen = {0};

    return json_plain_text(member(object, name), &seen) && slice_same(seen, slice_text(text));
}

/* The key of that name in the set; *found stays empty when there is none. */
static enum err
find_ak(struct slice keys, struct slice *found, struct why *why)
{
    struct json_walk w = json_walk_init(keys);
    struct json_item item = {0};
    struct slice kid = {0};

    for (size_t i = 0; json_walk_next(&w, &item); i++) {
        if (!json_is_object(item.value) || !json_plain_text(member(item.value, "kid"), &kid)) {
            return why_add(why, ERR_MALFORMED, "claims: keys[%zu] is no object with a plain kid",
                           i);
        }
        if (!slice_same(kid, slice_text(AK_KID))) {
            continue;
        }
        if (found->len > 0) {
            return why_add(why, ERR_DENIED, "two keys named %s", AK_KID);
        }
        *found = item.value;
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
    if (!json_plain_text(member(jwk, "n"), &out->ak_n)) {
        return why_add(why, ERR_DENIED, "%s: n is no plain text", AK_KID);
    }
    return read_modulus(out->ak_n, &out->ak, why);
}

static enum err
read_user_data(struct slice value, uint8_t dst[64], struct why *why)
{
    struct slice hex = {0};
    size_t len = 0;

    if (value.len == 0) {
        return ERR_OK;
    }
    if (!json_plain_text(value, &hex) || hex.len != 128) {
        return why_add(why, ERR_MALFORMED, "claims: user-data is not 64 bytes of hex");
    }
    return hex_decode(hex, dst, 64, &len, why);
}

enum err
azure_claims_read(struct slice json, struct azure_claims *out, struct why *why)
{
    struct azure_claims c AUTO(azure_claims_done) = {0};
    struct slice keys = {0};
    struct slice ak = {0};

    if (json.len > AZURE_CLAIMS_MAX) {
        return why_add(why, ERR_LIMIT, "claims: %zu bytes, at most %d", json.len, AZURE_CLAIMS_MAX);
    }
    TRY(json_gate_object(json, "claims", why));
    keys = member(json, "keys");
    c.vm_config = member(json, "vm-configuration");
    if (!json_is_array(keys) || (c.vm_config.len > 0 && !json_is_object(c.vm_config))) {
        return why_add(why, ERR_MALFORMED, "claims: %s",
                       json_is_array(keys) ? "vm-configuration is no object" : "no array `keys`");
    }
    TRY(read_user_data(member(json, "user-data"), c.user_data, why));
    TRY(find_ak(keys, &ak, why));
    TRY(read_ak(ak, &c, why));
    *out = c;
    c.ak = (struct sig_key){0};
    return ERR_OK;
}
