/* SPDX-License-Identifier: Apache-2.0 */
/* test_seccomp.c - inside the mint's sandbox: what it needs works, anything else ends the process
 * with SIGSYS. */
#include "test/unit/mint_fixture.h"

#include <errno.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "broker/mint/keyring.h"
#include "broker/mint/publish.h"
#include "broker/mint/sandbox.h"

struct cell {
    char path[SCRATCH_PATH];
    int dir; /* the audit folder */
    int keep;
    struct keyring *keys;
};

/* Exit codes of the children. */
enum { GOOD = 0, NO_SANDBOX = 100, CAME_BACK = 101 };

static int
setup(void **state)
{
    struct cell *c = mem_new(1, sizeof *c);
    char audit[SCRATCH_NAME];
    struct why why = {0};
    int data = 0;

    scratch_make(c->path);
    (void)snprintf(audit, sizeof audit, "%s/audit", c->path);
    assert_int_equal(mkdir(audit, 0700), 0);
    data = scratch_open(c->path);
    fine(keyring_open(data, &c->keys, &why), &why);
    (void)close(data);
    c->keep = dup(STDERR_FILENO);
    *state = c;
    return 0;
}

static int
teardown(void **state)
{
    struct cell *c = *state;

    keyring_free(&c->keys);
    (void)close(c->keep);
    scratch_remove(c->path);
    mem_free(c);
    return 0;
}

/* Into the sandbox as serve() goes, with the folder opened in between. */
static bool
enter(struct cell *c)
{
    char audit[SCRATCH_NAME];
    struct why why = {0};

    if (sandbox_begin(c->keep, &why) != ERR_OK) {
        return false;
    }
    (void)snprintf(audit, sizeof audit, "%s/audit", c->path);
    c->dir = open(audit, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return sandbox_close(c->dir, publish_open_flags(), &why) == ERR_OK;
}

/* The wait status of a child that runs `act` inside the sandbox. */
static int
run(struct cell *c, int (*act)(struct cell *c))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(enter(c) ? act(c) : NO_SANDBOX);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

#define FORBIDDEN(name, expression) \
    static int name(struct cell *c) \
    {                               \
        (void)c;                    \
        (void)(expression);         \
        return CAME_BACK;           \
    }

FORBIDDEN(do_socket, socket(AF_INET, SOCK_STREAM, 0))
FORBIDDEN(do_unix_socket, socket(AF_UNIX, SOCK_STREAM, 0))
FORBIDDEN(do_connect, syscall(SYS_connect, c->keep, NULL, 0))
FORBIDDEN(do_bind, syscall(SYS_bind, c->keep, NULL, 0))
FORBIDDEN(do_execve, syscall(SYS_execve, "/bin/true", NULL, NULL))
FORBIDDEN(do_execveat, syscall(SYS_execveat, c->dir, "x", NULL, NULL, 0))
FORBIDDEN(do_fork, fork())
FORBIDDEN(do_vfork, syscall(SYS_vfork))
FORBIDDEN(do_clone3, syscall(SYS_clone3, NULL, 0))
FORBIDDEN(do_ptrace, ptrace(PTRACE_ATTACH, getppid(), NULL, NULL))
FORBIDDEN(do_read_memory, syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0))
FORBIDDEN(do_kill, syscall(SYS_kill, 1, 0))
FORBIDDEN(do_open_key, open(c->path, O_RDONLY))
FORBIDDEN(do_open_absolute, openat(AT_FDCWD, "/etc/passwd", O_RDONLY))
FORBIDDEN(do_open_reading, openat(c->dir, "log", O_RDONLY))
FORBIDDEN(do_open_both, openat(c->dir, "log", O_RDWR | O_CREAT | O_CLOEXEC, 0600))
FORBIDDEN(do_rename_away, renameat(c->dir, "a", AT_FDCWD, "/tmp/a"))
FORBIDDEN(do_unlink_elsewhere, unlinkat(AT_FDCWD, "/tmp/a", 0))
FORBIDDEN(do_link, syscall(SYS_linkat, c->dir, "a", c->dir, "b", 0))
FORBIDDEN(do_symlink, syscall(SYS_symlinkat, "/etc", c->dir, "b"))
FORBIDDEN(do_chmod, syscall(SYS_fchmodat, c->dir, "a", 0777))
FORBIDDEN(do_truncate, syscall(SYS_ftruncate, c->keep, 0))
FORBIDDEN(do_read, syscall(SYS_read, c->keep, NULL, 0))
FORBIDDEN(do_setuid, syscall(SYS_setuid, 0))
FORBIDDEN(do_prctl, prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L))
FORBIDDEN(do_limit, syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, NULL))
FORBIDDEN(do_code, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
FORBIDDEN(do_make_code, syscall(SYS_mprotect, (uintptr_t)&run & ~4095UL, 4096, PROT_EXEC))
FORBIDDEN(do_ring, syscall(SYS_io_uring_setup, 1, NULL))
FORBIDDEN(do_bpf, syscall(SYS_bpf, 0, NULL, 0))
FORBIDDEN(do_mount, syscall(SYS_mount, "a", "/", "b", 0, NULL))
FORBIDDEN(do_32_bit, syscall(0x40000000 | SYS_getpid)) /* the x32 table */

static void
died_of_sigsys(const char *name, int status)
{
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
        fail_msg("%s: status 0x%x, wanted death by SIGSYS", name, (unsigned)status);
    }
    assert_false(WCOREDUMP(status));
}

