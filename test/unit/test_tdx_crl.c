/* SPDX-License-Identifier: Apache-2.0 */
/* test_tdx_crl.c - the CRLs of the root and of the PCK CA beside a good quote, each wrong in one thing, and what they revoke. */
#include "test/unit/tdx_court.h"

static void
root_missing(struct td_scene *s)
{
    s->bytes.root_crl = (struct slice){0};
}

static void
pck_missing(struct td_scene *s)
{
    s->bytes.pck_crl = (struct slice){0};
}

static void
root_not_der(struct td_scene *s)
{
    s->root_crl.der[0] = 0x31;
}

static void
pck_not_der(struct td_scene *s)
{
    s->pck_crl.der[0] = 0x31;
}

static void
root_no_end(struct td_scene *s)
{
    s->root_crl.until = 0;
}

static void
pck_no_end(struct td_scene *s)
{
    s->pck_crl.until = 0;
}

static void
root_critical(struct td_scene *s)
{
    s->root_crl.critical = true;
}

static void
pck_critical(struct td_scene *s)
{
    s->pck_crl.critical = true;
}

static void
pck_old(struct td_scene *s)
{
    s->pck_crl.old = true;
}

static void
root_forged(struct td_scene *s)
{
    s->root_crl_signer = TD_STRANGER;
}

static void
root_of_another(struct td_scene *s)
{
    s->root_crl_issuer = TD_CA;
}

static void
pck_forged(struct td_scene *s)
{
    s->pck_crl_signer = TD_STRANGER;
}

/* The right key in the wrong name. */
static void
pck_name(struct td_scene *s)
{
    s->pck_crl_issuer = TD_OTHER_CA;
}

static void
root_past(struct td_scene *s)
{
    s->root_crl.until = TD_NOW - 1;
}

static void
root_future(struct td_scene *s)
{
    s->root_crl.since = TD_NOW + 1;
}

static void
pck_past(struct td_scene *s)
{
    s->pck_crl.until = TD_NOW - 1;
}

static void
pck_future(struct td_scene *s)
{
    s->pck_crl.since = TD_NOW + 1;
}

static void
revoke(struct td_crl *c, int64_t serial)
{
    c->serial[0] = 1;
    c->serial[1] = serial;
    c->serial[2] = 9;
    c->serials = 3;
}

static void
leaf_revoked(struct td_scene *s)
{
    revoke(&s->pck_crl, TD_SERIAL_LEAF);
}

static void
ca_revoked(struct td_scene *s)
{
    revoke(&s->root_crl, TD_SERIAL_CA);
}

static void
signer_revoked(struct td_scene *s)
{
    revoke(&s->root_crl, TD_SERIAL_SIGNER);
}

/* Serial numbers of which a DER INTEGER begins with a zero. */
static void
high_serial(struct td_scene *s)
{
    s->ask[TD_LEAF].ask.serial = 0x80000001;
    revoke(&s->pck_crl, 0x80000001);
}

static void
lists(void **state)
{
    static const struct bend ROWS[] = {
        {"root_crl.missing", "there is none", "a CRL", NULL, JUDGE_UNABLE, 0, 0, root_missing},
        {"root_crl.malformed", "", "a CRL version 2", NULL, 0, 0, 0, root_not_der},
        {"root_crl.malformed", "the CRL has no nextUpdate", "", root_no_end, 0, 0, 0, NULL},
        {"root_crl.malformed", "critical", "", root_critical, 0, 0, 0, NULL},
        {"root_crl.signature", "issued or signed by somebody else", "the root", root_forged, 0, 0,
         0, NULL},
        {"root_crl.signature", "issued or signed by somebody else", "the root", root_of_another, 0,
         0, 0, NULL},
        {"root_crl.expired", "it is 2027-01-15T08:00:00Z", "to 2027-01-15T07:59:59Z", root_past,
         JUDGE_UNABLE, 0, 0, NULL},
        {"root_crl.expired", "it is 2027-01-15T08:00:00Z", "of 2027-01-15T08:00:01Z", root_future,
         JUDGE_UNABLE, 0, 0, NULL},
        {"pck_crl.missing", "there is none", "a CRL", NULL, JUDGE_UNABLE, 0, 0, pck_missing},
        {"pck_crl.malformed", "", "a CRL version 2", NULL, 0, 0, 0, pck_not_der},
        {"pck_crl.malformed", "the CRL has no nextUpdate", "", pck_no_end, 0, 0, 0, NULL},
        {"pck_crl.malformed", "critical", "", pck_critical, 0, 0, 0, NULL},
        {"pck_crl.malformed", "version", "", pck_old, 0, 0, 0, NULL},
        {"pck_crl.issuer", "a CRL of another issuer", "the chain's own PCK CA", pck_name, 0, 0, 0,
         NULL},
        {"pck_crl.signature", "issued or signed by somebody else", "the chain's PCK CA", pck_forged,
         0, 0, 0, NULL},
        {"pck_crl.expired", "it is 2027-01-15T08:00:00Z", "to 2027-01-15T07:59:59Z", pck_past,
         JUDGE_UNABLE, 0, 0, NULL},
        {"pck_crl.expired", "it is 2027-01-15T08:00:00Z", "of 2027-01-15T08:00:01Z", pck_future,
         JUDGE_UNABLE, 0, 0, NULL},
        {"pck.revoked", "serial 0bbb is revoked", "not revoked", leaf_revoked, 0, 0, 0, NULL},
        {"pck.revoked", "serial 80000001 is revoked", "not revoked", high_serial, 0, 0, 0, NULL},
        {"pck_ca.revoked", "serial 07d2 is revoked", "not revoked", ca_revoked, 0, 0, 0, NULL},
        {"tcb_signing.revoked", "serial 0fa4 is revoked", "not revoked", signer_revoked, 0, 0, 0,
         NULL},
    };

    (void)state;
    COURT_ROWS(ROWS);
}

