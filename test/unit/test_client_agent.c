/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_agent.c - the agent as a process: who may talk to it, what one bad caller can do, how
 * it starts once and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/crypto.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clients/agent.h"
#include "clients/agent_socket.h"
#include "clients/key.h"
#include "common/json.h"

enum { NOBODY = 65534, TRIES = 300 };

struct scene {
    char dir[64];
    char path[SOCKET_MAX];
    pid_t agent;
};

static void
nap_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    (void)nanosleep(&t, NULL);
}

static bool
answers(const char *path)
{
    struct fault f = {0};
    int fd AUTO(fd_close) = -1;

    return agent_connect(path, &fd, &f) == ERR_OK;
}

static pid_t
run_agent(const char *path, int64_t idle_s)
{
    pid_t pid = fork();

    if (pid == 0) {
        const struct agent_options o = {.socket = path, .idle_s = idle_s};
        struct fault f = {0};

        _exit(agent_serve(&o, &f) == ERR_OK ? 0 : 1);
    }
    assert_true(pid > 0);
    return pid;
}

static int
end_of(pid_t pid)
{
    int status = 0;

    for (int i = 0; i < TRIES; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        nap_ms(20);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    return -1;
}

static int
setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    (void)snprintf(s->dir, sizeof s->dir, "/tmp/countersign-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(s->path, sizeof s->path, "%s/agent.sock", s->dir);
    s->agent = run_agent(s->path, 60);
    for (int i = 0; i < TRIES && !answers(s->path); i++) {
        nap_ms(10);
    }
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    if (s->agent > 0) {
        (void)kill(s->agent, SIGTERM);
        (void)end_of(s->agent);
    }
    (void)unlink(s->path);
    (void)rmdir(s->dir);
    free(s);
    return 0;
}

/* Ask, and give the error code of the answer; "" for success. */
static void
ask(const struct scene *s, const char *request, char code[FAULT_CODE])
{
    json_t *q AUTO(json_free) = json_loads(request, 0, NULL);
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};
    enum err err = agent_ask(s->path, q, &reply, &f);

    (void)snprintf(code, FAULT_CODE, "%s", err == ERR_OK ? "" : f.code);
}

static void
test_answers(void **state)
{
    static const char *const rows[][2] = {
        {"{\"op\":\"ping\"}", ""},
        {"{\"op\":\"status\"}", ""},
        {"{\"op\":\"token\"}", "not_attested"},
        {"{\"op\":\"heartbeat\"}", "not_attested"},
        {"{\"op\":\"teardown\"}", "not_attested"},
        {"{\"op\":\"commit\",\"id\":\"up-1\"}", "not_attested"},
        {"{\"op\":\"headers\",\"method\":\"GET\",\"url\":\"https://x/\"}", "not_attested"},
        {"{\"op\":\"give-key\"}", "request"},
        {"{\"op\":\"attest\",\"server\":\"http://"
         "127.0.0.1:1\",\"policy\":\"p\",\"tcti\":\"x\",\"ak\":"
         "\"ecc\",\"pcrs\":\"sha256:0\",\"key\":\"memory\"}",
         "not_https"},
        {"{\"op\":\"attest\",\"server\":\"https://"
         "127.0.0.1:1\",\"policy\":\"p\",\"tcti\":\"x\",\"ak\":"
         "\"ecc\",\"pcrs\":\"sha256:0\",\"key\":\"paper\"}",
         "key"},
        {"{\"op\":\"attest\",\"server\":\"https://"
         "127.0.0.1:1\",\"policy\":\"p\",\"tcti\":\"x\",\"ak\":"
         "\"ecc\",\"pcrs\":\"sha256:0\",\"key\":\"memory\"}",
         "cannot_connect"},
    };
    char code[FAULT_CODE];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(*state, rows[i][0], code);
        assert_string_equal(code, rows[i][1]);
    }
}

/* Raw bytes in, the reply's kind out. */
static void
send_raw(const char *path, const void *bytes, size_t len, char kind[32])
{
    struct fault f = {0};
    int fd AUTO(fd_close) = -1;
    json_t *reply AUTO(json_free) = NULL;
    const char *word = NULL;

    assert_int_equal(agent_connect(path, &fd, &f), ERR_OK);
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
    assert_int_equal(packet_take(fd, AGENT_REPLY_MAX, &reply, &f), ERR_OK);
    word = json_string_value(json_object_get(json_object_get(reply, "error"), "kind"));
    (void)snprintf(kind, 32, "%s", word != NULL ? word : "ok");
}