static void
forbidden_calls_end_the_process(void **state)
{
    static const struct {
        const char *name;
        int (*act)(struct cell *c);
    } CALLS[] = {
        {"socket", do_socket},
        {"socket unix", do_unix_socket},
        {"connect", do_connect},
        {"bind", do_bind},
        {"execve", do_execve},
        {"execveat", do_execveat},
        {"fork", do_fork},
        {"vfork", do_vfork},
        {"clone3", do_clone3},
        {"ptrace", do_ptrace},
        {"process_vm_readv", do_read_memory},
        {"kill", do_kill},
        {"open folder", do_open_key},
        {"open absolute", do_open_absolute},
        {"open reading", do_open_reading},
        {"open both", do_open_both},
        {"rename away", do_rename_away},
        {"unlink elsewhere", do_unlink_elsewhere},
        {"link", do_link},
        {"symlink", do_symlink},
        {"chmod", do_chmod},
        {"ftruncate", do_truncate},
        {"read", do_read},
        {"setuid", do_setuid},
        {"prctl", do_prctl},
        {"prlimit", do_limit},
        {"mmap exec", do_code},
        {"mprotect exec", do_make_code},
        {"io_uring", do_ring},
        {"bpf", do_bpf},
        {"mount", do_mount},
        {"x32", do_32_bit},
    };
    struct cell *c = *state;

    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++) {
        died_of_sigsys(CALLS[i].name, run(c, CALLS[i].act));
    }
}

/* Returns the number of the step that failed. */
static int
daily_work(struct cell *c)
{
    uint8_t sig[KEYRING_SIG];
    struct why why = {0};
    struct timespec t;
    uint8_t random[16];
    void *big = NULL;
    int fd = openat(c->dir, "a.new", publish_open_flags(), 0640);

    if (fd < 0 || write(fd, "x", 1) != 1 || pwrite(fd, "y", 1, 0) != 1 || fdatasync(fd) != 0 ||
        close(fd) != 0) {
        return 1;
    }
    if (renameat(c->dir, "a.new", c->dir, "a") != 0 || mkdirat(c->dir, "d", 0700) != 0 ||
        unlinkat(c->dir, "a", 0) != 0 || unlinkat(c->dir, "d", AT_REMOVEDIR) != 0) {
        return 2;
    }
    for (int i = 0; i < 2000; i++) { /* beyond a reseeding or two */
        if (keyring_sign_token(c->keys, slice_text("x"), sig, &why) != ERR_OK ||
            keyring_sign_log(c->keys, slice_text("x"), sig, &why) != ERR_OK) {
            return 3;
        }
    }
    big = mem_new(1, 40 << 20);
    mem_free(big);
    if (getrandom(random, sizeof random, 0) != sizeof random ||
        clock_gettime(CLOCK_REALTIME, &t) != 0) {
        return 4;
    }
    return GOOD;
}

static void
daily_work_goes_on(void **state)
{
    int status = run(*state, daily_work);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), GOOD);
}

static int
leave_the_folder(struct cell *c)
{
    char absolute[SCRATCH_NAME];

    (void)snprintf(absolute, sizeof absolute, "%s/stolen", c->path);
    if (openat(c->dir, "../stolen", publish_open_flags(), 0600) >= 0 || errno != EACCES) {
        return 1;
    }
    if (openat(c->dir, absolute, publish_open_flags(), 0600) >= 0 || errno != EACCES) {
        return 2;
    }
    if (unlinkat(c->dir, "../keys/token-es256.pem", 0) == 0 || errno != EACCES) {
        return 3;
    }
    if (renameat(c->dir, "../keys/token-es256.pem", c->dir, "token") == 0) {
        return 4;
    }
    return GOOD;
}

/* seccomp sees no paths; the kernel's Landlock does. */
static void
paths_do_not_leave_the_folder(void **state)
{
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
        print_message("this kernel has no Landlock: paths out of the folder are NOT TESTED\n");
        skip();
    }

    int status = run(*state, leave_the_folder);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), GOOD);
}

static void
hardening_before_the_keys(void **state)
{
    struct cell *c = *state;
    int left_open = open("/dev/null", O_RDONLY); /* inherited, not close-on-exec */
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct rlimit core = {0};
        struct why why = {0};

        if (sandbox_begin(c->keep, &why) != ERR_OK || getrlimit(RLIMIT_CORE, &core) != 0) {
            _exit(NO_SANDBOX);
        }
        if (fcntl(left_open, F_GETFD) >= 0 || fcntl(c->keep, F_GETFD) < 0) {
            _exit(1);
        }
        if (core.rlim_cur != 0 || core.rlim_max != 0 || prctl(PR_GET_DUMPABLE) != 0) {
            _exit(2);
        }
        if (prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1) {
            _exit(3);
        }
        (void)raise(SIGTERM); /* the parent decides when we leave */
        (void)raise(SIGINT);
        _exit(GOOD);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(left_open);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), GOOD);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(forbidden_calls_end_the_process),
        TEST(daily_work_goes_on),
        TEST(paths_do_not_leave_the_folder),
        TEST(hardening_before_the_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
