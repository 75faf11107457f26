/* SPDX-License-Identifier: Apache-2.0 */
/* agent_start.c - start the agent when a command finds none (agent_wire.h).
 *
 * The child's stderr is a pipe of ours: the agent closes it once it listens, so end of file with
 * nothing said means ready, and anything said is why it could not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/lib/agent_wire.h"

enum { CHILD_FAILED = 127, SAID_MAX = 256 };

/* In the child: nothing of the caller's goes along but the pipe. */
static void
become_agent(const char *exe, const char *path, int report)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || setsid() < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(report, 2) < 0 ||
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0 || chdir("/") != 0) {
        _exit(CHILD_FAILED);
    }
    (void)execl(exe, "countersign", "agent", "--started", "--socket", path, (char *)NULL);
    _exit(CHILD_FAILED);
}

/* Everything the child says until it closes the pipe; false when the deadline passes first. */
static bool
listen_to(int fd, char *said, size_t cap)
{
    int64_t until = clock_mono_ms() + AGENT_START_S * INT64_C(1000);
    size_t len = 0;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = until - clock_mono_ms();
        char part[SAID_MAX];
        ssize_t n = 0;

        if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
            return false;
        }
        n = read(fd, part, sizeof part);
        if (n <= 0) {
            said[len] = '\0';
            return true;
        }
        n = (size_t)n < cap - 1 - len ? n : (ssize_t)(cap - 1 - len);
        memcpy(said + len, part, (size_t)n);
        len += (size_t)n;
    }
}

enum err
agent_start(const char *exe, const char *path, struct fault *f)
{
    int pipe_fd[2] = {-1, -1};
    char said[SAID_MAX];
    char clean[SAID_MAX];
    int fd AUTO(fd_close) = -1;
    pid_t pid = 0;
    int status = 0;
    bool closed = false;

    if (pipe2(pipe_fd, O_CLOEXEC) != 0) {
        return fault_add(f, ERR_UNABLE, "agent_start", "pipe: %s", strerrordesc_np(errno));
    }
    fd = pipe_fd[0];
    pid = fork();
    if (pid == 0) {
        become_agent(exe, path, pipe_fd[1]);
    }
    (void)close(pipe_fd[1]);
    if (pid < 0) {
        return fault_add(f, ERR_UNABLE, "agent_start", "fork: %s", strerrordesc_np(errno));
    }
    closed = listen_to(fd, said, sizeof said);
    if (!closed) {
        return fault_add(f, ERR_UNABLE, "agent_start", "the agent does not come up");
    }
    said[strcspn(said, "\n")] = '\0';
    text_clean(slice_text(said), clean, sizeof clean);
    if (clean[0] != '\0' || (waitpid(pid, &status, WNOHANG) == pid && status != 0)) {
        return fault_add(f, ERR_UNABLE, "agent_start", "%s",
                         clean[0] != '\0' ? clean : "the agent ended at once");
    }
    return ERR_OK;
}
