/* SPDX-License-Identifier: Apache-2.0 */
/* algorithm.c - the one signature algorithm of AMD's certificates and CRLs, in the two encodings of it; see vek.h.
 *
 * RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.  Certificates issued until 2024 write trailerField, which
 * is the default, in so many bytes; later ones leave it out, as DER wants it.  Any other byte is refused: a hash or a salt
 * that is read from the certificate would be the attacker's to choose.  Source: RFC 4055 section 3.1; AMD 57230. */
#include "attest/base/der.h"
#include "attest/snp/vek.h"

/* OBJECT IDENTIFIERs with their headers, and AlgorithmIdentifier of SHA-384. */
#define PSS  0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a
#define MGF1 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08
#define SHA384 \
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00
/* [0] hash, [1] mask generation, [2] salt length, [3] trailer. */
#define HASH    0xa0, 0x0f, SHA384
#define MASK    0xa1, 0x1c, 0x30, 0x1a, MGF1, SHA384
#define SALT    0xa2, 0x03, 0x02, 0x01, 0x30
#define TRAILER 0xa3, 0x03, 0x02, 0x01, 0x01

static const uint8_t WITH_TRAILER[] = {0x30, 0x46, PSS, 0x30, 0x39, HASH, MASK, SALT, TRAILER};
static const uint8_t WITHOUT[] = {0x30, 0x41, PSS, 0x30, 0x34, HASH, MASK, SALT};

static const uint8_t OID_PSS[] = {PSS};

static bool
is_pss(struct slice der)
{
    struct rd r = rd_init(der, "AlgorithmIdentifier");
    struct rd in = der_enter(&r, "AlgorithmIdentifier", DER_SEQUENCE);

    return slice_same(der_whole(&in, "algorithm", DER_OID),
                      (struct slice){OID_PSS, sizeof OID_PSS});
}

enum err
snp_pss_algorithm(struct slice der, struct why *why)
{
    if (slice_same(der, (struct slice){WITH_TRAILER, sizeof WITH_TRAILER}) ||
        slice_same(der, (struct slice){WITHOUT, sizeof WITHOUT})) {
        return ERR_OK;
    }
    return why_add(why, ERR_DENIED, "%s",
                   is_pss(der) ? "RSASSA-PSS with another hash, mask, salt length or trailer"
                               : "another algorithm than RSASSA-PSS");
}
