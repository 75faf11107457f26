/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - words for numbers, both ways, and the refusing defaults (tdx.h). */
#include "attest/tdx/tdx.h"

#include <string.h>

static const char *const STATUS[] = {
    [TDX_STATUS_NONE] = "none",
    [TDX_UP_TO_DATE] = "UpToDate",
    [TDX_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [TDX_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [TDX_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
    [TDX_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
    [TDX_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = "TDRelaunchAdvisedConfigurationNeeded",
    [TDX_OUT_OF_DATE] = "OutOfDate",
    [TDX_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [TDX_REVOKED] = "Revoked",
    [TDX_NOT_SUPPORTED] = "NotSupported",
    [TDX_STATUS_UNKNOWN] = "unknown",
};

const char *
tdx_status_name(enum tdx_status s)
{
    return (size_t)s < sizeof STATUS / sizeof STATUS[0] ? STATUS[s] : "unknown";
}

/* Statuses that may be stated; "none", "NotSupported" and "unknown" are results. */
enum tdx_status
tdx_status_by_name(struct slice name)
{
    for (size_t i = TDX_UP_TO_DATE; i <= TDX_REVOKED; i++) {
        if (slice_same(name, slice_text(STATUS[i]))) {
            return (enum tdx_status)i;
        }
    }
    return TDX_STATUS_UNKNOWN;
}

static const struct {
    const char *name;
    unsigned bit;
} ATTRIBUTES[] = {
    {"debug", TDX_ATTR_DEBUG},
    {"lass", TDX_ATTR_LASS},
    {"sept_ve_disable", TDX_ATTR_SEPT_VE_DISABLE},
    {"migratable", TDX_ATTR_MIGRATABLE},
    {"pks", TDX_ATTR_PKS},
    {"kl", TDX_ATTR_KL},
    {"perfmon", TDX_ATTR_PERFMON},
};

uint64_t
tdx_attribute_bit(struct slice name)
{
    for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof ATTRIBUTES[0]; i++) {
        if (slice_same(name, slice_text(ATTRIBUTES[i].name))) {
            return UINT64_C(1) << ATTRIBUTES[i].bit;
        }
    }
    return 0;
}

const char *
tdx_attribute_name(unsigned bit)
{
    for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof ATTRIBUTES[0]; i++) {
        if (ATTRIBUTES[i].bit == bit) {
            return ATTRIBUTES[i].name;
        }
    }
    return NULL;
}

const char *
tdx_field_name(unsigned field)
{
    static const char *const NAMES[TDX_FIELDS] = {
        [TDX_MRTD] = "mrtd",
        [TDX_RTMR0] = "rtmr0",
        [TDX_RTMR1] = "rtmr1",
        [TDX_RTMR2] = "rtmr2",
        [TDX_RTMR3] = "rtmr3",
        [TDX_MRSEAM] = "mrseam",
        [TDX_MRCONFIGID] = "mrconfigid",
        [TDX_MROWNER] = "mrowner",
        [TDX_MROWNERCONFIG] = "mrownerconfig",
        [TDX_MRSERVICETD] = "mrservicetd",
    };

    return field < TDX_FIELDS ? NAMES[field] : "";
}

void
tdx_expect_default(struct tdx_expect *want)
{
    memset(want, 0, sizeof *want);
    want->statuses = 1U << TDX_UP_TO_DATE;
    want->tcb_date_min = INT64_MIN;
    want->attributes_require = UINT64_C(1) << TDX_ATTR_SEPT_VE_DISABLE;
    want->attributes_forbid = UINT64_C(1) << TDX_ATTR_MIGRATABLE | UINT64_C(1) << TDX_ATTR_PERFMON;
    want->own.label = "policy";
}
