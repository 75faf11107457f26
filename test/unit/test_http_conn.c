/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_conn.c - the table of connections over socket pairs: deadlines, labels, counts,
 * stopping. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/http/conn.h"

struct pair {
    int ours;
    int theirs;
    struct conn *conn;
};

static void
address_of(const char *text, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof v4);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
        memcpy(out, &v6, sizeof v6);
    }
}

static struct pair
pair_open(struct conns *t, enum http_listener listener, const char *address)
{
    struct sockaddr_storage from;
    int fd[2];

    address_of(address, &from);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    return (struct pair){fd[0], fd[1],
                         conn_add(t, listener, fd[0], (const struct sockaddr *)&from)};
}

static void
pair_close(struct pair *p)
{
    conn_remove(p->conn);
    (void)close(p->ours);
    (void)close(p->theirs);
}

/* Whether our side is shut within that time, as the other side sees it. */
static bool
ended(const struct pair *p, int within_ms)
{
    struct pollfd f = {.fd = p->theirs, .events = POLLIN};

    return poll(&f, 1, within_ms) == 1 && (f.revents & POLLHUP) != 0;
}

static void
open_table(struct conns *t)
{
    struct tls_identity *none = NULL;
    struct why why = {0};

    assert_int_equal(conns_open(t, 1, 1, &none, &why), ERR_OK);
}

static void
test_head_deadline(void **state)
{
    struct conns t;
    (void)state;

    open_table(&t);
    int64_t start = clock_mono_ms();
    struct pair p = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    assert_string_equal(p.conn->peer, "192.0.2.1");
    assert_true(conn_alive(p.conn));
    assert_true(ended(&p, 3000));
    int64_t took = clock_mono_ms() - start;
    assert_true(took >= 990 && took < 2000);
    assert_false(conn_alive(p.conn));
    pair_close(&p);
    conns_close(&t);
}

/* The first request line gives no new time for the head; a later one does. */
static void
test_first_head_only(void **state)
{
    struct conns t;
    (void)state;

    open_table(&t);
    struct pair p = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    int64_t at_accept = p.conn->deadline_ms;
    conn_begin(p.conn);
    assert_int_equal(p.conn->deadline_ms, at_accept);
    conn_end(p.conn);
    conn_until(p.conn, at_accept - 500);
    conn_begin(p.conn);
    assert_true(p.conn->deadline_ms >= at_accept);
    pair_close(&p);
    conns_close(&t);
}

/* A deadline earlier than what the reaper waits for wakes it. */
static void
test_earlier_deadline(void **state)
{
    struct conns t;
    (void)state;

    open_table(&t);
    struct pair slow = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    conn_until(slow.conn, clock_mono_ms() + 60000);
    struct pair p = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    conn_until(p.conn, clock_mono_ms() + 60000);
    assert_false(ended(&p, 1500)); /* the accept deadline was replaced */
    conn_until(p.conn, clock_mono_ms() + 50);
    assert_true(ended(&p, 1000));
    assert_false(ended(&slow, 0));
    pair_close(&p);
    pair_close(&slow);
    conns_close(&t);
}

static void
test_labels(void **state)
{
    struct conns t;
    (void)state;

    open_table(&t);
    struct pair a = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    struct pair b = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    struct pair c = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    conn_label(a.conn, "sb-1");
    conn_label(b.conn, "sb-2");
    conns_cut(&t, "sb-");
    conns_cut(&t, "sb-11");
    conns_cut(&t, "");
    assert_false(ended(&a, 0));
    assert_false(ended(&c, 0));
    conns_cut(&t, "sb-1");
    assert_true(ended(&a, 0));
    assert_false(conn_alive(a.conn));
    assert_false(ended(&b, 0));
    assert_false(ended(&c, 0));
    /* The label ends with the request. */
    conn_end(b.conn);
    conns_cut(&t, "sb-2");
    assert_false(ended(&b, 0));
    pair_close(&b); /* from the middle */
    pair_close(&a);
    pair_close(&c);
    conns_close(&t);
}

/* Who cuts its own label gets its reply and is closed after it. */
static void
test_own_cut(void **state)
{
    struct conns t;
    (void)state;

    open_table(&t);
    struct pair p = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    assert_true(conn_run(p.conn));
    conn_label(p.conn, "sb-1");
    assert_false(conn_is_last(p.conn));
    conns_cut(&t, "sb-1");
    assert_true(conn_alive(p.conn));
    assert_true(conn_is_last(p.conn));
    pair_close(&p);
    conns_close(&t);
}

static void
test_origins(void **state)
{
    static const struct {
        const char *address;
        size_t guest;
    } row[] = {
        {"192.0.2.1", 2},   {"192.0.2.2", 1},      {"192.0.2.3", 0},
        {"2001:db8::1", 2}, {"2001:db8::ffff", 2}, {"2001:db8:0:1::1", 0},
    };
    struct conns t;
    struct pair p[6];
    (void)state;

    open_table(&t);
    p[0] = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    p[1] = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    p[2] = pair_open(&t, LISTEN_GUEST, "192.0.2.2");
    p[3] = pair_open(&t, LISTEN_GUEST, "2001:db8::1");
    p[4] = pair_open(&t, LISTEN_GUEST, "2001:db8::2");
    p[5] = pair_open(&t, LISTEN_ADMIN, "192.0.2.3");
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct sockaddr_storage a;
        address_of(row[i].address, &a);
        assert_int_equal(conns_from(&t, LISTEN_GUEST, (const struct sockaddr *)&a), row[i].guest);
    }
    for (size_t i = 0; i < 6; i++) {
        pair_close(&p[i]);
    }
    conns_close(&t);
}

/* Stopping ends idle connections at once, waits for busy ones, and only until the deadline. */
static void
test_drain(void **state)
{
    struct conns t;
    (void)state;

    open_table(&t);
    struct pair idle = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    struct pair busy = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    assert_true(conn_run(busy.conn));
    conn_until(busy.conn, clock_mono_ms() + 60000);
    int64_t start = clock_mono_ms();
    conns_drain(&t, start + 300);
    int64_t took = clock_mono_ms() - start;
    assert_true(took >= 300 && took < 2000);
    assert_true(ended(&idle, 0));
    assert_true(ended(&busy, 0));
    assert_true(conn_is_last(busy.conn));
    /* What comes after is shut at once. */
    struct pair late = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    assert_true(ended(&late, 0));
    assert_false(conn_run(late.conn));
    pair_close(&late);
    pair_close(&busy);
    pair_close(&idle);
    conns_close(&t);
}

static void *
finish_soon(void *conn)
{
    (void)poll(NULL, 0, 100);
    conn_end(conn);
    return NULL;
}

static void
test_drain_early(void **state)
{
    struct conns t;
    pthread_t thread;
    (void)state;

    open_table(&t);
    struct pair busy = pair_open(&t, LISTEN_GUEST, "192.0.2.1");
    assert_true(conn_run(busy.conn));
    int64_t start = clock_mono_ms();
    assert_int_equal(pthread_create(&thread, NULL, finish_soon, busy.conn), 0);
    conns_drain(&t, start + 30000);
    assert_true(clock_mono_ms() - start < 5000);
    (void)pthread_join(thread, NULL);
    pair_close(&busy);
    conns_close(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head_deadline),
        cmocka_unit_test(test_first_head_only),
        cmocka_unit_test(test_earlier_deadline),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_own_cut),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
