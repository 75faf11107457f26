/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - asking the mint and waiting for its answer; see mint.h and pair.h. */
#include "broker/mint/pair.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "broker/mint/serve.h"
#include "common/sys.h"

enum { PLACE_BITS = 10 };

static_assert(PAIR_WAITING == 1 << PLACE_BITS, "an id holds the place in its low bits");

static enum err
cond_init(pthread_cond_t *c)
{
    pthread_condattr_t attr;
    bool good = pthread_condattr_init(&attr) == 0 &&
                pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(c, &attr) == 0;

    (void)pthread_condattr_destroy(&attr);
    return good ? ERR_OK : ERR_UNABLE;
}

enum err
pair_init(struct mint *m, struct why *why)
{
    enum err err = pthread_mutex_init(&m->lock, NULL) == 0 ? cond_init(&m->gone) : ERR_UNABLE;

    for (size_t i = 0; i < PAIR_WAITING && err == ERR_OK; i++) {
        err = sem_init(&m->wait[i].ready, 0, 0) == 0 ? ERR_OK : ERR_UNABLE;
        m->free[i] = (uint16_t)(PAIR_WAITING - 1 - i);
    }
    if (err != ERR_OK) {
        return why_add(why, ERR_UNABLE, "mint: no lock to be had");
    }
    m->free_n = PAIR_WAITING;
    m->wait_ms = MINT_WAIT_MS;
    m->locks = true;
    return ERR_OK;
}

void
pair_reason(int status, char dst[PAIR_REASON])
{
    if (WIFSIGNALED(status)) {
        (void)snprintf(dst, PAIR_REASON, "mint killed by signal %d%s", WTERMSIG(status),
                       WTERMSIG(status) == SIGSYS ? " (a system call that its sandbox forbids)"
                                                  : "");
    } else {
        (void)snprintf(dst, PAIR_REASON, "mint ended with status %d: %s", WEXITSTATUS(status),
                       serve_exit_text(WEXITSTATUS(status)));
    }
}

/* True for the one who from now on owns what waits under that id. */
static bool
claim(struct mint *m, struct pair_wait *w, unsigned long long id)
{
    if (!atomic_compare_exchange_strong(&w->id, &id, PAIR_TAKEN)) {
        return false;
    }
    (void)atomic_fetch_sub(&m->unanswered, 1);
    return true;
}

