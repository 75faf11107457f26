/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_text.c - what decodes is what encoding gives; UTF-8 as jansson sees it; JSON strings come back as they went. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "attest/base/text.h"
#include "attest/base/wr.h"

enum { IN_MAX = 4096, OUT_MAX = 6 * IN_MAX + 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static void
encodings(struct slice in)
{
    struct why why = {0};
    uint8_t bytes[IN_MAX];
    char text[2 * IN_MAX + 1];
    size_t got = 0;
    int64_t t = 0;

    if (b64url_decode(in, bytes, sizeof bytes, &got, &why) == ERR_OK) {
        b64url_encode((struct slice){bytes, got}, text);
        must(slice_same(slice_text(text), in));
    }
    if (hex_decode(in, bytes, sizeof bytes, &got, &why) == ERR_OK) {
        hex_encode((struct slice){bytes, got}, text);
        must(strlen(text) == in.len && strncasecmp(text, (const char *)in.ptr, in.len) == 0);
    }
    if (rfc3339_parse(in, &t, &why) == ERR_OK) {
        rfc3339_format(t, text);
        must(slice_same(slice_text(text), in));
    }
}

static void
json_string_comes_back(struct slice in)
{
    uint8_t out[OUT_MAX];
    struct wr w = wr_init(out, sizeof out, "fuzz");
    struct why why = {0};
    json_t *j = NULL;

    wr_json(&w, in);
    must(wr_end(&w, &why) == ERR_OK);
    j = json_loadb((const char *)out, w.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    must(json_string_length(j) == in.len);
    must(in.len == 0 || memcmp(json_string_value(j), in.ptr, in.len) == 0);
    json_decref(j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    json_t *oracle = NULL;
    struct shown shown;

    if (len > IN_MAX) {
        return 0;
    }
    encodings(in);
    oracle = json_stringn((const char *)data, len);
    must(utf8_ok(in) == (oracle != NULL));
    json_decref(oracle);
    if (utf8_ok(in)) {
        json_string_comes_back(in);
    }
    shown = text_show(in);
    must(strlen(shown.text) == (len < SHOWN_MAX ? len : SHOWN_MAX));
    return 0;
}
