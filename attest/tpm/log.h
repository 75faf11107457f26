/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the event log of a TPM's firmware: its shape, its events one by one, and the PCR values it leads to.
 *
 * What is extended is the list of digests and nothing else: the type of an event, its data, events that are not extended and the
 * order between PCRs are the word of whoever hands over the log.  Which data a digest covers: log_data.h.
 *
 * Nothing is copied or allocated: slices borrow from the log's bytes.  SHA-1 digests are passed over, whatever else there is.
 *
 * Source: TCG PC Client Platform Firmware Profile 1.06, section 10 (little-endian; one TCG_PCR_EVENT with TCG_EfiSpecIdEvent, then
 * TCG_PCR_EVENT2), section 3.3 (start values of PCRs). */
#ifndef ATTEST_TPM_LOG_H
#define ATTEST_TPM_LOG_H

#include "attest/base/rd.h"
#include "attest/tpm/tpm.h"

enum {
    TPM_LOG_MAX = 1 << 20, /* bytes of a log */
    TPM_LOG_EVENTS_MAX = 4096,
    TPM_LOG_EVENT_MAX = 256 * 1024, /* bytes of one event's data */
    TPM_LOG_ALGS_MAX = 8,
    TPM_LOG_BANKS = 3,      /* SHA-256, SHA-384, SHA-512, in this order */
    TPM_LOG_DIGEST_MAX = 64 /* bytes of a digest that is not known here */
};

/* TCG PC Client Platform Firmware Profile, section 10.4.1. */
enum tpm_event_type {
    EV_POST_CODE = 0x01,
    EV_NO_ACTION = 0x03,
    EV_SEPARATOR = 0x04,
    EV_ACTION = 0x05,
    EV_EVENT_TAG = 0x06,
    EV_S_CRTM_CONTENTS = 0x07,
    EV_S_CRTM_VERSION = 0x08,
    EV_CPU_MICROCODE = 0x09,
    EV_PLATFORM_CONFIG_FLAGS = 0x0a,
    EV_TABLE_OF_DEVICES = 0x0b,
    EV_COMPACT_HASH = 0x0c,
    EV_IPL = 0x0d,
    EV_IPL_PARTITION_DATA = 0x0e,
    EV_NONHOST_CODE = 0x0f,
    EV_NONHOST_CONFIG = 0x10,
    EV_NONHOST_INFO = 0x11,
    EV_OMIT_BOOT_DEVICE_EVENTS = 0x12,
    EV_POST_CODE2 = 0x13,
};

#define EV_EFI_VARIABLE_DRIVER_CONFIG    UINT32_C(0x80000001)
#define EV_EFI_VARIABLE_BOOT             UINT32_C(0x80000002)
#define EV_EFI_BOOT_SERVICES_APPLICATION UINT32_C(0x80000003)
#define EV_EFI_BOOT_SERVICES_DRIVER      UINT32_C(0x80000004)
#define EV_EFI_RUNTIME_SERVICES_DRIVER   UINT32_C(0x80000005)
#define EV_EFI_GPT_EVENT                 UINT32_C(0x80000006)
#define EV_EFI_ACTION                    UINT32_C(0x80000007)
#define EV_EFI_PLATFORM_FIRMWARE_BLOB    UINT32_C(0x80000008)
#define EV_EFI_HANDOFF_TABLES            UINT32_C(0x80000009)
#define EV_EFI_PLATFORM_FIRMWARE_BLOB2   UINT32_C(0x8000000a)
#define EV_EFI_HANDOFF_TABLES2           UINT32_C(0x8000000b)
#define EV_EFI_VARIABLE_BOOT2            UINT32_C(0x8000000c)
#define EV_EFI_GPT_EVENT2                UINT32_C(0x8000000d)
#define EV_EFI_HCRTM_EVENT               UINT32_C(0x80000010)
#define EV_EFI_VARIABLE_AUTHORITY        UINT32_C(0x800000e0)
#define EV_EFI_SPDM_FIRMWARE_BLOB        UINT32_C(0x800000e1)
#define EV_EFI_SPDM_FIRMWARE_CONFIG      UINT32_C(0x800000e2)
#define EV_EFI_SPDM_DEVICE_POLICY        UINT32_C(0x800000e3)
#define EV_EFI_SPDM_DEVICE_AUTHORITY     UINT32_C(0x800000e4)

