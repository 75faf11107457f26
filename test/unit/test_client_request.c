/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_request.c - what the agent takes as a request, and what it refuses by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clients/agent_request.h"

struct row {
    const char *text;
    const char *reason; /* NULL: accepted */
};

static void
run_row(const struct row *row)
{
    struct agent_request r AUTO(agent_request_done) = {0};
    struct why why = {0};
    enum err err = agent_request_read(slice_text(row->text), &r, &why);

    print_message("%s %s\n", row->text, why_text(&why));
    if (row->reason == NULL) {
        assert_int_equal(err, ERR_OK);
        return;
    }
    assert_int_not_equal(err, ERR_OK);
    assert_non_null(strstr(why_text(&why), row->reason));
    assert_null(r.json);
}

static void
run_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        run_row(&rows[i]);
    }
}

static void
test_accepts(void **state)
{
    static const struct row rows[] = {
        {"{\"op\":\"ping\"}", NULL},
        {"{\"op\":\"status\"}", NULL},
        {"{\"op\":\"stop\"}", NULL},
        {"{\"op\":\"attest\",\"server\":\"https://"
         "b\",\"policy\":\"p\",\"tcti\":\"t\",\"ak\":\"ecc\","
         "\"pcrs\":\"sha256:0\",\"key\":\"memory\",\"again\":true}",
         NULL},
        {"{\"op\":\"attest\",\"server\":\"https://"
         "b\",\"policy\":\"p\",\"tcti\":\"t\",\"ak\":\"ecc\","
         "\"pcrs\":\"sha256:0\",\"key\":\"memory\",\"evidence\":\"sev-snp,tpm2\",\"tsm\":\"/t\","
         "\"sev_guest\":\"/d\",\"thim\":\"off\",\"vmpl\":3,\"tdx_guest\":\"/d\","
         "\"qgs\":\"vsock:2:4050\",\"ccel\":\"off\",\"td_quote\":\"http://h/\"}",
         NULL},
        {"{\"op\":\"token\"}", NULL},
        {"{\"op\":\"token\",\"scope\":\"upload\",\"audience\":\"https://f\",\"min_left_s\":60}",
         NULL},
        {"{\"op\":\"headers\",\"method\":\"GET\",\"url\":\"https://f/x\",\"nonce\":\"n\"}", NULL},
        {"{\"op\":\"upload\",\"store\":\"s\",\"name\":\"n\",\"size\":0,\"content_type\":\"a/b\"}",
         NULL},
        {"{\"op\":\"commit\",\"id\":\"up-0123_aZ\"}", NULL},
        {"{\"op\":\"abandon\",\"id\":\"up-1\"}", NULL},
        {"{\"op\":\"heartbeat\"}", NULL},
        {"{\"op\":\"teardown\",\"reason\":\"done\"}", NULL},
    };

    (void)state;
    run_rows(rows, sizeof rows / sizeof rows[0]);
}

static void
test_refuses(void **state)
{
    static const struct row rows[] = {
        {"", "JSON"},
        {"{\"op\":\"ping\"", "JSON"},
        {"{\"op\":\"ping\"} x", "JSON"},
        {"[]", "no such operation"},
        {"{}", "no such operation"},
        {"{\"op\":1}", "no such operation"},
        {"{\"op\":\"export-key\"}", "no such operation"},
        {"{\"op\":\"ping\",\"op\":\"stop\"}", "duplicate"},
        {"{\"op\":\"ping\",\"scope\":\"x\"}", "scope"},
        {"{\"op\":\"commit\"}", "id"},
        {"{\"op\":\"commit\",\"id\":\"\"}", "not an id"},
        {"{\"op\":\"commit\",\"id\":\"../token\"}", "not an id"},
        {"{\"op\":\"commit\",\"id\":\"a?b\"}", "not an id"},
        {"{\"op\":\"commit\",\"id\":7}", "id"},
        {"{\"op\":\"attest\",\"server\":\"https://b\"}", "missing"},
        {"{\"op\":\"attest\",\"server\":\"https://"
         "b\",\"policy\":\"p\",\"tcti\":\"t\",\"ak\":\"ecc\","
         "\"pcrs\":\"sha256:0\",\"key\":\"memory\",\"vmpl\":4}",
         "vmpl"},
        {"{\"op\":\"token\",\"evidence\":\"tpm2\"}", "evidence"},
        {"{\"op\":\"upload\",\"qgs\":\"unix:/q\",\"store\":\"s\",\"name\":\"n\",\"size\":0,"
         "\"content_type\":\"a/b\"}",
         "qgs"},
        {"{\"op\":\"commit\",\"i\":\"up-1\"}", "\"i\""},
        {"{\"op\":\"upload\",\"store\":\"s\",\"name\":\"n\",\"size\":0}", "content_type"},
        {"{\"op\":\"token\",\"min_left_s\":-1}", "min_left_s"},
        {"{\"op\":\"token\",\"min_left_s\":86401}", "min_left_s"},
        {"{\"op\":\"token\",\"min_left_s\":1.5}", "min_left_s"},
        {"{\"op\":\"token\",\"scope\":null}", "scope"},
        {"{\"op\":\"upload\",\"store\":\"s\",\"name\":\"n\",\"size\":-1,\"content_type\":\"a/b\"}",
         "size"},
        {"{\"op\":\"teardown\",\"reason\":[\"x\"]}", "reason"},
    };

    (void)state;
    run_rows(rows, sizeof rows / sizeof rows[0]);
}

static void
test_refuses_long_text(void **state)
{
    struct agent_request r AUTO(agent_request_done) = {0};
    struct why why = {0};
    json_t *obj = json_pack("{s:s}", "op", "token");
    char scope[600];

    (void)state;
    memset(scope, 'a', sizeof scope - 1);
    scope[sizeof scope - 1] = '\0';
    (void)json_object_set_new(obj, "scope", json_string(scope));
    assert_int_equal(agent_request_bind(obj, &r, &why), ERR_LIMIT);
    assert_non_null(strstr(why_text(&why), "scope"));
    json_decref(obj);
}

/* What was bound is what was sent, and texts live as long as the request. */
static void
test_binds(void **state)
{
    struct agent_request r AUTO(agent_request_done) = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(
        agent_request_read(slice_text("{\"op\":\"upload\",\"store\":\"results\",\"name\":\"a.pdf\","
                                      "\"size\":12,\"content_type\":\"application/pdf\"}"),
                           &r, &why),
        ERR_OK);
    assert_int_equal(r.op, AGENT_UPLOAD);
    assert_string_equal(r.store, "results");
    assert_string_equal(r.name, "a.pdf");
    assert_int_equal(r.size, 12);
    assert_null(r.sha256);
    assert_null(r.scope);
    assert_int_equal(r.vmpl, -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_long_text),
        cmocka_unit_test(test_binds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
