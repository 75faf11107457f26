/* SPDX-License-Identifier: Apache-2.0 */
/* test_kinds.c - the mint's rules, claims and records, without a process: each rule refuses by
 * its name. */
#include "test/unit/mint_fixture.h"

#include <jansson.h>

#include "attest/tlog/tree.h"
#include "broker/mint/claims.h"
#include "broker/mint/kinds.h"
#include "broker/mint/record.h"
#include "common/json.h"

static const enum mint_kind ALL[] = {MINT_ACCESS,  MINT_EAR,     MINT_UPLOAD,
                                     MINT_RECEIPT, MINT_PUT_URL, MINT_NOTE};

enum { ALL_N = sizeof ALL / sizeof ALL[0] };

/* Judge; "" when it passes, else the rule's name. */
static const char *
rule_of(const struct mint_ask *ask, struct why *why)
{
    static char rule[KIND_RULE_MAX]; /* of the last call */

    why->n = 0;
    rule[0] = '\0';

    enum err err = kind_judge(kind_find(ask->kind), ask, rule, why);

    assert_int_equal(err, rule[0] == '\0' ? ERR_OK : ERR_DENIED);
    assert_int_equal(why->n > 0, err != ERR_OK);
    return rule;
}

static void
good_asks_pass(void **state)
{
    struct mint_ask ask;
    struct why why = {0};

    (void)state;
    for (size_t i = 0; i < ALL_N; i++) {
        scratch_ask(&ask, ALL[i]);
        assert_string_equal(rule_of(&ask, &why), "");
    }
}

static void
unknown_kinds(void **state)
{
    struct mint_ask ask;
    struct why why = {0};

    (void)state;
    scratch_ask(&ask, MINT_ACCESS);
    for (unsigned k = 0; k < 256; k++) {
        if (k >= MINT_ACCESS && k <= MINT_NOTE) {
            continue;
        }
        ask.kind = (enum mint_kind)k;
        assert_string_equal(rule_of(&ask, &why), "mint.kind.unknown");
    }
}

/* One change to a good ask. */
#define SPOIL(name, statement)             \
    static void name(struct mint_ask *ask) \
    {                                      \
        statement;                         \
    }

SPOIL(no_sub, ask->sub[0] = '\0')
SPOIL(no_client, ask->client_id[0] = '\0')
SPOIL(no_aud, ask->aud_n = 0)
SPOIL(empty_aud, ask->aud[0][0] = '\0')
SPOIL(empty_second_aud, ask->aud_n = 2)
SPOIL(no_sandbox, ask->record.sandbox[0] = '\0')
SPOIL(no_cnf, ask->jkt[0] = '\0')
SPOIL(no_extra, ask->extra[0] = '\0')
SPOIL(no_store, ask->store[0] = '\0')
SPOIL(no_key, ask->key[0] = '\0')
SPOIL(no_type, ask->content_type[0] = '\0')
SPOIL(life_zero, ask->life_s = 0)
SPOIL(life_negative, ask->life_s = -1)
SPOIL(life_least, ask->life_s = INT64_MIN)
SPOIL(life_most, ask->life_s = INT64_MAX)
SPOIL(life_hour, ask->life_s = 3601)
SPOIL(life_day, ask->life_s = 86401)
SPOIL(life_minute, ask->life_s = 61)
SPOIL(life_one, ask->life_s = 1)
SPOIL(jkt_short, ask->jkt[42] = '\0')
SPOIL(jkt_padding, ask->jkt[42] = '=')
SPOIL(jkt_bits, ask->jkt[42] = 'J')
SPOIL(digest_upper, ask->record.policy_digest[1] = 'F')
SPOIL(digest_short, ask->record.policy_digest[63] = '\0')
SPOIL(purpose_text, SCRATCH_SET(ask->purpose_digest, "summaries"))
SPOIL(sha_text, SCRATCH_SET(ask->sha256, "0x00"))
SPOIL(extra_array, SCRATCH_SET(ask->extra, "[1]"))
SPOIL(extra_text, SCRATCH_SET(ask->extra, "\"a\""))
SPOIL(extra_open, SCRATCH_SET(ask->extra, "{\"a\":1"))
SPOIL(extra_escape, SCRATCH_SET(ask->extra, "{}},\"exp\":9999999999,\"x\":{"))
SPOIL(extra_two, SCRATCH_SET(ask->extra, "{},\"exp\":9999999999"))
SPOIL(extra_duplicate, SCRATCH_SET(ask->extra, "{\"a\":1,\"a\":2}"))
SPOIL(extra_unwanted, SCRATCH_SET(ask->extra, "{}"))
SPOIL(action_none, ask->record.action = (enum mint_action)0)
SPOIL(action_six, ask->record.action = (enum mint_action)6)
SPOIL(key_absolute, SCRATCH_SET(ask->key, "/etc/passwd"))
SPOIL(key_up, SCRATCH_SET(ask->key, "summaries/../other/x"))
SPOIL(key_up_end, SCRATCH_SET(ask->key, ".."))
SPOIL(size_negative, ask->size = -1)
SPOIL(size_over, ask->size = (INT64_C(5) << 30) + 1)
SPOIL(type_utf8, SCRATCH_SET(ask->content_type, "text/\xc3\xa9"))
SPOIL(tags_utf8, SCRATCH_SET(ask->tags, "a=\xc3\xa9"))

