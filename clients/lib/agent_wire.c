/* SPDX-License-Identifier: Apache-2.0 */
/* agent_wire.c - see agent_wire.h. */
#include "clients/lib/agent_wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/base/sec.h"
#include "common/json.h"
#include "common/mem.h"

void
fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

int
fd_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return path != NULL && path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum err
folder_check(const char *dir, struct fault *f)
{
    struct stat st;

    if (lstat(dir, &st) != 0) {
        return fault_add(f, ERR_NOT_FOUND, "no_agent", "%s: %s", dir, strerrordesc_np(errno));
    }
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        return fault_add(f, ERR_DENIED, "agent_foreign", "%s is not a folder of our own, mode 0700",
                         dir);
    }
    return ERR_OK;
}

enum err
agent_socket_path(bool make, char dst[SOCKET_MAX], struct fault *f)
{
    const char *xdg = secure_getenv("XDG_RUNTIME_DIR");
    char run[64];
    char dir[SOCKET_MAX];
    int n = 0;

    (void)snprintf(run, sizeof run, "/run/user/%u", (unsigned)geteuid());
    if (is_folder(xdg)) {
        n = snprintf(dir, sizeof dir, "%s/countersign", xdg);
    } else if (is_folder(run)) {
        n = snprintf(dir, sizeof dir, "%s/countersign", run);
    } else {
        n = snprintf(dir, sizeof dir, "/tmp/countersign-%u", (unsigned)geteuid());
    }
    if (n < 0 || (size_t)n + sizeof "/agent.sock" > SOCKET_MAX) {
        return fault_add(f, ERR_LIMIT, "agent_foreign", "XDG_RUNTIME_DIR is too long for a socket");
    }
    if (make && mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return fault_add(f, ERR_IO, "agent_foreign", "%s: %s", dir, strerrordesc_np(errno));
    }
    TRY(folder_check(dir, f));
    memcpy(dst, dir, (size_t)n);
    memcpy(dst + n, "/agent.sock", sizeof "/agent.sock");
    return ERR_OK;
}

bool
peer_ours(int fd)
{
    struct ucred peer = {0};
    socklen_t len = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && len == sizeof peer &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static enum err
patience(int fd, time_t wait_s, struct fault *f)
{
    struct timeval tv = {.tv_sec = wait_s};

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv) != 0) {
        return fault_add(f, ERR_IO, "agent", "socket: %s", strerrordesc_np(errno));
    }
    return ERR_OK;
}

enum err
agent_connect(const char *path, int *fd, struct fault *f)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int s AUTO(fd_close) = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof at.sun_path) {
        return fault_add(f, ERR_LIMIT, "agent", "%s: too long for a socket", path);
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (s < 0) {
        return fault_add(f, ERR_IO, "agent", "socket: %s", strerrordesc_np(errno));
    }
    TRY(patience(s, AGENT_WAIT_S, f));
    if (connect(s, (const struct sockaddr *)&at, sizeof at) != 0) {
        bool nobody = errno == ENOENT || errno == ECONNREFUSED;

        return fault_add(f, nobody ? ERR_NOT_FOUND : ERR_UNABLE, nobody ? "no_agent" : "agent",
                         "%s: %s", path, strerrordesc_np(errno));
    }
    if (!peer_ours(s)) {
        return fault_add(f, ERR_DENIED, "agent_foreign", "%s is served by another user", path);
    }
    *fd = fd_take(&s);
    return ERR_OK;
}

enum err
packet_send(int fd, const json_t *obj, size_t max, struct fault *f)
{
    char *text = json_text(obj);
    size_t len = strlen(text);
    ssize_t sent = len <= max ? send(fd, text, len, MSG_NOSIGNAL) : 0;
    int saved = errno;

    sec_zero(text, len);
    mem_free_text(&text);
    if (len > max) {
        return fault_add(f, ERR_LIMIT, "agent", "message of %zu bytes, at most %zu", len, max);
    }
    if (sent < 0 || (size_t)sent != len) {
        return fault_add(f, ERR_IO, "agent", "sending: %s", strerrordesc_np(saved));
    }
    return ERR_OK;
}

enum err
packet_take(int fd, size_t max, json_t **obj, struct fault *f)
{
    uint8_t *buf AUTO(mem_free_bytes) = mem_new(max, 1);
    ssize_t n = recv(fd, buf, max, MSG_TRUNC); /* MSG_TRUNC: the packet's true length */
    enum err err = ERR_OK;

    if (n < 0) {
        return fault_add(f, errno == EAGAIN ? ERR_UNABLE : ERR_IO, "agent", "receiving: %s",
                         errno == EAGAIN ? "no answer in time" : strerrordesc_np(errno));
    }
    if (n == 0) {
        return fault_add(f, ERR_UNABLE, "agent", "the other end closed without an answer");
    }
    if ((size_t)n > max) {
        return fault_add(f, ERR_LIMIT, "agent", "message of %zd bytes, at most %zu", n, max);
    }
    err = json_read((struct slice){buf, (size_t)n}, obj, &f->why);
    sec_zero(buf, (size_t)n);
    return err;
}

enum err
agent_ask(const char *path, const json_t *request, json_t **ok, struct fault *f)
{
    int fd AUTO(fd_close) = -1;
    json_t *reply AUTO(json_free) = NULL;
    json_t *body = NULL;

    TRY(agent_connect(path, &fd, f));
    TRY(packet_send(fd, request, AGENT_REQUEST_MAX, f));
    TRY(packet_take(fd, AGENT_REPLY_MAX, &reply, f));
    body = json_object_get(reply, "ok");
    if (!json_is_object(body)) {
        return fault_from_json(json_object_get(reply, "error"), f);
    }
    *ok = json_incref(body);
    return ERR_OK;
}
