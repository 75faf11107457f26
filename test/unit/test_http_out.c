/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_out.c - head and body of a reply leave together, in order and whole, however little the socket takes at a time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/http/out.h"

enum { BODY = 200000 };

struct line {
    struct out out;
    int theirs;
};

/* Datagrams keep their borders, so one read shows what one system call sent. */
static void
line_open(struct line *l, int type)
{
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fd), 0);
    *l = (struct line){.out = {.fd = fd[0]}, .theirs = fd[1]};
}

static void
line_close(struct line *l)
{
    (void)close(l->out.fd);
    (void)close(l->theirs);
}

static ssize_t
push(struct line *l, const void *bytes, size_t len)
{
    giovec_t piece = {(void *)(uintptr_t)bytes, len};

    return out_push(&l->out, &piece, 1);
}

static void
expect_read(const struct line *l, const char *want)
{
    char got[OUT_HELD_MAX + 64] = "";

    assert_int_equal(recv(l->theirs, got, sizeof got - 1, 0), (ssize_t)strlen(want));
    assert_string_equal(got, want);
}

static void
expect_silence(const struct line *l)
{
    char byte = 0;

    assert_int_equal(recv(l->theirs, &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}

static void
test_head_waits_for_the_body(void **state)
{
    struct line l;
    (void)state;

    line_open(&l, SOCK_SEQPACKET);
    out_hold(&l.out);
    assert_int_equal(push(&l, "head ", 5), 5);
    expect_silence(&l);
    assert_int_equal(push(&l, "body", 4), 4);
    expect_read(&l, "head body");
    expect_silence(&l);
    line_close(&l);
}

static void
test_nothing_waits_unasked(void **state)
{
    struct line l;
    (void)state;

    line_open(&l, SOCK_SEQPACKET);
    assert_int_equal(push(&l, "hello", 5), 5);
    expect_read(&l, "hello");
    out_hold(&l.out);
    assert_int_equal(push(&l, "a", 1), 1);
    assert_int_equal(push(&l, "b", 1), 1);
    expect_read(&l, "ab");
    assert_int_equal(push(&l, "c", 1), 1); /* one hold is for one piece */
    expect_read(&l, "c");
    line_close(&l);
}

static void
test_pieces_of_one_call_stay_together(void **state)
{
    giovec_t head[] = {{(void *)(uintptr_t) "he", 2}, {(void *)(uintptr_t) "ad", 2}};
    giovec_t body[] = {{(void *)(uintptr_t) "bo", 2}, {(void *)(uintptr_t) "dy", 2}};
    struct line l;
    (void)state;

    line_open(&l, SOCK_SEQPACKET);
    out_hold(&l.out);
    assert_int_equal(out_push(&l.out, head, 2), 4);
    assert_int_equal(out_push(&l.out, body, 2), 4);
    expect_read(&l, "headbody");
    line_close(&l);
}

static void
test_a_long_head_does_not_wait(void **state)
{
    char head[OUT_HELD_MAX + 2];
    struct line l;
    (void)state;

    memset(head, 'h', sizeof head);
    head[sizeof head - 1] = 0;
    line_open(&l, SOCK_SEQPACKET);
    out_hold(&l.out);
    assert_int_equal(push(&l, head, OUT_HELD_MAX + 1), OUT_HELD_MAX + 1);
    expect_read(&l, head);
    line_close(&l);
}

static void
test_a_head_that_just_fits_waits(void **state)
{
    char head[OUT_HELD_MAX + 1];
    struct line l;
    (void)state;

    memset(head, 'h', sizeof head);
    head[sizeof head - 1] = 0;
    line_open(&l, SOCK_SEQPACKET);
    out_hold(&l.out);
    assert_int_equal(push(&l, head, OUT_HELD_MAX), OUT_HELD_MAX);
    expect_silence(&l);
    out_end(&l.out);
    expect_read(&l, head);
    line_close(&l);
}

static void
test_the_end_sends_what_waits(void **state)
{
    struct line l;
    (void)state;

    line_open(&l, SOCK_SEQPACKET);
    out_hold(&l.out);
    assert_int_equal(push(&l, "head", 4), 4);
    out_end(&l.out);
    expect_read(&l, "head");
    out_end(&l.out);
    expect_silence(&l);
    out_hold(&l.out); /* the end of a reply also ends what was asked for it */
    out_end(&l.out);
    assert_int_equal(push(&l, "next", 4), 4);
    expect_read(&l, "next");
    line_close(&l);
}

static void
fill(const struct line *l)
{
    static const uint8_t ONES[4096] = {1};

    while (send(l->out.fd, ONES, sizeof ONES, 0) > 0) {
    }
    while (send(l->out.fd, ONES, 1, 0) > 0) {
    }
    assert_int_equal(errno, EAGAIN);
}

static void
drain(const struct line *l)
{
    uint8_t scrap[65536];

    while (recv(l->theirs, scrap, sizeof scrap, 0) > 0) {
    }
}

static void
test_a_full_socket_loses_nothing(void **state)
{
    struct line l;
    (void)state;

    line_open(&l, SOCK_STREAM);
    fill(&l);
    out_hold(&l.out);
    assert_int_equal(push(&l, "head ", 5), 5);
    assert_int_equal(push(&l, "body", 4), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(push(&l, "body", 4), -1);
    drain(&l);
    assert_int_equal(push(&l, "body", 4), 4);
    expect_read(&l, "head body");
    line_close(&l);
}

/* A socket that takes the head and not one byte of what follows: that must not read as 0 bytes sent, which is an end. */
static void
test_a_head_alone_is_not_an_end(void **state)
{
    struct line l;
    (void)state;

    line_open(&l, SOCK_STREAM);
    out_hold(&l.out);
    assert_int_equal(push(&l, "head", 4), 4);
    assert_int_equal(push(&l, "", 0), -1);
    assert_int_equal(errno, EAGAIN);
    expect_read(&l, "head");
    assert_int_equal(push(&l, "body", 4), 4);
    expect_read(&l, "body");
    line_close(&l);
}

/* A socket that takes a few kilobytes at a time, and a body far beyond that. */
static void
test_short_sends_keep_the_order(void **state)
{
    static uint8_t body[BODY];
    static uint8_t seen[BODY + OUT_HELD_MAX];
    size_t sent = 0, got = 0;
    int small = 4096;
    struct line l;
    (void)state;

    for (size_t i = 0; i < BODY; i++) {
        body[i] = (uint8_t)(i * 31 + i / 251);
    }
    line_open(&l, SOCK_STREAM);
    (void)setsockopt(l.out.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    out_hold(&l.out);
    assert_int_equal(push(&l, body, OUT_HELD_MAX), OUT_HELD_MAX);
    sent = OUT_HELD_MAX;
    while (got < BODY) {
        ssize_t put = sent < BODY ? push(&l, body + sent, BODY - sent) : 0;
        ssize_t n = recv(l.theirs, seen + got, 1000, 0);

        sent += put > 0 ? (size_t)put : 0;
        got += n > 0 ? (size_t)n : 0;
        assert_true(put > 0 || n > 0);
    }
    assert_int_equal(got, BODY);
    assert_memory_equal(seen, body, BODY);
    line_close(&l);
}

static void
test_a_closed_line_is_an_error(void **state)
{
    struct line l;
    (void)state;

    line_open(&l, SOCK_STREAM);
    (void)shutdown(l.out.fd, SHUT_RDWR);
    out_hold(&l.out);
    assert_int_equal(push(&l, "head", 4), 4);
    assert_int_equal(push(&l, "body", 4), -1);
    assert_int_equal(errno, EPIPE); /* and no signal */
    out_end(&l.out);                /* comes back */
    line_close(&l);
}

static void *
shut_soon(void *arg)
{
    const struct line *l = arg;

    (void)poll(NULL, 0, 50);
    (void)shutdown(l->out.fd, SHUT_RDWR);
    return NULL;
}

/* What a deadline does to a client that reads nothing. */
static void
test_the_end_does_not_outlast_a_shut_socket(void **state)
{
    pthread_t reaper;
    struct line l;
    (void)state;

    line_open(&l, SOCK_STREAM);
    fill(&l);
    out_hold(&l.out);
    assert_int_equal(push(&l, "head", 4), 4);
    assert_int_equal(pthread_create(&reaper, NULL, shut_soon, &l), 0);
    out_end(&l.out);
    (void)pthread_join(reaper, NULL);
    assert_int_equal(l.out.len, 4);
    line_close(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head_waits_for_the_body),
        cmocka_unit_test(test_nothing_waits_unasked),
        cmocka_unit_test(test_pieces_of_one_call_stay_together),
        cmocka_unit_test(test_a_long_head_does_not_wait),
        cmocka_unit_test(test_a_head_that_just_fits_waits),
        cmocka_unit_test(test_the_end_sends_what_waits),
        cmocka_unit_test(test_a_full_socket_loses_nothing),
        cmocka_unit_test(test_a_head_alone_is_not_an_end),
        cmocka_unit_test(test_short_sends_keep_the_order),
        cmocka_unit_test(test_a_closed_line_is_an_error),
        cmocka_unit_test(test_the_end_does_not_outlast_a_shut_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
