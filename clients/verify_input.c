/* SPDX-License-Identifier: Apache-2.0 */
/* verify_input.c - see verify_input.h. */
#include "clients/verify_input.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "clients/certificate.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/sys.h"

enum { CAUSE_TEXT = 2 * WHY_TEXT, RAW_DIGEST = 32 };

struct slice
verify_bytes(const struct verify_file *f)
{
    return (struct slice){f->bytes, f->len};
}

void
verify_file_done(struct verify_file *f)
{
    mem_free_bytes(&f->bytes);
    f->len = 0;
}

void
verify_base_done(struct verify_base *b)
{
    verify_file_done(&b->policy);
    evidence_row_free(&b->row);
    roots_free(&b->roots);
}

/* What was given must be there: an empty file would pass for "not given". */
enum err
verify_file_read(const char *path, struct verify_file *into, struct why *why)
{
    TRY(file_read(path, VERIFY_FILE_MAX, &into->bytes, &into->len, why));
    return into->len > 0 ? ERR_OK : why_add(why, ERR_MALFORMED, "%s is empty", path);
}

static enum err
read_file(const struct verify_load *l, struct why *why)
{
    if (l->path == NULL) {
        return ERR_OK;
    }
    if (l->certificate) {
        return certificate_read(l->path, &l->into->bytes, &l->into->len, why);
    }
    return verify_file_read(l->path, l->into, why);
}

static enum err
read_files(const struct verify_plan *plan, struct verify_base *base, struct why *why)
{
    const struct verify_load policy = {plan->common->policy, &base->policy, false};
    enum err e = ERR_OK;

    for (size_t i = 0; i < plan->loads && e == ERR_OK; i++) {
        e = read_file(&plan->load[i], why);
    }
    TRY(e);
    TRY(read_file(&policy, why));
    return verify_roots(plan->common, &base->roots, why);
}

/* The innermost cause and where it was met. */
static const char *
cause(const struct why *why, char dst[CAUSE_TEXT])
{
    (void)snprintf(dst, CAUSE_TEXT, "%s%s%s", why_text(why), why->n > 1 ? ", " : "",
                   why->n > 1 ? why->link[why->n - 1] : "");
    return dst;
}

void
verify_unreadable(struct appraisal *out, const struct why *why)
{
    char text[CAUSE_TEXT];

    verify_alone(out, "input.unreadable", OUTCOME_UNABLE, cause(why, text), "readable files");
}

static enum err
read_row(const struct verify_plan *plan, struct verify_base *base, struct why *why)
{
    AUTO(json_free) json_t *obj = NULL;

    if (base->policy.bytes == NULL) {
        base->row = evidence_row_default(plan->type);
        return ERR_OK;
    }
    TRY(json_read(verify_bytes(&base->policy), &obj, why));
    return evidence_row_read_partial(obj, plan->type, &base->row, why);
}

/* A policy that cannot be used: a verdict when it asks for what must not or cannot be relied on
 * yet, false when it is simply wrong. */
static bool
policy_verdict(enum err e, const struct why *why, struct appraisal *out)
{
    static const char RESETTABLE[] = "policy.resettable_pcr";

    if (e == ERR_UNABLE) {
        verify_alone(out, "policy.unsupported", OUTCOME_UNABLE, why_text(why),
                     "a policy without it");
        return true;
    }
    if (e == ERR_DENIED) {
        bool resettable = strncmp(why_text(why), RESETTABLE, sizeof RESETTABLE - 1) == 0;
        const char *id = resettable ? RESETTABLE : "policy.weak_bank";

        verify_alone(out, id, OUTCOME_FAIL, why_text(why),
                     "a policy over PCRs that mean something");
        return true;
    }
    return false;
}

enum err
verify_prepare(const struct verify_plan *plan, struct verify_base *base, bool *ready,
               struct appraisal *out, struct why *why)
{
    struct why trouble = {0};
    char text[CAUSE_TEXT];

    *ready = false;
    TRY(verify_time(plan->common, &base->at_unix, why));
    if (read_files(plan, base, &trouble) != ERR_OK) {
        verify_unreadable(out, &trouble);
        return ERR_OK;
    }

    enum err e = read_row(plan, base, &trouble);

    *ready = e == ERR_OK;
    if (e == ERR_OK || policy_verdict(e, &trouble, out)) {
        return ERR_OK;
    }
    return why_add(why, e, "%s: %s", plan->common->policy, cause(&trouble, text));
}

enum err
verify_hex(const char *text, uint8_t *dst, size_t cap, size_t *len, struct why *why)
{
    if (text == NULL) {
        return ERR_OK;
    }
    TRY(hex_decode(slice_text(text), dst, cap, len, why));
    return *len > 0 ? ERR_OK : why_add(why, ERR_MALFORMED, "hex: empty");
}

