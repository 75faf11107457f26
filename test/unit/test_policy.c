/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: the example of DESIGN section 8 is read, member by member, and every way of saying
 * something else is refused by the name of the member that says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/text.h"
#include "broker/policy/policy.h"
#include "common/mem.h"

static const char example[] =
    "{ \"id\": \"summarizer\", \"version\": 7,\n"
    "  \"accept\": [\n"
    "    [ { \"type\": \"tpm2\", \"reference_set\": \"summarizer-boot\", \"pcrs\": "
    "\"sha256:0,2,4,7,11\" } ],\n"
    "    [ { \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" "
    "} ] ],\n"
    "  \"grant\": {\n"
    "    \"tier\": \"cloud-upload\", \"lease\": { \"heartbeat_s\": 60, \"max_s\": 3600 },\n"
    "    \"token\": { \"ttl_s\": 300, \"audience\": [\"https://files.example\"],\n"
    "      \"scope\": [\"upload\", \"secret:db\"] },\n"
    "    \"upload\": [ { \"store\": \"results\", \"prefix\": \"summaries/${sandbox}/\",\n"
    "      \"max_bytes\": 10485760, \"content_type\": [\"application/pdf\"],\n"
    "      \"tags\": { \"classification\": \"restricted\", \"purpose\": \"${purpose}\",\n"
    "        \"retention\": \"P30D\" }, \"ttl_s\": 60 } ] },\n"
    "  \"consent\": { \"required\": true, \"issuer\": \"https://ui.example\" } }";

/* The example with one piece of text replaced by another; the piece must be there once. */
static char *
changed(const char *from, const char *to)
{
    const char *at = strstr(example, from);

    assert_non_null(at);
    assert_null(strstr(at + 1, from));
    size_t cap = sizeof example + strlen(to);
    char *text = mem_new(cap, 1);

    (void)snprintf(text, cap, "%.*s%s%s", (int)(at - example), example, to, at + strlen(from));
    return text;
}

static void
example_is_read(void **state)
{
    AUTO(policy_free) struct policy *p = NULL;
    struct why why = {0};
    uint8_t digest[SHA256_LEN];
    char hex[STORE_DIGEST];

    (void)state;
    assert_int_equal(policy_read(slice_text(example), &p, &why), ERR_OK);
    hash_sha256(slice_text(example), digest);
    hex_encode((struct slice){digest, sizeof digest}, hex);
    assert_string_equal(p->digest, hex);
    assert_string_equal(p->id, "summarizer");
    assert_int_equal(p->version, 7);
    assert_int_equal(p->alternatives, 2);
    assert_int_equal(p->row[0][0]->type, EVIDENCE_TPM2);
    assert_string_equal(p->row[1][0]->reference_set, "summarizer-next");
    assert_null(p->row[0][1]);
    assert_true(p->consent_required);
    assert_string_equal(p->consent_issuer, "https://ui.example");
    assert_false(p->keep_evidence);
}

/* The alternative of a confidential VM: hardware report and quote together. */
static void
snp_rows_are_read(void **state)
{
    AUTO(policy_free) struct policy *p = NULL;
    AUTO(mem_free_text)
    char *text = changed(
        "{ \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" }",
        "{ \"type\": \"sev-snp\", \"reference_set\": \"summarizer-image\",\n"
        "  \"product\": [\"Genoa\", \"Turin\"], \"vmpl_max\": 0,\n"
        "  \"tcb_min\": { \"snp\": 23, \"microcode\": 72 } },\n"
        "{ \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\" }");
    struct why why = {0};

    (void)state;
    assert_int_equal(policy_read(slice_text(text), &p, &why), ERR_OK);
    assert_int_equal(p->row[1][0]->type, EVIDENCE_SEV_SNP);
    assert_string_equal(p->row[1][0]->reference_set, "summarizer-image");
    assert_int_equal(p->row[1][0]->want.snp.products, 1 << SNP_GENOA | 1 << SNP_TURIN);
    assert_int_equal(p->row[1][0]->want.snp.tcb_min.tcb.microcode, 72);
    assert_int_equal(p->row[1][1]->type, EVIDENCE_TPM2);
}

