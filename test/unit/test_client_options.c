/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_options.c - command lines, configuration files, and what a failure is told as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "clients/admin.h"
#include "clients/opt.h"
#include "clients/settings.h"
#include "common/json.h"

/* ---- opt */

struct parsed {
    const char *text;
    bool flag;
    struct words words;
};

static enum opt_result
parse(struct parsed *p, const char *const *args, size_t n)
{
    char *argv[8] = {(char[]){"x"}};
    char copy[8][64];
    const struct opt own[] = {{"text", "T", &p->text, ""}, {"flag", NULL, &p->flag, ""}};
    const struct usage u = {"x", "", {own, 2}, {NULL, 0}, 1, 2};

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(copy[i], sizeof copy[i], "%s", args[i]);
        argv[i + 1] = copy[i];
    }
    enum opt_result r = opt_parse(&u, (int)n + 1, argv, &p->words);

    if (p->text != NULL) {
        assert_string_equal(p->text, "v"); /* while the copy lives */
    }
    return r;
}

/* As often as there are rows, in the order of the command line. */
static void
test_opt_repeated(void **state)
{
    const char *n[2] = {NULL, NULL};
    const struct opt own[] = {{"n", "N", &n[0], ""}, {"n", "N", &n[1], NULL}};
    const struct usage u = {"x", "", {own, 2}, {NULL, 0}, 0, 0};
    char *argv[] = {(char[]){"x"}, (char[]){"--n"}, (char[]){"1"}, (char[]){"--n=2"},
                    (char[]){"--n=3"}};
    struct words words;

    (void)state;
    assert_int_equal(opt_parse(&u, 4, argv, &words), OPT_GO_ON);
    assert_string_equal(n[0], "1");
    assert_string_equal(n[1], "2");
    n[0] = NULL;
    n[1] = NULL;
    assert_int_equal(opt_parse(&u, 5, argv, &words), OPT_WRONG);
}

static void
test_opt_accepts(void **state)
{
    static const char *const rows[][4] = {
        {"w", "--text", "v"},
        {"--text=v", "w"},
        {"--flag", "--text", "v", "w"},
        {"w", "w", "--flag"},
    };
    static const size_t n[] = {3, 2, 4, 3};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct parsed p = {0};

        assert_int_equal(parse(&p, rows[i], n[i]), OPT_GO_ON);
        assert_int_equal(p.flag, i >= 2);
    }
}

static void
test_opt_refuses(void **state)
{
    static const char *const rows[][4] = {
        {"w", "--unknown"}, {"w", "--text"}, {"w", "--text=v", "--text=v"}, {"w", "--flag=1"},
        {"w", "w", "w"},    {"--flag"},      {"w", "--texts", "v"},         {"w", "--tex=v"},
    };
    static const size_t n[] = {2, 2, 3, 2, 3, 1, 3, 2};

    (void)state;
    for (size_t i = 0; i < sizeof n / sizeof n[0]; i++) {
        struct parsed p = {0};

        assert_int_equal(parse(&p, rows[i], n[i]), OPT_WRONG);
    }
    assert_int_equal(opt_exit(OPT_WRONG), EXIT_USAGE);
    assert_int_equal(opt_exit(OPT_HELPED), EXIT_OK);
}

static void
test_opt_int(void **state)
{
    long v = -1;

    (void)state;
    assert_true(opt_int("0", 0, 10, &v));
    assert_int_equal(v, 0);
    assert_true(opt_int("10", 1, 10, &v));
    assert_int_equal(v, 10);
    assert_false(opt_int("11", 1, 10, &v));
    assert_false(opt_int("0", 1, 10, &v));
    assert_false(opt_int("", 0, 10, &v));
    assert_false(opt_int("-1", 0, 10, &v));
    assert_false(opt_int("1x", 0, 10, &v));
    assert_false(opt_int(" 1", 0, 10, &v));
    assert_false(opt_int("99999999999999999999999999", 0, INT64_MAX, &v));
}

/* ---- settings */