/* The rule that has to notice it. */
static const struct {
    enum mint_kind kind;
    const char *rule;
    void (*spoil)(struct mint_ask *ask);
} SPOILED[] = {
    {MINT_ACCESS, "mint.need.sub", no_sub},
    {MINT_ACCESS, "mint.need.client_id", no_client},
    {MINT_ACCESS, "mint.need.sandbox", no_sandbox},
    {MINT_ACCESS, "mint.need.jkt", no_cnf},
    {MINT_ACCESS, "mint.aud.missing", no_aud},
    {MINT_ACCESS, "mint.aud.missing", empty_aud},
    {MINT_ACCESS, "mint.aud.missing", empty_second_aud},
    {MINT_ACCESS, "mint.life.range", life_zero},
    {MINT_ACCESS, "mint.life.range", life_negative},
    {MINT_ACCESS, "mint.life.range", life_least},
    {MINT_ACCESS, "mint.life.over-cap", life_hour},
    {MINT_ACCESS, "mint.life.over-cap", life_most},
    {MINT_ACCESS, "mint.jkt.malformed", jkt_short},
    {MINT_ACCESS, "mint.jkt.malformed", jkt_padding},
    {MINT_ACCESS, "mint.jkt.malformed", jkt_bits},
    {MINT_ACCESS, "mint.digest.malformed", digest_upper},
    {MINT_ACCESS, "mint.digest.malformed", digest_short},
    {MINT_ACCESS, "mint.digest.malformed", purpose_text},
    {MINT_ACCESS, "mint.extra.malformed", extra_unwanted},
    {MINT_EAR, "mint.need.sub", no_sub},
    {MINT_EAR, "mint.need.jkt", no_cnf},
    {MINT_EAR, "mint.need.extra", no_extra},
    {MINT_EAR, "mint.aud.missing", no_aud},
    {MINT_EAR, "mint.life.over-cap", life_day},
    {MINT_EAR, "mint.life.range", life_zero},
    {MINT_EAR, "mint.extra.malformed", extra_array},
    {MINT_EAR, "mint.extra.malformed", extra_text},
    {MINT_EAR, "mint.extra.malformed", extra_open},
    {MINT_EAR, "mint.extra.malformed", extra_escape},
    {MINT_EAR, "mint.extra.malformed", extra_two},
    {MINT_EAR, "mint.extra.malformed", extra_duplicate},
    {MINT_UPLOAD, "mint.need.sub", no_sub},
    {MINT_UPLOAD, "mint.need.sandbox", no_sandbox},
    {MINT_UPLOAD, "mint.need.extra", no_extra},
    {MINT_UPLOAD, "mint.aud.missing", no_aud},
    {MINT_UPLOAD, "mint.life.over-cap", life_hour},
    {MINT_UPLOAD, "mint.life.range", life_negative},
    {MINT_UPLOAD, "mint.extra.malformed", extra_escape},
    {MINT_RECEIPT, "mint.need.sub", no_sub},
    {MINT_RECEIPT, "mint.need.sandbox", no_sandbox},
    {MINT_RECEIPT, "mint.need.extra", no_extra},
    {MINT_RECEIPT, "mint.life.range", life_one},
    {MINT_RECEIPT, "mint.life.range", life_negative},
    {MINT_PUT_URL, "mint.need.sandbox", no_sandbox},
    {MINT_PUT_URL, "mint.need.store", no_store},
    {MINT_PUT_URL, "mint.need.key", no_key},
    {MINT_PUT_URL, "mint.need.content_type", no_type},
    {MINT_PUT_URL, "mint.life.over-cap", life_minute},
    {MINT_PUT_URL, "mint.life.range", life_zero},
    {MINT_PUT_URL, "mint.digest.malformed", sha_text},
    {MINT_PUT_URL, "mint.put.key", key_absolute},
    {MINT_PUT_URL, "mint.put.key", key_up},
    {MINT_PUT_URL, "mint.put.key", key_up_end},
    {MINT_PUT_URL, "mint.put.size", size_negative},
    {MINT_PUT_URL, "mint.put.size", size_over},
    {MINT_PUT_URL, "mint.put.header", type_utf8},
    {MINT_PUT_URL, "mint.put.header", tags_utf8},
    {MINT_NOTE, "mint.action.unknown", action_none},
    {MINT_NOTE, "mint.action.unknown", action_six},
    {MINT_NOTE, "mint.life.range", life_one},
    {MINT_NOTE, "mint.extra.malformed", extra_unwanted},
};

