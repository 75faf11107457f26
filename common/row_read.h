/* SPDX-License-Identifier: Apache-2.0 */
/* row_read.h - what the readers of rows and reference sets share; private to common/row*.c and
 * common/reference.c.  Their form and errors: row.h. */
#ifndef COMMON_ROW_READ_H
#define COMMON_ROW_READ_H

#include "common/row.h"

enum { ROW_HEX_VALUES_MAX = 64, ROW_CSP_IDS_MAX = 64 };

/* Everything that a row or a set points to, released together. */
struct holdings {
    void **block;
    size_t n;
};

/* n zeroed objects of `size` bytes that live as long as `h`. */
void *holdings_new(struct holdings *h, size_t n, size_t size);
void holdings_done(struct holdings *h);

/* ---- words that all types share ---- */

bool row_says_ignore(const json_t *j);

/* Lower-case hex of any length up to cap; `what` names it. */
enum err row_hex(const json_t *j, const char *what, uint8_t *dst, size_t cap, size_t *len,
                 struct why *why) MUST_USE;

/* "type": a type of evidence, not yet one that the caller can read. */
enum err row_type(const json_t *obj, enum evidence_type *type, struct why *why) MUST_USE;

enum err row_reference_set(const char *id, struct evidence_row *row, struct why *why) MUST_USE;

/* What a list of hex is a list of. */
struct row_list {
    const char *name;
    size_t len;       /* bytes of each value */
    size_t short_len; /* also taken, and filled up with zeros; 0: not */
    size_t max;       /* values */
    bool zero_word;   /* zeros are written "zero", so that nobody asks for them by mistake */
};

/* As struct snp_values and struct tdx_values. */
struct row_values {
    bool wanted;
    const struct slice *value;
    size_t n;
};

/* NULL and "ignore" leave *out alone. */
enum err row_values(const json_t *j, const struct row_list *kind, struct holdings *h,
                    struct row_values *out, struct why *why) MUST_USE;

struct row_names {
    struct slice *name;
    size_t n;
};

struct row_text_list {
    const char *name;
    size_t max; /* texts */
    size_t len; /* bytes of the longest */
};

/* A list of texts that are not empty, copied. */
enum err row_texts(const json_t *list, const struct row_text_list *kind, struct holdings *h,
                   struct row_names *out, struct why *why) MUST_USE;

struct row_bits {
    const char *what; /* "policy", "platform_info", "td_attributes" */
    uint64_t (*bit)(struct slice name);
    uint64_t elsewhere; /* bits that have members of their own */
    bool may_be_empty;  /* an empty list asks for nothing, where that is not the default */
};

/* { "require": [...], "forbid": [...] }; NULL asks for nothing. */
enum err row_bits(json_t *obj, const struct row_bits *kind, uint64_t *require, uint64_t *forbid,
                  struct why *why) MUST_USE;

/* 1 to 16 digits of lower-case hex. */
bool row_hex_number(struct slice digits, uint64_t *out);

/* ---- by type; row->type is set, row->owned is a struct holdings ---- */

/* A strict row belongs to a policy; see evidence_row_read_partial(). */
enum err row_tpm_read(json_t *obj, bool strict, struct evidence_row *row, struct why *why) MUST_USE;
enum err row_snp_read(json_t *obj, bool strict, struct evidence_row *row, struct why *why) MUST_USE;
enum err row_tdx_read(json_t *obj, bool strict, struct evidence_row *row, struct why *why) MUST_USE;

/* ---- parts of a tpm2 row ---- */

/* The predicates of a tpm2 row as they stand in JSON, by enum tpm_predicate; NULL: not said. */
struct row_predicates {
    json_t *member[TPM_PREDICATES];
};

/* A strict row asks for the kernel too where it asks for its word. */
enum err row_tpm_predicates(const struct row_predicates *in, bool strict, struct evidence_row *row,
                            struct why *why) MUST_USE;

/* { "sha256:7": ["hex", ...] | "ignore", ... } */
enum err row_tpm_values(json_t *obj, struct holdings *h, struct tpm_golden *out,
                        struct why *why) MUST_USE;

enum err row_tpm_names(const json_t *list, struct holdings *h, struct row_names *out,
                       struct why *why) MUST_USE;

/* What a row says of endorsement keys; NULL: not said. */
struct row_ek {
    const char *crl, *crl_stale, *expired;
    json_t *pinned;
};

enum err row_tpm_ek(const struct row_ek *in, struct evidence_row *row, struct why *why) MUST_USE;

enum err row_tpm_pcrs(const char *text, struct tpm_expect *want, struct why *why) MUST_USE;

/* `values` of the row itself, an object or "ignore", against its `pcrs`. */
enum err row_tpm_own(json_t *values, struct evidence_row *row, struct why *why) MUST_USE;

/* `pcrs` and `values` for the vTPM's quote of an Azure guest; NULL: not said. */
enum err row_azure_quote(const char *pcrs, json_t *values, struct evidence_row *row,
                         struct why *why) MUST_USE;

/* ---- parts of a sev-snp row ---- */

/* The fields of one compound as they stand in JSON; NULL: not said. */
enum { ROW_GOLDEN_FIELDS = 6, ROW_GOLDEN_SAID = 4 /* the first ones, to be given or ignored */ };

struct row_golden {
    json_t *field[ROW_GOLDEN_FIELDS];
    int64_t guest_svn_min; /* -1: not said */
};

/* The name of field i, as it stands in JSON. */
const char *row_golden_name(size_t i);

/* `strict`: those of the host's choice are refused unless a key vouches for them. */
enum err row_snp_golden(const struct row_golden *in, bool strict, struct holdings *h,
                        struct snp_golden *out, struct why *why) MUST_USE;

/* ["Milan", ...] as bits 1 << enum snp_product. */
enum err row_snp_products(const json_t *list, unsigned *products, struct why *why) MUST_USE;

/* { "snp": 23, ... }, by components that one of `products` (0: any) has; NULL asks for nothing. */
enum err row_snp_tcb(json_t *obj, const char *what, unsigned products, struct snp_tcb_bound *out,
                     struct why *why) MUST_USE;

/* No component may have a minimum above its maximum: nothing could hold. */
enum err row_snp_tcb_range(const struct snp_tcb_bound *min, const struct snp_tcb_bound *max,
                           struct why *why) MUST_USE;

/* "1.55.40", `parts` numbers of 0..255, as a number of as many bytes; NULL asks for nothing. */
enum err row_snp_version(const char *text, const char *what, unsigned parts, uint32_t *out,
                         struct why *why) MUST_USE;

/* "0x0b", not zero; NULL asks for nothing. */
enum err row_snp_mask(const char *text, uint64_t *out, struct why *why) MUST_USE;

/* NULL leaves the default. */
enum err row_snp_crl(const char *word, enum snp_crl_mode *out, struct why *why) MUST_USE;

/* ---- parts of a tdx row ---- */

/* The fields of one compound as they stand in JSON, by enum of attest/tdx/tdx.h; NULL: not said. */
struct row_tdx_fields {
    json_t *field[TDX_FIELDS];
};

/* A policy says of this field what it must be, or "ignore". */
bool row_tdx_must_say(unsigned field);

/* Hex of 48 bytes; zeros are written "zero". */
enum err row_tdx_golden(const struct row_tdx_fields *in, struct holdings *h, struct tdx_golden *out,
                        struct why *why) MUST_USE;

#endif
