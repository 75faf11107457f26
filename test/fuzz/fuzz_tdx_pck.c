/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tdx_pck.c - any bytes as the SGX extension of a PCK certificate: what is read out of it stands in it, each item behind its own OID, and
 * nothing is read out of what is refused. */
#include "attest/tdx/pck.h"
#include "test/fuzz/tdx_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HEAD_MAX = 4 + 2 + 9 + 4, INPUT_MAX = 8192 };

/* A header of three or four bytes in front of what stands at `at`. */
static size_t
head(uint8_t *at, uint8_t tag, size_t len)
{
    const uint8_t bytes[] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    const uint8_t mid[] = {tag, 0x81, (uint8_t)len};
    const uint8_t small[] = {tag, (uint8_t)len};
    size_t n = len < 0x80 ? sizeof small : len < 0x100 ? sizeof mid : sizeof bytes;

    memcpy(at - n, n == 2 ? small : n == 3 ? mid : bytes, n);
    return n;
}

/* The input as the one extension of a certificate. */
static struct slice
wrap(const uint8_t *data, size_t len, uint8_t room[HEAD_MAX + INPUT_MAX])
{
    static const uint8_t OID[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    uint8_t *at = room + HEAD_MAX;
    uint8_t *end = at + len;

    memcpy(at, data, len);
    at -= head(at, 0x04, len);
    at -= sizeof OID;
    memcpy(at, OID, sizeof OID);
    at -= head(at, 0x30, (size_t)(end - at));
    return (struct slice){at, (size_t)(end - at)};
}

/* OID of an item, then an OCTET STRING with this value. */
static bool
stands_in(const uint8_t *data, size_t len, uint8_t arc, struct slice value)
{
    uint8_t want[11 + 2 + 2 + 16] = {0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf8,
                                     0x4d, 0x01, 0x0d, 0x01, arc,  0x04, (uint8_t)value.len};

    memcpy(want + 14, value.ptr, value.len);
    return memmem(data, len, want, 14 + value.len) != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t room[HEAD_MAX + INPUT_MAX];
    struct tdx_cert leaf = {0};
    struct tdx_pck pck;
    struct why why = {0};

    if (len > INPUT_MAX) {
        return 0;
    }
    leaf.x.extensions = wrap(data, len, room);
    if (tdx_pck_decode(&leaf, &pck, &why) != ERR_OK) {
        must(why.n > 0);
        return 0;
    }
    must(stands_in(data, len, 1, (struct slice){pck.ppid, sizeof pck.ppid}));
    must(stands_in(data, len, 3, (struct slice){pck.pceid, sizeof pck.pceid}));
    must(stands_in(data, len, 4, (struct slice){pck.fmspc, sizeof pck.fmspc}));
    must(!pck.has_instance ||
         stands_in(data, len, 6, (struct slice){pck.instance, sizeof pck.instance}));
    return 0;
}
