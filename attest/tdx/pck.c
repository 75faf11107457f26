/* SPDX-License-Identifier: Apache-2.0 */
/* pck.c - see pck.h.  The extension is a SEQUENCE of SEQUENCE { OID, value }; every OID of it begins with PREFIX. */
#include "attest/tdx/pck.h"

#include <string.h>

#include "attest/base/der.h"

/* 1.2.840.113741.1.13.1 */
static const uint8_t PREFIX[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum {
    ITEM_PPID = 1,
    ITEM_TCB = 2,
    ITEM_PCEID = 3,
    ITEM_FMSPC = 4,
    ITEM_SGX_TYPE = 5,
    ITEM_INSTANCE = 6,
    ITEM_CONFIGURATION = 7,
    TCB_PCESVN = 17,
    TCB_CPUSVN = 18,
    TCB_ITEMS = 18,
    SGX_TYPE_MAX = 2,
};

#define BIT(n) (UINT32_C(1) << (n))
#define NEEDED \
    (BIT(ITEM_PPID) | BIT(ITEM_TCB) | BIT(ITEM_PCEID) | BIT(ITEM_FMSPC) | BIT(ITEM_SGX_TYPE))
#define NEEDED_TCB (BIT(TCB_ITEMS + 1) - 2)

/* The number that an OID has below PREFIX || parent; 0 when it is none of ours. */
static unsigned
item_of(struct slice oid, unsigned parent)
{
    size_t at = sizeof PREFIX;

    if (oid.len != sizeof PREFIX + 1 + (parent != 0) || memcmp(oid.ptr, PREFIX, at) != 0) {
        return 0;
    }
    if (parent != 0 && oid.ptr[at++] != parent) {
        return 0;
    }
    return oid.ptr[at] < 32 ? oid.ptr[at] : 0;
}

/* Each item once; an item that we do not know is nobody's fault and is skipped. */
static bool
first_time(uint32_t *seen, unsigned item, struct rd *r)
{
    if (item != 0 && *seen & BIT(item)) {
        rd_fail(r, "item", "there twice");
        return false;
    }
    *seen |= item == 0 ? 0 : BIT(item);
    return item != 0;
}

static void
octets(struct rd *r, const char *field, uint8_t *dst, size_t len)
{
    struct slice s = der_value(r, field, DER_OCTET_STRING);

    if (rd_ok(r) && s.len != len) {
        rd_fail(r, field, "of another length");
    } else if (rd_ok(r)) {
        memcpy(dst, s.ptr, len);
    }
}

static uint16_t
number(struct rd *r, const char *field, unsigned tag, uint64_t max)
{
    uint64_t v = der_u64(r, field, tag);

    if (rd_ok(r) && v > max) {
        rd_fail(r, field, "too large");
    }
    return (uint16_t)v;
}

/* A failure inside an item is one of the whole; bytes after its value too. */
static void
close_item(struct rd *inner, struct rd *outer)
{
    if (!rd_ok(inner)) {
        rd_fail(outer, inner->field, inner->cause);
    } else if (rd_left(inner) > 0) {
        rd_fail(outer, "item", "followed by bytes");
    }
}

static void
skip_value(struct rd *r)
{
    unsigned tag = rd_left(r) > 0 ? r->in.ptr[r->at] : 0;

    (void)der_value(r, "value", tag);
}

static void
tcb_item(struct rd *r, unsigned item, struct tdx_pck *out)
{
    uint8_t cpusvn[16];

    if (item == TCB_CPUSVN) {
        octets(r, "cpusvn", cpusvn, sizeof cpusvn);
    } else if (item == TCB_PCESVN) {
        out->pcesvn = number(r, "pcesvn", DER_INTEGER, UINT16_MAX);
    } else if (item >= 1 && item <= TDX_COMPONENTS) {
        out->component[item - 1] = (uint8_t)number(r, "component svn", DER_INTEGER, UINT8_MAX);
    } else {
        skip_value(r);
    }
}

static void
read_tcb(struct rd *outer, struct tdx_pck *out)
{
    struct rd list = der_enter(outer, "tcb", DER_SEQUENCE);
    uint32_t seen = 0;

    while (rd_ok(&list) && rd_left(&list) > 0) {
        struct rd pair = der_enter(&list, "tcb item", DER_SEQUENCE);
        unsigned item = item_of(der_oid(&pair, "oid"), ITEM_TCB);

        (void)first_time(&seen, item, &list);
        tcb_item(&pair, item, out);
        close_item(&pair, &list);
    }
    if (rd_ok(&list) && (seen & NEEDED_TCB) != NEEDED_TCB) {
        rd_fail(&list, "tcb", "incomplete");
    }
    if (!rd_ok(&list)) {
        rd_fail(outer, list.field, list.cause);
    }
}

static void
top_item(struct rd *r, unsigned item, struct tdx_pck *out)
{
    switch (item) {
    case ITEM_PPID: octets(r, "ppid", out->ppid, sizeof out->ppid); break;
    case ITEM_TCB: read_tcb(r, out); break;
    case ITEM_PCEID: octets(r, "pceid", out->pceid, sizeof out->pceid); break;
    case ITEM_FMSPC: octets(r, "fmspc", out->fmspc, sizeof out->fmspc); break;
    case ITEM_SGX_TYPE: (void)number(r, "sgx type", DER_ENUMERATED, SGX_TYPE_MAX); break;
    case ITEM_INSTANCE: octets(r, "instance", out->instance, sizeof out->instance); break;
    default: skip_value(r); break;
    }
}

enum err
tdx_pck_decode(const struct tdx_cert *leaf, struct tdx_pck *out, struct why *why)
{
    struct x509_extension e = {0};
    uint32_t seen = 0;

    memset(out, 0, sizeof *out);
    if (!x509_extension_find(leaf->x.extensions, (struct slice){PREFIX, sizeof PREFIX}, &e)) {
        return why_add(why, ERR_DENIED, "the leaf has no SGX extension");
    }

    struct rd r = rd_init(e.value, "sgx extension");
    struct rd list = der_enter(&r, "extension", DER_SEQUENCE);

    while (rd_ok(&list) && rd_left(&list) > 0) {
        struct rd pair = der_enter(&list, "item", DER_SEQUENCE);
        unsigned item = item_of(der_oid(&pair, "oid"), 0);

        (void)first_time(&seen, item, &list);
        top_item(&pair, item, out);
        close_item(&pair, &list);
    }
    out->has_instance = (seen & BIT(ITEM_INSTANCE)) != 0;
    TRY(rd_end(&list, why));
    TRY(rd_end(&r, why));
    return (seen & NEEDED) == NEEDED
               ? ERR_OK
               : why_add(why, ERR_MALFORMED,
                         "sgx extension: PPID, TCB, PCEID, FMSPC or SGX type is missing");
}

enum tdx_pck_ca
tdx_pck_ca_of(const struct tdx_cert *ca)
{
    if (slice_same(ca->cn, slice_text("Intel SGX PCK Platform CA"))) {
        return TDX_CA_PLATFORM;
    }
    return slice_same(ca->cn, slice_text("Intel SGX PCK Processor CA")) ? TDX_CA_PROCESSOR
                                                                        : TDX_CA_NONE;
}
