/* SPDX-License-Identifier: Apache-2.0 */
/* powerloss_sqlite.c - what the ledger holds when the power goes.
 *
 * Sixteen threads write to a ledger whose every write and sync is written down (crash_vfs.h).
 * Then, for hundreds of moments, the files are made as a disk may hold them that lost
 * un-synced sectors at random; the ledger must open, be whole, and have everything that it had
 * acknowledged by then. The same with synchronous=NORMAL and OFF must lose, else nothing is shown.
 * Method and earlier figures: spec/reliability.md section 5. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/store/sqlite_internal.h"
#include "test/fault/crash_vfs.h"

enum { WRITERS = 16, WRITES = 100, POINTS = 300, CONTROL_POINTS = 60, NOW = 1790000000 };

struct bench {
    struct crash_diary diary;
    struct store *s;
    char folder[64];
    char path[128];  /* the ledger that is written down */
    char after[128]; /* the ledger that is made again */
    size_t passed, failed;
};

struct writer_arg {
    struct bench *b;
    size_t i;
    size_t refused;
};

static void
check(struct bench *b, bool good, const char *what)
{
    (void)printf("%s %s\n", good ? "ok    " : "FAILED", what);
    b->passed += good;
    b->failed += !good;
}

static void
name_of(int64_t op, char id[ID_MAX])
{
    (void)snprintf(id, ID_MAX, "sb-%08lld", (long long)op);
}

static enum err
admit(struct store *s, int64_t op, struct why *why)
{
    struct verdict_row v = {.at = NOW, .outcome = "accept", .policy = "p", .findings = "[]"};
    struct sandbox_row row = {.state = SANDBOX_LIVE,
                              .policy = "p",
                              .jkt = "j",
                              .created = NOW,
                              .lease_until = NOW,
                              .hard_until = NOW,
                              .collateral_until = INT64_MAX};

    name_of(op, row.id);
    memcpy(v.sandbox, row.id, sizeof v.sandbox);
    (void)snprintf(v.id, sizeof v.id, "vd-%08lld", (long long)op);
    memcpy(row.verdict, v.id, sizeof row.verdict);
    return s->ops->attest_put(s, slice_text(row.id), NOW, &v, &row, NULL, 0, why);
}

static void *
writer_run(void *arg)
{
    struct writer_arg *w = arg;

    for (size_t k = 0; k < WRITES; k++) {
        struct why why = {0};
        int64_t op = (int64_t)(w->i * WRITES + k);

        if (admit(w->b->s, op, &why) != ERR_OK) {
            w->refused++;
            continue;
        }
        crash_note(&w->b->diary,
                   (struct crash_event){.kind = CRASH_ACK, .file = CRASH_FILES, .ack = op});
    }
    return NULL;
}

/* All writers to their end; how many writes were refused. */
static size_t
write_all(struct bench *b)
{
    struct writer_arg arg[WRITERS];
    pthread_t thread[WRITERS];
    size_t refused = 0;

    for (size_t i = 0; i < WRITERS; i++) {
        arg[i] = (struct writer_arg){b, i, 0};
        if (pthread_create(&thread[i], NULL, writer_run, &arg[i]) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < WRITERS; i++) {
        (void)pthread_join(thread[i], NULL);
        refused += arg[i].refused;
    }
    return refused;
}

static void
clean(const char *path)
{
    static const char *const suffix[] = {"", "-wal", "-shm"};
    char name[160];

    for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, suffix[i]);
        (void)unlink(name);
    }
}

static bool
open_ledger(struct bench *b, const char *synchronous)
{
    struct sqlite_options how = {.vfs = "crash", .synchronous = synchronous};
    struct why why = {0};

    clean(b->path);
    crash_forget(&b->diary);
    if (store_open_sqlite_with(b->path, &how, &b->s, &why) != ERR_OK) {
        (void)printf("%s\n", why_text(&why));
        return false;
    }
    return true;
}

static void
put_file(const char *path, const char *suffix, const struct crash_image *image)
{
    char name[160];
    size_t done = 0;

    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    while (fd >= 0 && done < image->len) {
        ssize_t n = write(fd, image->bytes + done, image->len - done);

        if (n <= 0) {
            abort();
        }
        done += (size_t)n;
    }
    (void)close(fd);
}