static enum err
load(const char *text, struct settings *s, struct fault *f)
{
    char path[] = "/tmp/countersign-conf-XXXXXX";
    int fd = mkstemp(path);
    enum err err = ERR_OK;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    s->config = path;
    err = settings_load(s, f);
    assert_int_equal(unlink(path), 0);
    return err;
}

static void
test_settings(void **state)
{
    struct settings s AUTO(settings_done) = {.server = "https://from.line"};
    struct fault f = {0};

    (void)state;
    assert_int_equal(
        load("{\"server\":\"https://from.file\",\"policy\":\"p\",\"ca\":\"/etc/../etc\"}", &s, &f),
        ERR_OK);
    assert_string_equal(s.server, "https://from.line");
    assert_string_equal(s.policy, "p");
    assert_string_equal(s.ca, "/etc");
    assert_string_equal(s.tcti, "device:/dev/tpmrm0");
}

static void
test_settings_refuse(void **state)
{
    static const char *const rows[][2] = {
        {"{\"sever\":\"x\"}", "sever"},
        {"{\"server\":1}", "server"},
        {"{\"server\":\"a\",\"server\":\"b\"}", "duplicate"},
        {"{", "JSON"},
        {"[]", "client.conf"},
        {"{\"ca\":\"/nonexistent/x\"}", "/nonexistent"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings s AUTO(settings_done) = {0};
        struct fault f = {0};

        assert_int_not_equal(load(rows[i][0], &s, &f), ERR_OK);
        assert_non_null(strstr(why_text(&f.why), rows[i][1]));
        assert_int_equal(fault_report(ERR_MALFORMED, &f, false), EXIT_USAGE);
    }
}

static void
test_server_url(void **state)
{
    static const char *const good[][2] = {
        {"https://b.example", "https://b.example"},
        {"https://b.example/", "https://b.example"},
        {"https://127.0.0.1:8443//", "https://127.0.0.1:8443"},
        {"https://b.example/broker/", "https://b.example/broker"},
    };
    static const char *const bad[] = {
        "http://b.example", "b.example",   "https://",    "https:///",     "HTTPS://b",
        "https://u@b",      "https://b?x", "https://b#x", "https://b/a b", "https://b/%41",
        "https://b\\c",     "ftp://b",     "https://b\n",
    };
    char dst[SERVER_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct fault f = {0};

        assert_int_equal(server_check(good[i][0], dst, &f), ERR_OK);
        assert_string_equal(dst, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault f = {0};

        assert_int_not_equal(server_check(bad[i], dst, &f), ERR_OK);
        assert_true(strcmp(f.code, "not_https") == 0 || strcmp(f.code, "server") == 0);
    }
}

/* ---- fault */

struct reply_row {
    const char *body; /* NULL: no JSON */
    const char *code;
    int status, exit;
};

static void
test_replies(void **state)
{
    static const struct reply_row rows[] = {
        {"{\"code\":\"malformed\",\"detail\":\"x\"}", "malformed", 400, EXIT_MALFORMED},
        {"{\"error\":\"invalid_request\"}", "invalid_request", 400, EXIT_MALFORMED},
        {"{\"error\":\"invalid_grant\"}", "invalid_grant", 400, EXIT_DENIED},
        {"{\"error\":\"invalid_scope\"}", "invalid_scope", 400, EXIT_DENIED},
        {"{\"error\":\"invalid_target\"}", "invalid_target", 400, EXIT_DENIED},
        {"{\"code\":\"invalid_token\"}", "invalid_token", 401, EXIT_DENIED},
        {"{\"code\":\"evidence_rejected\",\"verdict\":\"vd-1\",\"failed\":[\"pcr.values\"]}",
         "evidence_rejected", 403, EXIT_DENIED},
        {NULL, "", 404, EXIT_DENIED},
        {"{\"code\":\"challenge_used\"}", "challenge_used", 409, EXIT_DENIED},
        {"{\"code\":\"sandbox_ended\"}", "sandbox_ended", 410, EXIT_DENIED},
        {NULL, "", 413, EXIT_MALFORMED},
        {NULL, "", 429, EXIT_UNABLE},
        {NULL, "", 500, EXIT_UNABLE},
        {"{\"error\":\"temporarily_unavailable\"}", "temporarily_unavailable", 503, EXIT_UNABLE},
        {"{\"code\":7}", "", 302, EXIT_UNABLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *body AUTO(json_free) =
            rows[i].body != NULL ? json_loads(rows[i].body, 0, NULL) : NULL;
        struct fault f = {0};
        enum err err = fault_from_reply(rows[i].status, body, &f);

        assert_int_not_equal(err, ERR_OK);
        assert_string_equal(f.code, rows[i].code);
        assert_int_equal(fault_exit(err), rows[i].exit);
    }
}

/* What a terminal could take as a command never gets there. */
static void
test_text_is_clean(void **state)
{
    json_t *body AUTO(json_free) =
        json_pack("{s:s, s:s, s:s, s:[s]}", "code", "bad\x1b[2J", "detail", "a\nb\x7f\xc3\xa9",
                  "verdict", "vd\r", "failed", "x\ty");
    struct fault f = {0};
    char small[4];

    (void)state;
    assert_int_equal(fault_from_reply(403, body, &f), ERR_DENIED);
    assert_string_equal(f.code, "bad?[2J");
    assert_string_equal(why_text(&f.why), "a?b???");
    assert_string_equal(f.verdict, "vd?");
    assert_string_equal(f.failed, "x?y");
    text_clean(slice_text("abcdef"), small, sizeof small);
    assert_string_equal(small, "abc");
    text_clean(slice_text(NULL), small, sizeof small);
    assert_string_equal(small, "");
}

/* What goes through the agent's socket comes out the same. */
static void
test_fault_travels(void **state)
{
    struct fault f = {.status = 403, .retry_after_s = 9, .verdict = "vd-1", .failed = "a.b c.d"};
    struct fault g = {0};
    json_t *obj AUTO(json_free) = NULL;

    (void)state;
    assert_int_equal(fault_add(&f, ERR_DENIED, "evidence_rejected", "no"), ERR_DENIED);
    obj = fault_json(ERR_DENIED, &f);
    assert_int_equal(fault_from_json(obj, &g), ERR_DENIED);
    assert_string_equal(g.code, "evidence_rejected");
    assert_string_equal(g.verdict, "vd-1");
    assert_string_equal(g.failed, "a.b c.d");
    assert_string_equal(why_text(&g.why), "no");
    assert_int_equal(g.status, 403);
    assert_int_equal(g.retry_after_s, 9);
    g = (struct fault){0};
    assert_int_equal(fault_from_json(NULL, &g), ERR_BUG); /* an agent that talks nonsense */
}

/* ---- objects of administrators */

static void
test_objects(void **state)
{
    static const char *const bad[] = {
        "policy/x",    "policy/x/0",   "policy/x/-1", "policy/x/1/2", "policies/x/1",   "policy//1",
        "policy/../1", "policy/a b/1", "policy/x/",   "policy/.x/1",  "policy/a%2fb/1", "",
    };
    struct object o = {0};
    struct fault f = {0};
    char path[ADMIN_PATH];

    (void)state;
    assert_int_equal(object_parse("reference-set/boot-1.x/12", &o, &f), ERR_OK);
    object_path(&o, "/revoke", path);
    assert_string_equal(path, "/v1/admin/reference-sets/boot-1.x/12/revoke");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        f = (struct fault){0};
        print_message("%s\n", bad[i]);
        assert_int_not_equal(object_parse(bad[i], &o, &f), ERR_OK);
        assert_string_equal(f.code, "usage");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opt_accepts),   cmocka_unit_test(test_opt_repeated),
        cmocka_unit_test(test_opt_refuses),   cmocka_unit_test(test_opt_int),
        cmocka_unit_test(test_settings),      cmocka_unit_test(test_settings_refuse),
        cmocka_unit_test(test_server_url),    cmocka_unit_test(test_replies),
        cmocka_unit_test(test_text_is_clean), cmocka_unit_test(test_fault_travels),
        cmocka_unit_test(test_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
