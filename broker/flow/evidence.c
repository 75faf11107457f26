/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c - see evidence.h.  It decodes texts and decides nothing. */
#include "broker/flow/evidence.h"

#include "attest/base/text.h"
#include "attest/tpm/log.h"
#include "common/json.h"
#include "common/mem.h"

#include <string.h>

enum {
    BLOBS_MAX = EVIDENCE_PIECES * 12,
    REPORT_MAX = 2 * SNP_REPORT_LEN, /* so that the verdict says what is wrong with a longer one */
};

/* Bytes decoded for one request; freed together. */
struct owned {
    uint8_t *blob[BLOBS_MAX];
    size_t blobs;
    struct tpm_pcr pcr[EVIDENCE_PIECES][TPM_PCR_VALUES_MAX];
};

void
attest_ask_free(struct attest_ask **ask)
{
    if (*ask == NULL) {
        return;
    }
    struct owned *o = (*ask)->owned;

    for (size_t i = 0; o != NULL && i < o->blobs; i++) {
        mem_free(o->blob[i]);
    }
    mem_free(o);
    jwk_done(&(*ask)->key);
    json_free(&(*ask)->json);
    mem_free(*ask);
    *ask = NULL;
}

/* base64url text to bytes that live as long as the request. */
static enum err
take_blob(struct owned *o, const char *text, const char *what, size_t max, struct slice *out,
          struct why *why)
{
    uint8_t *bytes = NULL;
    size_t len = 0;

    if (text == NULL) {
        return ERR_OK;
    }
    TRY(json_b64url(text, what, max, &bytes, &len, why));
    o->blob[o->blobs++] = bytes;
    *out = (struct slice){bytes, len};
    return ERR_OK;
}

/* "sha256:7" and hex. */
static enum err
take_pcr(const char *name, const json_t *value, struct tpm_pcr *out, struct why *why)
{
    struct tpm_selection sel[1];
    size_t n = 0;
    size_t len = 0;

    TRY(tpm_select_parse(slice_text(name), sel, 1, &n, why));
    if (n != 1 || sel[0].mask == 0 || (sel[0].mask & (sel[0].mask - 1)) != 0) {
        return why_add(why, ERR_MALFORMED, "pcrs: \"%.40s\" does not name one PCR", name);
    }
    out->bank = sel[0].bank;
    out->index = (uint8_t)__builtin_ctz(sel[0].mask);
    if (!json_is_string(value)) {
        return why_add(why, ERR_MALFORMED, "pcrs: %.40s is not hex text", name);
    }
    TRY(hex_decode(slice_text(json_string_value(value)), out->digest, sizeof out->digest, &len,
                   why));
    if (len != hash_len(out->bank)) {
        return why_add(why, ERR_MALFORMED, "pcrs: %.40s has %zu bytes, want %zu", name, len,
                       hash_len(out->bank));
    }
    return ERR_OK;
}

static enum err
take_pcrs(json_t *pcrs, struct tpm_pcr *dst, struct tpm_evidence *ev, struct why *why)
{
    enum err e = ERR_OK;

    if (pcrs == NULL) {
        return ERR_OK;
    }
    if (json_object_size(pcrs) > TPM_PCR_VALUES_MAX) {
        return why_add(why, ERR_LIMIT, "pcrs: %zu values, at most %d", json_object_size(pcrs),
                       TPM_PCR_VALUES_MAX);
    }
    ev->pcrs = dst;
    for (void *it = json_object_iter(pcrs); it != NULL && e == ERR_OK;
         it = json_object_iter_next(pcrs, it)) {
        e = take_pcr(json_object_iter_key(it), json_object_iter_value(it), &dst[ev->pcrs_n++], why);
    }
    return e;
}

/* The texts that pieces are made of. */
enum {
    QUOTE,
    SIGNATURE,
    AK,
    AK_CERTIFICATE,
    EK,
    EVENT_LOG,
    PCRSIG,
    REPORT,
    HCL,
    VEK,
    CERT_TABLE,
    TDX_QUOTE,
    TD_QUOTE,
    CCEL,
    TEXTS,
};

#define TPM2      (1U << EVIDENCE_TPM2)
#define SNP       (1U << EVIDENCE_SEV_SNP)
#define TDX       (1U << EVIDENCE_TDX)
#define AZURE_SNP (1U << EVIDENCE_AZURE_SEV_SNP)
#define AZURE_TDX (1U << EVIDENCE_AZURE_TDX)
#define AZURE     (AZURE_SNP | AZURE_TDX)

static const struct {
    const char *name;
    size_t max;         /* bytes when decoded */
    unsigned must, may; /* types whose pieces have it */
} BLOBS[TEXTS] = {
    [QUOTE] = {"quote", TPM_ATTEST_MAX, TPM2 | AZURE, 0},
    [SIGNATURE] = {"signature", TPM_SIGNATURE_MAX, TPM2 | AZURE, 0},
    [AK] = {"ak", TPM_PUBLIC_MAX, TPM2, 0},
    [AK_CERTIFICATE] = {"ak_certificate", X509_DER_MAX, 0, TPM2},
    [EK] = {"ek", TPM_PUBLIC_MAX, 0, TPM2},
    [EVENT_LOG] = {"event_log", TPM_LOG_MAX, 0, TPM2},
    [PCRSIG] = {"pcrsig", TPM_PCRSIG_MAX, 0, TPM2},
    [REPORT] = {"report", REPORT_MAX, SNP, 0},
    [HCL] = {"hcl", AZURE_HCL_MAX, AZURE, 0},
    [VEK] = {"vek", SNP_VEK_MAX, 0, SNP | AZURE_SNP},
    [CERT_TABLE] = {"cert_table", SNP_CERT_TABLE_MAX, 0, SNP | AZURE_SNP},
    [TDX_QUOTE] = {"quote", TDX_QUOTE_MAX, TDX, 0},
    [TD_QUOTE] = {"td_quote", TDX_QUOTE_MAX, AZURE_TDX, 0},
    [CCEL] = {"ccel", TDX_CCEL_MAX, 0, TDX},
};

