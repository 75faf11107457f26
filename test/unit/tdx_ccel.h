/* SPDX-License-Identifier: Apache-2.0 */
/* tdx_ccel.h - event logs of a TD as firmware writes them, event by event, and the registers that they lead to, computed with OpenSSL.
 *
 * Sources: UEFI 2.10 section 38.4; TCG PC Client Platform Firmware Profile, section 10. */
#ifndef TEST_UNIT_TDX_CCEL_H
#define TEST_UNIT_TDX_CCEL_H

#include "test/unit/tdx_soft.h"

enum { CCEL_LOG_MAX = 4096, EVENT_NO_ACTION = 3, EVENT_SEPARATOR = 4, EVENT_TAG = 6 };
enum { ALG_SHA1 = 4, ALG_SHA256 = 0x0b, ALG_SHA384 = 0x0c };

struct td_log {
    uint8_t b[CCEL_LOG_MAX];
    size_t n;
    uint8_t rtmr[TDX_RTMRS][48];
};

static inline void
td_log_bytes(struct td_log *l, const void *bytes, size_t n)
{
    desk_must(l->n + n <= sizeof l->b);
    memcpy(l->b + l->n, bytes, n);
    l->n += n;
}

static inline void
td_log_number(struct td_log *l, uint64_t v, size_t n)
{
    uint8_t le[8];

    td_put(le, v, n);
    td_log_bytes(l, le, n);
}

/* The first record: a log of SHA-384, and of SHA-256 beside it where `two`. */
static inline void
td_log_open(struct td_log *l, bool two)
{
    static const uint8_t ZEROS[20];

    memset(l, 0, sizeof *l);
    td_log_number(l, 1, 4);
    td_log_number(l, EVENT_NO_ACTION, 4);
    td_log_bytes(l, ZEROS, sizeof ZEROS);
    td_log_number(l, 28 + 4 * (two ? 2 : 1) + 1, 4);
    td_log_bytes(l, "Spec ID Event03", 16);
    td_log_number(l, 0, 4);
    td_log_number(l, 0x02000200, 4);
    td_log_number(l, two ? 2 : 1, 4);
    if (two) {
        td_log_number(l, ALG_SHA256, 2);
        td_log_number(l, 32, 2);
    }
    td_log_number(l, ALG_SHA384, 2);
    td_log_number(l, 48, 2);
    td_log_number(l, 0, 1);
}

/* An event of RTMR `index` - 1, whose SHA-384 digest is all `fill`. */
static inline void
td_log_event(struct td_log *l, uint32_t index, uint32_t type, uint8_t fill, bool two)
{
    uint8_t both[96];

    td_log_number(l, index, 4);
    td_log_number(l, type, 4);
    td_log_number(l, two ? 2 : 1, 4);
    memset(both, fill ^ 0xff, sizeof both);
    if (two) {
        td_log_number(l, ALG_SHA256, 2);
        td_log_bytes(l, both, 32);
    }
    td_log_number(l, ALG_SHA384, 2);
    memset(both, fill, sizeof both);
    td_log_bytes(l, both, 48);
    td_log_number(l, 3, 4);
    td_log_bytes(l, "abc", 3);
    if (type != EVENT_NO_ACTION && index >= 1 && index <= TDX_RTMRS) {
        memcpy(both, l->rtmr[index - 1], 48);
        (void)SHA384(both, sizeof both, l->rtmr[index - 1]);
    }
}

/* A boot: something in each of the firmware's registers, a separator each. */
static inline void
td_log_boot(struct td_log *l, bool two)
{
    td_log_open(l, two);
    td_log_event(l, 0, EVENT_NO_ACTION, 0x40, two);
    for (uint32_t i = 1; i <= 3; i++) {
        td_log_event(l, i, EVENT_TAG, (uint8_t)(0x50 + i), two);
        td_log_event(l, i, EVENT_SEPARATOR, 0x60, two);
    }
}

static inline struct slice
td_log_slice(const struct td_log *l)
{
    return (struct slice){l->b, l->n};
}

#endif