static void
grant_is_read(void **state)
{
    AUTO(policy_free) struct policy *p = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(policy_read(slice_text(example), &p, &why), ERR_OK);
    const struct policy_grant *g = &p->grant;
    const struct policy_upload *u = &g->upload[0];

    assert_string_equal(g->tier, "cloud-upload");
    assert_int_equal(g->heartbeat_s, 60);
    assert_int_equal(g->max_s, 3600);
    assert_int_equal(g->token_ttl_s, 300);
    assert_int_equal(g->audiences, 1);
    assert_string_equal(g->audience[0], "https://files.example");
    assert_int_equal(g->scopes, 2);
    assert_string_equal(g->scope[1], "secret:db");
    assert_int_equal(g->uploads, 1);
    assert_string_equal(u->store, "results");
    assert_string_equal(u->prefix, "summaries/${sandbox}/");
    assert_int_equal(u->max_bytes, 10485760);
    assert_int_equal(u->content_types, 1);
    assert_string_equal(u->content_type[0], "application/pdf");
    assert_int_equal(u->tags, 3);
    assert_string_equal(u->tag[1].name, "purpose");
    assert_string_equal(u->tag[1].value, "${purpose}");
    assert_int_equal(u->ttl_s, 60);
}

static void
expect_read(const char *text)
{
    AUTO(policy_free) struct policy *p = NULL;
    struct why why = {0};

    if (policy_read(slice_text(text), &p, &why) != ERR_OK) {
        fail_msg("%s: %s", text, why_text(&why));
    }
}

/* What may be left out, and what may be said otherwise. */
static void
variants_are_read(void **state)
{
    static const struct {
        const char *from, *to;
    } table[] = {
        {",\n  \"consent\": { \"required\": true, \"issuer\": \"https://ui.example\" }", ""},
        {"\"required\": true, \"issuer\": \"https://ui.example\"", "\"required\": false"},
        {"\"version\": 7,", "\"version\": 7, \"keep_evidence\": true,"},
        {"\"https://files.example\"", "\"https://[2001:db8::1]:8443/a/b?c=d\""},
        {"\"https://files.example\"", "\"http://127.0.0.1:8080\""},
        {"\"https://files.example\"", "\"http://[::1]:8080/x\""},
        {"\"https://files.example\"", "\"http://localhost\""},
        {"\"heartbeat_s\": 60", "\"heartbeat_s\": 5"},
        {"\"max_s\": 3600", "\"max_s\": 604800"},
        {"\"ttl_s\": 300", "\"ttl_s\": 3600"},
        {"summaries/${sandbox}/", "${purpose}/${sandbox}/x.y_z-1/"},
        {"application/pdf", "application/vnd.oasis.opendocument.text"},
        {"\"max_bytes\": 10485760", "\"max_bytes\": 5497558138880"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        AUTO(mem_free_text) char *text = changed(table[i].from, table[i].to);

        expect_read(text);
    }
}

/* One refusal: the example with a change, and the reason that must be given in one of the
 * links. */
struct refusal {
    const char *from, *to;
    enum err err;
    const char *reason;
};

static bool
reason_given(const struct why *why, const char *reason)
{
    for (size_t i = 0; i < why->n; i++) {
        if (strstr(why->link[i], reason) != NULL) {
            return true;
        }
    }
    return false;
}

static void
expect_refused(const char *text, enum err wanted, const char *reason)
{
    AUTO(policy_free) struct policy *p = NULL;
    struct why why = {0};
    enum err err = policy_read(slice_text(text), &p, &why);

    if (err != wanted || p != NULL || !reason_given(&why, reason)) {
        fail_msg("%s: got %d \"%s\", wanted %d \"%s\"", text, (int)err, why_text(&why), (int)wanted,
                 reason);
    }
}

static void
refuse_all(const struct refusal *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO(mem_free_text) char *text = changed(table[i].from, table[i].to);

        expect_refused(text, table[i].err, table[i].reason);
    }
}

