/* SPDX-License-Identifier: Apache-2.0 */
/* agent_socket.c - see agent_socket.h. */
#include "clients/agent_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECURE_HEAP = 65536, SECURE_LEAST = 32, OTHERS = 0177 };

static enum err
lock_folder(const char *path, int *fd, struct fault *f)
{
    char dir[SOCKET_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    int d AUTO(fd_close) = -1;

    if (path[0] != '/' || strlen(path) >= SOCKET_MAX) {
        return fault_add(f, ERR_MALFORMED, "agent", "--socket takes an absolute path");
    }
    memcpy(dir, path, len);
    dir[len] = '\0';
    d = open(len > 0 ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d < 0 || flock(d, LOCK_EX) != 0) {
        return fault_add(f, ERR_IO, "agent", "%s: %s", dir, strerrordesc_np(errno));
    }
    *fd = fd_take(&d);
    return ERR_OK;
}

static enum err
nobody_serves(const char *path, struct fault *f)
{
    struct fault probe = {0};
    int fd AUTO(fd_close) = -1;
    enum err err = agent_connect(path, &fd, &probe);

    if (err == ERR_OK) {
        return fault_add(f, ERR_CONFLICT, "agent_running", "an agent serves %s already", path);
    }
    if (err != ERR_NOT_FOUND) {
        *f = probe;
        return err;
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return fault_add(f, ERR_IO, "agent", "%s: %s", path, strerrordesc_np(errno));
    }
    return ERR_OK;
}

enum err
agent_listen(const char *path, int backlog, int *fd, struct fault *f)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int folder AUTO(fd_close) = -1;
    int s AUTO(fd_close) = -1;
    mode_t old = 0;
    int bound = 0;

    TRY(lock_folder(path, &folder, f));
    TRY(nobody_serves(path, f));
    memcpy(at.sun_path, path, strlen(path) + 1);
    s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0) {
        return fault_add(f, ERR_IO, "agent", "socket: %s", strerrordesc_np(errno));
    }
    old = umask(OTHERS);
    bound = bind(s, (const struct sockaddr *)&at, sizeof at);
    (void)umask(old);
    if (bound != 0 || listen(s, backlog) != 0) {
        return fault_add(f, ERR_IO, "agent", "%s: %s", path, strerrordesc_np(errno));
    }
    *fd = fd_take(&s);
    return ERR_OK;
}

enum err
agent_protect(struct fault *f)
{
    const struct rlimit none = {0};

    if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0) {
        return fault_add(f, ERR_UNABLE, "agent", "core dumps cannot be turned off: %s",
                         strerrordesc_np(errno));
    }
    /* Where the system grants no locked memory the key is as safe as the rest of the process. */
    (void)CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_LEAST);
    return ERR_OK;
}
