/* SPDX-License-Identifier: Apache-2.0 */
/* run_presign.c - SigV4 against vectors that others made, byte for byte.
 *
 * Always: the example of the Amazon S3 API Reference.  With the evidence folder: every S3 URL of
 * generated/, and every case of the suites of aws-c-auth (URL and header form) and botocore
 * (header form).  Canonical request, string to sign, signature and URL or header have to be
 * equal. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "broker/mint/sigv4.h"
#include "common/mem.h"
#include "common/sys.h"
#include "test/vectors/presign_text.h"

enum { FILE_MAX = 1 << 20, PATH_CAP = 4096, QUERY_PARTS = 32, HEX_LEN = 2 * SHA256_LEN };

struct tally {
    int passed, failed;
};

/* What a case is signed with, and the buffers it is written to. */
struct bench {
    struct sigv4_cred cred;
    struct sigv4_out out;
    uint8_t canonical[SIGV4_CANONICAL_CAP];
    uint8_t string[SIGV4_STRING_CAP];
    uint8_t result[SIGV4_URL_CAP];
};

static struct slice
text(const char *s)
{
    return slice_text(s);
}

/* A whole file, NUL-terminated.  A missing one ends the run: nothing can be said without it. */
static char *
load(const char *path)
{
    struct why why = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;

    if (file_read(path, FILE_MAX, &bytes, &len, &why) != ERR_OK) {
        (void)fprintf(stderr, "%s: %s\n", path, why_text(&why));
        exit(1);
    }
    return (char *)bytes;
}

/* The file `name` in the folder of `path`; ends of lines at the end of it are not part of it. */
static char *
load_beside(const char *path, const char *name)
{
    char other[PATH_CAP];
    const char *slash = strrchr(path, '/');

    (void)snprintf(other, sizeof other, "%.*s/%s", (int)(slash - path), path, name);

    char *s = load(other);
    size_t len = strlen(s);

    while (len > 0 && (s[len - 1] == '\n' || s[len - 1] == '\r')) {
        s[--len] = '\0';
    }
    return s;
}

static struct bench *
bench_new(const struct sigv4_identity *id)
{
    struct bench *b = mem_new(1, sizeof *b);
    struct why why = {0};

    if (sigv4_cred_init(id, &b->cred, &why) != ERR_OK) {
        (void)fprintf(stderr, "credential: %s\n", why_text(&why));
        exit(1);
    }
    b->out = (struct sigv4_out){
        .canonical = wr_init(b->canonical, sizeof b->canonical, "canonical"),
        .string_to_sign = wr_init(b->string, sizeof b->string, "string"),
        .result = wr_init(b->result, sizeof b->result, "result"),
    };
    return b;
}

static void
bench_free(struct bench **b)
{
    sigv4_cred_done(&(*b)->cred);
    mem_free(*b);
}

static bool
same(const char *what, struct slice seen, const char *wanted)
{
    bool ok = slice_same(seen, text(wanted));

    if (!ok) {
        printf("  %s\n    seen   %.*s\n    wanted %s\n", what, (int)seen.len,
               (const char *)seen.ptr, wanted);
    }
    return ok;
}

static void
count(struct tally *t, const char *suite, const char *name, bool ok)
{
    if (ok) {
        t->passed++;
    } else {
        t->failed++;
        printf("FAIL %s %s\n", suite, name);
    }
}

/* ---- generated/s3_presign*.json ---- */

static const char *
member(const json_t *obj, const char *name)
{
    const char *s = json_string_value(json_object_get(obj, name));

    return s != NULL ? s : "";
}

/* 0 pairs when there are more than fit: the case then fails by its canonical request. */
static size_t
pairs_of(json_t *obj, struct sigv4_pair *pairs, size_t max)
{
    void *at = json_object_iter(obj);
    size_t n = 0;

    for (; at != NULL && n < max; at = json_object_iter_next(obj, at)) {
        pairs[n++] = (struct sigv4_pair){text(json_object_iter_key(at)),
                                         text(json_string_value(json_object_iter_value(at)))};
    }
    return at == NULL ? n : 0;
}

static int64_t
time_of(const char *rfc3339)
{
    struct why why = {0};
    int64_t t = -1;

    return rfc3339_parse(text(rfc3339), &t, &why) == ERR_OK ? t : -1;
}

