/* SPDX-License-Identifier: Apache-2.0 */
/* claims_say.c - see claims_say.h. */
#include "clients/claims_say.h"

#include <stdio.h>
#include <string.h>

#include "clients/say.h"

enum { LINE = 320, PATH = 64 };

/* One value in few words. */
static void
value_text(const json_t *j, char dst[LINE])
{
    if (json_is_string(j)) {
        (void)snprintf(dst, LINE, "%s", json_string_value(j));
    } else if (json_is_integer(j)) {
        (void)snprintf(dst, LINE, "%lld", (long long)json_integer_value(j));
    } else if (json_is_boolean(j)) {
        (void)snprintf(dst, LINE, "%s", json_is_true(j) ? "yes" : "no");
    } else {
        (void)snprintf(dst, LINE, "-");
    }
}

static void
append(char dst[LINE], const char *text)
{
    size_t len = strlen(dst);

    if (snprintf(dst + len, LINE - len, "%s%s", len > 0 ? ", " : "", text) < 0) {
        dst[len] = '\0';
    }
}

/* Names of bits, and levels with their names, on one line. */
static void
list_text(json_t *j, char dst[LINE])
{
    char value[LINE];
    char named[LINE + PATH];

    dst[0] = '\0';
    for (size_t i = 0; i < json_array_size(j); i++) {
        value_text(json_array_get(j, i), value);
        append(dst, value);
    }
    for (void *it = json_object_iter(j); it != NULL; it = json_object_iter_next(j, it)) {
        value_text(json_object_iter_value(it), value);
        (void)snprintf(named, sizeof named, "%s %s", json_object_iter_key(it), value);
        append(dst, named);
    }
    if (dst[0] == '\0') {
        (void)snprintf(dst, LINE, "none");
    }
}

static void
field_say(const char *outer, const char *name, json_t *j)
{
    char path[PATH];
    char text[LINE];

    (void)snprintf(path, sizeof path, "%s%s%s", outer, outer[0] != '\0' ? "." : "", name);
    if (json_is_array(j) || json_is_object(j)) {
        list_text(j, text);
    } else {
        value_text(j, text);
    }
    say("  %-20s  %s", path, text);
}

/* An object of objects and lists is told member by member. */
static bool
is_group(json_t *j)
{
    bool group = false;

    for (void *it = json_object_iter(j); it != NULL; it = json_object_iter_next(j, it)) {
        group = group || !json_is_integer(json_object_iter_value(it));
    }
    return group;
}

static void
group_say(const char *name, json_t *j)
{
    for (void *it = json_object_iter(j); it != NULL; it = json_object_iter_next(j, it)) {
        field_say(name, json_object_iter_key(it), json_object_iter_value(it));
    }
}

void
claims_say(json_t *o)
{
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        json_t *j = json_object_iter_value(it);

        if (is_group(j)) {
            group_say(json_object_iter_key(it), j);
        } else {
            field_say("", json_object_iter_key(it), j);
        }
    }
}
