/* SPDX-License-Identifier: Apache-2.0 */
/* vek_extensions.c - what AMD says of a VEK in its certificate; see vek.h.
 *
 * By OBJECT IDENTIFIER, as their order varies.  Refuses one twice, an INTEGER above 255 or not in its shortest form (values of
 * 0x80 and more take two octets), and one of AMD's that we do not know: it could be another component of the TCB, that we
 * would not compare.  What is missing is missing, never zero.
 *
 * Source: AMD 57230, table "VCEK Certificate Extensions" and its counterpart for the VLEK; RFC 5280 section 4.2. */
#include <string.h>

#include "attest/base/der.h"
#include "attest/snp/vek.h"
#include "attest/x509/x509.h"

enum known {
    STRUCT_VERSION,
    PRODUCT_NAME,
    BL_SPL,
    TEE_SPL,
    SNP_SPL,
    SPL_4,
    SPL_5,
    SPL_6,
    SPL_7,
    UCODE_SPL,
    FMC_SPL,
    HW_ID,
    CSP_ID,
    KNOWN
};

enum { TAIL_MAX = 2, OCTET_MAX = 255, HWID_LONG = 64, HWID_SHORT = 8, HEADER = 2, DEL = 0x7f };

/* 1.3.6.1.4.1.3704.1 */
static const uint8_t ARC[] = {0x2b, 6, 1, 4, 1, 0x9c, 0x78, 1};

static const struct {
    const char *name;
    size_t len; /* of tail */
    uint8_t tail[TAIL_MAX];
} NAMES[KNOWN] = {
    [STRUCT_VERSION] = {"structVersion", 1, {1}},
    [PRODUCT_NAME] = {"productName", 1, {2}},
    [BL_SPL] = {"blSPL", 2, {3, 1}},
    [TEE_SPL] = {"teeSPL", 2, {3, 2}},
    [SNP_SPL] = {"snpSPL", 2, {3, 3}},
    [SPL_4] = {"spl4", 2, {3, 4}},
    [SPL_5] = {"spl5", 2, {3, 5}},
    [SPL_6] = {"spl6", 2, {3, 6}},
    [SPL_7] = {"spl7", 2, {3, 7}},
    [UCODE_SPL] = {"ucodeSPL", 2, {3, 8}},
    [FMC_SPL] = {"fmcSPL", 2, {3, 9}},
    [HW_ID] = {"hwID", 1, {4}},
    [CSP_ID] = {"CSP_ID", 1, {5}},
};

#define BIT(k) (1u << (k))

enum {
    EVERY = BIT(STRUCT_VERSION) | BIT(PRODUCT_NAME) | BIT(BL_SPL) | BIT(TEE_SPL) | BIT(SNP_SPL) |
            BIT(SPL_5) | BIT(SPL_6) | BIT(SPL_7) | BIT(UCODE_SPL)
};

/* By product: what must be there besides EVERY, and what may not. */
static const struct {
    unsigned also, never;
    uint64_t struct_version;
    size_t hwid_len;
} PROFILES[SNP_PRODUCTS] = {
    [SNP_MILAN] = {BIT(SPL_4), BIT(FMC_SPL), 0, HWID_LONG},
    [SNP_GENOA] = {BIT(SPL_4), BIT(FMC_SPL), 0, HWID_LONG},
    [SNP_TURIN] = {BIT(FMC_SPL), BIT(SPL_4), 1, HWID_SHORT},
};

/* Extensions of RFC 5280 that we understand and that may be critical therefore. */
static const uint8_t BASIC_CONSTRAINTS[] = {0x55, 0x1d, 0x13};
static const uint8_t KEY_USAGE[] = {0x55, 0x1d, 0x0f};

static bool
in_arc(struct slice oid)
{
    return oid.len >= sizeof ARC && memcmp(oid.ptr, ARC, sizeof ARC) == 0;
}

/* KNOWN when it is none of them. */
static enum known
known_of(struct slice oid)
{
    struct rd r = rd_init(oid, "oid");
    bool ours = in_arc(oid);

    (void)rd_bytes(&r, "arc", ours ? sizeof ARC : 0);

    struct slice tail = rd_bytes(&r, "tail", rd_left(&r));

    for (enum known k = 0; ours && k < KNOWN; k++) {
        if (slice_same(tail, (struct slice){NAMES[k].tail, NAMES[k].len})) {
            return k;
        }
    }
    return KNOWN;
}

static uint8_t
octet_read(struct rd *r, const char *name)
{
    uint64_t v = der_u64(r, name, DER_INTEGER);

    if (v > OCTET_MAX) {
        rd_fail(r, name, "integer above 255");
        return 0;
    }
    return (uint8_t)v;
}

/* Printable ASCII: it goes into messages and claims. */
static struct slice
text_read(struct rd *r, const char *name, size_t min)
{
    struct slice s = der_value(r, name, DER_IA5_STRING);
    bool good = s.len >= min && s.len < SNP_CSP_MAX;

    for (size_t i = 0; good && i < s.len; i++) {
        good = s.ptr[i] >= ' ' && s.ptr[i] < DEL;
    }
    if (rd_ok(r) && !good) {
        rd_fail(r, name, "not a text of at most 127 printable characters");
        return (struct slice){0};
    }
    return s;
}