static bool
s3_case(const json_t *rec)
{
    const struct sigv4_identity id = {
        .access_key_id = text(member(rec, "access_key")),
        .secret = text(member(rec, "secret_key")),
        .session_token = text(member(rec, "session_token")),
        .region = text(member(rec, "region")),
        .service = text(member(rec, "service")),
    };
    struct sigv4_pair params[SIGV4_PARAMS_MAX];
    struct sigv4_pair headers[SIGV4_HEADERS_MAX];
    bool path_style = strcmp(member(rec, "style"), "path") == 0;
    const struct sigv4_request req = {
        .method = member(rec, "method"),
        .plain_http = strcmp(member(rec, "scheme"), "http") == 0,
        .host = text(member(rec, "host")),
        .bucket = text(path_style ? member(rec, "bucket") : ""),
        .path = text(member(rec, "key")),
        .params = params,
        .params_n = pairs_of(json_object_get(rec, "query"), params, SIGV4_PARAMS_MAX),
        .headers = headers,
        .headers_n = pairs_of(json_object_get(rec, "headers"), headers, SIGV4_HEADERS_MAX),
        .payload = text(member(rec, "payload")),
        .at_unix = time_of(member(rec, "timestamp")),
        .expires_s = json_integer_value(json_object_get(rec, "expires")),
    };
    AUTO(bench_free) struct bench *b = bench_new(&id);
    struct why why = {0};

    if (sigv4_presign(&b->cred, &req, &b->out, &why) != ERR_OK) {
        printf("  refused: %s\n", why_text(&why));
        return false;
    }
    return same("canonical", wr_done(&b->out.canonical), member(rec, "canonical_request")) &&
           same("string", wr_done(&b->out.string_to_sign), member(rec, "string_to_sign")) &&
           same("url", wr_done(&b->out.result), member(rec, "expected_url")) &&
           strstr(member(rec, "expected_url"), member(rec, "expected_signature")) != NULL;
}

static void
s3_file(const char *path, struct tally *t)
{
    json_t *all = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_array(all)) {
        count(t, "s3", path, false);
    }
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *rec = json_array_get(all, i);

        count(t, "s3", member(rec, "id"), s3_case(rec));
    }
    json_decref(all);
}

/* ---- the suites ---- */

static void
set_payload(struct parsed *p, struct slice body)
{
    uint8_t digest[SHA256_LEN];

    hash_sha256(body, digest);
    hex_encode((struct slice){digest, sizeof digest}, p->payload);
    p->req.payload = text(p->payload);
}

/* ---- aws-c-auth ---- */

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The suite's URLs have their parameters in an order of their own: both are sorted to compare. */
static char *
sorted_query(const char *url)
{
    AUTO(mem_free_text) char *copy = mem_text(text(url));
    size_t cap = strlen(url) + 2;
    uint8_t *out = mem_new(cap, 1);
    struct wr w = wr_init(out, cap - 1, "url");
    char *part[QUERY_PARTS];
    size_t n = 0;

    for (char *at = split(copy, '?'); at != NULL && n < QUERY_PARTS; n++) {
        part[n] = at;
        at = split(at, '&');
    }
    qsort(part, n, sizeof part[0], by_text);
    wr_text(&w, copy);
    for (size_t i = 0; i < n; i++) {
        wr_text(&w, i == 0 ? "?" : "&");
        wr_text(&w, part[i]);
    }
    return (char *)out;
}

/* Line 1 of the signed request against our URL. */
static bool
same_url(const char *result, char *signed_request)
{
    (void)split(signed_request, '\n');

    char *target = split(signed_request, ' ');
    char *version = target != NULL ? strrchr(target, ' ') : NULL;
    const char *ours = strstr(result, "://");

    ours = ours != NULL ? strchr(ours + 3, '/') : NULL;
    if (version == NULL || ours == NULL) {
        return false;
    }
    *version = '\0';

    AUTO(mem_free_text) char *wanted = sorted_query(target);
    AUTO(mem_free_text) char *seen = sorted_query(ours);

    return same("url", text(seen), wanted);
}

static bool
same_header(const char *result, char *signed_request)
{
    char *line = strstr(signed_request, "\nAuthorization:");

    if (line == NULL) {
        return false;
    }
    line += strlen("\nAuthorization:");
    line += strspn(line, " ");
    (void)split(line, '\n');
    return same("authorization", text(result), line);
}