enum err
verify_product(const char *text, enum snp_product *out, struct why *why)
{
    if (text == NULL) {
        return ERR_OK;
    }
    *out = snp_product_by_name(slice_text(text));
    return *out != SNP_PRODUCT_NONE
               ? ERR_OK
               : why_add(why, ERR_MALFORMED, "--product: \"%s\" is none of Milan, Genoa, Turin",
                         text_show(slice_text(text)).text);
}

static enum err
read_select(const char *text, struct verify_asked *out, struct why *why)
{
    return text == NULL ? ERR_OK
                        : tpm_select_parse(slice_text(text), out->select, TPM_BANKS_MAX,
                                           &out->select_n, why);
}

enum err
verify_asked_read(const struct verify_asked_words *w, struct verify_asked *out, struct why *why)
{
    TRY(verify_hex(w->nonce, out->nonce, sizeof out->nonce, &out->nonce_len, why));
    TRY(verify_hex(w->binding, out->binding, sizeof out->binding, &out->binding_len, why));
    if (out->binding_len != 0 && out->binding_len != BINDING_LEN) {
        return why_add(why, ERR_MALFORMED, "--binding: want %d bytes", BINDING_LEN);
    }
    return read_select(w->select, out, why);
}

void
verify_asked_narrow(const struct verify_asked *asked, struct expectation *want)
{
    struct tpm_expect *t = &want->tpm;

    if (asked->select_n > 0) {
        memcpy(t->need, t->select, sizeof t->need);
        t->need_n = t->select_n;
        memcpy(t->select, asked->select, sizeof t->select);
        t->select_n = asked->select_n;
    }
    want->nonce = (struct slice){asked->nonce, asked->nonce_len};
    want->binding = (struct slice){asked->binding, asked->binding_len};
}

/* What was built is compared with something. */
static bool
has_golden(const struct evidence_row *row)
{
    switch (row->type) {
    case EVIDENCE_TPM2: return row->want.tpm.golden_wanted;
    case EVIDENCE_SEV_SNP:
    case EVIDENCE_AZURE_SEV_SNP: return row->want.snp.own.measurement.wanted;
    case EVIDENCE_TDX:
    case EVIDENCE_AZURE_TDX: return row->want.tdx.own.field[TDX_MRTD].wanted;
    case EVIDENCE_NONE: break;
    }
    return false;
}

const char *
verify_remark(const struct evidence_row *row, const char *option, bool fresh,
              char dst[VERIFY_REMARK])
{
    bool tpm = row->type == EVIDENCE_TPM2;
    bool approved = has_golden(row);

    if (approved && fresh) {
        return NULL;
    }
    if (approved) {
        (void)snprintf(dst, VERIFY_REMARK, "freshness was not judged: no %s was given", option);
        return dst;
    }
    (void)snprintf(dst, VERIFY_REMARK,
                   "authentic and sound%s%s%s no %s was compared with a reference value, so this "
                   "is not an approval",
                   fresh ? ";" : ", and perhaps old: no ", fresh ? "" : option,
                   fresh ? "" : " was given, and", tpm ? "PCR value" : "measurement");
    return dst;
}

/* Digests are not text: one byte that no line has tells. */
static bool
looks_raw(struct slice s)
{
    bool text = true;

    for (size_t i = 0; i < s.len && text; i++) {
        text = (s.ptr[i] >= ' ' && s.ptr[i] <= '~') || s.ptr[i] == '\n' || s.ptr[i] == '\r';
    }
    return s.len == VERIFY_RAW_BANK && !text;
}

static void
take_raw(struct slice s, struct verify_pcrs *out)
{
    for (size_t i = 0; i < TPM_PCRS; i++) {
        out->pcr[i] = (struct tpm_pcr){.bank = HASH_SHA256, .index = (uint8_t)i};
        memcpy(out->pcr[i].digest, s.ptr + i * RAW_DIGEST, RAW_DIGEST);
    }
    out->n = TPM_PCRS;
    out->whole_bank = true;
}

bool
verify_pcrs_read(const struct verify_file *f, bool raw, struct verify_pcrs *pcrs,
                 struct appraisal *out)
{
    const struct slice s = verify_bytes(f);
    struct why why = {0};
    char text[CAUSE_TEXT];

    *pcrs = (struct verify_pcrs){.n = 0};
    if (raw && looks_raw(s)) {
        take_raw(s, pcrs);
        return true;
    }
    if (tpm_pcrs_parse(s, pcrs->pcr, TPM_PCR_VALUES_MAX, &pcrs->n, &why) == ERR_OK) {
        return true;
    }
    verify_alone(out, "pcrs.malformed", OUTCOME_MALFORMED, cause(&why, text),
                 raw ? "lines \"bank:index=hex\", or 24 x 32 bytes" : "lines \"bank:index=hex\"");
    return false;
}
