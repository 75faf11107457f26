/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c - see evidence.h. */
#include "clients/evidence.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "common/json.h"
#include "common/mem.h"

enum { CERTIFICATE_MAX = 8192, EVENT_LOG_MAX = 160 * 1024, PCRSIG_MAX = 16 * 1024 };

void
json_set_bytes(json_t *obj, const char *name, struct slice bytes)
{
    char *text AUTO(mem_free_text) = mem_new(b64url_len(bytes.len) + 1, 1);

    b64url_encode(bytes, text);
    (void)json_object_set_new(obj, name, json_string(text));
}

json_t *
pcr_values_json(const struct pcr_values *v)
{
    json_t *obj = json_object();

    for (size_t i = 0; i < v->n; i++) {
        char name[16];
        char hex[2 * HASH_MAX + 1];

        (void)snprintf(name, sizeof name, "%s:%u", hash_name(v->pcr[i].bank), v->pcr[i].index);
        hex_encode((struct slice){v->pcr[i].digest, hash_len(v->pcr[i].bank)}, hex);
        (void)json_object_set_new(obj, name, json_string(hex));
    }
    return obj;
}

static enum err
add_certificate(const char *path, json_t *obj, struct fault *f)
{
    uint8_t *certificate AUTO(mem_free_bytes) = NULL;
    size_t len = 0;

    if (path == NULL) {
        return ERR_OK;
    }
    TRY(file_read(path, CERTIFICATE_MAX, &certificate, &len, &f->why));
    json_set_bytes(obj, "ak_certificate", (struct slice){certificate, len});
    return ERR_OK;
}

/* What only some policies ask for: a file that was named must serve; the usual one goes along if it can be read. */
static enum err
add_file(const char *path, const char *usual, size_t max, const char *name, json_t *obj,
         struct fault *f)
{
    uint8_t *bytes AUTO(mem_free_bytes) = NULL;
    struct why why = {0};
    size_t len = 0;

    if (path != NULL && strcmp(path, "off") == 0) {
        return ERR_OK;
    }

    enum err e = file_read(path != NULL ? path : usual, max, &bytes, &len, &why);

    if (e != ERR_OK) {
        f->why = path != NULL ? why : f->why;
        return path != NULL ? e : ERR_OK;
    }
    if (len > 0) {
        json_set_bytes(obj, name, (struct slice){bytes, len});
    }
    return ERR_OK;
}

/* What firmware and loaders measured, and who signed what they lead to. */
static enum err
add_boot(const struct evidence_want *want, json_t *obj, struct fault *f)
{
    TRY(add_file(want->event_log, EVIDENCE_EVENT_LOG, EVENT_LOG_MAX, "event_log", obj, f));
    return add_file(want->pcrsig, EVIDENCE_PCRSIG, PCRSIG_MAX, "pcrsig", obj, f);
}

static enum err
add_ek(struct device *d, const char *handle, json_t *obj, struct fault *f)
{
    uint8_t ek[TPM_PUBLIC_MAX];
    size_t len = 0;

    if (handle == NULL) {
        return ERR_OK;
    }
    TRY(handle_public(d, handle, ek, &len, f));
    json_set_bytes(obj, "ek", (struct slice){ek, len});
    return ERR_OK;
}

enum err
evidence_quote(const struct ak *ak, const char *pcrs, const uint8_t binding[SHA256_LEN],
               json_t *obj, struct fault *f)
{
    struct quote_pair pair = {0};
    struct pcr_choice which = {0};

    TRY(pcr_choice_parse(pcrs, &which, f));
    TRY(quote_take(ak, &which, (struct slice){binding, SHA256_LEN}, &pair, f));
    json_set_bytes(obj, "quote", (struct slice){pair.attest, pair.attest_len});
    json_set_bytes(obj, "signature", (struct slice){pair.signature, pair.signature_len});
    (void)json_object_set_new(obj, "pcrs", pcr_values_json(&pair.values));
    return ERR_OK;
}

/* AK, quote and PCR values, from one TPM. */
static enum err
quote_with(struct device *d, const struct evidence_want *want, const uint8_t binding[SHA256_LEN],
           json_t *obj, uint8_t *ak_name_sha256, struct fault *f)
{
    struct ak ak AUTO(ak_done) = {0};

    TRY(ak_open(d, want->ak, &ak, f));
    TRY(evidence_quote(&ak, want->pcrs, binding, obj, f));
    json_set_bytes(obj, "ak", (struct slice){ak.area, ak.area_len});
    if (ak_name_sha256 != NULL) {
        hash_sha256((struct slice){ak.name, ak.name_len}, ak_name_sha256);
    }
    return ERR_OK;
}

enum err
evidence_collect(const struct evidence_want *want, const uint8_t binding[SHA256_LEN], json_t **out,
                 uint8_t *ak_name_sha256, struct fault *f)
{
    struct device d AUTO(device_close) = {0};
    json_t *obj AUTO(json_free) = json_pack("{s:s}", "type", "tpm2");

    TRY(device_open(want->tcti, &d, f));
    TRY(quote_with(&d, want, binding, obj, ak_name_sha256, f));
    TRY(add_certificate(want->ak_certificate, obj, f));
    TRY(add_ek(&d, want->ek, obj, f));
    TRY(add_boot(want, obj, f));
    *out = obj;
    obj = NULL;
    return ERR_OK;
}
