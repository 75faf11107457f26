/* SPDX-License-Identifier: Apache-2.0 */
/* issuer_chain.c - see issuer_chain.h.  A '+' stands for itself: it is a digit of base64, and no form was filled in. */
#include "common/issuer_chain.h"

#include <string.h>

#include "attest/base/pem.h"
#include "attest/base/text.h"
#include "common/mem.h"

enum { ESCAPE_LEN = 3 };

static const struct {
    const char *kind, *header;
} HEADERS[] = {
    {"tcb_info", "TCB-Info-Issuer-Chain"},
    {"qe_identity", "SGX-Enclave-Identity-Issuer-Chain"},
    {"pck_crl", "SGX-PCK-CRL-Issuer-Chain"},
};

const char *
issuer_chain_header(const char *kind)
{
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        if (strcmp(HEADERS[i].kind, kind) == 0) {
            return HEADERS[i].header;
        }
    }
    return NULL;
}

/* What PEM is made of: printable ASCII and ends of lines. */
static bool
is_text(uint8_t c)
{
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\r';
}

/* The character that `rest` begins with, and how many bytes it takes there; 0 when it is none. */
static size_t
take_char(struct slice rest, uint8_t *out)
{
    struct why none = {0};
    size_t len = 0;

    *out = rest.ptr[0];
    if (*out != '%') {
        return 1;
    }
    return rest.len >= ESCAPE_LEN &&
                   hex_decode((struct slice){rest.ptr + 1, 2}, out, 1, &len, &none) == ERR_OK
               ? ESCAPE_LEN
               : 0;
}

static enum err
decode(struct slice rest, uint8_t *dst, size_t *len, struct why *why)
{
    size_t n = 0;

    while (rest.len > 0) {
        uint8_t c = 0;
        size_t took = take_char(rest, &c);

        if (took == 0 || !is_text(c)) {
            return why_add(why, ERR_MALFORMED, "issuer chain: character %zu is no text", n);
        }
        if (n == ISSUER_CHAIN_MAX) {
            return why_add(why, ERR_LIMIT, "issuer chain: more than %d bytes", ISSUER_CHAIN_MAX);
        }
        dst[n++] = c;
        rest = (struct slice){rest.ptr + took, rest.len - took};
    }
    *len = n;
    return ERR_OK;
}

enum err
issuer_chain_pem(struct slice header, uint8_t **pem, size_t *len, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *bytes = mem_new(ISSUER_CHAIN_MAX, 1);
    size_t n = 0;

    TRY(decode(header, bytes, &n, why));
    if (!pem_looks_like((struct slice){bytes, n})) {
        return why_add(why, ERR_MALFORMED, "issuer chain: no PEM, but \"%s\"",
                       text_show((struct slice){bytes, n}).text);
    }
    *pem = bytes;
    *len = n;
    bytes = NULL;
    return ERR_OK;
}
