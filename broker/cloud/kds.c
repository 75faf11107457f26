/* SPDX-License-Identifier: Apache-2.0 */
/* kds.c - see kds.h. */
#include "broker/cloud/kds.h"

#include "attest/base/text.h"

#include <assert.h>
#include <stdio.h>

enum { TURIN_CHIP_LEN = 8 };

static_assert((size_t)VEK_KEY_BYTES == ERRAND_ID, "an errand holds the key of a VCEK");

/* By enum snp_product: how many bytes of the chip id count, and whether its TCB begins with the FMC. */
static const struct {
    const char *name;
    size_t chip_len;
    bool fmc;
} PRODUCTS[SNP_PRODUCTS] = {
    [SNP_MILAN] = {"Milan", SNP_CHIP_LEN, false},
    [SNP_GENOA] = {"Genoa", SNP_CHIP_LEN, false},
    [SNP_TURIN] = {"Turin", TURIN_CHIP_LEN, true},
};

static const char *
name_of(enum snp_product product)
{
    return product > SNP_PRODUCT_NONE && product < SNP_PRODUCTS ? PRODUCTS[product].name : NULL;
}

static enum err
fits(int n, struct why *why)
{
    return n > 0 && n < HTTP_GET_URL ? ERR_OK : why_add(why, ERR_BUG, "a URL of %d bytes", n);
}

enum err
kds_vcek_url(const char *base, const struct vek_key *key, char dst[HTTP_GET_URL], struct why *why)
{
    char chip[2 * SNP_CHIP_LEN + 1];
    char fmc[16] = "";
    const char *name = name_of(key->product);

    if (name == NULL) {
        return why_add(why, ERR_UNABLE, "KDS has no certificates of an unknown product");
    }
    hex_encode((struct slice){key->chip, PRODUCTS[key->product].chip_len}, chip);
    if (PRODUCTS[key->product].fmc) {
        (void)snprintf(fmc, sizeof fmc, "fmcSPL=%02u&", key->tcb.fmc);
    }
    return fits(snprintf(dst, HTTP_GET_URL,
                         "%s/vcek/v1/%s/%s?%sblSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u",
                         base, name, chip, fmc, key->tcb.bootloader, key->tcb.tee, key->tcb.snp,
                         key->tcb.microcode),
                why);
}

enum err
kds_crl_url(const char *base, enum snp_product product, char dst[HTTP_GET_URL], struct why *why)
{
    const char *name = name_of(product);

    if (name == NULL) {
        return why_add(why, ERR_UNABLE, "KDS has no revocation list of an unknown product");
    }
    return fits(snprintf(dst, HTTP_GET_URL, "%s/vcek/v1/%s/crl", base, name), why);
}

struct errand_key
kds_vcek_errand(const struct vek_key *key)
{
    struct errand_key e = {.what = KDS_VCEK};

    vek_key_write(key, e.id);
    return e;
}

struct errand_key
kds_crl_errand(enum snp_product product)
{
    const struct vek_key key = {.product = product};
    struct errand_key e = kds_vcek_errand(&key);

    e.what = KDS_CRL;
    return e;
}

struct vek_key
kds_errand_key(const struct errand_key *errand)
{
    return vek_key_read(errand->id);
}
