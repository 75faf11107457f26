/* SPDX-License-Identifier: Apache-2.0 */
/* key.h - the guest's key: P-256, in this process's memory or in the TPM, and its DPoP proofs.
 *
 * In memory the private number lies in OpenSSL's secure heap when the process has set one up
 * (agent.c does): locked, not dumped, wiped.  Source: RFC 9449 section 4.2. */
#ifndef CLIENTS_KEY_H
#define CLIENTS_KEY_H

#include "clients/fault.h"
#include "clients/tpm.h"
#include "common/jose.h"

struct guest_key {
    struct jose_key soft;   /* its handle is NULL when the TPM holds the key */
    struct device_key chip; /* its `saved` is NULL when it does not */
    json_t *jwk;            /* public part; owned */
    uint8_t jkt[JKT_LEN];
};

/* where: "memory", or "tpm" (reached by tcti).  Release with guest_key_done(). */
enum err guest_key_make(const char *where, const char *tcti, struct guest_key *out,
                        struct fault *f) MUST_USE;
void guest_key_done(struct guest_key *k);

struct proof_want {
    const char *method;
    const char *url;   /* query and fragment are left out of htu */
    const char *nonce; /* NULL or "": none */
    const char *token; /* access token that goes along; NULL at the token endpoint */
};

/* A compact JWS for the DPoP header; free with mem_free_text(). */
enum err guest_key_proof(const struct guest_key *k, const struct proof_want *want, char **out,
                         struct fault *f) MUST_USE;

#endif
