/* SPDX-License-Identifier: Apache-2.0 */
/* crl.c - see crl.h.
 *
 * Only the intermediates have serial numbers that a CRL can name; of VEKs all are zero.  A list without nextUpdate is refused:
 * it would be fresh for ever.  Source: RFC 5280 section 5; AMD 57230, chapter "Certificate Revocation List". */
#include "attest/snp/crl.h"

#include "attest/base/text.h"
#include "attest/snp/ca.h"
#include "attest/snp/vek.h"

enum { PEM_EXPANSION = 2 }; /* of base64 with its line ends, generously */

static enum err
list_read(struct slice der, struct x509_crl *out, struct why *why)
{
    enum err e = x509_crl_decode(der, out, why);

    if (e != ERR_OK) {
        return e == ERR_UNABLE ? ERR_MALFORMED : e; /* a critical extension: no list for us */
    }
    if (!out->has_next) {
        return why_add(why, ERR_MALFORMED, "CRL without nextUpdate");
    }
    if (out->next_update < out->this_update) {
        return why_add(why, ERR_MALFORMED, "CRL with nextUpdate before thisUpdate");
    }
    return ERR_OK;
}

static enum err
issuer_check(struct slice issuer, const struct snp_ca *ark, struct why *why)
{
    struct slice cn;

    TRY(snp_amd_name(issuer, &cn, why));
    if (!ark->present || !slice_same(cn, slice_text(ark->cn))) {
        return why_add(why, ERR_DENIED, "CRL of \"%s\", want \"%s\"", text_show(cn).text,
                       ark->present ? ark->cn : "an ARK that is trusted");
    }
    return ERR_OK;
}

static enum err
signature_check(const struct x509_crl *crl, const struct snp_ca *ark, struct why *why)
{
    TRY(snp_pss_algorithm(crl->algorithm, why));
    return snp_ca_verify(ark, crl->tbs, crl->signature, why);
}

/* Contents of an INTEGER against a number without leading zeros; a negative one is nobody's. */
static bool
same_number(struct slice integer, struct slice number)
{
    if (integer.len > 1 && integer.ptr[0] == 0) {
        integer = (struct slice){integer.ptr + 1, integer.len - 1};
    } else if (integer.len > 0 && integer.ptr[0] >= 0x80) {
        return false;
    }
    return number.len > 0 && slice_same(integer, number);
}

static void
serial_note(const struct x509_crl *crl, struct slice serial, struct snp_crl_facts *out)
{
    struct slice rest = crl->revoked;
    struct x509_revoked e;

    while (!out->revoked && x509_revoked_next(&rest, &e)) {
        out->revoked = same_number(e.serial, serial);
        out->revoked_since = out->revoked ? e.since_unix : 0;
    }
}

void
snp_crl_judge(struct slice crl, const struct snp_ca *ark, struct slice serial,
              struct snp_crl_facts *out)
{
    AUTO(x509_pem_done) struct x509_pem text = {0};
    struct x509_crl list;
    struct why why = {0};
    enum err e = ERR_OK;

    *out = (struct snp_crl_facts){.present = crl.len > 0};
    if (!out->present) {
        return;
    }
    e = x509_pem_open(crl, X509_PEM_CRL, (size_t)PEM_EXPANSION * X509_CRL_MAX, &text, &why);
    if (e == ERR_OK) {
        e = list_read(text.der, &list, &why);
    }
    out->decode = part_note(e, &why);
    if (e != ERR_OK) {
        return;
    }
    out->this_update = list.this_update;
    out->next_update = list.next_update;
    out->issuer_ok = issuer_check(list.issuer, ark, &why) == ERR_OK;
    out->signature_ok = out->issuer_ok && signature_check(&list, ark, &why) == ERR_OK;
    if (out->signature_ok) {
        serial_note(&list, serial, out);
    }
}

enum err
snp_crl_open(struct slice crl, const struct snp_ca *ark, int64_t *this_update, int64_t *next_update,
             struct why *why)
{
    AUTO(x509_pem_done) struct x509_pem text = {0};
    struct x509_crl list;

    TRY(x509_pem_open(crl, X509_PEM_CRL, (size_t)PEM_EXPANSION * X509_CRL_MAX, &text, why));
    TRY(list_read(text.der, &list, why));
    TRY(issuer_check(list.issuer, ark, why));
    TRY(signature_check(&list, ark, why));
    *this_update = list.this_update;
    *next_update = list.next_update;
    return ERR_OK;
}