static const unsigned WITH_PCRS = TPM2 | AZURE;

static enum err
take_blobs(const char *const text[TEXTS], struct owned *o, struct evidence *ev, struct why *why)
{
    struct slice *const dst[TEXTS] = {
        [QUOTE] = &ev->tpm.quote,
        [SIGNATURE] = &ev->tpm.signature,
        [AK] = &ev->tpm.ak,
        [AK_CERTIFICATE] = &ev->tpm.ak_certificate,
        [EK] = &ev->tpm.ek,
        [EVENT_LOG] = &ev->tpm.event_log,
        [PCRSIG] = &ev->tpm.pcrsig,
        [REPORT] = &ev->snp.report,
        [HCL] = &ev->hcl,
        [VEK] = &ev->snp.vek,
        [CERT_TABLE] = &ev->snp.cert_table,
        [TDX_QUOTE] = &ev->tdx.quote,
        [TD_QUOTE] = &ev->tdx.quote,
        [CCEL] = &ev->tdx.ccel,
    };
    enum err e = ERR_OK;

    for (size_t i = 0; i < TEXTS && e == ERR_OK; i++) {
        e = take_blob(o, text[i], BLOBS[i].name, BLOBS[i].max, dst[i], why);
    }
    return e;
}

/* The members of a piece of this type; anything else is refused by name. */
static enum err
bind_piece(json_t *obj, enum evidence_type type, const char *text[TEXTS], json_t **pcrs,
           struct why *why)
{
    const char *word = NULL;
    const unsigned bit = 1U << type;
    struct json_member members[TEXTS + 2] = {
        {"type", JK_TEXT, true, &word, 0, 32},
    };
    size_t n = 1;

    for (size_t i = 0; i < TEXTS; i++) {
        if ((BLOBS[i].must | BLOBS[i].may) & bit) {
            members[n++] =
                (struct json_member){BLOBS[i].name, JK_TEXT, (BLOBS[i].must & bit) != 0,
                                     &text[i],      0,       (int64_t)(2 * BLOBS[i].max)};
        }
    }
    if (WITH_PCRS & bit) {
        members[n++] = (struct json_member){"pcrs", JK_OBJECT, false, pcrs, 0, 0};
    }
    return json_bind(obj, "evidence", members, n, why);
}

static enum err
take_piece(json_t *obj, struct attest_ask *ask, struct why *why)
{
    const char *type = json_string_value(json_object_get(obj, "type"));
    struct evidence *ev = &ask->piece[ask->pieces];
    struct owned *o = ask->owned;
    const char *text[TEXTS] = {0};
    json_t *pcrs = NULL;

    ev->type = evidence_by_name(slice_text(type));
    if (((TPM2 | SNP | TDX | AZURE) & 1U << ev->type) == 0) {
        return why_add(why, ERR_MALFORMED,
                       "evidence.type \"%.32s\" is not taken here, want \"tpm2\", \"sev-snp\", "
                       "\"tdx\", \"azure-sev-snp\" or \"azure-tdx\"",
                       type != NULL ? type : "");
    }
    TRY(bind_piece(obj, ev->type, text, &pcrs, why));
    TRY(take_blobs(text, o, ev, why));
    TRY(take_pcrs(pcrs, o->pcr[ask->pieces], &ev->tpm, why));
    ask->pieces++;
    return ERR_OK;
}

static enum err
take_pieces(const json_t *evidence, struct attest_ask *ask, struct why *why)
{
    enum err e = ERR_OK;

    if (json_array_size(evidence) == 0) {
        return why_add(why, ERR_MALFORMED, "evidence is empty");
    }
    for (size_t i = 0; i < json_array_size(evidence) && e == ERR_OK; i++) {
        e = take_piece(json_array_get(evidence, i), ask, why);
    }
    return e;
}

static enum err
read_members(struct attest_ask *ask, struct why *why)
{
    const char *challenge = NULL;
    json_t *key = NULL;
    json_t *evidence = NULL;
    const struct json_member members[] = {
        {"policy", JK_TEXT, true, &ask->policy, 0, 63},
        {"challenge", JK_TEXT, true, &challenge, 0, 80},
        {"key", JK_OBJECT, true, &key, 0, 0},
        {"evidence", JK_ARRAY, true, &evidence, 0, EVIDENCE_PIECES},
    };

    TRY(json_bind(ask->json, "request", members, sizeof members / sizeof members[0], why));
    TRY(b64url_decode(slice_text(challenge), ask->challenge, sizeof ask->challenge,
                      &ask->challenge_len, why));
    TRY(jwk_read(key, &ask->key, why));
    return take_pieces(evidence, ask, why);
}

enum err
attest_ask_read(struct slice body, struct attest_ask **out, struct why *why)
{
    AUTO(attest_ask_free) struct attest_ask *ask = mem_new(1, sizeof *ask);

    ask->owned = mem_new(1, sizeof(struct owned));
    hash_sha256(body, ask->digest);
    TRY(json_read(body, &ask->json, why));
    TRY(read_members(ask, why));
    *out = ask;
    ask = NULL;
    return ERR_OK;
}
