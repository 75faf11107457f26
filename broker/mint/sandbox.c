/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - see sandbox.h. */
#include "broker/mint/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/mint/secret.h"

static const char NAME[] = "countersignd: mint";

/* Allowed whatever the arguments: none of them reaches beyond what the process has open. */
static const int PLAIN[] = {
    /* asks and answers; libc may use the single form */
    SCMP_SYS(recvmmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    /* wait for an ask or for the next checkpoint */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    /* the append file and the files of the view */
    SCMP_SYS(pwrite64),
    SCMP_SYS(write),
    SCMP_SYS(fdatasync),
    SCMP_SYS(close),
    /* jti, ECDSA nonces, and OpenSSL's generator, which also looks whether it was forked */
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    /* where the vDSO cannot tell the time */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    /* malloc and locks that are never contended */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    /* stopped and continued, done; a sanitizer looks at its stack when the process leaves */
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* Allowed when the first argument is the audit folder. */
static const int IN_FOLDER[] = {SCMP_SYS(mkdirat), SCMP_SYS(unlinkat)};

static enum err
refuse(struct why *why, const char *what, int error)
{
    return why_add(why, ERR_UNABLE, "mint sandbox: %s: %s", what, strerrordesc_np(error));
}

/* A key press at the terminal or a stop by the service manager reaches the whole group; this
 * process leaves when its parent has, and not before the last record is written.  A file that may
 * not grow is an error, not a signal. */
static void
signals(void)
{
    static const int IGNORED[] = {SIGINT,  SIGTERM, SIGHUP,  SIGPIPE,
                                  SIGUSR1, SIGUSR2, SIGQUIT, SIGXFSZ};
    sigset_t none;

    for (size_t i = 0; i < sizeof IGNORED / sizeof IGNORED[0]; i++) {
        (void)signal(IGNORED[i], SIG_IGN);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static enum err
descriptors(int keep, struct why *why)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC); /* closed with all others below */

    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
        return refuse(why, "/dev/null", errno);
    }
    if (keep > STDERR_FILENO + 1 && close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0) != 0) {
        return refuse(why, "close_range", errno);
    }
    if (close_range((unsigned)keep + 1, ~0U, 0) != 0) {
        return refuse(why, "close_range", errno);
    }
    return ERR_OK;
}

/* For ps and top; the place of the first argument is ours to write, as far as it reaches. */
static void
title(void)
{
    (void)prctl(PR_SET_NAME, NAME);
    (void)snprintf(program_invocation_name, strlen(program_invocation_name) + 1, "%s", NAME);
}

enum err
sandbox_begin(int keep, struct why *why)
{
    const struct rlimit none = {0};

    signals();
    TRY(descriptors(keep, why));
    title();
    if (setrlimit(RLIMIT_CORE, &none) != 0) {
        return refuse(why, "RLIMIT_CORE", errno);
    }
    if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) != 0) {
        return refuse(why, "PR_SET_DUMPABLE", errno);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0) {
        return refuse(why, "PR_SET_NO_NEW_PRIVS", errno);
    }
    return ERR_OK;
}

/* seccomp cannot see through a path's pointer: Landlock (Linux 5.13) keeps paths inside the
 * folder. */
static void
landlock(int audit)
{
    const uint64_t rights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                            LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                            LANDLOCK_ACCESS_FS_REMOVE_DIR;
    const struct landlock_ruleset_attr all = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, /* all of the first version */
    };
    const struct landlock_path_beneath_attr below = {.allowed_access = rights, .parent_fd = audit};
    AUTO(fd_done) int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);

    if (rules >= 0 &&
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0) {
        (void)syscall(SYS_landlock_restrict_self, rules, 0);
    }
}

static int
allow_plain(scmp_filter_ctx ctx)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof PLAIN / sizeof PLAIN[0]; i++) {
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, PLAIN[i], 0);
    }
    return rc;
}

/* An int argument: the kernel looks at its low half only, and so does the filter. */
static struct scmp_arg_cmp
is(unsigned arg, int value)
{
    return (struct scmp_arg_cmp){
        .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = (uint32_t)value};
}

static int
allow_in_folder(scmp_filter_ctx ctx, int audit, int flags)
{
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2, is(0, audit), is(2, flags));

    for (size_t i = 0; rc == 0 && i < sizeof IN_FOLDER / sizeof IN_FOLDER[0]; i++) {
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, IN_FOLDER[i], 1, is(0, audit));
    }
    if (rc == 0) {
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(renameat), 2, is(0, audit),
                              is(2, audit));
    }
    return rc;
}

/* Memory for malloc(), never for code. */
static int
allow_memory(scmp_filter_ctx ctx)
{
    const struct scmp_arg_cmp no_code = {
        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);

    return rc != 0 ? rc : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
}

static enum err
filter(int audit, int flags, struct why *why)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc = ctx == NULL ? -ENOMEM : allow_plain(ctx);

    if (rc == 0) {
        rc = allow_in_folder(ctx, audit, flags);
    }
    if (rc == 0) {
        rc = allow_memory(ctx);
    }
    if (rc == 0) {
        rc = seccomp_load(ctx);
    }
    seccomp_release(ctx);
    return rc == 0 ? ERR_OK : refuse(why, "seccomp", -rc);
}

enum err
sandbox_close(int audit, int flags, struct why *why)
{
    /* Only what is there now, which has the keys: a later allocation over a small limit must not
     * fail.  And only pages in use: most of the address space is the parent's that forked us. */
    (void)mlockall(MCL_CURRENT | MCL_ONFAULT);
    landlock(audit);
    return filter(audit, flags, why);
}
