/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.c - see certificate.h. */
#include "clients/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "attest/x509/x509.h"
#include "common/mem.h"
#include "common/sys.h"

enum { TEXT_MAX = 4 * X509_DER_MAX };

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
}

static void
bio_done(BIO **bio)
{
    (void)BIO_free(*bio);
}

static enum err
first_block(struct slice text, uint8_t **der, size_t *len, struct why *why)
{
    AUTO(bio_done) BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    AUTO(block_done) struct block b = {0};

    if (bio == NULL) {
        return why_add(why, ERR_NOMEM, "out of memory");
    }
    if (PEM_read_bio(bio, &b.name, &b.header, &b.data, &b.len) != 1) {
        ERR_clear_error();
        return why_add(why, ERR_MALFORMED, "a damaged PEM block");
    }
    if (strcmp(b.name, "CERTIFICATE") != 0 || b.len <= 0 || b.len > X509_DER_MAX) {
        return why_add(why, ERR_MALFORMED, "a PEM block that is no certificate");
    }
    *der = mem_new((size_t)b.len, 1);
    memcpy(*der, b.data, (size_t)b.len);
    *len = (size_t)b.len;
    return ERR_OK;
}

static bool
looks_like_pem(struct slice s)
{
    static const char MARK[] = "-----BEGIN ";

    return s.len >= sizeof MARK - 1 && memcmp(s.ptr, MARK, sizeof MARK - 1) == 0;
}

enum err
certificate_read(const char *path, uint8_t **der, size_t *len, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *bytes = NULL;
    size_t n = 0;

    TRY(file_read(path, TEXT_MAX, &bytes, &n, why));
    if (n == 0) {
        return why_add(why, ERR_MALFORMED, "%s is empty", path);
    }
    if (looks_like_pem((struct slice){bytes, n})) {
        enum err e = first_block((struct slice){bytes, n}, der, len, why);

        return e == ERR_OK ? ERR_OK : why_add(why, e, "in %s", path);
    }
    *der = bytes;
    *len = n;
    bytes = NULL;
    return ERR_OK;
}
