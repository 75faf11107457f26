/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_pck.c - the PCK chain of a quote: three certificates as Intel profiles them under the pinned root, in date, with an SGX
 * extension that is complete. */
#include "test/unit/tdx_court.h"

#include "attest/tdx/pck.h"

static void
set_ext(struct td_ask *a, size_t i, const char *value)
{
    a->ask.ext[i].value = value;
}

/* ---- the chain ---- */

static void
two_certificates(struct td_scene *s)
{
    s->pck.n = 2;
}

static void
four_certificates(struct td_scene *s)
{
    s->pck.order[3] = TD_ROOT;
    s->pck.n = 4;
}

static void
no_certificates(struct td_scene *s)
{
    s->pck.n = 0;
}

static void
wrong_order(struct td_scene *s)
{
    s->pck.order[0] = TD_CA;
    s->pck.order[1] = TD_LEAF;
}

static void
leaf_name(struct td_scene *s)
{
    s->ask[TD_LEAF].ask.subject = "Intel SGX TCB Signing";
}

static void
ca_name(struct td_scene *s)
{
    s->ask[TD_CA].ask.subject = "Intel SGX PCK Platform CA 2";
}

static void
root_name(struct td_scene *s)
{
    s->ask[TD_ROOT].ask.subject = "Intel SGX Root CB";
}

static void
leaf_is_ca(struct td_scene *s)
{
    set_ext(&s->ask[TD_LEAF], 0, "critical,CA:TRUE");
}

static void
ca_is_no_ca(struct td_scene *s)
{
    set_ext(&s->ask[TD_CA], 0, "critical,CA:FALSE");
}

static void
ca_signs_nothing(struct td_scene *s)
{
    set_ext(&s->ask[TD_CA], 1, "critical,cRLSign");
}

static void
root_path_zero(struct td_scene *s)
{
    set_ext(&s->ask[TD_ROOT], 0, "critical,CA:TRUE,pathlen:0");
}

static void
unknown_critical(struct td_scene *s)
{
    s->ask[TD_CA].ask.ext[2] = (struct desk_extension){NID_ext_key_usage, "critical,clientAuth"};
}

static void
other_hash(struct td_scene *s)
{
    s->ask[TD_LEAF].ask.md = EVP_sha384();
}

static void
other_curve(struct td_scene *s)
{
    static EVP_PKEY *key;

    key = key != NULL ? key : EVP_EC_gen("P-384");
    s->ask[TD_LEAF].ask.key = key;
}

static void
by_another_ca(struct td_scene *s)
{
    s->pck.order[1] = TD_OTHER_CA;
}

/* The CA's name and place, not its key. */
static void
ca_key_swapped(struct td_scene *s)
{
    s->ask[TD_OTHER_CA] = s->ask[TD_CA];
    s->ask[TD_OTHER_CA].ask.key = td_key(TD_STRANGER);
    s->ask[TD_LEAF].issuer = TD_OTHER_CA;
}

static void
version_one(X509 *x)
{
    (void)X509_set_version(x, X509_VERSION_1);
    while (X509_get_ext_count(x) > 0) {
        X509_EXTENSION_free(X509_delete_ext(x, 0));
    }
}

static void
ca_of_version_1(struct td_scene *s)
{
    s->ask[TD_CA].mend = version_one;
}

static void
second_cn(X509 *x)
{
    desk_name(X509_get_subject_name(x), "Intel SGX PCK Certificate");
}

static void
leaf_with_two_names(struct td_scene *s)
{
    s->ask[TD_LEAF].mend = second_cn;
}

static void
long_serial(X509 *x)
{
    BIGNUM *n = BN_new();

    desk_must(BN_set_bit(n, 167) == 1 && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL);
    BN_free(n);
}

static void
leaf_with_long_serial(struct td_scene *s)
{
    s->ask[TD_LEAF].mend = long_serial;
}

static void
not_pem(struct td_scene *s)
{
    s->quote.raw[s->quote.at_pem] = 'x';
}

static void
not_base64(struct td_scene *s)
{
    s->quote.raw[s->quote.at_pem + 40] = '*';
}

static void
tail_of_space(struct td_scene *s)
{
    s->pck.tail = (struct slice){(const uint8_t *)" ", 1};
}

