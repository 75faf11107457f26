/* SPDX-License-Identifier: Apache-2.0 */
/* test_mint.c - a real mint, forked and sandboxed, asked through mint.h: what it grants, what it
 * refuses, how it dies. */
#include "test/unit/mint_rig.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "broker/mint/pair.h"
#include "broker/mint/serve.h"

/* What the next fdatasync of the mint does; in memory that both processes see.  The program's own
 * fdatasync comes before the C library's, so the mint that it forks has it too. */
enum sync_does { SYNC_WORKS = 0, SYNC_FAILS, SYNC_BREAKS_OUT };

static volatile int *sync_does;

int
fdatasync(int fd)
{
    if (sync_does != NULL && *sync_does == SYNC_FAILS) {
        errno = EIO;
        return -1;
    }
    if (sync_does != NULL && *sync_does == SYNC_BREAKS_OUT) {
        (void)socket(AF_INET, SOCK_STREAM, 0);
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* Its signature is by the published key; the payload, owned by the caller. */
static json_t *
payload_of(const struct rig *r, const char *typ)
{
    const struct mint_public *pub = mint_public(r->mint);
    struct jws jws = {0};
    struct why why = {0};
    struct slice text = {(const uint8_t *)r->answer.text, r->answer.text_len};
    json_t *payload = NULL;

    fine(jws_read(text, typ, JOSE_ALLOW_ES256, &jws, &why), &why);
    fine(jws_verify(&jws, &pub->token_key->key, JOSE_ES256, &why), &why);
    assert_string_equal(jws.kid, pub->token_kid);
    assert_int_equal(json_object_size(jws.header), 3);
    payload = json_incref(jws.payload);
    jws_done(&jws);
    return payload;
}

static void
tokens_verify_by_the_published_key(void **state)
{
    static const struct {
        enum mint_kind kind;
        const char *typ;
    } ROWS[] = {{MINT_ACCESS, "at+jwt"},
                {MINT_EAR, "eat+jwt"},
                {MINT_UPLOAD, "upload+jwt"},
                {MINT_RECEIPT, "receipt+jwt"}};
    struct rig *r = *state;

    start(r);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        int64_t before = clock_unix();
        json_t *payload = NULL;

        scratch_ask(&r->ask, ROWS[i].kind);
        fine(ask(r), &r->why);
        payload = payload_of(r, ROWS[i].typ);
        assert_string_equal(json_string_value(json_object_get(payload, "jti")), r->answer.jti);
        assert_int_equal(json_integer_value(json_object_get(payload, "iat")), r->answer.iat);
        assert_int_equal(json_integer_value(json_object_get(payload, "exp")), r->answer.exp);
        assert_int_equal(r->answer.exp, r->ask.life_s == 0 ? 0 : r->answer.iat + r->ask.life_s);
        assert_in_range(r->answer.iat, before, clock_unix());
        assert_int_equal(json_object_get(payload, "exp") == NULL, ROWS[i].kind == MINT_RECEIPT);
        json_decref(payload);
    }
}

/* The greatest ask that the header allows is one that can be sent, and is refused by name where
 * it does not fit. */
static void
the_longest_ask(void **state)
{
    struct rig *r = *state;

    start(r);
    scratch_ask(&r->ask, MINT_ACCESS);
    r->ask.aud_n = MINT_AUDIENCES;
    for (size_t i = 0; i < MINT_AUDIENCES; i++) {
        memset(r->ask.aud[i], 'a', MINT_TEXT - 1);
    }
    memset(r->ask.scope, 's', MINT_SCOPE - 1);
    memset(r->ask.record.session, 'u', MINT_TEXT - 1);
    fine(ask(r), &r->why);
    json_decref(payload_of(r, "at+jwt"));
    memset(r->ask.record.reasons, 'r', MINT_SCOPE - 1);
    memset(r->ask.record.object, 'o', MINT_TEXT - 1);
    refused(ask(r), ERR_DENIED, &r->why, "mint.record: does not fit 4096 bytes");
    assert_true(log_holds(r, "\"mint.record.too-large\""));
    scratch_ask(&r->ask, MINT_EAR);
    memset(r->ask.extra, ' ', MINT_EXTRA - 1);
    r->ask.extra[0] = '{';
    r->ask.extra[MINT_EXTRA - 2] = '}';
    fine(ask(r), &r->why);
    json_decref(payload_of(r, "eat+jwt"));
    memset(r->ask.aud, 0, sizeof r->ask.aud);
    for (size_t i = 0; i < MINT_AUDIENCES; i++) {
        memset(r->ask.aud[i], '"', MINT_TEXT - 1); /* two bytes each once escaped */
    }
    r->ask.aud_n = MINT_AUDIENCES;
    refused(ask(r), ERR_DENIED, &r->why, "mint.claims: does not fit 12000 bytes");
    memset(r->ask.aud[0], 'a', MINT_TEXT);
    refused(ask(r), ERR_LIMIT, &r->why, "aud is longer than 255 bytes");
    r->ask.aud_n = MINT_AUDIENCES + 1;
    refused(ask(r), ERR_LIMIT, &r->why, "9 audiences");
}

static void
refusals_come_with_their_rule_and_are_on_record(void **state)
{
    static const struct {
        enum mint_kind kind;
        int64_t life;
        const char *reason;
        const char *record;
    } ROWS[] = {
        {(enum mint_kind)77, 300, "kind 77 is not known", "\"reasons\":[\"mint.kind.unknown\"]"},
        {MINT_ACCESS, 3601, "at most 3600", "\"reasons\":[\"mint.life.over-cap\"]"},
        {MINT_ACCESS, 0, "life of 0 s", "\"reasons\":[\"mint.life.range\"]"},
        {MINT_ACCESS, -5, "life of -5 s", "\"life\":-5"},
        {MINT_EAR, 86401, "at most 86400", "\"life\":86401"},
    };
    struct rig *r = *state;

    start(r);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        scratch_ask(&r->ask, ROWS[i].kind);
        r->ask.life_s = ROWS[i].life;
        refused(ask(r), ERR_DENIED, &r->why, ROWS[i].reason);
        assert_int_equal(r->answer.text_len, 0);
        assert_true(log_holds(r, ROWS[i].record));
    }
    scratch_ask(&r->ask, MINT_ACCESS);
    r->ask.jkt[0] = '\0';
    refused(ask(r), ERR_DENIED, &r->why, "access without jkt");
    assert_true(log_holds(r, "\"mint.need.jkt\""));
    scratch_ask(&r->ask, MINT_ACCESS);
    r->ask.aud_n = 0;
    refused(ask(r), ERR_DENIED, &r->why, "access without aud");
    assert_true(log_holds(r, "\"mint.aud.missing\""));
    scratch_ask(&r->ask, MINT_UPLOAD);
    SCRATCH_SET(r->ask.extra, "[]");
    refused(ask(r), ERR_DENIED, &r->why, "upload of upload is refused");
    assert_true(log_holds(r, "\"mint.extra.malformed\""));
    scratch_ask(&r->ask, MINT_ACCESS);
    fine(ask(r), &r->why);
}

