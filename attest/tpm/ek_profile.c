/* SPDX-License-Identifier: Apache-2.0 */
/* ek_profile.c - see ek_profile.h.
 *
 * Reads names as they were written: a SET of attributes need not be in the order of its encodings (X.690 section 11.6), as
 * there are real parts whose subjectAltName has them in another.  Their certificates are signed over those bytes, so nothing is
 * gained by a refusal; OpenSSL, which checks the chain, takes them too. */
#include "attest/tpm/ek_profile.h"

#include "attest/base/der.h"

#define OID(bytes) ((struct slice){bytes, sizeof(bytes)})

enum { DIRECTORY_NAME = DER_CONTEXT_CONSTRUCTED | 4, GENERAL_NAMES = 8, ATTRIBUTES = 3 };

static const uint8_t OID_SAN[] = {0x55, 0x1d, 0x11};
static const uint8_t OID_EKU[] = {0x55, 0x1d, 0x25};
static const uint8_t OID_EK[] = {0x67, 0x81, 0x05, 0x08, 0x01}; /* 2.23.133.8.1 */
static const uint8_t OID_TPM_AT[] = {0x67, 0x81, 0x05, 0x02};   /* 2.23.133.2, and then 1, 2 or 3 */
static const uint8_t OID_INSTANCE[] = {0x2b, 0x06, 0x01, 0x04, 0x01, /* 1.3.6.1.4.1.11129.2.1.21 */
                                       0xd6, 0x79, 0x02, 0x01, 0x15};
static const uint8_t OID_RSAES_OAEP[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07};

/* 1, 2, 3: manufacturer, model, version; 0: another attribute. */
static unsigned
which_attribute(struct slice oid)
{
    bool ours = oid.len == sizeof OID_TPM_AT + 1 &&
                slice_same((struct slice){oid.ptr, sizeof OID_TPM_AT}, OID(OID_TPM_AT));
    unsigned last = ours ? oid.ptr[oid.len - 1] : 0;

    return last <= ATTRIBUTES ? last : 0;
}

/* A text of a directory name in one of the types that are in use for them. */
static struct slice
read_text(struct rd *r)
{
    static const unsigned TYPES[] = {DER_UTF8_STRING, DER_PRINTABLE_STRING, DER_IA5_STRING};

    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (der_next_is(r, TYPES[i])) {
            return der_value(r, "value", TYPES[i]);
        }
    }
    rd_fail(r, "value", "not a text");
    return (struct slice){0};
}

/* One AttributeTypeAndValue; marks what it says of the TPM. */
static void
read_attribute(struct rd *set, unsigned *seen)
{
    struct rd r = der_enter(set, "AttributeTypeAndValue", DER_SEQUENCE);
    unsigned which = which_attribute(der_oid(&r, "type"));
    struct slice text = read_text(&r);
    struct why unused = {0};

    if (rd_end(&r, &unused) != ERR_OK) {
        rd_fail(set, "AttributeTypeAndValue", "cannot be decoded");
        return;
    }
    *seen |= which > 0 && text.len > 0 ? 1u << which : 0;
}

static void
read_rdn(struct rd *name, unsigned *seen)
{
    struct rd set = der_enter(name, "RelativeDistinguishedName", DER_SET);
    struct why unused = {0};

    while (rd_ok(&set) && rd_left(&set) > 0) {
        read_attribute(&set, seen);
    }
    if (rd_end(&set, &unused) != ERR_OK) {
        rd_fail(name, "RelativeDistinguishedName", "cannot be decoded");
    }
}

static void
read_directory_name(struct rd *names, unsigned *seen)
{
    struct rd outer = der_enter(names, "directoryName", DIRECTORY_NAME);
    struct rd name = der_enter(&outer, "Name", DER_SEQUENCE);
    struct why unused = {0};

    while (rd_ok(&name) && rd_left(&name) > 0) {
        read_rdn(&name, seen);
    }
    if (rd_end(&name, &unused) != ERR_OK || rd_end(&outer, &unused) != ERR_OK) {
        rd_fail(names, "directoryName", "cannot be decoded");
    }
}

/* Another form of name, which says nothing of a TPM; false when it is none. */
static bool
skip_other(struct rd *names)
{
    for (unsigned i = 0; i <= GENERAL_NAMES; i++) {
        unsigned tag = (i == 0 || i == 3 || i == 5 ? DER_CONTEXT_CONSTRUCTED : DER_CONTEXT) | i;

        if (der_next_is(names, tag)) {
            (void)der_value(names, "GeneralName", tag);
            return true;
        }
    }
    rd_fail(names, "GeneralName", "of no known form");
    return false;
}

static bool
san_names_tpm(struct slice value)
{
    struct rd r = rd_init(value, "subjectAltName");
    struct rd names = der_enter(&r, "GeneralNames", DER_SEQUENCE);
    struct why unused = {0};
    unsigned seen = 0;

    while (rd_ok(&names) && rd_left(&names) > 0) {
        if (der_next_is(&names, DIRECTORY_NAME)) {
            read_directory_name(&names, &seen);
        } else if (!skip_other(&names)) {
            return false;
        }
    }
    return rd_end(&names, &unused) == ERR_OK && rd_end(&r, &unused) == ERR_OK &&
           seen == (1u << 1 | 1u << 2 | 1u << 3);
}

static enum tpm_ek_identity
identity_of(const struct x509_cert *cert)
{
    struct slice value = {0};
    bool critical = false;

    if (x509_cert_extension(cert, OID(OID_SAN), &value, &critical)) {
        return san_names_tpm(value) ? EK_IDENTITY_TPM : EK_IDENTITY_NONE;
    }
    return x509_cert_extension(cert, OID(OID_INSTANCE), &value, &critical) ? EK_IDENTITY_INSTANCE
                                                                           : EK_IDENTITY_NONE;
}

void
tpm_ek_profile_read(const struct x509_cert *cert, unsigned version, struct tpm_ek_certificate *out)
{
    struct slice value = {0};
    bool critical = false;

    out->version = version;
    out->ca = cert->is_ca || cert->key_usage & X509_KU_KEY_CERT_SIGN;
    out->has_key_usage = cert->has_key_usage;
    out->key_usage = cert->key_usage;
    out->identity = identity_of(cert);
    out->has_eku = x509_cert_extension(cert, OID(OID_EKU), &value, &critical);
    out->eku_is_ek = out->has_eku && x509_cert_has_eku(cert, OID(OID_EK));
}

bool
tpm_ek_is_oaep(struct slice spki)
{
    struct rd r = rd_init(spki, "SubjectPublicKeyInfo");
    struct rd info = der_enter(&r, "SubjectPublicKeyInfo", DER_SEQUENCE);
    struct rd alg = der_enter(&info, "AlgorithmIdentifier", DER_SEQUENCE);
    struct slice oid = der_oid(&alg, "algorithm");

    return rd_ok(&alg) && slice_same(oid, OID(OID_RSAES_OAEP));
}
