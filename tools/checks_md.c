/* SPDX-License-Identifier: Apache-2.0 */
/* checks_md.c - print schema/checks.md from the tables that judge, or with --ids the ids alone.
 *
 * Fails when a row has no sentence. */
#include <stdio.h>
#include <string.h>

#include "attest/tpm/checks.h"
#include "clients/verify.h"

static int
print_tpm(bool ids)
{
    size_t n = 0;
    const struct check *rows = tpm_checks(&n);

    for (size_t i = 0; i < n; i++) {
        const char *what = tpm_check_what(rows[i].id);

        if (what == NULL) {
            (void)fprintf(stderr, "checks_md: %s has no sentence\n", rows[i].id);
            return 1;
        }
        if (ids) {
            (void)printf("%s\n", rows[i].id);
        } else {
            (void)printf("| `%s` | %s | %s |\n", rows[i].id, rows[i].spec, what);
        }
    }
    return 0;
}

static void
print_verify(bool ids)
{
    size_t n = 0;
    const struct verify_row *rows = verify_rows(&n);

    for (size_t i = 0; i < n; i++) {
        if (ids) {
            (void)printf("%s\n", rows[i].id);
        } else {
            (void)printf("| `%s` | %s | %s |\n", rows[i].id, rows[i].spec, rows[i].what);
        }
    }
}

static const char HEAD[] =
    "# Checks\n\n"
    "Printed from the tables in the code (`make docs`); not edited by hand.\n"
    "Ids are stable.  A row passes, fails, warns, is ignored because the "
    "policy says so or because it\n"
    "cannot apply, or could not be decided (unable).  Every row that did not "
    "run counts against the verdict.\n";

static const char COLUMNS[] = "| id | source | what must hold |\n|---|---|---|\n";

int
main(int argc, char **argv)
{
    bool ids = argc == 2 && strcmp(argv[1], "--ids") == 0;

    if (argc > 1 && !ids) {
        (void)fprintf(stderr, "usage: checks_md [--ids]\n");
        return 64;
    }
    if (!ids) {
        (void)printf("%s\n## TPM quotes\n\nIn the order in which they run.\n\n%s", HEAD, COLUMNS);
    }
    if (print_tpm(ids) != 0) {
        return 1;
    }
    if (!ids) {
        (void)printf("\n## `countersign verify`\n\nFindings of the command.\n\n%s", COLUMNS);
    }
    print_verify(ids);
    return fflush(stdout) == 0 ? 0 : 1;
}