struct crowd {
    pthread_t thread;
    struct rig *rig;
    size_t n;
    struct mint_ask ask;
    struct mint_answer answer;
    struct why why;
    size_t unrecorded;
    enum err err;
};

/* Whoever gets an answer finds its record in the file at that moment. */
static void *
ask_and_look(void *arg)
{
    struct crowd *c = arg;

    for (size_t i = 0; i < c->n && c->err == ERR_OK; i++) {
        char text[128];

        c->err = mint_ask(c->rig->mint, &c->ask, &c->answer, &c->why);
        (void)snprintf(text, sizeof text, "\"seq\":%llu,", (unsigned long long)c->answer.seq);
        c->unrecorded += log_holds(c->rig, text) ? 0 : 1;
        (void)snprintf(text, sizeof text, "\"credential\":\"%s\"", c->answer.jti);
        c->unrecorded += log_holds(c->rig, text) ? 0 : 1;
    }
    return NULL;
}

static void
the_record_is_there_before_the_answer(void **state)
{
    enum { THREADS = 16, EACH = 40 };
    struct rig *r = *state;
    struct crowd *c = mem_new(THREADS, sizeof *c);

    start_and_listen(r);
    for (size_t i = 0; i < THREADS; i++) {
        c[i].rig = r;
        c[i].n = EACH;
        scratch_ask(&c[i].ask, MINT_ACCESS);
        assert_int_equal(pthread_create(&c[i].thread, NULL, ask_and_look, &c[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(c[i].thread, NULL), 0);
        fine(c[i].err, &c[i].why);
        assert_int_equal(c[i].unrecorded, 0);
    }
    mem_free(c);
}

static void
notes_are_on_record(void **state)
{
    struct rig *r = *state;
    struct mint_record record = {.action = ACTION_DENIED};

    start_and_listen(r);
    SCRATCH_SET(record.actor, "admin:eve");
    SCRATCH_SET(record.object, "policy/summarizer/8");
    SCRATCH_SET(record.reasons, "quote.nonce quote.pcr");
    fine(mint_note(r->mint, &record, &r->why), &r->why);
    assert_true(log_holds(r, "\"action\":\"denied\",\"kind\":\"note\",\"actor\":\"admin:eve\","
                             "\"object\":\"policy/summarizer/8\","
                             "\"reasons\":[\"quote.nonce\",\"quote.pcr\"]}"));
}

static void
a_restart_keeps_keys_and_goes_on_counting(void **state)
{
    struct rig *r = *state;
    char kid[KID_MAX];
    uint8_t key[32];
    uint64_t seq = 0;

    start(r);
    SCRATCH_SET(kid, mint_public(r->mint)->token_kid);
    memcpy(key, mint_public(r->mint)->challenge_key, sizeof key);
    scratch_ask(&r->ask, MINT_ACCESS);
    fine(ask(r), &r->why);
    seq = r->answer.seq;
    mint_stop(&r->mint);
    start(r);
    assert_string_equal(mint_public(r->mint)->token_kid, kid);
    assert_memory_equal(mint_public(r->mint)->challenge_key, key, sizeof key);
    fine(ask(r), &r->why);
    assert_int_equal(r->answer.seq, seq + 2); /* one start between them */
}

static bool
checkpoint_of(const struct rig *r, uint64_t size)
{
    struct slice note = scratch_read(r->audit, "checkpoint");
    char head[64];
    bool same = false;

    (void)snprintf(head, sizeof head, "broker.example/log\n%llu\n", (unsigned long long)size);
    same = note.len > strlen(head) && memcmp(note.ptr, head, strlen(head)) == 0;
    scratch_free(note);
    return same;
}

static void
checkpoints_follow_within_their_second_and_at_the_end(void **state)
{
    struct rig *r = *state;

    start(r);
    assert_true(checkpoint_of(r, 1));
    scratch_ask(&r->ask, MINT_NOTE);
    fine(ask(r), &r->why);
    for (int i = 0; i < 300 && !checkpoint_of(r, 2); i++) {
        (void)usleep(10000);
    }
    assert_true(checkpoint_of(r, 2));
    fine(ask(r), &r->why);
    mint_stop(&r->mint);
    assert_true(checkpoint_of(r, 3));
}

static void
dies_with(struct rig *r, const char *reason)
{
    const char *said = "";
    int64_t begun = clock_mono_ms();

    refused(ask(r), ERR_UNABLE, &r->why, reason);
    assert_int_equal(r->answer.text_len, 0);
    assert_false(mint_alive(r->mint, &said));
    assert_non_null(strstr(said, reason));
    refused(ask(r), ERR_UNABLE, &r->why, reason);
    assert_true(clock_mono_ms() - begun < 2000);      /* at once, not after MINT_WAIT_MS */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and no zombie is left */
}

static void
killed(struct rig *r)
{
    scratch_ask(&r->ask, MINT_ACCESS);
    fine(ask(r), &r->why);
    r->answer.text_len = 0;
    assert_int_equal(kill(mint_public(r->mint)->pid, SIGKILL), 0);
    dies_with(r, "mint killed by signal 9");
    mint_stop(&r->mint);
    start(r);
    fine(ask(r), &r->why);
}

static void
a_killed_mint_is_noticed_at_once(void **state)
{
    start_and_listen(*state);
    killed(*state);
}

static void
a_killed_mint_is_noticed_without_a_listener(void **state)
{
    start(*state);
    killed(*state);
}

static void
a_failed_fdatasync_ends_the_mint(void **state)
{
    struct rig *r = *state;

    start_and_listen(r);
    scratch_ask(&r->ask, MINT_ACCESS);
    *sync_does = SYNC_FAILS;
    dies_with(r, "the audit log could not be written");
    *sync_does = SYNC_WORKS;
    mint_stop(&r->mint);
    start(r);
    fine(ask(r), &r->why);
}

static void
a_full_disk_ends_the_mint(void **state)
{
    const struct rlimit limit = {.rlim_cur = 600, .rlim_max = 600};
    struct rig *r = *state;

    start_and_listen(r);
    scratch_ask(&r->ask, MINT_ACCESS);
    assert_int_equal(prlimit(mint_public(r->mint)->pid, RLIMIT_FSIZE, &limit, NULL), 0);
    dies_with(r, "the audit log could not be written");
    mint_stop(&r->mint);
    start(r); /* the torn record is cut, and what was cut is said and recorded */
    assert_non_null(strstr(why_text(&r->why), "audit log: torn tail of "));
    assert_true(log_holds(r, "\"reasons\":[\"log.tail-cut:"));
    fine(ask(r), &r->why);
}

/* Whatever makes the mint do a thing that it never does: it is dead before the thing is done. */
static void
breaking_out_of_the_sandbox_ends_the_mint(void **state)
{
    struct rig *r = *state;

    start_and_listen(r);
    scratch_ask(&r->ask, MINT_ACCESS);
    *sync_does = SYNC_BREAKS_OUT;
    dies_with(r, "mint killed by signal 31 (a system call that its sandbox forbids)");
    *sync_does = SYNC_WORKS;
}

static void
an_answer_that_comes_too_late_reaches_nobody(void **state)
{
    struct rig *r = *state;
    pid_t pid = 0;
    char first[ID_MAX];

    start_and_listen(r);
    pid = mint_public(r->mint)->pid;
    scratch_ask(&r->ask, MINT_ACCESS);
    fine(ask(r), &r->why);
    SCRATCH_SET(first, r->answer.jti);
    r->mint->wait_ms = 50;
    r->answer = (struct mint_answer){0};
    assert_int_equal(kill(pid, SIGSTOP), 0);
    refused(ask(r), ERR_UNABLE, &r->why, "did not answer within 50 ms");
    r->mint->wait_ms = MINT_WAIT_MS;
    assert_int_equal(kill(pid, SIGCONT), 0);
    for (int i = 0; i < 20; i++) {
        fine(ask(r), &r->why);
        assert_string_not_equal(r->answer.jti, first);
    }
    assert_int_equal(r->mint->free_n, PAIR_WAITING);
}

static void *
note_once(void *arg)
{
    struct crowd *c = arg;

    c->err = mint_ask(c->rig->mint, &c->ask, &c->answer, &c->why);
    return NULL;
}

static size_t
places_left(struct mint *m)
{
    size_t n = 0;

    (void)pthread_mutex_lock(&m->lock);
    n = m->free_n;
    (void)pthread_mutex_unlock(&m->lock);
    return n;
}

static void
more_than_may_wait_are_refused_as_busy(void **state)
{
    struct rig *r = *state;
    struct crowd *c = mem_new(PAIR_WAITING, sizeof *c);
    pthread_attr_t small;
    pid_t pid = 0;

    start_and_listen(r);
    pid = mint_public(r->mint)->pid;
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 128 << 10), 0);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    for (size_t i = 0; i < PAIR_WAITING; i++) {
        c[i].rig = r;
        scratch_ask(&c[i].ask, MINT_NOTE);
        assert_int_equal(pthread_create(&c[i].thread, &small, note_once, &c[i]), 0);
    }
    for (int i = 0; i < 500 && places_left(r->mint) > 0; i++) {
        (void)usleep(10000);
    }
    assert_int_equal(places_left(r->mint), 0);
    scratch_ask(&r->ask, MINT_NOTE);
    refused(ask(r), ERR_BUSY, &r->why, "1024 asks are waiting already");
    assert_int_equal(kill(pid, SIGCONT), 0);
    for (size_t i = 0; i < PAIR_WAITING; i++) {
        assert_int_equal(pthread_join(c[i].thread, NULL), 0);
        fine(c[i].err, &c[i].why);
    }
    fine(ask(r), &r->why);
    (void)pthread_attr_destroy(&small);
    mem_free(c);
}