/* "EV_SEPARATOR"; "unknown type" for one that the profile does not name. */
const char *tpm_event_type_name(uint32_t type);

/* The PCR of an event that belongs to none: allowed for EV_NO_ACTION only. */
#define TPM_LOG_NO_PCR UINT32_C(0xffffffff)

struct tpm_log_alg {
    uint16_t id, size; /* TPM_ALG_ID; bytes of a digest */
    unsigned bank;     /* place among TPM_LOG_BANKS, or TPM_LOG_BANKS */
};

struct tpm_log {
    struct slice bytes;
    struct tpm_log_alg alg[TPM_LOG_ALGS_MAX];
    size_t algs;
    unsigned banks; /* bit i: the log has digests of bank i */
    size_t first;   /* byte at which the events begin */
    size_t events;  /* without the header; known after tpm_log_scan() */
};

struct tpm_event {
    size_t number; /* as it stands in the log; the header is event 0 */
    uint32_t pcr, type;
    struct slice digest[TPM_LOG_BANKS]; /* empty: the log has no such bank */
    bool zero;                          /* all digests, of whatever algorithm, are zeros */
    struct slice data;
};

struct tpm_log_cursor {
    const struct tpm_log *log;
    struct rd r;
    size_t number;
};

/* TPM_ALG_ID of bank i < TPM_LOG_BANKS; and back, TPM_LOG_BANKS when it is none of them. */
unsigned tpm_log_bank(size_t i);
size_t tpm_log_bank_of(unsigned alg);

/* The first event: which digests each later one carries.  ERR_MALFORMED: not a crypto-agile log, or one that its header
 * contradicts.  ERR_LIMIT: more bytes than TPM_LOG_MAX. */
enum err tpm_log_header(struct slice bytes, struct tpm_log *out, struct why *why) MUST_USE;

/* Every event decodes, up to the last byte.  ERR_MALFORMED and ERR_LIMIT name the event, its byte and its field. */
enum err tpm_log_scan(struct tpm_log *log, struct why *why) MUST_USE;

/* Is it a log of TPM 1.2 form: records with one SHA-1 digest each, and no header? */
bool tpm_log_is_legacy(struct slice bytes);

/* Events in order, of a log that tpm_log_scan() has accepted; false at the end. */
struct tpm_log_cursor tpm_log_events(const struct tpm_log *log);
bool tpm_log_next(struct tpm_log_cursor *c, struct tpm_event *out);

/* EV_NO_ACTION is the one kind that never reaches a PCR. */
bool tpm_event_extends(const struct tpm_event *e);

/* What PCR 0 began with. */
struct tpm_log_start {
    uint8_t locality; /* 0, 3, or 4 also for an H-CRTM */
    const char *odd;  /* what the log says of it that cannot be; NULL */
    size_t event;     /* that says so */
};

struct tpm_log_start tpm_log_start(const struct tpm_log *log);

struct tpm_replay {
    unsigned banks; /* those that were replayed */
    uint8_t value[TPM_LOG_BANKS][TPM_PCRS][HASH_MAX];
    size_t extends[TPM_PCRS];
};

/* The PCR values of the banks `banks`, as far as the log has them. */
enum err tpm_log_replay(const struct tpm_log *log, unsigned banks, struct tpm_replay *out,
                        struct why *why) MUST_USE;

/* The replayed value; empty when the bank is not among those. */
struct slice tpm_replay_value(const struct tpm_replay *r, unsigned alg, size_t pcr);

#endif
