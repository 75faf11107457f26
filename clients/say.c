/* SPDX-License-Identifier: Apache-2.0 */
/* say.c - see say.h. */
#include "clients/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "clients/fault.h"
#include "common/json.h"
#include "common/mem.h"

void
say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
    (void)putchar('\n');
}

void
complain(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
}

void
say_json(json_t *obj)
{
    char *text AUTO(mem_free_text) = json_text(obj);

    say("%s", text);
    json_decref(obj);
}

const char *
say_member(const json_t *obj, const char *name, char *dst, size_t cap)
{
    const json_t *v = json_object_get(obj, name);

    if (json_is_integer(v)) {
        (void)snprintf(dst, cap, "%lld", (long long)json_integer_value(v));
        return dst;
    }
    text_clean(slice_text(json_is_string(v) ? json_string_value(v) : "-"), dst, cap);
    return dst;
}

bool
say_end(void)
{
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}
