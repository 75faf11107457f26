/* SPDX-License-Identifier: Apache-2.0 */
/* test_flow_ends.c - ends of sandboxes and uploads when something fails half way, comes twice or
 * too late. */
#include "test/unit/flow_rig.h"

#include "broker/flow/documents.h"
#include "broker/flow/keeper.h"
#include "broker/flow/lease.h"
#include "broker/flow/record.h"
#include "broker/flow/teardown.h"

static enum err
end(struct rig *r, const char *sandbox, char **receipt)
{
    return flow_teardown(&r->b, sandbox, "guest", "done", receipt, &r->f);
}

static bool
has_receipt(struct rig *r, const char *sandbox)
{
    AUTO(mem_free_text) char *text = NULL;
    struct why why = {0};

    return r->ledger->ops->receipt_get(r->ledger, sandbox, &text, &why) == ERR_OK;
}

static enum sandbox_state
sandbox_state_of(struct rig *r, const char *id)
{
    struct sandbox_row s = {0};

    good(r, r->ledger->ops->sandbox_get(r->ledger, id, &s, &r->f.why));
    return s.state;
}

/* Failing operations. */

static enum err
no_receipt_put(struct store *s, const char *sandbox, const char *jws, char **out, struct why *why)
{
    (void)s;
    (void)jws;
    (void)out;
    return why_add(why, ERR_IO, "no receipt of %s", sandbox);
}

static enum err
no_receipt_get(struct store *s, const char *sandbox, char **out, struct why *why)
{
    (void)s;
    (void)out;
    return why_add(why, ERR_BUSY, "nobody reads of %s", sandbox);
}

static enum err
no_sum(struct store *s, const char *sandbox, int64_t at, struct upload_sum *out, struct why *why)
{
    (void)s;
    (void)at;
    (void)out;
    return why_add(why, ERR_IO, "no sum of %s", sandbox);
}

/* --- sandboxes --- */

static void
an_end_that_was_cut_short_says_the_same_later(void **state)
{
    struct rig *r = *state;
    struct guest g = live_guest(r, "sb-1");
    AUTO(mem_free_text) char *receipt = NULL;

    (void)put_upload(r, &g, "up-1", "direct");
    (void)stored_upload(r, &g, "up-2");
    r->ops.receipt_put = no_receipt_put;
    r->b.store = &r->broken;
    fault(r, end(r, "sb-1", &receipt), ERR_IO, "unable");
    assert_null(receipt);
    assert_int_equal(sandbox_state_of(r, "sb-1"), SANDBOX_ENDED); /* dead all the same */
    r->b.store = r->ledger;
    good(r, end(r, "sb-1", &receipt));

    AUTO(json_free) json_t *said = receipt_said(receipt);
    const json_t *left = json_object_get(said, "not_undone");

    assert_int_equal(number_of(said, "uploads_aborted"), 2);
    assert_int_equal(json_array_size(left), 1);
    left = json_array_get(left, 0);
    assert_string_equal(json_string_value(json_object_get(left, "store")), "s3");
    left = json_object_get(left, "uploads");
    assert_string_equal(json_string_value(json_array_get(left, 0)), "up-1");
}

static void
trouble_of_the_ledger_gives_no_receipt(void **state)
{
    struct rig *r = *state;
    AUTO(mem_free_text) char *receipt = NULL;

    (void)live_guest(r, "sb-1");
    r->b.store = &r->broken;
    r->ops.receipt_get = no_receipt_get;
    fault(r, end(r, "sb-1", &receipt), ERR_BUSY, "busy");
    r->ops.receipt_get = r->ledger->ops->receipt_get;
    r->ops.upload_sum = no_sum;
    fault(r, end(r, "sb-1", &receipt), ERR_IO, "unable");
    assert_null(receipt);
    assert_int_equal(log_count(r, "sb-1"), 0);
    fault(r, end(r, "sb-9", &receipt), ERR_NOT_FOUND, "sandbox_unknown");
}

static void
without_the_mint_an_end_is_an_end_without_receipt(void **state)
{
    struct rig *r = *state;
    AUTO(mem_free_text) char *receipt = NULL;

    (void)live_guest(r, "sb-1");
    assert_int_equal(kill(mint_public(r->b.mint)->pid, SIGKILL), 0);
    fault(r, end(r, "sb-1", &receipt), ERR_UNABLE, "unable");
    assert_int_equal(sandbox_state_of(r, "sb-1"), SANDBOX_ENDED);
    assert_false(has_receipt(r, "sb-1"));
}

