/* SPDX-License-Identifier: Apache-2.0 */
/* test_mint_raw.c - what a network process that was taken over could send: every message that is
 * not one is refused by the field that is wrong, goes on record, and the mint lives on. */
#include "test/unit/mint_fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "broker/mint/serve.h"

struct pair {
    uint8_t said[MESSAGE_ANSWERS_MAX]; /* the last datagram of answers */
    struct slice rest;                 /* what of it has not been heard */
    char path[SCRATCH_PATH];
    char audit[SCRATCH_PATH + 8];
    struct mint_conf conf;
    int fd;
    pid_t pid;
    uint8_t ask[MESSAGE_ASK_MAX]; /* a good one */
    size_t len;
};

/* The next datagram, or 0 when the mint has closed. */
static size_t
hear(const struct pair *p, uint8_t *buf, size_t cap)
{
    struct pollfd wait = {.fd = p->fd, .events = POLLIN};
    ssize_t got = 0;

    if (poll(&wait, 1, 10000) != 1) {
        fail_msg("the mint says nothing");
    }
    got = recv(p->fd, buf, cap, 0);
    assert_true(got >= 0);
    return (size_t)got;
}

static void
encode(struct pair *p, const struct mint_ask *ask, uint64_t id)
{
    struct wr w = wr_init(p->ask, sizeof p->ask, "test");
    struct why why = {0};

    fine(ask_encode(&w, id, ask, &why), &why);
    p->len = w.len;
}

static int
setup(void **state)
{
    struct pair *p = mem_new(1, sizeof *p);
    struct mint_ask *ask = mem_new(1, sizeof *ask);
    struct hello *hello = mem_new(1, sizeof *hello);
    uint8_t text[MESSAGE_HELLO_MAX];
    struct why why = {0};
    int fd[2];

    scratch_make(p->path);
    (void)snprintf(p->audit, sizeof p->audit, "%s/audit", p->path);
    SCRATCH_SET(p->conf.data_dir, p->path);
    SCRATCH_SET(p->conf.issuer, "https://broker.example");
    SCRATCH_SET(p->conf.log_origin, "broker.example/log");
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
    p->fd = fd[0];
    p->pid = fork();
    if (p->pid == 0) {
        _exit((int)serve(&p->conf, fd[1]));
    }
    (void)close(fd[1]);
    fine(hello_decode((struct slice){text, hear(p, text, sizeof text)}, hello, &why), &why);
    scratch_ask(ask, MINT_ACCESS);
    encode(p, ask, 42);
    mem_free(hello);
    mem_free(ask);
    *state = p;
    return 0;
}

/* The mint leaves, in good order, when its pair is closed; returns its exit status. */
static int
leave(struct pair *p)
{
    int status = 0;

    (void)close(p->fd);
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    p->pid = 0;
    return status;
}

static int
teardown(void **state)
{
    struct pair *p = *state;

    if (p->pid > 0) {
        assert_int_equal(leave(p), 0);
    }
    scratch_remove(p->path);
    mem_free(p);
    return 0;
}

/* The next answer, which may have come together with the one before. */
static struct slice
hear_answer(struct pair *p)
{
    struct slice one = {0};

    if (p->rest.len == 0) {
        p->rest = (struct slice){p->said, hear(p, p->said, sizeof p->said)};
    }
    assert_true(answers_next(&p->rest, &one));
    return one;
}

static uint64_t
said(struct pair *p, const uint8_t *bytes, size_t len, struct mint_answer *answer, enum err *code,
     struct why *why)
{
    struct slice in = {0};
    uint64_t id = 0;

    why->n = 0;
    assert_int_equal(send(p->fd, bytes, len, MSG_NOSIGNAL), len);
    in = hear_answer(p);
    fine(answer_id(in, &id, why), why);
    *code = answer_decode(in, answer, why);
    return id;
}