/* Both forms of a case differ in two words: the prefix of its files, and what is signed. */
struct form {
    const char *prefix;
    bool url;
};

static bool
same_files(const char *path, const struct form *form, const struct bench *b)
{
    static const char *const NAMES[] = {"canonical-request", "string-to-sign", "signature",
                                        "signed-request"};
    char *file[4] = {0};
    const char *result = (const char *)b->result;
    const char *mark = form->url ? "X-Amz-Signature=" : "Signature=";
    const char *signature = strstr(result, mark);
    bool ok = signature != NULL;

    for (size_t i = 0; i < 4; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "%s-%s.txt", form->prefix, NAMES[i]);
        file[i] = load_beside(path, name);
    }
    ok = ok && same("canonical", wr_done(&b->out.canonical), file[0]) &&
         same("string", wr_done(&b->out.string_to_sign), file[1]) &&
         strncmp(signature + strlen(mark), file[2], HEX_LEN) == 0 &&
         (form->url ? same_url(result, file[3]) : same_header(result, file[3]));
    for (size_t i = 0; i < 4; i++) {
        mem_free_text(&file[i]);
    }
    return ok;
}

/* A signed body is also announced in a header, in the header form only. */
static void
announce_body(struct parsed *p)
{
    if (p->req.headers_n < SIGV4_HEADERS_MAX) {
        p->headers[p->req.headers_n++] =
            (struct sigv4_pair){text("x-amz-content-sha256"), p->req.payload};
    }
}

static bool
aws_case(const char *path, const json_t *ctx, const struct form *form)
{
    const json_t *who = json_object_get(ctx, "credentials");
    const struct sigv4_identity id = {
        .access_key_id = text(member(who, "access_key_id")),
        .secret = text(member(who, "secret_access_key")),
        .session_token = text(member(who, "token")),
        .region = text(member(ctx, "region")),
        .service = text(member(ctx, "service")),
    };
    bool body = json_is_true(json_object_get(ctx, "sign_body"));
    AUTO(mem_free_text) char *raw = load_beside(path, "request.txt");
    AUTO(bench_free) struct bench *b = bench_new(&id);
    struct parsed p = {0};
    struct why why = {0};

    if (!parse_request(raw, &p)) {
        return false;
    }
    set_payload(&p, body ? p.body : text(""));
    if (body && !form->url) {
        announce_body(&p);
    }
    p.req.rule =
        json_is_false(json_object_get(ctx, "normalize")) ? SIGV4_SERVICE_VERBATIM : SIGV4_SERVICE;
    p.req.at_unix = time_of(member(ctx, "timestamp"));
    p.req.expires_s = json_integer_value(json_object_get(ctx, "expiration_in_seconds"));
    p.req.token_unsigned = json_is_true(json_object_get(ctx, "omit_session_token"));

    enum err err = form->url ? sigv4_presign(&b->cred, &p.req, &b->out, &why)
                             : sigv4_header_auth(&b->cred, &p.req, &b->out, &why);

    if (err != ERR_OK) {
        printf("  refused: %s\n", why_text(&why));
        return false;
    }
    return same_files(path, form, b);
}

static void
aws_file(const char *path, struct tally *t)
{
    static const struct form FORMS[] = {{"query", true}, {"header", false}};
    json_t *ctx = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);

    for (size_t i = 0; i < 2; i++) {
        char name[PATH_CAP];

        (void)snprintf(name, sizeof name, "%s %s", FORMS[i].prefix, path);
        count(t, "aws-c-auth", name, ctx != NULL && aws_case(path, ctx, &FORMS[i]));
    }
    json_decref(ctx);
}

/* ---- botocore ---- */

/* The token, when the request brings one, is signed; else the case has none or adds it later. */
static char *
token_of(const char *raw)
{
    const char *at = strcasestr(raw, "\nX-Amz-Security-Token:");

    if (at == NULL) {
        return mem_text(text(""));
    }
    at += strlen("\nX-Amz-Security-Token:");
    return mem_text((struct slice){(const uint8_t *)at, strcspn(at, "\n")});
}