static void
test_bad_packets(void **state)
{
    struct scene *s = *state;
    char kind[32];
    char *big = calloc(AGENT_REQUEST_MAX + 1, 1);

    memset(big, ' ', AGENT_REQUEST_MAX + 1);
    send_raw(s->path, "not json", 8, kind);
    assert_string_equal(kind, "malformed");
    send_raw(s->path, "{\"op\":\"pi\0ng\"}", 14, kind);
    assert_string_equal(kind, "malformed");
    send_raw(s->path, big, AGENT_REQUEST_MAX + 1, kind);
    assert_string_equal(kind, "limit");
    free(big);
    send_raw(s->path, "{\"op\":\"ping\"}", 13, kind);
    assert_string_equal(kind, "ok");
}

/* Callers that connect and say nothing neither stop others nor stay. */
static void
test_silent_callers(void **state)
{
    struct scene *s = *state;
    int silent[AGENT_CONNECTIONS + 4];
    char code[FAULT_CODE];
    char byte = 0;
    struct fault f = {0};
    int64_t start = clock_mono_ms();

    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        assert_int_equal(agent_connect(s->path, &silent[i], &f), ERR_OK);
    }
    ask(s, "{\"op\":\"ping\"}", code); /* waits until a place is free */
    assert_string_equal(code, "");
    assert_true(clock_mono_ms() - start < 3 * AGENT_READ_MS);
    assert_int_equal(recv(silent[0], &byte, 1, 0), 0);
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        fd_close(&silent[i]);
    }
}

