/* SPDX-License-Identifier: Apache-2.0 */
/* crash_vfs.h - a SQLite VFS over the ordinary one that writes down every write, truncation
 * and sync, so that what a disk may hold after a power loss at any moment can be made again.
 *
 * What it models: a write that was not synced when the power went may reach the disk, or not,
 * each sector of 512 bytes for itself. What it does not: names of files (create, rename), and
 * shared memory, which no power loss survives. */
#ifndef TEST_FAULT_CRASH_VFS_H
#define TEST_FAULT_CRASH_VFS_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

enum { CRASH_FILES = 2, CRASH_SECTOR = 512, CRASH_EVENTS = 400000 };

enum crash_kind { CRASH_WRITE, CRASH_TRUNCATE, CRASH_SYNC, CRASH_ACK };

/* One line of the diary. */
struct crash_event {
    enum crash_kind kind;
    int file;       /* 0 database, 1 write-ahead log */
    int64_t at;     /* offset, new size, or the first event that a sync does not cover */
    uint8_t *bytes; /* owned */
    size_t len;
    int64_t ack; /* CRASH_ACK: which operation was acknowledged */
};

/* A test program has one SQLite and one diary; SQLite's interface leaves no other place for it. */
struct crash_diary {
    pthread_mutex_t lock;
    struct crash_event *event;
    size_t n;
    size_t syncs;
    size_t fail_sync; /* the so-many-eth sync of the log fails; 0 for none */
    sqlite3_vfs *real;
    sqlite3_vfs vfs;
    sqlite3_io_methods methods;
};

struct crash_file {
    sqlite3_file base;
    struct crash_diary *diary;
    int file; /* -1: not in the diary */
    /* The real file follows. */
};

static sqlite3_file *
crash_real(sqlite3_file *f)
{
    return (sqlite3_file *)((struct crash_file *)f + 1);
}

static void
crash_note(struct crash_diary *d, struct crash_event event)
{
    if (event.file < 0) {
        return;
    }
    (void)pthread_mutex_lock(&d->lock);
    if (d->n == CRASH_EVENTS) {
        (void)fprintf(stderr, "the diary is full\n");
        abort();
    }
    d->event[d->n++] = event;
    (void)pthread_mutex_unlock(&d->lock);
}

static int
crash_close(sqlite3_file *f)
{
    return crash_real(f)->pMethods->xClose(crash_real(f));
}

static int
crash_read(sqlite3_file *f, void *dst, int len, sqlite3_int64 at)
{
    return crash_real(f)->pMethods->xRead(crash_real(f), dst, len, at);
}

static int
crash_write(sqlite3_file *f, const void *src, int len, sqlite3_int64 at)
{
    struct crash_file *mine = (struct crash_file *)f;
    struct crash_event event = {.kind = CRASH_WRITE, .file = mine->file, .at = at};

    if (mine->file >= 0) {
        event.len = (size_t)len;
        event.bytes = mem_new(event.len, 1);
        memcpy(event.bytes, src, event.len);
    }
    crash_note(mine->diary, event);
    return crash_real(f)->pMethods->xWrite(crash_real(f), src, len, at);
}

static int
crash_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct crash_file *mine = (struct crash_file *)f;

    crash_note(mine->diary,
               (struct crash_event){.kind = CRASH_TRUNCATE, .file = mine->file, .at = size});
    return crash_real(f)->pMethods->xTruncate(crash_real(f), size);
}

static int
crash_sync(sqlite3_file *f, int flags)
{
    struct crash_file *mine = (struct crash_file *)f;
    struct crash_diary *d = mine->diary;
    bool log = mine->file == 1;

    (void)pthread_mutex_lock(&d->lock);
    size_t begun = d->n;
    bool fails = log && ++d->syncs == d->fail_sync;

    (void)pthread_mutex_unlock(&d->lock);
    if (fails) {
        return SQLITE_IOERR_FSYNC;
    }
    int rc = crash_real(f)->pMethods->xSync(crash_real(f), flags);

    /* It counts from its end on, and only for what was written before it began: the checkpoint
     * syncs the log while the writer goes on. */
    crash_note(d,
               (struct crash_event){.kind = CRASH_SYNC, .file = mine->file, .at = (int64_t)begun});
    return rc;
}

static int
crash_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return crash_real(f)->pMethods->xFileSize(crash_real(f), size);
}

static int
crash_lock(sqlite3_file *f, int level)
{
    return crash_real(f)->pMethods->xLock(crash_real(f), level);
}

static int
crash_unlock(sqlite3_file *f, int level)
{
    return crash_real(f)->pMethods->xUnlock(crash_real(f), level);
}

static int
crash_reserved(sqlite3_file *f, int *out)
{
    return crash_real(f)->pMethods->xCheckReservedLock(crash_real(f), out);
}

static int
crash_control(sqlite3_file *f, int op, void *arg)
{
    return crash_real(f)->pMethods->xFileControl(crash_real(f), op, arg);
}

static int
crash_sector(sqlite3_file *f)
{
    return crash_real(f)->pMethods->xSectorSize(crash_real(f));
}

static int
crash_traits(sqlite3_file *f)
{
    /* SQLITE_IOCAP_POWERSAFE_OVERWRITE and all else that the real file claims is claimed here too:
     * losing whole sectors only is exactly what it says. */
    return crash_real(f)->pMethods->xDeviceCharacteristics(crash_real(f));
}

