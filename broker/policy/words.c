/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - see words.h. */
#include "broker/policy/words.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"

enum { WHAT_MAX = 96 };

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"
#define ALNUM   LETTERS DIGITS

/* Not empty, and of these characters only. */
static bool
made_of(const char *text, const char *characters)
{
    return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

static bool
one_of(char c, const char *characters)
{
    return c != '\0' && strchr(characters, c) != NULL;
}

static enum err
refuse(const char *text, const char *what, const char *wanted, struct why *why)
{
    return why_add(why, ERR_MALFORMED, "%s: \"%s\", want %s", what,
                   text_show(slice_text(text)).text, wanted);
}

enum err
word_id(const char *text, const char *what, struct why *why)
{
    if (one_of(text[0], ALNUM) && made_of(text, ALNUM "._-")) {
        return ERR_OK;
    }
    return refuse(text, what, "letters, digits and . _ -", why);
}

enum err
word_plain(const char *text, const char *what, struct why *why)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < 0x20 || *c > 0x7e) {
            return refuse(text, what, "printable ASCII", why);
        }
    }
    return text[0] == '\0' ? why_add(why, ERR_MALFORMED, "%s: is empty", what) : ERR_OK;
}

enum err
word_scope(const char *text, const char *what, struct why *why)
{
    if (strpbrk(text, " \"\\") != NULL) {
        return refuse(text, what, "a scope token (RFC 6749 section 3.3)", why);
    }
    return word_plain(text, what, why);
}

/* The part between "//" and the path, as host and port. */
static bool
authority_ok(const char *text, size_t len)
{
    size_t host = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/?");
    bool literal = text[0] == '[' && host > 2 && host <= len &&
                   strspn(text + 1, DIGITS "abcdefABCDEF:.") + 2 == host;
    bool name = text[0] != '[' && host > 0 && strspn(text, ALNUM "-.") == host;
    size_t port = host < len && text[host] == ':' ? strspn(text + host + 1, DIGITS) : 0;

    return (literal || name) && (host == len || (port > 0 && port <= 5 && host + 1 + port == len));
}

static bool
is_this_machine(const char *text, size_t len)
{
    static const char *const names[] = {"127.0.0.1", "[::1]", "localhost"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);

        if (n <= len && strncmp(text, names[i], n) == 0 && (n == len || text[n] == ':')) {
            return true;
        }
    }
    return false;
}

enum err
word_uri(const char *text, const char *what, struct why *why)
{
    bool https = strncmp(text, "https://", 8) == 0;
    bool http = strncmp(text, "http://", 7) == 0;
    const char *authority = text + (https ? 8 : 7);
    size_t len = https || http ? strcspn(authority, "/?") : 0;

    if (!https && !http) {
        return refuse(text, what, "an absolute https URI", why);
    }
    if (!made_of(text, ALNUM "-._~:/?[]@!$&'()*+,;=%")) {
        return refuse(text, what, "a URI without fragment", why);
    }
    if (!authority_ok(authority, len)) {
        return refuse(text, what, "a host, perhaps with a port", why);
    }
    if (http && !is_this_machine(authority, len)) {
        return refuse(text, what, "https (http is for this machine only)", why);
    }
    return ERR_OK;
}

enum err
word_media_type(const char *text, const char *what, struct why *why)
{
    static const char name[] = ALNUM "!#$&-^_.+";
    size_t type = strspn(text, name);
    const char *subtype = text + type + (text[type] == '/');

    if (text[type] == '/' && one_of(text[0], ALNUM) && one_of(subtype[0], ALNUM) &&
        made_of(subtype, name)) {
        return ERR_OK;
    }
    return refuse(text, what, "type/subtype", why);
}

/* Length of the placeholder at the beginning of `text`, 0 when none of ours is there. */
static size_t
placeholder(const char *text)
{
    static const char *const known[] = {"${sandbox}", "${purpose}"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(text, known[i], strlen(known[i])) == 0) {
            return strlen(known[i]);
        }
    }
    return 0;
}

/* Text of `characters` and placeholders. */
static enum err
template_check(const char *text, const char *characters, const char *what, struct why *why)
{
    while (*text != '\0') {
        size_t step = strspn(text, characters);

        step = step > 0 ? step : placeholder(text);
        if (step == 0) {
            return refuse(text, what,
                          text[0] == '$' ? "${sandbox} or ${purpose}" : "no such character", why);
        }
        text += step;
    }
    return ERR_OK;
}

/* A segment of dots would leave the folder, an empty one is another name of the same folder. */
static enum err
segments_check(const char *text, const char *what, struct why *why)
{
    for (const char *at = text; *at != '\0'; at += strcspn(at, "/") + 1) {
        size_t len = strcspn(at, "/");

        if (at[len] != '/') {
            return refuse(text, what, "\"/\" at the end", why);
        }
        if (len == 0 || strspn(at, ".") == len) {
            return refuse(text, what, "no empty, \".\" or \"..\" segment", why);
        }
    }
    return ERR_OK;
}

enum err
word_prefix(const char *text, const char *what, struct why *why)
{
    TRY(template_check(text, ALNUM "-._/!*'()", what, why));
    if (strstr(text, "${sandbox}") == NULL) {
        return refuse(text, what, "${sandbox} in it", why);
    }
    return segments_check(text, what, why);
}

enum err
word_tag_name(const char *text, const char *what, struct why *why)
{
    return made_of(text, ALNUM " +-=._:/@")
               ? ERR_OK
               : refuse(text, what, "letters, digits, + - = . _ : / @", why);
}

enum err
word_tag_value(const char *text, const char *what, struct why *why)
{
    if (text[0] == '\0') {
        return why_add(why, ERR_MALFORMED, "%s: is empty", what);
    }
    return template_check(text, ALNUM " +-=._:/@", what, why);
}

static enum err
word_put(const json_t *value, const char *what, const struct word_list *list, size_t n,
         struct why *why)
{
    const char *text = json_string_value(value);

    if (text == NULL) {
        return why_add(why, ERR_MALFORMED, "%s: is not text", what);
    }
    if (n >= list->cap || json_string_length(value) >= list->stride) {
        return why_add(why, ERR_LIMIT, "%s: at most %zu of at most %zu bytes", what, list->cap,
                       list->stride - 1);
    }
    TRY(list->check(text, what, why));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list->dst + i * list->stride, text) == 0) {
            return refuse(text, what, "each once", why);
        }
    }
    (void)snprintf(list->dst + n * list->stride, list->stride, "%s", text);
    return ERR_OK;
}

enum err
words_read(const json_t *array, const char *what, const struct word_list *list, size_t *n,
           struct why *why)
{
    enum err err = ERR_OK;

    if (json_array_size(array) == 0) {
        return why_add(why, ERR_MALFORMED, "%s: is empty", what);
    }
    for (size_t i = 0; i < json_array_size(array) && err == ERR_OK; i++) {
        char path[WHAT_MAX];

        (void)snprintf(path, sizeof path, "%s[%zu]", what, i);
        err = word_put(json_array_get(array, i), path, list, i, why);
    }
    if (err == ERR_OK) {
        *n = json_array_size(array);
    }
    return err;
}