/* x.req beside x.creq, x.sts and x.authz. */
static char *
sibling(const char *req_path, const char *ending)
{
    const char *slash = strrchr(req_path, '/');
    char name[PATH_CAP];

    (void)snprintf(name, sizeof name, "%.*s%s", (int)(strlen(slash + 1) - strlen(".req")),
                   slash + 1, ending);
    return load_beside(req_path, name);
}

static bool
botocore_case(const char *path)
{
    AUTO(mem_free_text) char *raw = load(path);
    AUTO(mem_free_text) char *token = token_of(raw);
    AUTO(mem_free_text) char *creq = sibling(path, ".creq");
    AUTO(mem_free_text) char *sts = sibling(path, ".sts");
    AUTO(mem_free_text) char *authz = sibling(path, ".authz");
    /* Key, place and time of the whole suite. */
    const struct sigv4_identity id = {
        .access_key_id = text("AKIDEXAMPLE"),
        .secret = text("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        .session_token = text(token),
        .region = text("us-east-1"),
        .service = text("service"),
    };
    AUTO(bench_free) struct bench *b = bench_new(&id);
    struct parsed p = {.req = {.rule = SIGV4_SERVICE, .at_unix = time_of("2015-08-30T12:36:00Z")}};
    struct why why = {0};

    if (!parse_request(raw, &p)) {
        return false;
    }
    set_payload(&p, p.body);
    if (sigv4_header_auth(&b->cred, &p.req, &b->out, &why) != ERR_OK) {
        printf("  refused: %s\n", why_text(&why));
        return false;
    }
    return same("canonical", wr_done(&b->out.canonical), creq) &&
           same("string", wr_done(&b->out.string_to_sign), sts) &&
           same("authorization", wr_done(&b->out.result), authz);
}

static void
botocore_file(const char *path, struct tally *t)
{
    count(t, "botocore", path, botocore_case(path));
}

/* ---- everything ---- */

/* Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", its example. */
static bool
documented_case(void)
{
    const struct sigv4_identity id = {
        .access_key_id = text("AKIAIOSFODNN7EXAMPLE"),
        .secret = text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        .region = text("us-east-1"),
        .service = text("s3"),
    };
    const struct sigv4_request req = {
        .method = "GET",
        .host = text("examplebucket.s3.amazonaws.com"),
        .path = text("test.txt"),
        .payload = text(SIGV4_UNSIGNED),
        .at_unix = time_of("2013-05-24T00:00:00Z"),
        .expires_s = 86400,
    };
    static const char WANTED[] =
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        "&X-Amz-SignedHeaders=host";
    AUTO(bench_free) struct bench *b = bench_new(&id);
    struct why why = {0};

    return sigv4_presign(&b->cred, &req, &b->out, &why) == ERR_OK &&
           same("url", wr_done(&b->out.result), WANTED);
}

/* Every file that fits; a suite that is not there is a failure, or it would be dropped unseen. */
static void
each(const char *root, const char *pattern, void (*run)(const char *, struct tally *),
     struct tally *t)
{
    char full[PATH_CAP];
    glob_t found = {0};
    struct tally before = *t;

    (void)snprintf(full, sizeof full, "%s/presign/%s", root, pattern);
    (void)glob(full, 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        run(found.gl_pathv[i], t);
    }
    globfree(&found);
    if (t->passed + t->failed == before.passed + before.failed) {
        count(t, "nothing found at", full, false);
    }
    printf("%s: %d passed, %d failed\n", pattern, t->passed - before.passed,
           t->failed - before.failed);
}

int
main(void)
{
    const char *root = getenv("COUNTERSIGN_EVIDENCE");
    struct tally t = {0};
    glob_t found = {0};

    root = root != NULL && *root != '\0' ? root : "../shared/evidence";
    count(&t, "documentation", "sigv4-query-string-auth", documented_case());
    if (glob(root, GLOB_ONLYDIR, NULL, &found) != 0) {
        printf("NOTICE: no evidence at %s: the vectors of presign/ were NOT run\n", root);
    } else {
        each(root, "generated/s3_presign*.json", s3_file, &t);
        each(root, "aws-c-auth-v4/*/context.json", aws_file, &t);
        each(root, "botocore-aws4/*/*.req", botocore_file, &t);
        each(root, "botocore-aws4/*/*/*.req", botocore_file, &t);
    }
    globfree(&found);
    printf("%d passed, %d failed\n", t.passed, t.failed);
    return t.failed > 0;
}
