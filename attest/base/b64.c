/* SPDX-License-Identifier: Apache-2.0 */
/* b64.c - see b64.h. */
#include "attest/base/b64.h"

#include <string.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
b64_write(struct wr *w, struct slice in)
{
    for (size_t i = 0; i < in.len; i += 3) {
        size_t n = in.len - i < 3 ? in.len - i : 3;
        uint32_t v = 0;

        for (size_t k = 0; k < 3; k++) {
            v = v << 8 | (k < n ? in.ptr[i + k] : 0U);
        }
        for (size_t k = 0; k < 4; k++) {
            wr_u8(w, k <= n ? (uint8_t)ALPHABET[v >> (18 - 6 * k) & 63] : (uint8_t)'=');
        }
    }
}

/* The value of one character, or 64. */
static uint32_t
value_of(uint8_t c)
{
    const char *at = c == 0 ? NULL : strchr(ALPHABET, c);

    return at == NULL ? 64 : (uint32_t)(at - ALPHABET);
}

/* Padding characters at the end of the text: 0, 1 or 2. */
static size_t
padding(struct slice text)
{
    size_t pad = 0;

    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=') {
        pad++;
    }
    return pad;
}

/* Four characters, of which the last `pad` are padding, into 3 - pad bytes. */
static bool
quad_decode(const uint8_t *quad, size_t pad, uint8_t *dst)
{
    uint32_t v = 0;

    for (size_t k = 0; k < 4; k++) {
        uint32_t c = k < 4 - pad ? value_of(quad[k]) : 0;

        if (c > 63) {
            return false;
        }
        v = v << 6 | c;
    }
    if ((v & ((1U << (8 * pad)) - 1)) != 0) {
        return false; /* one text for one value, or signatures have twins */
    }
    for (size_t k = 0; k < 3 - pad; k++) {
        dst[k] = (uint8_t)(v >> (16 - 8 * k));
    }
    return true;
}

enum err
b64_decode(struct slice text, uint8_t *dst, size_t cap, size_t *len, struct why *why)
{
    size_t pad = padding(text);
    size_t n = text.len / 4 * 3 - (text.len >= 4 ? pad : 0);

    if (text.len % 4 != 0) {
        return why_add(why, ERR_MALFORMED, "base64: %zu characters are not a multiple of 4",
                       text.len);
    }
    if (n > cap) {
        return why_add(why, ERR_LIMIT, "base64: %zu bytes, at most %zu", n, cap);
    }
    for (size_t i = 0; i < text.len; i += 4) {
        bool last = i + 4 == text.len;

        if (!quad_decode(text.ptr + i, last ? pad : 0, dst + i / 4 * 3)) {
            return why_add(why, ERR_MALFORMED,
                           "base64: bad character or unused bits in characters %zu to %zu", i,
                           i + 3);
        }
    }
    *len = n;
    return ERR_OK;
}
