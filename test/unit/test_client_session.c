/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_session.c - the guest's side of the protocol against a server that plays a script:
 * proofs and nonces, tokens kept and renewed, ends noticed, and what libcurl is held to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/session.h"
#include "common/json.h"
#include "common/mem.h"
#include "test/unit/client_desk.h"

#define TOKEN_300 \
    "{\"access_token\":\"AT\",\"token_type\":\"DPoP\",\"expires_in\":300,\"scope\":\"upload\"}"
#define TOKEN_20 \
    "{\"access_token\":\"AT\",\"token_type\":\"DPoP\",\"expires_in\":20,\"scope\":\"upload\"}"

struct scene {
    struct desk desk;
    struct session s;
};

static void
scene_open(struct scene *x, const struct desk_reply *script, size_t n)
{
    struct http_conf conf = {0};
    struct fault f = {0};

    memset(x, 0, sizeof *x);
    desk_open(&x->desk, script, n, "127.0.0.1", DESK_TLS13);
    conf.ca = x->desk.ca;
    assert_int_equal(http_open(&conf, &x->s.http, &f), ERR_OK);
    assert_int_equal(guest_key_make("memory", "", &x->s.key, &f), ERR_OK);
    (void)snprintf(x->s.server, sizeof x->s.server, "%s", x->desk.url);
    (void)snprintf(x->s.sandbox, sizeof x->s.sandbox, "sb-1");
    x->s.ear = mem_text(slice_text("the.ear.jwt"));
    x->s.ear_until = clock_unix() + 3600;
    x->s.heartbeat_s = 60;
    x->s.lease_until = clock_unix() + 60;
    x->s.state = SESSION_LIVE;
}

static void
scene_close(struct scene *x)
{
    session_done(&x->s);
    desk_free(&x->desk);
}

/* The proof that request `i` carried, checked as a server checks it; gives its nonce. */
static void
check_proof(const struct scene *x, size_t i, const char *path, const char *token, char nonce[129])
{
    struct dpop d AUTO(dpop_done) = {0};
    struct why why = {0};
    char htu[256];
    const char *line = strstr(x->desk.request[i], "\r\nDPoP: ");
    const struct dpop_want want = {.htm = "POST",
                                   .htu = htu,
                                   .access_token = token,
                                   .now = clock_unix(),
                                   .past_s = 10,
                                   .future_s = 5};

    assert_non_null(line);
    line += 8;
    (void)snprintf(htu, sizeof htu, "%s%s", x->desk.url, path);
    if (dpop_check((struct slice){(const uint8_t *)line, strcspn(line, "\r")}, &want, &d, &why) !=
        ERR_OK) {
        fail_msg("request %zu: %s", i, why_text(&why));
    }
    (void)snprintf(nonce, 129, "%s", d.nonce);
}

static void
test_token_is_kept(void **state)
{
    static const struct desk_reply script[] = {{200, "DPoP-Nonce: n1\r\n", TOKEN_300, 0}};
    struct scene x;
    const struct held_token *t = NULL;
    struct fault f = {0};
    char nonce[129];

    (void)state;
    scene_open(&x, script, 1);
    assert_int_equal(session_token(&x.s, "upload a/b", "https://f.example/x?y", 0, &t, &f), ERR_OK);
    assert_string_equal(t->text, "AT");
    assert_int_equal(session_token(&x.s, "upload a/b", "https://f.example/x?y", 0, &t, &f), ERR_OK);
    desk_close(&x.desk);
    assert_int_equal(x.desk.served, 1);
    assert_string_equal(x.s.nonce, "n1");
    assert_non_null(strstr(x.desk.request[0],
                           "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&"
                           "subject_token=the.ear.jwt&"
                           "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&"
                           "scope=upload%20a%2Fb&audience=https%3A%2F%2Ff.example%2Fx%3Fy"));
    assert_null(strstr(x.desk.request[0], "Authorization:"));
    check_proof(&x, 0, "/token", NULL, nonce);
    assert_string_equal(nonce, "");
    scene_close(&x);
}