static void
chains(void **state)
{
    static const struct bend ROWS[] = {
        {"pck.chain", "the chain has 2 certificates, want 3", "", two_certificates, 0, 0, 0, NULL},
        {"pck.chain", "the chain has at least 4 certificates, want 3", "", four_certificates, 0, 0,
         0, NULL},
        {"pck.chain", "the chain has 0 certificates, want 3", "", no_certificates, 0, 0, 0, NULL},
        {"pck.chain", "is not \"Intel SGX PCK Certificate\"", "", wrong_order, 0, 0, 0, NULL},
        {"pck.chain", "the leaf is not an \"Intel SGX PCK Certificate\"", "each issued by the next",
         leaf_name, 0, 0, 0, NULL},
        {"pck.chain", "neither the PCK Platform CA nor the Processor CA", "", ca_name, 0, 0, 0,
         NULL},
        {"pck.chain", "the last certificate is not the \"Intel SGX Root CA\"", "", root_name, 0, 0,
         0, NULL},
        {"pck.chain", "the leaf is a CA", "", leaf_is_ca, 0, 0, 0, NULL},
        {"pck.chain", "is not a CA that signs certificates", "", ca_is_no_ca, 0, 0, 0, NULL},
        {"pck.chain", "is not a CA that signs certificates", "", ca_signs_nothing, 0, 0, 0, NULL},
        {"pck.chain", "\"Intel SGX Root CA\" may have 0 CAs below it, has 1", "", root_path_zero, 0,
         0, 0, NULL},
        {"pck.chain", "a critical extension that is not known", "", unknown_critical, 0, 0, 0,
         NULL},
        {"pck.chain", "another algorithm than ecdsa-with-SHA256", "", other_hash, 0, 0, 0, NULL},
        {"pck.chain", "its key is not on P-256", "", other_curve, 0, 0, 0, NULL},
        {"pck.chain", "is not \"Intel SGX PCK Processor CA\"", "", by_another_ca, 0, 0, 0, NULL},
        {"pck.chain", "is not signed by \"Intel SGX PCK Platform CA\"", "", ca_key_swapped, 0, 0, 0,
         NULL},
        {"pck.chain", "certificate 2 of the chain", "", ca_of_version_1, 0, 0, 0, NULL},
        {"pck.chain", "subject has 2 common names", "", leaf_with_two_names, 0, 0, 0, NULL},
        {"pck.chain", "serial number of more than 20 bytes", "", leaf_with_long_serial, 0, 0, 0,
         NULL},
        {"pck.chain", "certificate 1 of the chain: pem: want a block", "", NULL, 0, 0, 0, not_pem},
        {"pck.chain", "certificate 1 of the chain: pem: not base64", "", NULL, 0, 0, 0, not_base64},
        {"pck.chain", "pem: want a block", "", tail_of_space, 0, 0, 0, NULL},
    };

    (void)state;
    COURT_ROWS(ROWS);
}

/* ---- the root ---- */

/* Same name, same place, a key of its own: Intel's pre-production root is one. */
static void
another_root(void **state)
{
    struct td_scene *s = court(4, 2);
    struct tdx_anchor ours;

    (void)state;
    td_make(s);
    ours = s->trust.tdx;
    s->trust.tdx.key = (struct sig_key){0};
    s->ask[TD_ROOT].ask.key = td_key(TD_STRANGER);
    s->root_crl_signer = TD_STRANGER;
    td_make(s);
    sig_key_done(&s->trust.tdx.key);
    s->trust.tdx = ours;
    assert_int_equal(td_judge(s), JUDGE_REJECT);
    assert_row(s, "pck.root", OUTCOME_FAIL, "a root with another key");
    assert_row(s, "pck.chain", OUTCOME_PASS, "under the PCK Platform CA");
    assert_row(s, "tcb_info.chain", OUTCOME_FAIL, "the root's key is not the trusted one");
    assert_row(s, "root_crl.signature", OUTCOME_FAIL, "issued or signed by somebody else");
    assert_false(s->got.tdx.verified);
}

static void
no_root(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    td_make(s);
    s->trust.tdx.present = false;
    assert_int_equal(td_judge(s), JUDGE_REJECT);
    assert_row(s, "pck.root", OUTCOME_FAIL, "no root of Intel is trusted");
}

/* ---- validity ---- */

