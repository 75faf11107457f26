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
tdx_json_text(struct slice value, const char *name, struct slice *out, struct why *why)
{
    if (!json_view_text(value, out)) {
        return missing(name, "text", why);
    }
    return ERR_OK;
}

enum err
tdx_json_time(struct slice value, const char *name, int64_t *unix_s, struct why *why)
{
    struct slice text = {0};
    struct why inner = {0};

    TRY(tdx_json_text(value, name, &text, why));
    return rfc3339_parse(text, unix_s, &inner) == ERR_OK
               ? ERR_OK
               : missing(name, "a time YYYY-MM-DDThh:mm:ssZ", why);
}

enum err
tdx_json_number(struct slice value, const char *name, uint64_t max, uint64_t *out, struct why *why)
{
    if (!json_view_u64(value, max, out)) {
        return why_add(why, ERR_MALFORMED,
                       "member \"%s\" is missing or is not a number of 0 to %llu", name,
                       (unsigned long long)max);
    }
    return ERR_OK;
}

enum err
tdx_json_hex(struct slice value, const char *name, uint8_t *dst, size_t len, struct why *why)
{
    struct slice text = {0};
    struct why inner = {0};
    size_t got = 0;

    TRY(tdx_json_text(value, name, &text, why));
    if (hex_decode(text, dst, len, &got, &inner) != ERR_OK || got != len) {
        return why_add(why, ERR_MALFORMED, "member \"%s\" is not hex of %zu bytes", name, len);
    }
    return ERR_OK;
}

enum err
tdx_json_array(struct slice value, const char *name, struct slice *rest, struct why *why)
{
    if (!json_view_array(value, rest)) {
        return missing(name, "an array", why);
    }
    return ERR_OK;
}

enum err
tdx_document_open(struct slice body, const char *name, struct slice *object,
                  uint8_t signature[SIGNATURE_LEN], struct why *why)
{
    const char *const names[] = {name, "signature"};
    struct slice value[2];

    if (body.len > TDX_COLLATERAL_JSON_MAX) {
        return why_add(why, ERR_MALFORMED, "%zu bytes, at most %d", body.len,
                       TDX_COLLATERAL_JSON_MAX);
    }
    TRY(json_gate_object(body, name, why));
    if (json_view_find(json_view_whole(body), names, 2, value) != 2 ||
        !json_view_is_object(value[0])) {
        return why_add(why, ERR_MALFORMED, "want \"%s\" and \"signature\", and nothing else", name);
    }
    *object = value[0];
    return tdx_json_hex(value[1], "signature", signature, SIGNATURE_LEN, why);
}

static enum err
check_signer(const struct tdx_chain *chain, const struct tdx_anchor *anchor, struct why *why)
{
    uint8_t serial[TDX_SERIAL_MAX];
    uint8_t spki[SHA256_LEN];

    if (!slice_same(chain->cert[SIGNER].cn, slice_text("Intel SGX TCB Signing"))) {
        return why_add(why, ERR_DENIED, "the signer is \"%s\", want \"Intel SGX TCB Signing\"",
                       text_show(chain->cert[SIGNER].cn).text);
    }
    if (chain->cert[SIGNER].is_ca) {
        return why_add(why, ERR_DENIED, "the signer is a CA");
    }
    if (tdx_serial(chain->cert[SIGNER].x.serial, serial) == 0) { /* no CRL could name it */
        return why_add(why, ERR_MALFORMED, "the signer's serial number has more than 20 bytes");
    }
    tdx_cert_spki(&chain->cert[ROOT], spki);
    if (!anchor->present || memcmp(spki, anchor->spki_sha256, sizeof spki) != 0) {
        return why_add(why, ERR_DENIED, "the root's key is not the trusted one");
    }
    return ERR_OK;
}

void
tdx_signer_done(struct tdx_signer *s)
{
    tdx_chain_done(&s->chain);
}

void
tdx_signer_open(struct slice pem, const struct tdx_lean *lean, struct tdx_signer *out)
{
    struct why why = {0};
    enum err e = tdx_chain_decode(pem, CHAIN_LEN, lean, &out->chain, &why);

    if (e == ERR_OK) {
        e = check_signer(&out->chain, lean->anchor, &why);
    }
    out->part = part_note(e, &why);
}