static void
test_token_is_renewed(void **state)
{
    static const struct desk_reply script[] = {
        {200, "", TOKEN_20, 0}, {200, "", TOKEN_300, 0}, {200, "", TOKEN_300, 0}};
    struct scene x;
    const struct held_token *t = NULL;
    struct fault f = {0};

    (void)state;
    scene_open(&x, script, 3);
    assert_int_equal(session_token(&x.s, "upload", "", 0, &t, &f), ERR_OK);
    assert_int_equal(session_token(&x.s, "upload", "", 0, &t, &f), ERR_OK); /* 20 s are too few */
    assert_int_equal(session_token(&x.s, "upload", "", 0, &t, &f), ERR_OK); /* kept */
    assert_int_equal(session_token(&x.s, "upload", "", 400, &t, &f),
                     ERR_OK); /* longer than it lives */
    desk_close(&x.desk);
    assert_int_equal(x.desk.served, 3);
    scene_close(&x);
}

static void
test_nonce_is_retried_once(void **state)
{
    static const struct desk_reply script[] = {
        {400, "DPoP-Nonce: n1\r\n", "{\"error\":\"use_dpop_nonce\"}", 0},
        {200, "dpop-nonce: n2\r\n", TOKEN_300, 0},
        {400, "DPoP-Nonce: n3\r\n", "{\"error\":\"use_dpop_nonce\"}", 0},
        {400, "DPoP-Nonce: n4\r\n", "{\"error\":\"use_dpop_nonce\"}", 0},
        {200, "", TOKEN_300, 0},
    };
    static const char *const nonces[] = {"", "n1", "n2", "n3"};
    struct scene x;
    const struct held_token *t = NULL;
    struct fault f = {0};

    (void)state;
    scene_open(&x, script, 5);
    assert_int_equal(session_token(&x.s, "a", "", 0, &t, &f), ERR_OK);
    assert_int_equal(session_token(&x.s, "b", "", 0, &t, &f), ERR_UNAUTHENTICATED);
    assert_string_equal(f.code, "use_dpop_nonce");
    assert_int_equal(x.s.state, SESSION_LIVE);
    assert_string_equal(x.s.nonce, "n4");
    desk_close(&x.desk);
    assert_int_equal(x.desk.served, 4);
    for (size_t i = 0; i < 4; i++) {
        char nonce[129];

        check_proof(&x, i, "/token", NULL, nonce);
        assert_string_equal(nonce, nonces[i]);
    }
    scene_close(&x);
}

static void
test_bad_token_replies(void **state)
{
    static const struct desk_reply script[] = {
        {200, "", "{\"access_token\":\"AT\",\"token_type\":\"Bearer\",\"expires_in\":300}", 0},
        {200, "", "{\"access_token\":\"AT\",\"token_type\":\"DPoP\"}", 0},
        {200, "", "{\"token_type\":\"DPoP\",\"expires_in\":300}", 0},
        {200, "", "{\"access_token\":\"AT\",\"token_type\":\"DPoP\",\"expires_in\":-1}", 0},
        {200, "", "<html>", 0},
        {200, "", "", 0},
        {302, "Location: https://127.0.0.1:1/\r\n", "", 0},
        {200, "", "{\"a\":", 1 << 20},
    };
    struct scene x;

    (void)state;
    scene_open(&x, script, 8);
    for (size_t i = 0; i < 8; i++) {
        const struct held_token *t = NULL;
        struct fault f = {0};

        assert_int_not_equal(session_token(&x.s, "a", "", 0, &t, &f), ERR_OK);
        if (i < 6) {
            assert_string_equal(f.code, "reply");
        }
        if (i == 6) {
            assert_int_equal(f.status, 302); /* it was not followed */
        }
        if (i == 7) {
            assert_string_equal(f.code, "reply_too_large");
        }
    }
    assert_int_equal(x.s.state, SESSION_LIVE);
    desk_close(&x.desk);
    assert_int_equal(x.desk.served, 8);
    scene_close(&x);
}

