/* SPDX-License-Identifier: Apache-2.0 */
/* document.c - see document.h.  What is parsed is exactly what is signed: both are the slice that tdx_document_open() returns. */
#include "attest/tdx/document.h"

#include <string.h>

#include "attest/base/json_gate.h"
#include "attest/base/json_view.h"
#include "attest/base/text.h"

enum { SIGNATURE_LEN = 64, CHAIN_LEN = 2, SIGNER = 0, ROOT = 1 };

static enum err
missing(const char *name, const char *want, struct why *why)
{
    return why_add(why, ERR_MALFORMED, "member \"%s\" is missing or is not %s", name, want);
}

enum err
tdx_json_text(struct slice object, const char *name, struct slice *out, struct why *why)
{
    struct slice value = {0};

    if (!json_view_member(object, name, &value) || !json_view_text(value, out)) {
        return missing(name, "text", why);
    }
    return ERR_OK;
}

enum err
tdx_json_time(struct slice object, const char *name, int64_t *unix_s, struct why *why)
{
    struct slice text = {0};
    struct why inner = {0};

    TRY(tdx_json_text(object, name, &text, why));
    return rfc3339_parse(text, unix_s, &inner) == ERR_OK
               ? ERR_OK
               : missing(name, "a time YYYY-MM-DDThh:mm:ssZ", why);
}

enum err
tdx_json_number(struct slice object, const char *name, uint64_t max, uint64_t *out, struct why *why)
{
    struct slice value = {0};

    if (!json_view_member(object, name, &value) || !json_view_u64(value, max, out)) {
        return why_add(why, ERR_MALFORMED,
                       "member \"%s\" is missing or is not a number of 0 to %llu", name,
                       (unsigned long long)max);
    }
    return ERR_OK;
}

enum err
tdx_json_hex(struct slice object, const char *name, uint8_t *dst, size_t len, struct why *why)
{
    struct slice text = {0};
    struct why inner = {0};
    size_t got = 0;

    TRY(tdx_json_text(object, name, &text, why));
    if (hex_decode(text, dst, len, &got, &inner) != ERR_OK || got != len) {
        return why_add(why, ERR_MALFORMED, "member \"%s\" is not hex of %zu bytes", name, len);
    }
    return ERR_OK;
}

enum err
tdx_json_array(struct slice object, const char *name, struct slice *rest, struct why *why)
{
    struct slice value = {0};

    if (!json_view_member(object, name, &value) || !json_view_array(value, rest)) {
        return missing(name, "an array", why);
    }
    return ERR_OK;
}

enum err
tdx_document_open(struct slice body, const char *name, struct slice *object,
                  uint8_t signature[SIGNATURE_LEN], struct why *why)
{
    struct slice whole = {0};

    if (body.len > TDX_COLLATERAL_JSON_MAX) {
        return why_add(why, ERR_MALFORMED, "%zu bytes, at most %d", body.len,
                       TDX_COLLATERAL_JSON_MAX);
    }
    TRY(json_gate_object(body, name, why));
    whole = json_view_whole(body);
    if (json_view_count(whole) != 2 || !json_view_member(whole, name, object) ||
        !json_view_is_object(*object)) {
        return why_add(why, ERR_MALFORMED, "want \"%s\" and \"signature\", and nothing else", name);
    }
    return tdx_json_hex(whole, "signature", signature, SIGNATURE_LEN, why);
}

static enum err
judge_chain(struct slice pem, const struct tdx_anchor *anchor, struct tdx_chain *chain,
            struct why *why)
{
    uint8_t spki[SHA256_LEN];

    TRY(tdx_chain_decode(pem, CHAIN_LEN, chain, why));
    if (!slice_same(chain->cert[SIGNER].cn, slice_text("Intel SGX TCB Signing"))) {
        return why_add(why, ERR_DENIED, "the signer is \"%s\", want \"Intel SGX TCB Signing\"",
                       text_show(chain->cert[SIGNER].cn).text);
    }
    if (chain->cert[SIGNER].is_ca) {
        return why_add(why, ERR_DENIED, "the signer is a CA");
    }
    tdx_cert_spki(&chain->cert[ROOT], spki);
    if (!anchor->present || memcmp(spki, anchor->spki_sha256, sizeof spki) != 0) {
        return why_add(why, ERR_DENIED, "the root's key is not the trusted one");
    }
    return ERR_OK;
}

