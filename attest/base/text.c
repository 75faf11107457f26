/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - see text.h.  The calendar is computed here because gmtime() reads the environment. */
#include "attest/base/text.h"

#include <stdio.h>
#include <string.h>

enum { NO_DIGIT = 0xff, YEAR_FIRST = 1970, YEAR_LAST = 9999, DAY_S = 86400 };

static const char HEX[] = "0123456789abcdef";
static const char B64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
hex_encode(struct slice in, char *dst)
{
    for (size_t i = 0; i < in.len; i++) {
        dst[2 * i] = HEX[in.ptr[i] >> 4];
        dst[2 * i + 1] = HEX[in.ptr[i] & 15u];
    }
    dst[2 * in.len] = '\0';
}

static unsigned
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - (unsigned)'0';
    }

    uint8_t lower = c | 0x20;

    return lower >= 'a' && lower <= 'f' ? lower - (unsigned)'a' + 10 : NO_DIGIT;
}

enum err
hex_decode(struct slice text, uint8_t *dst, size_t cap, size_t *len, struct why *why)
{
    if (text.len % 2 != 0) {
        return why_add(why, ERR_MALFORMED, "hex: odd number of digits, %zu", text.len);
    }
    if (text.len / 2 > cap) {
        return why_add(why, ERR_LIMIT, "hex: %zu bytes, at most %zu", text.len / 2, cap);
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = hex_digit(text.ptr[i]);

        if (digit == NO_DIGIT) {
            return why_add(why, ERR_MALFORMED, "hex: character %zu is not a digit", i);
        }
        dst[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : dst[i / 2] | digit);
    }
    *len = text.len / 2;
    return ERR_OK;
}

size_t
b64url_len(size_t len)
{
    return len / 3 * 4 + (len % 3 * 4 + 2) / 3;
}

/* The 24 bits of up to three bytes, left-aligned. */
static uint32_t
triple(const uint8_t *at, size_t len)
{
    uint32_t v = (uint32_t)at[0] << 16;

    v |= len > 1 ? (uint32_t)at[1] << 8 : 0;
    return v | (len > 2 ? at[2] : 0u);
}

void
b64url_encode(struct slice in, char *dst)
{
    size_t at = 0;

    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = in.len - i;
        uint32_t v = triple(in.ptr + i, left);
        size_t digits = left < 3 ? left + 1 : 4;

        for (size_t d = 0; d < digits; d++) {
            dst[at++] = B64URL[v >> (18 - 6 * d) & 63u];
        }
    }
    dst[at] = '\0';
}