/* Raw bytes, or wrapped in an OCTET STRING.  Only the length tells them apart: an identifier may begin with any byte. */
static struct slice
hwid_read(struct rd *r, const char *name)
{
    size_t len = rd_left(r);

    if (len == HWID_LONG || len == HWID_SHORT) {
        return rd_bytes(r, name, len);
    }
    if (len == HWID_LONG + HEADER || len == HWID_SHORT + HEADER) {
        return der_value(r, name, DER_OCTET_STRING);
    }
    rd_fail(r, name, "neither 64 nor 8 bytes, bare or as an OCTET STRING");
    return (struct slice){0};
}

static void
reserved_read(struct rd *r, const char *name, struct snp_vek_extensions *out)
{
    bool zero = octet_read(r, name) == 0;

    out->reserved_spl_zero = out->reserved_spl_zero && zero;
}

static enum err
value_read(enum known k, struct slice value, struct snp_vek_extensions *out, struct why *why)
{
    struct rd r = rd_init(value, "AMD extension");
    const char *name = NAMES[k].name;

    switch (k) {
    case STRUCT_VERSION: out->struct_version = octet_read(&r, name); break;
    case PRODUCT_NAME: out->product_name = text_read(&r, name, 0); break;
    case BL_SPL: out->tcb.bootloader = octet_read(&r, name); break;
    case TEE_SPL: out->tcb.tee = octet_read(&r, name); break;
    case SNP_SPL: out->tcb.snp = octet_read(&r, name); break;
    case UCODE_SPL: out->tcb.microcode = octet_read(&r, name); break;
    case FMC_SPL: out->tcb.fmc = octet_read(&r, name); break;
    case SPL_4:
    case SPL_5:
    case SPL_6:
    case SPL_7: reserved_read(&r, name, out); break;
    case HW_ID: out->hwid = hwid_read(&r, name); break;
    case CSP_ID: out->csp_id = text_read(&r, name, 1); break;
    case KNOWN: break;
    }
    return rd_end(&r, why);
}

static bool
is(struct slice oid, const uint8_t *want, size_t len)
{
    return slice_same(oid, (struct slice){want, len});
}

/* A key that signs reports may sign, when somebody says what it may do. */
static enum err
usage_check(struct slice value, struct why *why)
{
    struct rd r = rd_init(value, "keyUsage");
    uint32_t usage = der_flags(&r, "keyUsage");

    TRY(rd_end(&r, why));
    return usage & X509_KU_DIGITAL_SIGNATURE
               ? ERR_OK
               : why_add(why, ERR_DENIED, "keyUsage without digitalSignature");
}

/* Those of RFC 5280. */
static enum err
other_check(const struct x509_extension *e, struct why *why)
{
    if (is(e->oid, KEY_USAGE, sizeof KEY_USAGE)) {
        return usage_check(e->value, why);
    }
    if (e->critical && !is(e->oid, BASIC_CONSTRAINTS, sizeof BASIC_CONSTRAINTS)) {
        return why_add(why, ERR_DENIED, "a critical extension that we do not know");
    }
    return ERR_OK;
}

static enum err
extension_read(const struct x509_extension *e, struct snp_vek_extensions *out, struct why *why)
{
    enum known k = known_of(e->oid);

    if (k == KNOWN) {
        return in_arc(e->oid)
                   ? why_add(why, ERR_DENIED, "an extension of AMD's that we do not know")
                   : other_check(e, why);
    }
    out->seen |= BIT(k);
    return value_read(k, e->value, out, why);
}

enum err
snp_vek_extensions_decode(struct slice extensions, struct snp_vek_extensions *out, struct why *why)
{
    struct snp_vek_extensions x = {.reserved_spl_zero = true};
    struct x509_extension e;
    enum err err = ERR_OK;

    TRY(x509_extensions_check(extensions, why));
    while (err == ERR_OK && x509_extension_next(&extensions, &e)) {
        err = extension_read(&e, &x, why);
    }
    TRY(err);
    x.has_spl4 = x.seen & BIT(SPL_4);
    x.has_fmc = x.seen & BIT(FMC_SPL);
    x.has_hwid = x.seen & BIT(HW_ID);
    x.has_csp_id = x.seen & BIT(CSP_ID);
    *out = x;
    return ERR_OK;
}

enum err
snp_vek_extensions_complete(const struct snp_vek_extensions *x, enum snp_product product,
                            struct why *why)
{
    unsigned want = EVERY | PROFILES[product].also;
    const char *line = snp_product_name(product);

    for (enum known k = 0; k < KNOWN; k++) {
        if (want & BIT(k) && !(x->seen & BIT(k))) {
            return why_add(why, ERR_DENIED, "no %s, which %s has", NAMES[k].name, line);
        }
        if (PROFILES[product].never & x->seen & BIT(k)) {
            return why_add(why, ERR_DENIED, "%s, which %s does not have", NAMES[k].name, line);
        }
    }
    if (!x->has_hwid && !x->has_csp_id) {
        return why_add(why, ERR_DENIED, "neither hwID nor CSP_ID");
    }
    if (x->has_hwid && x->hwid.len != PROFILES[product].hwid_len) {
        return why_add(why, ERR_DENIED, "hwID of %zu bytes, want %zu for %s", x->hwid.len,
                       PROFILES[product].hwid_len, line);
    }
    return ERR_OK;
}

uint64_t
snp_vek_struct_version(enum snp_product product)
{
    return PROFILES[product].struct_version;
}