static void
note_signer(const struct tdx_chain *chain, struct tdx_document_facts *f)
{
    const struct x509_leaf *signer = &chain->cert[SIGNER].x;
    const struct x509_leaf *root = &chain->cert[ROOT].x;
    struct slice serial = signer->serial;

    while (serial.len > 1 && serial.ptr[0] == 0) {
        serial = (struct slice){serial.ptr + 1, serial.len - 1};
    }
    f->signer_serial_len = serial.len <= sizeof f->signer_serial ? serial.len : 0;
    memcpy(f->signer_serial, serial.ptr, f->signer_serial_len);
    f->not_before = signer->not_before > root->not_before ? signer->not_before : root->not_before;
    f->not_after = signer->not_after < root->not_after ? signer->not_after : root->not_after;
}

void
tdx_document_judge(struct slice object, const uint8_t signature[SIGNATURE_LEN],
                   struct slice chain_pem, const struct tdx_anchor *anchor,
                   struct tdx_document_facts *f)
{
    AUTO(tdx_chain_done) struct tdx_chain chain = {0};
    struct why why = {0};
    enum err e = judge_chain(chain_pem, anchor, &chain, &why);

    f->chain = part_note(e, &why);
    if (chain.n != CHAIN_LEN) {
        return;
    }
    note_signer(&chain, f);
    if (f->signer_serial_len == 0) { /* could not be looked up in a CRL */
        why = (struct why){0};
        e = why_add(&why, ERR_MALFORMED, "the signer's serial number has more than 20 bytes");
        f->chain = part_note(e, &why);
    }
    f->signature_ok = sig_verify(&chain.cert[SIGNER].key, SCHEME_ECDSA, HASH_SHA256, object,
                                 (struct slice){signature, SIGNATURE_LEN}, &why) == ERR_OK;
}

/* That a relaunch is advised comes out of two evaluations; no document may state it. */
static enum tdx_status
stated(struct slice name)
{
    enum tdx_status s = tdx_status_by_name(name);

    return s == TDX_RELAUNCH_ADVISED || s == TDX_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
               ? TDX_STATUS_UNKNOWN
               : s;
}

enum err
tdx_level_common(struct slice object, struct tdx_level *out, struct why *why)
{
    struct slice value = {0};
    struct slice rest = {0};

    TRY(tdx_json_time(object, "tcbDate", &out->date, why));
    TRY(tdx_json_text(object, "tcbStatus", &out->status_text, why));
    out->status = stated(out->status_text);
    if (!json_view_member(object, "advisoryIDs", &value)) {
        return ERR_OK;
    }
    out->advisories = value;
    return json_view_array(value, &rest) ? ERR_OK : missing("advisoryIDs", "an array", why);
}

/* Put the last of `n` levels where it belongs, descending. */
static void
sort_in(struct tdx_level *level, size_t n)
{
    struct tdx_level last = level[n - 1];
    size_t at = n - 1;

    for (; at > 0 && level[at - 1].isvsvn < last.isvsvn; at--) {
        level[at] = level[at - 1];
    }
    level[at] = last;
}

static enum err
level_isvsvn(struct slice object, struct tdx_level *out, struct why *why)
{
    struct slice tcb = {0};
    uint64_t svn = 0;

    *out = (struct tdx_level){0};
    if (!json_view_member(object, "tcb", &tcb)) {
        return missing("tcb", "an object", why);
    }
    TRY(tdx_json_number(tcb, "isvsvn", UINT16_MAX, &svn, why));
    out->isvsvn = (uint16_t)svn;
    return tdx_level_common(object, out, why);
}

enum err
tdx_levels_isvsvn(struct slice object, struct tdx_level *out, size_t cap, size_t *n,
                  struct why *why)
{
    struct slice rest = {0};
    struct slice element = {0};
    enum err e = ERR_OK;

    *n = 0;
    TRY(tdx_json_array(object, "tcbLevels", &rest, why));
    while (e == ERR_OK && json_view_next(&rest, &element)) {
        if (*n == cap) {
            return why_add(why, ERR_MALFORMED, "more than %zu levels", cap);
        }
        e = level_isvsvn(element, &out[(*n)++], why);
        sort_in(out, *n);
    }
    return e != ERR_OK || *n > 0 ? e : why_add(why, ERR_MALFORMED, "no levels");
}
