/* SPDX-License-Identifier: Apache-2.0 */
/* powerloss_log.c - the power fails at a random moment: does the audit log still hold every
 * record that somebody was told about?
 *
 * The mint's own log code writes batches; every write and every fdatasync that it makes is
 * recorded, because this program's pwrite() and fdatasync() come before the C library's.  Then,
 * for many moments, a disk is made up: what was synced by then is whole, of what was written
 * since each 512-byte sector is kept or lost by chance.  The log is opened on that disk and has
 * to hold every acknowledged record, byte for byte, cut what follows, and go on.  The run is long
 * enough for the log to be extended by zeros: those writes are torn like all others, and moments
 * before that, in it and after it are all among those that are tried.
 *
 * The control does the same as if fdatasync() did nothing.  It has to lose records at most
 * moments: a test that cannot fail shows nothing.  And where a checkpoint had been published over
 * what is lost, the log must refuse to open.
 *
 *     powerloss_log [SEED]
 *
 * Limits: order is kept within the one file; creation and rename of files are not modelled.
 * Source: spec/reliability.md section 5. */
#include "broker/mint/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/mem.h"

enum {
    POINTS = 500,
    CONTROL_POINTS = 100,
    BATCHES = 180,
    SECTOR = 512,
    OPS_MAX = 4 * BATCHES + 64, /* room is made by more than one write */
    IMAGE_MAX = 4 << 20,
    PUBLISH_EVERY = 7, /* batches between two checkpoints */
};

/* What the log has asked of the disk, in order. */
struct op {
    bool sync;
    size_t offset;
    size_t len;
    uint8_t *bytes;   /* of a write */
    uint64_t acked;   /* records acknowledged once this is done */
    uint64_t covered; /* of them by a checkpoint */
};

struct recorder {
    bool on;
    size_t n;
    uint64_t acked;
    uint64_t covered;
    struct op op[OPS_MAX];
};

static struct recorder rec; /* interposed functions have no argument to carry it in */

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    if (rec.on && rec.n < OPS_MAX) {
        struct op *op = &rec.op[rec.n++];

        *op = (struct op){.offset = (size_t)offset, .len = len, .bytes = mem_new(len, 1)};
        memcpy(op->bytes, bytes, len);
    }
    return syscall(SYS_pwrite64, fd, bytes, len, offset);
}

int
fdatasync(int fd)
{
    if (rec.on && rec.n < OPS_MAX) {
        rec.op[rec.n++] = (struct op){.sync = true};
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static void
die(const char *doing, const struct why *why)
{
    (void)fprintf(stderr, "powerloss_log: %s: %s\n", doing, why == NULL ? "" : why_text(why));
    exit(1);
}

static unsigned
chance(unsigned below)
{
    return (unsigned)random() % below;
}

/* The entry of a record is known from its number alone. */
static size_t
entry_of(uint64_t seq, uint8_t dst[TLOG_ENTRY_MAX])
{
    size_t len = 200 + (size_t)(seq * 7919 % 1500);
    int head = snprintf((char *)dst, TLOG_ENTRY_MAX, "{\"v\":1,\"seq\":%llu,\"x\":\"",
                        (unsigned long long)seq);

    memset(dst + head, 'a' + (int)(seq % 26), len - (size_t)head - 2);
    memcpy(dst + len - 2, "\"}", 2);
    return len;
}

/* Records that came back, each compared. */
static enum err
visit(void *ctx, struct slice entry, struct why *why)
{
    uint64_t *seen = ctx;
    uint8_t text[TLOG_ENTRY_MAX];
    size_t len = entry_of(*seen, text);

    if (!slice_same(entry, (struct slice){text, len})) {
        return why_add(why, ERR_BUG, "record %llu came back changed", (unsigned long long)*seen);
    }
    ++*seen;
    return ERR_OK;
}

static int
folder_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        die("open folder", NULL);
    }
    return fd;
}

