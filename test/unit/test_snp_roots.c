/* SPDX-License-Identifier: Apache-2.0 */
/* test_snp_roots.c - AMD's roots as the programs read them, out of a folder or built in; the facts of certs/ and genuine VEKs, where the
 * real certificates are at hand. */
#include "test/unit/snp_court.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/base/text.h"
#include "attest/snp/vek.h"
#include "certs/amd.h"
#include "common/mem.h"
#include "common/roots.h"
#include "common/sys.h"

enum { PATH = 512 };

/* ---- a folder ---- */

struct folder {
    char dir[PATH];
};

static void
put(const struct folder *f, const char *name, struct slice text)
{
    char path[2 * PATH];
    struct why why = {0};

    (void)snprintf(path, sizeof path, "%s/amd/%s.pem", f->dir, name);
    assert_int_equal(file_write(path, text, 0600, &why), ERR_OK);
}

static void
put_ca(const struct folder *f, const char *name, const struct amd_cert *c)
{
    const struct amd_der der = amd_make(c);
    char *pem = amd_pem(&der, "CERTIFICATE");

    put(f, name, slice_text(pem));
    free(pem);
}

static void
folder_open(struct folder *f)
{
    char path[2 * PATH];

    (void)snprintf(f->dir, sizeof f->dir, "/tmp/test_snp_anchors.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(path, sizeof path, "%s/amd", f->dir);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void
folder_done(struct folder *f)
{
    static const char *const NAMES[] = {"ark-milan",  "ask-milan", "asvk-milan",
                                        "asvk-genoa", "ark-genoa", "ask-genoa"};
    char path[2 * PATH];

    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/amd/%s.pem", f->dir, NAMES[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/amd", f->dir);
    (void)rmdir(path);
    (void)rmdir(f->dir);
}

static void
refused_folder(const struct folder *f, enum err want, const char *reason)
{
    AUTO(roots_free) struct roots *r = NULL;
    struct why why = {0};
    enum err e = roots_read(f->dir, &r, &why);
    bool named = false;

    for (size_t i = 0; i < why.n; i++) {
        named = named || strstr(why.link[i], reason) != NULL;
    }
    if (e != want || !named) {
        fail_msg("%d \"%s\", want %d \"%s\"", (int)e, why_text(&why), (int)want, reason);
    }
    assert_null(r);
}

static void
folder_replaces_what_is_built_in(void **state)
{
    AUTO(roots_free) struct roots *r = NULL;
    AUTO(folder_done) struct folder f;
    const struct amd_cert ark = amd_ca(SNP_MILAN, AMD_ARK);
    const struct amd_cert ask = amd_ca(SNP_MILAN, AMD_ASK);
    struct why why = {0};

    (void)state;
    folder_open(&f);
    assert_int_equal(roots_read(f.dir, &r, &why), ERR_OK);
    assert_false(r->trust.snp.product[SNP_MILAN - 1].ark.present); /* a vendor without files */
    roots_free(&r);
    put_ca(&f, "ark-milan", &ark);
    put_ca(&f, "ask-milan", &ask);
    assert_int_equal(roots_read(f.dir, &r, &why), ERR_OK);
    assert_true(r->trust.snp.product[SNP_MILAN - 1].ask.present);
    assert_false(r->trust.snp.product[SNP_MILAN - 1].asvk.present);
    assert_false(r->trust.snp.product[SNP_GENOA - 1].ark.present);
    assert_int_equal(r->trust.snp.revoked_n, 1);
}

static void
folder_must_hold(void **state)
{
    AUTO(folder_done) struct folder f;
    const struct amd_cert ark = amd_ca(SNP_MILAN, AMD_ARK);
    const struct amd_cert ask = amd_ca(SNP_MILAN, AMD_ASK);
    const struct amd_cert asvk = amd_ca(SNP_MILAN, AMD_ASVK);
    const struct amd_der der = amd_make(&ark);
    char *pem = amd_pem(&der, "CERTIFICATE");
    char two[2 * AMD_DER];

    (void)state;
    folder_open(&f);
    put_ca(&f, "asvk-milan", &asvk);
    refused_folder(&f, ERR_MALFORMED, "asvk-milan.pem without ark-milan.pem");
    put_ca(&f, "ark-milan", &ask);
    refused_folder(&f, ERR_DENIED, "CN is \"SEV-Milan\", want \"ARK-Milan\"");
    refused_folder(&f, ERR_DENIED, "/amd, milan");
    put(&f, "ark-milan", (struct slice){0});
    refused_folder(&f, ERR_MALFORMED, "ark-milan.pem: empty");
    put(&f, "ark-milan", slice_text("no certificate"));
    refused_folder(&f, ERR_MALFORMED, "neither DER nor a complete PEM block");
    (void)snprintf(two, sizeof two, "%s%s", pem, pem);
    put(&f, "ark-milan", slice_text(two));
    refused_folder(&f, ERR_MALFORMED, "something follows the PEM block");
    put(&f, "ark-milan", slice_text(pem));
    put_ca(&f, "ark-genoa", &ark);
    refused_folder(&f, ERR_DENIED, "CN is \"ARK-Milan\", want \"ARK-Genoa\"");
    free(pem);
}

/* ---- what is built in ---- */

static const char *
evidence(void)
{
    const char *dir = getenv("COUNTERSIGN_EVIDENCE");

    return dir != NULL && *dir != '\0' ? dir : "../shared/evidence";
}

/* A file of the evidence folder; false, and loudly, when there is no such folder. */
static bool
sample(const char *name, uint8_t **out, size_t *len)
{
    char path[2 * PATH];
    struct why why = {0};

    (void)snprintf(path, sizeof path, "%s/snp/MANIFEST.md", evidence());
    if (access(path, R_OK) != 0) {
        print_message("NOTICE: no evidence at %s/snp: nothing was compared with real "
                      "certificates (set COUNTERSIGN_EVIDENCE)\n",
                      evidence());
        return false;
    }
    (void)snprintf(path, sizeof path, "%s/snp/%s", evidence(), name);
    if (file_read(path, 1 << 20, out, len, &why) != ERR_OK) {
        fail_msg("%s", why_text(&why));
    }
    return true;
}

static const struct amd_product *
facts(enum snp_product p)
{
    return p == SNP_MILAN ? amd_milan() : p == SNP_GENOA ? amd_genoa() : amd_turin();
}

static void
same_ca(const struct snp_ca *a, const struct snp_ca *b)
{
    assert_true(a->present && b->present);
    assert_string_equal(a->cn, b->cn);
    assert_true(a->not_before == b->not_before && a->not_after == b->not_after);
    assert_true(slice_same((struct slice){a->serial, a->serial_len},
                           (struct slice){b->serial, b->serial_len}));
    assert_true(sig_key_same(&a->key, &b->key));
}

static void
hex_is(struct slice bytes, const char *want)
{
    char text[2 * SHA512_LEN + 1];

    hex_encode(bytes, text);
    assert_string_equal(text, want);
}

static void
key_is(const struct snp_ca *ca, const struct amd_ca *fact)
{
    uint8_t digest[SHA256_LEN];
    struct why why = {0};

    assert_int_equal(sig_key_digest(&ca->key, digest, &why), ERR_OK);
    hex_is((struct slice){digest, sizeof digest}, fact->spki_sha256);
}

/* Without any certificate at hand: the parts of each fact agree. */
static void
facts_agree(void **state)
{
    AUTO(roots_free) struct roots *r = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    assert_int_equal(r->trust.tpm.anchor_n, 0);
    for (enum snp_product p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        const struct amd_product *f = facts(p);

        assert_int_equal(f->product, p);
        key_is(&r->trust.snp.product[p - 1].ark, &f->ark);
        key_is(&r->trust.snp.product[p - 1].ask, &f->ask);
        key_is(&r->trust.snp.product[p - 1].asvk, &f->asvk);
        assert_string_equal(f->ark.cn, amd_ca_cn(p, AMD_ARK));
        assert_string_equal(f->ask.cn, amd_ca_cn(p, AMD_ASK));
        assert_string_equal(f->asvk.cn, amd_ca_cn(p, AMD_ASVK));
    }
}

struct real {
    uint8_t *ark, *ask, *asvk; /* owned */
    size_t ark_len, ask_len, asvk_len;
};

static void
real_done(struct real *r)
{
    mem_free(r->ark);
    mem_free(r->ask);
    mem_free(r->asvk);
}

static bool
real_open(enum snp_product p, struct real *out)
{
    static const char *const NAME[] = {"none", "milan", "genoa", "turin"};
    char path[3][64];

    (void)snprintf(path[0], sizeof path[0], "roots/ark-%s.der", NAME[p]);
    (void)snprintf(path[1], sizeof path[1], "roots/ask-%s.der", NAME[p]);
    (void)snprintf(path[2], sizeof path[2], "roots/asvk-%s.der", NAME[p]);
    return sample(path[0], &out->ark, &out->ark_len) && sample(path[1], &out->ask, &out->ask_len) &&
           sample(path[2], &out->asvk, &out->asvk_len);
}

static void
digest_is(struct slice der, const char *want)
{
    uint8_t digest[SHA256_LEN];

    hash_sha256(der, digest);
    hex_is((struct slice){digest, sizeof digest}, want);
}

/* snp_anchors_add() verifies ARK, ASK and ASVK; then each fact is that of the certificate. */
static void
facts_are_those_of_the_certificates(void **state)
{
    AUTO(roots_free) struct roots *r = NULL;
    AUTO(snp_anchors_done) struct snp_anchors a = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    for (enum snp_product p = SNP_MILAN; p < SNP_PRODUCTS; p++) {
        AUTO(real_done) struct real real = {0};

        if (!real_open(p, &real)) {
            skip();
        }

        const struct slice ark = {real.ark, real.ark_len};
        const struct slice ask = {real.ask, real.ask_len};
        const struct slice asvk = {real.asvk, real.asvk_len};

        if (snp_anchors_add(p, ark, ask, asvk, &a, &why) != ERR_OK) {
            fail_msg("%s", why_text(&why));
        }
        digest_is(ark, facts(p)->ark.sha256);
        digest_is(ask, facts(p)->ask.sha256);
        digest_is(asvk, facts(p)->asvk.sha256);
        same_ca(&r->trust.snp.product[p - 1].ark, &a.product[p - 1].ark);
        same_ca(&r->trust.snp.product[p - 1].ask, &a.product[p - 1].ask);
        same_ca(&r->trust.snp.product[p - 1].asvk, &a.product[p - 1].asvk);
    }
}

/* The Genoa ASK that AMD took back: genuine, in the list of the time, and refused with it, without it, and as a root. */
static void
revoked_ask_is_refused(void **state)
{
    AUTO(roots_free) struct roots *r = NULL;
    AUTO(mem_free_bytes) uint8_t *ask = NULL;
    AUTO(mem_free_bytes) uint8_t *ark = NULL;
    AUTO(folder_done) struct folder f;
    struct expectation want = {0};
    struct snp_evidence ev = {0};
    struct appraisal got;
    struct why why = {0};
    size_t ask_len = 0;
    size_t ark_len = 0;
    size_t n = 0;

    (void)state;
    if (!sample("revoked-genoa-ask/ask-revoked.der", &ask, &ask_len) ||
        !sample("roots/ark-genoa.pem", &ark, &ark_len)) {
        skip();
    }
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    digest_is((struct slice){ask, ask_len}, amd_revoked(&n)->sha256);
    assert_int_equal(n, 1);
    snp_expect_default(&want.snp);
    ev.vek = (struct slice){ask, ask_len};
    attest_verify_amd_chain(&ev, (struct slice){0}, &want, &r->trust, 1669852800, &got);
    for (size_t i = 0; i < got.verdict.n; i++) {
        bool revoked = strcmp(got.verdict.finding[i].id, "crl.revoked") == 0;

        assert_int_equal(refuses(&got.verdict.finding[i]), revoked);
    }

    struct amd_der der = {.n = ask_len};

    folder_open(&f);
    if (ask == NULL || ask_len > sizeof der.b) {
        fail();
        return;
    }
    memcpy(der.b, ask, ask_len);

    char *pem = amd_pem(&der, "CERTIFICATE");

    put(&f, "ark-genoa", (struct slice){ark, ark_len});
    put(&f, "ask-genoa", slice_text(pem));
    free(pem);
    refused_folder(&f, ERR_DENIED, "AMD revoked it, 2022-10-31T13:34:46Z");
}

/* Every genuine VEK, under the roots that are built in: the file and what it is for. */
static void
genuine_veks(void **state)
{
    static const struct {
        const char *file;
        enum snp_product product;
        enum snp_vek_kind kind;
        size_t hwid_len;
        struct snp_tcb tcb;
    } ROWS[] = {
        {"chain-turin-vcek-only/vek.der", SNP_TURIN, SNP_VCEK, 8, {0}},
        {"compromised-milan-vcek-tcb-max/vek.der",
         SNP_MILAN,
         SNP_VCEK,
         64,
         {0, 127, 127, 127, 127}},
        {"good-azure-genoa-v3-evidence/vek.der", SNP_GENOA, SNP_VCEK, 64, {0, 10, 0, 23, 84}},
        {"good-azure-milan-v2-quote/vek.der", SNP_MILAN, SNP_VCEK, 64, {0}},
        {"good-azure-milan-v3-evidence-v0/vek.der", SNP_MILAN, SNP_VCEK, 64, {0, 4, 0, 24, 219}},
        {"good-genoa-v3-vcek-aci/vek.der", SNP_GENOA, SNP_VCEK, 64, {0}},
        {"good-genoa-v5-vcek-bergamo/vek.der", SNP_GENOA, SNP_VCEK, 64, {0}},
        {"good-genoa-v5-vcek-bergamo/vek2-reissued.der", SNP_GENOA, SNP_VCEK, 64, {0}},
        {"good-milan-v2-authorkey-enarx/vek.der", SNP_MILAN, SNP_VCEK, 64, {0}},
        {"good-milan-v2-vcek-aci-thim/vek.der", SNP_MILAN, SNP_VCEK, 64, {0}},
        {"good-milan-v2-vcek-azure-coco/vek.der", SNP_MILAN, SNP_VCEK, 64, {0, 3, 0, 8, 0x73}},
        {"good-milan-v2-vcek-bare/vek.der", SNP_MILAN, SNP_VCEK, 64, {0}},
        {"good-milan-v2-vlek-aws/vek.der", SNP_MILAN, SNP_VLEK, 0, {0, 3, 0, 10, 0x73}},
        {"good-milan-v3-vcek-aci/vek.der", SNP_MILAN, SNP_VCEK, 64, {0}},
        {"good-milan-v3-vcek-aci/vek-reissued.der", SNP_MILAN, SNP_VCEK, 64, {0}},
        {"good-milan-v3-vcek-dstack/vek.der", SNP_MILAN, SNP_VCEK, 64, {0}},
        {"good-milan-v3-vcek-oak/vek.der", SNP_MILAN, SNP_VCEK, 64, {0, 4, 0, 24, 219}},
        {"good-milan-v3-vlek-aws/vek.der", SNP_MILAN, SNP_VLEK, 0, {0, 4, 0, 24, 0xd9}},
        {"good-milan-v5-vcek-cosmian/vek.der", SNP_MILAN, SNP_VCEK, 64, {0}},
        {"good-turin-v5-vcek-aci/vek.der", SNP_TURIN, SNP_VCEK, 8, {1, 1, 1, 4, 81}},
        {"policy-milan-v2-debug/vek.der", SNP_MILAN, SNP_VCEK, 64, {0}},
    };
    static const struct snp_tcb ANY;
    AUTO(roots_free) struct roots *r = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        AUTO(mem_free_bytes) uint8_t *der = NULL;
        AUTO(snp_vek_done) struct snp_vek v = {0};
        size_t len = 0;

        if (!sample(ROWS[i].file, &der, &len)) {
            skip();
        }
        if (snp_vek_open((struct slice){der, len}, &r->trust.snp, &v, &why) != ERR_OK) {
            fail_msg("%s: %s", ROWS[i].file, why_text(&why));
        }
        assert_int_equal(v.product, ROWS[i].product);
        assert_int_equal(v.kind, ROWS[i].kind);
        assert_int_equal(v.hwid_len, ROWS[i].hwid_len);
        if (memcmp(&ROWS[i].tcb, &ANY, sizeof ANY) != 0) {
            assert_memory_equal(&v.tcb, &ROWS[i].tcb, sizeof v.tcb);
        }
    }
}

