/* SPDX-License-Identifier: Apache-2.0 */
/* mint_rig.h - a folder with a real, forked mint on it. */
#ifndef TEST_UNIT_MINT_RIG_H
#define TEST_UNIT_MINT_RIG_H

#include "test/unit/mint_fixture.h"

struct rig {
    char path[SCRATCH_PATH];
    char audit[SCRATCH_PATH + 8];
    struct mint_conf conf;
    struct mint *mint;
    struct mint_ask ask;
    struct mint_answer answer;
    struct why why;
};

static inline int
setup(void **state)
{
    struct rig *r = mem_new(1, sizeof *r);

    scratch_make(r->path);
    (void)snprintf(r->audit, sizeof r->audit, "%s/audit", r->path);
    SCRATCH_SET(r->conf.data_dir, r->path);
    SCRATCH_SET(r->conf.issuer, "https://broker.example");
    SCRATCH_SET(r->conf.log_origin, "broker.example/log");
    *state = r;
    return 0;
}

static inline int
teardown(void **state)
{
    struct rig *r = *state;

    mint_stop(&r->mint);
    scratch_remove(r->path);
    mem_free(r);
    return 0;
}

static inline void
start(struct rig *r)
{
    r->why.n = 0;
    fine(mint_start(&r->conf, &r->mint, &r->why), &r->why);
    assert_true(mint_alive(r->mint, NULL));
}

static inline void
start_and_listen(struct rig *r)
{
    start(r);
    fine(mint_listen(r->mint, &r->why), &r->why);
}

static inline enum err
ask(struct rig *r)
{
    r->why.n = 0;
    return mint_ask(r->mint, &r->ask, &r->answer, &r->why);
}

static inline bool
log_holds(const struct rig *r, const char *text)
{
    struct slice log = scratch_read(r->audit, "log");
    bool holds = scratch_holds(log, text);

    scratch_free(log);
    return holds;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
