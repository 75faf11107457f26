/* SPDX-License-Identifier: Apache-2.0 */
/* emulator.h - a real TPM 2.0 (swtpm) on a Unix socket in a folder of its own, with empty state.  Needs cmocka. */
#ifndef TEST_UNIT_EMULATOR_H
#define TEST_UNIT_EMULATOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clients/tpm.h"

enum { EMULATOR_TRIES = 300 };

struct emulator {
    char dir[64];
    char tcti[TCTI_MAX];
    pid_t pid;
};

static inline void
emulator_nap(void)
{
    const struct timespec t = {.tv_nsec = 10 * 1000000L};

    (void)nanosleep(&t, NULL);
}

static inline pid_t
emulator_run(const char *dir)
{
    char state[96], server[128], ctrl[128];
    pid_t pid = 0;

    (void)snprintf(state, sizeof state, "dir=%s", dir);
    (void)snprintf(server, sizeof server, "type=unixio,path=%s/s", dir);
    (void)snprintf(ctrl, sizeof ctrl, "type=unixio,path=%s/s.ctrl", dir);
    pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);

        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);        /* it tells of each connection that ends */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves nothing running */
        (void)execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
                     "--ctrl", ctrl, "--flags", "startup-clear,not-need-init", (char *)NULL);
        _exit(127); /* then no socket appears, and each test says so */
    }
    return pid;
}

static inline void
emulator_start(struct emulator *e)
{
    char socket[96];

    (void)snprintf(e->dir, sizeof e->dir, "/tmp/countersign-tpm-XXXXXX");
    assert_non_null(mkdtemp(e->dir));
    e->pid = emulator_run(e->dir);
    assert_true(e->pid > 0);
    (void)snprintf(e->tcti, sizeof e->tcti, "swtpm:path=%s/s", e->dir);
    (void)snprintf(socket, sizeof socket, "%s/s", e->dir);
    for (int i = 0; i < EMULATOR_TRIES && access(socket, F_OK) != 0; i++) {
        emulator_nap();
    }
    assert_int_equal(setenv("TSS2_LOG", "all+NONE", 0), 0);
}

static inline void
emulator_stop(struct emulator *e)
{
    static const char *const names[] = {"s", "s.ctrl", "tpm2-00.permall", ".lock"};

    (void)kill(e->pid, SIGTERM);
    (void)waitpid(e->pid, NULL, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];

        (void)snprintf(path, sizeof path, "%s/%s", e->dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(e->dir);
}

#endif