static void
refused_by(size_t row, const char *rule)
{
    if (strcmp(rule, SPOILED[row].rule) != 0) {
        fail_msg("row %zu: refused by \"%s\", wanted \"%s\"", row, rule, SPOILED[row].rule);
    }
}

static void
spoiled_asks_are_refused_by_name(void **state)
{
    struct mint_ask ask;
    struct why why = {0};

    (void)state;
    for (size_t i = 0; i < sizeof SPOILED / sizeof SPOILED[0]; i++) {
        scratch_ask(&ask, SPOILED[i].kind);
        SPOILED[i].spoil(&ask);
        refused_by(i, rule_of(&ask, &why));
    }
}

static json_t *
claims_of(const struct mint_ask *ask, int64_t exp)
{
    uint8_t text[16384];
    struct wr w = wr_init(text, sizeof text, "test");
    struct why why = {0};
    json_t *out = NULL;
    const struct claims c = {
        .rule = kind_find(ask->kind),
        .ask = ask,
        .issuer = "https://broker.example",
        .jti = "jt-1",
        .iat = 1000,
        .exp = exp,
    };

    fine(claims_write(&w, &c, &why), &why);
    fine(json_read(wr_done(&w), &out, &why), &why); /* strict: duplicates refused */
    return out;
}

static void
same_json(json_t *got, const char *wanted)
{
    json_t *want = json_loads(wanted, 0, NULL);

    assert_non_null(want);
    if (!json_equal(got, want)) {
        fail_msg("%s\nwanted %s", json_dumps(got, 0), wanted);
    }
    json_decref(want);
    json_decref(got);
}