static int
crash_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return crash_real(f)->pMethods->xShmMap(crash_real(f), page, size, extend, out);
}

static int
crash_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return crash_real(f)->pMethods->xShmLock(crash_real(f), offset, n, flags);
}

static void
crash_shm_barrier(sqlite3_file *f)
{
    crash_real(f)->pMethods->xShmBarrier(crash_real(f));
}

static int
crash_shm_unmap(sqlite3_file *f, int delete)
{
    return crash_real(f)->pMethods->xShmUnmap(crash_real(f), delete);
}

static int
crash_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct crash_diary *d = vfs->pAppData;
    struct crash_file *mine = (struct crash_file *)f;
    int rc = d->real->xOpen(d->real, name, crash_real(f), flags, out_flags);

    mine->diary = d;
    mine->file = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? 0 : (flags & SQLITE_OPEN_WAL) != 0 ? 1 : -1;
    mine->base.pMethods = crash_real(f)->pMethods == NULL ? NULL : &d->methods;
    return rc;
}

/* Registers the VFS "crash".  The diary stays where it is until the program ends. */
static void
crash_register(struct crash_diary *d)
{
    *d = (struct crash_diary){.real = sqlite3_vfs_find(NULL)};
    (void)pthread_mutex_init(&d->lock, NULL);
    d->event = mem_new(CRASH_EVENTS, sizeof *d->event);
    d->methods = (sqlite3_io_methods){2,
                                      crash_close,
                                      crash_read,
                                      crash_write,
                                      crash_truncate,
                                      crash_sync,
                                      crash_size,
                                      crash_lock,
                                      crash_unlock,
                                      crash_reserved,
                                      crash_control,
                                      crash_sector,
                                      crash_traits,
                                      crash_shm_map,
                                      crash_shm_lock,
                                      crash_shm_barrier,
                                      crash_shm_unmap,
                                      NULL,
                                      NULL};
    d->vfs = *d->real;
    d->vfs.zName = "crash";
    d->vfs.pNext = NULL;
    d->vfs.pAppData = d;
    d->vfs.xOpen = crash_open;
    d->vfs.szOsFile = (int)sizeof(struct crash_file) + d->real->szOsFile;
    if (sqlite3_vfs_register(&d->vfs, 0) != SQLITE_OK) {
        abort();
    }
}

static void
crash_forget(struct crash_diary *d)
{
    for (size_t i = 0; i < d->n; i++) {
        mem_free(d->event[i].bytes);
    }
    d->n = 0;
    d->syncs = 0;
    d->fail_sync = 0;
}

/* --- what the disk holds --- */

struct crash_image {
    uint8_t *bytes; /* what is surely there */
    size_t len;
    size_t first; /* events of this file from here on are not synced */
};

static void
image_size(struct crash_image *image, size_t len)
{
    if (len > image->len) {
        image->bytes = mem_grow(image->bytes, image->len, len, 1);
    }
    image->len = len;
}

static void
image_write(struct crash_image *image, size_t at, const uint8_t *bytes, size_t len)
{
    if (at + len > image->len) {
        image_size(image, at + len);
    }
    memcpy(image->bytes + at, bytes, len);
}

/* Each sector of a write that was not synced is kept or lost by itself. */
static void
image_write_some(struct crash_image *image, const struct crash_event *e, unsigned *seed)
{
    size_t done = 0;

    while (done < e->len) {
        size_t at = (size_t)e->at + done;
        size_t part = CRASH_SECTOR - at % CRASH_SECTOR;

        part = part < e->len - done ? part : e->len - done;
        if ((rand_r(seed) & 1) != 0) {
            image_write(image, at, e->bytes + done, part);
        }
        done += part;
    }
}

static void
image_apply(struct crash_image *image, const struct crash_event *e, bool surely, unsigned *seed)
{
    if (e->kind == CRASH_TRUNCATE && (surely || (rand_r(seed) & 1) != 0)) {
        image_size(image, (size_t)e->at);
    } else if (e->kind == CRASH_WRITE && surely) {
        image_write(image, (size_t)e->at, e->bytes, e->len);
    } else if (e->kind == CRASH_WRITE) {
        image_write_some(image, e, seed);
    }
}

/* Bring an image of `file` from where it is to event `to`: everything up to its last sync
 * before that is sure. */
static void
image_advance(struct crash_image *image, const struct crash_diary *d, int file, size_t to)
{
    size_t synced = image->first;

    for (size_t i = image->first; i < to; i++) {
        bool sync = d->event[i].file == file && d->event[i].kind == CRASH_SYNC;

        synced = sync && (size_t)d->event[i].at > synced ? (size_t)d->event[i].at : synced;
    }
    for (size_t i = image->first; i < synced; i++) {
        if (d->event[i].file == file) {
            image_apply(image, &d->event[i], true, NULL);
        }
    }
    image->first = synced;
}

/* What a power loss just before event `to` leaves; the caller frees bytes. The image has been
 * advanced to there. */
static struct crash_image
image_after_loss(const struct crash_image *sure, const struct crash_diary *d, int file, size_t to,
                 unsigned *seed)
{
    struct crash_image left = {.len = sure->len};

    left.bytes = mem_new(sure->len, 1);
    if (sure->len > 0) {
        memcpy(left.bytes, sure->bytes, sure->len);
    }
    for (size_t i = sure->first; i < to; i++) {
        if (d->event[i].file == file) {
            image_apply(&left, &d->event[i], false, seed);
        }
    }
    return left;
}

#endif
