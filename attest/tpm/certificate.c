/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.c - see certificate.h. */
#include "attest/tpm/certificate.h"

static void
read_facts(const struct x509_cert *cert, const struct sig_key *key, struct tpm_certificate *out)
{
    out->signs = cert->has_key_usage && cert->key_usage & X509_KU_DIGITAL_SIGNATURE;
    out->ca = cert->is_ca || cert->key_usage & X509_KU_KEY_CERT_SIGN;
    out->same_key = key != NULL && sig_key_same(&cert->key, key);
    out->not_before_unix = cert->not_before;
    out->not_after_unix = cert->not_after;
}

/* A chain that held when the certificate was issued and does not hold now is out of date; anything
 * else is not a chain.  Either refuses: this only finds the right words. */
static bool
held_when_issued(const struct x509_chain *chain)
{
    struct x509_chain then = *chain;
    struct why unused = {0};
    int64_t until = 0;

    then.at_unix = chain->leaf->not_before;
    return x509_chain_check(&then, &until, &unused) == ERR_OK;
}

void
tpm_certificate_open(struct slice der, const struct sig_key *key,
                     const struct x509_anchors *anchors, int64_t at_unix,
                     struct tpm_certificate *out)
{
    AUTO(x509_cert_done) struct x509_cert cert = {0};
    struct why why = {0};

    *out = (struct tpm_certificate){0};
    out->part = part_note(x509_cert_decode(der, &cert, &why), &why);
    if (out->part.err != ERR_OK) {
        return;
    }
    read_facts(&cert, key, out);

    const struct x509_chain chain = {.leaf = &cert, .anchors = anchors, .at_unix = at_unix};

    why = (struct why){0};
    out->chain = part_note(x509_chain_check(&chain, &out->valid_until_unix, &why), &why);
    out->chain_expired = out->chain.err == ERR_DENIED && held_when_issued(&chain);
}