static void
access_claims(void **state)
{
    struct mint_ask ask;

    (void)state;
    scratch_ask(&ask, MINT_ACCESS);
    same_json(
        claims_of(&ask, 1300),
        "{\"iss\":\"https://broker.example\",\"sub\":\"sb-1\",\"aud\":\"https://files.example\","
        "\"client_id\":\"summarizer\",\"iat\":1000,\"exp\":1300,\"jti\":\"jt-1\","
        "\"scope\":\"upload secret:db\",\"cnf\":{\"jkt\":\"" SCRATCH_JKT "\"},"
        "\"sandbox\":\"sb-1\",\"policy\":\"summarizer/7\",\"policy_digest\":\"" SCRATCH_DIGEST
        "\",\"verdict\":\"vd-1\"}");
    SCRATCH_SET(ask.aud[1], "https://b.example/\"x\"");
    ask.aud_n = 2;
    ask.status_index = 0;
    SCRATCH_SET(ask.tier, "cloud-upload");
    SCRATCH_SET(ask.record.session, "us-\xc3\xa9");
    SCRATCH_SET(ask.record.consent, "c\\1");
    SCRATCH_SET(ask.purpose_digest, SCRATCH_DIGEST);
    same_json(
        claims_of(&ask, 1300),
        "{\"iss\":\"https://broker.example\",\"sub\":\"sb-1\","
        "\"aud\":[\"https://files.example\",\"https://b.example/\\\"x\\\"\"],"
        "\"client_id\":\"summarizer\",\"iat\":1000,\"exp\":1300,\"jti\":\"jt-1\","
        "\"scope\":\"upload secret:db\",\"cnf\":{\"jkt\":\"" SCRATCH_JKT "\"},"
        "\"sandbox\":\"sb-1\",\"policy\":\"summarizer/7\",\"policy_digest\":\"" SCRATCH_DIGEST
        "\",\"verdict\":\"vd-1\",\"tier\":\"cloud-upload\",\"session\":\"us-\xc3\xa9\","
        "\"consent\":\"c\\\\1\",\"purpose_digest\":\"" SCRATCH_DIGEST "\","
        "\"status\":{\"status_list\":{\"idx\":0,\"uri\":\"https://broker.example/status/1\"}}}");
}

static void
claims_of_the_other_tokens(void **state)
{
    struct mint_ask ask;

    (void)state;
    scratch_ask(&ask, MINT_EAR);
    SCRATCH_SET(ask.extra, "{\"tpm\":{\"ear.status\":\"affirming\"}}");
    same_json(
        claims_of(&ask, 1300),
        "{\"iss\":\"https://broker.example\",\"sub\":\"sb-1\",\"aud\":\"https://files.example\","
        "\"iat\":1000,\"exp\":1300,\"jti\":\"jt-1\",\"cnf\":{\"jkt\":\"" SCRATCH_JKT "\"},"
        "\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"ear.verifier-id\":"
        "{\"build\":\"countersign 0.1\",\"developer\":\"https://github.com/countersign\"},"
        "\"sandbox\":\"sb-1\",\"policy\":\"summarizer/7\",\"policy_digest\":\"" SCRATCH_DIGEST
        "\",\"verdict\":\"vd-1\",\"submods\":{\"tpm\":{\"ear.status\":\"affirming\"}}}");
    scratch_ask(&ask, MINT_RECEIPT);
    ask.aud_n = 0;
    ask.jkt[0] = '\0';
    same_json(claims_of(&ask, 0),
              "{\"iss\":\"https://broker.example\",\"sub\":\"sb-1\",\"iat\":1000,\"jti\":\"jt-1\","
              "\"sandbox\":\"sb-1\",\"policy\":\"summarizer/7\",\"policy_digest\":\"" SCRATCH_DIGEST
              "\",\"verdict\":\"vd-1\",\"receipt\":{\"a\":1}}");
    scratch_ask(&ask, MINT_UPLOAD);
    same_json(
        claims_of(&ask, 1300),
        "{\"iss\":\"https://broker.example\",\"sub\":\"sb-1\",\"aud\":\"https://files.example\","
        "\"iat\":1000,\"exp\":1300,\"jti\":\"jt-1\",\"cnf\":{\"jkt\":\"" SCRATCH_JKT "\"},"
        "\"sandbox\":\"sb-1\",\"policy\":\"summarizer/7\",\"policy_digest\":\"" SCRATCH_DIGEST
        "\",\"verdict\":\"vd-1\",\"upload\":{\"a\":1}}");
}

static void
claims_that_do_not_fit(void **state)
{
    struct mint_ask ask;
    uint8_t text[512];
    struct why why = {0};
    struct claims c = {.rule = kind_find(MINT_ACCESS), .ask = &ask, .issuer = "i", .jti = "j"};

    (void)state;
    scratch_ask(&ask, MINT_ACCESS);
    for (size_t cap = 0; cap < 300; cap += 7) {
        struct wr w = wr_init(text, cap, "claims");

        why.n = 0;
        refused(claims_write(&w, &c, &why), ERR_LIMIT, &why, "does not fit");
    }
}