static const struct call beat = {.method = "POST",
                                 .path = "/v1/sandboxes/sb-1/heartbeat",
                                 .content_type = "application/json",
                                 .body = {(const uint8_t *)"{}", 2}};

static void
test_own_call_carries_token(void **state)
{
    static const struct desk_reply script[] = {
        {200, "DPoP-Nonce: n1\r\n", TOKEN_300, 0},
        {200, "", "{\"lease\":{\"heartbeat_s\":60,\"until\":1}}", 0},
    };
    struct scene x;
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};
    char nonce[129];

    (void)state;
    scene_open(&x, script, 2);
    assert_int_equal(session_own(&x.s, "", &beat, &reply, &f), ERR_OK);
    desk_close(&x.desk);
    assert_int_equal(x.desk.served, 2);
    assert_non_null(strstr(x.desk.request[1], "\r\nAuthorization: DPoP AT\r\n"));
    assert_non_null(strstr(x.desk.request[1], "\r\n\r\n{}"));
    check_proof(&x, 1, beat.path, "AT", nonce);
    assert_string_equal(nonce, "n1");
    scene_close(&x);
}

/* A token that died early is replaced; the sandbox lives on. */
static void
test_own_call_replaces_token(void **state)
{
    static const struct desk_reply script[] = {
        {200, "", TOKEN_300, 0},
        {401, "", "{\"code\":\"invalid_token\"}", 0},
        {200, "", TOKEN_300, 0},
        {200, "", "{}", 0},
    };
    struct scene x;
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};

    (void)state;
    scene_open(&x, script, 4);
    assert_int_equal(session_own(&x.s, "", &beat, &reply, &f), ERR_OK);
    assert_int_equal(x.s.state, SESSION_LIVE);
    desk_close(&x.desk);
    assert_int_equal(x.desk.served, 4);
    scene_close(&x);
}

static void
check_ended(const struct session *s, enum err err, const struct fault *f)
{
    assert_int_equal(err, ERR_GONE);
    assert_string_equal(f->code, "sandbox_ended");
    assert_int_equal(s->state, SESSION_ENDED);
    assert_null(s->ear);
    assert_null(s->key.soft.handle);
    for (size_t i = 0; i < SESSION_TOKENS; i++) {
        assert_null(s->token[i].text);
    }
}

static void
test_ends_are_noticed(void **state)
{
    static const struct desk_reply twice[] = {
        {200, "", TOKEN_300, 0},
        {401, "", "{\"code\":\"invalid_token\"}", 0},
        {200, "", TOKEN_300, 0},
        {401, "", "{\"code\":\"invalid_token\"}", 0},
    };
    static const struct desk_reply grant[] = {{400, "", "{\"error\":\"invalid_grant\"}", 0}};
    static const struct desk_reply request[] = {{400, "", "{\"error\":\"invalid_request\"}", 0}};
    static const struct {
        const struct desk_reply *script;
        size_t n;
    } rows[] = {{twice, 4}, {grant, 1}, {request, 1}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct scene x;
        json_t *reply AUTO(json_free) = NULL;
        struct fault f = {0};
        enum err err = ERR_OK;

        scene_open(&x, rows[i].script, rows[i].n);
        err = session_own(&x.s, "", &beat, &reply, &f);
        check_ended(&x.s, err, &f);
        desk_close(&x.desk);
        assert_int_equal(x.desk.served, rows[i].n);
        scene_close(&x);
    }
}

