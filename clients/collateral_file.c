/* SPDX-License-Identifier: Apache-2.0 */
/* collateral_file.c - see collateral_file.h. */
#include "clients/collateral_file.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "attest/base/text.h"
#include "attest/x509/x509.h"
#include "common/crl_text.h"
#include "common/issuer_chain.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/sys.h"

enum { FILE_MAX = 700 * 1024, SIDE_MAX = 256 * 1024, PATH_BYTES = 4096 };

static const char CHAIN_ENDING[] = "_issuer_chain.pem";
static const char REPLY_ENDING[] = ".http.json";

void
collateral_file_done(struct collateral_file *f)
{
    mem_free(f->bytes);
    mem_free(f->chain);
    *f = (struct collateral_file){0};
}

static bool
holds(struct slice text, const char *word)
{
    return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static bool
begins(struct slice text, const char *word)
{
    return text.len >= strlen(word) && memcmp(text.ptr, word, strlen(word)) == 0;
}

static bool
ends(const char *text, const char *ending)
{
    size_t len = strlen(text);

    return len >= strlen(ending) && strcmp(text + len - strlen(ending), ending) == 0;
}

bool
collateral_file_is_companion(const char *name)
{
    return ends(name, CHAIN_ENDING) || ends(name, REPLY_ENDING);
}

/* Whose CRL, by the issuer that it names. */
static const char *
crl_kind(struct slice der)
{
    struct x509_crl crl;
    struct why none = {0};

    if (x509_crl_decode(der, &crl, &none) != ERR_OK) {
        return NULL;
    }
    return holds(crl.issuer, "Intel SGX Root CA") ? "root_crl"
           : holds(crl.issuer, "Intel SGX PCK")   ? "pck_crl"
                                                  : "crl";
}

static const char *
kind_of_crl_text(struct slice file)
{
    AUTO(mem_free_bytes) uint8_t *der = NULL;
    struct why none = {0};
    size_t len = 0;

    return crl_der(file, &der, &len, &none) == ERR_OK ? crl_kind((struct slice){der, len}) : NULL;
}

static bool
is_certificate(struct slice file)
{
    struct x509_leaf leaf;
    struct why none = {0};

    return holds(file, "-----BEGIN CERTIFICATE-----") ||
           x509_leaf_decode(file, &leaf, &none) == ERR_OK;
}

static const char *
kind_of(struct slice file)
{
    const char *crl = NULL;

    if (begins(file, "{\"tcbInfo\":")) {
        return "tcb_info";
    }
    if (begins(file, "{\"enclaveIdentity\":")) {
        return "qe_identity";
    }
    crl = kind_of_crl_text(file);
    return crl != NULL ? crl : is_certificate(file) ? "vek" : NULL;
}

/* The path without its ending, and another in its place. */
static bool
beside(const char *path, const char *ending, char dst[PATH_BYTES])
{
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name != NULL ? name : path, '.');
    size_t stem = dot != NULL ? (size_t)(dot - path) : strlen(path);
    int n = snprintf(dst, PATH_BYTES, "%.*s%s", (int)(stem < PATH_BYTES ? stem : PATH_BYTES), path,
                     ending);

    return n > 0 && n < PATH_BYTES;
}

/* A header's value in a recorded reply: a text, or a list of one. */
static const char *
header_value(json_t *headers, const char *name)
{
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach(headers, key, value)
    {
        if (strcasecmp(key, name) == 0) {
            const json_t *one = json_is_array(value) ? json_array_get(value, 0) : value;

            return json_array_size(value) > 1 ? NULL : json_string_value(one);
        }
    }
    return NULL;
}

static enum err
chain_of_reply(struct slice text, const char *kind, struct collateral_file *out, struct why *why)
{
    AUTO(json_free) json_t *reply = NULL;
    const char *name = issuer_chain_header(kind);
    const char *value = NULL;

    TRY(json_read(text, &reply, why));
    value = name != NULL ? header_value(json_object_get(reply, "headers"), name) : NULL;
    return value != NULL ? issuer_chain_pem(slice_text(value), &out->chain, &out->chain_len, why)
                         : ERR_OK;
}

/* A file that is not there leaves *bytes NULL. */
static enum err
read_side(const char *path, const char *ending, uint8_t **bytes, size_t *len, struct why *why)
{
    char side[PATH_BYTES];
    struct why inner = {0};

    if (!beside(path, ending, side)) {
        return ERR_OK;
    }
    enum err e = file_read(side, SIDE_MAX, bytes, len, &inner);

    return e == ERR_OK || e == ERR_NOT_FOUND ? ERR_OK : why_add(why, e, "%s", why_text(&inner));
}

static enum err
read_chain(const char *path, struct collateral_file *out, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *reply = NULL;
    size_t len = 0;

    TRY(read_side(path, CHAIN_ENDING, &out->chain, &out->chain_len, why));
    if (out->chain != NULL) {
        return ERR_OK;
    }
    TRY(read_side(path, REPLY_ENDING, &reply, &len, why));
    return reply == NULL ? ERR_OK : chain_of_reply((struct slice){reply, len}, out->kind, out, why);
}

enum err
collateral_file_read(const char *path, struct collateral_file *out, struct why *why)
{
    TRY(file_read(path, FILE_MAX, &out->bytes, &out->len, why));
    out->kind = kind_of((struct slice){out->bytes, out->len});
    if (out->kind == NULL) {
        return why_add(why, ERR_MALFORMED,
                       "neither a certificate nor a revocation list nor a document of Intel");
    }
    return issuer_chain_header(out->kind) == NULL ? ERR_OK : read_chain(path, out, why);
}

static void
set_bytes(json_t *o, const char *name, const uint8_t *bytes, size_t len)
{
    AUTO(mem_free_text) char *coded = mem_new(b64url_len(len) + 1, 1);

    b64url_encode((struct slice){bytes, len}, coded);
    (void)json_object_set_new(o, name, json_string(coded));
}

json_t *
collateral_file_json(const struct collateral_file *f, const char *track)
{
    bool document = f->bytes[0] == '{';
    json_t *o = json_pack("{s:s}", "kind", f->kind);

    set_bytes(o,
              document                      ? "document"
              : strcmp(f->kind, "vek") == 0 ? "certificate"
                                            : "crl",
              f->bytes, f->len);
    if (f->chain != NULL) {
        set_bytes(o, "issuer_chain", f->chain, f->chain_len);
    }
    if (document && track != NULL) {
        (void)json_object_set_new(o, "track", json_string(track));
    }
    return o;
}