void
pair_bury(struct mint *m)
{
    int status = 0;
    pid_t got = 0;

    do {
        got = waitpid(m->pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    (void)pthread_mutex_lock(&m->lock);
    if (got == m->pid) {
        pair_reason(status, m->reason);
    } else {
        (void)snprintf(m->reason, sizeof m->reason, "mint is gone, nobody knows why");
    }
    atomic_store(&m->dead, true);
    for (size_t i = 0; i < PAIR_WAITING; i++) {
        unsigned long long id = atomic_load(&m->wait[i].id);

        if (id > PAIR_TAKEN && claim(m, &m->wait[i], id)) {
            (void)sem_post(&m->wait[i].ready); /* without an answer */
        }
    }
    (void)pthread_cond_broadcast(&m->gone);
    (void)pthread_mutex_unlock(&m->lock);
}

/* An answer whose ask has given up finds another id in its place, and is dropped. */
static void
hand_out(struct mint *m, struct slice answer)
{
    struct why why = {0};
    uint64_t id = 0;

    if (answer_id(answer, &id, &why) != ERR_OK) {
        return;
    }

    struct pair_wait *w = &m->wait[id & (PAIR_WAITING - 1)];

    if (id <= PAIR_TAKEN || !claim(m, w, id)) {
        return;
    }
    w->code = answer_decode(answer, w->out, w->why);
    atomic_store(&w->done, true);
    (void)sem_post(&w->ready);
}

bool
pair_take(struct mint *m)
{
    uint8_t buf[MESSAGE_ANSWERS_MAX];
    struct slice one = {0};
    ssize_t n = 0;

    do {
        n = recv(m->fd, buf, sizeof buf, 0);
    } while (n < 0 && errno == EINTR);

    struct slice rest = {buf, n > 0 ? (size_t)n : 0};

    while (answers_next(&rest, &one)) {
        hand_out(m, one);
    }
    return n > 0;
}

static void
ring(const struct mint *m)
{
    const uint64_t once = 1;

    (void)!write(m->bell, &once, sizeof once); /* fails only when it is ringing already */
}

/* True for the one who from now on takes datagrams. */
static bool
ear_take(struct mint *m)
{
    (void)pthread_mutex_lock(&m->lock);
    bool mine = m->ear == EAR_NOBODY;

    m->ear = mine ? EAR_ASKER : m->ear;
    (void)pthread_mutex_unlock(&m->lock);
    return mine;
}

/* The listener is called back for those who wait still, and to bury the mint. */
static void
ear_leave(struct mint *m, bool mint_gone)
{
    (void)pthread_mutex_lock(&m->lock);
    bool call = m->listening && (mint_gone || m->hung_up || atomic_load(&m->unanswered) > 0);

    m->ear = call ? EAR_LISTENER : EAR_NOBODY;
    (void)pthread_mutex_unlock(&m->lock);
    if (call) {
        ring(m);
    }
}

/* The socket was hung up.  An asker who has the ear now may still have answers to take, and calls when it leaves. */
static void
note_end(struct mint *m)
{
    (void)pthread_mutex_lock(&m->lock);
    m->hung_up = true;
    m->ear = m->ear == EAR_NOBODY ? EAR_LISTENER : m->ear;
    (void)pthread_mutex_unlock(&m->lock);
}

static bool
called_back(struct mint *m)
{
    (void)pthread_mutex_lock(&m->lock);
    bool called = m->ear == EAR_LISTENER;

    (void)pthread_mutex_unlock(&m->lock);
    return called;
}

/* Until an asker rings, or the mint has gone while nobody listens.  No datagram wakes who waits for the end of the socket only. */
static void
wait_for_call(struct mint *m)
{
    struct pollfd p[2] = {{.fd = m->bell, .events = POLLIN}, {.fd = m->fd}};
    uint64_t rung = 0;

    while (!called_back(m)) {
        if (poll(p, 2, -1) > 0 && p[1].revents != 0) {
            note_end(m);
            p[1].fd = -1; /* or it would end the wait again and again */
        }
        (void)!read(m->bell, &rung, sizeof rung);
    }
}

/* Who has just been answered may have asked again already, so one ask is quiet too; but who waits for the listener must not be
 * left to itself. */
void
pair_rest(struct mint *m)
{
    (void)pthread_mutex_lock(&m->lock);
    unsigned left = atomic_load(&m->unanswered);

    m->quiet = left <= 1 ? m->quiet + 1 : 0;
    if (m->quiet >= PAIR_QUIET && left == 0 && !m->hung_up) {
        m->ear = EAR_NOBODY;
        m->quiet = 0;
    }
    (void)pthread_mutex_unlock(&m->lock);
    wait_for_call(m);
}

static enum err
gone(const struct mint *m, struct why *why)
{
    return why_add(why, ERR_UNABLE, "%s",
                   atomic_load(&m->dead) ? m->reason : "mint: woken without an answer");
}

/* Called with the lock held. */
static enum err
place_take(struct mint *m, struct mint_answer *out, size_t *place, struct why *why)
{
    if (atomic_load(&m->dead)) {
        return gone(m, why);
    }
    if (m->free_n == 0) {
        return why_add(why, ERR_BUSY, "mint: %d asks are waiting already", PAIR_WAITING);
    }
    *place = m->free[--m->free_n];

    struct pair_wait *w = &m->wait[*place];

    atomic_store(&w->done, false);
    w->out = out;
    w->why = why;
    (void)atomic_fetch_add(&m->unanswered, 1);
    atomic_store(&w->id, ++m->asked << PLACE_BITS | *place);
    return ERR_OK;
}

static void
place_give(struct mint *m, size_t place)
{
    m->wait[place].out = NULL;
    m->wait[place].why = NULL;
    atomic_store(&m->wait[place].id, PAIR_FREE);
    m->free[m->free_n++] = (uint16_t)place;
}

/* One datagram, by the asker who has the ear.  False when it had to give it up: the mint has gone, and who buries it posts every
 * place. */
static bool
hear(struct mint *m, int64_t deadline_ms)
{
    struct pollfd p = {.fd = m->fd, .events = POLLIN};
    int64_t left = deadline_ms - clock_mono_ms();

    if (left <= 0 || poll(&p, 1, (int)left) <= 0 || pair_take(m)) {
        return true;
    }
    if (!m->listening) {
        pair_bury(m);
        return true;
    }
    ear_leave(m, true);
    return false;
}

/* True when the place was posted: answered, or the mint has gone. */
static bool
wait_posted(struct mint *m, struct pair_wait *w, int64_t deadline_ms)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000000};
    bool hears = ear_take(m);
    int rc = hears ? sem_trywait(&w->ready) : -1;

    while (rc != 0 && hears && clock_mono_ms() < deadline_ms) {
        hears = hear(m, deadline_ms);
        rc = sem_trywait(&w->ready);
    }
    if (hears) {
        ear_leave(m, false);
        return rc == 0;
    }
    while (rc != 0) {
        rc = sem_clockwait(&w->ready, CLOCK_MONOTONIC, &until);
        if (rc != 0 && errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* Who gives up must claim its own place first; if the answer has just been claimed, it is there in a moment. */
static enum err
wait_for(struct mint *m, size_t place, struct why *why)
{
    struct pair_wait *w = &m->wait[place];
    unsigned long long id = atomic_load(&w->id);
    bool posted = wait_posted(m, w, clock_mono_ms() + m->wait_ms);

    if (!posted && id > PAIR_TAKEN && claim(m, w, id)) {
        return why_add(why, ERR_UNABLE, "mint did not answer within %lld ms",
                       (long long)m->wait_ms);
    }
    while (!posted) {
        posted = sem_wait(&w->ready) == 0;
    }
    return atomic_load(&w->done) ? w->code : gone(m, why);
}

static enum err
send_ask(struct mint *m, uint64_t id, const struct mint_ask *ask, struct why *why)
{
    uint8_t text[MESSAGE_ASK_MAX];
    struct wr w = wr_init(text, sizeof text, "mint.ask");
    ssize_t put = -1;

    TRY(ask_encode(&w, id, ask, why));
    do {
        put = send(m->fd, text, w.len, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put != (ssize_t)w.len && errno != EPIPE && errno != ECONNRESET) {
        return why_add(why, ERR_UNABLE, "mint: send: %s", strerrordesc_np(errno));
    }
    return ERR_OK; /* a pair that broke is found out, with its reason, by who listens */
}

/* Send and wait, at a place that is ours. */
static enum err
ask_at(struct mint *m, size_t place, const struct mint_ask *ask, struct why *why)
{
    struct pair_wait *w = &m->wait[place];
    unsigned long long id = atomic_load(&w->id);
    enum err err = send_ask(m, id, ask, why);

    if (err == ERR_OK) {
        return wait_for(m, place, why);
    }
    (void)claim(m, w, id); /* nobody will answer it */
    return err;
}

enum err
mint_ask(struct mint *m, const struct mint_ask *ask, struct mint_answer *out, struct why *why)
{
    size_t place = 0;
    enum err err = ERR_OK;

    (void)pthread_mutex_lock(&m->lock);
    err = place_take(m, out, &place, why);
    (void)pthread_mutex_unlock(&m->lock);
    if (err != ERR_OK) {
        return err;
    }
    err = ask_at(m, place, ask, why);
    (void)pthread_mutex_lock(&m->lock);
    place_give(m, place);
    (void)pthread_mutex_unlock(&m->lock);
    return err;
}

enum err
mint_note(struct mint *m, const struct mint_record *record, struct why *why)
{
    struct mint_ask ask = {.kind = MINT_NOTE, .status_index = -1, .record = *record};
    struct mint_answer answer;

    return mint_ask(m, &ask, &answer, why);
}
