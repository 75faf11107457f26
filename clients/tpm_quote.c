/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_quote.c - see tpm_quote.h. */
#include "clients/tpm_quote.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#include "attest/base/wr.h"
#include "attest/tpm/quote.h"
#include "attest/tpm/signature.h"

enum { SELECT_BYTES = 3, READS_MAX = TPM_PCR_VALUES_MAX };

enum err
pcr_choice_parse(const char *text, struct pcr_choice *out, struct fault *f)
{
    if (tpm_select_parse(slice_text(text), out->select, TPM_BANKS_MAX, &out->n, &f->why) !=
        ERR_OK) {
        return fault_add(f, ERR_MALFORMED, "pcrs", "--pcrs %s", text);
    }
    return ERR_OK;
}

static TPML_PCR_SELECTION
to_tss(const struct tpm_selection *select, size_t n)
{
    TPML_PCR_SELECTION out = {.count = (UINT32)n};

    for (size_t i = 0; i < n; i++) {
        TPMS_PCR_SELECTION *s = &out.pcrSelections[i];

        s->hash = select[i].bank;
        s->sizeofSelect = SELECT_BYTES;
        for (unsigned b = 0; b < SELECT_BYTES; b++) {
            s->pcrSelect[b] = (BYTE)(select[i].mask >> (8 * b));
        }
    }
    return out;
}

/* The next value of an answer, which is that of `pcr` in a bank. */
static enum err
take_value(const TPML_DIGEST *digests, size_t next, struct tpm_selection *left, unsigned pcr,
           struct pcr_values *out)
{
    struct tpm_pcr *p = &out->pcr[out->n];

    if (next >= digests->count || out->n >= TPM_PCR_VALUES_MAX ||
        digests->digests[next].size != hash_len(left->bank) || digests->digests[next].size == 0) {
        return ERR_UNABLE;
    }
    *p = (struct tpm_pcr){.bank = left->bank, .index = (uint8_t)pcr};
    memcpy(p->digest, digests->digests[next].buffer, digests->digests[next].size);
    left->mask &= ~(UINT32_C(1) << pcr);
    out->n++;
    return ERR_OK;
}

static bool
is_named(const TPMS_PCR_SELECTION *s, unsigned pcr)
{
    return (s->pcrSelect[pcr / 8] >> (pcr % 8) & 1) != 0;
}

/* Take one answer of TPM2_PCR_Read apart: its values are those of the bits that it names, in order.
 * The bits are cleared in `left`. */
static enum err
take_values(const TPML_PCR_SELECTION *got, const TPML_DIGEST *digests, struct tpm_selection *left,
            struct pcr_values *out, struct fault *f)
{
    size_t next = 0;
    enum err err = ERR_OK;

    for (unsigned i = 0; i < got->count * TPM_PCRS && i < TPM_BANKS_MAX * TPM_PCRS; i++) {
        const unsigned bank = i / TPM_PCRS;

        if (err == ERR_OK && is_named(&got->pcrSelections[bank], i % TPM_PCRS)) {
            err = take_value(digests, next, &left[bank], i % TPM_PCRS, out);
            next++;
        }
    }
    if (err != ERR_OK) {
        return fault_add(f, err, "tpm", "the TPM's PCR answer does not add up");
    }
    if (next == 0) {
        return fault_add(f, ERR_UNABLE, "tpm_bank", "the TPM does not have the PCRs asked for");
    }
    return ERR_OK;
}

static bool
all_read(const struct tpm_selection *left, size_t n)
{
    uint32_t any = 0;

    for (size_t i = 0; i < n; i++) {
        any |= left[i].mask;
    }
    return any == 0;
}

/* The TPM answers with as many values as fit, eight as a rule. */
static enum err
read_some(struct device *d, struct tpm_selection *left, size_t n, struct pcr_values *out,
          struct fault *f)
{
    TPML_PCR_SELECTION ask = to_tss(left, n);
    TPML_PCR_SELECTION *got AUTO(tss_free) = NULL;
    TPML_DIGEST *digests AUTO(tss_free) = NULL;
    UINT32 counter = 0;

    TRY(device_check(Esys_PCR_Read(d->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &ask,
                                   &counter, &got, &digests),
                     "reading PCRs", f));
    if (got->count != n) {
        return fault_add(f, ERR_UNABLE, "tpm_bank", "the TPM knows %u of the %zu banks", got->count,
                         n);
    }
    return take_values(got, digests, left, out, f);
}

static void
append(const struct pcr_values *in, uint16_t bank, unsigned index, struct pcr_values *out)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->pcr[i].bank == bank && in->pcr[i].index == index) {
            out->pcr[out->n++] = in->pcr[i];
        }
    }
}

/* Answers interleave banks; put the values into the order that pcrDigest is made in. */
static void
put_in_order(const struct pcr_choice *which, const struct pcr_values *in, struct pcr_values *out)
{
    out->n = 0;
    for (size_t b = 0; b < which->n; b++) {
        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++) {
            append(in, which->select[b].bank, pcr, out);
        }
    }
}

