/* SPDX-License-Identifier: Apache-2.0 */
/* secure_boot.c - see secure_boot.h. */
#include "attest/tpm/secure_boot.h"

#include <string.h>

enum { GUID_LEN = 16, LIST_HEAD = 28, DER_HEAD = 4, DER_SEQUENCE_TAG = 0x30, DER_LONG2 = 0x82 };

#define GUID_GLOBAL                                                                               \
    {                                                                                             \
        0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, \
            0x8c                                                                                  \
    }
#define GUID_SECURITY                                                                             \
    {                                                                                             \
        0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, \
            0x6f                                                                                  \
    }
#define GUID_SHIM                                                                                 \
    {                                                                                             \
        0x50, 0xab, 0x5d, 0x60, 0x46, 0xe0, 0x00, 0x43, 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, \
            0x23                                                                                  \
    }

/* What a variable is to us. */
enum role {
    ROLE_CONFIG,    /* one of enum secure_boot_variable */
    ROLE_DB,        /* authority out of db */
    ROLE_SHIM,      /* authority out of shim's lists */
    ROLE_NO_MATTER, /* measured as an authority, and none */
};

struct variable_row {
    const char *name;
    uint8_t guid[GUID_LEN];
    enum role role;
    unsigned variable; /* ROLE_CONFIG */
};

static const struct variable_row CONFIG[] = {
    {"SecureBoot", GUID_GLOBAL, ROLE_CONFIG, SB_ON}, {"PK", GUID_GLOBAL, ROLE_CONFIG, SB_PK},
    {"KEK", GUID_GLOBAL, ROLE_CONFIG, SB_KEK},       {"db", GUID_SECURITY, ROLE_CONFIG, SB_DB},
    {"dbx", GUID_SECURITY, ROLE_CONFIG, SB_DBX},
};

static const struct variable_row AUTHORITY[] = {
    {"db", GUID_SECURITY, ROLE_DB, 0},
    {"Shim", GUID_SHIM, ROLE_SHIM, 0},
    {"MokList", GUID_SHIM, ROLE_SHIM, 0},
    {"vendor_db", GUID_SECURITY, ROLE_SHIM, 0},
    {"vendor_db", GUID_SHIM, ROLE_SHIM, 0},
    {"SbatLevel", GUID_SHIM, ROLE_NO_MATTER, 0},
    {"MokListTrusted", GUID_SHIM, ROLE_NO_MATTER, 0},
};

enum {
    CONFIG_N = sizeof CONFIG / sizeof CONFIG[0],
    AUTHORITY_N = sizeof AUTHORITY / sizeof AUTHORITY[0]
};

/* UTF-16LE against ASCII. */
static bool
named(struct slice wide, const char *name)
{
    size_t len = strlen(name);

    if (wide.len != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (wide.ptr[2 * i] != (uint8_t)name[i] || wide.ptr[2 * i + 1] != 0) {
            return false;
        }
    }
    return true;
}

static const struct variable_row *
row_of(const struct variable_row *rows, size_t n, const struct tpm_variable *v, bool *name_known)
{
    for (size_t i = 0; i < n; i++) {
        bool same_name = named(v->name, rows[i].name);

        *name_known = *name_known || same_name;
        if (same_name && slice_same(v->guid, (struct slice){rows[i].guid, GUID_LEN})) {
            return &rows[i];
        }
    }
    return NULL;
}

static const char *
take_config(struct secure_boot *s, const struct tpm_variable *v)
{
    bool name_known = false;
    const struct variable_row *row = row_of(CONFIG, CONFIG_N, v, &name_known);

    if (s->separator) {
        return "comes after the separator";
    }
    if (row == NULL) { /* dbt, dbr, modes and a vendor's own: no rule rests on them */
        return name_known ? "has a known name and a foreign GUID" : NULL;
    }
    if (s->there[row->variable]) {
        return "is there twice";
    }
    s->there[row->variable] = true;
    s->data[row->variable] = v->data;
    return NULL;
}

/* A certificate that stands there alone: a DER SEQUENCE as long as the data. */
static bool
bare_certificate(struct slice data)
{
    return data.len >= DER_HEAD && data.ptr[0] == DER_SEQUENCE_TAG && data.ptr[1] == DER_LONG2 &&
           ((size_t)data.ptr[2] << 8 | data.ptr[3]) == data.len - DER_HEAD;
}

/* Shims of old give the certificate where firmware gives EFI_SIGNATURE_DATA: owner, then the certificate. */
static struct slice
authority_content(struct slice data)
{
    if (bare_certificate(data) || data.len <= GUID_LEN) {
        return data;
    }
    return (struct slice){data.ptr + GUID_LEN, data.len - GUID_LEN};
}

