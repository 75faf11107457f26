/* SPDX-License-Identifier: Apache-2.0 */
/* row_words.c - lists, bits and numbers that rows of several types share; see row_read.h.  What asks for nothing, or for what can
 * never hold, is refused: its author meant something else. */
#include <string.h>

#include "attest/base/text.h"
#include "common/row_read.h"

enum { NO_DIGIT = 255, NUMBER_DIGITS_MAX = 16 };

static enum err
read_value(const json_t *j, const struct row_list *kind, uint8_t *dst, struct why *why)
{
    size_t len = 0;

    if (kind->zero_word && json_is_string(j) && strcmp(json_string_value(j), "zero") == 0) {
        memset(dst, 0, kind->len);
        return ERR_OK;
    }

    enum err e = row_hex(j, kind->name, dst, kind->len, &len, why);
    bool fits = len == kind->len || (len > 0 && len == kind->short_len);

    if (e == ERR_LIMIT || (e == ERR_OK && !fits)) {
        return why_add(why, ERR_MALFORMED, "%s: %zu digits of hex, want %zu", kind->name,
                       json_string_length(j), 2 * kind->len);
    }
    if (e == ERR_OK && kind->zero_word && slice_zero((struct slice){dst, len})) {
        return why_add(why, ERR_MALFORMED, "%s: zeros are written \"zero\", if they are meant",
                       kind->name);
    }
    return e;
}

enum err
row_values(const json_t *j, const struct row_list *kind, struct holdings *h, struct row_values *out,
           struct why *why)
{
    size_t n = json_array_size(j);
    enum err e = ERR_OK;

    if (j == NULL || row_says_ignore(j)) {
        return ERR_OK;
    }
    if (n == 0 || n > kind->max) {
        return why_add(why, ERR_MALFORMED, "%s: want \"ignore\" or a list of 1 to %zu values",
                       kind->name, kind->max);
    }

    uint8_t *bytes = holdings_new(h, n, kind->len);
    struct slice *value = holdings_new(h, n, sizeof *value);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        uint8_t *at = bytes + i * kind->len;

        e = read_value(json_array_get(j, i), kind, at, why);
        value[i] = (struct slice){at, kind->len};
    }
    *out = (struct row_values){.wanted = true, .value = value, .n = n};
    return e;
}

enum err
row_texts(const json_t *list, const struct row_text_list *kind, struct holdings *h,
          struct row_names *out, struct why *why)
{
    size_t n = json_array_size(list);

    if (n == 0 || n > kind->max) {
        return why_add(why, ERR_MALFORMED, "%s: want a list of 1 to %zu texts", kind->name,
                       kind->max);
    }

    uint8_t *text = holdings_new(h, n, kind->len);
    struct slice *name = holdings_new(h, n, sizeof *name);

    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i);
        size_t len = json_string_length(j);

        if (len == 0 || len > kind->len) {
            return why_add(why, ERR_MALFORMED, "%s: want texts of 1 to %zu bytes", kind->name,
                           kind->len);
        }
        name[i] = (struct slice){text + i * kind->len, len};
        memcpy(text + i * kind->len, json_string_value(j), len);
    }
    *out = (struct row_names){name, n};
    return ERR_OK;
}

static enum err
read_name(const json_t *j, const struct row_bits *kind, const char *member, uint64_t *out,
          struct why *why)
{
    const char *word = json_string_value(j);
    uint64_t bit = word == NULL ? 0 : kind->bit(slice_text(word));

    if (bit == 0 || bit & kind->elsewhere) {
        return why_add(why, ERR_MALFORMED, "%s.%s: \"%s\" is no name of a bit%s", kind->what,
                       member, word == NULL ? "" : text_show(slice_text(word)).text,
                       bit == 0 ? "" : " here; it has a member of its own");
    }
    if (*out & bit) {
        return why_add(why, ERR_MALFORMED, "%s.%s: \"%s\" is named twice", kind->what, member,
                       word);
    }
    *out |= bit;
    return ERR_OK;
}

static enum err
read_names(const json_t *list, const struct row_bits *kind, const char *member, uint64_t *out,
           struct why *why)
{
    enum err e = ERR_OK;

    if (list != NULL && !json_is_array(list)) {
        return why_add(why, ERR_MALFORMED, "%s.%s: want a list of names", kind->what, member);
    }
    if (list != NULL && json_array_size(list) == 0 && !kind->may_be_empty) {
        return why_add(why, ERR_MALFORMED, "%s.%s: want a list of at least one name", kind->what,
                       member);
    }
    for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++) {
        e = read_name(json_array_get(list, i), kind, member, out, why);
    }
    return e;
}

static const char *
first_unknown(json_t *obj, const char *const *known, size_t n)
{
    for (void *it = json_object_iter(obj); it != NULL; it = json_object_iter_next(obj, it)) {
        const char *name = json_object_iter_key(it);
        bool found = false;

        for (size_t i = 0; i < n; i++) {
            found = found || strcmp(name, known[i]) == 0;
        }
        if (!found) {
            return name;
        }
    }
    return NULL;
}

enum err
row_bits(json_t *obj, const struct row_bits *kind, uint64_t *require, uint64_t *forbid,
         struct why *why)
{
    static const char *const MEMBERS[] = {"require", "forbid"};

    *require = 0;
    *forbid = 0;
    if (obj == NULL) {
        return ERR_OK;
    }

    const char *odd = first_unknown(obj, MEMBERS, sizeof MEMBERS / sizeof MEMBERS[0]);

    if (odd != NULL || json_object_size(obj) == 0) {
        return why_add(why, ERR_MALFORMED, "%s: %s%s, want \"require\", \"forbid\" or both",
                       kind->what, odd == NULL ? "empty" : "unknown member ",
                       odd == NULL ? "" : text_show(slice_text(odd)).text);
    }
    TRY(read_names(json_object_get(obj, "require"), kind, "require", require, why));
    TRY(read_names(json_object_get(obj, "forbid"), kind, "forbid", forbid, why));
    if (*require & *forbid) {
        return why_add(why, ERR_MALFORMED, "%s: a bit is both required and forbidden", kind->what);
    }
    return ERR_OK;
}

static unsigned
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - (unsigned)'0';
    }
    return c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10 : NO_DIGIT;
}

bool
row_hex_number(struct slice digits, uint64_t *out)
{
    uint64_t v = 0;

    if (digits.len == 0 || digits.len > NUMBER_DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = hex_digit(digits.ptr[i]);

        if (digit == NO_DIGIT) {
            return false;
        }
        v = v << 4 | digit;
    }
    *out = v;
    return true;
}