static json_t *
record_of(const struct record *r)
{
    uint8_t text[TLOG_ENTRY_MAX];
    struct wr w = wr_init(text, sizeof text, "test");
    struct why why = {0};
    json_t *out = NULL;

    fine(record_write(&w, r, &why), &why);
    fine(json_read(wr_done(&w), &out, &why), &why);
    return out;
}

static void
records(void **state)
{
    struct mint_ask ask;
    struct record r = {
        .seq = 7,
        .time_ms = INT64_C(1795543727009),
        .action = ACTION_GRANTED,
        .kind = "access",
        .jti = "jt-1",
        .ask = &ask,
    };

    (void)state;
    scratch_ask(&ask, MINT_ACCESS);
    SCRATCH_SET(ask.record.reasons, "quote.pcr quote.nonce");
    same_json(
        record_of(&r),
        "{\"v\":1,\"seq\":7,\"time\":\"2026-11-24T18:08:47.009Z\",\"action\":\"granted\","
        "\"kind\":\"access\",\"actor\":\"guest\",\"sandbox\":\"sb-1\",\"policy\":\"summarizer/7\","
        "\"policy_digest\":\"" SCRATCH_DIGEST "\",\"verdict\":\"vd-1\",\"credential\":\"jt-1\","
        "\"life\":300,\"aud\":[\"https://files.example\"],\"sub\":\"sb-1\","
        "\"client_id\":\"summarizer\",\"scope\":\"upload secret:db\",\"jkt\":\"" SCRATCH_JKT
        "\",\"reasons\":[\"quote.pcr\",\"quote.nonce\"]}");
    r.action = ACTION_DENIED;
    r.rule = "mint.life.over-cap";
    r.jti = NULL;
    r.kind = "put-url";
    scratch_ask(&ask, MINT_PUT_URL);
    same_json(record_of(&r),
              "{\"v\":1,\"seq\":7,\"time\":\"2026-11-24T18:08:47.009Z\",\"action\":\"denied\","
              "\"kind\":\"put-url\",\"actor\":\"guest\",\"sandbox\":\"sb-1\","
              "\"policy\":\"summarizer/7\",\"policy_digest\":\"" SCRATCH_DIGEST "\","
              "\"verdict\":\"vd-1\",\"life\":60,\"store\":\"results\","
              "\"key\":\"summaries/sb-1/report.pdf\",\"size\":17,"
              "\"reasons\":[\"mint.life.over-cap\"]}");
}

static void
record_of_a_note_has_what_was_given_and_no_more(void **state)
{
    struct mint_ask ask = {.kind = MINT_NOTE};
    const struct record r = {.action = ACTION_REVOKED, .kind = "note", .ask = &ask};

    (void)state;
    SCRATCH_SET(ask.record.actor, "admin:\"eve\"");
    SCRATCH_SET(ask.record.object, "reference-set/image/3");
    SCRATCH_SET(ask.record.reasons, " CVE-2026-1 ");
    same_json(
        record_of(&r),
        "{\"v\":1,\"seq\":0,\"time\":\"1970-01-01T00:00:00.000Z\",\"action\":\"revoked\","
        "\"kind\":\"note\",\"actor\":\"admin:\\\"eve\\\"\",\"object\":\"reference-set/image/3\","
        "\"reasons\":[\"CVE-2026-1\"]}");
}

static void
actions_have_names(void **state)
{
    (void)state;
    assert_string_equal(action_name(ACTION_ASKED), "asked");
    assert_string_equal(action_name(ACTION_GRANTED), "granted");
    assert_string_equal(action_name(ACTION_DENIED), "denied");
    assert_string_equal(action_name(ACTION_REVOKED), "revoked");
    assert_string_equal(action_name(ACTION_CHANGED), "changed");
    assert_null(action_name((enum mint_action)9));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_asks_pass),
        cmocka_unit_test(unknown_kinds),
        cmocka_unit_test(spoiled_asks_are_refused_by_name),
        cmocka_unit_test(access_claims),
        cmocka_unit_test(claims_of_the_other_tokens),
        cmocka_unit_test(claims_that_do_not_fit),
        cmocka_unit_test(records),
        cmocka_unit_test(record_of_a_note_has_what_was_given_and_no_more),
        cmocka_unit_test(actions_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
