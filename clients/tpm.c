/* SPDX-License-Identifier: Apache-2.0 */
/* tpm.c - see tpm.h. */
#include "clients/tpm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

/* fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign: 00050072. */
#define AK_ATTRIBUTES                                                                   \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
     TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT)

/* First byte of a persistent handle (Part 2 section 7.2). */
enum { PERSISTENT = 0x81 };

/* Templates are part of the key's identity: a changed byte is another key and another Name. */
static const TPM2B_PUBLIC ak_ecc = {
    .publicArea =
        {
            .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = AK_ATTRIBUTES,
            .parameters.eccDetail =
                {
                    .symmetric.algorithm = TPM2_ALG_NULL,
                    .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                    .curveID = TPM2_ECC_NIST_P256,
                    .kdf.scheme = TPM2_ALG_NULL,
                },
        },
};

static const TPM2B_PUBLIC ak_rsa = {
    .publicArea =
        {
            .type = TPM2_ALG_RSA,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = AK_ATTRIBUTES,
            .parameters.rsaDetail =
                {
                    .symmetric.algorithm = TPM2_ALG_NULL,
                    .scheme = {.scheme = TPM2_ALG_RSASSA,
                               .details.rsassa.hashAlg = TPM2_ALG_SHA256},
                    .keyBits = 2048,
                },
        },
};

void
tss_free(void *p)
{
    void *owned = NULL;

    memcpy(&owned, p, sizeof owned); /* a pointer to a pointer of any type */
    Esys_Free(owned);
}

enum err
device_check(TSS2_RC rc, const char *what, struct fault *f)
{
    if (rc == TSS2_RC_SUCCESS) {
        return ERR_OK;
    }
    return fault_add(f, ERR_UNABLE, "tpm", "%s: %s (0x%x)", what, Tss2_RC_Decode(rc), (unsigned)rc);
}

static void
device_move(struct device *from, struct device *to)
{
    *to = *from;
    *from = (struct device){0};
}

enum err
device_open(const char *tcti, struct device *out, struct fault *f)
{
    struct device d AUTO(device_close) = {0};
    TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti, &d.tcti);

    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_Initialize(&d.esys, d.tcti, NULL);
    }
    if (rc != TSS2_RC_SUCCESS) {
        return fault_add(f, ERR_UNABLE, "tpm_open", "opening %s: %s", tcti, Tss2_RC_Decode(rc));
    }
    device_move(&d, out);
    return ERR_OK;
}

void
device_close(struct device *d)
{
    if (d->esys != NULL) {
        Esys_Finalize(&d->esys);
    }
    if (d->tcti != NULL) {
        Tss2_TctiLdr_Finalize(&d->tcti);
    }
}

void
loaded_done(struct loaded *l)
{
    if (l->device == NULL || l->handle == ESYS_TR_NONE) {
        return;
    }
    if (l->transient) {
        (void)Esys_FlushContext(l->device->esys, l->handle);
    } else {
        (void)Esys_TR_Close(l->device->esys, &l->handle);
    }
    l->handle = ESYS_TR_NONE;
}

/* "0x81..." to a persistent handle, nothing else. */
static enum err
handle_parse(const char *text, TPM2_HANDLE *out, struct fault *f)
{
    char *end = NULL;
    unsigned long v = 0;

    if (strlen(text) == 10 && strncmp(text, "0x81", 4) == 0) {
        v = strtoul(text, &end, 16);
    }
    if (end == NULL || *end != '\0' || v >> 24 != PERSISTENT) {
        return fault_add(f, ERR_MALFORMED, "handle", "%s is no persistent handle (0x81xxxxxx)",
                         text);
    }
    *out = (TPM2_HANDLE)v;
    return ERR_OK;
}

static enum err
open_persistent(struct device *d, const char *choice, struct loaded *out, struct fault *f)
{
    TPM2_HANDLE handle = 0;
    struct loaded l = {.device = d, .handle = ESYS_TR_NONE};

    TRY(handle_parse(choice, &handle, f));
    TRY(device_check(
        Esys_TR_FromTPMPublic(d->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &l.handle),
        choice, f));
    *out = l;
    return ERR_OK;
}

static enum err
create_primary(struct device *d, const TPM2B_PUBLIC *template, struct loaded *out, struct fault *f)
{
    const TPM2B_SENSITIVE_CREATE no_auth = {0};
    const TPM2B_DATA no_data = {0};
    const TPML_PCR_SELECTION no_pcr = {0};
    struct loaded l = {.device = d, .handle = ESYS_TR_NONE, .transient = true};

    TRY(device_check(Esys_CreatePrimary(d->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                                        ESYS_TR_NONE, ESYS_TR_NONE, &no_auth, template, &no_data,
                                        &no_pcr, &l.handle, NULL, NULL, NULL, NULL),
                     "creating the attestation key", f));
    *out = l;
    return ERR_OK;
}

static enum err
read_public(const struct loaded *l, uint8_t *area, size_t *area_len, struct ak *named,
            struct fault *f)
{
    TPM2B_PUBLIC *pub AUTO(tss_free) = NULL;
    TPM2B_NAME *name AUTO(tss_free) = NULL;
    size_t at = 0;

    TRY(device_check(Esys_ReadPublic(l->device->esys, l->handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &pub, &name, NULL),
                     "reading a public area", f));
    TRY(device_check(Tss2_MU_TPM2B_PUBLIC_Marshal(pub, area, TPM_PUBLIC_MAX, &at),
                     "writing a public area", f));
    *area_len = at;
    if (named != NULL && name->size <= sizeof named->name) {
        memcpy(named->name, name->name, name->size);
        named->name_len = name->size;
    }
    return ERR_OK;
}

static enum err
load_choice(struct device *d, const char *choice, struct loaded *out, struct fault *f)
{
    if (strcmp(choice, "ecc") == 0) {
        return create_primary(d, &ak_ecc, out, f);
    }
    if (strcmp(choice, "rsa") == 0) {
        return create_primary(d, &ak_rsa, out, f);
    }
    return open_persistent(d, choice, out, f);
}

enum err
ak_open(struct device *d, const char *choice, struct ak *out, struct fault *f)
{
    struct loaded l AUTO(loaded_done) = {.handle = ESYS_TR_NONE};

    TRY(load_choice(d, choice, &l, f));
    TRY(read_public(&l, out->area, &out->area_len, out, f));
    out->key = l;
    l.handle = ESYS_TR_NONE;
    return ERR_OK;
}

void
ak_done(struct ak *ak)
{
    loaded_done(&ak->key);
}

enum err
handle_public(struct device *d, const char *handle, uint8_t *dst, size_t *len, struct fault *f)
{
    struct loaded l AUTO(loaded_done) = {.handle = ESYS_TR_NONE};

    TRY(open_persistent(d, handle, &l, f));
    return read_public(&l, dst, len, NULL, f);
}