static void
shape_is_refused_by_name(void **state)
{
    static const struct refusal table[] = {
        {"\"version\": 7,", "\"version\": 7, \"colour\": 1,", ERR_MALFORMED,
         "unknown member \"colour\""},
        {"\"version\": 7,", "\"version\": 7, \"id\": \"x\",", ERR_MALFORMED, "duplicate"},
        {"\"version\": 7,", "", ERR_MALFORMED, "\"version\" is missing"},
        {"\"version\": 7,", "\"version\": 0,", ERR_LIMIT, "\"version\" is 0"},
        {"\"version\": 7,", "\"version\": 7.0,", ERR_MALFORMED,
         "\"version\" is number with a fraction"},
        {"\"version\": 7,", "\"version\": \"7\",", ERR_MALFORMED,
         "\"version\" is text, want integer"},
        {"\"id\": \"summarizer\"", "\"id\": \"\"", ERR_MALFORMED, "id: \"\", want letters"},
        {"\"id\": \"summarizer\"", "\"id\": \"a/b\"", ERR_MALFORMED, "id: \"a/b\", want letters"},
        {"\"id\": \"summarizer\"", "\"id\": \".x\"", ERR_MALFORMED, "id: \".x\", want letters"},
        {"\"id\": \"summarizer\"",
         "\"id\": \"a234567890123456789012345678901234567890123456789012345678901234\"", ERR_LIMIT,
         "\"id\" has 64 bytes"},
        {"\"https://ui.example\" } }", "\"https://ui.example\" } } x", ERR_MALFORMED, "JSON"},
        {"\"required\": true, ", "", ERR_MALFORMED, "consent: member \"required\" is missing"},
        {", \"issuer\": \"https://ui.example\"", "", ERR_MALFORMED,
         "consent: member \"issuer\" is missing"},
        {"https://ui.example", "ui.example", ERR_MALFORMED, "consent.issuer: \"ui.example\""},
        {"\"required\": true", "\"required\": 1", ERR_MALFORMED,
         "consent: member \"required\" is integer"},
    };

    (void)state;
    refuse_all(table, sizeof table / sizeof table[0]);
}

static void
accept_is_refused_by_place(void **state)
{
    static const struct refusal table[] = {
        {"[ { \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" "
         "} ]",
         "[]", ERR_MALFORMED, "accept[1]: want a list of 1 to 4"},
        {"[ { \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" "
         "} ]",
         "{}", ERR_MALFORMED, "accept[1]: want a list of 1 to 4"},
        {"\"pcrs\": \"sha256:0,7\" } ]",
         "\"pcrs\": \"sha256:0,7\" }, { \"type\": \"tpm2\", \"values\": \"ignore\" } ]",
         ERR_MALFORMED, "accept[1][1]: a second row of type tpm2"},
        {"\"pcrs\": \"sha256:0,7\"", "\"pcrs\": \"sha256:0,7\", \"colour\": 1", ERR_MALFORMED,
         "accept[1][0]"},
        {"\"pcrs\": \"sha256:0,7\"", "\"pcrs\": \"sha999:0,7\"", ERR_MALFORMED, "accept[1][0]"},
        {"\"reference_set\": \"summarizer-next\"", "\"reference_set\": \"a/b\"", ERR_MALFORMED,
         "accept[1][0]: \"a/b\""},
        {"{ \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" }",
         "{ \"type\": \"sev-snp\", \"reference_set\": \"x\" }", ERR_MALFORMED,
         "member \"product\" is missing"},
        {"{ \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" }",
         "{ \"type\": \"sev-snp\", \"product\": [\"Genoa\"], \"reference_set\": \"x\", "
         "\"guest_svn_min\": 7 }",
         ERR_DENIED, "policy.unsigned_id: guest_svn_min"},
        {"{ \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" }",
         "{ \"type\": \"tdx\" }", ERR_MALFORMED, "tdx row: want \"mrtd\""},
        {"{ \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" }",
         "{ \"type\": \"tdx\", \"reference_set\": \"x\", \"tcb_status\": [\"Revoked\"] }",
         ERR_DENIED, "policy.revoked_tcb"},
        {"{ \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" }",
         "7", ERR_MALFORMED, "accept[1][0]"},
    };

    (void)state;
    refuse_all(table, sizeof table / sizeof table[0]);
}

static void
empty_accept_is_refused(void **state)
{
    static const char text[] = "{\"id\":\"x\",\"version\":1,\"accept\":[],\"grant\":{}}";

    (void)state;
    expect_refused(text, ERR_MALFORMED, "accept: is empty");
}

