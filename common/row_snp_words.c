/* SPDX-License-Identifier: Apache-2.0 */
/* row_snp_words.c - the words and numbers of a sev-snp row; see row.h.  What asks for nothing, or
 * for what can never hold, is refused: its author meant something else. */
#include <string.h>

#include "attest/base/text.h"
#include "common/row_read.h"

enum { OCTET = 255, MASK_DIGITS_MAX = 16, OCTET_DIGITS_MAX = 3 };

enum err
row_snp_products(const json_t *list, unsigned *products, struct why *why)
{
    unsigned bits = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        enum snp_product p =
            word == NULL ? SNP_PRODUCT_NONE : snp_product_by_name(slice_text(word));

        if (p == SNP_PRODUCT_NONE) {
            return why_add(why, ERR_MALFORMED, "product: \"%s\" is none of Milan, Genoa, Turin",
                           word == NULL ? "" : text_show(slice_text(word)).text);
        }
        if (bits & 1U << p) {
            return why_add(why, ERR_MALFORMED, "product: %s is named twice", word);
        }
        bits |= 1U << p;
    }
    if (bits == 0) {
        return why_add(why, ERR_MALFORMED, "product: an empty list takes nothing");
    }
    *products = bits;
    return ERR_OK;
}

static uint8_t *
component_of(struct snp_tcb *tcb, unsigned bit)
{
    switch (bit) {
    case SNP_FMC: return &tcb->fmc;
    case SNP_BOOTLOADER: return &tcb->bootloader;
    case SNP_TEE: return &tcb->tee;
    case SNP_SNP: return &tcb->snp;
    case SNP_MICROCODE: return &tcb->microcode;
    default: return NULL;
    }
}

/* Of the products that we know, only Turin has an FMC (AMD 57230, table of the TCB_VERSION). */
static bool
some_product_has(unsigned bit, unsigned products)
{
    return bit != SNP_FMC || products == 0 || products & 1U << SNP_TURIN;
}

static enum err
read_component(const char *name, const json_t *j, const char *what, unsigned products,
               struct snp_tcb_bound *out, struct why *why)
{
    unsigned bit = snp_component_bit(slice_text(name));
    uint8_t *level = component_of(&out->tcb, bit);

    if (level == NULL) {
        return why_add(why, ERR_MALFORMED,
                       "%s: \"%s\" is none of fmc, bootloader, tee, snp, microcode", what,
                       text_show(slice_text(name)).text);
    }
    if (!json_is_integer(j) || json_integer_value(j) < 0 || json_integer_value(j) > OCTET) {
        return why_add(why, ERR_MALFORMED, "%s.%s: want a number of 0 to %d", what, name, OCTET);
    }
    if (!some_product_has(bit, products)) {
        return why_add(why, ERR_MALFORMED, "%s.%s: no product of this row has it", what, name);
    }
    *level = (uint8_t)json_integer_value(j);
    out->given |= bit;
    return ERR_OK;
}

enum err
row_snp_tcb(json_t *obj, const char *what, unsigned products, struct snp_tcb_bound *out,
            struct why *why)
{
    enum err e = ERR_OK;

    *out = (struct snp_tcb_bound){0};
    if (obj == NULL) {
        return ERR_OK;
    }
    if (json_object_size(obj) == 0) {
        return why_add(why, ERR_MALFORMED, "%s: empty, want components and their levels", what);
    }
    for (void *it = json_object_iter(obj); it != NULL && e == ERR_OK;) {
        e = read_component(json_object_iter_key(it), json_object_iter_value(it), what, products,
                           out, why);
        it = json_object_iter_next(obj, it);
    }
    return e;
}

enum err
row_snp_tcb_range(const struct snp_tcb_bound *min, const struct snp_tcb_bound *max, struct why *why)
{
    static const char *const NAMES[] = {"fmc", "bootloader", "tee", "snp", "microcode"};
    struct snp_tcb low = min->tcb;
    struct snp_tcb high = max->tcb;

    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        unsigned bit = snp_component_bit(slice_text(NAMES[i]));
        const uint8_t *from = component_of(&low, bit);
        const uint8_t *to = component_of(&high, bit);

        if (from != NULL && to != NULL && min->given & max->given & bit && *from > *to) {
            return why_add(why, ERR_MALFORMED, "tcb_min.%s %u is above tcb_max.%s %u", NAMES[i],
                           *from, NAMES[i], *to);
        }
    }
    return ERR_OK;
}

/* Digits until a dot or the end; one way to write each number. */
static bool
take_octet(struct slice *s, uint32_t *out)
{
    size_t n = 0;
    uint32_t v = 0;

    while (n < s->len && n < OCTET_DIGITS_MAX && s->ptr[n] >= '0' && s->ptr[n] <= '9') {
        v = v * 10 + s->ptr[n] - '0';
        n++;
    }
    if (n == 0 || v > OCTET || (n > 1 && s->ptr[0] == '0')) {
        return false;
    }
    *s = (struct slice){s->ptr + n, s->len - n};
    *out = *out << 8 | v;
    return true;
}

static bool
take_dot(struct slice *s)
{
    if (s->len == 0 || s->ptr[0] != '.') {
        return false;
    }
    *s = (struct slice){s->ptr + 1, s->len - 1};
    return true;
}

enum err
row_snp_version(const char *text, const char *what, unsigned parts, uint32_t *out, struct why *why)
{
    uint32_t v = 0;
    bool good = true;

    *out = 0;
    if (text == NULL) {
        return ERR_OK;
    }

    struct slice s = slice_text(text);

    for (unsigned i = 0; i < parts && good; i++) {
        good = (i == 0 || take_dot(&s)) && take_octet(&s, &v);
    }
    if (!good || s.len > 0) {
        return why_add(why, ERR_MALFORMED, "%s: \"%s\", want %u numbers of 0 to %d with dots", what,
                       text_show(slice_text(text)).text, parts, OCTET);
    }
    if (v == 0) {
        return why_add(why, ERR_MALFORMED, "%s: \"%s\" asks for nothing; leave it out", what, text);
    }
    *out = v;
    return ERR_OK;
}

enum err
row_snp_mask(const char *text, uint64_t *out, struct why *why)
{
    uint64_t v = 0;
    bool good = false;

    *out = 0;
    if (text == NULL) {
        return ERR_OK;
    }

    struct slice s = slice_text(text);

    good = s.len > 2 && memcmp(s.ptr, "0x", 2) == 0 &&
           row_hex_number((struct slice){s.ptr + 2, s.len - 2}, &v);
    if (!good || v == 0) {
        return why_add(why, ERR_MALFORMED,
                       "mit_mask: \"%s\", want \"0x\" and 1 to %d digits of lower-case hex%s",
                       text_show(s).text, MASK_DIGITS_MAX, good ? ", not zero" : "");
    }
    *out = v;
    return ERR_OK;
}

enum err
row_snp_crl(const char *word, enum snp_crl_mode *out, struct why *why)
{
    static const struct {
        const char *word;
        enum snp_crl_mode mode;
    } MODES[] = {
        {"require", SNP_CRL_REQUIRE},
        {"if-present", SNP_CRL_IF_PRESENT},
        {"off", SNP_CRL_OFF},
    };

    if (word == NULL) {
        return ERR_OK;
    }
    for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++) {
        if (strcmp(word, MODES[i].word) == 0) {
            *out = MODES[i].mode;
            return ERR_OK;
        }
    }
    return why_add(why, ERR_MALFORMED, "crl: \"%s\" is none of require, if-present, off",
                   text_show(slice_text(word)).text);
}
