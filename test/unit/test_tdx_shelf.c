/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_shelf.c - what the broker keeps of Intel: pieces and sets (broker/cloud/intel_shelf.h), verified platforms
 * (broker/cloud/platform_cache.h), where PCS has what (pcs.h), and chains out of headers (common/issuer_chain.h). */
#include "test/unit/tdx_court.h"

#include <pthread.h>

#include "attest/base/text.h"
#include "broker/cloud/intel_shelf.h"
#include "broker/cloud/platform_cache.h"
#include "common/issuer_chain.h"
#include "common/mem.h"

static const uint8_t FMSPC2[6] = {1, 2, 3, 4, 5, 6};

/* ---- the shelf ---- */

static struct intel_shelf *
shelf_of(struct td_scene *s, size_t fmspc_max)
{
    return intel_shelf_new(&s->trust.tdx, fmspc_max);
}

static struct slice
ca_chain(struct td_scene *s)
{
    static struct td_chain c;

    c = (struct td_chain){.order = {TD_CA, TD_ROOT}, .n = 2};
    td_chain_make(s, &c);
    return td_pem(&c);
}

static enum err
put(struct intel_shelf *shelf, const struct td_scene *s, enum pcs_kind kind, struct slice chain,
    struct why *why)
{
    const struct slice body[PCS_KINDS] = {
        [PCS_TCB_INFO] = s->bytes.tcb_info,
        [PCS_QE_IDENTITY] = s->bytes.qe_identity,
        [PCS_PCK_CRL] = s->bytes.pck_crl,
        [PCS_ROOT_CRL] = s->bytes.root_crl,
    };
    const struct intel_piece p = {.kind = kind, .body = body[kind], .chain = chain};
    struct intel_said said;

    return intel_shelf_put(shelf, &p, TD_NOW, &said, why);
}

static void
fill(struct intel_shelf *shelf, struct td_scene *s)
{
    struct why why = {0};

    assert_int_equal(put(shelf, s, PCS_TCB_INFO, s->bytes.tcb_info_chain, &why), ERR_OK);
    assert_int_equal(put(shelf, s, PCS_QE_IDENTITY, s->bytes.qe_identity_chain, &why), ERR_OK);
    assert_int_equal(put(shelf, s, PCS_PCK_CRL, ca_chain(s), &why), ERR_OK);
    assert_int_equal(put(shelf, s, PCS_ROOT_CRL, (struct slice){0}, &why), ERR_OK);
}

static struct intel_choice
choice(const uint8_t fmspc[6], enum tdx_pck_ca ca)
{
    struct intel_choice c = {.ca = ca};

    memcpy(c.fmspc, fmspc, sizeof c.fmspc);
    return c;
}

static enum judgement
judge_by(struct td_scene *s, const struct intel_set *set)
{
    s->ev.tdx.collateral = NULL;
    s->ev.tdx.facts = set != NULL ? intel_set_facts(set) : NULL;
    return td_judge(s);
}

/* Judged by a set it is as by the bytes. */
static void
a_whole_set_accepts(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    td_make(s);
    struct intel_shelf *shelf = shelf_of(s, 4);
    const struct intel_choice c = choice(td_fmspc(), TDX_CA_PLATFORM);

    assert_null(intel_shelf_get(shelf, &c));
    fill(shelf, s);
    struct intel_set *set = intel_shelf_get(shelf, &c);

    assert_int_equal(judge_by(s, set), JUDGE_ACCEPT);
    intel_shelf_free(&shelf); /* the set is its holder's */
    assert_int_equal(judge_by(s, set), JUDGE_ACCEPT);
    s->ev.tdx.facts = NULL;
    intel_set_free(&set);
    assert_null(set);
}

