/* SPDX-License-Identifier: Apache-2.0 */
/* crl_shelf.c - see crl_shelf.h. */
#include "broker/cloud/crl_shelf.h"

#include "attest/base/text.h"
#include "attest/snp/crl.h"
#include "attest/snp/vek.h"
#include "attest/x509/x509.h"
#include "common/mem.h"

#include <pthread.h>
#include <string.h>

struct list {
    uint8_t *der;
    size_t len;
    int64_t this_update, next_update;
    struct snp_crl_known known[2]; /* by KIND_AT; product NONE: no such intermediate is trusted */
};

#define KIND_AT(kind) ((kind) == SNP_VLEK)

struct crl_shelf {
    const struct snp_anchors *anchors;
    pthread_mutex_t lock;
    struct list list[SNP_PRODUCTS];
};

struct crl_shelf *
crl_shelf_new(const struct snp_anchors *anchors)
{
    struct crl_shelf *s = mem_new(1, sizeof *s);

    s->anchors = anchors;
    (void)pthread_mutex_init(&s->lock, NULL);
    return s;
}

void
crl_shelf_free(struct crl_shelf **s)
{
    if (*s == NULL) {
        return;
    }
    for (size_t p = 0; p < SNP_PRODUCTS; p++) {
        mem_free((*s)->list[p].der);
    }
    (void)pthread_mutex_destroy(&(*s)->lock);
    mem_free(*s);
    *s = NULL;
}

/* The trusted product whose ARK the list names as its issuer. */
static enum err
find_ark(const struct crl_shelf *s, struct slice der, enum snp_product *product,
         const struct snp_ca **ark, struct why *why)
{
    struct x509_crl crl = {0};
    struct slice cn = {0};

    TRY(x509_crl_decode(der, &crl, why));
    TRY(snp_amd_name(crl.issuer, &cn, why));
    for (int p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        const struct snp_ca *ca = &s->anchors->product[p - 1].ark;

        if (ca->present && slice_same(cn, slice_text(ca->cn))) {
            *product = (enum snp_product)p;
            *ark = ca;
            return ERR_OK;
        }
    }
    return why_add(why, ERR_DENIED, "the list's issuer \"%s\" is no root that is trusted",
                   text_show(cn).text);
}

static enum err
verify(const struct crl_shelf *s, struct slice der, struct list *list, struct crl_said *out,
       struct why *why)
{
    const struct snp_ca *ark = NULL;

    TRY(find_ark(s, der, &out->product, &ark, why));
    TRY(snp_crl_open(der, ark, &list->this_update, &list->next_update, why));
    out->next_update = list->next_update;
    return ERR_OK;
}

/* Once for each list, so that a verdict need not verify it again. */
static void
note_known(const struct crl_shelf *s, struct slice der, enum snp_product product, struct list *list)
{
    const enum snp_vek_kind kinds[] = {SNP_VCEK, SNP_VLEK};
    struct why unused = {0};

    for (size_t i = 0; i < 2; i++) {
        struct snp_crl_known *k = &list->known[KIND_AT(kinds[i])];

        if (snp_crl_keep(der, s->anchors, product, kinds[i], k, &unused) != ERR_OK) {
            *k = (struct snp_crl_known){0};
        }
    }
}

/* Called with the lock held. */
static bool
is_older(const struct crl_shelf *s, enum snp_product product, const struct list *list)
{
    const struct list *kept = &s->list[product];

    return kept->der != NULL && list->this_update < kept->this_update;
}

static enum err
older(enum snp_product product, struct why *why)
{
    return why_add(why, ERR_CONFLICT, "a newer list of %s is kept", snp_product_name(product));
}

enum err
crl_shelf_check(struct crl_shelf *s, struct slice der, struct crl_said *out, struct why *why)
{
    struct list list = {0};

    TRY(verify(s, der, &list, out, why));
    (void)pthread_mutex_lock(&s->lock);
    bool old = is_older(s, out->product, &list);

    (void)pthread_mutex_unlock(&s->lock);
    return old ? older(out->product, why) : ERR_OK;
}

enum err
crl_shelf_put(struct crl_shelf *s, struct slice der, struct crl_said *out, struct why *why)
{
    struct list list = {0};

    TRY(verify(s, der, &list, out, why));
    list.der = mem_raw(der.len);
    memcpy(list.der, der.ptr, der.len);
    list.len = der.len;
    note_known(s, der, out->product, &list);
    (void)pthread_mutex_lock(&s->lock);
    bool old = is_older(s, out->product, &list);
    struct list gone = old ? list : s->list[out->product];

    if (!old) {
        s->list[out->product] = list;
    }
    (void)pthread_mutex_unlock(&s->lock);
    mem_free(gone.der);
    return old ? older(out->product, why) : ERR_OK;
}

struct slice
crl_shelf_get(struct crl_shelf *s, enum snp_product product)
{
    struct slice out = {0};

    (void)pthread_mutex_lock(&s->lock);
    const struct list *l = &s->list[product];

    if (l->der != NULL) {
        uint8_t *copy = mem_raw(l->len);

        memcpy(copy, l->der, l->len);
        out = (struct slice){copy, l->len};
    }
    (void)pthread_mutex_unlock(&s->lock);
    return out;
}

bool
crl_shelf_known(struct crl_shelf *s, enum snp_product product, enum snp_vek_kind kind,
                struct snp_crl_known *out)
{
    (void)pthread_mutex_lock(&s->lock);
    *out = s->list[product].known[KIND_AT(kind)];
    (void)pthread_mutex_unlock(&s->lock);
    return out->product != SNP_PRODUCT_NONE;
}

int64_t
crl_shelf_half_s(struct crl_shelf *s, enum snp_product product, int64_t now)
{
    (void)pthread_mutex_lock(&s->lock);
    const struct list *l = &s->list[product];
    int64_t half = l->this_update + (l->next_update - l->this_update) / 2;

    (void)pthread_mutex_unlock(&s->lock);
    return half > now ? half - now : 0;
}
