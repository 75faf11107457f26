/* SPDX-License-Identifier: Apache-2.0 */
/* qgs.c - see qgs.h: the connection.  Every wait ends at one deadline, so that a host that drips holds nobody. */
#include "clients/qgs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "attest/base/rd.h"
#include "attest/base/wr.h"
#include "clients/lib/agent_wire.h"
#include "clients/opt.h"
#include "common/mem.h"

enum { PREFIX_LEN = 4, NUMBER_MAX = 11 };

static const char vsock_scheme[] = "vsock:";
static const char unix_scheme[] = "unix:";

/* An open connection and how long it may take. */
struct line {
    int fd;
    int64_t until_ms; /* monotonic */
};

static void
line_close(struct line *l)
{
    fd_close(&l->fd);
}

/* CID:PORT; both are 32 bits wide. */
static bool
vsock_read(const char *text, struct sockaddr_vm *out)
{
    const char *colon = strchr(text, ':');
    char cid_text[NUMBER_MAX];
    long cid = 0;
    long port = 0;

    if (colon == NULL || (size_t)(colon - text) >= sizeof cid_text) {
        return false;
    }
    (void)snprintf(cid_text, sizeof cid_text, "%.*s", (int)(colon - text), text);
    if (!opt_int(cid_text, 0, UINT32_MAX, &cid) || !opt_int(colon + 1, 1, UINT32_MAX, &port)) {
        return false;
    }
    *out = (struct sockaddr_vm){
        .svm_family = AF_VSOCK, .svm_cid = (unsigned)cid, .svm_port = (unsigned)port};
    return true;
}

/* An absolute path: the agent, which connects, has another folder than whoever asks it. */
static bool
unix_read(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) >= sizeof out->sun_path) {
        return false;
    }
    memcpy(out->sun_path, path, strlen(path) + 1);
    return true;
}

enum err
qgs_address_read(const char *text, struct qgs_address *out, struct fault *f)
{
    struct sockaddr_vm vm;
    struct sockaddr_un un;

    *out = (struct qgs_address){.len = 0};
    if (strncmp(text, vsock_scheme, strlen(vsock_scheme)) == 0 &&
        vsock_read(text + strlen(vsock_scheme), &vm)) {
        memcpy(&out->at, &vm, sizeof vm);
        out->len = sizeof vm;
    } else if (strncmp(text, unix_scheme, strlen(unix_scheme)) == 0 &&
               unix_read(text + strlen(unix_scheme), &un)) {
        memcpy(&out->at, &un, sizeof un);
        out->len = sizeof un;
    }
    return out->len > 0
               ? ERR_OK
               : fault_add(f, ERR_MALFORMED, "usage",
                           "a quoting service is vsock:CID:PORT or unix:/path, not %s", text);
}

static enum err
failed(const char *what, int error, struct fault *f)
{
    return fault_add(f, ERR_UNABLE, "tdx", "%s the quoting service: %s", what,
                     strerrordesc_np(error));
}

/* Until `events` are there. */
static enum err
line_wait(const struct line *l, short events, const char *what, struct fault *f)
{
    struct pollfd p = {.fd = l->fd, .events = events};
    int64_t left_ms = l->until_ms - clock_mono_ms();
    int n = left_ms > 0 ? poll(&p, 1, (int)left_ms) : 0;

    if (n < 0 && errno != EINTR) {
        return failed(what, errno, f);
    }
    return n != 0 ? ERR_OK : failed(what, ETIMEDOUT, f);
}

/* What a connection that was begun came to. */
static enum err
line_connected(const struct line *l, struct fault *f)
{
    int error = 0;
    socklen_t len = sizeof error;

    TRY(line_wait(l, POLLOUT, "connecting to", f));
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    return error == 0 ? ERR_OK : failed("connecting to", error, f);
}

static enum err
line_open(const struct qgs_address *a, struct line *l, struct fault *f)
{
    l->fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0) {
        return failed("a socket for", errno, f);
    }
    if (connect(l->fd, (const struct sockaddr *)&a->at, a->len) == 0) {
        return ERR_OK;
    }
    return errno == EINPROGRESS ? line_connected(l, f) : failed("connecting to", errno, f);
}

static bool
passing(int error)
{
    return error == EAGAIN || error == EINTR;
}

static enum err
line_send(const struct line *l, struct slice bytes, struct fault *f)
{
    size_t at = 0;
    enum err err = ERR_OK;

    while (at < bytes.len && err == ERR_OK) {
        ssize_t n = send(l->fd, bytes.ptr + at, bytes.len - at, MSG_NOSIGNAL);

        if (n >= 0) {
            at += (size_t)n;
        } else {
            err = passing(errno) ? line_wait(l, POLLOUT, "asking", f) : failed("asking", errno, f);
        }
    }
    return err;
}

static enum err
line_take(const struct line *l, uint8_t *dst, size_t len, struct fault *f)
{
    size_t at = 0;
    enum err err = ERR_OK;

    while (at < len && err == ERR_OK) {
        ssize_t n = recv(l->fd, dst + at, len - at, 0);

        if (n > 0) {
            at += (size_t)n;
        } else if (n == 0) {
            err = fault_add(f, ERR_UNABLE, "tdx", "the quoting service hung up");
        } else {
            err = passing(errno) ? line_wait(l, POLLIN, "hearing", f) : failed("hearing", errno, f);
        }
    }
    return err;
}

static enum err
ask(const struct line *l, const uint8_t report[TD_REPORT_LEN], struct fault *f)
{
    uint8_t message[PREFIX_LEN + QGS_REQUEST_LEN];
    struct wr w = wr_init(message, PREFIX_LEN, "length");

    wr_be32(&w, QGS_REQUEST_LEN);
    qgs_request_write(report, message + PREFIX_LEN);
    return line_send(l, (struct slice){message, sizeof message}, f);
}

/* The length is compared with a bound before anything is allocated by it. */
static enum err
hear(const struct line *l, uint8_t **answer, size_t *len, struct fault *f)
{
    uint8_t prefix[PREFIX_LEN];
    uint8_t *bytes AUTO(mem_free_bytes) = NULL;
    struct rd r = rd_init((struct slice){prefix, sizeof prefix}, "length");

    TRY(line_take(l, prefix, sizeof prefix, f));
    *len = rd_be32(&r, "length");
    if (*len == 0 || *len > QGS_ANSWER_MAX) {
        return fault_add(f, ERR_UNABLE, "tdx", "the quoting service wants to give %zu bytes", *len);
    }
    bytes = mem_new(*len, 1);
    TRY(line_take(l, bytes, *len, f));
    *answer = bytes;
    bytes = NULL;
    return ERR_OK;
}

enum err
qgs_quote(const struct qgs_address *a, const uint8_t report[TD_REPORT_LEN], int64_t wait_ms,
          uint8_t **quote, size_t *len, struct fault *f)
{
    struct line l AUTO(line_close) = {.fd = -1, .until_ms = clock_mono_ms() + wait_ms};
    uint8_t *answer AUTO(mem_free_bytes) = NULL;
    struct slice found = {0};
    size_t answer_len = 0;

    TRY(line_open(a, &l, f));
    TRY(ask(&l, report, f));
    TRY(hear(&l, &answer, &answer_len, f));
    if (qgs_answer_read((struct slice){answer, answer_len}, &found, &f->why) != ERR_OK) {
        return fault_add(f, ERR_UNABLE, "tdx", "no quote from the quoting service");
    }
    *quote = mem_raw(found.len);
    memcpy(*quote, found.ptr, found.len);
    *len = found.len;
    return ERR_OK;
}
