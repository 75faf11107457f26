/* SPDX-License-Identifier: Apache-2.0 */
/* pcs.c - see pcs.h. */
#include "broker/cloud/pcs.h"

#include "attest/base/text.h"
#include "common/issuer_chain.h"

#include <stdio.h>
#include <string.h>

enum { ID_TRACK = 0, ID_CA = 1, ID_FMSPC = 2, FMSPC_LEN = 6 };

static const char *const KINDS[PCS_KINDS] = {
    [PCS_TCB_INFO] = "tcb_info",
    [PCS_QE_IDENTITY] = "qe_identity",
    [PCS_PCK_CRL] = "pck_crl",
    [PCS_ROOT_CRL] = "root_crl",
};

struct pcs_item
pcs_tcb_info(const uint8_t fmspc[6], enum pcs_track track)
{
    struct pcs_item item = {.kind = PCS_TCB_INFO, .track = track};

    memcpy(item.fmspc, fmspc, sizeof item.fmspc);
    return item;
}

struct pcs_item
pcs_qe_identity(enum pcs_track track)
{
    return (struct pcs_item){.kind = PCS_QE_IDENTITY, .track = track};
}

struct pcs_item
pcs_pck_crl(enum tdx_pck_ca ca)
{
    return (struct pcs_item){.kind = PCS_PCK_CRL, .ca = ca};
}

struct pcs_item
pcs_root_crl(void)
{
    return (struct pcs_item){.kind = PCS_ROOT_CRL};
}

bool
pcs_item_same(const struct pcs_item *a, const struct pcs_item *b)
{
    return a->kind == b->kind && a->track == b->track && a->ca == b->ca &&
           memcmp(a->fmspc, b->fmspc, sizeof a->fmspc) == 0;
}

const char *
pcs_kind_name(enum pcs_kind kind)
{
    return KINDS[kind];
}

const char *
pcs_track_name(enum pcs_track track)
{
    return track == PCS_EARLY ? "early" : "standard";
}

static const char *
ca_name(enum tdx_pck_ca ca)
{
    return ca == TDX_CA_PROCESSOR ? "processor" : "platform";
}

void
pcs_product_name(const struct pcs_item *item, char dst[PCS_PRODUCT_TEXT])
{
    char fmspc[2 * FMSPC_LEN + 1];

    hex_encode((struct slice){item->fmspc, sizeof item->fmspc}, fmspc);
    (void)snprintf(dst, PCS_PRODUCT_TEXT, "%s",
                   item->kind == PCS_TCB_INFO      ? fmspc
                   : item->kind == PCS_QE_IDENTITY ? "TD_QE"
                   : item->kind == PCS_PCK_CRL     ? ca_name(item->ca)
                                                   : "root");
}

struct errand_key
pcs_errand(const struct pcs_item *item)
{
    struct errand_key e = {.what = (uint8_t)item->kind};

    e.id[ID_TRACK] = (uint8_t)item->track;
    e.id[ID_CA] = (uint8_t)item->ca;
    memcpy(e.id + ID_FMSPC, item->fmspc, sizeof item->fmspc);
    return e;
}

struct pcs_item
pcs_errand_item(const struct errand_key *errand)
{
    struct pcs_item item = {.kind = (enum pcs_kind)errand->what,
                            .track = (enum pcs_track)errand->id[ID_TRACK],
                            .ca = (enum tdx_pck_ca)errand->id[ID_CA]};

    memcpy(item.fmspc, errand->id + ID_FMSPC, sizeof item.fmspc);
    return item;
}

const char *
pcs_header(enum pcs_kind kind)
{
    return issuer_chain_header(pcs_kind_name(kind));
}

static int
root_crl_url(const struct pcs_place *place, char dst[HTTP_GET_URL])
{
    return place->root_crl[0] != '\0'
               ? snprintf(dst, HTTP_GET_URL, "%s", place->root_crl)
               : snprintf(dst, HTTP_GET_URL, "%s/sgx/certification/v4/rootcacrl", place->base);
}

enum err
pcs_url(const struct pcs_place *place, const struct pcs_item *item, char dst[HTTP_GET_URL],
        struct why *why)
{
    char product[PCS_PRODUCT_TEXT];
    const char *track = pcs_track_name(item->track);
    int n = 0;

    pcs_product_name(item, product);
    switch (item->kind) {
    case PCS_TCB_INFO:
        n = snprintf(dst, HTTP_GET_URL, "%s/tdx/certification/v4/tcb?fmspc=%s&update=%s",
                     place->base, product, track);
        break;
    case PCS_QE_IDENTITY:
        n = snprintf(dst, HTTP_GET_URL, "%s/tdx/certification/v4/qe/identity?update=%s",
                     place->base, track);
        break;
    case PCS_PCK_CRL:
        n = snprintf(dst, HTTP_GET_URL, "%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der",
                     place->base, product);
        break;
    case PCS_ROOT_CRL:
    case PCS_KINDS: n = root_crl_url(place, dst); break;
    }
    return n > 0 && n < HTTP_GET_URL ? ERR_OK : why_add(why, ERR_BUG, "a URL of %d bytes", n);
}
