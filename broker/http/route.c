/* SPDX-License-Identifier: Apache-2.0 */
/* route.c - see route.h. */
#include "broker/http/route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
segment_ok(struct slice seg)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    for (size_t i = 0; i < seg.len; i++) {
        if (memchr(allowed, seg.ptr[i], sizeof allowed - 1) == NULL) {
            return false;
        }
    }
    return seg.len > 0 && seg.len < ID_MAX;
}

/* Cut the text up to the next '/' off the front of *rest, which then begins after that '/'.
 * *more: there was one. */
static struct slice
next_segment(struct slice *rest, bool *more)
{
    const uint8_t *slash = rest->len == 0 ? NULL : memchr(rest->ptr, '/', rest->len);
    struct slice seg = {rest->ptr, slash == NULL ? rest->len : (size_t)(slash - rest->ptr)};
    size_t taken = seg.len + (slash == NULL ? 0 : 1);

    *more = slash != NULL;
    rest->ptr += taken;
    rest->len -= taken;
    return seg;
}

static bool
fits(const char *pattern, struct slice path, struct slice param[HTTP_PARAMS])
{
    struct slice want = slice_text(pattern);
    bool want_more = true;
    bool have_more = true;
    size_t params = 0;

    while (want_more && have_more) {
        struct slice w = next_segment(&want, &want_more);
        struct slice have = next_segment(&path, &have_more);
        bool open = w.len > 2 && w.ptr[0] == '{' && w.ptr[w.len - 1] == '}';
        if (open && params < HTTP_PARAMS && segment_ok(have)) {
            param[params++] = have;
        } else if (open || !slice_same(w, have)) {
            return false;
        }
    }
    return want_more == have_more;
}

static bool
lists(const char *allow, const char *method)
{
    size_t len = strlen(method);

    for (const char *p = strstr(allow, method); p != NULL; p = strstr(p + 1, method)) {
        if ((p == allow || p[-1] == ' ') && (p[len] == 0 || p[len] == ',')) {
            return true;
        }
    }
    return false;
}

static void
allow_add(char allow[ROUTE_ALLOW_MAX], const char *method)
{
    size_t have = strlen(allow);
    size_t len = strlen(method);

    if (lists(allow, method) || have + len + 3 > ROUTE_ALLOW_MAX) {
        return;
    }
    (void)snprintf(allow + have, ROUTE_ALLOW_MAX - have, "%s%s", have > 0 ? ", " : "", method);
}

void
route_find(const struct route *routes, size_t n, enum http_listener listener, struct slice method,
           struct slice path, struct route_match *out)
{
    *out = (struct route_match){0};
    for (size_t i = 0; i < n; i++) {
        struct slice param[HTTP_PARAMS] = {{0}};
        if ((routes[i].listeners & (unsigned)listener) == 0 ||
            !fits(routes[i].pattern, path, param)) {
            continue;
        }
        allow_add(out->allow, routes[i].method);
        if (slice_same(method, slice_text(routes[i].method))) {
            out->route = &routes[i];
            memcpy(out->param, param, sizeof param);
            return;
        }
    }
}

bool
route_type_ok(enum http_body body, const char *content_type)
{
    static const char *const wanted[] = {
        [BODY_NONE] = NULL,
        [BODY_JSON] = "application/json",
        [BODY_FORM] = "application/x-www-form-urlencoded",
        [BODY_JOSE] = "application/jose",
        [BODY_STREAM] = NULL,
    };
    const char *want = wanted[body];

    if (want == NULL) {
        return true;
    }
    size_t len = strlen(want);
    if (content_type == NULL || strncasecmp(content_type, want, len) != 0) {
        return false;
    }
    const char *rest = content_type + len;
    rest += strspn(rest, " \t");
    if (*rest == 0) {
        return true;
    }
    if (*rest++ != ';') {
        return false;
    }
    rest += strspn(rest, " \t");
    return strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0;
}
