/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sigv4.c - whatever is asked to be signed is refused or signed right.
 *
 * Right means: the text that was signed has exactly the lines it must have, so that no value has
 * made a line of its own; it fits the buffers; the URL is printable ASCII; and the signature is
 * what a plain HMAC chain gives.  The seeds come from test/fuzz/seeds_sigv4.py, which also
 * describes the input. */
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "attest/base/hash.h"
#include "attest/base/rd.h"
#include "attest/base/text.h"
#include "broker/mint/sigv4.h"

enum {
    FLAG_HEADER_FORM = 1,
    FLAG_PLAIN_HTTP = 2,
    FLAG_TOKEN_UNSIGNED = 4,
    FLAG_EMPTY_BODY = 8,
    PAIRS_MAX = 40, /* more than are accepted */
    CAP_MAX = 4096,
    HEX_SHA256 = 2 * SHA256_LEN,
};

static const char SECRET[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct input {
    struct sigv4_identity id;
    struct sigv4_request req;
    struct sigv4_pair params[PAIRS_MAX];
    struct sigv4_pair headers[PAIRS_MAX];
    bool header_form;
    uint8_t canonical[CAP_MAX], string[CAP_MAX], result[CAP_MAX];
    struct sigv4_out out;
};

static void
must(bool statement)
{
    if (!statement) {
        abort();
    }
}

/* What is not there any more is empty. */
static struct slice
take(struct rd *r)
{
    size_t len = rd_be16(r, "len");

    return rd_bytes(r, "text", len < rd_left(r) ? len : rd_left(r));
}

static size_t
take_pairs(struct rd *r, struct sigv4_pair *pairs)
{
    size_t n = rd_u8(r, "n") % (PAIRS_MAX + 1u);

    for (size_t i = 0; i < n; i++) {
        pairs[i].name = take(r);
        pairs[i].value = take(r);
    }
    return n;
}

static void
take_input(struct rd *r, struct input *in)
{
    static const char *const METHODS[] = {"PUT", "GET", "post", ""};
    uint8_t flags = rd_u8(r, "flags");
    uint8_t shape = rd_u8(r, "shape");

    in->header_form = (flags & FLAG_HEADER_FORM) != 0;
    in->req.plain_http = (flags & FLAG_PLAIN_HTTP) != 0;
    in->req.token_unsigned = (flags & FLAG_TOKEN_UNSIGNED) != 0;
    in->req.payload =
        slice_text((flags & FLAG_EMPTY_BODY) != 0 ? SIGV4_EMPTY_BODY : SIGV4_UNSIGNED);
    in->req.rule = (enum sigv4_path)(shape % 3);
    in->req.method = METHODS[shape / 4 % 4];
    in->req.at_unix = (int64_t)rd_be64(r, "at");
    in->req.expires_s = (int64_t)rd_be32(r, "expires");
    in->out.canonical = wr_init(in->canonical, rd_be16(r, "cap") % CAP_MAX, "canonical");
    in->out.string_to_sign = wr_init(in->string, rd_be16(r, "cap") % CAP_MAX, "string");
    in->out.result = wr_init(in->result, rd_be16(r, "cap") % CAP_MAX, "result");
    in->id.session_token = take(r);
    in->id.region = take(r);
    in->id.access_key_id = slice_text("AKID");
    in->id.secret = slice_text(SECRET);
    in->id.service = slice_text("s3");
    in->req.host = take(r);
    in->req.bucket = take(r);
    in->req.path = take(r);
    in->req.params = in->params;
    in->req.headers = in->headers;
    in->req.params_n = take_pairs(r, in->params);
    in->req.headers_n = take_pairs(r, in->headers);
}

static size_t
count(struct slice s, uint8_t octet)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        n += s.ptr[i] == octet;
    }
    return n;
}

