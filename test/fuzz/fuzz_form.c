/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_form.c - forms: what is read can be written again and reads the same; queries never
 * reach outside. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "broker/http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Append the text with every byte escaped; three times as long. */
static void
escape(char *dst, size_t *at, const char *text)
{
    static const char digits[] = "0123456789aBcDeF";

    for (const uint8_t *p = (const uint8_t *)text; *p != 0; p++) {
        dst[(*at)++] = '%';
        dst[(*at)++] = digits[*p >> 4];
        dst[(*at)++] = digits[*p & 15];
    }
}

static char *
write_form(const struct form *f, size_t *len)
{
    char *text = malloc(3 * f->text_len + (size_t)2 * FORM_MAX + 1);
    size_t at = 0;

    assert(text != NULL);
    for (size_t i = 0; i < f->n; i++) {
        if (i > 0) {
            text[at++] = '&';
        }
        escape(text, &at, f->param[i].name);
        text[at++] = '=';
        escape(text, &at, f->param[i].value);
    }
    *len = at;
    return text;
}

static void
check_again(const struct form *f)
{
    AUTO(form_done) struct form again = {0};
    struct why why = {0};
    size_t len = 0;
    char *text = write_form(f, &len);
    enum err e = form_read((struct slice){(const uint8_t *)text, len}, &again, &why);

    assert(len > FORM_BYTES_MAX || (e == ERR_OK && again.n == f->n));
    for (size_t i = 0; e == ERR_OK && i < f->n; i++) {
        assert(strcmp(f->param[i].name, again.param[i].name) == 0);
        assert(strcmp(f->param[i].value, again.param[i].value) == 0);
    }
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(form_done) struct form f = {0};
    struct slice in = {data, len};
    struct slice value;
    struct why why = {0};

    if (form_read(in, &f, &why) == ERR_OK) {
        assert(form_count(&f, "client_id") <= 1);
        check_again(&f);
    } else {
        assert(why.n == 1);
    }
    if (query_get(in, "a", &value, &why) == ERR_OK && value.len > 0) {
        assert(value.ptr >= data && value.ptr + value.len <= data + len);
    }
    return 0;
}