static void
lease_and_token_are_refused_by_path(void **state)
{
    static const struct refusal table[] = {
        {"\"cloud-upload\"", "\"cloud upload\"", ERR_MALFORMED, "grant.tier: \"cloud upload\""},
        {"\"tier\": \"cloud-upload\", ", "", ERR_MALFORMED, "grant: member \"tier\" is missing"},
        {"\"heartbeat_s\": 60", "\"heartbeat_s\": 4", ERR_LIMIT,
         "grant.lease: member \"heartbeat_s\" is 4"},
        {"\"heartbeat_s\": 60", "\"heartbeat_s\": 86401", ERR_LIMIT, "\"heartbeat_s\" is 86401"},
        {"\"max_s\": 3600", "\"max_s\": 0", ERR_LIMIT, "grant.lease: member \"max_s\" is 0"},
        {"\"max_s\": 3600", "\"max_s\": 604801", ERR_LIMIT, "\"max_s\" is 604801"},
        {"\"max_s\": 3600", "\"max_s\": 59", ERR_MALFORMED,
         "heartbeat_s 60 is longer than max_s 59"},
        {"\"ttl_s\": 300", "\"ttl_s\": 4", ERR_LIMIT, "grant.token: member \"ttl_s\" is 4"},
        {"\"ttl_s\": 300", "\"ttl_s\": 3601", ERR_LIMIT, "grant.token: member \"ttl_s\" is 3601"},
        {"[\"https://files.example\"]", "[]", ERR_MALFORMED, "grant.token.audience: is empty"},
        {"[\"https://files.example\"]", "\"https://files.example\"", ERR_MALFORMED,
         "\"audience\" is text, want array"},
        {"\"https://files.example\"", "\"https://a.example\", \"https://a.example\"", ERR_MALFORMED,
         "grant.token.audience[1]: \"https://a.example\", want each once"},
        {"\"https://files.example\"", "7", ERR_MALFORMED, "grant.token.audience[0]: is not text"},
        {"\"https://files.example\"", "\"http://files.example\"", ERR_MALFORMED, "want https"},
        {"\"https://files.example\"", "\"http://127.0.0.1.evil.example\"", ERR_MALFORMED,
         "want https"},
        {"\"https://files.example\"", "\"files.example\"", ERR_MALFORMED, "absolute https URI"},
        {"\"https://files.example\"", "\"https://\"", ERR_MALFORMED, "want a host"},
        {"\"https://files.example\"", "\"https://:443/\"", ERR_MALFORMED, "want a host"},
        {"\"https://files.example\"", "\"https://a.example:\"", ERR_MALFORMED, "want a host"},
        {"\"https://files.example\"", "\"https://a.example:port/\"", ERR_MALFORMED, "want a host"},
        {"\"https://files.example\"", "\"https://user@a.example\"", ERR_MALFORMED, "want a host"},
        {"\"https://files.example\"", "\"https://[::1\"", ERR_MALFORMED, "want a host"},
        {"\"https://files.example\"", "\"https://[]/\"", ERR_MALFORMED, "want a host"},
        {"\"https://files.example\"", "\"https://a.example/#x\"", ERR_MALFORMED,
         "without fragment"},
        {"\"https://files.example\"", "\"https://a.example/a b\"", ERR_MALFORMED,
         "without fragment"},
        {"\"secret:db\"", "\"secret db\"", ERR_MALFORMED, "grant.token.scope[1]: \"secret db\""},
        {"\"secret:db\"", "\"\"", ERR_MALFORMED, "grant.token.scope[1]: is empty"},
        {"\"secret:db\"", "\"a\\\\b\"", ERR_MALFORMED, "a scope token"},
        {"\"secret:db\"", "\"\\u00fcber\"", ERR_MALFORMED, "printable ASCII"},
        {"\"secret:db\"", "\"a234567890123456789012345678901234567890123456789012345678901234\"",
         ERR_LIMIT, "at most 32 of at most 63 bytes"},
    };

    (void)state;
    refuse_all(table, sizeof table / sizeof table[0]);
}