/* All but the last line, without the end of line before it; there is one. */
static struct slice
without_last(struct slice s)
{
    while (s.len > 0 && s.ptr[s.len - 1] != '\n') {
        s.len--;
    }
    must(s.len > 0);
    s.len--;
    return s;
}

static struct slice
last_line(struct slice s)
{
    size_t from = without_last(s).len + 1;

    return (struct slice){&s.ptr[from], s.len - from};
}

/* Method, path, query, one line for each signed header, an empty one, their names, the payload. */
static void
check_canonical(struct slice canonical)
{
    struct slice before = without_last(canonical);
    struct slice names = last_line(before);

    must(count(canonical, '\n') == 5 + 1 + count(names, ';'));
    must(count(canonical, '\r') == 0 && count(canonical, '\0') == 0);
    must(last_line(without_last(before)).len == 0);
}

static void
hmac(const void *key, size_t key_len, struct slice in, uint8_t out[SHA256_LEN])
{
    must(HMAC(EVP_sha256(), key, (int)key_len, in.ptr, in.len, out, NULL) != NULL);
}

static void
check_signature(const struct input *in, const struct sigv4_cred *c)
{
    struct slice canonical = wr_done(&in->out.canonical);
    struct slice string = wr_done(&in->out.string_to_sign);
    const char *mark = in->header_form ? ", Signature=" : "X-Amz-Signature=";
    uint8_t key[SHA256_LEN];
    uint8_t next[SHA256_LEN];
    char hex[HEX_SHA256 + 1];
    char start[64] = "AWS4";

    hash_sha256(canonical, next);
    hex_encode((struct slice){next, sizeof next}, hex);
    must(slice_same(last_line(string), slice_text(hex)));

    memcpy(&start[4], SECRET, sizeof SECRET);
    hmac(start, strlen(start), (struct slice){(const uint8_t *)c->date, 8}, key);
    hmac(key, sizeof key, in->id.region, next);
    hmac(next, sizeof next, in->id.service, key);
    hmac(key, sizeof key, slice_text("aws4_request"), next);
    hmac(next, sizeof next, string, key);
    hex_encode((struct slice){key, sizeof key}, hex);

    const char *at = (const char *)in->result;

    do { /* a parameter's value cannot hold the mark, but a header's name can end like it */
        at = strstr(at, mark);
        must(at != NULL);
        at += strlen(mark);
    } while (strncmp(at, hex, HEX_SHA256) != 0);
}

static void
check_result(const struct input *in)
{
    struct slice result = wr_done(&in->out.result);

    must(in->result[result.len] == '\0' && count(result, '\n') == 0);
    for (size_t i = 0; !in->header_form && in->req.rule == SIGV4_OBJECT && i < result.len; i++) {
        must(result.ptr[i] > ' ' && result.ptr[i] < 0x7f);
    }
}

static enum err
run(struct input *in, struct sigv4_cred *c, struct why *why)
{
    return in->header_form ? sigv4_header_auth(c, &in->req, &in->out, why)
                           : sigv4_presign(c, &in->req, &in->out, why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct input in;
    AUTO(sigv4_cred_done) struct sigv4_cred c = {0};
    struct rd r = rd_init((struct slice){data, len}, "fuzz");
    struct why why = {0};

    in = (struct input){0};
    take_input(&r, &in);
    if (sigv4_cred_init(&in.id, &c, &why) != ERR_OK || run(&in, &c, &why) != ERR_OK) {
        must(why.n == 1 && why_text(&why)[0] != '\0');
        return 0;
    }
    check_canonical(wr_done(&in.out.canonical));
    check_signature(&in, &c);
    check_result(&in);

    /* The same again, from what the first left in the credential. */
    uint8_t first[CAP_MAX];
    size_t first_len = in.out.result.len;

    memcpy(first, in.result, sizeof first);
    must(run(&in, &c, &why) == ERR_OK);
    must(slice_same(wr_done(&in.out.result), (struct slice){first, first_len}));
    return 0;
}
