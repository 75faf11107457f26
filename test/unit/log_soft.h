/* SPDX-License-Identifier: Apache-2.0 */
/* log_soft.h - an event log in software: a small boot with Secure Boot, whose every byte is known to be covered by something or not.
 * For tests and measurements. */
#ifndef TEST_UNIT_LOG_SOFT_H
#define TEST_UNIT_LOG_SOFT_H

#include <assert.h>
#include <string.h>

#include "attest/base/wr.h"
#include "attest/tpm/log.h"

enum { LOG_SOFT_MAX = 65536, LOG_SOFT_SHA1 = 20 };

struct log_soft {
    uint8_t at[LOG_SOFT_MAX];
    bool loose[LOG_SOFT_MAX]; /* nothing covers this byte */
    struct wr w;
    bool sha1; /* digests of SHA-1 beside those of SHA-256 */
};

static const uint8_t LOG_GLOBAL[] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                     0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};
static const uint8_t LOG_SECURITY[] = {0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45,
                                       0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f};
static const uint8_t LOG_CERTIFICATE[] = {0x30, 0x82, 0x00, 0x02, 0x05, 0x00};

static inline void
log_loose(struct log_soft *l, size_t len)
{
    memset(l->loose + l->w.len - len, true, len);
}

static inline void
log_begin(struct log_soft *l, bool sha1)
{
    uint8_t zero[LOG_SOFT_SHA1] = {0};
    uint32_t algs = sha1 ? 2 : 1;

    memset(l->loose, 0, sizeof l->loose);
    l->sha1 = sha1;
    l->w = wr_init(l->at, sizeof l->at, "log");
    wr_le32(&l->w, 0);
    wr_le32(&l->w, EV_NO_ACTION);
    wr_bytes(&l->w, (struct slice){zero, sizeof zero});
    wr_le32(&l->w, 29 + 4 * algs);
    wr_bytes(&l->w, (struct slice){(const uint8_t *)"Spec ID Event03", 16});
    wr_le32(&l->w, 0);
    log_loose(l, 4); /* platformClass */
    wr_u8(&l->w, 0);
    wr_u8(&l->w, 2);
    wr_u8(&l->w, 0);
    log_loose(l, 1); /* specErrata */
    wr_u8(&l->w, 2);
    wr_le32(&l->w, algs);
    if (sha1) {
        wr_le16(&l->w, HASH_SHA1);
        wr_le16(&l->w, LOG_SOFT_SHA1);
    }
    wr_le16(&l->w, HASH_SHA256);
    wr_le16(&l->w, SHA256_LEN);
    wr_u8(&l->w, 0);
}

/* The digest is that of `of`. */
static inline void
log_event(struct log_soft *l, uint32_t pcr, uint32_t type, struct slice data, struct slice of,
          bool covered)
{
    uint8_t digest[SHA256_LEN];
    uint8_t sha1[LOG_SOFT_SHA1] = {1};

    hash_sha256(of, digest);
    wr_le32(&l->w, pcr);
    wr_le32(&l->w, type);
    log_loose(l, 4);
    wr_le32(&l->w, l->sha1 ? 2 : 1);
    if (l->sha1) {
        wr_le16(&l->w, HASH_SHA1);
        wr_bytes(&l->w, (struct slice){sha1, sizeof sha1});
        log_loose(l, sizeof sha1);
    }
    wr_le16(&l->w, HASH_SHA256);
    wr_bytes(&l->w, (struct slice){digest, sizeof digest});
    wr_le32(&l->w, (uint32_t)data.len);
    wr_bytes(&l->w, data);
    if (!covered) {
        log_loose(l, data.len);
    }
}

static inline void
log_text(struct log_soft *l, uint32_t pcr, uint32_t type, const char *text)
{
    log_event(l, pcr, type, slice_text(text), slice_text(text), true);
}

static inline void
log_label(struct log_soft *l, uint32_t pcr, uint32_t type, const char *label, const char *of)
{
    log_event(l, pcr, type, slice_text(label), slice_text(of), false);
}

