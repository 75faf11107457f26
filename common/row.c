/* SPDX-License-Identifier: Apache-2.0 */
/* row.c - see row.h: a row by its type, and the words that all types share. */
#include <stdio.h>

#include "attest/base/text.h"
#include "common/mem.h"
#include "common/row_read.h"

#define DEFAULT_TRUST \
    (AK_TRUST_EK_ACTIVATION | AK_TRUST_CERTIFICATE | AK_TRUST_TEE_EVIDENCE | AK_TRUST_PINNED_NAME)

void *
holdings_new(struct holdings *h, size_t n, size_t size)
{
    h->block = mem_grow(h->block, h->n, h->n + 1, sizeof(void *));
    h->block[h->n] = mem_new(n, size);
    return h->block[h->n++];
}

void
holdings_done(struct holdings *h)
{
    for (size_t i = 0; i < h->n; i++) {
        mem_free(h->block[i]);
    }
    mem_free((void *)h->block);
    *h = (struct holdings){0};
}

void
evidence_row_free(struct evidence_row **row)
{
    if (*row == NULL) {
        return;
    }
    if ((*row)->owned != NULL) {
        holdings_done((*row)->owned);
        mem_free((*row)->owned);
    }
    mem_free(*row);
    *row = NULL;
}

struct evidence_row *
evidence_row_default(enum evidence_type type)
{
    struct evidence_row *row = mem_new(1, sizeof *row);
    bool azure = type == EVIDENCE_AZURE_SEV_SNP || type == EVIDENCE_AZURE_TDX;

    row->type = type;
    row->want.tpm.ak_trust_allowed = azure ? AK_TRUST_TEE_EVIDENCE : DEFAULT_TRUST;
    snp_expect_default(&row->want.snp);
    tdx_expect_default(&row->want.tdx);
    return row;
}

bool
row_says_ignore(const json_t *j)
{
    return json_is_string(j) && slice_same(slice_text(json_string_value(j)), slice_text("ignore"));
}

/* Golden values are compared as text by people, so there is one way to write them. */
enum err
row_hex(const json_t *j, const char *what, uint8_t *dst, size_t cap, size_t *len, struct why *why)
{
    if (!json_is_string(j)) {
        return why_add(why, ERR_MALFORMED, "%s: want lower-case hex", what);
    }

    struct slice text = slice_text(json_string_value(j));

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F') {
            return why_add(why, ERR_MALFORMED, "%s: want lower-case hex", what);
        }
    }

    enum err e = hex_decode(text, dst, cap, len, why);

    return e == ERR_OK ? ERR_OK : why_add(why, e, "in %s", what);
}

enum err
row_type(const json_t *obj, enum evidence_type *type, struct why *why)
{
    const char *word = json_string_value(json_object_get(obj, "type"));

    if (word == NULL) {
        return why_add(why, ERR_MALFORMED, "row: member \"type\" is missing or not text");
    }
    *type = evidence_by_name(slice_text(word));
    if (*type == EVIDENCE_NONE) {
        return why_add(why, ERR_MALFORMED, "row: \"%s\" is no type of evidence",
                       text_show(slice_text(word)).text);
    }
    return ERR_OK;
}

enum err
row_reference_set(const char *id, struct evidence_row *row, struct why *why)
{
    if (id[0] == '\0') {
        return why_add(why, ERR_MALFORMED, "%s row: reference_set is empty",
                       evidence_name(row->type));
    }
    (void)snprintf(row->reference_set, sizeof row->reference_set, "%s", id);
    return ERR_OK;
}

static enum err
read_by_type(json_t *obj, bool strict, struct evidence_row *row, struct why *why)
{
    switch (row->type) {
    case EVIDENCE_TPM2: return row_tpm_read(obj, strict, row, why);
    case EVIDENCE_SEV_SNP:
    case EVIDENCE_AZURE_SEV_SNP: return row_snp_read(obj, strict, row, why);
    case EVIDENCE_TDX:
    case EVIDENCE_AZURE_TDX: return row_tdx_read(obj, strict, row, why);
    case EVIDENCE_NONE: break;
    }
    return why_add(why, ERR_MALFORMED, "row: no type of evidence");
}

static enum err
read_as(json_t *obj, enum evidence_type type, bool strict, struct evidence_row **out,
        struct why *why)
{
    AUTO(evidence_row_free) struct evidence_row *row = evidence_row_default(type);

    row->owned = mem_new(1, sizeof(struct holdings));
    TRY(read_by_type(obj, strict, row, why));
    *out = row;
    row = NULL;
    return ERR_OK;
}

enum err
evidence_row_read(json_t *obj, struct evidence_row **out, struct why *why)
{
    enum evidence_type type = EVIDENCE_NONE;

    TRY(row_type(obj, &type, why));
    return read_as(obj, type, true, out, why);
}

enum err
evidence_row_read_partial(json_t *obj, enum evidence_type type, struct evidence_row **out,
                          struct why *why)
{
    bool silent = json_object_get(obj, "type") == NULL;
    enum evidence_type said = type;

    TRY(silent ? ERR_OK : row_type(obj, &said, why));
    if (said != type) {
        return why_add(why, ERR_MALFORMED, "row: its type is \"%s\", want \"%s\"",
                       evidence_name(said), evidence_name(type));
    }
    return read_as(obj, type, false, out, why);
}
