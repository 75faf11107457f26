/* SPDX-License-Identifier: Apache-2.0 */
/* log_rig.h - a data folder with its log, keys and view, opened as the mint opens them. */
#ifndef TEST_UNIT_LOG_RIG_H
#define TEST_UNIT_LOG_RIG_H

#include "test/unit/mint_fixture.h"

#include "broker/mint/log.h"
#include "broker/mint/publish.h"

struct rig {
    char path[SCRATCH_PATH];
    char audit[SCRATCH_PATH + 8];
    int data;
    int dir;
    struct keyring *keys;
    struct log *log;
    struct publish *view;
    struct log_tail tail;
    uint64_t seen; /* records of the scan */
};

static inline int
setup(void **state)
{
    struct rig *r = mem_new(1, sizeof *r);

    scratch_make(r->path);
    (void)snprintf(r->audit, sizeof r->audit, "%s/audit", r->path);
    assert_int_equal(mkdir(r->audit, 0700), 0);
    r->data = scratch_open(r->path);
    r->dir = scratch_open(r->audit);
    *state = r;
    return 0;
}

static inline void
rig_close(struct rig *r)
{
    publish_free(&r->view);
    log_free(&r->log);
    keyring_free(&r->keys);
}

static inline int
teardown(void **state)
{
    struct rig *r = *state;

    rig_close(r);
    (void)close(r->data);
    (void)close(r->dir);
    scratch_remove(r->path);
    mem_free(r);
    return 0;
}

static inline enum err
visit(void *ctx, struct slice entry, struct why *why)
{
    struct rig *r = ctx;

    r->seen++;
    return publish_push(r->view, entry, why);
}

static inline enum err
rig_open(struct rig *r, const char *origin, struct why *why)
{
    const struct log_visitor visitor = {.record = visit, .ctx = r};

    r->seen = 0;
    TRY(log_open(r->dir, &r->log, why));
    TRY(keyring_open(r->data, &r->keys, why));
    TRY(publish_open(r->dir, origin, r->keys, &r->view, why));
    return log_scan(r->log, publish_covered(r->view), &visitor, &r->tail, why);
}

static inline void
rig_start(struct rig *r)
{
    struct why why = {0};

    fine(rig_open(r, "test.example/log", &why), &why);
}

static inline void
entry_of(uint64_t i, char dst[64])
{
    (void)snprintf(dst, 64, "{\"v\":1,\"seq\":%llu,\"text\":\"%0*d\"}", (unsigned long long)i,
                   (int)(i % 29) + 1, 7);
}

/* n records in batches of `batch`. */
static inline void
rig_add(struct rig *r, size_t n, size_t batch)
{
    struct why why = {0};

    for (size_t i = 0; i < n; i++) {
        char text[64];

        entry_of(log_next(r->log), text);
        log_append(r->log, 1795543727000, slice_text(text));
        fine(publish_push(r->view, slice_text(text), &why), &why);
        if (i % batch == batch - 1 || i == n - 1) {
            fine(log_commit(r->log, &why), &why);
        }
    }
}

static inline void
rig_publish(struct rig *r)
{
    struct why why = {0};

    fine(publish_now(r->view, 0, &why), &why);
}

/* Change the append file behind the mint's back. */
static inline void
damage(const struct rig *r, struct slice bytes)
{
    scratch_write(r->audit, "log", bytes, 0640);
}

/* The log as it is, and after it `zeros` zeros and a text. */
static inline void
lengthen(const struct rig *r, size_t zeros, const char *text)
{
    struct slice was = scratch_read(r->audit, "log");
    size_t len = was.len + zeros + strlen(text);
    uint8_t *bytes = mem_new(len, 1);

    memcpy(bytes, was.ptr, was.len);
    memcpy(bytes + was.len + zeros, text, strlen(text));
    damage(r, (struct slice){bytes, len});
    mem_free(bytes);
    scratch_free(was);
}

static inline void
does_not_open(struct rig *r, const char *origin, const char *reason)
{
    struct why why = {0};

    refused(rig_open(r, origin, &why), ERR_UNABLE, &why, reason);
    rig_close(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
