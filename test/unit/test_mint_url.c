/* SPDX-License-Identifier: Apache-2.0 */
/* test_mint_url.c - presigned uploads from a real mint: what is in the URL, which stores there
 * are, and whose secrets are read. That the signature is right is shown in test_sigv4.c and
 * against real stores in test/peers. */
#include "test/unit/mint_rig.h"

static void
with_store(struct rig *r)
{
    struct mint_store *s = &r->conf.store[0];

    r->conf.store_n = 1;
    SCRATCH_SET(s->id, "results");
    SCRATCH_SET(s->endpoint, "http://127.0.0.1:9000");
    SCRATCH_SET(s->region, "eu-west-1");
    SCRATCH_SET(s->bucket, "reports");
    SCRATCH_SET(s->access_key_id, "AKIDEXAMPLE");
    s->path_style = true;
    scratch_write(r->path, "secret", slice_text("wJalrXUtnFEMI/K7MDENG\n"), 0600);
    (void)snprintf(s->secret_file, sizeof s->secret_file, "%s/secret", r->path);
}

static void
holds(const struct rig *r, const char *part)
{
    if (strstr(r->answer.text, part) == NULL) {
        fail_msg("no \"%s\" in %s", part, r->answer.text);
    }
}

static void
path_style_with_everything(void **state)
{
    struct rig *r = *state;

    with_store(r);
    start(r);
    scratch_ask(&r->ask, MINT_PUT_URL);
    SCRATCH_SET(r->ask.sha256, SCRATCH_DIGEST);
    SCRATCH_SET(r->ask.tags, "classification=restricted&purpose=x");
    fine(ask(r), &r->why);
    holds(r, "http://127.0.0.1:9000/reports/summaries/sb-1/report.pdf?");
    holds(r, "X-Amz-Expires=60&");
    holds(r, "X-Amz-Credential=AKIDEXAMPLE%2F");
    holds(r, "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3B"
             "x-amz-checksum-sha256%3Bx-amz-tagging");
    assert_null(strstr(r->answer.text, "wJalr"));
    assert_string_equal(r->answer.headers,
                        "content-length: 17\n"
                        "content-type: application/pdf\n"
                        "if-none-match: *\n"
                        "x-amz-tagging: classification=restricted&purpose=x\n"
                        "x-amz-checksum-sha256: n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\n");
    assert_int_equal(r->answer.text_len, strlen(r->answer.text));
    assert_int_equal(r->answer.exp, r->answer.iat + 60);
    assert_true(log_holds(r, "\"store\":\"results\",\"key\":\"summaries/sb-1/report.pdf\","
                             "\"sha256\":\"" SCRATCH_DIGEST "\",\"size\":17"));
    assert_true(log_holds(r, r->answer.jti));
    assert_false(log_holds(r, "X-Amz-Signature")); /* the URL is the secret */
}

static void
virtual_host_without_checksum_and_tags(void **state)
{
    struct rig *r = *state;

    with_store(r);
    r->conf.store[0].path_style = false;
    SCRATCH_SET(r->conf.store[0].endpoint, "https://s3.eu-west-1.example");
    scratch_write(r->path, "token", slice_text("session/token=="), 0600);
    (void)snprintf(r->conf.store[0].session_token_file, sizeof r->conf.store[0].session_token_file,
                   "%s/token", r->path);
    start(r);
    scratch_ask(&r->ask, MINT_PUT_URL);
    r->ask.size = 0;
    fine(ask(r), &r->why);
    holds(r, "https://reports.s3.eu-west-1.example/summaries/sb-1/report.pdf?");
    holds(r, "X-Amz-Security-Token=session%2Ftoken%3D%3D");
    assert_string_equal(r->answer.headers, "content-length: 0\ncontent-type: application/pdf\n"
                                           "if-none-match: *\n");
}

static void
refusals(void **state)
{
    struct rig *r = *state;

    with_store(r);
    start(r);
    scratch_ask(&r->ask, MINT_PUT_URL);
    SCRATCH_SET(r->ask.store, "elsewhere");
    refused(ask(r), ERR_DENIED, &r->why, "no store of that name");
    assert_true(log_holds(r, "\"reasons\":[\"mint.put.store\"]"));
    scratch_ask(&r->ask, MINT_PUT_URL);
    r->ask.life_s = 61;
    refused(ask(r), ERR_DENIED, &r->why, "life of 61 s for put-url, at most 60");
    scratch_ask(&r->ask, MINT_PUT_URL);
    SCRATCH_SET(r->ask.key, "../other/secret");
    refused(ask(r), ERR_DENIED, &r->why, "absolute or holds \"..\"");
    scratch_ask(&r->ask, MINT_PUT_URL);
    SCRATCH_SET(r->ask.key, "a\nb");
    refused(ask(r), ERR_MALFORMED, &r->why, "control character inside the text");
    scratch_ask(&r->ask, MINT_PUT_URL);
    fine(ask(r), &r->why);
}

static void
does_not_start(struct rig *r, const char *reason)
{
    r->why.n = 0;
    refused(mint_start(&r->conf, &r->mint, &r->why), ERR_UNABLE, &r->why, reason);
}

static void
stores_that_cannot_be_used(void **state)
{
    static const char *const ENDPOINTS[] = {"ftp://x",     "127.0.0.1:9000", "http://",
                                            "https://a/b", "http://u@h",     "https://h?x"};
    struct rig *r = *state;

    with_store(r);
    for (size_t i = 0; i < sizeof ENDPOINTS / sizeof ENDPOINTS[0]; i++) {
        SCRATCH_SET(r->conf.store[0].endpoint, ENDPOINTS[i]);
        does_not_start(r, "store results: endpoint ");
    }
    SCRATCH_SET(r->conf.store[0].endpoint, "http://127.0.0.1:9000");
    scratch_write(r->path, "secret", slice_text("wJalrXUtnFEMI/K7MDENG\n"), 0644);
    does_not_start(r, "secret is open to group or others");
    scratch_write(r->path, "secret", slice_text("two\nlines\n"), 0600);
    does_not_start(r, "store cannot be used");
    SCRATCH_SET(r->conf.store[0].secret_file, "/nonexistent/secret");
    does_not_start(r, "cannot open /nonexistent/secret");
    with_store(r);
    r->conf.store_n = MINT_STORES + 1;
    does_not_start(r, "17 stores, at most 16");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(path_style_with_everything),
        TEST(virtual_host_without_checksum_and_tags),
        TEST(refusals),
        TEST(stores_that_cannot_be_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