/* Value of a character plus one; 0 for what is not in the alphabet. */
static const uint8_t B64URL_DIGIT[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

enum err
b64url_decode(struct slice text, uint8_t *dst, size_t cap, size_t *len, struct why *why)
{
    size_t bytes = text.len / 4 * 3 + (text.len % 4 > 0 ? text.len % 4 - 1 : 0);
    uint32_t bits = 0; /* decoded, not yet written */
    unsigned have = 0; /* how many of them */
    size_t at = 0;

    if (text.len % 4 == 1) {
        return why_add(why, ERR_MALFORMED, "base64url: impossible length %zu", text.len);
    }
    if (bytes > cap) {
        return why_add(why, ERR_LIMIT, "base64url: %zu bytes, at most %zu", bytes, cap);
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = B64URL_DIGIT[text.ptr[i]];

        if (digit == 0) {
            return why_add(why, ERR_MALFORMED, "base64url: character %zu is not in the alphabet",
                           i);
        }
        bits = bits << 6 | (digit - 1);
        have += 6;
        if (have >= 8) {
            have -= 8;
            dst[at++] = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    if (bits != 0) {
        return why_add(why, ERR_MALFORMED, "base64url: unused bits are not zero");
    }
    *len = at;
    return ERR_OK;
}

static bool
leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t
month_days(int64_t year, int64_t month)
{
    static const int8_t DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return DAYS[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

/* Days from 1970-01-01 to the first day of `year`. */
static int64_t
year_start(int64_t year)
{
    int64_t y = year - 1;

    return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

/* `count` digits; *ok turns false when one is not. */
static int64_t
digits(const uint8_t *at, size_t count, bool *ok)
{
    int64_t v = 0;

    for (size_t i = 0; i < count; i++) {
        *ok = *ok && at[i] >= '0' && at[i] <= '9';
        v = v * 10 + (at[i] - '0');
    }
    return v;
}

struct moment {
    int64_t year, month, day, hour, minute, second;
};

static bool
moment_exists(const struct moment *m)
{
    return m->year >= YEAR_FIRST && m->month >= 1 && m->month <= 12 && m->day >= 1 &&
           m->day <= month_days(m->year, m->month) && m->hour <= 23 && m->minute <= 59 &&
           m->second <= 59; /* a leap second has no number in Unix time */
}

static int64_t
moment_unix(const struct moment *m)
{
    int64_t days = year_start(m->year) + m->day - 1;

    for (int64_t month = 1; month < m->month; month++) {
        days += month_days(m->year, month);
    }
    return ((days * 24 + m->hour) * 60 + m->minute) * 60 + m->second;
}

enum err
rfc3339_parse(struct slice text, int64_t *unix_s, struct why *why)
{
    static const char FORM[] = "0000-00-00T00:00:00Z";
    bool ok = text.len == RFC3339_LEN;

    for (size_t i = 0; ok && i < RFC3339_LEN; i++) {
        ok = FORM[i] == '0' || text.ptr[i] == (uint8_t)FORM[i];
    }
    if (!ok) {
        return why_add(why, ERR_MALFORMED, "time: want YYYY-MM-DDThh:mm:ssZ");
    }

    const uint8_t *at = text.ptr;
    const struct moment m = {
        .year = digits(at, 4, &ok),
        .month = digits(at + 5, 2, &ok),
        .day = digits(at + 8, 2, &ok),
        .hour = digits(at + 11, 2, &ok),
        .minute = digits(at + 14, 2, &ok),
        .second = digits(at + 17, 2, &ok),
    };

    if (!ok || !moment_exists(&m)) {
        return why_add(why, ERR_MALFORMED, "time: no such date, or before 1970");
    }
    *unix_s = moment_unix(&m);
    return ERR_OK;
}

void
rfc3339_format(int64_t unix_s, char dst[RFC3339_LEN + 1])
{
    const int64_t last = (year_start(YEAR_LAST + 1)) * DAY_S - 1;
    int64_t t = unix_s < 0 ? 0 : unix_s;

    t = t > last ? last : t;

    int64_t day = t / DAY_S;
    int64_t second = t % DAY_S;
    int64_t year = YEAR_FIRST + day / 366; /* never too late */
    int64_t month = 1;

    while (year_start(year + 1) <= day) {
        year++;
    }
    day -= year_start(year);
    while (day >= month_days(year, month)) {
        day -= month_days(year, month);
        month++;
    }

    char full[sizeof "18446744073709551615" * 6];

    (void)snprintf(full, sizeof full, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month,
                   (int)day + 1, (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
    memcpy(dst, full, RFC3339_LEN);
    dst[RFC3339_LEN] = '\0';
}

/* RFC 3629 section 4: the second byte's range depends on the first. */
struct utf8_form {
    uint8_t first_low, first_high, second_low, second_high;
    size_t len;
};

size_t
utf8_len(struct slice s)
{
    static const struct utf8_form FORMS[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const struct utf8_form *form = NULL;

    if (s.len > 0 && s.ptr[0] < 0x80) {
        return 1;
    }
    for (size_t i = 0; s.len > 0 && i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (s.ptr[0] >= FORMS[i].first_low && s.ptr[0] <= FORMS[i].first_high) {
            form = &FORMS[i];
        }
    }
    if (form == NULL || s.len < form->len || s.ptr[1] < form->second_low ||
        s.ptr[1] > form->second_high) {
        return 0;
    }
    for (size_t i = 2; i < form->len; i++) {
        if (s.ptr[i] < 0x80 || s.ptr[i] > 0xbf) {
            return 0;
        }
    }
    return form->len;
}

/* Whether the next eight bytes are plain.  Each test sets the top bit of a byte that fails it, and carries into no other as long as
 * all are below 0x80, which is the first test. */
static bool
eight_plain(const uint8_t *p)
{
    const uint64_t each = 0x0101010101010101;
    const uint64_t top = 0x80 * each;
    uint64_t v = 0;

    memcpy(&v, p, sizeof v);

    uint64_t control = ~(v + 0x60 * each) | (v + each); /* below 0x20, or 0x7f */
    uint64_t quote = ~((v ^ '"' * each) + 0x7f * each);
    uint64_t backslash = ~((v ^ '\\' * each) + 0x7f * each);

    return ((v | control | quote | backslash) & top) == 0;
}

size_t
text_plain(struct slice s)
{
    size_t n = 0;

    while (s.len - n >= 8 && eight_plain(s.ptr + n)) {
        n += 8;
    }
    while (n < s.len && s.ptr[n] >= 0x20 && s.ptr[n] < 0x7f && s.ptr[n] != '"' &&
           s.ptr[n] != '\\') {
        n++;
    }
    return n;
}

bool
utf8_ok(struct slice s)
{
    while (s.len > 0) {
        size_t plain = text_plain(s);
        size_t len = plain > 0 ? plain : utf8_len(s);

        if (len == 0) {
            return false;
        }
        s = (struct slice){s.ptr + len, s.len - len};
    }
    return true;
}

struct shown
text_show(struct slice s)
{
    struct shown out = {{0}};

    for (size_t i = 0; i < SHOWN_MAX && i < s.len; i++) {
        uint8_t c = s.ptr[i];

        out.text[i] = (char)(c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : '?');
    }
    return out;
}