static const char *
take_authority(struct secure_boot *s, const struct tpm_event *e, const struct tpm_variable *v)
{
    bool name_known = false;
    const struct variable_row *row = row_of(AUTHORITY, AUTHORITY_N, v, &name_known);

    if (row == NULL) {
        return "is of no list that can be an authority";
    }
    if (row->role == ROLE_NO_MATTER) {
        return NULL;
    }
    if (!s->separator) {
        return "comes before the separator";
    }
    if (s->authorities == SECURE_BOOT_AUTHORITIES_MAX) {
        return "is one authority too many";
    }
    s->authority[s->authorities++] = (struct secure_boot_authority){
        .number = e->number,
        .content = authority_content(v->data),
        .by_shim = row->role == ROLE_SHIM,
    };
    return NULL;
}

static const char *
take_action(struct secure_boot *s, struct slice text)
{
    static const char DMA[] = "DMA Protection Disabled";

    /* Some write the NUL, some do not. */
    if (text.len > 0 && text.ptr[text.len - 1] == 0) {
        text.len--;
    }
    if (slice_same(text, slice_text(DMA))) {
        s->dma_open = true;
        return NULL;
    }
    return slice_same(text, slice_text("UEFI Debug Mode"))
               ? "says that the firmware is in debug mode"
               : "is an action that is not known";
}

static const char *
take_variable(struct secure_boot *s, const struct tpm_event *e, struct slice content)
{
    struct tpm_variable v;

    if (!tpm_variable_decode(content, &v)) {
        return "does not decode";
    }
    return e->type == EV_EFI_VARIABLE_AUTHORITY ? take_authority(s, e, &v) : take_config(s, &v);
}

static const char *
take_event(struct secure_boot *s, const struct tpm_event *e, unsigned banks)
{
    struct slice content = {0};

    if (!tpm_event_content(e, banks, &content)) {
        return "is not what its digests say";
    }
    if (e->type == EV_SEPARATOR) {
        bool again = s->separator;

        s->separator = true;
        return again ? "is the second separator" : NULL;
    }
    if (e->type == EV_EFI_ACTION) {
        return take_action(s, content);
    }
    if (e->type == EV_EFI_VARIABLE_DRIVER_CONFIG || e->type == EV_EFI_VARIABLE_AUTHORITY) {
        return take_variable(s, e, content);
    }
    return "is of a type that has no meaning in PCR 7";
}

void
tpm_secure_boot_read(const struct tpm_log *log, unsigned banks, struct secure_boot *out)
{
    struct tpm_log_cursor c = tpm_log_events(log);
    struct tpm_event e;

    *out = (struct secure_boot){.separator = false};
    while (out->odd == NULL && tpm_log_next(&c, &e)) {
        if (e.pcr == SECURE_BOOT_PCR && tpm_event_extends(&e)) {
            out->event = e;
            out->odd = take_event(out, &e, banks);
        }
    }
}

/* One EFI_SIGNATURE_LIST: its entries are `size` bytes each, owner first. */
struct signatures {
    struct slice entries;
    size_t size;
};

static bool
next_list(struct rd *r, struct signatures *out)
{
    if (!rd_ok(r) || rd_left(r) == 0) {
        return false;
    }
    (void)rd_bytes(r, "SignatureType", GUID_LEN);

    uint32_t list = rd_le32(r, "SignatureListSize");
    uint32_t head = rd_le32(r, "SignatureHeaderSize");

    out->size = rd_le32(r, "SignatureSize");
    if (list < LIST_HEAD || head > list - LIST_HEAD || out->size <= GUID_LEN ||
        (list - LIST_HEAD - head) % out->size != 0) {
        rd_fail(r, "SignatureListSize", "does not fit its entries");
    }
    (void)rd_bytes(r, "SignatureHeader", head);
    out->entries = rd_bytes(r, "Signatures", rd_ok(r) ? list - LIST_HEAD - head : 0);
    return rd_ok(r);
}

bool
tpm_signature_lists_ok(struct slice lists)
{
    struct rd r = rd_init(lists, "signatures");
    struct signatures s;

    while (next_list(&r, &s)) {
    }
    return rd_ok(&r);
}

uint64_t
tpm_signature_count(struct slice lists)
{
    struct rd r = rd_init(lists, "signatures");
    struct signatures s;
    uint64_t n = 0;

    while (next_list(&r, &s)) {
        n += s.entries.len / s.size;
    }
    return n;
}

static bool
in_list(const struct signatures *s, struct slice content)
{
    if (s->size - GUID_LEN != content.len) {
        return false;
    }
    for (size_t at = 0; at < s->entries.len; at += s->size) {
        if (memcmp(s->entries.ptr + at + GUID_LEN, content.ptr, content.len) == 0) {
            return true;
        }
    }
    return false;
}

bool
tpm_signature_listed(struct slice lists, struct slice content)
{
    struct rd r = rd_init(lists, "signatures");
    struct signatures s;
    bool found = false;

    while (!found && next_list(&r, &s)) {
        found = in_list(&s, content);
    }
    return found;
}
