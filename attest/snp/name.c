/* SPDX-License-Identifier: Apache-2.0 */
/* name.c - the distinguished name that AMD writes into all its certificates; see vek.h.
 *
 * Refuses a name with an attribute less, more, twice or with another value, and one of several attributes in one RDN.
 * Source: AMD 57230, chapter "Certificates"; RFC 5280 section 4.1.2.4. */
#include "attest/base/der.h"
#include "attest/base/text.h"
#include "attest/snp/vek.h"

struct attribute {
    uint8_t type; /* last byte of its OBJECT IDENTIFIER 2.5.4.x */
    const char *name;
    const char *want; /* NULL: any */
};

enum { COMMON_NAME = 3, TYPE_LEN = 3 };

static const struct attribute ATTRIBUTES[] = {
    {11, "OU", "Engineering"},
    {6, "C", "US"},
    {7, "L", "Santa Clara"},
    {8, "ST", "CA"},
    {10, "O", "Advanced Micro Devices"},
    {COMMON_NAME, "CN", NULL},
};

enum { ATTRIBUTES_N = sizeof ATTRIBUTES / sizeof ATTRIBUTES[0] };

struct pair {
    struct slice type, value;
};

/* The next RelativeDistinguishedName, of one attribute. */
static struct pair
pair_next(struct rd *name)
{
    struct rd set = der_enter(name, "RelativeDistinguishedName", DER_SET);
    struct rd one = der_enter(&set, "AttributeTypeAndValue", DER_SEQUENCE);
    struct pair p = {.type = der_oid(&one, "type")};
    unsigned tag = der_next_is(&one, DER_PRINTABLE_STRING) ? DER_PRINTABLE_STRING : DER_UTF8_STRING;
    struct why unused = {0};

    p.value = der_value(&one, "value", tag);
    if (rd_end(&one, &unused) != ERR_OK || rd_end(&set, &unused) != ERR_OK) {
        rd_fail(name, "RelativeDistinguishedName",
                "not one attribute of UTF8String or PrintableString");
        return (struct pair){0};
    }
    return p;
}

static const struct attribute *
attribute_of(struct slice type)
{
    for (size_t i = 0; i < ATTRIBUTES_N; i++) {
        const uint8_t oid[TYPE_LEN] = {0x55, 4, ATTRIBUTES[i].type};

        if (slice_same(type, (struct slice){oid, sizeof oid})) {
            return &ATTRIBUTES[i];
        }
    }
    return NULL;
}

/* `*seen`: one bit for each of ATTRIBUTES. */
static enum err
pair_check(const struct pair *p, unsigned *seen, struct slice *cn, struct why *why)
{
    const struct attribute *a = attribute_of(p->type);

    if (a == NULL) {
        return why_add(why, ERR_DENIED, "an attribute that AMD's names do not have");
    }

    unsigned bit = 1u << (a - ATTRIBUTES);

    if (*seen & bit) {
        return why_add(why, ERR_DENIED, "%s twice", a->name);
    }
    *seen |= bit;
    if (a->want == NULL) {
        *cn = p->value;
        return ERR_OK;
    }
    if (!slice_same(p->value, slice_text(a->want))) {
        return why_add(why, ERR_DENIED, "%s is \"%s\", want \"%s\"", a->name,
                       text_show(p->value).text, a->want);
    }
    return ERR_OK;
}

static enum err
all_seen(unsigned seen, struct why *why)
{
    for (size_t i = 0; i < ATTRIBUTES_N; i++) {
        if (!(seen & 1u << i)) {
            return why_add(why, ERR_DENIED, "no %s", ATTRIBUTES[i].name);
        }
    }
    return ERR_OK;
}

static enum err
pairs_check(struct rd *in, unsigned *seen, struct slice *cn, struct why *why)
{
    enum err err = ERR_OK;

    while (err == ERR_OK && rd_ok(in) && rd_left(in) > 0) {
        struct pair p = pair_next(in);

        err = rd_ok(in) ? pair_check(&p, seen, cn, why) : ERR_OK;
    }
    return err == ERR_OK ? rd_end(in, why) : err;
}

enum err
snp_amd_name(struct slice name, struct slice *cn, struct why *why)
{
    struct rd r = rd_init(name, "Name");
    struct rd in = der_enter(&r, "Name", DER_SEQUENCE);
    struct slice found = {0};
    unsigned seen = 0;

    TRY(rd_end(&r, why));
    TRY(pairs_check(&in, &seen, &found, why));
    TRY(all_seen(seen, why));
    *cn = found;
    return ERR_OK;
}

struct slice
snp_name_cn(struct slice name)
{
    struct rd r = rd_init(name, "Name");
    struct rd in = der_enter(&r, "Name", DER_SEQUENCE);

    while (rd_ok(&in) && rd_left(&in) > 0) {
        struct pair p = pair_next(&in);
        const struct attribute *a = attribute_of(p.type);

        if (a != NULL && a->type == COMMON_NAME) {
            return p.value;
        }
    }
    return (struct slice){0};
}
