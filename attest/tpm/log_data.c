/* SPDX-License-Identifier: Apache-2.0 */
/* log_data.c - see log_data.h. */
#include "attest/tpm/log_data.h"

#include <string.h>

/* TRAIL_MAX: shims of old reckon some bytes more into the event than the variable has. */
enum { GUID_LEN = 16, UTF16 = 2, NAME_MAX_CHARS = 1024, FIRMWARE_PCRS = 8, TRAIL_MAX = 6 };

/* PCRs of a type, as bits; and whether its digest is that of its data. */
struct type_row {
    uint32_t type;
    unsigned pcrs;
    bool data;
    const char *name;
};

#define P(n) (1U << (n))
#define ALL  0xffU

static const struct type_row TYPES[] = {
    {EV_POST_CODE, P(0), false, "EV_POST_CODE"},
    {EV_NO_ACTION, ALL, false, "EV_NO_ACTION"},
    {EV_SEPARATOR, ALL, true, "EV_SEPARATOR"},
    {EV_ACTION, P(0) | P(1) | P(2) | P(3) | P(4) | P(5) | P(6), true, "EV_ACTION"},
    {EV_EVENT_TAG, P(1) | P(2) | P(3) | P(4) | P(5) | P(6), false, "EV_EVENT_TAG"},
    {EV_S_CRTM_CONTENTS, P(0), false, "EV_S_CRTM_CONTENTS"},
    {EV_S_CRTM_VERSION, P(0), false, "EV_S_CRTM_VERSION"},
    {EV_CPU_MICROCODE, P(0) | P(1), false, "EV_CPU_MICROCODE"},
    {EV_PLATFORM_CONFIG_FLAGS, P(0) | P(1), false, "EV_PLATFORM_CONFIG_FLAGS"},
    {EV_TABLE_OF_DEVICES, P(1), false, "EV_TABLE_OF_DEVICES"},
    {EV_COMPACT_HASH, P(4) | P(5) | P(6), false, "EV_COMPACT_HASH"},
    {EV_IPL, P(4) | P(5), false, "EV_IPL"},
    {EV_IPL_PARTITION_DATA, P(5), false, "EV_IPL_PARTITION_DATA"},
    {EV_NONHOST_CODE, P(0) | P(2), false, "EV_NONHOST_CODE"},
    {EV_NONHOST_CONFIG, P(1) | P(3), false, "EV_NONHOST_CONFIG"},
    {EV_NONHOST_INFO, P(0) | P(1), false, "EV_NONHOST_INFO"},
    {EV_OMIT_BOOT_DEVICE_EVENTS, P(4), true, "EV_OMIT_BOOT_DEVICE_EVENTS"},
    {EV_POST_CODE2, P(0), false, "EV_POST_CODE2"},
    {EV_EFI_VARIABLE_DRIVER_CONFIG, P(1) | P(3) | P(5) | P(7), true,
     "EV_EFI_VARIABLE_DRIVER_CONFIG"},
    {EV_EFI_VARIABLE_BOOT, P(1) | P(5), true, "EV_EFI_VARIABLE_BOOT"},
    {EV_EFI_BOOT_SERVICES_APPLICATION, P(2) | P(4), false, "EV_EFI_BOOT_SERVICES_APPLICATION"},
    {EV_EFI_BOOT_SERVICES_DRIVER, P(0) | P(2) | P(4), false, "EV_EFI_BOOT_SERVICES_DRIVER"},
    {EV_EFI_RUNTIME_SERVICES_DRIVER, P(0) | P(2) | P(4), false, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
    {EV_EFI_GPT_EVENT, P(5), true, "EV_EFI_GPT_EVENT"},
    {EV_EFI_ACTION, ALL, true, "EV_EFI_ACTION"},
    {EV_EFI_PLATFORM_FIRMWARE_BLOB, P(0) | P(2) | P(4), false, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
    {EV_EFI_HANDOFF_TABLES, P(0) | P(1), false, "EV_EFI_HANDOFF_TABLES"},
    {EV_EFI_PLATFORM_FIRMWARE_BLOB2, P(0) | P(2) | P(4), false, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
    {EV_EFI_HANDOFF_TABLES2, P(0) | P(1), false, "EV_EFI_HANDOFF_TABLES2"},
    {EV_EFI_VARIABLE_BOOT2, P(1) | P(5), true, "EV_EFI_VARIABLE_BOOT2"},
    {EV_EFI_GPT_EVENT2, P(5), true, "EV_EFI_GPT_EVENT2"},
    {EV_EFI_HCRTM_EVENT, P(0), false, "EV_EFI_HCRTM_EVENT"},
    {EV_EFI_VARIABLE_AUTHORITY, P(7), true, "EV_EFI_VARIABLE_AUTHORITY"},
    {EV_EFI_SPDM_FIRMWARE_BLOB, P(2), false, "EV_EFI_SPDM_FIRMWARE_BLOB"},
    {EV_EFI_SPDM_FIRMWARE_CONFIG, P(3), false, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
    {EV_EFI_SPDM_DEVICE_POLICY, P(7), true, "EV_EFI_SPDM_DEVICE_POLICY"},
    {EV_EFI_SPDM_DEVICE_AUTHORITY, P(7), true, "EV_EFI_SPDM_DEVICE_AUTHORITY"},
};

static const struct type_row *
row_of(uint32_t type)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (TYPES[i].type == type) {
            return &TYPES[i];
        }
    }
    return NULL;
}

const char *
tpm_event_type_name(uint32_t type)
{
    const struct type_row *row = row_of(type);

    return row == NULL ? "unknown type" : row->name;
}

bool
tpm_event_belongs(const struct tpm_event *e)
{
    const struct type_row *row = row_of(e->type);

    if (e->pcr >= FIRMWARE_PCRS) {
        return true;
    }
    return row != NULL && row->pcrs & P(e->pcr);
}

bool
tpm_event_has_data(const struct tpm_event *e)
{
    const struct type_row *row = row_of(e->type);

    return row != NULL && row->data;
}

bool
tpm_event_hashes(const struct tpm_event *e, unsigned banks, struct slice bytes)
{
    bool all = true;

    for (size_t i = 0; i < TPM_LOG_BANKS && all; i++) {
        uint8_t digest[HASH_MAX];
        struct why why = {0};

        if (banks & 1U << i && e->digest[i].len > 0) {
            all = hash_parts(tpm_log_bank(i), &bytes, 1, digest, &why) == ERR_OK &&
                  slice_same(e->digest[i], (struct slice){digest, e->digest[i].len});
        }
    }
    return all;
}

/* Take `c` for what the digests cover, if they do. */
static bool
covers(const struct tpm_event *e, unsigned banks, struct slice c, struct slice *content)
{
    bool ok = tpm_event_hashes(e, banks, c);

    *content = ok ? c : *content;
    return ok;
}

bool
tpm_event_content(const struct tpm_event *e, unsigned banks, struct slice *content)
{
    struct tpm_variable v;

    if (e->type == EV_EFI_VARIABLE_BOOT && tpm_variable_decode(e->data, &v) &&
        covers(e, banks, v.data, content)) {
        return true;
    }
    if (covers(e, banks, e->data, content)) {
        return true;
    }
    return e->type == EV_EFI_VARIABLE_AUTHORITY && e->data.len > 0 &&
           covers(e, banks, (struct slice){e->data.ptr, e->data.len - 1}, content);
}

bool
tpm_variable_decode(struct slice bytes, struct tpm_variable *out)
{
    struct rd r = rd_init(bytes, "variable");
    struct tpm_variable v = {.guid = rd_bytes(&r, "VariableName", GUID_LEN)};
    uint64_t chars = rd_le64(&r, "UnicodeNameLength");
    uint64_t len = rd_le64(&r, "VariableDataLength");

    if (chars > NAME_MAX_CHARS || len > bytes.len) {
        return false;
    }
    v.name = rd_bytes(&r, "UnicodeName", (size_t)chars * UTF16);
    v.data = rd_bytes(&r, "VariableData", (size_t)len);
    if (!rd_ok(&r) || rd_left(&r) > TRAIL_MAX) {
        return false;
    }
    *out = v;
    return true;
}
