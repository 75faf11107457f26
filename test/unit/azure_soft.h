/* SPDX-License-Identifier: Apache-2.0 */
/* azure_soft.h - an HCL report and runtime claims made by hand, right or wrong in any one field.  It shares no code with the decoder
 * but the writer, and hashes with OpenSSL. */
#ifndef TEST_UNIT_AZURE_SOFT_H
#define TEST_UNIT_AZURE_SOFT_H

#include <stdio.h>
#include <stdlib.h>

#include "attest/azure/azure.h"
#include "attest/base/text.h"
#include "test/unit/tpm_soft.h"

enum {
    SOFT_HCL_MAX = 9000,
    SOFT_CLAIMS_AT = 0x4d4,
    SOFT_REPORT_AT = 0x20,
    SOFT_REPORT_DATA_AT = 0x50, /* in the report */
    SOFT_REPORT_LEN = 1184,
};

struct soft_hcl {
    char claims[SOFT_HCL_MAX];
    uint8_t report[SOFT_REPORT_LEN];
    uint32_t version, request_type, report_type;
    uint8_t blob[SOFT_HCL_MAX];
    size_t len;
    size_t zeros; /* after the claims */
};

/* "n" of the key, as base64url. */
static inline void
soft_modulus(const struct soft_ak *ak, char *dst)
{
    size_t len = (size_t)EVP_PKEY_get_bits(ak->key) / 8;
    uint8_t n[512];

    soft_number(ak, OSSL_PKEY_PARAM_RSA_N, n, len);
    b64url_encode((struct slice){n, len}, dst);
}

/* The claims as the paravisor writes them today. */
static inline void
soft_claims(const char *ak_n, struct soft_hcl *h)
{
    char user_data[129];

    memset(user_data, '0', 128);
    user_data[128] = '\0';
    (void)snprintf(h->claims, sizeof h->claims,
                   "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\","
                   "\"e\":\"AQAB\",\"n\":\"%s\"},{\"kid\":\"HCLEkPub\",\"key_ops\":[\"encrypt\"],"
                   "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}],\"vm-configuration\":{"
                   "\"console-enabled\":true,\"secure-boot\":true,\"tpm-enabled\":true,"
                   "\"vmUniqueId\":\"26F8BC30-774E-4290-8E7A-535F3B672AEE\"},\"user-data\":\"%s\"}",
                   ak_n, ak_n, user_data);
}

/* Put SHA-256 of the claims where the report commits to them. */
static inline void
soft_commit(struct soft_hcl *h)
{
    uint8_t *at = h->report + SOFT_REPORT_DATA_AT;

    memset(at, 0, 64);
    (void)soft_hash(HASH_SHA256, (const uint8_t *)h->claims, strlen(h->claims), at);
}

static inline void
soft_le32(struct wr *w, uint32_t v)
{
    wr_u8(w, (uint8_t)v);
    wr_u8(w, (uint8_t)(v >> 8));
    wr_u8(w, (uint8_t)(v >> 16));
    wr_u8(w, (uint8_t)(v >> 24));
}

static inline void
soft_zero(struct wr *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        wr_u8(w, 0);
    }
}

/* The blob of the NV index. */
static inline void
soft_hcl_write(struct soft_hcl *h)
{
    struct wr w = wr_init(h->blob, sizeof h->blob, "hcl");
    uint32_t len = (uint32_t)strlen(h->claims);

    wr_bytes(&w, slice_text("HCLA"));
    soft_le32(&w, h->version);
    soft_le32(&w, SOFT_CLAIMS_AT + len);
    soft_le32(&w, h->request_type);
    soft_zero(&w, 16);
    wr_bytes(&w, (struct slice){h->report, sizeof h->report});
    soft_le32(&w, 20 + len);
    soft_le32(&w, 1);
    soft_le32(&w, h->report_type);
    soft_le32(&w, 1);
    soft_le32(&w, len);
    wr_bytes(&w, slice_text(h->claims));
    soft_zero(&w, h->zeros);
    assert(!w.full);
    h->len = w.len;
}

static inline void
soft_hcl_open(const char *ak_n, struct soft_hcl *h)
{
    *h = (struct soft_hcl){.version = 1, .request_type = 2, .report_type = 2, .zeros = 254};
    soft_claims(ak_n, h);
    soft_commit(h);
    soft_hcl_write(h);
}

static inline struct slice
soft_blob(const struct soft_hcl *h)
{
    return (struct slice){h->blob, h->len};
}

/* Replace the first `old` in the claims; both hash and blob are made anew. */
static inline void
soft_edit(struct soft_hcl *h, const char *old, const char *fresh)
{
    static char rest[SOFT_HCL_MAX];
    char *at = strstr(h->claims, old);

    assert(at != NULL);
    (void)snprintf(rest, sizeof rest, "%s", at + strlen(old));
    (void)snprintf(at, sizeof h->claims - (size_t)(at - h->claims), "%s%s", fresh, rest);
    soft_commit(h);
    soft_hcl_write(h);
}

/* Claims with the attestation key alone, as the first paravisors wrote them: shorter. */
static inline void
soft_drop_ek(struct soft_hcl *h)
{
    char *ek = strstr(h->claims, ",{\"kid\":\"HCLEkPub\"");
    const char *vm = strstr(h->claims, "],\"vm-configuration\"");

    if (ek == NULL || vm == NULL) {
        abort();
    }
    memmove(ek, vm, strlen(vm) + 1);
    soft_commit(h);
    soft_hcl_write(h);
}

#endif