/* The run that is recorded: batches of 1 to 40 records, a checkpoint now and then. */
static void
write_batches(int dir)
{
    AUTO(log_free) struct log *l = NULL;
    const struct log_visitor visitor = {visit, &(uint64_t){0}};
    struct log_tail tail = {0};
    struct why why = {0};
    uint8_t entry[TLOG_ENTRY_MAX];

    if (log_open(dir, &l, &why) != ERR_OK || log_scan(l, 0, &visitor, &tail, &why) != ERR_OK) {
        die("first start", &why);
    }
    rec.on = true;
    for (int b = 0; b < BATCHES; b++) {
        for (unsigned i = chance(b % 3 == 0 ? 40 : 6) + 1; i > 0; i--) {
            size_t len = entry_of(log_next(l), entry);

            log_append(l, 1795543727000, (struct slice){entry, len});
        }
        if (log_commit(l, &why) != ERR_OK) {
            die("commit", &why);
        }
        rec.acked = log_next(l);
        rec.covered = b % PUBLISH_EVERY == PUBLISH_EVERY - 1 ? rec.acked : rec.covered;
        rec.op[rec.n - 1].acked = rec.acked;
        rec.op[rec.n - 1].covered = rec.covered;
    }
    rec.on = false;
}

struct disk {
    uint8_t *bytes; /* IMAGE_MAX */
    size_t len;
};

static void
disk_write(struct disk *d, size_t offset, const uint8_t *bytes, size_t len)
{
    if (offset + len > IMAGE_MAX) {
        die("image too small", NULL);
    }
    memcpy(d->bytes + offset, bytes, len);
    d->len = offset + len > d->len ? offset + len : d->len;
}

/* A write that was not synced: sector by sector it reached the disk or not. */
static void
disk_tear(struct disk *d, const struct op *op)
{
    size_t at = op->offset;
    size_t end = op->offset + op->len;
    unsigned keep = chance(101); /* per cent: from nearly nothing to nearly all */

    while (at < end) {
        size_t next = (at / SECTOR + 1) * SECTOR;
        size_t len = (next < end ? next : end) - at;

        if (chance(100) < keep) {
            disk_write(d, at, op->bytes + (at - op->offset), len);
        }
        at += len;
    }
}

/* The disk after the first `done` operations, when only the first `synced` of them are certain. */
static void
disk_make(struct disk *d, size_t done, size_t synced)
{
    memset(d->bytes, 0, IMAGE_MAX);
    d->len = 0;
    for (size_t i = 0; i < done; i++) {
        const struct op *op = &rec.op[i];

        if (op->sync) {
            continue;
        }
        if (i < synced) {
            disk_write(d, op->offset, op->bytes, op->len);
        } else {
            disk_tear(d, op);
        }
    }
}

static void
disk_put(int dir, const struct disk *d)
{
    int fd = openat(dir, "log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, d->bytes, d->len) != (ssize_t)d->len || close(fd) != 0) {
        die("put disk", NULL);
    }
}

struct found {
    enum err err;
    uint64_t records;
    struct log_tail tail;
    struct why why;
};

static struct found
reopen(int dir, uint64_t covered)
{
    AUTO(log_free) struct log *l = NULL;
    struct found f = {.records = 0};
    const struct log_visitor visitor = {visit, &f.records};

    f.err = log_open(dir, &l, &f.why);
    if (f.err == ERR_OK) {
        f.err = log_scan(l, covered, &visitor, &f.tail, &f.why);
    }
    return f;
}

/* After a cut the log is whole again and takes the next record. */
static void
goes_on(int dir, uint64_t records)
{
    AUTO(log_free) struct log *l = NULL;
    struct found again = reopen(dir, records);
    struct log_tail tail = {0};
    uint64_t seen = 0;
    const struct log_visitor visitor = {visit, &seen};
    uint8_t entry[TLOG_ENTRY_MAX];
    size_t len = entry_of(records, entry);

    if (again.err != ERR_OK || again.records != records || again.tail.bytes != 0) {
        die("second start after the cut", &again.why);
    }
    if (log_open(dir, &l, &again.why) != ERR_OK ||
        log_scan(l, records, &visitor, &tail, &again.why) != ERR_OK) {
        die("third start after the cut", &again.why);
    }
    log_append(l, 1795543727000, (struct slice){entry, len});
    if (log_commit(l, &again.why) != ERR_OK) {
        die("commit after the cut", &again.why);
    }
    log_free(&l);
    again = reopen(dir, records + 1);
    if (again.err != ERR_OK || again.records != records + 1) {
        die("fourth start after the cut", &again.why);
    }
}

/* Of the first `done` operations: how many are certain. */
static size_t
last_sync(size_t done)
{
    while (done > 0 && !rec.op[done - 1].sync) {
        done--;
    }
    return done;
}

/* Who had been told what when they were done: a commit that returned is an acknowledgement,
 * synced or not. */
static void
told(size_t done, uint64_t *acked, uint64_t *covered)
{
    *acked = 0;
    *covered = 0;
    for (size_t i = 0; i < done; i++) {
        *acked = rec.op[i].acked > *acked ? rec.op[i].acked : *acked;
        *covered = rec.op[i].covered > *covered ? rec.op[i].covered : *covered;
    }
}

