/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - `countersign`: a table of commands and nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/commands.h"
#include "clients/fault.h"
#include "clients/http.h"
#include "clients/say.h"
#include "clients/verify.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
};

static const struct command commands[] = {
    {"attest", cmd_attest, "show this machine's evidence and become a sandbox"},
    {"status", cmd_status, "what the agent holds"},
    {"token", cmd_token, "a short-lived token for a scope and an audience"},
    {"upload", cmd_upload, "send a file to a store, or get the URL to do it"},
    {"teardown", cmd_teardown, "end the sandbox; everything it got stops working"},
    {"agent", cmd_agent, "the process that holds key and tokens (started by attest)"},
    {"admin", cmd_admin, "reference values, policies, sandboxes, verdicts"},
    {"verify", cmd_verify, "judge evidence offline"},
    {"audit", cmd_audit, "verify the log offline"},
};

static void
help(void)
{
    say("usage: countersign COMMAND [options]\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        say("  %-10s %s", commands[i].name, commands[i].about);
    }
    say("\n`countersign COMMAND --help` tells more.  Exit codes: 0 done, 1 denied or rejected,\n"
        "2 malformed, 3 unable (try again later), 64 wrong command line.");
}

/* What we send is JSON; a byte that is not UTF-8 would only be refused later, and less clearly. */
static bool
all_utf8(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        json_t *text = json_string(argv[i]);

        if (text == NULL) {
            return false;
        }
        json_decref(text);
    }
    return true;
}

static int
run(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help();
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        say("countersign %s", COUNTERSIGN_VERSION);
        return EXIT_OK;
    }
    complain("countersign: no such command: %s", argv[1]);
    complain("usage: countersign COMMAND [options]; `countersign --help` lists the commands");
    return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    int code = EXIT_USAGE;

    if (argc < 2 || !all_utf8(argc, argv)) {
        complain(argc < 2 ? "usage: countersign COMMAND [options]; --help lists the commands"
                          : "countersign: the command line is not UTF-8");
        return EXIT_USAGE;
    }
    /* tpm2-tss writes to stderr by itself; what matters of it is in our own messages. */
    if (setenv("TSS2_LOG", "all+NONE", 0) != 0 || !http_global()) {
        complain("countersign: cannot start");
        return EXIT_UNABLE;
    }
    code = run(argc, argv);
    http_global_end();
    if (!say_end()) {
        complain("countersign: writing to standard output failed");
        return EXIT_UNABLE;
    }
    return code;
}