/* The answer is a refusal for this reason, addressed to `id`. */
static void
refuses(struct pair *p, const uint8_t *bytes, size_t len, uint64_t id, const char *reason)
{
    struct mint_answer *answer = mem_new(1, sizeof *answer);
    struct why why = {0};
    enum err code = ERR_OK;

    assert_int_equal(said(p, bytes, len, answer, &code, &why), id);
    refused(code, ERR_MALFORMED, &why, reason);
    assert_int_equal(answer->text_len, 0);
    mem_free(answer);
}

static void
lives_on(struct pair *p)
{
    struct mint_answer *answer = mem_new(1, sizeof *answer);
    struct why why = {0};
    enum err code = ERR_OK;

    assert_int_equal(said(p, p->ask, p->len, answer, &code, &why), 42);
    fine(code, &why);
    assert_true(answer->text_len > 0);
    mem_free(answer);
}

static size_t
on_record(const struct pair *p, const char *text)
{
    struct slice log = scratch_read(p->audit, "log");
    struct slice rest = log;
    size_t n = 0;

    for (;;) {
        const uint8_t *at = memmem(rest.ptr, rest.len, text, strlen(text));

        if (at == NULL) {
            break;
        }
        rest.len -= (size_t)(at + 1 - rest.ptr);
        rest.ptr = at + 1;
        n++;
    }
    scratch_free(log);
    return n;
}

static void
every_truncation_is_refused(void **state)
{
    struct pair *p = *state;

    lives_on(p);
    for (size_t n = 1; n < p->len; n++) {
        /* The id is bytes 4 to 11: with less than that nobody can be addressed. */
        refuses(p, p->ask, n, n < 12 ? 0 : 42, "mint.ask: ");
    }
    lives_on(p);
    assert_int_equal(on_record(p, "\"action\":\"denied\",\"kind\":\"malformed\",\"actor\":\"mint\","
                                  "\"reasons\":[\"mint.message.malformed\"]}"),
                     p->len - 1);
    assert_int_equal(on_record(p, "\"action\":\"granted\""), 2);
}

static void
one_byte_more_is_refused(void **state)
{
    struct pair *p = *state;

    p->ask[p->len] = 0;
    refuses(p, p->ask, p->len + 1, 42, "mint.ask: 1 bytes after the end");
    lives_on(p);
}

static void
datagrams_longer_than_any_ask_are_refused(void **state)
{
    struct pair *p = *state;
    uint8_t *big = mem_new(60000, 1);

    memcpy(big, p->ask, p->len);
    refuses(p, big, MESSAGE_ASK_MAX, 42, "bytes after the end");
    refuses(p, big, MESSAGE_ASK_MAX + 1, 42, "bytes after the end");
    refuses(p, big, 60000, 42, "bytes after the end");
    mem_free(big);
    lives_on(p);
}