static void
as_many_usable_urls_as_there_can_be_fit_a_receipt(void **state)
{
    struct rig *r = *state;
    struct guest g = live_guest(r, "sb-0123456789ab0123456789abcdef0123");
    AUTO(mem_free_text) char *receipt = NULL;
    char reason[201];

    memset(reason, '"', sizeof reason - 1); /* each takes two bytes */
    reason[sizeof reason - 1] = '\0';
    for (unsigned i = 0; i < UPLOADS_USABLE_MAX; i++) {
        char id[ID_MAX];

        (void)snprintf(id, sizeof id, "up-0123456789ab0123456789abcdef%04u", i);
        (void)put_upload(r, &g, id, "direct");
    }
    good(r, flow_teardown(&r->b, g.sandbox.id, "guest", reason, &receipt, &r->f));

    AUTO(json_free) json_t *said = receipt_said(receipt);
    const json_t *left = json_array_get(json_object_get(said, "not_undone"), 0);

    assert_int_equal(json_array_size(json_object_get(left, "uploads")), UPLOADS_USABLE_MAX);
}

static bool
soon(struct rig *r, bool (*true_now)(struct rig *r, const char *id), const char *id)
{
    for (int i = 0; i < 400 && !true_now(r, id); i++) {
        (void)usleep(25 * 1000);
    }
    return true_now(r, id);
}

static void
the_keeper_finishes_what_was_cut_short(void **state)
{
    struct rig *r = *state;
    struct keeper *k = NULL;
    struct upload_row aborted[4];
    bool was_live = false;
    size_t n = 0;

    (void)live_guest(r, "sb-1");
    (void)live_guest(r, "sb-2");
    good(r, r->ledger->ops->sandbox_end(r->ledger, "sb-1", SANDBOX_ENDED, "by-the-guest",
                                        clock_unix(), &was_live, aborted, 4, &n, &r->f.why));
    good(r, keeper_start(&r->b, &k, &r->f.why));
    assert_true(soon(r, has_receipt, "sb-1"));
    keeper_stop(&k);
    assert_int_equal(log_count(r, "by-the-guest"), 1);
    assert_int_equal(sandbox_state_of(r, "sb-2"), SANDBOX_LIVE);
}

/* Its receipt never comes about; those of the others must. */
static enum err
poisoned_sum(struct store *s, const char *sandbox, int64_t at, struct upload_sum *out,
             struct why *why)
{
    (void)s;
    (void)at;
    if (strcmp(sandbox, "sb-1") == 0) {
        return why_add(why, ERR_IO, "poison");
    }
    *out = (struct upload_sum){0};
    return ERR_OK;
}

static void
one_that_cannot_be_finished_keeps_nobody_waiting(void **state)
{
    struct rig *r = *state;
    struct keeper *k = NULL;
    static const char *const ids[] = {"sb-1", "sb-2", "sb-3"};

    r->ops.upload_sum = poisoned_sum;
    r->b.store = &r->broken;
    for (size_t i = 0; i < 3; i++) {
        struct upload_row none[1];
        bool was_live = false;
        size_t n = 0;

        (void)live_guest(r, ids[i]);
        good(r, r->ledger->ops->sandbox_end(r->ledger, ids[i], SANDBOX_ENDED, "", clock_unix(),
                                            &was_live, none, 1, &n, &r->f.why));
    }
    good(r, keeper_start(&r->b, &k, &r->f.why));
    assert_true(soon(r, has_receipt, "sb-3"));
    keeper_stop(&k);
    assert_true(has_receipt(r, "sb-2"));
    assert_false(has_receipt(r, "sb-1"));
}

/* --- uploads --- */

