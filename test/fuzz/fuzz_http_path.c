/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_http_path.c - heads through a reader as lenient as libmicrohttpd's, then the gate and
 * the routes.
 *
 * What the gate lets pass must be exactly what a strict reader would have written: no byte of
 * the head unaccounted for. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "broker/http/gate.h"
#include "broker/http/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct route table[] = {
    {.method = "GET", .pattern = "/", .listeners = LISTEN_GUEST},
    {.method = "POST", .pattern = "/token", .listeners = LISTEN_GUEST},
    {.method = "GET", .pattern = "/v1/{a}", .listeners = LISTEN_GUEST},
    {.method = "PUT", .pattern = "/v1/{a}/{b}/x/{c}", .listeners = LISTEN_GUEST},
};

/* A line of input: bytes before its LF and before a CR in front of it.  False at the end. */
static bool
next_line(struct slice in, size_t *at, struct slice *line)
{
    const uint8_t *end = *at < in.len ? memchr(in.ptr + *at, '\n', in.len - *at) : NULL;

    if (end == NULL) {
        return false;
    }
    *line = (struct slice){in.ptr + *at, (size_t)(end - in.ptr) - *at};
    *at += line->len + 1;
    line->len -= line->len > 0 && line->ptr[line->len - 1] == '\r' ? 1 : 0;
    return true;
}

/* Cut at the first NUL, as a C string is. */
static struct slice
as_text(const uint8_t *from, size_t len)
{
    const uint8_t *nul = len == 0 ? NULL : memchr(from, 0, len);

    return (struct slice){from, nul == NULL ? len : (size_t)(nul - from)};
}

static struct head_part
part(struct slice in, const uint8_t *from, size_t len)
{
    return (struct head_part){as_text(from, len), (size_t)(from - in.ptr)};
}

static bool
read_first(struct slice in, struct slice line, struct head *h)
{
    const uint8_t *sp1 = line.len == 0 ? NULL : memchr(line.ptr, ' ', line.len);
    const uint8_t *sp2 = line.len == 0 ? NULL : memrchr(line.ptr, ' ', line.len);

    if (sp1 == NULL || sp1 == sp2) {
        return false;
    }
    const uint8_t *target = sp1 + 1;
    while (target < sp2 && *target == ' ') {
        target++;
    }
    h->raw = in.ptr;
    h->method = as_text(line.ptr, (size_t)(sp1 - line.ptr));
    h->target = part(in, target, (size_t)(sp2 - target));
    h->version = part(in, sp2 + 1, line.len - (size_t)(sp2 + 1 - line.ptr));
    return true;
}

/* A folded line is lost, as it is there. */
static bool
read_field(struct slice in, struct slice line, struct head *h)
{
    struct slice text = as_text(line.ptr, line.len);
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.ptr, ':', text.len);

    if (line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t') && h->fields > 0) {
        return true;
    }
    if (colon == NULL) {
        return false;
    }
    const uint8_t *value = colon + 1;
    const uint8_t *end = line.ptr + line.len;
    while (value < end && (*value == ' ' || *value == '\t')) {
        value++;
    }
    if (h->fields < HEAD_FIELDS_MAX) {
        struct head_field *f = &h->field[h->fields];
        f->name = part(in, text.ptr, (size_t)(colon - text.ptr));
        f->value = part(in, value, (size_t)(end - value));
    }
    h->fields++;
    return true;
}

static bool
read_head(struct slice in, struct head *h)
{
    struct slice line;
    size_t at = 0;
    bool ok = next_line(in, &at, &line) && read_first(in, line, h);

    while (ok && next_line(in, &at, &line)) {
        if (line.len == 0) {
            h->size = at;
            return true;
        }
        ok = read_field(in, line, h);
    }
    return false;
}

static void
expect_bytes(struct slice in, size_t *at, struct slice want)
{
    assert(*at + want.len <= in.len && memcmp(in.ptr + *at, want.ptr, want.len) == 0);
    *at += want.len;
}

/* CRLF; a NUL in the place of either is the one thing that cannot be told apart (gate.h). */
static void
expect_crlf(struct slice in, size_t *at)
{
    assert(*at + 2 <= in.len && (in.ptr[*at] == '\r' || in.ptr[*at] == 0));
    assert(in.ptr[*at + 1] == '\n' || in.ptr[*at + 1] == 0);
    *at += 2;
}

/* Write the head anew and compare. */
static void
check_exact(struct slice in, const struct head *h)
{
    size_t at = 0;

    expect_bytes(in, &at, h->method);
    expect_bytes(in, &at, slice_text(" "));
    expect_bytes(in, &at, h->target.text);
    expect_bytes(in, &at, slice_text(" HTTP/1.1"));
    expect_crlf(in, &at);
    for (size_t i = 0; i < h->fields; i++) {
        expect_bytes(in, &at, h->field[i].name.text);
        expect_bytes(in, &at, slice_text(":"));
        assert(in.ptr[at] == ' ' || in.ptr[at] == '\t');
        at++;
        expect_bytes(in, &at, h->field[i].value.text);
        expect_crlf(in, &at);
        assert(h->field[i].name.text.len != 17 ||
               strncasecmp((const char *)h->field[i].name.text.ptr, "Transfer-Encoding", 17) != 0);
    }
    expect_crlf(in, &at);
    assert(at == h->size);
}

static void
check_route(const struct head *h, const struct head_facts *f)
{
    struct route_match m;

    assert(f->path.len > 0 && f->path.ptr[0] == '/' &&
           memchr(f->path.ptr, '%', f->path.len) == NULL);
    assert(f->content_length >= -1);
    route_find(table, sizeof table / sizeof table[0], LISTEN_GUEST, h->method, f->path, &m);
    assert(m.route == NULL || m.allow[0] != 0);
    for (size_t i = 0; i < HTTP_PARAMS; i++) {
        assert(m.param[i].len < ID_MAX);
        assert(m.param[i].len == 0 || memchr(m.param[i].ptr, '/', m.param[i].len) == NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice in = {data, len};
    struct head h = {0};
    struct head_facts f;

    if (read_head(in, &h) && gate_check(&h, &f) == NULL) {
        check_exact(in, &h);
        check_route(&h, &f);
    }
    return 0;
}
