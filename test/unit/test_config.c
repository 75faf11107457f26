/* SPDX-License-Identifier: Apache-2.0 */
/* test_config.c - a configuration that is good, and each way of being wrong by its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/config.h"
#include "common/json.h"
#include "common/mem.h"

#define SPKI "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define JWK                                                  \
    "{\"kty\":\"EC\",\"crv\":\"P-256\","                     \
    "\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\"," \
    "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}"

static const char GOOD[] =
    "{\"issuer\":\"https://broker.example:8443\","
    "\"listen\":{\"guest\":\"127.0.0.1:8443\",\"admin\":\"[::1]:8444\",\"local\":\"127.0.0.1:1\"},"
    "\"tls\":{\"certificate\":\"a.pem\",\"key\":\"a.pem\",\"client_ca\":\"a.pem\"},"
    "\"data_dir\":\"data\",\"roots\":\"roots\",\"approvals\":2,"
    "\"principals\":[{\"name\":\"alice\",\"spki_sha256\":\"" SPKI
    "\",\"roles\":[\"registrar\",\"operator\"]}],"
    "\"clients\":[{\"id\":\"files\",\"jwk\":" JWK ",\"audience\":[\"https://files.example\"]}],"
    "\"stores\":[{\"id\":\"results\",\"mode\":\"local\",\"path\":\"results\"},"
    "{\"id\":\"s3\",\"mode\":\"direct\",\"endpoint\":\"https://s3.example\",\"region\":\"r\","
    "\"bucket\":\"b\",\"access_key_id\":\"AK\",\"secret_file\":\"a.pem\"}],"
    "\"limits\":{\"connections\":7,\"upload_deadline_s\":9},"
    "\"collateral\":{\"cached_max\":5,\"rows_max\":6,\"amd\":{\"url\":\"https://kds.example/x\","
    "\"ca_file\":\"a.pem\",\"timeout_s\":3,\"max_pending\":4,\"chips_per_minute\":2},"
    "\"intel\":{\"url\":\"https://"
    "pccs.example\",\"pccs\":true,\"ca_file\":\"a.pem\",\"update\":\"both\",\"refresh_s\":8,"
    "\"new_per_minute\":3,\"platforms_max\":11,\"fmspc_max\":12}}}";

struct folder {
    char path[64];
    char file[96];
    char pem[96];
    char roots[96];
    struct config *config;
    struct why why;
};

static int
setup(void **state)
{
    struct folder *f = mem_new(1, sizeof *f);

    (void)snprintf(f->path, sizeof f->path, "/tmp/countersign-config.XXXXXX");
    assert_non_null(mkdtemp(f->path));
    (void)snprintf(f->file, sizeof f->file, "%s/countersign.conf", f->path);
    (void)snprintf(f->pem, sizeof f->pem, "%s/a.pem", f->path);
    (void)snprintf(f->roots, sizeof f->roots, "%s/roots", f->path);
    assert_int_equal(file_write(f->pem, slice_text("x"), 0600, &f->why), ERR_OK);
    assert_int_equal(mkdir(f->roots, 0700), 0);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct folder *f = *state;

    config_free(&f->config);
    (void)unlink(f->file);
    (void)unlink(f->pem);
    (void)rmdir(f->roots);
    assert_int_equal(rmdir(f->path), 0);
    mem_free(f);
    return 0;
}

static enum err
read_text(struct folder *f, const char *text)
{
    f->why.n = 0;
    assert_int_equal(file_write(f->file, slice_text(text), 0600, &f->why), ERR_OK);
    config_free(&f->config);
    return config_read(f->file, &f->config, &f->why);
}

static void
a_good_one_is_read_member_by_member(void **state)
{
    struct folder *f = *state;

    if (read_text(f, GOOD) != ERR_OK) {
        fail_msg("%s", why_text(&f->why));
    }
    const struct config *c = f->config;

    assert_string_equal(c->issuer, "https://broker.example:8443");
    assert_string_equal(c->mint.issuer, c->issuer);
    assert_string_equal(c->mint.log_origin, "broker.example:8443/audit");
    assert_string_equal(c->listen[0].host, "127.0.0.1");
    assert_int_equal(c->listen[0].port, 8443);
    assert_string_equal(c->listen[1].host, "::1");
    assert_int_equal(c->listen[1].port, 8444);
    assert_string_equal(c->certificate, f->pem); /* relative paths count from the file's folder */
    assert_string_equal(c->roots, f->roots);
    assert_string_equal(c->mint.data_dir, c->data_dir);
    assert_int_equal(c->approvals, 2);
    assert_int_equal(c->principals, 1);
    assert_int_equal(c->principal[0].roles, ROLE_REGISTRAR | ROLE_OPERATOR);
    assert_int_equal(c->principal[0].spki[1], 0x11);
    assert_int_equal(c->clients, 1);
    assert_string_equal(c->client[0].audience[0], "https://files.example");
    assert_int_equal(c->stores, 2);
    assert_int_equal(c->mint.store_n, 1); /* only what the mint signs for */
    assert_string_equal(c->mint.store[0].secret_file, f->pem);
    assert_int_equal(c->connections, 7);
    assert_int_equal(c->upload_deadline_s, 9);
    assert_int_equal(c->request_deadline_s, 30);
    assert_int_equal(c->per_address, 64);
    assert_int_equal(c->collateral.cached_max, 5);
    assert_int_equal(c->collateral.rows_max, 6);
    assert_string_equal(c->collateral.amd.url, "https://kds.example/x");
    assert_string_equal(c->collateral.amd.ca_file, f->pem);
    assert_true(c->collateral.amd.fetch); /* a URL was given */
    assert_int_equal(c->collateral.amd.timeout_s, 3);
    assert_int_equal(c->collateral.amd.errands.pending_max, 4);
    assert_int_equal(c->collateral.amd.errands.new_per_minute, 2);
    assert_int_equal(c->collateral.amd.errands.negative_s, 600);
    assert_int_equal(c->collateral.amd.refresh_s, 3600);
    assert_string_equal(c->collateral.intel.pcs.url, "https://pccs.example");
    assert_string_equal(c->collateral.intel.root_crl_url, ""); /* the PCCS has it */
    assert_true(c->collateral.intel.pcs.fetch);
    assert_int_equal(c->collateral.intel.update, INTEL_BOTH);
    assert_int_equal(c->collateral.intel.pcs.refresh_s, 8);
    assert_int_equal(c->collateral.intel.pcs.errands.new_per_minute, 3);
    assert_int_equal(c->collateral.intel.platforms_max, 11);
    assert_int_equal(c->collateral.intel.fmspc_max, 12);
    assert_int_equal(c->collateral.intel.rows_max, 6);
}