/* A host's table with its certificates in PEM; the ARK and the ASK in it count for nothing. */
static void
genuine_table(void **state)
{
    AUTO(roots_free) struct roots *r = NULL;
    AUTO(mem_free_bytes) uint8_t *table = NULL;
    AUTO(snp_vek_done) struct snp_vek v = {0};
    struct slice vek = {0};
    struct why why = {0};
    size_t len = 0;

    (void)state;
    if (!sample("good-genoa-v3-exttable-veraison/certtable.bin", &table, &len)) {
        skip();
    }
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    assert_int_equal(snp_cert_table_vek((struct slice){table, len}, SNP_VCEK, &vek, &why), ERR_OK);
    assert_true(vek.len == 0x757 && vek.ptr == table + 0x125a);
    assert_int_equal(snp_vek_open(vek, &r->trust.snp, &v, &why), ERR_OK);
    assert_int_equal(v.product, SNP_GENOA);
}

/* AMD issues a VCEK anew, with other dates: it is the same key. */
static void
reissued_is_the_same_key(void **state)
{
    AUTO(roots_free) struct roots *r = NULL;
    AUTO(mem_free_bytes) uint8_t *one = NULL;
    AUTO(mem_free_bytes) uint8_t *two = NULL;
    AUTO(snp_vek_done) struct snp_vek first = {0};
    AUTO(snp_vek_done) struct snp_vek second = {0};
    struct why why = {0};
    size_t len[2] = {0, 0};

    (void)state;
    if (!sample("good-milan-v3-vcek-aci/vek.der", &one, &len[0]) ||
        !sample("good-milan-v3-vcek-aci/vek-reissued.der", &two, &len[1])) {
        skip();
    }
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    assert_int_equal(snp_vek_open((struct slice){one, len[0]}, &r->trust.snp, &first, &why),
                     ERR_OK);
    assert_int_equal(snp_vek_open((struct slice){two, len[1]}, &r->trust.snp, &second, &why),
                     ERR_OK);
    assert_true(first.not_before != second.not_before);
    assert_memory_equal(first.spki_sha256, second.spki_sha256, sizeof first.spki_sha256);
}