/* A scope that is no scope does not end anything. */
static void
test_bad_scope_is_not_an_end(void **state)
{
    static const struct desk_reply script[] = {
        {400, "", "{\"error\":\"invalid_request\"}", 0},
        {200, "", TOKEN_300, 0},
        {400, "", "{\"error\":\"invalid_scope\"}", 0},
        {503, "Retry-After: 7\r\n", "{\"error\":\"temporarily_unavailable\"}", 0},
    };
    struct scene x;
    const struct held_token *t = NULL;
    struct fault f = {0};

    (void)state;
    scene_open(&x, script, 4);
    assert_int_equal(session_token(&x.s, "\x01", "", 0, &t, &f), ERR_MALFORMED);
    f = (struct fault){0};
    assert_int_equal(session_token(&x.s, "root", "", 0, &t, &f), ERR_DENIED);
    f = (struct fault){0};
    assert_int_equal(session_token(&x.s, "root", "", 0, &t, &f), ERR_UNABLE);
    assert_int_equal(f.retry_after_s, 7);
    assert_int_equal(x.s.state, SESSION_LIVE);
    scene_close(&x);
}

static void
test_expired_result_ends(void **state)
{
    struct scene x;
    const struct held_token *t = NULL;
    struct fault f = {0};
    enum err err = ERR_OK;

    (void)state;
    scene_open(&x, NULL, 0);
    x.s.ear_until = clock_unix() - 1;
    err = session_token(&x.s, "", "", 0, &t, &f);
    check_ended(&x.s, err, &f);
    scene_close(&x);
}

static void
test_heartbeat(void **state)
{
    static const struct desk_reply script[] = {
        {200, "", TOKEN_300, 0},
        {200, "", "{\"lease\":{\"heartbeat_s\":10,\"until\":4000000000}}", 0},
    };
    struct scene x;
    struct fault f = {0};
    int64_t now = clock_mono_ms();

    (void)state;
    scene_open(&x, script, 2);
    assert_int_equal(session_beat(&x.s, &f), ERR_OK);
    assert_int_equal(x.s.heartbeat_s, 10);
    assert_int_equal(x.s.lease_until, 4000000000);
    assert_in_range(x.s.beat_at_ms, now + 5000, now + 8000);
    /* The server goes away: the sandbox stays until its lease has run out. */
    desk_close(&x.desk);
    assert_int_equal(session_beat(&x.s, &f), ERR_UNABLE);
    assert_string_equal(f.code, "cannot_connect");
    assert_int_equal(x.s.state, SESSION_LIVE);
    assert_in_range(x.s.beat_at_ms, now + 2500, now + 6000);
    x.s.lease_until = clock_unix() - LEASE_SLACK_S - 1;
    assert_int_equal(session_beat(&x.s, &f), ERR_UNABLE);
    assert_int_equal(x.s.state, SESSION_ENDED);
    assert_null(x.s.ear);
    scene_close(&x);
}

static void
test_teardown(void **state)
{
    static const struct desk_reply script[] = {
        {200, "", TOKEN_300, 0},
        {200, "", "{\"sandbox\":\"sb-1\",\"state\":\"ended\",\"receipt\":\"r.r.r\"}", 0},
    };
    struct scene x;
    json_t *first AUTO(json_free) = NULL;
    json_t *second AUTO(json_free) = NULL;
    struct fault f = {0};

    (void)state;
    scene_open(&x, script, 2);
    assert_int_equal(session_teardown(&x.s, "done", &first, &f), ERR_OK);
    assert_int_equal(session_teardown(&x.s, "", &second, &f), ERR_OK);
    assert_string_equal(json_string_value(json_object_get(second, "receipt")), "r.r.r");
    assert_true(json_is_true(json_object_get(second, "repeated")));
    assert_false(json_is_true(json_object_get(first, "repeated")));
    check_ended(&x.s, session_live(&x.s, &f), &f);
    desk_close(&x.desk);
    assert_int_equal(x.desk.served, 2);
    assert_non_null(strstr(x.desk.request[1], "{\"reason\":\"done\"}"));
    scene_close(&x);
}

/* Without an answer nothing is ended: the caller can try again. */
static void
test_teardown_unable(void **state)
{
    static const struct desk_reply script[] = {{200, "", TOKEN_300, 0},
                                               {503, "", "{\"code\":\"unable\"}", 0}};
    struct scene x;
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};

    (void)state;
    scene_open(&x, script, 2);
    assert_int_equal(session_teardown(&x.s, "", &reply, &f), ERR_UNABLE);
    assert_int_equal(x.s.state, SESSION_LIVE);
    assert_non_null(x.s.ear);
    assert_null(x.s.receipt);
    scene_close(&x);
}

