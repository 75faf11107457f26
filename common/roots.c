/* SPDX-License-Identifier: Apache-2.0 */
/* roots.c - see roots.h. */
#include "common/roots.h"

#include "attest/x509/pem.h"
#include "common/mem.h"
#include "common/roots_amd.h"
#include "common/roots_intel.h"
#include "common/sys.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PEM_BYTES_MAX = 4 << 20, PATH_BYTES = 1024 };

struct owned {
    struct slice anchor[X509_CERTS_MAX];
    struct slice intermediate[X509_CERTS_MAX];
    uint8_t *der[2 * X509_CERTS_MAX];
    size_t ders;
    struct slice crl[X509_CRLS_MAX];
    uint8_t *crl_bytes[X509_CRLS_MAX];
    size_t crls;
    struct roots_amd_revoked amd_revoked;
    struct roots_intel intel;
};

void
roots_free(struct roots **r)
{
    if (*r == NULL) {
        return;
    }
    struct owned *o = (*r)->owned;

    for (size_t i = 0; o != NULL && i < o->ders; i++) {
        mem_free(o->der[i]);
    }
    for (size_t i = 0; o != NULL && i < o->crls; i++) {
        mem_free(o->crl_bytes[i]);
    }
    snp_anchors_done(&(*r)->trust.snp);
    roots_intel_done(&(*r)->trust.tdx);
    mem_free(o);
    mem_free(*r);
    *r = NULL;
}

static void
free_bio(BIO **bio)
{
    BIO_free_all(*bio);
}

static enum err
add_der(struct roots *r, uint8_t *der, size_t len, const char *path, struct why *why)
{
    struct owned *o = r->owned;
    struct x509_anchors *a = &r->trust.tpm;
    AUTO(x509_cert_done) struct x509_cert cert = {0};
    struct slice s = {der, len};

    o->der[o->ders++] = der; /* owned from here on */
    enum err e = x509_cert_decode(s, &cert, why);

    if (e != ERR_OK) {
        return why_add(why, e, "in %.120s", path);
    }
    bool self_signed = slice_same(cert.subject, cert.issuer);
    size_t *n = self_signed ? &a->anchor_n : &a->intermediate_n;

    if (*n == X509_CERTS_MAX) {
        return why_add(why, ERR_LIMIT, "more than %d certificates in a roots folder",
                       X509_CERTS_MAX);
    }
    (self_signed ? o->anchor : o->intermediate)[(*n)++] = s;
    return ERR_OK;
}

/* One certificate as DER, counted. */
static enum err
add_certificate(struct roots *r, X509 *x, const char *path, struct why *why)
{
    const struct owned *o = r->owned;
    int n = i2d_X509(x, NULL);
    uint8_t *der = NULL;
    uint8_t *end = NULL;

    if (n <= 0 || o->ders == 2 * (size_t)X509_CERTS_MAX) {
        return why_add(why, ERR_LIMIT, "%.120s: more than %d certificates in all", path,
                       2 * X509_CERTS_MAX);
    }
    der = mem_new((size_t)n, 1);
    end = der;
    (void)i2d_X509(x, &end);
    return add_der(r, der, (size_t)n, path, why);
}

/* Every certificate of a PEM file; a file without one is a mistake. */
static enum err
add_pem(struct roots *r, const char *path, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *text = NULL;
    AUTO(free_bio) BIO *bio = NULL;
    const struct owned *o = r->owned;
    size_t len = 0;
    size_t before = o->ders;
    enum err e = file_read(path, PEM_BYTES_MAX, &text, &len, why);

    bio = BIO_new_mem_buf(text, (int)len);
    for (X509 *x = NULL;
         e == ERR_OK && bio != NULL && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;) {
        e = add_certificate(r, x, path, why);
        X509_free(x);
    }
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

    ERR_clear_error();
    if (e == ERR_OK && (!ended || o->ders == before)) {
        return why_add(why, ERR_MALFORMED, "%.120s: %s", path,
                       ended ? "no certificate in it" : "a PEM block that cannot be read");
    }
    return e;
}