struct tally {
    int lost;    /* moments at which an acknowledged record is gone */
    int torn;    /* moments with a tail to cut */
    int room;    /* moments with nothing but zeros after the last record */
    int refused; /* moments at which the log refuses to open */
    int reason[4];
};

static void
count_reason(struct tally *t, const char *reason)
{
    static const char *const REASONS[] = {"checksum", "magic or length", "too short"};

    t->torn++;
    for (size_t i = 0; i < 3; i++) {
        if (strstr(reason, REASONS[i]) != NULL) {
            t->reason[i]++;
            return;
        }
    }
    t->reason[3]++;
}

/* Did the start take away something that it did not call a tail? */
static bool
had_room(int dir, const struct disk *d, const struct found *f)
{
    struct stat st;

    if (fstatat(dir, "log", &st, AT_SYMLINK_NOFOLLOW) != 0) {
        die("stat", NULL);
    }
    return f->tail.bytes == 0 && (size_t)st.st_size < d->len;
}

static void
with_sync(int dir, struct disk *d, struct tally *t)
{
    for (int i = 0; i < POINTS; i++) {
        uint64_t acked = 0;
        uint64_t covered = 0;
        size_t done = 1 + chance((unsigned)rec.n);
        struct found f;

        told(done, &acked, &covered);
        disk_make(d, done, last_sync(done));
        disk_put(dir, d);
        f = reopen(dir, covered);
        t->refused += f.err != ERR_OK;
        t->lost += f.records < acked;
        if (f.err != ERR_OK) {
            (void)fprintf(stderr, "after %zu operations: %s\n", done, why_text(&f.why));
            continue;
        }
        if (f.tail.bytes > 0) {
            count_reason(t, f.tail.reason);
        }
        t->room += had_room(dir, d, &f);
        goes_on(dir, f.records);
    }
}

/* Refusals and losses are what is wanted here. */
static void
without_sync(int dir, struct disk *d, struct tally *t)
{
    for (int i = 0; i < CONTROL_POINTS; i++) {
        uint64_t acked = 0;
        uint64_t covered = 0;
        size_t done = rec.n / 4 + chance((unsigned)(rec.n - rec.n / 4));
        struct found f;

        told(done, &acked, &covered);
        disk_make(d, done, 0);
        disk_put(dir, d);
        f = reopen(dir, covered);
        t->lost += f.records < acked;
        if (f.err != ERR_OK && (f.records >= covered || f.err != ERR_UNABLE)) {
            die("control: refused for another reason", &f.why);
        }
        if (f.err == ERR_OK && f.records < covered) {
            die("control: opened below its checkpoint", NULL);
        }
        t->refused += f.err != ERR_OK;
    }
}

int
main(int argc, char **argv)
{
    char path[] = "/tmp/powerloss_log.XXXXXX";
    struct disk d = {.bytes = mem_new(IMAGE_MAX, 1)};
    struct tally real = {0};
    struct tally control = {0};
    bool good = false;
    bool fails = false; /* the control, as it has to */

    srandom(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20261124U);
    if (mkdtemp(path) == NULL) {
        die("mkdtemp", NULL);
    }

    int dir = folder_open(path);

    write_batches(dir);
    with_sync(dir, &d, &real);
    without_sync(dir, &d, &control);
    (void)printf("power loss at %d moments of %llu records: %d lose acknowledged records, "
                 "%d refused to open, %d tails cut (%d checksum, %d hole, %d short, %d other), "
                 "%d with room\n",
                 POINTS, (unsigned long long)rec.acked, real.lost, real.refused, real.torn,
                 real.reason[0], real.reason[1], real.reason[2], real.reason[3], real.room);
    (void)printf(
        "control without fdatasync at %d moments: %d lose, %d refused below a checkpoint\n",
        CONTROL_POINTS, control.lost, control.refused);
    good =
        real.lost == 0 && real.refused == 0 && real.torn > POINTS / 10 && real.room > POINTS / 10;
    fails = control.lost > CONTROL_POINTS / 2 && control.refused > 0;
    for (size_t i = 0; i < rec.n; i++) {
        mem_free(rec.op[i].bytes);
    }
    mem_free(d.bytes);
    (void)unlinkat(dir, "log", 0);
    (void)rmdir(path);
    (void)printf("%d passed, %d failed\n", good + fails, !good + !fails);
    return good && fails ? 0 : 1;
}