static void
test_socket_is_private(void **state)
{
    struct scene *s = *state;
    struct stat st;

    assert_int_equal(stat(s->path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* Another user gets no answer even when the socket's mode would let it in. */
static void
test_refuses_other_users(void **state)
{
    struct scene *s = *state;
    pid_t pid = 0;

    if (geteuid() != 0) {
        skip(); /* needs a second user */
    }
    assert_int_equal(chmod(s->dir, 0755), 0);
    assert_int_equal(chmod(s->path, 0666), 0);
    pid = fork();
    if (pid == 0) {
        struct fault f = {0};
        json_t *q = json_pack("{s:s}", "op", "ping");
        json_t *reply = NULL;
        int fd = -1;

        if (setuid(NOBODY) != 0) {
            _exit(9);
        }
        /* As a caller, root's agent is believed; as an agent, nobody is not answered. */
        if (agent_connect(s->path, &fd, &f) != ERR_OK) {
            _exit(8);
        }
        if (packet_send(fd, q, AGENT_REQUEST_MAX, &f) == ERR_OK &&
            packet_take(fd, AGENT_REPLY_MAX, &reply, &f) == ERR_OK) {
            _exit(7);
        }
        _exit(0);
    }
    assert_int_equal(end_of(pid), 0);
}

/* A caller does not believe an agent of another user. */
static void
test_refuses_other_users_agent(void **state)
{
    struct scene *s = *state;
    char path[SOCKET_MAX];
    struct fault f = {0};
    int fd AUTO(fd_close) = -1;
    enum err err = ERR_NOT_FOUND;
    pid_t pid = 0;

    if (geteuid() != 0) {
        skip(); /* needs a second user */
    }
    assert_int_equal(chmod(s->dir, 0777), 0);
    (void)snprintf(path, sizeof path, "%s/foreign.sock", s->dir);
    pid = fork();
    if (pid == 0) {
        const struct agent_options o = {.socket = path, .idle_s = 5};

        _exit(setuid(NOBODY) == 0 && agent_serve(&o, &f) == ERR_OK ? 0 : 1);
    }
    for (int i = 0; i < TRIES && err == ERR_NOT_FOUND; i++) {
        f = (struct fault){0};
        err = agent_connect(path, &fd, &f);
        nap_ms(10);
    }
    (void)kill(pid, SIGTERM);
    (void)end_of(pid);
    (void)unlink(path);
    assert_int_equal(err, ERR_DENIED);
    assert_string_equal(f.code, "agent_foreign");
}

static void
test_no_core(void **state)
{
    struct scene *s = *state;
    char name[64];
    char line[256];
    bool none = false;
    FILE *f = NULL;

    (void)snprintf(name, sizeof name, "/proc/%d/limits", (int)s->agent);
    f = fopen(name, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        none = none || (strncmp(line, "Max core file size", 18) == 0 &&
                        strstr(line, " 0                    0 ") != NULL);
    }
    (void)fclose(f);
    assert_true(none);
}

/* Bytes of the locked heap that one key takes; -1 when they are not given back. */
static int64_t
locked_by_key(void)
{
    struct guest_key k = {0};
    struct fault f = {0};
    const size_t before = CRYPTO_secure_used();
    size_t during = 0;

    if (guest_key_make("memory", "", &k, &f) != ERR_OK) {
        return -1;
    }
    during = CRYPTO_secure_used();
    guest_key_done(&k);
    return CRYPTO_secure_used() == before ? (int64_t)(during - before) : -1;
}

/* In a process of its own: the private number lies in the locked heap, and is gone afterwards. */
static void
test_key_is_locked(void **state)
{
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        struct fault f = {0};

        if (agent_protect(&f) != ERR_OK || prctl(PR_GET_DUMPABLE) != 0) {
            _exit(2);
        }
        if (CRYPTO_secure_malloc_initialized() != 1) {
            _exit(0); /* no memory may be locked here: then there is nothing to see */
        }
        (void)locked_by_key(); /* the first one brings the random generator along */
        _exit(locked_by_key() >= 32 ? 0 : 3);
    }
    assert_int_equal(end_of(pid), 0);
}

static void
test_only_one(void **state)
{
    struct scene *s = *state;
    pid_t second = run_agent(s->path, 5);
    char code[FAULT_CODE];

    assert_int_equal(end_of(second), 1);
    ask(s, "{\"op\":\"ping\"}", code); /* the first is not disturbed */
    assert_string_equal(code, "");
}

/* A socket left behind by a killed agent is taken over. */
static void
test_stale_socket(void **state)
{
    struct scene *s = *state;
    struct fault f = {0};
    int fd AUTO(fd_close) = -1;

    (void)kill(s->agent, SIGKILL);
    (void)end_of(s->agent);
    assert_int_equal(access(s->path, F_OK), 0);
    assert_int_equal(agent_connect(s->path, &fd, &f), ERR_NOT_FOUND);
    assert_string_equal(f.code, "no_agent");
    s->agent = run_agent(s->path, 60);
    for (int i = 0; i < TRIES && !answers(s->path); i++) {
        nap_ms(10);
    }
    assert_true(answers(s->path));
}

static void
test_stop(void **state)
{
    struct scene *s = *state;
    char code[FAULT_CODE];

    ask(s, "{\"op\":\"stop\"}", code);
    assert_string_equal(code, "");
    assert_int_equal(end_of(s->agent), 0);
    s->agent = 0;
    assert_int_equal(access(s->path, F_OK), -1);
}

static void
test_signal(void **state)
{
    struct scene *s = *state;

    (void)kill(s->agent, SIGTERM);
    assert_int_equal(end_of(s->agent), 0);
    s->agent = 0;
    assert_int_equal(access(s->path, F_OK), -1);
}

static void
test_idle(void **state)
{
    struct scene *s = *state;
    char path[SOCKET_MAX];
    int64_t start = clock_mono_ms();

    (void)snprintf(path, sizeof path, "%s/idle.sock", s->dir);
    assert_int_equal(end_of(run_agent(path, 1)), 0);
    assert_true(clock_mono_ms() - start >= 1000);
    assert_int_equal(access(path, F_OK), -1);
}

/* The usual place must be ours alone. */
static void
test_folder(void **state)
{
    struct scene *s = *state;
    char dir[128];
    char path[SOCKET_MAX];
    struct fault f = {0};

    assert_int_equal(setenv("XDG_RUNTIME_DIR", s->dir, 1), 0);
    (void)snprintf(dir, sizeof dir, "%s/countersign", s->dir);
    assert_int_equal(agent_socket_path(false, path, &f), ERR_NOT_FOUND);
    assert_int_equal(agent_socket_path(true, path, &f), ERR_OK);
    assert_int_equal(chmod(dir, 0755), 0);
    f = (struct fault){0};
    assert_int_equal(agent_socket_path(true, path, &f), ERR_DENIED);
    assert_string_equal(f.code, "agent_foreign");
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(symlink("/tmp", dir), 0);
    assert_int_equal(agent_socket_path(true, path, &f), ERR_DENIED);
    assert_int_equal(unlink(dir), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_packets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent_callers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_socket_is_private, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses_other_users, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses_other_users_agent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_core, setup, teardown),
        cmocka_unit_test(test_key_is_locked),
        cmocka_unit_test_setup_teardown(test_only_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stale_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_idle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