static void
the_least_that_is_needed(void **state)
{
    struct folder *f = *state;

    assert_int_equal(read_text(f, "{\"issuer\":\"https://b\",\"listen\":{\"guest\":\"0.0.0.0:1\"},"
                                  "\"tls\":{\"certificate\":\"a.pem\",\"key\":\"a.pem\"},"
                                  "\"data_dir\":\"/var/lib/x\"}"),
                     ERR_OK);
    assert_string_equal(f->config->data_dir, "/var/lib/x");
    assert_string_equal(f->config->roots, "");
    assert_int_equal(f->config->approvals, 1);
    assert_int_equal(f->config->listen[1].port, 0);
    assert_string_equal(f->config->collateral.amd.url, "");
    assert_false(f->config->collateral.amd.fetch);
    assert_int_equal(f->config->collateral.cached_max, 100000);
    assert_false(f->config->collateral.intel.pcs.fetch);
    assert_int_equal(f->config->collateral.intel.update, INTEL_STANDARD);
    assert_int_equal(f->config->collateral.intel.platforms_max, 10000);
}

/* Of PCS the CRL of the root is elsewhere: at Intel's own place unless the configuration says otherwise. */
static void
where_the_root_crl_is(void **state)
{
    static const char HEAD[] =
        "{\"issuer\":\"https://b\",\"listen\":{\"guest\":\"0.0.0.0:1\"},"
        "\"tls\":{\"certificate\":\"a.pem\",\"key\":\"a.pem\"},\"data_dir\":\"/x\",\"collateral\":"
        "{\"intel\":{\"url\":\"https://pcs.example\"%s}}}";
    struct folder *f = *state;
    char text[512];

    (void)snprintf(text, sizeof text, HEAD, "");
    assert_int_equal(read_text(f, text), ERR_OK);
    assert_string_equal(f->config->collateral.intel.root_crl_url,
                        "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");
    config_free(&f->config);
    (void)snprintf(text, sizeof text, HEAD,
                   ",\"root_crl_url\":\"https://mirror.example/root.der\"");
    assert_int_equal(read_text(f, text), ERR_OK);
    assert_string_equal(f->config->collateral.intel.root_crl_url,
                        "https://mirror.example/root.der");
}