static void
no_bit_flip_stops_the_mint(void **state)
{
    struct pair *p = *state;
    struct mint_answer *answer = mem_new(1, sizeof *answer);

    for (size_t bit = 0; bit < 8 * p->len; bit += 3) {
        struct why why = {0};
        enum err code = ERR_OK;

        p->ask[bit / 8] ^= (uint8_t)(1U << bit % 8);
        (void)said(p, p->ask, p->len, answer, &code, &why);
        assert_true(code == ERR_OK || code == ERR_MALFORMED || code == ERR_DENIED);
        p->ask[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    mem_free(answer);
    lives_on(p);
}

/* Where a text that is in the message stands. */
static uint8_t *
find(struct pair *p, const char *text)
{
    uint8_t *at = memmem(p->ask, p->len, text, strlen(text));

    assert_non_null(at);
    return at;
}

static void
texts_are_refused_by_field_and_reason(void **state)
{
    static const struct {
        const char *at; /* text in the good message; its second byte is changed */
        uint8_t byte;
        const char *field;
        const char *reason;
    } ROWS[] = {
        {"summarizer", 0x00, "client_id at byte ", "NUL inside the text"},
        {"https://files", 0x00, "aud at byte ", "NUL inside the text"},
        {"https://files", 0x0a, "aud at byte ", "control character inside the text"},
        {"upload secret", 0x1f, "scope at byte ", "control character inside the text"},
        {"upload secret", 0x7f, "scope at byte ", "control character inside the text"},
        {"upload secret", 0x80, "scope at byte ", "not UTF-8"},
        {"upload secret", 0xff, "scope at byte ", "not UTF-8"},
        {"guest", 0xc3, "actor at byte ", "not UTF-8"},
        {"vd-1", 0x00, "verdict at byte ", "NUL inside the text"},
    };
    struct pair *p = *state;

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        uint8_t *at = find(p, ROWS[i].at) + 1;
        uint8_t was = *at;

        *at = ROWS[i].byte;
        refuses(p, p->ask, p->len, 42, ROWS[i].field);
        refuses(p, p->ask, p->len, 42, ROWS[i].reason);
        *at = was;
    }
    lives_on(p);
}

/* A text of its member's size has no room for the NUL. */
static void
texts_that_fill_their_member_are_refused(void **state)
{
    struct pair *p = *state;
    struct mint_ask *ask = mem_new(1, sizeof *ask);
    uint8_t *at = NULL;

    scratch_ask(ask, MINT_ACCESS);
    memset(ask->sub, 'S', sizeof ask->sub - 1);
    encode(p, ask, 42);
    lives_on(p);
    at = find(p, "SSSS");
    assert_int_equal(at[-2] << 8 | at[-1], 255);
    memmove(at + 1, at, p->len - (size_t)(at - p->ask));
    p->len++;
    at[-2] = 1; /* 256 bytes now */
    at[-1] = 0;
    refuses(p, p->ask, p->len, 42, "sub at byte ");
    refuses(p, p->ask, p->len, 42, "longer than its maximum");
    mem_free(ask);
}

/* Whatever the memory held before: nothing of it travels. */
static void
a_cleared_ask_is_an_empty_one(void **state)
{
    struct pair *p = *state;
    struct mint_ask *ask = mem_new(1, sizeof *ask);
    uint8_t empty[MESSAGE_ASK_MAX];
    size_t len = 0;

    ask->status_index = -1;
    encode(p, ask, 42);
    len = p->len;
    memcpy(empty, p->ask, len);
    memset(ask, 'x', sizeof *ask);
    mint_ask_clear(ask);
    encode(p, ask, 42);
    assert_int_equal(p->len, len);
    assert_memory_equal(p->ask, empty, len);
    mem_free(ask);
}

static void
heads_are_refused_by_field(void **state)
{
    struct pair *p = *state;

    p->ask[3] ^= 1;
    refuses(p, p->ask, p->len, 0, "magic at byte 4: not an ask of this version");
    p->ask[3] ^= 1;
    assert_int_equal(p->ask[38], 1); /* one audience */
    p->ask[38] = MINT_AUDIENCES + 1;
    refuses(p, p->ask, p->len, 42, "more than their maximum");
    p->ask[38] = 255;
    refuses(p, p->ask, p->len, 42, "more than their maximum");
    p->ask[38] = 1;
    lives_on(p);
}

/* All of them at once: each is answered, in one batch or several. */
static void
a_flood_of_rubbish_is_answered_one_by_one(void **state)
{
    enum { N = 64 };
    struct pair *p = *state;
    struct mint_answer *answer = mem_new(1, sizeof *answer);
    size_t good = 0;

    assert_int_equal(kill(p->pid, SIGSTOP), 0);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(send(p->fd, p->ask, i % 2 == 0 ? p->len : i, MSG_NOSIGNAL),
                         i % 2 == 0 ? p->len : i);
    }
    assert_int_equal(kill(p->pid, SIGCONT), 0);
    for (size_t i = 0; i < N; i++) {
        struct slice in = hear_answer(p);
        struct why why = {0};
        enum err code = answer_decode(in, answer, &why);

        assert_int_equal(code, i % 2 == 0 ? ERR_OK : ERR_MALFORMED);
        good += code == ERR_OK ? 1 : 0;
    }
    assert_int_equal(good, N / 2);
    mem_free(answer);
}

