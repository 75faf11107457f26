/* SPDX-License-Identifier: Apache-2.0 */
/* verify_tpm.c - `countersign verify tpm`.
 *
 * Who passes --ak vouches for that key, as far as the policy allows; a policy with `ak_names` says
 * itself which keys.  Without --policy every golden value is ignored and an accept says
 * "authentic and sound", not "approved". */
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "clients/certificate.h"
#include "clients/fault.h"
#include "clients/verify.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/row.h"
#include "common/sys.h"

enum { FILE_MAX = 1 << 20, NONCE_MAX = 66 };

struct options {
    struct verify_common common;
    const char *quote, *signature, *ak, *ak_cert, *ek_cert, *ek, *pcrs, *event_log;
    const char *nonce, *binding, *select;
};

/* A file as it was read. */
struct file {
    uint8_t *bytes;
    size_t len;
};

/* Everything that a verification reads. */
struct inputs {
    struct file quote, signature, ak, ak_cert, ek_cert, ek, pcrs, event_log, policy;
    struct roots *roots;
    struct evidence_row *row;
    uint8_t nonce[NONCE_MAX], binding[BINDING_LEN];
    size_t nonce_len, binding_len;
    struct tpm_pcr pcr[TPM_PCR_VALUES_MAX];
    size_t pcr_n;
    struct tpm_selection select[TPM_BANKS_MAX];
    size_t select_n;
    int64_t at_unix;
};

static void
inputs_done(struct inputs *in)
{
    struct file *all[] = {&in->quote, &in->signature, &in->ak,        &in->ak_cert, &in->ek_cert,
                          &in->ek,    &in->pcrs,      &in->event_log, &in->policy};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        mem_free_bytes(&all[i]->bytes);
    }
    evidence_row_free(&in->row);
    roots_free(&in->roots);
}

static struct slice
bytes_of(const struct file *f)
{
    return (struct slice){f->bytes, f->len};
}

/* What was given must be there: an empty file would pass for "not given". */
static enum err
read_file(const char *path, struct file *f, struct why *why)
{
    if (path == NULL) {
        return ERR_OK;
    }
    TRY(file_read(path, FILE_MAX, &f->bytes, &f->len, why));
    return f->len > 0 ? ERR_OK : why_add(why, ERR_MALFORMED, "%s is empty", path);
}

static enum err
read_certificate(const char *path, struct file *f, struct why *why)
{
    return path == NULL ? ERR_OK : certificate_read(path, &f->bytes, &f->len, why);
}

struct load {
    const char *path; /* NULL: not given */
    struct file *into;
    enum err (*read)(const char *path, struct file *f, struct why *why);
};

static enum err
read_files(const struct options *o, struct inputs *in, struct why *why)
{
    const struct load loads[] = {
        {o->quote, &in->quote, read_file},
        {o->signature, &in->signature, read_file},
        {o->ak, &in->ak, read_file},
        {o->ak_cert, &in->ak_cert, read_certificate},
        {o->ek_cert, &in->ek_cert, read_file},
        {o->ek, &in->ek, read_file},
        {o->pcrs, &in->pcrs, read_file},
        {o->event_log, &in->event_log, read_file},
        {o->common.policy, &in->policy, read_file},
    };
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof loads / sizeof loads[0] && e == ERR_OK; i++) {
        e = loads[i].read(loads[i].path, loads[i].into, why);
    }
    return e == ERR_OK ? verify_roots(&o->common, &in->roots, why) : e;
}

/* Hex of at least one byte, or nothing when the option was not given. */
static enum err
read_hex(const char *text, uint8_t *dst, size_t cap, size_t *len, struct why *why)
{
    if (text == NULL) {
        return ERR_OK;
    }
    TRY(hex_decode(slice_text(text), dst, cap, len, why));
    return *len > 0 ? ERR_OK : why_add(why, ERR_MALFORMED, "hex: empty");
}

static enum err
read_select(const char *text, struct inputs *in, struct why *why)
{
    return text == NULL
               ? ERR_OK
               : tpm_select_parse(slice_text(text), in->select, TPM_BANKS_MAX, &in->select_n, why);
}