/* Nobody reads PCRs 1, 3, 5 and 6 of this boot. */
static inline void
log_separator(struct log_soft *l, uint32_t pcr)
{
    static const uint8_t zero[4] = {0};
    bool is_read = pcr % 2 == 0 ? pcr != 6 : pcr == 7;

    log_event(l, pcr, EV_SEPARATOR, (struct slice){zero, 4}, (struct slice){zero, 4}, is_read);
}

/* UEFI_VARIABLE_DATA; list_of > 0: the data becomes an EFI_SIGNATURE_LIST of so many entries, each `data`. */
static inline void
log_variable(struct log_soft *l, uint32_t type, const uint8_t *guid, const char *name,
             struct slice data, size_t list_of)
{
    static uint8_t bytes[LOG_SOFT_MAX];
    static const uint8_t owner[16] = {7};
    struct wr w = wr_init(bytes, sizeof bytes, "variable");
    size_t size = 16 + data.len;
    size_t len = list_of > 0 ? 28 + list_of * size : data.len;

    wr_bytes(&w, (struct slice){guid, 16});
    wr_le64(&w, strlen(name));
    wr_le64(&w, len);
    for (size_t i = 0; i < strlen(name); i++) {
        wr_le16(&w, (uint8_t)name[i]);
    }
    if (list_of > 0) {
        wr_bytes(&w, (struct slice){owner, 16});
        wr_le32(&w, (uint32_t)len);
        wr_le32(&w, 0);
        wr_le32(&w, (uint32_t)size);
    }
    for (size_t i = 0; i < list_of; i++) {
        wr_bytes(&w, (struct slice){owner, 16});
        wr_bytes(&w, data);
    }
    if (list_of == 0) {
        wr_bytes(&w, data);
    }
    assert(!w.full);
    log_event(l, 7, type, wr_done(&w), wr_done(&w), true);
}

static inline void
log_config(struct log_soft *l, size_t revoked)
{
    static const uint8_t on[] = {1};
    static const uint8_t digest[SHA256_LEN] = {9};
    const struct slice cert = {LOG_CERTIFICATE, sizeof LOG_CERTIFICATE};
    const uint32_t type = EV_EFI_VARIABLE_DRIVER_CONFIG;

    log_variable(l, type, LOG_GLOBAL, "SecureBoot", (struct slice){on, 1}, 0);
    log_variable(l, type, LOG_GLOBAL, "PK", cert, 1);
    log_variable(l, type, LOG_GLOBAL, "KEK", cert, 1);
    log_variable(l, type, LOG_SECURITY, "db", cert, 1);
    log_variable(l, type, LOG_SECURITY, "dbx", (struct slice){digest, sizeof digest}, revoked);
    log_separator(l, 7);
}

/* A boot; `revoked` entries in dbx make it as long as one likes. */
static inline void
log_boot(struct log_soft *l, bool sha1, size_t revoked)
{
    uint8_t authority[16 + sizeof LOG_CERTIFICATE] = {7};

    memcpy(authority + 16, LOG_CERTIFICATE, sizeof LOG_CERTIFICATE);
    log_begin(l, sha1);
    log_text(l, 0, EV_S_CRTM_VERSION, "Firmware 1.2");
    log_label(l, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, "address and size", "the firmware");
    log_config(l, revoked);
    log_text(l, 4, EV_EFI_ACTION, "Calling EFI Application from Boot Option");
    for (uint32_t pcr = 0; pcr < 7; pcr++) {
        log_separator(l, pcr);
    }
    log_variable(l, EV_EFI_VARIABLE_AUTHORITY, LOG_SECURITY, "db",
                 (struct slice){authority, sizeof authority}, 0);
    log_label(l, 4, EV_EFI_BOOT_SERVICES_APPLICATION, "device path", "the loader");
}

static inline struct slice
log_bytes(const struct log_soft *l)
{
    assert(!l->w.full);
    return wr_done(&l->w);
}

#endif