/* More than one datagram holds, and the longest of them: none is lost or cut. */
static void
long_answers_take_as_many_datagrams_as_they_need(void **state)
{
    enum { N = 12 }; /* what the socket holds while the mint is stopped */
    struct pair *p = *state;
    struct mint_answer *answer = mem_new(1, sizeof *answer);
    struct mint_ask *ask = mem_new(1, sizeof *ask);
    size_t text = 0;
    size_t datagrams = 0;

    scratch_ask(ask, MINT_EAR);
    ask->extra[0] = '{';
    memset(ask->extra + 1, ' ', 8000);
    ask->extra[8001] = '}';
    assert_int_equal(kill(p->pid, SIGSTOP), 0);
    for (size_t i = 0; i < N; i++) {
        encode(p, ask, 1000 + i);
        assert_int_equal(send(p->fd, p->ask, p->len, MSG_NOSIGNAL), p->len);
    }
    assert_int_equal(kill(p->pid, SIGCONT), 0);
    for (size_t i = 0; i < N; i++) {
        struct why why = {0};
        uint64_t id = 0;

        datagrams += p->rest.len == 0 ? 1 : 0;

        struct slice in = hear_answer(p);

        fine(answer_id(in, &id, &why), &why);
        assert_int_equal(id, 1000 + i);
        fine(answer_decode(in, answer, &why), &why);
        assert_true(answer->text_len > 8000);
        text += answer->text_len;
    }
    assert_true(datagrams < N); /* some came together */
    assert_true(datagrams >= text / MESSAGE_ANSWERS_MAX);
    assert_int_equal(p->rest.len, 0);
    mem_free(ask);
    mem_free(answer);
}

/* What no mint sends ends the datagram there. */
static void
datagrams_of_answers_end_where_they_make_no_sense(void **state)
{
    static const uint8_t TEXT[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 1, 'c'};
    struct slice one = {0};
    (void)state;

    for (size_t len = 0; len <= sizeof TEXT; len++) {
        struct slice rest = {TEXT, len};
        size_t n = 0;

        while (answers_next(&rest, &one)) {
            n++;
        }
        assert_int_equal(n, len >= 11 ? 2 : len >= 6 ? 1 : 0);
    }
    assert_false(answers_next(&(struct slice){(const uint8_t *)"\0\0\0\0x", 5}, &one));
    assert_false(answers_next(&(struct slice){(const uint8_t *)"\xff\xff\xff\xffx", 5}, &one));
}

static void
an_empty_datagram_is_goodbye(void **state)
{
    struct pair *p = *state;
    uint8_t text[16];

    assert_int_equal(send(p->fd, "", 0, MSG_NOSIGNAL), 0);
    assert_int_equal(hear(p, text, sizeof text), 0);
    assert_int_equal(leave(p), SERVE_DONE);
}

/* What was sent before the pair was closed is on record all the same. */
static void
asks_before_the_end_are_recorded(void **state)
{
    struct pair *p = *state;

    assert_int_equal(kill(p->pid, SIGSTOP), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(send(p->fd, p->ask, p->len, MSG_NOSIGNAL), p->len);
    }
    assert_int_equal(shutdown(p->fd, SHUT_WR), 0);
    assert_int_equal(kill(p->pid, SIGCONT), 0);
    for (int i = 0; i < 5; i++) {
        assert_true(hear_answer(p).len > 0);
    }
    assert_int_equal(leave(p), SERVE_DONE);
    assert_int_equal(on_record(p, "\"action\":\"granted\""), 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_truncation_is_refused),
        TEST(one_byte_more_is_refused),
        TEST(datagrams_longer_than_any_ask_are_refused),
        TEST(no_bit_flip_stops_the_mint),
        TEST(texts_are_refused_by_field_and_reason),
        TEST(texts_that_fill_their_member_are_refused),
        TEST(a_cleared_ask_is_an_empty_one),
        TEST(heads_are_refused_by_field),
        TEST(a_flood_of_rubbish_is_answered_one_by_one),
        TEST(long_answers_take_as_many_datagrams_as_they_need),
        TEST(datagrams_of_answers_end_where_they_make_no_sense),
        TEST(an_empty_datagram_is_goodbye),
        TEST(asks_before_the_end_are_recorded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
