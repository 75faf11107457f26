/* SPDX-License-Identifier: Apache-2.0 */
/* test_collateral_cache.c - the memory of verified VCEKs, and where KDS has what (broker/cloud/vek_cache.h, kds.h, http_get.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "broker/cloud/kds.h"
#include "common/mem.h"

enum { FIELD = 48 };

/* A P-384 key of this test's own. */
static void
make_key(struct sig_key *out)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-384");
    uint8_t point[1 + 2 * FIELD];
    size_t len = 0;
    struct why why = {0};

    assert_non_null(pkey);
    assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                                     point, sizeof point, &len),
                     1);
    assert_int_equal(len, sizeof point);
    assert_int_equal(sig_key_ec(CURVE_P384, (struct slice){point + 1, FIELD},
                                (struct slice){point + 1 + FIELD, FIELD}, out, &why),
                     ERR_OK);
    EVP_PKEY_free(pkey);
}

static struct vek_key
key_of(unsigned n)
{
    struct vek_key k = {.product = SNP_GENOA, .tcb = {0, 1, 2, 3, 4}};

    memcpy(k.chip, &n, sizeof n);
    return k;
}

static struct snp_vek
vek_of(const struct vek_key *key, const struct sig_key *sig, int64_t not_after)
{
    struct snp_vek v = {.product = key->product,
                        .kind = SNP_VCEK,
                        .tcb = key->tcb,
                        .hwid_len = 64,
                        .not_before = 7,
                        .not_after = not_after};

    memcpy(v.hwid, key->chip, sizeof v.hwid);
    memset(v.spki_sha256, 0x5a, sizeof v.spki_sha256);
    assert_true(sig_key_share(sig, &v.key));
    return v;
}

static void
put(struct vek_cache *c, unsigned n, const struct sig_key *sig, int64_t not_after)
{
    const struct vek_key key = key_of(n);
    struct snp_vek vek = vek_of(&key, sig, not_after);

    vek_cache_put(c, &key, &vek, (struct slice){0});
    snp_vek_done(&vek);
}

static bool
has(struct vek_cache *c, unsigned n)
{
    const struct vek_key key = key_of(n);
    struct snp_vek out = {0};
    bool hit = vek_cache_get(c, &key, &out);

    snp_vek_done(&out);
    return hit;
}

static void
what_was_put_comes_back_whole(void **state)
{
    struct vek_cache *c = vek_cache_new(4);
    const struct vek_key key = key_of(1);
    struct sig_key sig = {0};
    struct snp_vek out = {0};

    (void)state;
    make_key(&sig);
    assert_false(vek_cache_get(c, &key, &out));
    put(c, 1, &sig, 99);
    assert_true(vek_cache_get(c, &key, &out));
    vek_cache_free(&c); /* the copy is the caller's */
    assert_int_equal(out.product, SNP_GENOA);
    assert_int_equal(out.kind, SNP_VCEK);
    assert_memory_equal(&out.tcb, &key.tcb, sizeof out.tcb);
    assert_memory_equal(out.hwid, key.chip, sizeof out.hwid);
    assert_int_equal(out.hwid_len, 64);
    assert_string_equal(out.csp_id, "");
    assert_int_equal(out.not_before, 7);
    assert_int_equal(out.not_after, 99);
    assert_int_equal(out.spki_sha256[31], 0x5a);
    assert_true(sig_key_same(&out.key, &sig));
    snp_vek_done(&out);
    sig_key_done(&sig);
}

/* Product, each byte of the chip and each component of the TCB. */
static void
each_part_of_the_key_counts(void **state)
{
    struct vek_cache *c = vek_cache_new(4);
    struct sig_key sig = {0};
    struct snp_vek out = {0};

    (void)state;
    make_key(&sig);
    put(c, 1, &sig, 99);
    for (size_t i = 0; i < SNP_CHIP_LEN + 6; i++) {
        struct vek_key k = key_of(1);
        uint8_t *const tcb[] = {&k.tcb.fmc, &k.tcb.bootloader, &k.tcb.tee, &k.tcb.snp,
                                &k.tcb.microcode};

        if (i < SNP_CHIP_LEN) {
            k.chip[i] ^= 1;
        } else if (i < SNP_CHIP_LEN + 5) {
            *tcb[i - SNP_CHIP_LEN] ^= 1;
        } else {
            k.product = SNP_MILAN;
        }
        assert_false(vek_cache_get(c, &k, &out));
    }
    vek_cache_free(&c);
    sig_key_done(&sig);
}