static int
first_column(void *out, int n, char **text, char **names)
{
    (void)n;
    (void)names;
    (void)snprintf(out, 64, "%s", text[0]);
    return 0;
}

static bool
integrity_ok(const char *path)
{
    sqlite3 *db = NULL;
    char answer[64] = "";
    char orphan[64] = "";
    int rc = sqlite3_open(path, &db);

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, "PRAGMA integrity_check", first_column, answer, NULL);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, "PRAGMA foreign_key_check", first_column, orphan, NULL);
    }
    (void)sqlite3_close(db);
    return rc == SQLITE_OK && strcmp(answer, "ok") == 0 && orphan[0] == '\0';
}

struct loss {
    size_t broken; /* points at which the ledger did not open or was not whole */
    size_t losing; /* points at which something acknowledged was missing */
    size_t lost;   /* most missing at one point */
    size_t acknowledged;
};

/* Acknowledged operations before event `to` that the ledger does not have. */
static size_t
count_lost(const struct bench *b, struct store *s, size_t to, size_t *acknowledged)
{
    size_t lost = 0;

    *acknowledged = 0;
    for (size_t i = 0; i < to; i++) {
        struct sandbox_row row;
        struct why why = {0};
        char id[ID_MAX];

        if (b->diary.event[i].kind != CRASH_ACK) {
            continue;
        }
        name_of(b->diary.event[i].ack, id);
        lost += s->ops->sandbox_get(s, id, &row, &why) != ERR_OK;
        ++*acknowledged;
    }
    return lost;
}

static void
lose_power(struct bench *b, struct crash_image sure[CRASH_FILES], size_t to, unsigned *seed,
           struct loss *loss)
{
    static const char *const suffix[CRASH_FILES] = {"", "-wal"};
    struct store *s = NULL;
    struct why why = {0};
    size_t acknowledged = 0;

    clean(b->after);
    for (int file = 0; file < CRASH_FILES; file++) {
        image_advance(&sure[file], &b->diary, file, to);
        struct crash_image left = image_after_loss(&sure[file], &b->diary, file, to, seed);

        put_file(b->after, suffix[file], &left);
        mem_free(left.bytes);
    }
    if (store_open_sqlite(b->after, &s, &why) != ERR_OK || !integrity_ok(b->after)) {
        loss->broken++;
        store_close(&s);
        return;
    }
    size_t lost = count_lost(b, s, to, &acknowledged);

    loss->losing += lost > 0;
    loss->lost = lost > loss->lost ? lost : loss->lost;
    loss->acknowledged += acknowledged;
    store_close(&s);
}

static int
compare(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;

    return (x > y) - (x < y);
}

/* Power loss at n random moments between `from` and the end of the diary. */
static struct loss
lose_power_often(struct bench *b, size_t from, size_t n, unsigned *seed)
{
    struct crash_image sure[CRASH_FILES] = {{NULL, 0, 0}};
    size_t *point = mem_new(n, sizeof *point);
    struct loss loss = {0};

    for (size_t i = 0; i < n; i++) {
        point[i] = from + (size_t)rand_r(seed) % (b->diary.n + 1 - from);
    }
    qsort(point, n, sizeof *point, compare);
    for (size_t i = 0; i < n; i++) {
        lose_power(b, sure, point[i], seed, &loss);
    }
    for (int file = 0; file < CRASH_FILES; file++) {
        mem_free(sure[file].bytes);
    }
    mem_free(point);
    return loss;
}

static size_t
count_events(const struct crash_diary *d, int file, enum crash_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++) {
        n += d->event[i].file == file && d->event[i].kind == kind;
    }
    return n;
}