/* A list that cannot be decoded is a mistake of the operator's; whether it may be relied on is judged where it is used. */
static enum err
add_crl(struct roots *r, const char *path, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *text = NULL;
    AUTO(x509_pem_done) struct x509_pem pem = {0};
    struct owned *o = r->owned;
    struct x509_crl crl = {0};
    size_t len = 0;

    if (o->crls == X509_CRLS_MAX) {
        return why_add(why, ERR_LIMIT, "%.120s: more than %d CRLs in all", path, X509_CRLS_MAX);
    }
    TRY(file_read(path, PEM_BYTES_MAX, &text, &len, why));

    enum err e = x509_pem_open((struct slice){text, len}, X509_PEM_CRL, X509_CRL_MAX, &pem, why);

    e = e == ERR_OK ? x509_crl_decode(pem.der, &crl, why) : e;
    if (e != ERR_OK && e != ERR_UNABLE) {
        return why_add(why, e, "in %.120s", path);
    }
    o->crl_bytes[o->crls] = mem_new(pem.der.len, 1);
    memcpy(o->crl_bytes[o->crls], pem.der.ptr, pem.der.len);
    o->crl[o->crls] = (struct slice){o->crl_bytes[o->crls], pem.der.len};
    r->trust.tpm.crl_n = ++o->crls;
    return ERR_OK;
}

/* What a file of the folder is, by the end of its name. */
struct kind {
    char end[sizeof ".pem"];
    enum err (*add)(struct roots *r, const char *path, struct why *why);
};

static const struct kind KINDS[] = {{".pem", add_pem}, {".crl", add_crl}};

/* NULL: not ours. */
static const struct kind *
kind_of(const char *name)
{
    size_t len = strlen(name);
    const struct kind *found = NULL;

    for (size_t i = 0; len > 4 && i < sizeof KINDS / sizeof KINDS[0]; i++) {
        found = strcmp(name + len - 4, KINDS[i].end) == 0 ? &KINDS[i] : found;
    }
    return found;
}

/* A path that is cut short would be another one. */
static enum err
join(const char *dir, const char *name, char dst[PATH_BYTES], struct why *why)
{
    int n = snprintf(dst, PATH_BYTES, "%s/%s", dir, name);

    return n > 0 && n < PATH_BYTES
               ? ERR_OK
               : why_add(why, ERR_LIMIT, "roots %.80s/%.40s: the path is too long", dir, name);
}

static enum err
add_files(struct roots *r, const char *folder, DIR *d, struct why *why)
{
    enum err e = ERR_OK;

    for (struct dirent *f = readdir(d); f != NULL && e == ERR_OK; f = readdir(d)) {
        char path[PATH_BYTES];
        const struct kind *kind = kind_of(f->d_name);

        if (kind != NULL) {
            e = join(folder, f->d_name, path, why);
            e = e == ERR_OK ? kind->add(r, path, why) : e;
        }
    }
    return e;
}

static enum err
add_tpm(struct roots *r, const char *dir, struct why *why)
{
    char folder[PATH_BYTES];
    DIR *d = NULL;

    TRY(join(dir, "tpm", folder, why));
    d = opendir(folder);
    if (d == NULL) {
        return errno == ENOENT ? ERR_OK
                               : why_add(why, ERR_IO, "%.120s: %s", folder, strerrordesc_np(errno));
    }
    enum err e = add_files(r, folder, d, why);

    (void)closedir(d);
    return e;
}

static enum err
add_folder(struct roots *r, const char *dir, struct why *why)
{
    struct owned *o = r->owned;

    if (access(dir, R_OK | X_OK) != 0) {
        return why_add(why, ERR_IO, "roots %.120s: %s", dir, strerrordesc_np(errno));
    }
    TRY(add_tpm(r, dir, why));
    TRY(roots_amd_folder(dir, &o->amd_revoked, &r->trust.snp, why));
    return roots_intel_folder(dir, &o->intel, &r->trust.tdx, why);
}

static enum err
add_builtin(struct roots *r, struct why *why)
{
    struct owned *o = r->owned;

    TRY(roots_amd_builtin(&r->trust.snp, why));
    return roots_intel_builtin(&o->intel, &r->trust.tdx, why);
}

enum err
roots_read(const char *dir, struct roots **out, struct why *why)
{
    AUTO(roots_free) struct roots *r = mem_new(1, sizeof *r);
    struct owned *o = mem_new(1, sizeof *o);

    r->owned = o;
    r->trust.tpm.anchor = o->anchor;
    r->trust.tpm.intermediate = o->intermediate;
    r->trust.tpm.crl = o->crl;
    TRY(roots_amd_revoked(&o->amd_revoked, why));
    TRY(dir[0] != '\0' ? add_folder(r, dir, why) : add_builtin(r, why));
    r->trust.snp.revoked = o->amd_revoked.list;
    r->trust.snp.revoked_n = o->amd_revoked.n;
    *out = r;
    r = NULL;
    return ERR_OK;
}
