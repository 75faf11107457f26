/* SPDX-License-Identifier: Apache-2.0 */
/* roots.c - see roots.h. */
#include "clients/roots.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/sys.h"

enum { BUNDLE_MAX = 4 << 20 };

struct bundle {
    uint8_t *der[X509_CERTS_MAX];
    size_t n;
    struct slice anchor[X509_CERTS_MAX];
    size_t anchor_n;
    struct slice intermediate[X509_CERTS_MAX];
    size_t intermediate_n;
};

void
roots_done(struct roots *r)
{
    struct bundle *b = r->owned;

    for (size_t i = 0; b != NULL && i < b->n; i++) {
        mem_free(b->der[i]);
    }
    mem_free(b);
    *r = (struct roots){0};
}

/* One block of a PEM file; the library's allocations. */
struct block {
    char *name, *header;
    unsigned char *data;
    long len;
};

static void
block_done(struct block *b)
{
    OPENSSL_free(b->name);
    OPENSSL_free(b->header);
    OPENSSL_free(b->data);
    *b = (struct block){0};
}

static void
bio_done(BIO **bio)
{
    (void)BIO_free(*bio);
}

/* The next certificate of a PEM text.  ERR_NOT_FOUND: there is no further block. */
static enum err
next_certificate(BIO *bio, uint8_t **der, size_t *len, struct why *why)
{
    AUTO(block_done) struct block b = {0};

    if (PEM_read_bio(bio, &b.name, &b.header, &b.data, &b.len) != 1) {
        bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

        ERR_clear_error();
        return why_add(why, end ? ERR_NOT_FOUND : ERR_MALFORMED,
                       end ? "no further PEM block" : "a damaged PEM block");
    }
    if (strcmp(b.name, "CERTIFICATE") != 0 || b.len <= 0 || b.len > X509_DER_MAX) {
        return why_add(why, ERR_MALFORMED, "a PEM block that is no certificate");
    }
    *der = mem_new((size_t)b.len, 1);
    memcpy(*der, b.data, (size_t)b.len);
    *len = (size_t)b.len;
    return ERR_OK;
}

/* Takes over `der`. */
static enum err
bundle_add(struct bundle *b, uint8_t *der, size_t len, struct why *why)
{
    AUTO(x509_cert_done) struct x509_cert cert = {0};

    if (b->n == X509_CERTS_MAX) {
        mem_free(der);
        return why_add(why, ERR_LIMIT, "more than %d certificates", X509_CERTS_MAX);
    }
    b->der[b->n++] = der;
    TRY(x509_cert_decode((struct slice){der, len}, &cert, why));
    if (slice_same(cert.issuer, cert.subject)) {
        b->anchor[b->anchor_n++] = (struct slice){der, len};
    } else {
        b->intermediate[b->intermediate_n++] = (struct slice){der, len};
    }
    return ERR_OK;
}

static enum err
bundle_read(struct bundle *b, const char *path, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *text = NULL;
    AUTO(bio_done) BIO *bio = NULL;
    enum err e = ERR_OK;
    size_t text_len = 0;
    size_t before = b->n;

    TRY(file_read(path, BUNDLE_MAX, &text, &text_len, why));
    bio = BIO_new_mem_buf(text, (int)text_len);
    if (bio == NULL) {
        return why_add(why, ERR_NOMEM, "out of memory");
    }
    while (e == ERR_OK) {
        struct why end = {0};
        uint8_t *der = NULL;
        size_t len = 0;

        e = next_certificate(bio, &der, &len, &end);
        if (e == ERR_OK) {
            e = bundle_add(b, der, len, why);
        } else if (e == ERR_MALFORMED) {
            e = why_add(why, e, "%s", why_text(&end));
        }
    }
    if (e == ERR_NOT_FOUND && b->n == before) {
        return why_add(why, ERR_MALFORMED, "no certificate in it");
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static bool
is_pem(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".pem") == 0;
}

static void
folder_done(DIR **d)
{
    if (*d != NULL) {
        (void)closedir(*d);
    }
}

static enum err
file_of_folder(struct bundle *b, const char *folder, const char *name, struct why *why)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (!is_pem(name)) {
        return ERR_OK;
    }
    if (n < 0 || (size_t)n >= sizeof path) {
        return why_add(why, ERR_LIMIT, "path too long");
    }

    enum err e = bundle_read(b, path, why);

    return e == ERR_OK ? ERR_OK : why_add(why, e, "in %s", path);
}

static enum err
folder_read(struct bundle *b, const char *dir, struct why *why)
{
    AUTO(folder_done) DIR *open = NULL;
    char folder[PATH_MAX];
    int n = snprintf(folder, sizeof folder, "%s/tpm", dir);
    enum err e = ERR_OK;

    if (n < 0 || (size_t)n >= sizeof folder) {
        return why_add(why, ERR_LIMIT, "--roots: path too long");
    }
    open = opendir(folder);
    if (open == NULL && (errno != ENOENT || access(dir, F_OK) != 0)) {
        return why_add(why, ERR_IO, "cannot open %s", folder);
    }
    for (const struct dirent *d = NULL; open != NULL && e == ERR_OK;) {
        d = readdir(open);
        if (d == NULL) {
            break;
        }
        e = file_of_folder(b, folder, d->d_name, why);
    }
    return e;
}

enum err
roots_load(const char *dir, struct roots *out, struct why *why)
{
    struct roots r = {.owned = mem_new(1, sizeof(struct bundle))};
    struct bundle *b = r.owned;
    enum err e = dir == NULL ? ERR_OK : folder_read(b, dir, why);

    if (e != ERR_OK) {
        roots_done(&r);
        return e;
    }
    r.tpm = (struct x509_anchors){b->anchor, b->anchor_n, b->intermediate, b->intermediate_n};
    *out = r;
    return ERR_OK;
}

static bool
looks_like_pem(struct slice s)
{
    static const char MARK[] = "-----BEGIN ";

    return s.len > sizeof MARK && memcmp(s.ptr, MARK, sizeof MARK - 1) == 0;
}

enum err
certificate_read(const char *path, uint8_t **der, size_t *len, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *bytes = NULL;
    AUTO(bio_done) BIO *bio = NULL;
    size_t n = 0;

    TRY(file_read(path, BUNDLE_MAX, &bytes, &n, why));
    if (!looks_like_pem((struct slice){bytes, n})) {
        *der = bytes;
        *len = n;
        bytes = NULL;
        return ERR_OK;
    }
    bio = BIO_new_mem_buf(bytes, (int)n);
    if (bio == NULL) {
        return why_add(why, ERR_NOMEM, "out of memory");
    }
    return next_certificate(bio, der, len, why);
}
