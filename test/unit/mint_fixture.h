/* SPDX-License-Identifier: Apache-2.0 */
/* mint_fixture.h - what the tests of the mint share: folders that go away again, good asks,
 * refusals by name. */
#ifndef TEST_UNIT_MINT_FIXTURE_H
#define TEST_UNIT_MINT_FIXTURE_H

#include "broker/mint/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"

enum { SCRATCH_PATH = 64, SCRATCH_NAME = 192 };

#define SCRATCH_JKT    "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define SCRATCH_DIGEST "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static inline void
refused(enum err got, enum err wanted, const struct why *why, const char *reason)
{
    if (got != wanted) {
        fail_msg("error %d (%s), wanted %d (%s)", (int)got, why_text(why), (int)wanted, reason);
    }
    for (size_t i = 0; i < why->n; i++) {
        if (strstr(why->link[i], reason) != NULL) {
            return;
        }
    }
    fail_msg("refused because \"%s\", wanted \"%s\"", why_text(why), reason);
}

static inline void
fine(enum err got, const struct why *why)
{
    if (got != ERR_OK) {
        fail_msg("error %d: %s", (int)got, why_text(why));
    }
}

/* An empty folder of this test's own. */
static inline void
scratch_make(char path[SCRATCH_PATH])
{
    (void)snprintf(path, SCRATCH_PATH, "/tmp/countersign-test.XXXXXX");
    assert_non_null(mkdtemp(path));
}

static inline int
scratch_unlink(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static inline void
scratch_remove(const char *path)
{
    assert_int_equal(nftw(path, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline int
scratch_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

/* The whole of DIR/NAME; freed by the caller with mem_free. */
static inline struct slice
scratch_read(const char *dir, const char *name)
{
    char path[SCRATCH_NAME];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);

    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0) {
        fail_msg("%s cannot be read", path);
    }

    uint8_t *bytes = mem_new((size_t)st.st_size + 1, 1);

    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    (void)close(fd);
    return (struct slice){bytes, (size_t)st.st_size};
}

static inline void
scratch_write(const char *dir, const char *name, struct slice bytes, mode_t mode)
{
    char path[SCRATCH_NAME];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    (void)unlink(path);

    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
    (void)close(fd);
}

/* Not inlined away by the compiler: the slice is only borrowed, so the bytes are freed through
 * it. */
static inline void
scratch_free(struct slice s)
{
    mem_free((void *)(uintptr_t)s.ptr);
}

static inline bool
scratch_holds(struct slice text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

#define SCRATCH_SET(member, text) (void)snprintf((member), sizeof(member), "%s", (text))

/* An ask that its kind's rules allow. */
static inline void
scratch_ask(struct mint_ask *ask, enum mint_kind kind)
{
    *ask = (struct mint_ask){.kind = kind, .status_index = -1};
    SCRATCH_SET(ask->record.actor, "guest");
    SCRATCH_SET(ask->record.sandbox, "sb-1");
    SCRATCH_SET(ask->record.policy, "summarizer/7");
    SCRATCH_SET(ask->record.policy_digest, SCRATCH_DIGEST);
    SCRATCH_SET(ask->record.verdict, "vd-1");
    if (kind == MINT_NOTE) {
        ask->record.action = ACTION_ASKED;
        return;
    }
    if (kind == MINT_PUT_URL) {
        ask->life_s = 60;
        ask->size = 17;
        SCRATCH_SET(ask->store, "results");
        SCRATCH_SET(ask->key, "summaries/sb-1/report.pdf");
        SCRATCH_SET(ask->content_type, "application/pdf");
        return;
    }
    ask->life_s = kind == MINT_RECEIPT ? 0 : 300;
    SCRATCH_SET(ask->sub, "sb-1");
    SCRATCH_SET(ask->client_id, "summarizer");
    SCRATCH_SET(ask->aud[0], "https://files.example");
    ask->aud_n = 1;
    SCRATCH_SET(ask->scope, "upload secret:db");
    SCRATCH_SET(ask->jkt, SCRATCH_JKT);
    if (kind != MINT_ACCESS) {
        SCRATCH_SET(ask->extra, "{\"a\":1}");
    }
}

#endif