static void
an_object_that_cannot_be_placed_is_over(void **state)
{
    struct rig *r = *state;
    struct guest g = live_guest(r, "sb-1");
    struct upload_row out = {0};
    char part[UPLOAD_PATH];
    char in_the_way[UPLOAD_PATH];

    (void)stored_upload(r, &g, "up-1");
    (void)snprintf(in_the_way, sizeof in_the_way, "%s/in", r->b.store_conf[0].path);
    good(r, file_write(in_the_way, slice_text("a file where a folder should be"), 0600, &r->f.why));
    enum err e = flow_upload_commit(&r->b, &g, "up-1", &out, &r->f);

    fault(r, e, e, "unable");
    assert_true(err_is_unable(e));
    part_of(r, "up-1", part);
    assert_int_equal(access(part, F_OK), -1);
    assert_int_equal(upload_state_of(r, "up-1"), UPLOAD_ABORTED);
    assert_int_equal(unlink(in_the_way), 0);
    fault(r, flow_upload_commit(&r->b, &g, "up-1", &out, &r->f), ERR_CONFLICT, "not_stored");
    good(r, keeper_recover(&r->b, &r->f.why));
    assert_int_equal(access(in_the_way, F_OK), -1); /* and nothing appears later */
}

static void
a_restart_finishes_what_the_ledger_says(void **state)
{
    struct rig *r = *state;
    struct guest g = live_guest(r, "sb-1");
    char part[UPLOAD_PATH];
    char object[UPLOAD_PATH];

    (void)stored_upload(r, &g, "up-stored");
    (void)stored_upload(r, &g, "up-committed");
    good(r, r->ledger->ops->upload_move(r->ledger, "up-committed", UPLOAD_STORED, UPLOAD_COMMITTED,
                                        &r->f.why));
    (void)put_upload(r, &g, "up-open", "local");
    part_of(r, "up-open", part);
    good(r, file_write(part, slice_text("ha"), 0600, &r->f.why));
    part_of(r, "up-unknown", part);
    good(r, file_write(part, slice_text("?"), 0600, &r->f.why));
    good(r, keeper_recover(&r->b, &r->f.why));

    (void)snprintf(object, sizeof object, "%s/in/up-committed", r->b.store_conf[0].path);
    assert_int_equal(access(object, F_OK), 0);
    part_of(r, "up-stored", part);
    assert_int_equal(access(part, F_OK), 0);
    part_of(r, "up-open", part);
    assert_int_equal(access(part, F_OK), -1); /* half of it: its URL may send all of it again */
    part_of(r, "up-unknown", part);
    assert_int_equal(access(part, F_OK), -1);
}

static void
a_commit_without_its_record_does_not_happen(void **state)
{
    struct rig *r = *state;
    struct guest g = live_guest(r, "sb-1");
    struct upload_row out = {0};

    (void)stored_upload(r, &g, "up-1");
    assert_int_equal(kill(mint_public(r->b.mint)->pid, SIGKILL), 0);
    fault(r, flow_upload_commit(&r->b, &g, "up-1", &out, &r->f), ERR_UNABLE, "unable");
    assert_int_equal(upload_state_of(r, "up-1"), UPLOAD_STORED);
    fault(r, flow_upload_abort(&r->b, &g, "up-1", &r->f), ERR_UNABLE, "unable");
    assert_int_equal(upload_state_of(r, "up-1"), UPLOAD_STORED);
    assert_true(inflight_wait(r->b.inflight, "sb-1", 0)); /* nothing was left under way */
}

static void
a_commit_is_refused_before_it_is_recorded(void **state)
{
    struct rig *r = *state;
    struct guest g = live_guest(r, "sb-1");
    struct guest other = live_guest(r, "sb-2");
    struct upload_row out = {0};

    (void)put_upload(r, &g, "up-1", "local");
    fault(r, flow_upload_commit(&r->b, &g, "up-1", &out, &r->f), ERR_CONFLICT, "not_stored");
    fault(r, flow_upload_commit(&r->b, &other, "up-1", &out, &r->f), ERR_DENIED, "not_yours");
    fault(r, flow_upload_commit(&r->b, &g, "up-9", &out, &r->f), ERR_NOT_FOUND, "upload_unknown");
    assert_int_equal(log_count(r, "committed"), 0);
}

/* --- the mint, documents, time --- */

