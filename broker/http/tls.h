/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h - our certificate, and the other side's, by GnuTLS.
 *
 * libmicrohttpd asks for a client certificate but does not judge it: a handshake with a rogue
 * one completes.  So tls_peer_check() verifies chain, dates and purpose before any handler of
 * the admin listener runs, for each request anew, because a connection may outlive a
 * certificate. Certificates come from the TLS session of the connection, never from a header.
 * Source: spec/reliability.md section 1 ("trust is not enforced"); spec/oauth.md section 1.7. */
#ifndef BROKER_HTTP_TLS_H
#define BROKER_HTTP_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"

enum { TLS_CHAIN_MAX = 8, TLS_FILE_MAX = 1 << 18, TLS_CA_MAX = 256 };

/* A certificate chain with its private key. */
struct tls_identity {
    gnutls_pcert_st chain[TLS_CHAIN_MAX];
    unsigned chain_n;
    gnutls_privkey_t key;
    struct tls_identity *next; /* the owner's, for a list */
};

void tls_identity_free(struct tls_identity **identity);

/* PEM files.  ERR_MALFORMED: not a chain or key, or they do not belong together; else as
 * file_read(). */
enum err tls_identity_load(const char *certificate_file, const char *key_file,
                           struct tls_identity **out, struct why *why) MUST_USE;

/* A PEM file of trust anchors, NUL-terminated text for the caller to release with
 * mem_free_bytes().  ERR_MALFORMED when it holds no certificate or something that is none. */
enum err tls_anchors_load(const char *file, uint8_t **pem, struct why *why) MUST_USE;

/* gnutls_certificate_retrieve_function3: the identity of the struct conn that is the session's
 * user pointer. */
int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                 gnutls_pcert_st **chain, unsigned *chain_n, gnutls_ocsp_data_st **ocsp,
                 unsigned *ocsp_n, gnutls_privkey_t *key, unsigned *flags);

/* Who the other side is, once verified. */
struct tls_peer {
    uint8_t spki_sha256[32];
    uint8_t *spki; /* DER; owned */
    size_t spki_len;
};

void tls_peer_done(struct tls_peer *peer);

/* ERR_UNAUTHENTICATED: no certificate, or one that does not hold now.  Release *out with
 * tls_peer_done(). */
enum err tls_peer_check(gnutls_session_t session, struct tls_peer *out, struct why *why) MUST_USE;

#endif