static void
full_loses_nothing(struct bench *b, unsigned *seed)
{
    if (!open_ledger(b, "FULL")) {
        check(b, false, "synchronous=FULL: the ledger opens");
        return;
    }
    size_t from = b->diary.n;
    size_t refused = write_all(b);
    size_t syncs = b->diary.syncs;
    struct loss loss = lose_power_often(b, from, POINTS, seed);

    (void)printf(
        "FULL: %d writes, %zu syncs of the log, %zu checkpoints; %d losses of power, mean %zu "
        "acknowledged: broken %zu, losing %zu\n",
        WRITERS * WRITES, syncs, count_events(&b->diary, 0, CRASH_SYNC), POINTS,
        loss.acknowledged / POINTS, loss.broken, loss.losing);
    check(b, refused == 0, "every write is acknowledged");
    check(b, count_events(&b->diary, 0, CRASH_SYNC) > 0, "checkpoints happened meanwhile");
    check(b, syncs > 0 && syncs < (size_t)WRITERS * WRITES / 2, "one sync serves several writers");
    check(b, loss.broken == 0, "the ledger opens and is whole at every point");
    check(b, loss.losing == 0 && loss.acknowledged > POINTS, "nothing acknowledged is lost");
    store_close(&b->s);
}

/* The controls: when too little is synced, this very test must see the loss. */
static struct loss
lose_with(struct bench *b, const char *synchronous, unsigned *seed)
{
    struct loss loss = {0};

    if (!open_ledger(b, synchronous)) {
        return loss;
    }
    size_t from = b->diary.n;

    (void)write_all(b);
    loss = lose_power_often(b, from, CONTROL_POINTS, seed);
    (void)printf("%s: %d losses of power: broken %zu, losing %zu, up to %zu at once\n", synchronous,
                 CONTROL_POINTS, loss.broken, loss.losing, loss.lost);
    store_close(&b->s);
    return loss;
}

static void
less_than_full_loses(struct bench *b, unsigned *seed)
{
    struct loss normal = lose_with(b, "NORMAL", seed);
    struct loss off = lose_with(b, "OFF", seed);

    check(b, normal.broken == 0 && normal.losing > CONTROL_POINTS / 4,
          "synced at checkpoints only, the ledger stays whole and loses what it acknowledged");
    check(b, off.broken > CONTROL_POINTS / 4, "never synced, it does not even stay whole");
}

static size_t
count_missing(struct bench *b, const char *path)
{
    struct store *s = NULL;
    struct why why = {0};
    size_t acknowledged = 0;
    size_t missing = SIZE_MAX;

    if (store_open_sqlite(path, &s, &why) == ERR_OK) {
        missing = count_lost(b, s, b->diary.n, &acknowledged);
    }
    store_close(&s);
    return acknowledged == 0 ? SIZE_MAX : missing;
}

/* A sync that fails: its batch is refused, and so is all that follows, until a restart finds
 * what was acknowledged. */
static void
failed_sync_is_the_end(struct bench *b)
{
    struct why why = {0};

    if (!open_ledger(b, "FULL")) {
        check(b, false, "the ledger opens before a sync fails");
        return;
    }
    b->diary.fail_sync = b->diary.syncs + 20;
    size_t refused = write_all(b);
    enum err ping = b->s->ops->ping(b->s, &why);

    check(b, refused > 0, "a failed sync refuses");
    check(b, ping == ERR_IO && strstr(why_text(&why), "a sync failed; restart") != NULL,
          "ping says that the ledger needs a restart");
    check(b, admit(b->s, 999999, &why) == ERR_IO, "later writes are refused too");
    check(b, count_events(&b->diary, CRASH_FILES, CRASH_ACK) + refused == (size_t)WRITERS * WRITES,
          "each write was either acknowledged or refused");
    store_close(&b->s);
    check(b, count_missing(b, b->path) == 0, "after a restart all that was acknowledged is there");
}

int
main(void)
{
    struct bench *b = mem_new(1, sizeof *b);
    unsigned seed = 20261124;

    (void)snprintf(b->folder, sizeof b->folder, "/tmp/countersign-powerloss-XXXXXX");
    if (mkdtemp(b->folder) == NULL) {
        perror(b->folder);
        return 1;
    }
    (void)snprintf(b->path, sizeof b->path, "%s/ledger.db", b->folder);
    (void)snprintf(b->after, sizeof b->after, "%s/after.db", b->folder);
    crash_register(&b->diary);
    full_loses_nothing(b, &seed);
    less_than_full_loses(b, &seed);
    failed_sync_is_the_end(b);
    clean(b->path);
    clean(b->after);
    (void)rmdir(b->folder);
    (void)printf("%zu passed, %zu failed\n", b->passed, b->failed);
    return b->failed == 0 ? 0 : 1;
}
