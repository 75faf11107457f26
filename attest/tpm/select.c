/* SPDX-License-Identifier: Apache-2.0 */
/* select.c - see tpm.h: "sha256:0,2,4,7+sha384:0", "sha256:7" and "sha256:7=<hex>".
 *
 * Refuses a bank twice, a PCR twice, numbers beyond 23, leading zeros and white space. */
#include <stdio.h>

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "attest/tpm/tpm.h"

enum { DIGITS_MAX = 2 };

/* Take the text before the next `mark` off *rest.  False when there is no mark: then *head is all
 * of it. */
static bool
cut(struct slice *rest, uint8_t mark, struct slice *head)
{
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] == mark) {
            *head = (struct slice){rest->ptr, i};
            *rest = (struct slice){rest->ptr + i + 1, rest->len - i - 1};
            return true;
        }
    }
    *head = *rest;
    *rest = (struct slice){0};
    return false;
}

static enum err
parse_bank(struct slice text, uint16_t *bank, struct why *why)
{
    unsigned alg = hash_by_name(text);

    if (alg == 0) {
        return why_add(why, ERR_MALFORMED, "\"%s\" is no bank; sha1, sha256, sha384, sha512 are",
                       text_show(text).text);
    }
    *bank = (uint16_t)alg;
    return ERR_OK;
}

static enum err
parse_index(struct slice text, uint8_t *index, struct why *why)
{
    unsigned v = 0;
    bool ok = text.len == 1 || (text.len == DIGITS_MAX && text.ptr[0] != '0');

    for (size_t i = 0; ok && i < text.len; i++) {
        ok = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        v = v * 10 + (ok ? text.ptr[i] - (unsigned)'0' : 0);
    }
    if (!ok || v >= TPM_PCRS) {
        return why_add(why, ERR_MALFORMED, "\"%s\" is no PCR; 0 to %d are", text_show(text).text,
                       TPM_PCRS - 1);
    }
    *index = (uint8_t)v;
    return ERR_OK;
}

enum err
tpm_pcr_name_parse(struct slice text, uint16_t *bank, uint8_t *index, struct why *why)
{
    struct slice name;

    (void)cut(&text, ':', &name);
    TRY(parse_bank(name, bank, why));
    return parse_index(text, index, why);
}

/* Take the next PCR off a list; *more turns false at the last one. */
static enum err
take_index(struct slice *list, struct tpm_selection *s, bool *more, struct why *why)
{
    struct slice item;
    uint8_t index = 0;

    *more = cut(list, ',', &item);
    TRY(parse_index(item, &index, why));
    if (s->mask & UINT32_C(1) << index) {
        return why_add(why, ERR_MALFORMED, "%s:%u is named twice", hash_name(s->bank), index);
    }
    s->mask |= UINT32_C(1) << index;
    return ERR_OK;
}

/* "sha256:0,2,4,7" */
static enum err
parse_selection(struct slice text, struct tpm_selection *out, struct why *why)
{
    struct tpm_selection s = {0};
    struct slice bank;
    enum err e = ERR_OK;
    bool more = true;

    (void)cut(&text, ':', &bank);
    TRY(parse_bank(bank, &s.bank, why));
    while (more && e == ERR_OK) {
        e = take_index(&text, &s, &more, why);
    }
    if (e == ERR_OK) {
        *out = s;
    }
    return e;
}

static bool
has_bank(const struct tpm_selection *sel, size_t n, uint16_t bank)
{
    for (size_t i = 0; i < n; i++) {
        if (sel[i].bank == bank) {
            return true;
        }
    }
    return false;
}

static enum err
take_selection(struct slice text, struct tpm_selection *out, size_t cap, size_t *used,
               struct why *why)
{
    struct tpm_selection s = {0};

    TRY(parse_selection(text, &s, why));
    if (has_bank(out, *used, s.bank)) {
        return why_add(why, ERR_MALFORMED, "bank %s is named twice", hash_name(s.bank));
    }
    if (*used == cap) {
        return why_add(why, ERR_LIMIT, "more than %zu banks", cap);
    }
    out[(*used)++] = s;
    return ERR_OK;
}

enum err
tpm_select_parse(struct slice text, struct tpm_selection *out, size_t cap, size_t *n,
                 struct why *why)
{
    enum err e = ERR_OK;
    struct slice item;
    size_t used = 0;

    for (bool more = true; more && e == ERR_OK;) {
        more = cut(&text, '+', &item);
        e = take_selection(item, out, cap, &used, why);
    }
    if (e == ERR_OK) {
        *n = used;
    }
    return e;
}

static void
format_one(struct wr *w, const struct tpm_selection *s)
{
    const char *mark = ":";

    wr_text(w, hash_name(s->bank));
    for (unsigned i = 0; i < TPM_PCRS; i++) {
        if (s->mask & UINT32_C(1) << i) {
            wr_fmt(w, "%s%u", mark, i);
            mark = ",";
        }
    }
}

void
tpm_select_format(const struct tpm_selection *sel, size_t n, char *dst, size_t cap)
{
    uint8_t full[TPM_SELECT_TEXT];
    struct wr w = wr_init(full, sizeof full, "selection");

    for (size_t i = 0; i < n && i < TPM_BANKS_MAX; i++) {
        wr_text(&w, i == 0 ? "" : "+");
        format_one(&w, &sel[i]);
    }
    (void)snprintf(dst, cap, "%.*s", (int)w.len, (const char *)full);
}

static bool
has_pcr(const struct tpm_pcr *pcr, size_t n, const struct tpm_pcr *p)
{
    for (size_t i = 0; i < n; i++) {
        if (pcr[i].bank == p->bank && pcr[i].index == p->index) {
            return true;
        }
    }
    return false;
}

/* "sha256:7=<hex>" */
static enum err
parse_value(struct slice text, struct tpm_pcr *out, struct why *why)
{
    struct tpm_pcr p = {0};
    struct slice name;
    size_t len = 0;

    (void)cut(&text, '=', &name);
    TRY(tpm_pcr_name_parse(name, &p.bank, &p.index, why));
    TRY(hex_decode(text, p.digest, sizeof p.digest, &len, why));
    if (len != hash_len(p.bank)) {
        return why_add(why, ERR_MALFORMED, "%s:%u has %zu bytes, want %zu", hash_name(p.bank),
                       p.index, len, hash_len(p.bank));
    }

    *out = p;
    return ERR_OK;
}

enum err
tpm_pcrs_parse(struct slice text, struct tpm_pcr *out, size_t cap, size_t *n, struct why *why)
{
    size_t used = 0;
    struct slice line;

    for (size_t number = 1; text.len > 0; number++) {
        struct tpm_pcr p = {0};

        (void)cut(&text, '\n', &line);
        if (parse_value(line, &p, why) != ERR_OK) {
            return why_add(why, ERR_MALFORMED, "in line %zu of the PCR values", number);
        }
        if (used == cap) {
            return why_add(why, ERR_LIMIT, "more than %zu PCR values", cap);
        }
        if (has_pcr(out, used, &p)) {
            return why_add(why, ERR_MALFORMED, "%s:%u is given twice, again in line %zu",
                           hash_name(p.bank), p.index, number);
        }
        out[used++] = p;
    }

    *n = used;
    return ERR_OK;
}