enum err
pcrs_read(struct device *d, const struct pcr_choice *which, struct pcr_values *out, struct fault *f)
{
    struct tpm_selection left[TPM_BANKS_MAX];
    struct pcr_values any = {.n = 0};
    enum err err = ERR_OK;

    memcpy(left, which->select, sizeof left);
    for (unsigned i = 0; i < READS_MAX && err == ERR_OK && !all_read(left, which->n); i++) {
        err = read_some(d, left, which->n, &any, f);
    }
    put_in_order(which, &any, out);
    return err;
}

static enum err
quote_once(const struct ak *ak, const TPML_PCR_SELECTION *select, struct slice extra,
           struct quote_pair *out, struct fault *f)
{
    const TPMT_SIG_SCHEME own = {.scheme = TPM2_ALG_NULL}; /* the key's scheme */
    TPM2B_DATA data = {.size = (UINT16)extra.len};
    TPM2B_ATTEST *attest AUTO(tss_free) = NULL;
    TPMT_SIGNATURE *sig AUTO(tss_free) = NULL;

    memcpy(data.buffer, extra.ptr, extra.len);
    TRY(device_check(Esys_Quote(ak->key.device->esys, ak->key.handle, ESYS_TR_PASSWORD,
                                ESYS_TR_NONE, ESYS_TR_NONE, &data, &own, select, &attest, &sig),
                     "quoting", f));
    if (attest->size > sizeof out->attest) {
        return fault_add(f, ERR_LIMIT, "tpm", "quote of %u bytes", attest->size);
    }
    memcpy(out->attest, attest->attestationData, attest->size);
    out->attest_len = attest->size;
    out->signature_len = 0;
    return device_check(Tss2_MU_TPMT_SIGNATURE_Marshal(sig, out->signature, sizeof out->signature,
                                                       &out->signature_len),
                        "writing a signature", f);
}

/* Did the TPM quote what was asked?  A bank that is not allocated comes back without bits. */
static bool
selection_same(const struct tpm_quote *q, const struct pcr_choice *which)
{
    for (size_t i = 0; i < which->n; i++) {
        if (q->select[i].bank != which->select[i].bank ||
            q->select[i].mask != which->select[i].mask) {
            return false;
        }
    }
    return true;
}

enum err
quote_check(const struct quote_pair *pair, const struct pcr_choice *which, bool *same,
            struct fault *f)
{
    uint8_t joined[TPM_PCR_VALUES_MAX * HASH_MAX];
    uint8_t digest[HASH_MAX];
    struct wr w = wr_init(joined, sizeof joined, "pcrs");
    struct tpm_quote q = {0};
    struct tpm_signature sig = {0};
    struct slice all;

    TRY(tpm_quote_decode((struct slice){pair->attest, pair->attest_len}, &q, &f->why));
    TRY(tpm_signature_decode((struct slice){pair->signature, pair->signature_len}, 0, &sig,
                             &f->why));
    if (!selection_same(&q, which)) {
        return fault_add(f, ERR_UNABLE, "tpm_bank", "the TPM quoted other PCRs than asked");
    }
    for (size_t i = 0; i < pair->values.n; i++) {
        const struct tpm_pcr *p = &pair->values.pcr[i];

        wr_bytes(&w, (struct slice){p->digest, hash_len(p->bank)});
    }
    all = wr_done(&w);
    TRY(hash_parts(sig.hash, &all, 1, digest, &f->why));
    *same = slice_same(q.pcr_digest, (struct slice){digest, hash_len(sig.hash)});
    return ERR_OK;
}

/* Read and quote once; *same: the two belong together. */
static enum err
take_pair(const struct ak *ak, const struct pcr_choice *which, struct slice extra,
          struct quote_pair *out, bool *same, struct fault *f)
{
    const TPML_PCR_SELECTION select = to_tss(which->select, which->n);

    TRY(pcrs_read(ak->key.device, which, &out->values, f));
    TRY(quote_once(ak, &select, extra, out, f));
    return quote_check(out, which, same, f);
}

enum err
quote_take(const struct ak *ak, const struct pcr_choice *which, struct slice extra,
           struct quote_pair *out, struct fault *f)
{
    bool same = false;
    enum err err = ERR_OK;

    if (extra.len > SHA256_LEN) {
        return fault_add(f, ERR_BUG, "tpm", "extraData of %zu bytes", extra.len);
    }
    for (unsigned i = 0; i < QUOTE_TRIES && err == ERR_OK && !same; i++) {
        err = take_pair(ak, which, extra, out, &same, f);
    }
    if (err == ERR_OK && !same) {
        return fault_add(f, ERR_UNABLE, "tpm", "PCRs keep changing while they are quoted");
    }
    return err;
}