/* Serial numbers count where their issuer's list has them, and nowhere else. */
static void
other_serials(void **state)
{
    static const int64_t OTHERS[] = {TD_SERIAL_LEAF - 1, TD_SERIAL_LEAF << 8, TD_SERIAL_LEAF & 0xff,
                                     TD_SERIAL_CA, TD_SERIAL_SIGNER};

    (void)state;
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        struct td_scene *s = court(5, 3);

        revoke(&s->pck_crl, OTHERS[i]);
        revoke(&s->root_crl, TD_SERIAL_LEAF);
        td_make(s);
        assert_accepted(s);
        assert_row(s, "pck.revoked", OUTCOME_PASS, "serial 0bbb is not revoked");
    }
}

/* One signer of each document: the second one is looked up too. */
static void
the_signer_of_the_qe_identity(void **state)
{
    struct td_scene *s = court(4, 2);

    (void)state;
    s->ask[TD_OTHER_CA] = s->ask[TD_SIGNER];
    s->ask[TD_OTHER_CA].ask.serial = 5005;
    s->ask[TD_OTHER_CA].ask.key = td_key(TD_SIGNER);
    s->qe_chain.order[0] = TD_OTHER_CA;
    td_make(s);
    assert_accepted(s);
    revoke(&s->root_crl, 5005);
    td_make(s);
    assert_refused(s, JUDGE_REJECT, "tcb_signing.revoked", "serial 138d is revoked", "");
}

/* The other CA's list, whole and signed: it says nothing of this certificate. */
static void
the_other_ca(void **state)
{
    struct td_scene *s = court(4, 2);
    struct tdx_platform known = {0};
    struct why why = {0};

    (void)state;
    s->pck_crl_issuer = s->pck_crl_signer = TD_OTHER_CA;
    td_make(s);
    assert_int_equal(td_judge(s), JUDGE_REJECT);
    assert_row(s, "pck_crl.issuer", OUTCOME_FAIL, "a CRL of another issuer");
    assert_row(s, "pck_crl.signature", OUTCOME_FAIL, "somebody else");

    /* Judged beside another machine, all its own facts are good; the machine at hand is known. */
    assert_int_equal(td_know(s, &known, &why), ERR_OK);
    tdx_collateral_judge(&s->bytes, &s->trust.tdx, desk_der(&s->cert[TD_OTHER_CA]), &s->room);
    assert_true(s->room.pck_crl.issuer_ok && s->room.pck_crl.signature_ok);
    assert_refused(s, JUDGE_REJECT, "pck_crl.issuer", "a CRL of another issuer",
                   "the CRL of the chain's own PCK CA");
    td_forget(s, &known);
}

static void
no_collateral(void **state)
{
    struct td_scene *s = court(4, 2);
    static const char *const ROWS[] = {"root_crl.missing", "pck_crl.missing", "tcb_info.missing",
                                       "qe_identity.missing"};

    (void)state;
    td_make(s);
    s->ev.tdx.collateral = NULL;
    assert_int_equal(td_judge(s), JUDGE_UNABLE);
    for (size_t i = 0; i < 4; i++) {
        assert_row(s, ROWS[i], OUTCOME_UNABLE, "there is none");
    }
    assert_row(s, "tdquote.signature", OUTCOME_PASS, "");
    assert_row(s, "tcb.status", OUTCOME_NOT_RUN, "");
    assert_false(s->got.tdx.verified);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(other_serials),
        cmocka_unit_test(the_signer_of_the_qe_identity),
        cmocka_unit_test(the_other_ca),
        cmocka_unit_test(no_collateral),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