static void
a_url_for_collateral_need_not_be_asked(void **state)
{
    struct folder *f = *state;

    assert_int_equal(
        read_text(f,
                  "{\"issuer\":\"https://b\",\"listen\":{\"guest\":\"0.0.0.0:1\"},"
                  "\"tls\":{\"certificate\":\"a.pem\",\"key\":\"a.pem\"},\"data_dir\":\"/x\","
                  "\"collateral\":{\"amd\":{\"url\":\"http://127.0.0.1:9/kds\",\"fetch\":false}}}"),
        ERR_OK);
    assert_false(f->config->collateral.amd.fetch);
}

/* GOOD with one member replaced.  path: names from the top, separated by blanks; numbers are indexes.
 * value: JSON, or NULL to remove it. */
struct change {
    const char *path;
    const char *value;
    enum err err;
    const char *reason;
};

static json_t *
step(json_t *at, const char *name)
{
    return json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
                             : json_object_get(at, name);
}

static char *
changed(const struct change *c)
{
    json_t *root = json_loads(GOOD, 0, NULL);
    json_t *at = root;
    char path[64];
    char *rest = path;

    assert_non_null(root);
    (void)snprintf(path, sizeof path, "%s", c->path);
    const char *name = strsep(&rest, " ");

    for (; rest != NULL; name = strsep(&rest, " ")) {
        at = step(at, name);
        assert_non_null(at);
    }
    if (c->value == NULL) {
        assert_int_equal(json_object_del(at, name), 0);
    } else {
        json_t *value = json_loads(c->value, JSON_DECODE_ANY, NULL);

        assert_non_null(value);
        assert_int_equal(json_is_array(at) ? json_array_append_new(at, value)
                                           : json_object_set_new(at, name, value),
                         0);
    }
    char *text = json_text(root);

    json_decref(root);
    return text;
}

#define ALICE2    "{\"name\":\"other\",\"spki_sha256\":\"" SPKI "\",\"roles\":[\"auditor\"]}"
#define LONG_NAME "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""