/* Shaped like a VCEK, with edited extensions: each form of hwID is read, and the signature says no. */
static void
forged_veks(void **state)
{
    static const char *const FILES[] = {"bad-vcek-forged-legacy-hwid/vek.der",
                                        "bad-vcek-forged-der-hwid/vek.der"};
    AUTO(roots_free) struct roots *r = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(roots_read("", &r, &why), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        AUTO(mem_free_bytes) uint8_t *der = NULL;
        AUTO(snp_vek_facts_done) struct snp_vek_facts f = {0};
        size_t len = 0;

        if (!sample(FILES[i], &der, &len)) {
            skip();
        }
        snp_vek_judge((struct slice){der, len}, (struct slice){0}, NULL, &r->trust.snp, &f);
        assert_true(part_ok(&f.decode) && part_ok(&f.algorithm));
        if (!part_ok(&f.extensions)) {
            fail_msg("%s: %s", FILES[i], f.extensions.why);
        }
        assert_int_equal(f.ext.hwid.len, 64);
        assert_false(f.signature_ok);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_replaces_what_is_built_in),
        cmocka_unit_test(folder_must_hold),
        cmocka_unit_test(facts_agree),
        cmocka_unit_test(facts_are_those_of_the_certificates),
        cmocka_unit_test(revoked_ask_is_refused),
        cmocka_unit_test(genuine_veks),
        cmocka_unit_test(genuine_table),
        cmocka_unit_test(reissued_is_the_same_key),
        cmocka_unit_test(forged_veks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