/* What another FMSPC, CA or track has is none of its business; what lacks is unable and never refused. */
static void
a_part_of_a_set_is_unable(void **state)
{
    static const enum pcs_kind kinds[] = {PCS_TCB_INFO, PCS_QE_IDENTITY, PCS_PCK_CRL, PCS_ROOT_CRL};
    struct td_scene *s = court(4, 2);
    struct why why = {0};

    (void)state;
    td_make(s);
    for (unsigned mask = 0; mask < 15; mask++) {
        struct intel_shelf *shelf = shelf_of(s, 4);
        const struct intel_choice c = choice(td_fmspc(), TDX_CA_PLATFORM);

        for (unsigned k = 0; k < 4; k++) {
            const struct slice chain[] = {
                s->bytes.tcb_info_chain, s->bytes.qe_identity_chain, ca_chain(s), {0}};

            assert_true(!(mask >> k & 1) || put(shelf, s, kinds[k], chain[k], &why) == ERR_OK);
        }
        struct intel_set *set = intel_shelf_get(shelf, &c);

        assert_int_equal(judge_by(s, set), JUDGE_UNABLE);
        intel_set_free(&set);
        intel_shelf_free(&shelf);
    }
    s->ev.tdx.facts = NULL;
}

static void
names_are_apart(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    td_make(s);
    struct intel_shelf *shelf = shelf_of(s, 4);
    struct intel_choice c = choice(FMSPC2, TDX_CA_PLATFORM);

    fill(shelf, s);
    struct intel_set *set = intel_shelf_get(shelf, &c);

    assert_false(intel_set_facts(set)->tcb_document.present);
    assert_true(intel_set_facts(set)->qe_document.present);
    intel_set_free(&set);
    c = choice(td_fmspc(), TDX_CA_PROCESSOR);
    set = intel_shelf_get(shelf, &c);
    assert_true(intel_set_facts(set)->tcb_document.present);
    assert_false(intel_set_facts(set)->pck_crl.present);
    assert_false(intel_set_facts(set)->root_crl.present);
    intel_set_free(&set);
    c = choice(td_fmspc(), TDX_CA_NONE);
    c.track = PCS_EARLY;
    assert_null(intel_shelf_get(shelf, &c));
    intel_shelf_free(&shelf);
}

/* It is put together once, and again after a change. */
static void
a_set_is_shared_until_a_piece_changes(void **state)
{
    struct td_scene *s = court(4, 2);
    struct why why = {0};

    (void)state;
    td_make(s);
    struct intel_shelf *shelf = shelf_of(s, 4);
    const struct intel_choice c = choice(td_fmspc(), TDX_CA_PLATFORM);

    fill(shelf, s);
    struct intel_set *a = intel_shelf_get(shelf, &c);
    struct intel_set *b = intel_shelf_get(shelf, &c);

    assert_ptr_equal(a, b);
    s->pck_crl.serial[0] = TD_SERIAL_LEAF;
    s->pck_crl.serials = 1;
    s->pck_crl.since += 60;
    td_make(s);
    assert_int_equal(put(shelf, s, PCS_PCK_CRL, ca_chain(s), &why), ERR_OK);
    struct intel_set *now = intel_shelf_get(shelf, &c);

    assert_ptr_not_equal(now, a);
    assert_int_equal(judge_by(s, a), JUDGE_ACCEPT); /* whoever holds the old one keeps it */
    assert_int_equal(judge_by(s, now), JUDGE_REJECT);
    s->ev.tdx.facts = NULL;
    intel_set_free(&a);
    intel_set_free(&b);
    intel_set_free(&now);
    intel_shelf_free(&shelf);
}

static void
the_fmspc_used_longest_ago_makes_room(void **state)
{
    enum { MAX = 2, MANY = 9 };
    struct td_scene *s = court(4, 2);
    struct why why = {0};
    size_t there = 0;

    (void)state;
    td_make(s);
    struct intel_shelf *shelf = shelf_of(s, MAX);

    fill(shelf, s);
    for (unsigned n = 0; n < MANY; n++) {
        const uint8_t i = (uint8_t)n;
        const struct intel_choice first = choice(td_fmspc(), TDX_CA_PLATFORM);
        struct intel_set *set = intel_shelf_get(shelf, &first); /* used again and again */

        assert_true(intel_set_facts(set)->tcb_document.present);
        intel_set_free(&set);
        const uint8_t fmspc[6] = {i, i, i, i, i, i};
        char hex[2 * sizeof fmspc + 1];

        hex_encode((struct slice){fmspc, sizeof fmspc}, hex);
        s->tcb.fmspc = hex;
        paper_make(&s->tcb, td_key(TD_SIGNER));
        s->bytes.tcb_info = paper_slice(&s->tcb);
        assert_int_equal(put(shelf, s, PCS_TCB_INFO, s->bytes.tcb_info_chain, &why), ERR_OK);
    }
    for (unsigned n = 0; n < MANY; n++) {
        const uint8_t i = (uint8_t)n;
        const uint8_t fmspc[6] = {i, i, i, i, i, i};
        const struct pcs_item item = pcs_tcb_info(fmspc, PCS_STANDARD);
        int64_t until = 0;

        there += intel_shelf_until(shelf, &item, &until) ? 1 : 0;
    }
    assert_in_range(there, 1, 2 * MAX + 2);
    const struct pcs_item newest = pcs_tcb_info((const uint8_t[6]){8, 8, 8, 8, 8, 8}, PCS_STANDARD);
    const struct pcs_item oldest = pcs_tcb_info((const uint8_t[6]){0}, PCS_STANDARD);
    const struct pcs_item crl = pcs_pck_crl(TDX_CA_PLATFORM);
    int64_t until = 0;

    assert_true(intel_shelf_until(shelf, &newest, &until));
    assert_false(intel_shelf_until(shelf, &oldest, &until));
    assert_true(intel_shelf_until(shelf, &crl, &until));
    intel_shelf_free(&shelf);
}

