/* SPDX-License-Identifier: Apache-2.0 */
/* credential.c - see credential.h. */
#include "attest/tpm/credential.h"

#include "attest/base/rd.h"
#include "attest/base/sec.h"
#include "attest/sig/ecdh.h"
#include "attest/sig/kdf.h"
#include "attest/sig/oaep.h"
#include "attest/tpm/ek_template.h"

/* Labels of KDFe and OAEP count their NUL; that of KDFa is followed by one. */
static const char IDENTITY[] = "IDENTITY";
static const struct slice LABEL_IDENTITY = {(const uint8_t *)IDENTITY, sizeof IDENTITY};

enum {
    SIZE_LEN = 2,
    NAME_MIN = 2 + SHA256_LEN,
    PARTY_MAX = sizeof IDENTITY + ECDH_FIELD_MAX + ECDH_FIELD_MAX,
};

/* Everything secret on the way; wiped at the end. */
struct work {
    struct sig_key key;
    struct ecdh ecdh;
    uint8_t seed[HASH_MAX];
    uint8_t cipher_key[CFB_KEY_MAX];
    uint8_t mac_key[HASH_MAX];
    uint8_t clear[SIZE_LEN + TPM_CREDENTIAL_SECRET];
};

static void
work_done(struct work *w)
{
    sig_key_done(&w->key);
    sec_zero(w, sizeof *w);
}

static struct slice
seed_of(const struct work *w, unsigned hash_alg)
{
    return (struct slice){w->seed, hash_len(hash_alg)};
}

/* Part 1 annex B.10.4: the seed is chosen, and encrypted to the key. */
static enum err
share_rsa(const struct tpm_credential_in *in, struct work *w, struct wr *secret, struct why *why)
{
    struct rd r = rd_init(in->random, "randomness");
    uint8_t sealed[SIG_NUMBER_MAX];
    size_t len = hash_len(in->ek->name_alg);

    rd_copy(&r, "seed", w->seed, len);

    const struct oaep oaep = {
        .hash_alg = in->ek->name_alg,
        .label = LABEL_IDENTITY,
        .message = seed_of(w, in->ek->name_alg),
        .seed = rd_bytes(&r, "OAEP seed", len),
    };

    TRY(oaep_encrypt(&w->key, &oaep, sealed, why));
    wr_be16(secret, (uint16_t)w->key.len);
    wr_bytes(secret, (struct slice){sealed, w->key.len});
    return ERR_OK;
}

/* Part 1 annex C.6.4: the seed is derived from a Diffie-Hellman secret, by KDFe. */
static enum err
share_ecc(const struct tpm_credential_in *in, struct work *w, struct wr *secret, struct why *why)
{
    const struct kdf_out seed = {w->seed, hash_len(in->ek->name_alg)};
    uint8_t info[PARTY_MAX];
    struct wr party = wr_init(info, sizeof info, "KDFe");
    struct ecdh *e = &w->ecdh;

    TRY(ecdh_make(&w->key, in->random.ptr, e, why));
    wr_bytes(&party, LABEL_IDENTITY);
    wr_bytes(&party, (struct slice){e->x, e->len});
    wr_bytes(&party, (struct slice){e->peer_x, e->len});
    TRY(wr_end(&party, why));
    TRY(kdf_one_step(in->ek->name_alg, (struct slice){e->z, e->len}, wr_done(&party), &seed, why));
    wr_be16(secret, (uint16_t)(2 * (SIZE_LEN + e->len)));
    wr_be16(secret, (uint16_t)e->len);
    wr_bytes(secret, (struct slice){e->x, e->len});
    wr_be16(secret, (uint16_t)e->len);
    wr_bytes(secret, (struct slice){e->y, e->len});
    return ERR_OK;
}