static void
an_answer_that_came_too_late_is_not_handed_out(void **state)
{
    struct rig *r = *state;
    struct guest g = live_guest(r, "sb-1");
    struct mint_ask *ask = mem_new(1, sizeof *ask);
    struct mint_answer *answer = mem_new(1, sizeof *answer);

    ask->kind = MINT_UPLOAD;
    ask->life_s = 10;
    ask->status_index = -1;
    SCRATCH_SET(ask->sub, "sandbox:sb-1");
    SCRATCH_SET(ask->aud[0], "https://broker.example");
    ask->aud_n = 1;
    SCRATCH_SET(ask->extra, "{\"id\":\"up-1\"}");
    record_sandbox(&g.sandbox, ACTION_GRANTED, "guest", &ask->record);
    good(r, record_grant(&r->b, ask, clock_unix() + 12, answer, &r->f));
    assert_true(answer->text_len > 0 && answer->text[0] == 'e');
    fault(r, record_grant(&r->b, ask, clock_unix() + 9, answer, &r->f), ERR_BUSY, "busy");
    assert_int_equal(answer->text[0], 0); /* wiped */
    ask->life_s = 1000000;                /* what the mint refuses is our mistake, no denial */
    fault(r, record_grant(&r->b, ask, INT64_MAX, answer, &r->f), ERR_UNABLE, "unable");
    mem_free(ask);
    mem_free(answer);
}

static void
a_revocation_without_its_record_does_not_happen(void **state)
{
    struct rig *r = *state;
    struct document_row d = {.kind = "policy",
                             .id = "p",
                             .version = 1,
                             .author = "alice",
                             .state = DOCUMENT_ACTIVE,
                             .jws = "j.w.s"};
    struct principal who = {.name = "eve"};
    const struct document_ref ref = {"policy", "p", 1};
    const struct document_ref unknown = {"policy", "p", 2};
    AUTO(json_free) json_t *ended = NULL;
    AUTO(document_row_done) struct document_row seen = {0};

    SCRATCH_SET(d.digest, SCRATCH_DIGEST);
    good(r, r->ledger->ops->document_put(r->ledger, &d, &r->f.why));
    fault(r, flow_document_revoke(&r->b, &who, &unknown, "why", &ended, &r->f), ERR_NOT_FOUND,
          "document_unknown");
    assert_int_equal(log_count(r, "document_unknown"), 1); /* said, and said that it was not so */
    assert_int_equal(kill(mint_public(r->b.mint)->pid, SIGKILL), 0);
    fault(r, flow_document_revoke(&r->b, &who, &ref, "why", &ended, &r->f), ERR_UNABLE, "unable");
    good(r, r->ledger->ops->document_get(r->ledger, "policy", "p", 1, &seen, &r->f.why));
    assert_int_equal(seen.state, DOCUMENT_ACTIVE);
    assert_null(ended);
}

/* A refusal as a flow hands it to record_denial(). */
static enum err
deny(struct rig *r, enum err e, const char *code, const char *verdict, const char *failed)
{
    struct sandbox_row s = {0};

    r->f.err = e;
    r->f.code = code;
    (void)snprintf(r->f.verdict, sizeof r->f.verdict, "%s", verdict);
    (void)snprintf(r->f.failed, sizeof r->f.failed, "%s", failed);
    return record_denial(&r->b, &s, "attestation", e, &r->f);
}

static void
refusals_are_recorded_and_trouble_is_not(void **state)
{
    struct rig *r = *state;
    char long_list[FAULT_FAILED];

    fault(r, deny(r, ERR_MALFORMED, "malformed", "", ""), ERR_MALFORMED, "malformed");
    fault(r, deny(r, ERR_UNABLE, "unable", "", ""), ERR_UNABLE, "unable");
    assert_int_equal(log_count(r, "attestation"), 0);
    fault(r, deny(r, ERR_DENIED, "policy_unknown", "", ""), ERR_DENIED, "policy_unknown");
    fault(r, deny(r, ERR_CONFLICT, "challenge_used", "", ""), ERR_CONFLICT, "challenge_used");
    fault(r, deny(r, ERR_MALFORMED, "evidence_malformed", "vd-1", "a.b"), ERR_MALFORMED,
          "evidence_malformed");
    assert_int_equal(log_count(r, "\"action\":\"denied\""), 3);
    /* Undecided is no denial, in the log as elsewhere. */
    fault(r, deny(r, ERR_UNABLE, "evidence_unable", "vd-2", "a.b"), ERR_UNABLE, "evidence_unable");
    assert_int_equal(log_count(r, "\"action\":\"denied\""), 3);
    assert_int_equal(log_count(r, "\"action\":\"asked\""), 1);
    /* Ids are left out whole. */
    for (size_t i = 0; i < sizeof long_list - 1; i++) {
        long_list[i] = i % 10 == 9 ? ' ' : 'k';
    }
    long_list[sizeof long_list - 1] = '\0';
    fault(r, deny(r, ERR_DENIED, "evidence_rejected", "vd-3", long_list), ERR_DENIED,
          "evidence_rejected");
    assert_int_equal(log_count(r, "\"kkkkkkkkk\""), 100);
    assert_int_equal(log_count(r, "\"kkkkk\""), 0);
}

