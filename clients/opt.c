/* SPDX-License-Identifier: Apache-2.0 */
/* opt.c - see opt.h. */
#include "clients/opt.h"

#include <string.h>

#include "clients/fault.h"
#include "clients/say.h"

static void
help_table(const char *title, struct opt_table t)
{
    if (t.n == 0) {
        return;
    }
    say("\n%s", title);
    for (size_t i = 0; i < t.n; i++) {
        const struct opt *o = &t.row[i];

        if (o->help == NULL) {
            continue;
        }

        int used = (int)strlen(o->name) + (o->value != NULL ? (int)strlen(o->value) + 1 : 0);

        say("  --%s%s%s%*s  %s", o->name, o->value != NULL ? " " : "",
            o->value != NULL ? o->value : "", used < 22 ? 22 - used : 0, "", o->help);
    }
}

static void
help_print(const struct usage *u)
{
    say("usage: %s\n\n%s", u->line, u->about);
    help_table("options:", u->own);
    help_table("common options:", u->shared);
}

int
opt_wrong(const struct usage *u, const char *what, const char *which)
{
    complain("countersign: %s%s%s", what, which != NULL ? ": " : "", which != NULL ? which : "");
    complain("usage: %s", u->line);
    return EXIT_USAGE;
}

static bool
is_free(const struct opt *o)
{
    const char *const *text = o->out;

    return o->value == NULL || *text == NULL;
}

/* The first row of that name which has no value yet, else the last one; NULL: there is none. */
static const struct opt *
find(struct opt_table t, const char *name, size_t len)
{
    const struct opt *found = NULL;

    for (size_t i = 0; i < t.n && (found == NULL || !is_free(found)); i++) {
        if (strlen(t.row[i].name) == len && memcmp(t.row[i].name, name, len) == 0) {
            found = &t.row[i];
        }
    }
    return found;
}

/* Store the option at argv[*at]; NULL on success, else what is wrong.  *at moves to its last word. */
static const char *
take(const struct usage *u, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct opt *o = find(u->own, name, len);

    if (o == NULL) {
        o = find(u->shared, name, len);
    }
    if (o == NULL) {
        return "unknown option";
    }
    if (o->value == NULL) {
        bool *flag = o->out;

        *flag = true;
        return value != NULL ? "this option takes no value" : NULL;
    }
    if (value == NULL && *at + 1 < argc) {
        *at += 1;
        value = argv[*at];
    }
    const char **text = o->out;

    if (value == NULL || *text != NULL) {
        return value == NULL ? "this option needs a value" : "this option was given twice";
    }
    *text = value;
    return NULL;
}

enum opt_result
opt_parse(const struct usage *u, int argc, char **argv, struct words *out)
{
    *out = (struct words){0};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const char *wrong = NULL;

        if (strcmp(word, "--help") == 0) {
            help_print(u);
            return OPT_HELPED;
        }
        if (strncmp(word, "--", 2) == 0 && word[2] != '\0') {
            wrong = take(u, argc, argv, &i);
        } else if (out->n < u->words_max && out->n < OPT_WORDS) {
            out->word[out->n++] = word;
        } else {
            wrong = "one word too many";
        }
        if (wrong != NULL) {
            (void)opt_wrong(u, wrong, word);
            return OPT_WRONG;
        }
    }
    if (out->n < u->words_min) {
        (void)opt_wrong(u, "something is missing", NULL);
        return OPT_WRONG;
    }
    return OPT_GO_ON;
}

int
opt_exit(enum opt_result r)
{
    return r == OPT_HELPED ? EXIT_OK : EXIT_USAGE;
}

bool
opt_int(const char *text, long min, long max, long *out)
{
    long v = 0;

    if (text[0] == '\0') {
        return false;
    }
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || v > (max - (*p - '0')) / 10) {
            return false;
        }
        v = v * 10 + (*p - '0');
    }
    *out = v;
    return v >= min;
}
