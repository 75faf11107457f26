/* SPDX-License-Identifier: Apache-2.0 */
/* nv.c - see nv.h. */
#include "clients/nv.h"

#include <string.h>

#include "common/mem.h"

enum { PIECE_MIN = 64 };

/* An open index; `auth` is who reads it. */
struct nv {
    struct loaded at;
    ESYS_TR auth;
    size_t len;
};

static void
nv_done(struct nv *n)
{
    loaded_done(&n->at);
}

bool
nv_there(struct device *d, TPM2_HANDLE index)
{
    TPMS_CAPABILITY_DATA *data AUTO(tss_free) = NULL;
    TPMI_YES_NO more = 0;
    TSS2_RC rc = Esys_GetCapability(d->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    TPM2_CAP_HANDLES, index, 1, &more, &data);

    return rc == TSS2_RC_SUCCESS && data->data.handles.count > 0 &&
           data->data.handles.handle[0] == index;
}

static enum err
nv_public(struct device *d, struct nv *n, struct fault *f)
{
    TPM2B_NV_PUBLIC *pub AUTO(tss_free) = NULL;
    TPM2B_NAME *name AUTO(tss_free) = NULL;

    TRY(device_check(Esys_NV_ReadPublic(d->esys, n->at.handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &pub, &name),
                     "reading about an NV index", f));
    n->len = pub->nvPublic.dataSize;
    if ((pub->nvPublic.attributes & TPMA_NV_AUTHREAD) != 0) {
        n->auth = n->at.handle;
        return ERR_OK;
    }
    if ((pub->nvPublic.attributes & TPMA_NV_OWNERREAD) != 0) {
        n->auth = ESYS_TR_RH_OWNER;
        return ERR_OK;
    }
    return fault_add(f, ERR_UNABLE, "tpm", "NV index 0x%08x may be read by policy only",
                     pub->nvPublic.nvIndex);
}

static enum err
nv_open(struct device *d, TPM2_HANDLE index, struct nv *n, struct fault *f)
{
    if (!nv_there(d, index)) {
        return fault_add(f, ERR_UNABLE, "tpm", "the TPM has no NV index 0x%08x", index);
    }
    n->at.device = d;
    TRY(device_check(Esys_TR_FromTPMPublic(d->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           &n->at.handle),
                     "opening an NV index", f));
    return nv_public(d, n, f);
}

/* How much TPM2_NV_Read gives at once. */
static enum err
piece_max(struct device *d, size_t *out, struct fault *f)
{
    TPMS_CAPABILITY_DATA *data AUTO(tss_free) = NULL;
    TPMI_YES_NO more = 0;
    const TPML_TAGGED_TPM_PROPERTY *p = NULL;

    TRY(device_check(Esys_GetCapability(d->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        TPM2_CAP_TPM_PROPERTIES, TPM2_PT_NV_BUFFER_MAX, 1, &more,
                                        &data),
                     "asking for the TPM's limits", f));
    p = &data->data.tpmProperties;
    *out = TPM2_MAX_NV_BUFFER_SIZE;
    if (p->count == 0 || p->tpmProperty[0].property != TPM2_PT_NV_BUFFER_MAX ||
        p->tpmProperty[0].value < PIECE_MIN) {
        return fault_add(f, ERR_UNABLE, "tpm", "the TPM does not say how much it reads at once");
    }
    if (p->tpmProperty[0].value < *out) {
        *out = p->tpmProperty[0].value;
    }
    return ERR_OK;
}

static enum err
read_piece(const struct nv *n, size_t at, size_t len, uint8_t *dst, struct fault *f)
{
    TPM2B_MAX_NV_BUFFER *data AUTO(tss_free) = NULL;

    TRY(device_check(Esys_NV_Read(n->at.device->esys, n->auth, n->at.handle, ESYS_TR_PASSWORD,
                                  ESYS_TR_NONE, ESYS_TR_NONE, (UINT16)len, (UINT16)at, &data),
                     "reading an NV index", f));
    if (data->size != len) {
        return fault_add(f, ERR_UNABLE, "tpm", "the TPM gives %u bytes of an NV index, want %zu",
                         data->size, len);
    }
    memcpy(dst, data->buffer, len);
    return ERR_OK;
}

enum err
nv_read(struct device *d, TPM2_HANDLE index, size_t max, uint8_t **out, size_t *len,
        struct fault *f)
{
    struct nv n AUTO(nv_done) = {.at = {.handle = ESYS_TR_NONE}};
    uint8_t *bytes AUTO(mem_free_bytes) = NULL;
    size_t piece = 0;
    enum err err = ERR_OK;

    TRY(nv_open(d, index, &n, f));
    TRY(piece_max(d, &piece, f));
    if (n.len > max) {
        return fault_add(f, ERR_LIMIT, "tpm", "NV index 0x%08x has %zu bytes, at most %zu", index,
                         n.len, max);
    }
    bytes = mem_new(n.len + 1, 1);
    for (size_t at = 0; at < n.len && err == ERR_OK; at += piece) {
        err = read_piece(&n, at, n.len - at < piece ? n.len - at : piece, bytes + at, f);
    }
    TRY(err);
    *out = bytes;
    *len = n.len;
    bytes = NULL;
    return ERR_OK;
}