static void
does_not_start(struct rig *r, const char *reason)
{
    r->why.n = 0;
    refused(mint_start(&r->conf, &r->mint, &r->why), ERR_UNABLE, &r->why, reason);
    assert_null(r->mint);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
failures_to_start_travel_as_text(void **state)
{
    struct rig *r = *state;
    char path[SCRATCH_NAME];
    struct slice log = {0};

    start(r);
    scratch_ask(&r->ask, MINT_NOTE);
    fine(ask(r), &r->why);
    mint_stop(&r->mint);
    (void)snprintf(path, sizeof path, "%s/keys/token-es256.pem", r->path);
    assert_int_equal(chmod(path, 0640), 0);
    does_not_start(r, "token-es256.pem is open to group or others");
    assert_int_equal(chmod(path, 0600), 0);
    SCRATCH_SET(r->conf.log_origin, "no blanks please");
    does_not_start(r, "key name holds byte 0x20");
    SCRATCH_SET(r->conf.log_origin, "broker.example/log");
    log = scratch_read(r->audit, "log");
    scratch_write(r->audit, "log", (struct slice){log.ptr, log.len - 3}, 0640);
    does_not_start(r, "1 records are sound, the signed checkpoint covers 2");
    scratch_write(r->audit, "log", log, 0640);
    scratch_free(log);
    start(r);
    mint_stop(&r->mint);
    SCRATCH_SET(r->conf.data_dir, "/nonexistent/countersign/data");
    does_not_start(r, "cannot make /nonexistent/countersign/data");
}

static void
stopping_twice_or_nothing_is_harmless(void **state)
{
    struct rig *r = *state;
    struct mint *nothing = NULL;

    mint_stop(&nothing);
    start_and_listen(r);
    mint_stop(&r->mint);
    assert_null(r->mint);
    mint_stop(&r->mint);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tokens_verify_by_the_published_key),
        TEST(the_longest_ask),
        TEST(refusals_come_with_their_rule_and_are_on_record),
        TEST(the_record_is_there_before_the_answer),
        TEST(notes_are_on_record),
        TEST(a_restart_keeps_keys_and_goes_on_counting),
        TEST(checkpoints_follow_within_their_second_and_at_the_end),
        TEST(a_killed_mint_is_noticed_at_once),
        TEST(a_killed_mint_is_noticed_without_a_listener),
        TEST(a_failed_fdatasync_ends_the_mint),
        TEST(a_full_disk_ends_the_mint),
        TEST(breaking_out_of_the_sandbox_ends_the_mint),
        TEST(an_answer_that_comes_too_late_reaches_nobody),
        TEST(more_than_may_wait_are_refused_as_busy),
        TEST(failures_to_start_travel_as_text),
        TEST(stopping_twice_or_nothing_is_harmless),
    };

    sync_does =
        mmap(NULL, sizeof *sync_does, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sync_does == MAP_FAILED) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
