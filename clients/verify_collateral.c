/* SPDX-License-Identifier: Apache-2.0 */
/* verify_collateral.c - see verify_collateral.h. */
#include "clients/verify_collateral.h"

#include <stdio.h>
#include <unistd.h>

#include "common/crl_text.h"
#include "common/mem.h"
#include "common/sys.h"

enum { PATH_BYTES = 1024 };

/* In the order of struct tdx_collateral. */
static const char *const DOCUMENTS[VERIFY_DOCUMENTS] = {
    "tcb_info.json",
    "tcb_info_issuer_chain.pem",
    "qe_identity.json",
    "qe_identity_issuer_chain.pem",
};
static const char *const CRLS[VERIFY_CRLS] = {"pck_crl", "root_ca_crl"};

void
verify_collateral_done(struct verify_collateral *c)
{
    for (size_t i = 0; i < VERIFY_DOCUMENTS; i++) {
        verify_file_done(&c->document[i]);
        verify_file_done(&c->early[i]);
    }
    for (size_t i = 0; i < VERIFY_CRLS; i++) {
        verify_file_done(&c->crl[i]);
    }
    mem_free(c->room);
    mem_free(c->early_facts);
    *c = (struct verify_collateral){.room = NULL};
}

/* A file that is not there is left empty. */
static enum err
read_one(const char *dir, const char *name, const char *ending, struct verify_file *into,
         struct why *why)
{
    char path[PATH_BYTES];
    struct why trouble = {0};
    int n = snprintf(path, sizeof path, "%s/%s%s", dir, name, ending);

    if (n <= 0 || n >= PATH_BYTES) {
        return why_add(why, ERR_LIMIT, "%.80s: the path is too long", dir);
    }

    enum err e = file_read(path, VERIFY_FILE_MAX, &into->bytes, &into->len, &trouble);

    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (e != ERR_OK) {
        return why_add(why, e, "%s", why_text(&trouble));
    }
    return into->len > 0 ? ERR_OK : why_add(why, ERR_MALFORMED, "%.140s is empty", path);
}

static enum err
read_documents(const char *dir, struct verify_file file[VERIFY_DOCUMENTS], struct why *why)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < VERIFY_DOCUMENTS && e == ERR_OK; i++) {
        e = read_one(dir, DOCUMENTS[i], "", &file[i], why);
    }
    return e;
}

/* What is no CRL stays as it is, for the rule that refuses it. */
static void
make_der(struct verify_file *f)
{
    struct why why = {0};
    uint8_t *der = NULL;
    size_t len = 0;

    if (f->len > 0 && crl_der(verify_bytes(f), &der, &len, &why) == ERR_OK) {
        verify_file_done(f);
        *f = (struct verify_file){der, len};
    }
}

static enum err
read_crl(const char *dir, const char *name, struct verify_file *into, struct why *why)
{
    static const char *const ENDINGS[] = {".der", ".pem", ".hex"};
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0] && e == ERR_OK && into->len == 0;
         i++) {
        e = read_one(dir, name, ENDINGS[i], into, why);
    }
    make_der(into);
    return e;
}

static struct tdx_collateral
documents_of(const struct verify_file file[VERIFY_DOCUMENTS])
{
    return (struct tdx_collateral){
        .tcb_info = verify_bytes(&file[0]),
        .tcb_info_chain = verify_bytes(&file[1]),
        .qe_identity = verify_bytes(&file[2]),
        .qe_identity_chain = verify_bytes(&file[3]),
    };
}

/* CRLs are of no track: those beside the standard documents count. */
static enum err
read_early(const char *dir, const struct tdx_anchor *anchor, struct verify_collateral *out,
           struct why *why)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/early", dir);

    if (n <= 0 || n >= PATH_BYTES || access(path, F_OK) != 0) {
        return ERR_OK;
    }
    TRY(read_documents(path, out->early, why));

    const struct tdx_collateral bytes = documents_of(out->early);

    out->early_facts = mem_new(1, sizeof *out->early_facts);
    tdx_collateral_judge(&bytes, anchor, (struct slice){0}, out->early_facts);
    return ERR_OK;
}

enum err
verify_collateral_read(const char *dir, const struct tdx_anchor *anchor,
                       struct verify_collateral *out, struct why *why)
{
    if (access(dir, R_OK | X_OK) != 0) {
        return why_add(why, ERR_NOT_FOUND, "cannot open %s", dir);
    }
    TRY(read_documents(dir, out->document, why));
    TRY(read_crl(dir, CRLS[0], &out->crl[0], why));
    TRY(read_crl(dir, CRLS[1], &out->crl[1], why));
    out->bytes = documents_of(out->document);
    out->bytes.pck_crl = verify_bytes(&out->crl[0]);
    out->bytes.root_crl = verify_bytes(&out->crl[1]);
    out->room = mem_new(1, sizeof *out->room);
    return read_early(dir, anchor, out, why);
}
