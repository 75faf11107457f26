/* SPDX-License-Identifier: Apache-2.0 */
/* checks_md.c - print schema/checks.md from the tables that judge, or with --ids the ids alone.
 *
 * Fails when a row has no sentence. */
#include <stdio.h>
#include <string.h>

#include "attest/azure/azure.h"
#include "attest/snp/checks.h"
#include "attest/tdx/checks.h"
#include "attest/tpm/checks.h"
#include "clients/verify.h"

static const char HEAD[] =
    "# Checks\n\n"
    "Printed from the tables in the code (`make docs`); not edited by hand.\n"
    "Ids are stable.  A row passes, fails, warns, is ignored because the "
    "policy says so or because it\n"
    "cannot apply, or could not be decided (unable).  Every row that did not "
    "run counts against the verdict.\n";

static const char COLUMNS[] = "| id | source | what must hold |\n|---|---|---|\n";

/* A table of the library: who has it, and where its sentences are. */
struct section {
    const char *title, *about;
    const struct check *(*rows)(size_t *n);
    const char *(*what)(const char *id);
    bool again; /* rows of an earlier section, only named */
};

static const struct section SECTIONS[] = {
    {"TPM quotes", "In the order in which they run.", tpm_checks, tpm_check_what, false},
    {"Certificates of endorsement keys without a quote",
     "The rows above that `countersign verify ek-cert` runs.", tpm_ek_checks, tpm_check_what, true},
    {"AMD SEV-SNP reports", "In the order in which they run: structure, trust, firmware, guest.",
     snp_checks, snp_check_what, false},
    {"AMD certificates without a report",
     "The rows above that `countersign verify amd-chain` runs.", snp_chain_checks, snp_check_what,
     true},
    {"Intel TDX quotes",
     "In the order in which they run: structure, platform, collateral, levels, policy. "
     "`countersign verify event-log` runs `ccel.malformed` and `ccel.replay` alone.",
     tdx_checks, tdx_check_what, false},
    {"Azure guests",
     "Before the rows of the hardware report and, at the end, those of the vTPM's quote.",
     azure_checks, azure_check_what, false},
};

static bool
has_row(const struct section *s, const char *id)
{
    size_t n = 0;
    const struct check *rows = s->rows(&n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* An id that an earlier table has too: what holds is the same, for another kind of hardware. */
static bool
had_before(const struct section *s, const char *id)
{
    for (const struct section *e = SECTIONS; e < s; e++) {
        if (has_row(e, id)) {
            return true;
        }
    }
    return false;
}

static void
head_print(const struct section *s)
{
    (void)printf("\n## %s\n\n%s\n\n", s->title, s->about);
    if (!s->again) {
        (void)fputs(COLUMNS, stdout);
    }
}

static void
row_print(const struct section *s, const struct check *row, bool last)
{
    if (s->again) {
        (void)printf("`%s`%s", row->id, last ? "\n" : " ");
        return;
    }
    (void)printf("| `%s` | %s | %s |\n", row->id, row->spec, s->what(row->id));
}

static int
section_print(const struct section *s, bool ids)
{
    size_t n = 0;
    const struct check *rows = s->rows(&n);

    if (!ids) {
        head_print(s);
    }
    for (size_t i = 0; i < n; i++) {
        if (s->what(rows[i].id) == NULL) {
            (void)fprintf(stderr, "checks_md: %s has no sentence\n", rows[i].id);
            return 1;
        }
        if (!ids) {
            row_print(s, &rows[i], i + 1 == n);
        } else if (!s->again && !had_before(s, rows[i].id)) {
            (void)printf("%s\n", rows[i].id);
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

int
main(int argc, char **argv)
{
    bool ids = argc == 2 && strcmp(argv[1], "--ids") == 0;

    if (argc > 1 && !ids) {
        (void)fprintf(stderr, "usage: checks_md [--ids]\n");
        return 64;
    }
    if (!ids) {
        (void)fputs(HEAD, stdout);
    }
    for (size_t i = 0; i < sizeof SECTIONS / sizeof SECTIONS[0]; i++) {
        if (section_print(&SECTIONS[i], ids) != 0) {
            return 1;
        }
    }
    if (!ids) {
        (void)printf("\n## `countersign verify`\n\nFindings of the command.\n\n%s", COLUMNS);
    }
    print_verify(ids);
    return fflush(stdout) == 0 ? 0 : 1;
}
