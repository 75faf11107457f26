/* SPDX-License-Identifier: Apache-2.0 */
/* roots_amd.c - see roots_amd.h.  Refuses an intermediate that AMD has revoked, whoever vouches for it. */
#include "common/roots_amd.h"

#include "attest/base/text.h"
#include "common/roots_file.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 32, MODULUS_LEN = 512 };

/* ---- out of certs/ ---- */

/* Big-endian, without leading zeros. */
static void
serial_fill(uint32_t serial, struct snp_ca *out)
{
    out->serial_len = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (out->serial_len > 0 || serial >> shift != 0) {
            out->serial[out->serial_len++] = (uint8_t)(serial >> shift);
        }
    }
}

static enum err
ca_fill(const struct amd_ca *fact, struct snp_ca *out, struct why *why)
{
    uint8_t modulus[MODULUS_LEN];
    size_t len = 0;

    TRY(hex_decode(slice_text(fact->modulus), modulus, sizeof modulus, &len, why));
    TRY(rfc3339_parse(slice_text(fact->not_before), &out->not_before, why));
    TRY(rfc3339_parse(slice_text(fact->not_after), &out->not_after, why));
    TRY(sig_key_rsa((struct slice){modulus, len}, fact->exponent, &out->key, why));
    serial_fill(fact->serial, out);
    out->cn = fact->cn;
    out->present = true;
    return ERR_OK;
}

static enum err
product_fill(const struct amd_product *p, struct snp_anchors *out, struct why *why)
{
    size_t at = (size_t)p->product - 1;

    TRY(ca_fill(&p->ark, &out->product[at].ark, why));
    TRY(ca_fill(&p->ask, &out->product[at].ask, why));
    return ca_fill(&p->asvk, &out->product[at].asvk, why);
}

enum err
roots_amd_builtin(struct snp_anchors *out, struct why *why)
{
    TRY(product_fill(amd_milan(), out, why));
    TRY(product_fill(amd_genoa(), out, why));
    return product_fill(amd_turin(), out, why);
}

enum err
roots_amd_revoked(struct roots_amd_revoked *out, struct why *why)
{
    size_t n = 0;
    const struct amd_revoked *facts = amd_revoked(&n);
    enum err e = ERR_OK;

    out->n = 0;
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct snp_revoked *r = &out->list[out->n++];
        size_t len = 0;

        e = hex_decode(slice_text(facts[i].spki_sha256), r->spki_sha256, sizeof r->spki_sha256,
                       &len, why);
        if (e == ERR_OK) {
            e = rfc3339_parse(slice_text(facts[i].since), &r->since, why);
        }
    }
    return e;
}

/* ---- out of a folder ---- */

static enum err
file_open(const char *dir, const char *role, const char *product, struct roots_file *out,
          struct why *why)
{
    char name[NAME_BYTES];

    (void)snprintf(name, sizeof name, "amd/%s-%s.pem", role, product);
    return roots_file_open(dir, name, out, why);
}

static enum err
revoked_check(const struct snp_ca *ca, const struct roots_file *f,
              const struct roots_amd_revoked *revoked, struct why *why)
{
    uint8_t digest[SHA256_LEN];
    char date[RFC3339_LEN + 1];

    if (!ca->present) {
        return ERR_OK;
    }
    TRY(sig_key_digest(&ca->key, digest, why));
    for (size_t i = 0; i < revoked->n; i++) {
        if (memcmp(digest, revoked->list[i].spki_sha256, sizeof digest) == 0) {
            rfc3339_format(revoked->list[i].since, date);
            return why_add(why, ERR_DENIED, "%.100s: AMD revoked it, %s", f->path, date);
        }
    }
    return ERR_OK;
}

struct files {
    struct roots_file ark, ask, asvk;
};

static void
files_done(struct files *f)
{
    roots_file_done(&f->ark);
    roots_file_done(&f->ask);
    roots_file_done(&f->asvk);
}

static enum err
files_open(const char *dir, const char *product, struct files *out, struct why *why)
{
    TRY(file_open(dir, "ark", product, &out->ark, why));
    TRY(file_open(dir, "ask", product, &out->ask, why));
    return file_open(dir, "asvk", product, &out->asvk, why);
}

/* One product line. */
static enum err
product_add(const char *dir, enum snp_product p, const char *product,
            const struct roots_amd_revoked *revoked, struct snp_anchors *out, struct why *why)
{
    AUTO(files_done) struct files f = {0};
    size_t at = (size_t)p - 1;
    enum err e = ERR_OK;

    TRY(files_open(dir, product, &f, why));
    if (f.ark.len == 0) {
        const struct roots_file *orphan = f.ask.len > 0 ? &f.ask : &f.asvk;

        return orphan->len == 0 ? ERR_OK
                                : why_add(why, ERR_MALFORMED, "%.100s without ark-%s.pem beside it",
                                          orphan->path, product);
    }
    e = snp_anchors_add(p, roots_file_slice(&f.ark), roots_file_slice(&f.ask),
                        roots_file_slice(&f.asvk), out, why);
    if (e != ERR_OK) {
        return why_add(why, e, "in %.100s/amd, %s", dir, product);
    }
    TRY(revoked_check(&out->product[at].ask, &f.ask, revoked, why));
    return revoked_check(&out->product[at].asvk, &f.asvk, revoked, why);
}

enum err
roots_amd_folder(const char *dir, const struct roots_amd_revoked *revoked, struct snp_anchors *out,
                 struct why *why)
{
    TRY(product_add(dir, SNP_MILAN, "milan", revoked, out, why));
    TRY(product_add(dir, SNP_GENOA, "genoa", revoked, out, why));
    return product_add(dir, SNP_TURIN, "turin", revoked, out, why);
}
