/* SPDX-License-Identifier: Apache-2.0 */
/* out.c - see out.h. */
#include "broker/http/out.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { PIECES = 32 }; /* what comes in more is taken by the next call */

void
out_attach(gnutls_session_t session, struct out *o)
{
    gnutls_transport_ptr_t in = NULL;
    gnutls_transport_ptr_t unused = NULL;

    gnutls_transport_get_ptr2(session, &in, &unused);
    gnutls_transport_set_ptr2(session, in, o);
    gnutls_transport_set_vec_push_function(session, out_push);
}

void
out_hold(struct out *o)
{
    o->hold = true;
}

/* Keep a copy of all the pieces, if there is room. */
static bool
keep(struct out *o, const giovec_t *piece, int n)
{
    size_t len = o->len;

    for (int i = 0; i < n; i++) {
        if (piece[i].iov_len > sizeof o->held - len) {
            return false;
        }
        memcpy(o->held + len, piece[i].iov_base, piece[i].iov_len);
        len += piece[i].iov_len;
    }
    o->len = len;
    return true;
}

static ssize_t
send_all(int fd, struct iovec *part, size_t n)
{
    const struct msghdr m = {.msg_iov = part, .msg_iovlen = n};

    return sendmsg(fd, &m, MSG_NOSIGNAL);
}

/* What was held goes first; only bytes beyond it are the new pieces'. */
static ssize_t
settle(struct out *o, ssize_t sent)
{
    size_t left = o->len - o->offset;

    if (sent < 0) {
        return -1;
    }
    if ((size_t)sent < left) {
        o->offset += (size_t)sent;
        errno = EAGAIN;
        return -1;
    }
    o->len = 0;
    o->offset = 0;
    return sent - (ssize_t)left;
}

ssize_t
out_push(gnutls_transport_ptr_t out, const giovec_t *piece, int n)
{
    struct out *o = out;
    struct iovec part[PIECES + 1];
    size_t parts = 0;
    bool hold = o->hold;

    o->hold = false;
    if (hold && o->len == 0 && keep(o, piece, n)) {
        return (ssize_t)o->len;
    }
    if (o->len > 0) {
        part[parts++] = (struct iovec){o->held + o->offset, o->len - o->offset};
    }
    for (int i = 0; i < n && i < PIECES; i++) {
        part[parts++] = (struct iovec){piece[i].iov_base, piece[i].iov_len};
    }

    ssize_t taken = settle(o, send_all(o->fd, part, parts));

    /* 0 would read as the end of the connection */
    if (taken == 0 && n > 0) {
        errno = EAGAIN;
        return -1;
    }
    return taken;
}

/* libmicrohttpd may have corked the socket, and pushes only after what it sent itself. */
static void
nudge(int fd)
{
    int one = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Send some of it, or wait until that is possible; a deadline shuts the socket, which ends the wait. */
static bool
send_some(struct out *o)
{
    struct iovec part = {o->held + o->offset, o->len - o->offset};
    struct pollfd p = {.fd = o->fd, .events = POLLOUT};

    if (settle(o, send_all(o->fd, &part, 1)) >= 0 || errno == EINTR) {
        return true;
    }
    return errno == EAGAIN && (poll(&p, 1, -1) > 0 || errno == EINTR);
}

void
out_end(struct out *o)
{
    bool waited = o->len > 0;
    bool good = true;

    o->hold = false;
    while (good && o->len > 0) {
        good = send_some(o);
    }
    if (!good) {
        (void)shutdown(o->fd, SHUT_RDWR);
    } else if (waited) {
        nudge(o->fd);
    }
}