static void
the_one_used_longest_ago_makes_room(void **state)
{
    struct vek_cache *c = vek_cache_new(3);
    struct sig_key sig = {0};

    (void)state;
    make_key(&sig);
    for (unsigned i = 1; i <= 3; i++) {
        put(c, i, &sig, 99);
    }
    assert_true(has(c, 1)); /* used: 2 is the oldest now */
    put(c, 4, &sig, 99);
    assert_int_equal(vek_cache_count(c), 3);
    assert_true(has(c, 1) && has(c, 3) && has(c, 4));
    assert_false(has(c, 2));
    put(c, 3, &sig, 100); /* the same key takes its own place */
    assert_int_equal(vek_cache_count(c), 3);
    assert_true(has(c, 1));
    vek_cache_free(&c);
    sig_key_done(&sig);
}

/* Thousands come and go through a small one, and what must be there is there. */
static void
a_long_life_keeps_the_newest(void **state)
{
    enum { MAX = 100, MANY = 5000 };
    struct vek_cache *c = vek_cache_new(MAX);
    struct sig_key sig = {0};

    (void)state;
    make_key(&sig);
    for (unsigned i = 0; i < MANY; i++) {
        put(c, i, &sig, 99);
        assert_true(has(c, i));
    }
    assert_int_equal(vek_cache_count(c), MAX);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(has(c, i), i >= MANY - MAX);
    }
    vek_cache_free(&c);
    sig_key_done(&sig);
}

static void
a_certificate_is_taken_once(void **state)
{
    struct vek_cache *c = vek_cache_new(2);
    const struct vek_key key = key_of(1);
    struct sig_key sig = {0};
    uint8_t *der = NULL;

    (void)state;
    make_key(&sig);
    struct snp_vek vek = vek_of(&key, &sig, 99);

    assert_int_equal(vek_cache_take(c, &key, &der), 0);
    vek_cache_put(c, &key, &vek, slice_text("old"));
    vek_cache_put(c, &key, &vek, slice_text("certificate"));
    assert_int_equal(vek_cache_take(c, &key, &der), 11);
    assert_memory_equal(der, "certificate", 11);
    mem_free_bytes(&der);
    assert_int_equal(vek_cache_take(c, &key, &der), 0);
    assert_null(der);
    vek_cache_put(c, &key, &vek, slice_text("evicted"));
    put(c, 2, &sig, 99);
    put(c, 3, &sig, 99);
    assert_int_equal(vek_cache_take(c, &key, &der), 0);
    vek_cache_put(c, &key, &vek, slice_text("left behind"));
    snp_vek_done(&vek);
    vek_cache_free(&c);
    sig_key_done(&sig);
}

static void
vleks_and_other_keys_are_left_out(void **state)
{
    struct vek_cache *c = vek_cache_new(4);
    const struct vek_key key = key_of(1);
    struct sig_key sig = {0};

    (void)state;
    make_key(&sig);
    struct snp_vek vek = vek_of(&key, &sig, 99);

    vek.kind = SNP_VLEK;
    vek_cache_put(c, &key, &vek, (struct slice){0});
    vek.kind = SNP_VCEK;
    vek.key.curve = CURVE_P256;
    vek_cache_put(c, &key, &vek, (struct slice){0});
    vek.key.curve = CURVE_P384;
    vek.hwid_len = SNP_CHIP_LEN + 1;
    vek_cache_put(c, &key, &vek, (struct slice){0});
    assert_int_equal(vek_cache_count(c), 0);
    snp_vek_done(&vek);
    vek_cache_free(&c);
    sig_key_done(&sig);
}

struct runner {
    struct vek_cache *c;
    const struct sig_key *sig;
    unsigned seed;
};