/* ---- what libcurl is held to */

static enum err
get(const char *url, const char *ca, const volatile sig_atomic_t *stop, struct fault *f)
{
    const struct http_conf conf = {.ca = ca, .stop = stop};
    const struct http_request q = {.method = "GET", .url = url};
    struct http *h AUTO(http_close) = NULL;
    struct http_reply r AUTO(http_reply_done) = {0};

    assert_int_equal(http_open(&conf, &h, f), ERR_OK);
    return http_send(h, &q, &r, f);
}

static void
test_tls_rules(void **state)
{
    static const struct desk_reply script[] = {{200, "", "{}", 0}};
    static const volatile sig_atomic_t stop = 1;
    struct desk good, wrong_name, old;
    struct fault f = {0};

    (void)state;
    desk_open(&good, script, 1, "127.0.0.1", DESK_TLS13);
    desk_open(&wrong_name, script, 1, "127.0.0.2", DESK_TLS13);
    desk_open(&old, script, 1, "127.0.0.1", DESK_TLS12);
    assert_int_equal(get(good.url, old.ca, NULL, &f), ERR_UNABLE);
    assert_string_equal(f.code, "tls_untrusted");
    assert_int_equal(get(good.url, NULL, NULL, &f), ERR_UNABLE);
    assert_string_equal(f.code, "tls_untrusted");
    assert_int_equal(get(wrong_name.url, wrong_name.ca, NULL, &f), ERR_UNABLE);
    assert_string_equal(f.code, "tls_untrusted");
    assert_int_equal(get(old.url, old.ca, NULL, &f), ERR_UNABLE);
    assert_string_equal(f.code, "cannot_connect");
    assert_int_equal(get("http://127.0.0.1:1/", NULL, NULL, &f), ERR_DENIED);
    assert_string_equal(f.code, "not_https");
    assert_int_equal(get("file:///etc/passwd", NULL, NULL, &f), ERR_DENIED);
    assert_int_equal(get(good.url, good.ca, &stop, &f), ERR_UNABLE);
    assert_int_equal(get(good.url, good.ca, NULL, &f), ERR_OK);
    desk_free(&good);
    desk_free(&wrong_name);
    desk_free(&old);
}

static void
test_no_header_injection(void **state)
{
    const struct http_request q = {.method = "GET",
                                   .url = "https://127.0.0.1:1/",
                                   .line = {"A: b\r\nAuthorization: x"},
                                   .lines = 1};
    const struct http_conf conf = {0};
    struct http *h AUTO(http_close) = NULL;
    struct http_reply r AUTO(http_reply_done) = {0};
    struct fault f = {0};

    (void)state;
    assert_int_equal(http_open(&conf, &h, &f), ERR_OK);
    assert_int_equal(http_send(h, &q, &r, &f), ERR_BUG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_is_kept),
        cmocka_unit_test(test_token_is_renewed),
        cmocka_unit_test(test_nonce_is_retried_once),
        cmocka_unit_test(test_bad_token_replies),
        cmocka_unit_test(test_own_call_carries_token),
        cmocka_unit_test(test_own_call_replaces_token),
        cmocka_unit_test(test_ends_are_noticed),
        cmocka_unit_test(test_bad_scope_is_not_an_end),
        cmocka_unit_test(test_expired_result_ends),
        cmocka_unit_test(test_heartbeat),
        cmocka_unit_test(test_teardown),
        cmocka_unit_test(test_teardown_unable),
        cmocka_unit_test(test_tls_rules),
        cmocka_unit_test(test_no_header_injection),
    };

    /* A proxy in the environment must not be used: this one does not exist. */
    (void)setenv("https_proxy", "http://127.0.0.1:9", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
    if (!http_global()) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