static void
upload_is_refused_by_path(void **state)
{
    static const struct refusal table[] = {
        {"\"max_bytes\": 10485760", "\"max_bytes\": 0", ERR_LIMIT,
         "grant.upload[0]: member \"max_bytes\" is 0"},
        {"\"max_bytes\": 10485760", "\"max_bytes\": 5497558138881", ERR_LIMIT, "\"max_bytes\" is"},
        {"\"ttl_s\": 60", "\"ttl_s\": 0", ERR_LIMIT, "grant.upload[0]: member \"ttl_s\" is 0"},
        {"\"ttl_s\": 60", "\"ttl_s\": 3601", ERR_LIMIT,
         "grant.upload[0]: member \"ttl_s\" is 3601"},
        {"\"ttl_s\": 60", "\"ttl_s\": 60, \"acl\": \"public\"", ERR_MALFORMED,
         "unknown member \"acl\""},
        {"\"results\"", "\"../results\"", ERR_MALFORMED, "grant.upload[0].store: \"../results\""},
        {"summaries/${sandbox}/", "summaries/${sandbox}", ERR_MALFORMED, "\"/\" at the end"},
        {"summaries/${sandbox}/", "/summaries/${sandbox}/", ERR_MALFORMED, "no empty"},
        {"summaries/${sandbox}/", "summaries//${sandbox}/", ERR_MALFORMED, "no empty"},
        {"summaries/${sandbox}/", "../${sandbox}/", ERR_MALFORMED, "\"..\" segment"},
        {"summaries/${sandbox}/", "${sandbox}/../x/", ERR_MALFORMED, "\"..\" segment"},
        {"summaries/${sandbox}/", "./${sandbox}/", ERR_MALFORMED, "no empty, \".\""},
        {"summaries/${sandbox}/", "summaries/", ERR_MALFORMED,
         "grant.upload[0].prefix: \"summaries/\", want ${sandbox}"},
        {"summaries/${sandbox}/", "", ERR_MALFORMED, "want ${sandbox}"},
        {"summaries/${sandbox}/", "${user}/${sandbox}/", ERR_MALFORMED,
         "want ${sandbox} or ${purpose}"},
        {"summaries/${sandbox}/", "$sandbox/${sandbox}/", ERR_MALFORMED,
         "want ${sandbox} or ${purpose}"},
        {"summaries/${sandbox}/", "${sandbox/${sandbox}/", ERR_MALFORMED,
         "want ${sandbox} or ${purpose}"},
        {"summaries/${sandbox}/", "a%2f/${sandbox}/", ERR_MALFORMED, "no such character"},
        {"summaries/${sandbox}/", "a b/${sandbox}/", ERR_MALFORMED, "no such character"},
        {"[\"application/pdf\"]", "[]", ERR_MALFORMED, "grant.upload[0].content_type: is empty"},
        {"application/pdf", "application", ERR_MALFORMED,
         "content_type[0]: \"application\", want type"},
        {"application/pdf", "/pdf", ERR_MALFORMED, "want type/subtype"},
        {"application/pdf", "application/", ERR_MALFORMED, "want type/subtype"},
        {"application/pdf", "text/plain; charset=utf-8", ERR_MALFORMED, "want type/subtype"},
        {"application/pdf", "a/b/c", ERR_MALFORMED, "want type/subtype"},
        {"application/pdf", "*/*", ERR_MALFORMED, "want type/subtype"},
        {"\"classification\": \"restricted\"", "\"\": \"restricted\"", ERR_MALFORMED,
         "grant.upload[0].tags: \"\""},
        {"\"classification\": \"restricted\"", "\"a&b\": \"restricted\"", ERR_MALFORMED,
         "grant.upload[0].tags: \"a&b\""},
        {"\"classification\": \"restricted\"", "\"classification\": 1", ERR_MALFORMED,
         "grant.upload[0].tags.classification: want text"},
        {"\"restricted\"", "\"\"", ERR_MALFORMED, "grant.upload[0].tags.classification: is empty"},
        {"\"restricted\"", "\"a&b\"", ERR_MALFORMED, "no such character"},
        {"${purpose}", "${session}", ERR_MALFORMED, "want ${sandbox} or ${purpose}"},
        {"\"ttl_s\": 60 } ]",
         "\"ttl_s\": 60 }, { \"store\": \"results\", \"prefix\": \"${sandbox}/\", \"max_bytes\": "
         "1, "
         "\"content_type\": [\"a/b\"], \"ttl_s\": 1 } ]",
         ERR_MALFORMED, "grant.upload[1].store: \"results\" a second time"},
    };

    (void)state;
    refuse_all(table, sizeof table / sizeof table[0]);
}

