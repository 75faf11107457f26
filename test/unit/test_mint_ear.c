/* SPDX-License-Identifier: Apache-2.0 */
/* test_mint_ear.c - who takes the mint's answers from the socket: the listener while several ask, who asks alone while it is
 * parked; and that whoever it is, nobody waits in vain and a mint's end is noticed. */
#include "test/unit/mint_rig.h"

#include <pthread.h>
#include <signal.h>

#include "broker/mint/pair.h"

enum { STEPS = 2000, STEP_US = 1000, CROWD = 8, EACH = 300 };

static enum pair_ear
ear(struct mint *m)
{
    (void)pthread_mutex_lock(&m->lock);
    enum pair_ear who = m->ear;

    (void)pthread_mutex_unlock(&m->lock);
    return who;
}

static void
comes_to(struct mint *m, enum pair_ear who)
{
    for (int i = 0; i < STEPS && ear(m) != who; i++) {
        (void)usleep(STEP_US);
    }
    assert_int_equal(ear(m), who);
}

/* As many lone asks as it takes the listener to park: a few more than PAIR_QUIET. */
static void
park(struct rig *r)
{
    start_and_listen(r);
    assert_int_equal(ear(r->mint), EAR_LISTENER);
    scratch_ask(&r->ask, MINT_NOTE);
    for (int i = 0; i < STEPS && ear(r->mint) != EAR_NOBODY; i++) {
        fine(ask(r), &r->why);
    }
    assert_int_equal(ear(r->mint), EAR_NOBODY);
}

struct asker {
    struct rig *rig;
    pthread_t thread;
    struct mint_ask ask;
    struct mint_answer answer;
    struct why why;
    enum err err;
};

static void *
ask_once(void *arg)
{
    struct asker *a = arg;

    a->err = mint_ask(a->rig->mint, &a->ask, &a->answer, &a->why);
    return NULL;
}

static struct asker *
asker_start(struct rig *r, void *(*run)(void *))
{
    struct asker *a = mem_new(1, sizeof *a);

    a->rig = r;
    scratch_ask(&a->ask, MINT_NOTE);
    assert_int_equal(pthread_create(&a->thread, NULL, run, a), 0);
    return a;
}

static void
asker_end(struct asker *a, enum err err, const char *reason)
{
    assert_int_equal(pthread_join(a->thread, NULL), 0);
    if (a->err != err || strstr(why_text(&a->why), reason) == NULL) {
        fail_msg("%d %s", (int)a->err, why_text(&a->why));
    }
    mem_free(a);
}

static void
nothing_is_left(struct mint *m)
{
    assert_int_equal(atomic_load(&m->unanswered), 0);
    assert_int_equal(m->free_n, PAIR_WAITING);
}

static void
who_asks_alone_takes_its_own_answer(void **state)
{
    struct rig *r = *state;

    park(r);
    for (int i = 0; i < 50; i++) {
        fine(ask(r), &r->why);
        assert_int_equal(ear(r->mint), EAR_NOBODY); /* the listener was not called */
    }
    nothing_is_left(r->mint);
}

static void
an_end_is_noticed_while_nobody_asks(void **state)
{
    struct rig *r = *state;
    const char *reason = "";

    park(r);
    assert_int_equal(kill(mint_public(r->mint)->pid, SIGKILL), 0);
    for (int i = 0; i < STEPS && mint_alive(r->mint, NULL); i++) {
        (void)usleep(STEP_US);
    }
    assert_false(mint_alive(r->mint, &reason));
    assert_string_equal(reason, "mint killed by signal 9");
    refused(ask(r), ERR_UNABLE, &r->why, "mint killed by signal 9");
    nothing_is_left(r->mint);
}

static void
an_end_is_noticed_by_who_asks_alone(void **state)
{
    struct rig *r = *state;
    int64_t begun = 0;

    park(r);
    assert_int_equal(kill(mint_public(r->mint)->pid, SIGSTOP), 0);
    struct asker *a = asker_start(r, ask_once);

    comes_to(r->mint, EAR_ASKER);
    begun = clock_mono_ms();
    assert_int_equal(kill(mint_public(r->mint)->pid, SIGKILL), 0);
    asker_end(a, ERR_UNABLE, "mint killed by signal 9");
    assert_true(clock_mono_ms() - begun < MINT_WAIT_MS / 2);
    assert_false(mint_alive(r->mint, NULL));
    nothing_is_left(r->mint);
}

/* One gives up while another waits: the listener goes on for that one. */
static void
who_leaves_others_waiting_calls_the_listener(void **state)
{
    struct rig *r = *state;
    pid_t pid = 0;

    park(r);
    pid = mint_public(r->mint)->pid;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    r->mint->wait_ms = 300;
    struct asker *first = asker_start(r, ask_once);

    comes_to(r->mint, EAR_ASKER);
    r->mint->wait_ms = MINT_WAIT_MS;
    struct asker *second = asker_start(r, ask_once);

    asker_end(first, ERR_UNABLE, "mint did not answer within ");
    assert_int_equal(ear(r->mint), EAR_LISTENER);
    assert_int_equal(kill(pid, SIGCONT), 0);
    asker_end(second, ERR_OK, "");
    nothing_is_left(r->mint);
}

/* Who takes its own answer takes those of others that come with it. */
static void
who_asks_first_hands_out(void **state)
{
    struct rig *r = *state;
    struct asker *a[CROWD];
    pid_t pid = 0;

    park(r);
    pid = mint_public(r->mint)->pid;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    for (size_t i = 0; i < CROWD; i++) {
        a[i] = asker_start(r, ask_once);
        comes_to(r->mint, EAR_ASKER);
    }
    assert_int_equal(kill(pid, SIGCONT), 0);
    for (size_t i = 0; i < CROWD; i++) {
        asker_end(a[i], ERR_OK, "");
    }
    nothing_is_left(r->mint);
}

/* Pauses of their own length, so that the ear goes round. */
static void *
ask_often(void *arg)
{
    struct asker *a = arg;
    unsigned pause = (unsigned)(uintptr_t)a % 997;

    for (int i = 0; i < EACH && a->err == ERR_OK; i++) {
        (void)ask_once(a);
        pause = (pause * 31 + 7) % 997;
        (void)usleep(i % 64 < 32 ? pause : 0);
    }
    return NULL;
}

static void
askers_come_and_go(void **state)
{
    struct rig *r = *state;
    struct asker *a[CROWD];

    park(r);
    for (size_t i = 0; i < CROWD; i++) {
        a[i] = asker_start(r, ask_often);
    }
    for (size_t i = 0; i < CROWD; i++) {
        asker_end(a[i], ERR_OK, "");
    }
    nothing_is_left(r->mint);
    fine(ask(r), &r->why);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(who_asks_alone_takes_its_own_answer),
        TEST(an_end_is_noticed_while_nobody_asks),
        TEST(an_end_is_noticed_by_who_asks_alone),
        TEST(who_leaves_others_waiting_calls_the_listener),
        TEST(who_asks_first_hands_out),
        TEST(askers_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
