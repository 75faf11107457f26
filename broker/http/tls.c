/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c - see tls.h. */
#include "broker/http/tls.h"

#include <string.h>

#include "attest/base/hash.h"
#include "attest/base/sec.h"
#include "broker/http/conn.h"
#include "common/mem.h"
#include "common/sys.h"

void
tls_identity_free(struct tls_identity **identity)
{
    struct tls_identity *id = *identity;

    if (id == NULL) {
        return;
    }
    for (unsigned i = 0; i < id->chain_n; i++) {
        gnutls_pcert_deinit(&id->chain[i]);
    }
    if (id->key != NULL) {
        gnutls_privkey_deinit(id->key);
    }
    mem_free(id);
    *identity = NULL;
}

static enum err
chain_load(const char *file, struct tls_identity *id, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *pem = NULL;
    size_t len = 0;

    TRY(file_read(file, TLS_FILE_MAX, &pem, &len, why));
    gnutls_datum_t datum = {pem, (unsigned)len};
    unsigned n = TLS_CHAIN_MAX;
    int rc = gnutls_pcert_list_import_x509_raw(id->chain, &n, &datum, GNUTLS_X509_FMT_PEM,
                                               GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (rc < 0) {
        return why_add(why, ERR_MALFORMED, "certificate %s: %s", file, gnutls_strerror(rc));
    }
    id->chain_n = n;
    return ERR_OK;
}

static void
wipe_datum(gnutls_datum_t *d)
{
    if (d->data != NULL) {
        sec_zero(d->data, d->size);
    }
}

static enum err
key_load(const char *file, struct tls_identity *id, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *pem = NULL;
    size_t len = 0;

    TRY(file_read(file, TLS_FILE_MAX, &pem, &len, why));
    AUTO(wipe_datum) gnutls_datum_t datum = {pem, (unsigned)len};
    int rc = gnutls_privkey_init(&id->key);
    if (rc == 0) {
        rc = gnutls_privkey_import_x509_raw(id->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
    }
    if (rc < 0) {
        return why_add(why, ERR_MALFORMED, "key %s: %s", file, gnutls_strerror(rc));
    }
    return ERR_OK;
}

static void
pubkey_free(gnutls_pubkey_t *key)
{
    if (*key != NULL) {
        gnutls_pubkey_deinit(*key);
    }
}

static bool
belong_together(const struct tls_identity *id)
{
    AUTO(pubkey_free) gnutls_pubkey_t ours = NULL;
    gnutls_pubkey_t theirs = id->chain[0].pubkey;
    uint8_t a[32];
    uint8_t b[32];
    size_t a_len = sizeof a;
    size_t b_len = sizeof b;

    return gnutls_pubkey_init(&ours) == 0 &&
           gnutls_pubkey_import_privkey(ours, id->key, 0, 0) == 0 &&
           gnutls_pubkey_get_key_id(ours, GNUTLS_KEYID_USE_SHA256, a, &a_len) == 0 &&
           gnutls_pubkey_get_key_id(theirs, GNUTLS_KEYID_USE_SHA256, b, &b_len) == 0 &&
           slice_same((struct slice){a, a_len}, (struct slice){b, b_len});
}

enum err
tls_identity_load(const char *certificate_file, const char *key_file, struct tls_identity **out,
                  struct why *why)
{
    AUTO(tls_identity_free) struct tls_identity *id = mem_new(1, sizeof *id);

    TRY(chain_load(certificate_file, id, why));
    TRY(key_load(key_file, id, why));
    if (!belong_together(id)) {
        return why_add(why, ERR_MALFORMED, "key %s is not the key of certificate %s", key_file,
                       certificate_file);
    }
    *out = id;
    id = NULL;
    return ERR_OK;
}

enum err
tls_anchors_load(const char *file, uint8_t **pem, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *text = NULL;
    size_t len = 0;

    TRY(file_read(file, TLS_FILE_MAX, &text, &len, why));
    gnutls_datum_t datum = {text, (unsigned)len};
    gnutls_x509_crt_t list[TLS_CA_MAX];
    unsigned n = TLS_CA_MAX;
    int rc = gnutls_x509_crt_list_import(list, &n, &datum, GNUTLS_X509_FMT_PEM,
                                         GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (rc < 0) {
        return why_add(why, ERR_MALFORMED, "client CA %s: %s", file, gnutls_strerror(rc));
    }
    for (unsigned i = 0; i < n; i++) {
        gnutls_x509_crt_deinit(list[i]);
    }
    if (n == 0) {
        return why_add(why, ERR_MALFORMED, "client CA %s: no certificate in it", file);
    }
    *pem = text;
    text = NULL;
    return ERR_OK;
}

/* NOLINTBEGIN(readability-function-size): eight parameters are the library's signature. */
int
tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
             gnutls_pcert_st **chain, unsigned *chain_n, gnutls_ocsp_data_st **ocsp,
             unsigned *ocsp_n, gnutls_privkey_t *key, unsigned *flags)
/* NOLINTEND(readability-function-size) */
{
    const struct conn *c = gnutls_session_get_ptr(session);
    (void)info; /* one identity, whatever else the client would take */

    if (c == NULL || c->identity == NULL) {
        return -1;
    }
    *chain = c->identity->chain;
    *chain_n = c->identity->chain_n;
    *ocsp = NULL;
    *ocsp_n = 0;
    *key = c->identity->key;
    *flags = 0; /* they stay ours: no GNUTLS_CERT_RETR_DEINIT_ALL */
    return 0;
}

void
tls_peer_done(struct tls_peer *peer)
{
    mem_free(peer->spki);
    *peer = (struct tls_peer){0};
}

static void
datum_free(gnutls_datum_t *d)
{
    gnutls_free(d->data);
}

static void
crt_free(gnutls_x509_crt_t *crt)
{
    if (*crt != NULL) {
        gnutls_x509_crt_deinit(*crt);
    }
}

static enum err
spki_export(const gnutls_datum_t *certificate, struct tls_peer *out, struct why *why)
{
    AUTO(crt_free) gnutls_x509_crt_t crt = NULL;
    AUTO(pubkey_free) gnutls_pubkey_t key = NULL;
    AUTO(datum_free) gnutls_datum_t der = {NULL, 0};

    int rc = gnutls_x509_crt_init(&crt);
    rc = rc == 0 ? gnutls_x509_crt_import(crt, certificate, GNUTLS_X509_FMT_DER) : rc;
    rc = rc == 0 ? gnutls_pubkey_init(&key) : rc;
    rc = rc == 0 ? gnutls_pubkey_import_x509(key, crt, 0) : rc;
    rc = rc == 0 ? gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) : rc;
    if (rc != 0) {
        return why_add(why, ERR_UNAUTHENTICATED, "client certificate: %s", gnutls_strerror(rc));
    }
    out->spki = mem_new(der.size, 1);
    out->spki_len = der.size;
    memcpy(out->spki, der.data, der.size);
    hash_sha256((struct slice){out->spki, out->spki_len}, out->spki_sha256);
    return ERR_OK;
}

enum err
tls_peer_check(gnutls_session_t session, struct tls_peer *out, struct why *why)
{
    /* gnutls_typed_vdata_st wants a writable pointer and only reads it. */
    unsigned char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st want = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = purpose};
    unsigned n = 0;
    unsigned status = ~0u;

    *out = (struct tls_peer){0};
    const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &n);
    if (peers == NULL || n == 0 || gnutls_certificate_type_get(session) != GNUTLS_CRT_X509) {
        return why_add(why, ERR_UNAUTHENTICATED, "no client certificate");
    }
    int rc = gnutls_certificate_verify_peers(session, &want, 1, &status);
    if (rc != 0 || status != 0) {
        return why_add(why, ERR_UNAUTHENTICATED,
                       "client certificate does not hold: %s, status 0x%x",
                       rc == 0 ? "judged" : gnutls_strerror(rc), status);
    }
    return spki_export(&peers[0], out, why);
}
