/* SPDX-License-Identifier: Apache-2.0 */
/* roots_intel.c - see roots_intel.h.  Refuses a root whose key is not on P-256, the only curve of Intel's PCK hierarchy
 * (Intel SGX PCK Certificate and CRL Profile, 1.3). */
#include "common/roots_intel.h"

#include "attest/base/text.h"
#include "attest/x509/pem.h"
#include "certs/intel.h"
#include "common/roots_file.h"

enum { FIELD_LEN = 32 };

void
roots_intel_done(struct tdx_anchor *a)
{
    sig_key_done(&a->key);
    *a = (struct tdx_anchor){0};
}

/* Everything else of the anchor follows from its key. */
static enum err
fill(struct roots_intel *own, struct tdx_anchor *out, struct why *why)
{
    struct wr w = wr_init(own->spki, sizeof own->spki, "root key");

    TRY(sig_key_write(&out->key, &w, why));
    TRY(sig_key_digest(&out->key, out->spki_sha256, why));
    TRY(wr_end(&w, why));
    out->spki = wr_done(&w);
    out->present = true;
    return ERR_OK;
}

enum err
roots_intel_builtin(struct roots_intel *own, struct tdx_anchor *out, struct why *why)
{
    const struct intel_root *fact = intel_root();
    uint8_t x[FIELD_LEN];
    uint8_t y[FIELD_LEN];
    size_t x_len = 0;
    size_t y_len = 0;

    TRY(hex_decode(slice_text(fact->x), x, sizeof x, &x_len, why));
    TRY(hex_decode(slice_text(fact->y), y, sizeof y, &y_len, why));
    TRY(sig_key_ec(CURVE_P256, (struct slice){x, x_len}, (struct slice){y, y_len}, &out->key, why));
    return fill(own, out, why);
}

static enum err
key_of(struct slice pem, struct sig_key *key, struct why *why)
{
    AUTO(x509_pem_done) struct x509_pem cert = {0};
    AUTO(x509_cert_done) struct x509_cert c = {0};

    TRY(x509_pem_open(pem, X509_PEM_CERTIFICATE, ROOTS_FILE_MAX, &cert, why));
    TRY(x509_cert_decode(cert.der, &c, why));
    TRY(sig_key_spki(c.spki, key, why));
    return key->type == KEY_EC && key->curve == CURVE_P256
               ? ERR_OK
               : why_add(why, ERR_DENIED, "the root's key is not on P-256");
}

enum err
roots_intel_folder(const char *dir, struct roots_intel *own, struct tdx_anchor *out,
                   struct why *why)
{
    AUTO(roots_file_done) struct roots_file f = {.len = 0};
    enum err e = roots_file_open(dir, "intel/root.pem", &f, why);

    if (e != ERR_OK || f.len == 0) {
        return e;
    }
    e = key_of(roots_file_slice(&f), &out->key, why);
    return e == ERR_OK ? fill(own, out, why) : why_add(why, e, "in %.140s", f.path);
}