/* Sets are taken, given back and forgotten by many at once: for the sanitizers. */
struct reader {
    struct intel_shelf *shelf;
    struct td_scene *s;
    bool writes;
};

static void *
read_or_write(void *arg)
{
    const struct reader *r = arg;
    const struct intel_choice c = choice(td_fmspc(), TDX_CA_PLATFORM);
    struct why why = {0};

    for (int i = 0; i < 60; i++) {
        struct intel_set *set = intel_shelf_get(r->shelf, &c);

        if (set == NULL || !part_ok(&intel_set_facts(set)->tcb_document.decode)) {
            return NULL;
        }
        intel_set_free(&set);
        if (r->writes && put(r->shelf, r->s, PCS_ROOT_CRL, (struct slice){0}, &why) != ERR_OK) {
            return NULL;
        }
    }
    return arg;
}

static void
readers_and_writers_at_once(void **state)
{
    struct td_scene *s = court(4, 2);
    struct reader r[3];
    pthread_t t[3];

    (void)state;
    td_make(s);
    struct intel_shelf *shelf = shelf_of(s, 4);

    fill(shelf, s);
    for (int i = 0; i < 3; i++) {
        r[i] = (struct reader){shelf, s, i == 0};
        assert_int_equal(pthread_create(&t[i], NULL, read_or_write, &r[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        void *good = NULL;

        (void)pthread_join(t[i], &good);
        assert_non_null(good);
    }
    intel_shelf_free(&shelf);
}

/* ---- platforms ---- */

static void
open_platform(struct td_scene *s, struct tdx_platform *p)
{
    struct why why = {0};

    assert_int_equal(tdx_platform_open(s->ev.tdx.quote, &s->trust.tdx, p, &why), ERR_OK);
}

static void
a_platform_comes_back_whole(void **state)
{
    struct td_scene *s = court(5, 3);
    struct platform_cache *c = platform_cache_new(4);
    struct tdx_platform p = {0};
    struct tdx_platform out = {0};

    (void)state;
    td_make(s);
    open_platform(s, &p);
    assert_false(platform_cache_get(c, p.key, TD_NOW, &out));
    platform_cache_put(c, &p);
    platform_cache_put(c, &p); /* in its own place */
    assert_int_equal(platform_cache_count(c), 1);
    assert_true(platform_cache_get(c, p.key, TD_NOW, &out));
    platform_cache_free(&c); /* the copy is the caller's */
    assert_memory_equal(&out, &p, offsetof(struct tdx_platform, ak));
    assert_true(sig_key_same(&out.ak, &p.ak));
    s->ev.tdx.known = &out;
    tdx_collateral_judge(&s->bytes, &s->trust.tdx, td_ca_der(s), &s->room);
    s->ev.tdx.facts = &s->room;
    assert_int_equal(td_judge(s), JUDGE_ACCEPT); /* its key verifies */
    td_forget(s, &out);
    tdx_platform_done(&p);
}

static void
a_platform_has_its_time(void **state)
{
    struct td_scene *s = court(4, 2);
    struct platform_cache *c = platform_cache_new(4);
    struct tdx_platform p = {0};
    struct tdx_platform out = {0};

    (void)state;
    td_make(s);
    open_platform(s, &p);
    platform_cache_put(c, &p);
    assert_false(platform_cache_get(c, p.key, p.not_after + 1, &out));
    assert_false(platform_cache_get(c, p.key, p.not_before - 1, &out));
    assert_true(platform_cache_get(c, p.key, p.not_after, &out));
    tdx_platform_done(&out);
    tdx_platform_done(&p);
    platform_cache_free(&c);
}

static void
thousands_of_platforms_come_and_go(void **state)
{
    enum { MAX = 100, MANY = 3000 };
    struct td_scene *s = court(4, 2);
    struct platform_cache *c = platform_cache_new(MAX);
    struct tdx_platform p = {0};
    struct tdx_platform out = {0};

    (void)state;
    td_make(s);
    open_platform(s, &p);
    for (unsigned i = 0; i < MANY; i++) {
        memcpy(p.key, &i, sizeof i);
        platform_cache_put(c, &p);
    }
    assert_int_equal(platform_cache_count(c), MAX);
    for (unsigned i = 0; i < MANY; i++) {
        memcpy(p.key, &i, sizeof i);
        bool there = platform_cache_get(c, p.key, TD_NOW, &out);

        assert_int_equal(there, i >= MANY - MAX);
        if (there) {
            tdx_platform_done(&out);
        }
    }
    p.ak.curve = CURVE_P384; /* none of TDX */
    memset(p.key, 0xff, sizeof p.key);
    platform_cache_put(c, &p);
    assert_false(platform_cache_get(c, p.key, TD_NOW, &out));
    p.ak.curve = CURVE_P256;
    tdx_platform_done(&p);
    platform_cache_free(&c);
}

struct runner {
    struct platform_cache *c;
    const struct tdx_platform *p;
    unsigned seed;
};

static void *
run(void *arg)
{
    const struct runner *r = arg;
    struct tdx_platform mine = *r->p; /* its key is another's, and outlives us */
    struct tdx_platform out = {0};

    for (unsigned i = 0; i < 2000; i++) {
        unsigned n = (i * 7 + r->seed) % 50;

        memcpy(mine.key, &n, sizeof n);
        platform_cache_put(r->c, &mine);
        n = (i * 11 + r->seed) % 50;
        memcpy(mine.key, &n, sizeof n);
        if (platform_cache_get(r->c, mine.key, TD_NOW, &out)) {
            tdx_platform_done(&out);
        }
    }
    return NULL;
}

static void
four_threads_at_once(void **state)
{
    struct td_scene *s = court(4, 2);
    struct platform_cache *c = platform_cache_new(20);
    struct tdx_platform p = {0};
    struct runner r[4];
    pthread_t t[4];

    (void)state;
    td_make(s);
    open_platform(s, &p);
    for (unsigned i = 0; i < 4; i++) {
        r[i] = (struct runner){c, &p, i * 13};
        assert_int_equal(pthread_create(&t[i], NULL, run, &r[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        (void)pthread_join(t[i], NULL);
    }
    assert_int_equal(platform_cache_count(c), 20);
    platform_cache_free(&c);
    tdx_platform_done(&p);
}

/* ---- where it is ---- */

static void
urls_by_piece(void **state)
{
    static const uint8_t fmspc[6] = {0x90, 0xc0, 0x6f, 0, 0, 0x0a};
    const struct pcs_place pcs = {"https://pcs", "https://certs/root.der"};
    const struct pcs_place pccs = {"https://pccs:8081", ""};
    const struct {
        const struct pcs_place *place;
        struct pcs_item item;
        const char *url;
    } rows[] = {
        {&pcs, pcs_tcb_info(fmspc, PCS_STANDARD),
         "https://pcs/tdx/certification/v4/tcb?fmspc=90c06f00000a&update=standard"},
        {&pcs, pcs_tcb_info(fmspc, PCS_EARLY),
         "https://pcs/tdx/certification/v4/tcb?fmspc=90c06f00000a&update=early"},
        {&pcs, pcs_qe_identity(PCS_EARLY),
         "https://pcs/tdx/certification/v4/qe/identity?update=early"},
        {&pcs, pcs_pck_crl(TDX_CA_PLATFORM),
         "https://pcs/sgx/certification/v4/pckcrl?ca=platform&encoding=der"},
        {&pccs, pcs_pck_crl(TDX_CA_PROCESSOR),
         "https://pccs:8081/sgx/certification/v4/pckcrl?ca=processor&encoding=der"},
        {&pcs, pcs_root_crl(), "https://certs/root.der"},
        {&pccs, pcs_root_crl(), "https://pccs:8081/sgx/certification/v4/rootcacrl"},
    };
    char url[HTTP_GET_URL];
    struct why why = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct errand_key e = pcs_errand(&rows[i].item);
        const struct pcs_item back = pcs_errand_item(&e);

        assert_int_equal(pcs_url(rows[i].place, &rows[i].item, url, &why), ERR_OK);
        assert_string_equal(url, rows[i].url);
        assert_true(pcs_item_same(&back, &rows[i].item));
    }
    assert_string_equal(pcs_header(PCS_TCB_INFO), "TCB-Info-Issuer-Chain");
    assert_string_equal(pcs_header(PCS_QE_IDENTITY), "SGX-Enclave-Identity-Issuer-Chain");
    assert_string_equal(pcs_header(PCS_PCK_CRL), "SGX-PCK-CRL-Issuer-Chain");
    assert_null(pcs_header(PCS_ROOT_CRL));
}

/* ---- chains in headers ---- */

static void
chains_of_headers(void **state)
{
    static const struct {
        const char *header, *pem; /* NULL: refused */
    } rows[] = {
        {"-----BEGIN%20CERTIFICATE-----%0AAA%2B%2F%3d%0A", "-----BEGIN CERTIFICATE-----\nAA+/=\n"},
        {"-----BEGIN CERTIFICATE-----%0D%0AA+", "-----BEGIN CERTIFICATE-----\r\nA+"},
        {"%2d----BEGIN ", "-----BEGIN "},
        {"", NULL},
        {"hello", NULL},
        {"%0", NULL},
        {"-----BEGIN %", NULL},
        {"-----BEGIN %2", NULL},
        {"-----BEGIN %G0", NULL},
        {"-----BEGIN %2g", NULL},
        {"-----BEGIN %00", NULL},
        {"-----BEGIN %7f", NULL},
        {"-----BEGIN %c3%a9", NULL},
        {"-----BEGIN \t", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(mem_free_bytes) uint8_t *pem = NULL;
        struct why why = {0};
        size_t len = 0;
        enum err e = issuer_chain_pem(slice_text(rows[i].header), &pem, &len, &why);

        if (rows[i].pem == NULL) {
            assert_int_equal(e, ERR_MALFORMED);
            assert_null(pem);
        } else {
            assert_int_equal(e, ERR_OK);
            assert_true(slice_same((struct slice){pem, len}, slice_text(rows[i].pem)));
        }
    }
}

static void
a_chain_has_an_end(void **state)
{
    AUTO(mem_free_bytes) uint8_t *text = mem_new(ISSUER_CHAIN_MAX + 1, 1);
    AUTO(mem_free_bytes) uint8_t *pem = NULL;
    struct why why = {0};
    size_t len = 0;

    (void)state;
    memset(text, 'A', ISSUER_CHAIN_MAX + 1);
    memcpy(text, "-----BEGIN ", 11);
    assert_int_equal(issuer_chain_pem((struct slice){text, ISSUER_CHAIN_MAX + 1}, &pem, &len, &why),
                     ERR_LIMIT);
    assert_int_equal(issuer_chain_pem((struct slice){text, ISSUER_CHAIN_MAX}, &pem, &len, &why),
                     ERR_OK);
    assert_int_equal(len, ISSUER_CHAIN_MAX);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_set_accepts),
        cmocka_unit_test(a_part_of_a_set_is_unable),
        cmocka_unit_test(names_are_apart),
        cmocka_unit_test(a_set_is_shared_until_a_piece_changes),
        cmocka_unit_test(the_fmspc_used_longest_ago_makes_room),
        cmocka_unit_test(readers_and_writers_at_once),
        cmocka_unit_test(a_platform_comes_back_whole),
        cmocka_unit_test(a_platform_has_its_time),
        cmocka_unit_test(thousands_of_platforms_come_and_go),
        cmocka_unit_test(four_threads_at_once),
        cmocka_unit_test(urls_by_piece),
        cmocka_unit_test(chains_of_headers),
        cmocka_unit_test(a_chain_has_an_end),
    };

    return cmocka_run_group_tests_name("tdx_shelf", tests, NULL, NULL);
}
