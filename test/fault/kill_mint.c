/* SPDX-License-Identifier: Apache-2.0 */
/* kill_mint.c - kill -9 at random moments, again and again on one log: whatever was handed out is
 * on record, and every start needs no hand.
 *
 * Threads ask for tokens and keep the number and jti of each that they got, until the mint is
 * killed.  Then it is started anew on the same folder.  In the end every token that anybody holds
 * must stand in the log under its number.  The control looks for a token that was never handed
 * out, and must not find it.
 *
 *     kill_mint [ROUNDS [SEED]] */
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/mint/log.h"
#include "broker/mint/mint.h"
#include "common/mem.h"

enum {
    ROUNDS = 200,
    THREADS = 4,
    HELD_MAX = 1 << 18,
    PATH_CAP = 128,
    ALIVE_MS = 30,
    LONG_EVERY = 20, /* lives; one of them is long enough for the log to be extended ahead */
    LONG_MS = 600,
};

/* A token that somebody holds. */
struct held {
    uint64_t seq;
    char jti[ID_MAX];
};

struct asker {
    pthread_t thread;
    struct mint *mint;
    struct mint_ask ask;
    struct mint_answer answer;
    struct held *held; /* HELD_MAX */
    size_t n;
};

static void
die(const char *doing, const struct why *why)
{
    (void)fprintf(stderr, "kill_mint: %s: %s\n", doing, why == NULL ? "" : why_text(why));
    exit(1);
}

static void
text_set(char *dst, size_t cap, const char *text)
{
    (void)snprintf(dst, cap, "%s", text);
}

/* Asks until the mint is gone. */
static void *
ask_on(void *arg)
{
    struct asker *a = arg;

    for (;;) {
        struct why why = {0};

        if (mint_ask(a->mint, &a->ask, &a->answer, &why) != ERR_OK) {
            return NULL;
        }
        if (a->n == HELD_MAX) {
            die("too many tokens", NULL);
        }
        a->held[a->n].seq = a->answer.seq;
        text_set(a->held[a->n].jti, ID_MAX, a->answer.jti);
        a->n++;
    }
}

static void
one_life(const struct mint_conf *conf, int alive_ms, struct asker asker[THREADS])
{
    struct mint *m = NULL;
    struct why why = {0};

    if (mint_start(conf, &m, &why) != ERR_OK || mint_listen(m, &why) != ERR_OK) {
        die("start", &why);
    }
    for (size_t i = 0; i < THREADS; i++) {
        asker[i].mint = m;
        if (pthread_create(&asker[i].thread, NULL, ask_on, &asker[i]) != 0) {
            die("thread", NULL);
        }
    }
    (void)usleep((useconds_t)(random() % (alive_ms * 1000)));
    (void)kill(mint_public(m)->pid, SIGKILL);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(asker[i].thread, NULL);
    }
    if (mint_alive(m, NULL)) {
        die("a killed mint counts as alive", NULL);
    }
    mint_stop(&m);
}

/* Did the life that has just ended leave zeros at the end of its log? */
static bool
has_room(const char *audit)
{
    char path[PATH_CAP + 8];
    uint8_t last[64] = {0};

    (void)snprintf(path, sizeof path, "%s/log", audit);

    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || lseek(fd, -(off_t)sizeof last, SEEK_END) < 0 ||
        read(fd, last, sizeof last) != (ssize_t)sizeof last) {
        die("look at the log", NULL);
    }
    (void)close(fd);
    return slice_zero((struct slice){last, sizeof last});
}

/* jti by number, out of the log. */
struct ledger {
    struct held *record; /* HELD_MAX */
    uint64_t n;
};

static enum err
visit(void *ctx, struct slice entry, struct why *why)
{
    static const char MARK[] = "\"credential\":\"";
    struct ledger *l = ctx;
    const char *at = memmem(entry.ptr, entry.len, MARK, sizeof MARK - 1);

    if (l->n == HELD_MAX) {
        return why_add(why, ERR_LIMIT, "more records than expected");
    }
    if (at != NULL) {
        at += sizeof MARK - 1;
        text_set(l->record[l->n].jti, strcspn(at, "\"") + 1, at);
    }
    l->n++;
    return ERR_OK;
}

