/* SPDX-License-Identifier: Apache-2.0 */
/* crl_text.c - see crl_text.h. */
#include "common/crl_text.h"

#include <string.h>

#include "attest/base/text.h"
#include "attest/x509/pem.h"
#include "attest/x509/x509.h"
#include "common/mem.h"

/* DER begins with the byte 0x30, its hex with the digit '3'. */
enum { HEX_OF_SEQUENCE = '3' };

static struct slice
without_end(struct slice text)
{
    static const char SPACE[] = " \t\r\n";

    while (text.len > 0 && memchr(SPACE, text.ptr[text.len - 1], sizeof SPACE - 1) != NULL) {
        text.len--;
    }
    return text;
}

static enum err
from_hex(struct slice text, uint8_t **der, size_t *len, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *bytes = NULL;

    if (text.len / 2 > X509_CRL_MAX) {
        return why_add(why, ERR_LIMIT, "CRL: %zu digits of hex, at most %d bytes", text.len,
                       X509_CRL_MAX);
    }
    bytes = mem_new(text.len / 2 + 1, 1);
    TRY(hex_decode(text, bytes, text.len / 2, len, why));
    *der = bytes;
    bytes = NULL;
    return ERR_OK;
}

enum err
crl_der(struct slice text, uint8_t **der, size_t *len, struct why *why)
{
    AUTO(x509_pem_done) struct x509_pem pem = {0};

    if (text.len > 0 && text.ptr[0] == HEX_OF_SEQUENCE) {
        return from_hex(without_end(text), der, len, why);
    }
    TRY(x509_pem_open(text, X509_PEM_CRL, X509_CRL_MAX, &pem, why));
    *der = mem_new(pem.der.len, 1);
    memcpy(*der, pem.der.ptr, pem.der.len);
    *len = pem.der.len;
    return ERR_OK;
}
