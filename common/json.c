/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - see json.h.  The parser's own error texts quote the input, so none of them is passed on. */
#include "common/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "attest/base/json_gate.h"
#include "attest/base/text.h"
#include "common/mem.h"

_Static_assert((int)JSON_DEPTH_MAX == (int)JSON_GATE_DEPTH, "the gate enforces our depth");

void
json_free(json_t **j)
{
    json_decref(*j);
    *j = NULL;
}

static const char *
cause(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);

    if (code == json_error_duplicate_key) {
        return "duplicate member";
    }
    return code == json_error_numeric_overflow ? "number out of range" : "not JSON";
}

enum err
json_read(struct slice text, json_t **out, struct why *why)
{
    json_error_t error;

    if (text.len > JSON_BYTES_MAX) {
        return why_add(why, ERR_LIMIT, "JSON of %zu bytes, at most %d", text.len, JSON_BYTES_MAX);
    }
    TRY(json_gate_shape(text, "JSON", why));

    json_t *j = json_loadb((const char *)text.ptr, text.len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

    if (j == NULL) {
        return why_add(why, ERR_MALFORMED, "JSON: line %d column %d: %s", error.line, error.column,
                       cause(&error));
    }
    *out = j;
    return ERR_OK;
}

char *
json_text(const json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);

    if (text == NULL) {
        abort(); /* out of memory; what we parsed or built can always be written */
    }
    return text;
}

static const char *
type_name(const json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT: return "object";
    case JSON_ARRAY: return "array";
    case JSON_STRING: return "text";
    case JSON_INTEGER: return "integer";
    case JSON_REAL: return "number with a fraction or exponent";
    case JSON_TRUE:
    case JSON_FALSE: return "boolean";
    case JSON_NULL: return "null";
    }
    return "nothing";
}

static const char *
kind_name(enum json_kind kind)
{
    switch (kind) {
    case JK_TEXT: return "text";
    case JK_INT: return "integer";
    case JK_BOOL: return "boolean";
    case JK_OBJECT: return "object";
    case JK_ARRAY: return "array";
    case JK_ANY: return "anything";
    }
    return "nothing";
}

static bool
kind_fits(enum json_kind kind, const json_t *value)
{
    switch (kind) {
    case JK_TEXT: return json_is_string(value);
    case JK_INT: return json_is_integer(value);
    case JK_BOOL: return json_is_boolean(value);
    case JK_OBJECT: return json_is_object(value);
    case JK_ARRAY: return json_is_array(value);
    case JK_ANY: return true;
    }
    return false;
}

/* Bytes of a text or elements of an array; ERR_LIMIT over `max`. */
static enum err
size_check(const char *what, const struct json_member *m, size_t size, struct why *why)
{
    if (m->max < 0 || size > (uint64_t)m->max) {
        return why_add(why, ERR_LIMIT, "%s: member \"%s\" has %zu %s, at most %lld", what, m->name,
                       size, m->kind == JK_TEXT ? "bytes" : "elements", (long long)m->max);
    }
    return ERR_OK;
}

static enum err
member_check(const char *what, const struct json_member *m, const json_t *value, struct why *why)
{
    if (!kind_fits(m->kind, value)) {
        return why_add(why, ERR_MALFORMED, "%s: member \"%s\" is %s, want %s", what, m->name,
                       type_name(value), kind_name(m->kind));
    }
    if (m->kind == JK_TEXT) {
        return size_check(what, m, json_string_length(value), why);
    }
    if (m->kind == JK_ARRAY) {
        return size_check(what, m, json_array_size(value), why);
    }

    json_int_t v = m->kind == JK_INT ? json_integer_value(value) : m->min;

    if (m->kind == JK_INT && (v < m->min || v > m->max)) {
        return why_add(why, ERR_LIMIT, "%s: member \"%s\" is %lld, want %lld to %lld", what,
                       m->name, (long long)v, (long long)m->min, (long long)m->max);
    }
    return ERR_OK;
}

static void
member_store(const struct json_member *m, json_t *value)
{
    if (value == NULL) {
        return;
    }
    switch (m->kind) {
    case JK_TEXT: *(const char **)m->out = json_string_value(value); break;
    case JK_INT: *(int64_t *)m->out = json_integer_value(value); break;
    case JK_BOOL: *(bool *)m->out = json_is_true(value); break;
    case JK_OBJECT:
    case JK_ARRAY:
    case JK_ANY: *(json_t **)m->out = value; break;
    }
}

static enum err
unknown_check(json_t *obj, const char *what, const struct json_member *members, size_t n,
              struct why *why)
{
    for (void *it = json_object_iter(obj); it != NULL; it = json_object_iter_next(obj, it)) {
        const char *name = json_object_iter_key(it);
        bool known = false;

        for (size_t i = 0; i < n && !known; i++) {
            known = strcmp(name, members[i].name) == 0;
        }
        if (!known) {
            return why_add(why, ERR_MALFORMED, "%s: unknown member \"%s\"", what,
                           text_show(slice_text(name)).text);
        }
    }
    return ERR_OK;
}

/* An absent member is `value` NULL. */
static enum err
presence_check(const char *what, const struct json_member *m, const json_t *value, struct why *why)
{
    if (value != NULL) {
        return member_check(what, m, value, why);
    }
    if (m->required) {
        return why_add(why, ERR_MALFORMED, "%s: member \"%s\" is missing", what, m->name);
    }
    return ERR_OK;
}

enum err
json_bind(json_t *obj, const char *what, const struct json_member *members, size_t n,
          struct why *why)
{
    enum err err = ERR_OK;

    if (!json_is_object(obj)) {
        return why_add(why, ERR_MALFORMED, "%s: is %s, want object", what,
                       obj == NULL ? "missing" : type_name(obj));
    }
    err = unknown_check(obj, what, members, n, why);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        err = presence_check(what, &members[i], json_object_get(obj, members[i].name), why);
    }
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        member_store(&members[i], json_object_get(obj, members[i].name));
    }
    return err;
}

enum err
json_b64url(const char *text, const char *what, size_t max, uint8_t **out, size_t *len,
            struct why *why)
{
    struct slice in = slice_text(text);
    AUTO(mem_free_bytes) uint8_t *buf = NULL;

    /* Refused before it is allocated. */
    if (in.len > b64url_len(max)) {
        return why_add(why, ERR_LIMIT, "%s: more than %zu bytes", what, max);
    }
    buf = mem_new(in.len + 1, 1);

    enum err err = b64url_decode(in, buf, max, len, why);

    if (err != ERR_OK) {
        return why_add(why, err, "%s", what);
    }
    *out = buf;
    buf = NULL;
    return ERR_OK;
}