static void
ledger_read(int dir, struct ledger *l)
{
    struct log *log = NULL;
    struct log_tail tail = {0};
    struct why why = {0};
    const struct log_visitor visitor = {visit, l};

    if (log_open(dir, &log, &why) != ERR_OK || log_scan(log, 0, &visitor, &tail, &why) != ERR_OK) {
        die("read the log", &why);
    }
    log_free(&log);
}

static bool
on_record(const struct ledger *l, const struct held *h)
{
    return h->seq < l->n && strcmp(l->record[h->seq].jti, h->jti) == 0;
}

/* Tokens that somebody holds and the log does not. */
static size_t
missing(const struct ledger *l, const struct asker asker[THREADS])
{
    size_t n = 0;

    for (size_t i = 0; i < THREADS; i++) {
        for (size_t k = 0; k < asker[i].n; k++) {
            n += on_record(l, &asker[i].held[k]) ? 0 : 1;
        }
    }
    return n;
}

static void
askers_make(struct asker asker[THREADS])
{
    for (size_t i = 0; i < THREADS; i++) {
        struct mint_ask *a = &asker[i].ask;

        *a = (struct mint_ask){.kind = MINT_ACCESS, .life_s = 300, .aud_n = 1, .status_index = -1};
        text_set(a->sub, sizeof a->sub, "sb-1");
        text_set(a->client_id, sizeof a->client_id, "summarizer");
        text_set(a->aud[0], sizeof a->aud[0], "https://files.example");
        text_set(a->jkt, sizeof a->jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        text_set(a->record.sandbox, sizeof a->record.sandbox, "sb-1");
        memset(a->record.object, 'o', sizeof a->record.object - 1); /* long records fill it soon */
        memset(a->record.session, 's', sizeof a->record.session - 1);
        memset(a->record.consent, 'c', sizeof a->record.consent - 1);
        asker[i].held = mem_new(HELD_MAX, sizeof *asker[i].held);
    }
}

static int
unlink_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

int
main(int argc, char **argv)
{
    char path[] = "/tmp/kill_mint.XXXXXX";
    char audit[PATH_CAP];
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
    struct mint_conf conf = {.issuer = "https://b.example", .log_origin = "b.example/log"};
    struct asker *asker = mem_new(THREADS, sizeof *asker);
    struct ledger ledger = {.record = mem_new(HELD_MAX, sizeof *ledger.record)};
    size_t held = 0;
    size_t lost = 0;
    long room = 0;

    srandom(argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 20261124U);
    if (mkdtemp(path) == NULL) {
        die("mkdtemp", NULL);
    }
    text_set(conf.data_dir, sizeof conf.data_dir, path);
    askers_make(asker);
    (void)snprintf(audit, sizeof audit, "%s/audit", path);
    for (long i = 0; i < rounds; i++) {
        bool is_long = i % LONG_EVERY == LONG_EVERY - 1;

        one_life(&conf, is_long ? LONG_MS : ALIVE_MS, asker);
        room += has_room(audit);
    }
    ledger_read(open(audit, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &ledger);
    for (size_t i = 0; i < THREADS; i++) {
        held += asker[i].n;
    }
    lost = missing(&ledger, asker);
    (void)printf("kill -9 in %ld lives: %zu tokens held, %zu of them without a record; the log has "
                 "%llu records; %ld lives had made room ahead\n",
                 rounds, held, lost, (unsigned long long)ledger.n, room);

    struct held never = asker[0].held[0];

    never.jti[3] = 'x';
    bool good = lost == 0 && held > (size_t)rounds && ledger.n > held &&
                (room > 0 || rounds < 2 * LONG_EVERY);
    bool control = !on_record(&ledger, &never);

    for (size_t i = 0; i < THREADS; i++) {
        mem_free(asker[i].held);
    }
    mem_free(asker);
    mem_free(ledger.record);
    (void)nftw(path, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)printf("%d passed, %d failed\n", good + control, !good + !control);
    return good && control ? 0 : 1;
}
