/* SPDX-License-Identifier: Apache-2.0 */
/* row_desk.h - what tests of SEV-SNP rows and reference sets share: hex of each length, values that
 * are ignored, and how a refusal is looked at. */
#ifndef TEST_UNIT_ROW_DESK_H
#define TEST_UNIT_ROW_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/row.h"

#define A8  "aaaaaaaaaaaaaaaa"
#define A16 A8 A8
#define A32 A16 A16
#define A48 A32 A16
#define A64 A32 A32
#define B48                                                                                        \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
    "bbbb"
#define Z16   "00000000000000000000000000000000"
#define Z48   Z16 Z16 Z16
#define SNP   "{\"type\":\"sev-snp\",\"product\":[\"Genoa\",\"Turin\"],"
#define AZURE "{\"type\":\"azure-sev-snp\",\"product\":[\"Milan\"],"
#define FREE                                                                     \
    "\"measurement\":\"ignore\",\"host_data\":\"ignore\",\"id_key\":\"ignore\"," \
    "\"author_key\":\"ignore\""
#define NO_KEY  "\"measurement\":\"ignore\",\"host_data\":\"ignore\",\"author_key\":\"ignore\","
#define ROW(m)  SNP FREE "," m "}"
#define ID(k)   NO_KEY "\"id_key\":[\"" k "\"]"
#define SOME_ID "\"family_id\":[\"" A16 "\"],\"image_id\":[\"" A16 "\"],\"guest_svn_min\":7"

static inline json_t *
json_of(const char *text)
{
    struct why why = {0};
    json_t *j = NULL;

    if (json_read(slice_text(text), &j, &why) != ERR_OK) {
        fail_msg("%s: %s", why_text(&why), text);
    }
    return j;
}

struct refusal {
    const char *text;
    enum err err;
    const char *says;
};

static inline bool
says(const struct why *why, const char *word)
{
    bool found = false;

    for (size_t i = 0; i < why->n; i++) {
        found = found || strstr(why->link[i], word) != NULL;
    }
    return found;
}

static inline void
value_is(const struct snp_values *v, size_t i, size_t len, uint8_t byte)
{
    assert_true(v->wanted && i < v->n);
    assert_int_equal(v->value[i].len, len);
    for (size_t k = 0; k < len; k++) {
        assert_int_equal(v->value[i].ptr[k], byte);
    }
}

#endif
