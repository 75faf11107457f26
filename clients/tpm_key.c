/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_key.c - a guest key that the TPM holds (tpm.h, struct device_key).
 *
 * A primary of the null hierarchy whose template carries fresh randomness, so each is another key;
 * saved as an encrypted context and loaded for each signature, so that no slot of the TPM stays
 * taken and another process may use the TPM in between. */
#include <stdio.h>
#include <string.h>

#include "clients/tpm.h"
#include "common/sys.h"

/* As an attestation key, but unrestricted: it signs digests that were made outside: 00040072. */
#define SIGN_ATTRIBUTES                                                                 \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
     TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_SIGN_ENCRYPT)

void
device_key_done(struct device_key *k)
{
    Esys_Free(k->saved);
    k->saved = NULL;
}

/* A coordinate, left-padded to the field size. */
static enum err
coordinate(const TPM2B_ECC_PARAMETER *p, uint8_t dst[DEVICE_POINT], struct fault *f)
{
    if (p->size > DEVICE_POINT) {
        return fault_add(f, ERR_UNABLE, "tpm", "the TPM answers with a number of %u bytes",
                         p->size);
    }
    memset(dst, 0, DEVICE_POINT);
    memcpy(dst + DEVICE_POINT - p->size, p->buffer, p->size);
    return ERR_OK;
}

static TPM2B_PUBLIC
fresh_template(void)
{
    TPM2B_PUBLIC t = {
        .publicArea =
            {
                .type = TPM2_ALG_ECC,
                .nameAlg = TPM2_ALG_SHA256,
                .objectAttributes = SIGN_ATTRIBUTES,
                .parameters.eccDetail =
                    {
                        .symmetric.algorithm = TPM2_ALG_NULL,
                        .scheme = {.scheme = TPM2_ALG_ECDSA,
                                   .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                        .curveID = TPM2_ECC_NIST_P256,
                        .kdf.scheme = TPM2_ALG_NULL,
                    },
                .unique.ecc.x.size = DEVICE_POINT,
            },
    };

    random_bytes(t.publicArea.unique.ecc.x.buffer, DEVICE_POINT);
    return t;
}

/* Create the key, keep its point, and load it as *l. */
static enum err
create_fresh(struct device *d, struct loaded *l, struct device_key *out, struct fault *f)
{
    const TPM2B_SENSITIVE_CREATE no_auth = {0};
    const TPM2B_DATA no_data = {0};
    const TPML_PCR_SELECTION no_pcr = {0};
    const TPM2B_PUBLIC template = fresh_template();
    TPM2B_PUBLIC *pub AUTO(tss_free) = NULL;

    l->device = d;
    TRY(device_check(Esys_CreatePrimary(d->esys, ESYS_TR_RH_NULL, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &no_auth, &template, &no_data, &no_pcr,
                                        &l->handle, &pub, NULL, NULL, NULL),
                     "creating the guest key", f));
    TRY(coordinate(&pub->publicArea.unique.ecc.x, out->x, f));
    return coordinate(&pub->publicArea.unique.ecc.y, out->y, f);
}

enum err
device_key_make(const char *tcti, struct device_key *out, struct fault *f)
{
    struct device d AUTO(device_close) = {0};
    struct loaded l AUTO(loaded_done) = {.handle = ESYS_TR_NONE, .transient = true};

    if (strlen(tcti) >= sizeof out->tcti) {
        return fault_add(f, ERR_LIMIT, "tpm_open", "--tcti is too long");
    }
    TRY(device_open(tcti, &d, f));
    TRY(create_fresh(&d, &l, out, f));
    TRY(device_check(Esys_ContextSave(d.esys, l.handle, &out->saved), "saving the guest key", f));
    (void)snprintf(out->tcti, sizeof out->tcti, "%s", tcti);
    return ERR_OK;
}

enum err
device_key_sign(const struct device_key *k, const uint8_t digest[SHA256_LEN],
                uint8_t sig[2 * DEVICE_POINT], struct fault *f)
{
    const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_ECDSA,
                                    .details.ecdsa.hashAlg = TPM2_ALG_SHA256};
    const TPMT_TK_HASHCHECK no_ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
    TPM2B_DIGEST in = {.size = SHA256_LEN};
    TPMT_SIGNATURE *out AUTO(tss_free) = NULL;
    struct device d AUTO(device_close) = {0};
    struct loaded l AUTO(loaded_done) = {.handle = ESYS_TR_NONE, .transient = true};

    memcpy(in.buffer, digest, SHA256_LEN);
    TRY(device_open(k->tcti, &d, f));
    l.device = &d;
    TRY(device_check(Esys_ContextLoad(d.esys, k->saved, &l.handle), "loading the guest key", f));
    TRY(device_check(Esys_Sign(d.esys, l.handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &in,
                               &scheme, &no_ticket, &out),
                     "signing", f));
    TRY(coordinate(&out->signature.ecdsa.signatureR, sig, f));
    return coordinate(&out->signature.ecdsa.signatureS, sig + DEVICE_POINT, f);
}