static const struct change CHANGES[] = {
    {"surprise", "1", ERR_MALFORMED, "surprise"},
    {"tls surprise", "1", ERR_MALFORMED, "surprise"},
    {"listen surprise", "1", ERR_MALFORMED, "surprise"},
    {"limits surprise", "1", ERR_MALFORMED, "surprise"},
    {"principals 0 surprise", "1", ERR_MALFORMED, "surprise"},
    {"clients 0 surprise", "1", ERR_MALFORMED, "surprise"},
    {"stores 0 surprise", "1", ERR_MALFORMED, "surprise"},
    {"collateral surprise", "1", ERR_MALFORMED, "surprise"},
    {"collateral amd surprise", "1", ERR_MALFORMED, "surprise"},
    {"collateral intel surprise", "1", ERR_MALFORMED, "surprise"},
    {"collateral intel url", "\"http://pcs.example\"", ERR_MALFORMED, "collateral.intel.url"},
    {"collateral intel url", NULL, ERR_MALFORMED, "without url"},
    {"collateral intel root_crl_url", "\"http://pcs.example\"", ERR_MALFORMED, "root_crl_url"},
    {"collateral intel ca_file", "\"missing.pem\"", ERR_NOT_FOUND, "collateral.intel.ca_file"},
    {"collateral intel update", "\"late\"", ERR_MALFORMED, "\"standard\", \"early\" or \"both\""},
    {"collateral intel pccs", "1", ERR_MALFORMED, "pccs"},
    {"collateral intel refresh_s", "0", ERR_LIMIT, "refresh_s"},
    {"collateral intel new_per_minute", "0", ERR_LIMIT, "new_per_minute"},
    {"collateral intel platforms_max", "0", ERR_LIMIT, "platforms_max"},
    {"collateral intel fmspc_max", "0", ERR_LIMIT, "fmspc_max"},
    {"collateral cached_max", "0", ERR_LIMIT, "cached_max"},
    {"collateral rows_max", "0", ERR_LIMIT, "rows_max"},
    {"collateral amd url", "\"http://kds.example\"", ERR_MALFORMED, "loopback"},
    {"collateral amd url", "\"http://127.0.0.1.example\"", ERR_MALFORMED, "loopback"},
    {"collateral amd url", "\"http://127.0.0.1@kds.example\"", ERR_MALFORMED, "want https://"},
    {"collateral amd url", "\"http://localhost:1\"", ERR_MALFORMED, "loopback"},
    {"collateral amd url", "\"ftp://kds.example\"", ERR_MALFORMED, "want https://"},
    {"collateral amd url", "\"https://kds.example/\"", ERR_MALFORMED, "trailing slash"},
    {"collateral amd url", "\"https://kds.example/?x\"", ERR_MALFORMED, "want https://"},
    {"collateral amd url", "\"https://\"", ERR_MALFORMED, "want https://"},
    {"collateral amd url", NULL, ERR_MALFORMED, "without url"},
    {"collateral amd ca_file", "\"missing.pem\"", ERR_NOT_FOUND, "collateral.amd.ca_file"},
    {"collateral amd fetch", "1", ERR_MALFORMED, "fetch"},
    {"collateral amd timeout_s", "0", ERR_LIMIT, "timeout_s"},
    {"collateral amd timeout_s", "121", ERR_LIMIT, "timeout_s"},
    {"collateral amd crl_refresh_s", "0", ERR_LIMIT, "crl_refresh_s"},
    {"collateral amd negative_s", "0", ERR_LIMIT, "negative_s"},
    {"collateral amd max_pending", "0", ERR_LIMIT, "max_pending"},
    {"collateral amd chips_per_minute", "0", ERR_LIMIT, "chips_per_minute"},
    {"issuer", NULL, ERR_MALFORMED, "issuer"},
    {"listen", NULL, ERR_MALFORMED, "listen"},
    {"tls", NULL, ERR_MALFORMED, "tls"},
    {"data_dir", NULL, ERR_MALFORMED, "data_dir"},
    {"listen guest", NULL, ERR_MALFORMED, "guest"},
    {"tls certificate", NULL, ERR_MALFORMED, "certificate"},
    {"tls key", NULL, ERR_MALFORMED, "key"},
    {"tls client_ca", NULL, ERR_MALFORMED, "listen.admin needs it"},

    {"issuer", "1", ERR_MALFORMED, "issuer"},
    {"issuer", "\"http://b\"", ERR_MALFORMED, "issuer: \"http://b\""},
    {"issuer", "\"https://\"", ERR_MALFORMED, "issuer"},
    {"issuer", "\"https:///x\"", ERR_MALFORMED, "issuer"},
    {"issuer", "\"https://b/\"", ERR_MALFORMED, "trailing slash"},
    {"issuer", "\"https://b?x\"", ERR_MALFORMED, "issuer"},
    {"issuer", "\"https://b#x\"", ERR_MALFORMED, "issuer"},
    {"issuer", "\"https://b%41\"", ERR_MALFORMED, "issuer"},
    {"issuer", "\"https://me@b\"", ERR_MALFORMED, "issuer"},
    {"issuer", "\"https://b\\u0001\"", ERR_MALFORMED, "issuer"},
    {"issuer", "\"https://b\\u00e9\"", ERR_MALFORMED, "issuer"},

    {"listen guest", "\"localhost:1\"", ERR_MALFORMED, "listen.guest"},
    {"listen guest", "\"127.0.0.1\"", ERR_MALFORMED, "listen.guest"},
    {"listen guest", "\"127.0.0.1:\"", ERR_MALFORMED, "listen.guest"},
    {"listen guest", "\"127.0.0.1:0\"", ERR_MALFORMED, "listen.guest"},
    {"listen guest", "\"127.0.0.1:65536\"", ERR_MALFORMED, "listen.guest"},
    {"listen guest", "\"127.0.0.1:+80\"", ERR_MALFORMED, "listen.guest"},
    {"listen guest", "\"127.0.0.1: 80\"", ERR_MALFORMED, "listen.guest"},
    {"listen guest", "\"127.0.0.1:80x\"", ERR_MALFORMED, "listen.guest"},
    {"listen guest", "\"::1:80\"", ERR_MALFORMED, "listen.guest"},
    {"listen admin", "\"[::1:80\"", ERR_MALFORMED, "listen.admin"},
    {"listen admin", "\"[127.0.0.1]:80\"", ERR_MALFORMED, "listen.admin"},
    {"listen local", "\"[]:80\"", ERR_MALFORMED, "listen.local"},

    {"tls certificate", "\"missing.pem\"", ERR_NOT_FOUND, "tls.certificate"},
    {"tls key", "\"missing.pem\"", ERR_NOT_FOUND, "tls.key"},
    {"tls client_ca", "\"missing.pem\"", ERR_NOT_FOUND, "tls.client_ca"},
    {"tls certificate", "\"\"", ERR_LIMIT, "tls.certificate"},
    {"data_dir", "\"\"", ERR_LIMIT, "data_dir"},
    {"roots", "\"\"", ERR_LIMIT, "roots"},
    {"stores 1 secret_file", "\"\"", ERR_LIMIT, "stores.secret_file"},
    {"tls allow_tls12", "\"yes\"", ERR_MALFORMED, "allow_tls12"},
    {"roots", "\"missing\"", ERR_NOT_FOUND, "roots"},
    {"approvals", "-1", ERR_LIMIT, "approvals"},
    {"approvals", "9", ERR_LIMIT, "approvals"},
    {"approvals", "1.5", ERR_MALFORMED, "approvals"},

    {"principals 0 name", "\"\"", ERR_LIMIT, "principals.name"},
    {"principals 0 name", LONG_NAME, ERR_LIMIT, "name"},
    {"principals 0 name", "\"a\\nb\"", ERR_MALFORMED, "principals.name: a control character"},
    {"principals 0 spki_sha256", "\"00\"", ERR_MALFORMED, "spki_sha256 of alice has 1 bytes"},
    {"principals 0 spki_sha256", "\"zz\"", ERR_MALFORMED, "hex"},
    {"principals 0 roles 9", "\"king\"", ERR_MALFORMED, "unknown role \"king\""},
    {"principals 0 roles 9", "1", ERR_MALFORMED, "unknown role"},
    {"principals 0 audience", "[\"\"]", ERR_LIMIT, "principals.audience"},
    {"principals 9", ALICE2, ERR_MALFORMED, "the key of other is there twice"},

    {"clients 0 id", "\"\"", ERR_LIMIT, "clients.id"},
    {"clients 0 jwk", "{\"kty\":\"RSA\"}", ERR_MALFORMED, "crv"},
    {"clients 0 jwk crv", "\"P-521\"", ERR_DENIED, "crv"},
    {"clients 0 audience", "[1]", ERR_LIMIT, "clients"},
    {"clients 9", "{\"id\":\"files\",\"jwk\":" JWK ",\"audience\":[\"https://x\"]}", ERR_MALFORMED,
     "clients: the id files is there twice"},

    {"stores 0 mode", "\"pigeon\"", ERR_MALFORMED, "stores: mode"},
    {"stores 0 path", NULL, ERR_MALFORMED, "stores: mode"},
    {"stores 1 path", "\"x\"", ERR_MALFORMED, "stores: mode"},
    {"stores 1 endpoint", NULL, ERR_MALFORMED, "stores: mode"},
    {"stores 1 region", NULL, ERR_MALFORMED, "stores: mode"},
    {"stores 1 bucket", NULL, ERR_MALFORMED, "stores: mode"},
    {"stores 1 access_key_id", NULL, ERR_MALFORMED, "stores: mode"},
    {"stores 1 secret_file", NULL, ERR_MALFORMED, "stores: mode"},
    {"stores 1 secret_file", "\"missing\"", ERR_NOT_FOUND, "stores.secret_file"},
    {"stores 1 session_token_file", "\"missing\"", ERR_NOT_FOUND, "stores.session_token_file"},
    {"stores 1 bucket", "\"\"", ERR_LIMIT, "stores.bucket"},
    {"stores 9", "{\"id\":\"s3\",\"mode\":\"local\",\"path\":\"x\"}", ERR_MALFORMED,
     "stores: the id s3 is there twice"},

    {"limits connections", "0", ERR_LIMIT, "connections"},
    {"limits per_address", "0", ERR_LIMIT, "per_address"},
    {"limits header_deadline_s", "301", ERR_LIMIT, "header_deadline_s"},
    {"limits idle_s", "0", ERR_LIMIT, "idle_s"},
    {"limits request_deadline_s", "3601", ERR_LIMIT, "request_deadline_s"},
    {"limits upload_deadline_s", "86401", ERR_LIMIT, "upload_deadline_s"},
};