static void
each_certificate_has_its_time(void **state)
{
    static const enum td_role ROLES[] = {TD_LEAF, TD_CA};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct td_scene *s = court(4, 2);
        struct desk_ask *a = &s->ask[ROLES[i / 2]].ask;

        if (i % 2 == 0) {
            a->not_after = TD_NOW - 1;
        } else {
            a->not_before = TD_NOW + 1;
        }
        td_make(s);
        assert_refused(s, JUDGE_REJECT, "pck.validity", "it is 2027-01-15T08:00:00Z",
                       "when all three certificates hold");
        assert_int_equal(td_judge_at(s, i % 2 == 0 ? TD_NOW - 1 : TD_NOW + 1), JUDGE_ACCEPT);
        assert_true(i % 2 != 0 || s->got.valid_until == TD_NOW - 1);
    }
}

/* The root signs the TCB signer too: both rows name it. */
static void
the_root_has_its_time(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    s->ask[TD_ROOT].ask.not_after = TD_NOW - 1;
    td_make(s);
    assert_int_equal(td_judge(s), JUDGE_REJECT);
    assert_row(s, "pck.validity", OUTCOME_FAIL, "it is 2027-01-15T08:00:00Z");
    assert_row(s, "tcb_info.chain", OUTCOME_FAIL, "the signing chain ends 2027-01-15T07:59:59Z");
    assert_row(s, "qe_identity.chain", OUTCOME_FAIL, "the signing chain ends");
    assert_int_equal(td_judge_at(s, TD_NOW - 1), JUDGE_ACCEPT);
}

/* ---- the SGX extension ---- */

static struct td_item *
top(struct td_scene *s, uint8_t arc)
{
    return td_item_find(s->sgx.top, s->sgx.top_n, arc);
}

static struct td_item *
tcb(struct td_scene *s, uint8_t arc)
{
    return td_item_find(s->sgx.tcb, s->sgx.tcb_n, arc);
}

static void
none(struct td_scene *s)
{
    s->no_sgx = true;
}

static void
ppid_twice(struct td_scene *s)
{
    s->sgx.top[s->sgx.top_n++] = *top(s, SGX_PPID);
}

static void
component_twice(struct td_scene *s)
{
    s->sgx.tcb[s->sgx.tcb_n++] = *tcb(s, 8);
}

static void
component_of_256(struct td_scene *s)
{
    td_svn(&s->sgx, 1, 256);
}

static void
component_negative(struct td_scene *s)
{
    struct td_item *item = tcb(s, 16);

    memcpy(item->value, "\x02\x01\x80", 3);
    item->len = 3;
}

static void
component_is_text(struct td_scene *s)
{
    td_item_octets(tcb(s, 3), "\7", 1);
}

static void
pcesvn_of_65536(struct td_scene *s)
{
    td_svn(&s->sgx, SGX_PCESVN, 65536);
}

static void
cpusvn_short(struct td_scene *s)
{
    td_item_octets(tcb(s, SGX_CPUSVN), "123456789012345", 15);
}

static void
fmspc_long(struct td_scene *s)
{
    td_item_octets(top(s, SGX_FMSPC), "1234567", 7);
}

static void
fmspc_number(struct td_scene *s)
{
    td_item_number(top(s, SGX_FMSPC), 0x02, 5);
}

static void
type_3(struct td_scene *s)
{
    td_item_number(top(s, SGX_TYPE), 0x0a, 3);
}

static void
instance_short(struct td_scene *s)
{
    td_item_octets(top(s, SGX_INSTANCE), "1", 1);
}

static void
bytes_in_item(struct td_scene *s)
{
    struct td_item *item = top(s, SGX_PCEID);

    item->value[item->len++] = 0x05;
    item->value[item->len++] = 0x00;
}

static void
bytes_behind(struct td_scene *s)
{
    s->sgx.after[0] = 0x05;
    s->sgx.after_len = 2;
}