static void
what_cannot_be_recorded_is_not_told(void **state)
{
    struct rig *r = *state;

    r->b.refusals.left = 1000;
    fault(r, deny(r, ERR_DENIED, "policy_unknown", "", ""), ERR_DENIED, "policy_unknown");
    fault(r, deny(r, ERR_DENIED, "policy_unknown", "", ""), ERR_BUSY, "busy");
    /* Judged evidence was paid for before. */
    fault(r, deny(r, ERR_DENIED, "evidence_rejected", "vd-1", "a.b"), ERR_DENIED,
          "evidence_rejected");
    budget_init(&r->b.refusals, clock_mono_ms());
    assert_int_equal(kill(mint_public(r->b.mint)->pid, SIGKILL), 0);
    fault(r, deny(r, ERR_DENIED, "policy_unknown", "", ""), ERR_UNABLE, "unable");
}

static void
a_budget_is_spent_and_comes_back(void **state)
{
    struct budget b;
    unsigned n = 0;

    (void)state;
    budget_init(&b, 1000);
    while (budget_take(&b, 1000)) {
        n++;
    }
    assert_int_equal(n, BUDGET_BURST);
    assert_false(budget_take(&b, 1000 + 1000 / BUDGET_PER_S - 1));
    assert_true(budget_take(&b, 1000 + 1000 / BUDGET_PER_S));
    assert_false(budget_take(&b, 500)); /* a clock that goes back gives nothing */
    assert_false(budget_take(&b, 1000 + 1000 / BUDGET_PER_S));
    for (n = 0; budget_take(&b, INT64_MAX / 2); n++) {
    }
    assert_int_equal(n, BUDGET_BURST); /* never more than a burst */
    budget_done(&b);
}

static void
a_life_is_the_least_of_all(void **state)
{
    struct sandbox_row s = {.lease_until = 100, .hard_until = 200, .collateral_until = 300};

    (void)state;
    assert_int_equal(lease_end(&s), 100);
    s.lease_until = 400;
    assert_int_equal(lease_end(&s), 200);
    s.collateral_until = 150;
    assert_int_equal(lease_end(&s), 150);
    assert_int_equal(lease_life(60, 1000, 0), 60);
    assert_int_equal(lease_life(60, 61, 0), 60);
    assert_int_equal(lease_life(60, 60, 0), 60 - LEASE_SLACK_S); /* the mint's clock reads later */
    assert_int_equal(lease_life(60, 1, 0), 1);
    assert_int_equal(lease_life(60, 5, 5), 0);
    assert_true(lease_life(60, 4, 5) < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_end_that_was_cut_short_says_the_same_later),
        TEST(trouble_of_the_ledger_gives_no_receipt),
        TEST(without_the_mint_an_end_is_an_end_without_receipt),
        TEST(as_many_usable_urls_as_there_can_be_fit_a_receipt),
        TEST(the_keeper_finishes_what_was_cut_short),
        TEST(one_that_cannot_be_finished_keeps_nobody_waiting),
        TEST(an_object_that_cannot_be_placed_is_over),
        TEST(a_restart_finishes_what_the_ledger_says),
        TEST(a_commit_without_its_record_does_not_happen),
        TEST(a_commit_is_refused_before_it_is_recorded),
        TEST(an_answer_that_came_too_late_is_not_handed_out),
        TEST(a_revocation_without_its_record_does_not_happen),
        TEST(refusals_are_recorded_and_trouble_is_not),
        TEST(what_cannot_be_recorded_is_not_told),
        cmocka_unit_test(a_budget_is_spent_and_comes_back),
        cmocka_unit_test(a_life_is_the_least_of_all),
    };

    return cmocka_run_group_tests_name("flow ends", tests, NULL, NULL);
}