/* A list of n times `one`, separated by commas, with a number in place of the '#'. */
static char *
many(size_t n, const char *one)
{
    size_t cap = n * (strlen(one) + 8) + 1;
    char *text = mem_new(cap, 1);
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        size_t head = strcspn(one, "#");

        len += (size_t)snprintf(text + len, cap - len, "%s%.*s%zu%s", i == 0 ? "" : ",", (int)head,
                                one, i, one + head + 1);
    }
    return text;
}

static void
too_many_are_refused(void **state)
{
    static const struct {
        const char *from, *one;
        size_t most;
        const char *reason;
    } table[] = {
        {"\"https://files.example\"", "\"https://a#.example\"", POLICY_AUDIENCES,
         "\"audience\" has 9"},
        {"\"upload\", \"secret:db\"", "\"s#\"", POLICY_SCOPES, "\"scope\" has 33"},
        {"\"application/pdf\"", "\"a/b#\"", POLICY_TYPES, "\"content_type\" has 9"},
        {"\"retention\": \"P30D\"", "\"t#\": \"x\"", POLICY_TAGS - 2,
         "grant.upload[0].tags: 17, at most 16"},
        {"[ { \"type\": \"tpm2\", \"reference_set\": \"summarizer-next\", \"pcrs\": \"sha256:0,7\" "
         "} ]",
         "[ { \"type\": \"tpm2\", \"reference_set\": \"r#\" } ]", POLICY_ALTERNATIVES - 1,
         "\"accept\" has 9"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        AUTO(mem_free_text) char *fits = many(table[i].most, table[i].one);
        AUTO(mem_free_text) char *over = many(table[i].most + 1, table[i].one);
        AUTO(mem_free_text) char *good = changed(table[i].from, fits);
        AUTO(mem_free_text) char *bad = changed(table[i].from, over);

        expect_read(good);
        expect_refused(bad, ERR_LIMIT, table[i].reason);
    }
}

/* Every prefix of the example is refused, and none is read beyond its end. */
static void
truncations_are_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof example - 1; n++) {
        AUTO(policy_free) struct policy *p = NULL;
        AUTO(mem_free_bytes) uint8_t *copy = mem_new(n, 1);
        struct why why = {0};

        memcpy(copy, example, n);
        assert_int_equal(policy_read((struct slice){copy, n}, &p, &why), ERR_MALFORMED);
    }
}

static void
roles_have_names(void **state)
{
    (void)state;
    assert_int_equal(role_by_name(slice_text("registrar")), ROLE_REGISTRAR);
    assert_int_equal(role_by_name(slice_text("approver")), ROLE_APPROVER);
    assert_int_equal(role_by_name(slice_text("operator")), ROLE_OPERATOR);
    assert_int_equal(role_by_name(slice_text("auditor")), ROLE_AUDITOR);
    assert_int_equal(role_by_name(slice_text("orchestrator")), ROLE_ORCHESTRATOR);
    assert_int_equal(role_by_name(slice_text("relying-party")), ROLE_RELYING_PARTY);
    assert_int_equal(role_by_name(slice_text("Registrar")), 0);
    assert_int_equal(role_by_name(slice_text("")), 0);
}

static void
person_is_found_by_key(void **state)
{
    static const struct principal row[] = {{.name = "alice", .spki = {1}},
                                           {.name = "bob", .spki = {2}}};
    const struct principals who = {row, 2};
    uint8_t spki[32] = {2};

    (void)state;
    assert_string_equal(principal_find(&who, spki)->name, "bob");
    spki[31] = 1;
    assert_null(principal_find(&who, spki));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_is_read),
        cmocka_unit_test(snp_rows_are_read),
        cmocka_unit_test(grant_is_read),
        cmocka_unit_test(variants_are_read),
        cmocka_unit_test(shape_is_refused_by_name),
        cmocka_unit_test(accept_is_refused_by_place),
        cmocka_unit_test(empty_accept_is_refused),
        cmocka_unit_test(lease_and_token_are_refused_by_path),
        cmocka_unit_test(upload_is_refused_by_path),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(truncations_are_refused),
        cmocka_unit_test(roles_have_names),
        cmocka_unit_test(person_is_found_by_key),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