static bool
says(const struct why *why, const char *reason)
{
    for (size_t i = 0; i < why->n; i++) {
        if (strstr(why->link[i], reason) != NULL) {
            return true;
        }
    }
    return false;
}

static void
each_mistake_is_named(void **state)
{
    struct folder *f = *state;

    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        const struct change *c = &CHANGES[i];
        AUTO(mem_free_text) char *text = changed(c);
        enum err e = read_text(f, text);

        if (f->config != NULL || e != c->err || !says(&f->why, c->reason)) {
            fail_msg("%s = %s: got %d \"%s\", wanted %d \"%s\"", c->path,
                     c->value != NULL ? c->value : "(removed)", (int)e, why_text(&f->why),
                     (int)c->err, c->reason);
        }
    }
}

static void
what_is_no_document_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "{", "[]", "null", "{} {}", "{\"issuer\":\"https://a\",\"issuer\":\"https://b\"}"};
    struct folder *f = *state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(read_text(f, texts[i]), ERR_MALFORMED);
    }
    assert_int_equal(config_read("/nonexistent/x.conf", &f->config, &f->why), ERR_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_one_is_read_member_by_member, setup, teardown),
        cmocka_unit_test_setup_teardown(the_least_that_is_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_url_for_collateral_need_not_be_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(where_the_root_crl_is, setup, teardown),
        cmocka_unit_test_setup_teardown(each_mistake_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_document_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
