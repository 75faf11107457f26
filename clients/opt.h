/* SPDX-License-Identifier: Apache-2.0 */
/* opt.h - command lines: a table of options per command, from which its --help is printed too.
 *
 * `--name value` and `--name=value`; what does not begin with "--" is a word.  An option may be
 * given once, or as often as the table has rows of its name.  Secrets are never taken from the command line, and no table offers that. */
#ifndef CLIENTS_OPT_H
#define CLIENTS_OPT_H

#include <stdbool.h>
#include <stddef.h>

enum { OPT_WORDS = 32 };

struct opt {
    const char *name;  /* without dashes */
    const char *value; /* what --help calls the value; NULL: a flag */
    void *out;         /* flag: bool *; else const char **, which borrows from argv */
    const char *help;  /* NULL: a further row of the same name */
};

struct opt_table {
    const struct opt *row;
    size_t n;
};

struct usage {
    const char *line;  /* e.g. "countersign token --scope S [--audience A]" */
    const char *about; /* one or more lines */
    struct opt_table own;
    struct opt_table shared; /* options that several commands have */
    size_t words_min, words_max;
};

struct words {
    const char *word[OPT_WORDS]; /* borrowed from argv */
    size_t n;
};

enum opt_result { OPT_GO_ON, OPT_HELPED, OPT_WRONG };

/* argv[0] is the command's name.  Prints help (stdout) or a complaint (stderr) itself. */
enum opt_result opt_parse(const struct usage *u, int argc, char **argv, struct words *out);

/* Exit code of what opt_parse() said, when it was not OPT_GO_ON. */
int opt_exit(enum opt_result r);

/* Complain about the command line; returns EXIT_USAGE. */
int opt_wrong(const struct usage *u, const char *what, const char *which);

/* Decimal integer of min..max, nothing else. */
bool opt_int(const char *text, long min, long max, long *out);

#endif