/* What stands on the command line itself; every failure is a wrong command line. */
static enum err
read_words(const struct options *o, struct inputs *in, struct why *why)
{
    TRY(read_hex(o->nonce, in->nonce, sizeof in->nonce, &in->nonce_len, why));
    TRY(read_hex(o->binding, in->binding, sizeof in->binding, &in->binding_len, why));
    if (in->binding_len != 0 && in->binding_len != BINDING_LEN) {
        return why_add(why, ERR_MALFORMED, "--binding: want %d bytes", BINDING_LEN);
    }
    TRY(read_select(o->select, in, why));
    return verify_time(&o->common, &in->at_unix, why);
}

/* A row for this command may leave out what it can only mean: its type, and that golden values
 * which it does not give are ignored.  The verdict says so; the broker's reader is not so kind. */
static void
complete_row(json_t *row)
{
    if (json_object_get(row, "type") == NULL) {
        (void)json_object_set_new(row, "type", json_string("tpm2"));
    }
    if (json_object_get(row, "values") == NULL && json_object_get(row, "reference_set") == NULL) {
        (void)json_object_set_new(row, "values", json_string("ignore"));
    }
}

static enum err
read_row(const struct file *f, struct evidence_row **row, struct why *why)
{
    AUTO(json_free) json_t *obj = NULL;

    if (f->bytes == NULL) {
        *row = evidence_row_default(EVIDENCE_TPM2);
        return ERR_OK;
    }
    TRY(json_read(bytes_of(f), &obj, why));
    complete_row(obj);
    return evidence_row_read(obj, row, why);
}

static bool
is_pem(struct slice s)
{
    static const char MARK[] = "-----BEGIN ";

    return s.len >= sizeof MARK - 1 && memcmp(s.ptr, MARK, sizeof MARK - 1) == 0;
}

static struct evidence
evidence_of(const struct inputs *in)
{
    const struct slice ak = bytes_of(&in->ak);
    const bool pem = is_pem(ak);

    return (struct evidence){
        .type = EVIDENCE_TPM2,
        .tpm = {.quote = bytes_of(&in->quote),
                .signature = bytes_of(&in->signature),
                .ak = pem ? (struct slice){0} : ak,
                .ak_pem = pem ? ak : (struct slice){0},
                .ak_certificate = bytes_of(&in->ak_cert),
                .ek_certificate = bytes_of(&in->ek_cert),
                .ek = bytes_of(&in->ek),
                .event_log = bytes_of(&in->event_log),
                .pcrs = in->pcr,
                .pcrs_n = in->pcr_n},
    };
}

/* --select is what was asked for; then the PCRs of the policy must be among them. */
static void
narrow(const struct inputs *in, struct tpm_expect *want)
{
    if (in->select_n > 0) {
        memcpy(want->need, want->select, sizeof want->need);
        want->need_n = want->select_n;
        memcpy(want->select, in->select, sizeof want->select);
        want->select_n = in->select_n;
    }
    want->ak_vouched = want->ak_names_n == 0;
}

static void
judge(const struct inputs *in, struct appraisal *out)
{
    const struct evidence ev = evidence_of(in);
    struct expectation want = in->row->want;

    narrow(in, &want.tpm);
    want.nonce = (struct slice){in->nonce, in->nonce_len};
    want.binding = (struct slice){in->binding, in->binding_len};
    attest_verify(&ev, &want, &in->roots->trust, in->at_unix, out);
}

/* What an accept does not say. */
static const char *
remark(const struct inputs *in)
{
    bool fresh = in->nonce_len > 0 || in->binding_len > 0;

    if (in->row->want.tpm.golden_wanted) {
        return fresh ? NULL : "freshness was not judged: no --nonce was given";
    }
    return fresh ? "authentic and sound; no PCR value was compared with a reference value, so "
                   "this is not an approval"
                 : "authentic and sound, and perhaps old: no --nonce was given, and no PCR value "
                   "was compared with a reference value, so this is not an approval";
}

