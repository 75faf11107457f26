/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_der.c - what our reader takes has one encoding: a number or a key that it accepts is written by OpenSSL as the same bytes. */
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "attest/base/der.h"
#include "attest/sig/sig.h"

enum { DEPTH = 8, DER_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static void
number(struct slice in)
{
    struct rd r = rd_init(in, "fuzz");
    const uint8_t *at = in.ptr;
    uint8_t out[DER_MAX];
    uint8_t *end = out;
    struct why why = {0};
    ASN1_INTEGER *n = NULL;

    (void)der_unsigned(&r, "number");
    if (in.len > DER_MAX || rd_end(&r, &why) != ERR_OK) {
        return;
    }
    n = d2i_ASN1_INTEGER(NULL, &at, (long)in.len);
    must(n != NULL && (size_t)i2d_ASN1_INTEGER(n, NULL) == in.len);
    (void)i2d_ASN1_INTEGER(n, &end);
    must(memcmp(out, in.ptr, in.len) == 0);
    ASN1_INTEGER_free(n);
}

static void
key(struct slice in)
{
    struct sig_key k = {0};
    struct why why = {0};
    uint8_t out[DER_MAX];
    struct wr w = wr_init(out, sizeof out, "key");
    const uint8_t *at = in.ptr;
    EVP_PKEY *theirs = NULL;

    if (in.len > DER_MAX || sig_key_spki(in, &k, &why) != ERR_OK) {
        must(k.type == KEY_NONE && k.handle == NULL);
        return;
    }
    must(sig_key_write(&k, &w, &why) == ERR_OK && slice_same(wr_done(&w), in));
    theirs = d2i_PUBKEY(NULL, &at, (long)in.len);
    must(theirs != NULL && at == in.ptr + in.len);
    must(k.handle == NULL || EVP_PKEY_eq(theirs, k.handle) == 1);
    EVP_PKEY_free(theirs);
    sig_key_done(&k);
}

/* Every kind of element, each where its tag says so, down to DEPTH. */
static void
walk(struct rd *r)
{
    struct rd level[DEPTH];
    size_t depth = 0;

    level[0] = *r;
    while (rd_ok(&level[depth]) && (rd_left(&level[depth]) > 0 || depth > 0)) {
        struct rd *at = &level[depth];

        if (rd_left(at) == 0) {
            depth--;
        } else if (depth + 1 < DEPTH && der_next_is(at, DER_SEQUENCE)) {
            level[depth + 1] = der_enter(at, "sequence", DER_SEQUENCE);
            depth += rd_ok(at);
        } else if (der_next_is(at, DER_OID)) {
            (void)der_oid(at, "oid");
        } else if (der_next_is(at, DER_BIT_STRING)) {
            struct rd ahead = *at;

            (void)der_flags(&ahead, "flags");
            (void)der_bytes(at, "bits");
        } else if (der_next_is(at, DER_BOOLEAN)) {
            (void)der_bool(at, "bool");
        } else if (der_next_is(at, DER_ENUMERATED)) {
            (void)der_u64(at, "enumerated", DER_ENUMERATED);
        } else {
            struct slice whole = der_whole(at, "whole", at->in.ptr[at->at]);

            must(rd_ok(at) == (whole.len >= 2));
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    struct rd r = rd_init(in, "fuzz");

    walk(&r);
    number(in);
    key(in);
    must(ERR_peek_error() == 0); /* nothing is left behind for others to trip over */
    return 0;
}
