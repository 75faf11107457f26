/* SPDX-License-Identifier: Apache-2.0 */
/* roots_amd.c - see roots_amd.h.  Refuses an intermediate that AMD has revoked, whoever vouches for it. */
#include "common/roots_amd.h"

#include "attest/base/text.h"
#include "common/mem.h"
#include "common/sys.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 1024, PEM_BYTES_MAX = 1 << 16, MODULUS_LEN = 512 };

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

/* The PEM text of one file; empty when there is none. */
struct file {
    char path[PATH_BYTES];
    uint8_t *text; /* owned */
    size_t len;
};

static void
file_done(struct file *f)
{
    mem_free(f->text);
    *f = (struct file){0};
}

static enum err
file_open(const char *dir, const char *role, const char *product, struct file *out, struct why *why)
{
    int n = snprintf(out->path, sizeof out->path, "%s/amd/%s-%s.pem", dir, role, product);
    struct why unused = {0};
    enum err e = ERR_OK;

    if (n <= 0 || n >= PATH_BYTES) {
        return why_add(why, ERR_LIMIT, "roots %.80s: the path is too long", dir);
    }
    e = file_read(out->path, PEM_BYTES_MAX, &out->text, &out->len, &unused);
    if (e == ERR_NOT_FOUND || e == ERR_OK) {
        return e == ERR_OK && out->len == 0
                   ? why_add(why, ERR_MALFORMED, "%.140s: empty", out->path)
                   : ERR_OK;
    }
    return why_add(why, e, "%s", why_text(&unused));
}

static struct slice
file_slice(const struct file *f)
{
    return (struct slice){f->text, f->len};
}

static enum err
revoked_check(const struct snp_ca *ca, const struct file *f,
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
    struct file ark, ask, asvk;
};

static void
files_done(struct files *f)
{
    file_done(&f->ark);
    file_done(&f->ask);
    file_done(&f->asvk);
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
        const struct file *orphan = f.ask.len > 0 ? &f.ask : &f.asvk;

        return orphan->len == 0 ? ERR_OK
                                : why_add(why, ERR_MALFORMED, "%.100s without ark-%s.pem beside it",
                                          orphan->path, product);
    }
    e = snp_anchors_add(p, file_slice(&f.ark), file_slice(&f.ask), file_slice(&f.asvk), out, why);
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
