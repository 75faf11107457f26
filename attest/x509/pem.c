/* SPDX-License-Identifier: Apache-2.0 */
/* pem.c - see pem.h.  Refuses encrypted blocks, other labels, and a second block. */
#include "attest/x509/pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "attest/base/text.h"

enum { SEQUENCE = 0x30 };

void
x509_pem_done(struct x509_pem *p)
{
    OPENSSL_free(p->owned);
    *p = (struct x509_pem){0};
}

static void
bio_free(BIO **b)
{
    BIO_free_all(*b);
}

static void
text_free(char **p)
{
    OPENSSL_free(*p);
}

static void
bytes_free(unsigned char **p)
{
    OPENSSL_free(*p);
}

static bool
only_space(BIO *rest)
{
    char *at = NULL;
    long len = BIO_get_mem_data(rest, &at);

    for (long i = 0; i < len; i++) {
        if (at[i] == '\0' || strchr(" \t\r\n", at[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static enum err
block_read(BIO *bio, const char *label, struct x509_pem *out, struct why *why)
{
    AUTO(text_free) char *name = NULL;
    AUTO(text_free) char *header = NULL;
    AUTO(bytes_free) unsigned char *der = NULL;
    long len = 0;

    if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
        ERR_clear_error();
        return why_add(why, ERR_MALFORMED, "%s: neither DER nor a complete PEM block", label);
    }
    if (strcmp(name, label) != 0 || header[0] != '\0') {
        return why_add(why, ERR_MALFORMED, "%s: a PEM block \"%s\"%s", label,
                       text_show(slice_text(name)).text, header[0] != '\0' ? " with a header" : "");
    }
    if (!only_space(bio)) {
        return why_add(why, ERR_MALFORMED, "%s: something follows the PEM block", label);
    }
    *out = (struct x509_pem){.der = {der, (size_t)len}, .owned = der};
    der = NULL;
    return ERR_OK;
}

enum err
x509_pem_open(struct slice in, const char *label, size_t max, struct x509_pem *out, struct why *why)
{
    AUTO(bio_free) BIO *bio = NULL;

    if (in.len == 0) {
        return why_add(why, ERR_MALFORMED, "%s: empty", label);
    }
    if (in.len > max || in.len > INT32_MAX) {
        return why_add(why, ERR_LIMIT, "%s: %zu bytes, at most %zu", label, in.len, max);
    }
    if (in.ptr[0] == SEQUENCE) {
        *out = (struct x509_pem){.der = in};
        return ERR_OK;
    }
    bio = BIO_new_mem_buf(in.ptr, (int)in.len);
    if (bio == NULL) {
        return why_add(why, ERR_UNABLE, "%s: out of memory", label);
    }
    return block_read(bio, label, out, why);
}