/* Part 1 section 24.4: encIdentity, the secret with its size under a key that the seed and the Name give. */
static enum err
encrypt_identity(const struct tpm_credential_in *in, struct work *w, uint8_t *out, struct why *why)
{
    const struct kdf_out key = {w->cipher_key, in->ek->symmetric_bits / 8u};
    struct wr clear = wr_init(w->clear, sizeof w->clear, "credential");

    wr_be16(&clear, (uint16_t)in->secret.len);
    wr_bytes(&clear, in->secret);
    TRY(wr_end(&clear, why));
    TRY(kdf_counter(in->ek->name_alg, seed_of(w, in->ek->name_alg), slice_text("STORAGE"),
                    in->ak_name, &key, why));
    return kdf_cfb_encrypt((struct slice){key.key, key.len}, wr_done(&clear), out, why);
}

/* Section 24.5: the HMAC over encIdentity and the Name. */
static enum err
seal_identity(const struct tpm_credential_in *in, struct work *w, struct slice identity,
              uint8_t mac[HASH_MAX], struct why *why)
{
    size_t len = hash_len(in->ek->name_alg);
    const struct kdf_out key = {w->mac_key, len};
    uint8_t data[SIZE_LEN + TPM_CREDENTIAL_SECRET + TPM_NAME_MAX];
    struct wr over = wr_init(data, sizeof data, "outer HMAC");

    wr_bytes(&over, identity);
    wr_bytes(&over, in->ak_name);
    TRY(wr_end(&over, why));
    TRY(kdf_counter(in->ek->name_alg, seed_of(w, in->ek->name_alg), slice_text("INTEGRITY"),
                    (struct slice){0}, &key, why));
    return kdf_hmac(in->ek->name_alg, (struct slice){key.key, key.len}, wr_done(&over), mac, why);
}

static enum err
write_identity(const struct tpm_credential_in *in, struct work *w, struct wr *object,
               struct why *why)
{
    uint8_t encrypted[SIZE_LEN + TPM_CREDENTIAL_SECRET];
    uint8_t mac[HASH_MAX];
    const struct slice identity = {encrypted, SIZE_LEN + in->secret.len};
    size_t mac_len = hash_len(in->ek->name_alg);

    TRY(encrypt_identity(in, w, encrypted, why));
    TRY(seal_identity(in, w, identity, mac, why));
    wr_be16(object, (uint16_t)(SIZE_LEN + mac_len + identity.len));
    wr_be16(object, (uint16_t)mac_len);
    wr_bytes(object, (struct slice){mac, mac_len});
    wr_bytes(object, identity);
    return wr_end(object, why);
}

static enum err
check_lengths(const struct tpm_credential_in *in, struct why *why)
{
    if (in->secret.len == 0 || in->secret.len > TPM_CREDENTIAL_SECRET ||
        in->random.len != TPM_CREDENTIAL_RANDOM || in->ak_name.len < NAME_MIN ||
        in->ak_name.len > TPM_NAME_MAX) {
        return why_add(why, ERR_BUG, "credential: secret %zu, randomness %zu, Name %zu bytes",
                       in->secret.len, in->random.len, in->ak_name.len);
    }
    return ERR_OK;
}

enum err
tpm_credential_make(const struct tpm_credential_in *in, struct tpm_credential *out, struct why *why)
{
    AUTO(work_done) struct work w = {0};
    struct wr object = wr_init(out->id_object, sizeof out->id_object, "TPM2B_ID_OBJECT");
    struct wr secret =
        wr_init(out->encrypted_secret, sizeof out->encrypted_secret, "TPM2B_ENCRYPTED_SECRET");
    enum err e = check_lengths(in, why);

    out->id_object_len = 0;
    out->encrypted_secret_len = 0;
    e = e == ERR_OK ? tpm_ek_template_check(in->ek, why) : e;
    e = e == ERR_OK ? tpm_public_key(in->ek, &w.key, why) : e;
    if (e != ERR_OK) {
        return e;
    }
    TRY(w.key.type == KEY_RSA ? share_rsa(in, &w, &secret, why) : share_ecc(in, &w, &secret, why));
    TRY(wr_end(&secret, why));
    TRY(write_identity(in, &w, &object, why));
    out->id_object_len = object.len;
    out->encrypted_secret_len = secret.len;
    return ERR_OK;
}