static void *
run(void *arg)
{
    const struct runner *r = arg;

    for (unsigned i = 0; i < 3000; i++) {
        put(r->c, (i * 7 + r->seed) % 50, r->sig, 99);
        (void)has(r->c, (i * 11 + r->seed) % 50);
    }
    return NULL;
}

/* Replaced and evicted while others look: for ThreadSanitizer and AddressSanitizer. */
static void
four_threads_at_once(void **state)
{
    struct vek_cache *c = vek_cache_new(20);
    struct sig_key sig = {0};
    struct runner r[4];
    pthread_t t[4];

    (void)state;
    make_key(&sig);
    for (unsigned i = 0; i < 4; i++) {
        r[i] = (struct runner){c, &sig, i * 13};
        assert_int_equal(pthread_create(&t[i], NULL, run, &r[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        (void)pthread_join(t[i], NULL);
    }
    assert_int_equal(vek_cache_count(c), 20);
    vek_cache_free(&c);
    sig_key_done(&sig);
}

static void
urls_by_product(void **state)
{
    struct vek_key k = {.product = SNP_MILAN, .tcb = {9, 3, 0, 8, 217}};
    char url[HTTP_GET_URL];
    char hex[2 * SNP_CHIP_LEN + 1];
    char want[HTTP_GET_URL];
    struct why why = {0};

    (void)state;
    memset(k.chip, 0xab, sizeof k.chip);
    hex_encode((struct slice){k.chip, sizeof k.chip}, hex);
    (void)snprintf(want, sizeof want,
                   "https://k/vcek/v1/Milan/%s?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=217", hex);
    assert_int_equal(kds_vcek_url("https://k", &k, url, &why), ERR_OK);
    assert_string_equal(url, want);
    k.product = SNP_TURIN;
    assert_int_equal(kds_vcek_url("https://k", &k, url, &why), ERR_OK);
    assert_string_equal(url, "https://k/vcek/v1/Turin/abababababababab"
                             "?fmcSPL=09&blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=217");
    assert_int_equal(kds_crl_url("https://k/m", SNP_GENOA, url, &why), ERR_OK);
    assert_string_equal(url, "https://k/m/vcek/v1/Genoa/crl");
}

static void
no_url_for_what_has_no_name(void **state)
{
    struct vek_key k = {.product = SNP_PRODUCT_NONE};
    char url[HTTP_GET_URL];
    struct why why = {0};

    (void)state;
    assert_int_equal(kds_vcek_url("https://k", &k, url, &why), ERR_UNABLE);
    assert_int_equal(kds_crl_url("https://k", SNP_PRODUCTS, url, &why), ERR_UNABLE);
}

static void
where_http_may_go(void **state)
{
    static const char *const good[] = {
        "https://kdsintf.amd.com", "https://h:8443/a/b", "http://127.0.0.1:80",
        "http://127.9.9.9/x",      "http://[::1]:1",
    };
    static const char *const bad[] = {
        "",
        "https://",
        "http://",
        "https:///x",
        "https://h/",
        "https://h?x",
        "https://u@h",
        "https://h#x",
        "https://h%41",
        "http://h",
        "http://127.0.0.1.evil.example",
        "http://127.evil.example",
        "http://[::1].evil",
        "http://[::2]",
        "http://localhost",
        "http://10.0.0.1",
        "file:///etc/passwd",
        "HTTPS://h",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct why why = {0};

        assert_int_equal(http_get_base_check(good[i], &why), ERR_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct why why = {0};

        if (http_get_base_check(bad[i], &why) != ERR_MALFORMED) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
        assert_non_null(strstr(why_text(&why), "want https://"));
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_comes_back_whole),
        cmocka_unit_test(each_part_of_the_key_counts),
        cmocka_unit_test(the_one_used_longest_ago_makes_room),
        cmocka_unit_test(a_long_life_keeps_the_newest),
        cmocka_unit_test(a_certificate_is_taken_once),
        cmocka_unit_test(vleks_and_other_keys_are_left_out),
        cmocka_unit_test(four_threads_at_once),
        cmocka_unit_test(urls_by_product),
        cmocka_unit_test(no_url_for_what_has_no_name),
        cmocka_unit_test(where_http_may_go),
    };

    return cmocka_run_group_tests_name("collateral_cache", tests, NULL, NULL);
}