static void
note_signer(const struct tdx_chain *chain, struct tdx_document_facts *f)
{
    const struct x509_leaf *signer = &chain->cert[SIGNER].x;
    const struct x509_leaf *root = &chain->cert[ROOT].x;

    f->signer_serial_len = tdx_serial(signer->serial, f->signer_serial);
    f->not_before = signer->not_before > root->not_before ? signer->not_before : root->not_before;
    f->not_after = signer->not_after < root->not_after ? signer->not_after : root->not_after;
}

void
tdx_document_judge(struct slice object, const uint8_t signature[SIGNATURE_LEN],
                   const struct tdx_signer *signer, struct tdx_document_facts *f)
{
    struct why why = {0};

    f->chain = signer->part;
    if (!part_ok(&signer->part)) {
        return;
    }
    note_signer(&signer->chain, f);
    f->signature_ok = sig_verify(&signer->chain.cert[SIGNER].key, SCHEME_ECDSA, HASH_SHA256, object,
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

void
tdx_level_members(struct slice object, struct slice member[TDX_LEVEL_MEMBERS])
{
    static const char *const NAMES[TDX_LEVEL_MEMBERS] = {
        [TDX_LEVEL_TCB] = "tcb",
        [TDX_LEVEL_DATE] = "tcbDate",
        [TDX_LEVEL_STATUS] = "tcbStatus",
        [TDX_LEVEL_ADVISORIES] = "advisoryIDs",
    };

    (void)json_view_find(object, NAMES, TDX_LEVEL_MEMBERS, member);
}

enum err
tdx_level_common(const struct slice member[TDX_LEVEL_MEMBERS], struct tdx_level *out,
                 struct why *why)
{
    struct slice rest = {0};

    TRY(tdx_json_time(member[TDX_LEVEL_DATE], "tcbDate", &out->date, why));
    TRY(tdx_json_text(member[TDX_LEVEL_STATUS], "tcbStatus", &out->status_text, why));
    out->status = stated(out->status_text);
    out->advisories = member[TDX_LEVEL_ADVISORIES];
    return out->advisories.len == 0 || json_view_array(out->advisories, &rest)
               ? ERR_OK
               : missing("advisoryIDs", "an array", why);
}

/* Put the last of `n` levels where it belongs, descending.  Two of one SVN would say two things of it. */
static enum err
sort_in(struct tdx_level *level, size_t n, struct why *why)
{
    struct tdx_level last = level[n - 1];
    size_t at = n - 1;

    for (; at > 0 && level[at - 1].isvsvn < last.isvsvn; at--) {
        level[at] = level[at - 1];
    }
    level[at] = last;
    return at > 0 && level[at - 1].isvsvn == last.isvsvn
               ? why_add(why, ERR_MALFORMED, "two levels of isvsvn %u", last.isvsvn)
               : ERR_OK;
}

static enum err
level_isvsvn(struct slice object, struct tdx_level *out, struct why *why)
{
    struct slice member[TDX_LEVEL_MEMBERS];
    struct slice value = {0};
    uint64_t svn = 0;

    *out = (struct tdx_level){0};
    tdx_level_members(object, member);
    (void)json_view_member(member[TDX_LEVEL_TCB], "isvsvn", &value);
    TRY(tdx_json_number(value, "isvsvn", UINT16_MAX, &svn, why));
    out->isvsvn = (uint16_t)svn;
    return tdx_level_common(member, out, why);
}

enum err
tdx_levels_isvsvn(struct slice levels, struct tdx_level *out, size_t cap, size_t *n,
                  struct why *why)
{
    struct slice rest = {0};
    struct slice element = {0};
    enum err e = ERR_OK;

    *n = 0;
    TRY(tdx_json_array(levels, "tcbLevels", &rest, why));
    while (e == ERR_OK && json_view_next(&rest, &element)) {
        if (*n == cap) {
            return why_add(why, ERR_MALFORMED, "more than %zu levels", cap);
        }
        e = level_isvsvn(element, &out[(*n)++], why);
        e = e == ERR_OK ? sort_in(out, *n, why) : e;
    }
    return e != ERR_OK || *n > 0 ? e : why_add(why, ERR_MALFORMED, "no levels");
}