/* The innermost cause and where it was met. */
static const char *
cause(const struct why *why, char *dst, size_t cap)
{
    (void)snprintf(dst, cap, "%s%s%s", why_text(why), why->n > 1 ? ", " : "",
                   why->n > 1 ? why->link[why->n - 1] : "");
    return dst;
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

/* Read everything and judge.  ERR_OK: *out has a verdict; anything else: a wrong command line. */
static enum err
run(const struct options *o, struct inputs *in, struct appraisal *out, struct why *why)
{
    struct why trouble = {0};
    char text[2 * WHY_TEXT];
    enum err e = ERR_OK;

    TRY(read_words(o, in, why));
    if (read_files(o, in, &trouble) != ERR_OK) {
        verify_alone(out, "input.unreadable", OUTCOME_UNABLE, cause(&trouble, text, sizeof text),
                     "readable files");
        return ERR_OK;
    }
    if (tpm_pcrs_parse(bytes_of(&in->pcrs), in->pcr, TPM_PCR_VALUES_MAX, &in->pcr_n, &trouble) !=
        ERR_OK) {
        verify_alone(out, "pcrs.malformed", OUTCOME_MALFORMED, cause(&trouble, text, sizeof text),
                     "lines \"bank:index=hex\"");
        return ERR_OK;
    }
    e = read_row(&in->policy, &in->row, &trouble);
    if (e == ERR_OK) {
        judge(in, out);
        return ERR_OK;
    }
    return policy_verdict(e, &trouble, out)
               ? ERR_OK
               : why_add(why, e, "%s: %s", o->common.policy, cause(&trouble, text, sizeof text));
}

int
verify_tpm(int argc, char **argv)
{
    struct options o = {0};
    struct opt common[VERIFY_COMMON];
    const struct opt own[] = {
        {"quote", "FILE", &o.quote, "TPMS_ATTEST"},
        {"signature", "FILE", &o.signature, "TPMT_SIGNATURE, or bare RSASSA bytes"},
        {"ak", "FILE", &o.ak, "attestation key: TPMT_PUBLIC, TPM2B_PUBLIC or PEM"},
        {"ak-cert", "FILE", &o.ak_cert, "its certificate, DER or PEM"},
        {"ek-cert", "FILE", &o.ek_cert, "endorsement key certificate (not judged yet: unable)"},
        {"ek", "FILE", &o.ek, "endorsement key: TPMT_PUBLIC or TPM2B_PUBLIC"},
        {"pcrs", "FILE", &o.pcrs, "PCR values, lines bank:index=hex"},
        {"event-log", "FILE", &o.event_log, "event log (not judged yet: unable)"},
        {"nonce", "HEX", &o.nonce, "what extraData must be"},
        {"binding", "HEX", &o.binding, "the binding that extraData must be"},
        {"select", "PCRS", &o.select, "what was asked for: sha256:0,1,7+sha384:0"},
    };
    const struct usage usage = {
        "countersign verify tpm --quote FILE --signature FILE --ak FILE [options]",
        "Judge a TPM 2.0 quote.",
        {own, sizeof own / sizeof own[0]},
        {common, VERIFY_COMMON},
        0,
        0,
    };
    AUTO(inputs_done) struct inputs in = {0};
    struct appraisal out;
    struct words words;
    struct why why = {0};

    verify_common_options(&o.common, common);
    enum opt_result r = opt_parse(&usage, argc, argv, &words);
    if (r != OPT_GO_ON) {
        return opt_exit(r);
    }
    if (o.quote == NULL || o.signature == NULL || o.ak == NULL) {
        return opt_wrong(&usage, "--quote, --signature and --ak are needed", NULL);
    }
    if (run(&o, &in, &out, &why) != ERR_OK) {
        return opt_wrong(&usage, why_text(&why), NULL);
    }
    return verify_print(&out, EVIDENCE_TPM2, in.row == NULL ? NULL : remark(&in), o.common.json);
}