static void
extensions(void **state)
{
    static const struct bend ROWS[] = {
        {"pck.extension", "the leaf has no SGX extension", "complete and each item once", none, 0,
         0, 0, NULL},
        {"pck.extension", "there twice", "", ppid_twice, 0, 0, 0, NULL},
        {"pck.extension", "there twice", "", component_twice, 0, 0, 0, NULL},
        {"pck.extension", "component svn", "", component_of_256, 0, 0, 0, NULL},
        {"pck.extension", "component svn", "", component_negative, 0, 0, 0, NULL},
        {"pck.extension", "component svn", "", component_is_text, 0, 0, 0, NULL},
        {"pck.extension", "pcesvn", "", pcesvn_of_65536, 0, 0, 0, NULL},
        {"pck.extension", "cpusvn", "", cpusvn_short, 0, 0, 0, NULL},
        {"pck.extension", "fmspc", "", fmspc_long, 0, 0, 0, NULL},
        {"pck.extension", "fmspc", "", fmspc_number, 0, 0, 0, NULL},
        {"pck.extension", "sgx type", "", type_3, 0, 0, 0, NULL},
        {"pck.extension", "instance", "", instance_short, 0, 0, 0, NULL},
        {"pck.extension", "followed by bytes", "", bytes_in_item, 0, 0, 0, NULL},
        {"pck.extension", "extension", "", bytes_behind, 0, 0, 0, NULL},
    };

    (void)state;
    COURT_ROWS(ROWS);
}

/* Each of the five and each of the eighteen. */
static void
no_item_may_be_missing(void **state)
{
    (void)state;
    for (unsigned arc = SGX_PPID; arc <= SGX_TYPE; arc++) {
        struct td_scene *s = court(4, 2);

        td_item_drop(s->sgx.top, &s->sgx.top_n, (uint8_t)arc);
        td_make(s);
        assert_refused(s, JUDGE_REJECT, "pck.extension", "missing", "");
    }
    for (unsigned arc = 1; arc <= SGX_CPUSVN; arc++) {
        struct td_scene *s = court(4, 2);

        td_item_drop(s->sgx.tcb, &s->sgx.tcb_n, (uint8_t)arc);
        td_make(s);
        assert_refused(s, JUDGE_REJECT, "pck.extension", "incomplete", "");
    }
}

/* In any order, and with one that nobody knows yet. */
static void
items_by_oid(void **state)
{
    struct td_scene *s = court(4, 2);
    struct td_item first = s->sgx.top[0];
    struct td_item component = s->sgx.tcb[0];

    (void)state;
    s->sgx.top[0] = s->sgx.top[6];
    s->sgx.top[6] = first;
    s->sgx.top[7] = (struct td_item){.arc = 31, .value = {0x05, 0x00}, .len = 2};
    s->sgx.top_n = 8;
    s->sgx.tcb[0] = s->sgx.tcb[17];
    s->sgx.tcb[17] = component;
    td_svn(&s->sgx, 9, 255);
    td_svn(&s->sgx, SGX_PCESVN, 65535);
    td_make(s);
    assert_accepted(s);
}

/* What a verifier looks collateral up by is read without judging anybody. */
static void
needs(void **state)
{
    struct td_scene *s = court(4, 2);
    struct tdx_need need;
    struct why why = {0};

    (void)state;
    s->qe_signer = TD_STRANGER;
    td_make(s);
    assert_int_equal(tdx_need_read(s->ev.tdx.quote, &need, &why), ERR_OK);
    assert_memory_equal(need.fmspc, td_fmspc(), sizeof need.fmspc);
    assert_int_equal(need.ca, TDX_CA_PLATFORM);
    s = court(5, 3);
    td_processor(s);
    td_make(s);
    assert_int_equal(tdx_need_read(s->ev.tdx.quote, &need, &why), ERR_OK);
    assert_int_equal(need.ca, TDX_CA_PROCESSOR);
    s = court(4, 2);
    ca_name(s);
    td_make(s);
    assert_int_equal(tdx_need_read(s->ev.tdx.quote, &need, &why), ERR_DENIED);
    s = court(4, 2);
    none(s);
    td_make(s);
    assert_int_equal(tdx_need_read(s->ev.tdx.quote, &need, &why), ERR_DENIED);
    s->ev.tdx.quote.len = s->quote.end - 1;
    assert_int_equal(tdx_need_read(s->ev.tdx.quote, &need, &why), ERR_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains),
        cmocka_unit_test(another_root),
        cmocka_unit_test(no_root),
        cmocka_unit_test(each_certificate_has_its_time),
        cmocka_unit_test(the_root_has_its_time),
        cmocka_unit_test(extensions),
        cmocka_unit_test(no_item_may_be_missing),
        cmocka_unit_test(items_by_oid),
        cmocka_unit_test(needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
