/* SPDX-License-Identifier: Apache-2.0 */
/* test_sys.c - clock, randomness, files and memory: the edges where the outside world says no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mem.h"
#include "common/sys.h"

struct place {
    char dir[64];
    char path[128];
};

static int
setup(void **state)
{
    static struct place p;

    (void)snprintf(p.dir, sizeof p.dir, "/tmp/countersign-sys.XXXXXX");
    if (mkdtemp(p.dir) == NULL) {
        return -1;
    }
    (void)snprintf(p.path, sizeof p.path, "%s/file", p.dir);
    *state = &p;
    return 0;
}

static int
teardown(void **state)
{
    const struct place *p = *state;

    (void)unlink(p->path);
    return rmdir(p->dir); /* fails when a temporary file was left */
}

static void
file_goes_both_ways(void **state)
{
    const struct place *p = *state;
    struct why why = {0};
    struct stat st;

    /* Around the first buffer and the limit. */
    for (size_t n = 0; n < 20000; n = n < 4090 ? n + 4090 : n < 4100 ? n + 1 : n + 7951) {
        uint8_t *data = mem_new(n, 1);
        uint8_t *back = NULL;
        size_t len = 1;

        memset(data, (int)(n & 0xff) | 1, n);
        assert_int_equal(file_write(p->path, (struct slice){data, n}, 0600, &why), ERR_OK);
        assert_int_equal(file_read(p->path, n, &back, &len, &why), ERR_OK);
        assert_int_equal(len, n);
        assert_memory_equal(back, data, n);
        assert_int_equal(back[n], 0);
        mem_free_bytes(&back);
        assert_null(back);
        if (n > 0) {
            assert_int_equal(file_read(p->path, n - 1, &back, &len, &why), ERR_LIMIT);
            assert_null(back);
        }
        mem_free(data);
    }
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void
file_mode_is_the_one_asked_for(void **state)
{
    const struct place *p = *state;
    struct why why = {0};
    struct stat st;

    assert_int_equal(file_write(p->path, slice_text("x"), 0644, &why), ERR_OK);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
}

static void
missing_file_is_not_found(void **state)
{
    const struct place *p = *state;
    struct why why = {0};
    uint8_t *back = NULL;
    size_t len = 7;

    assert_int_equal(file_read("/nonexistent/x", 10, &back, &len, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why_text(&why), "/nonexistent/x"));
    assert_int_equal(file_read(p->dir, 10, &back, &len, &why), ERR_IO);
    assert_int_equal(len, 7);
    assert_null(back);
    assert_int_equal(file_write("/nonexistent/x", slice_text("x"), 0600, &why), ERR_NOT_FOUND);
}

/* A failed write leaves the old file and nothing beside it (teardown sees to the latter). */
static void
failed_write_changes_nothing(void **state)
{
    const struct place *p = *state;
    struct why why = {0};
    char inner[192];
    uint8_t *back = NULL;
    size_t len = 0;

    (void)snprintf(inner, sizeof inner, "%s/folder", p->dir);
    assert_int_equal(dir_make(inner, 0700, &why), ERR_OK);
    assert_int_equal(file_write(inner, slice_text("x"), 0600, &why),
                     ERR_IO); /* a folder is there */
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(file_write(p->path, slice_text("old"), 0600, &why), ERR_OK);
    assert_int_equal(file_read(p->path, 3, &back, &len, &why), ERR_OK);
    assert_memory_equal(back, "old", 4);
    mem_free_bytes(&back);
}

static void
folders_are_made_with_parents(void **state)
{
    const struct place *p = *state;
    struct why why = {0};
    char deep[192];
    char middle[192];

    (void)snprintf(deep, sizeof deep, "%s/a/b/", p->dir);
    (void)snprintf(middle, sizeof middle, "%s/a", p->dir);
    assert_int_equal(dir_make(deep, 0700, &why), ERR_OK);
    assert_int_equal(dir_make(deep, 0700, &why), ERR_OK);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(middle), 0);

    assert_int_equal(file_write(p->path, slice_text("x"), 0600, &why), ERR_OK);
    (void)snprintf(deep, sizeof deep, "%s/x", p->path);
    assert_int_equal(dir_make(deep, 0700, &why), ERR_IO);
    assert_int_equal(dir_make("", 0700, &why), ERR_LIMIT);
}

static void
ids_are_unique_and_sort_by_time(void **state)
{
    char a[ID_MAX];
    char b[ID_MAX];

    (void)state;
    random_id("sbx_", a, sizeof a);
    for (int i = 0; i < 200; i++) {
        random_id("sbx_", b, sizeof b);
        assert_int_equal(strlen(b), 4 + 32);
        assert_int_equal(strspn(b + 4, "0123456789abcdef"), 32);
        assert_string_not_equal(a, b);
        assert_true(strncmp(a, b, 4 + 12) <= 0); /* the time never goes back */
        memcpy(a, b, sizeof a);
    }

    char ms[17] = {0};

    memcpy(ms, b + 4, 12);
    assert_true(llabs((long long)strtoull(ms, NULL, 16) - (long long)clock_unix_ms()) < 10000);
}

static void
clocks_agree(void **state)
{
    int64_t mono = clock_mono_ms();

    (void)state;
    assert_true(clock_unix() > 1700000000);
    assert_true(llabs((long long)(clock_unix_ms() / 1000 - clock_unix())) <= 1);
    assert_true(clock_mono_ms() >= mono);
}

static void
random_bytes_fill_everything(void **state)
{
    uint8_t any[600] = {0};
    uint8_t got[600];

    (void)state;
    for (int round = 0; round < 16; round++) {
        random_bytes(got, sizeof got);
        for (size_t i = 0; i < sizeof got; i++) {
            any[i] |= got[i];
        }
    }
    for (size_t i = 0; i < sizeof any; i++) {
        assert_int_not_equal(any[i], 0); /* 600 * 2^-128 by chance */
    }
}

static void
memory_is_zeroed_and_grows(void **state)
{
    char *text = mem_text((struct slice){(const uint8_t *)"abcdef", 3});
    uint32_t *array = mem_new(2, sizeof *array);

    (void)state;
    assert_string_equal(text, "abc");
    mem_free_text(&text);
    assert_null(text);
    array[0] = array[1] = 7;
    array = mem_grow(array, 2, 5, sizeof *array);
    assert_int_equal(array[1], 7);
    assert_int_equal(array[2] | array[3] | array[4], 0);
    mem_free(array);
    array = mem_grow(NULL, 0, 1, sizeof *array);
    assert_int_equal(array[0], 0);
    mem_free(array);

    void *empty = mem_new(0, 8);

    assert_non_null(empty);
    mem_free(empty);
}

/* What cannot be had ends the process: here one of our own. */
static void
impossible_size_aborts(void **state)
{
    pid_t pid = fork();
    int status = 0;

    (void)state;
    if (pid == 0) {
        volatile size_t half = SIZE_MAX / 2;

        (void)close(2);
        (void)mem_new(half, 3); /* wraps to something small when multiplied carelessly */
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_not_equal(status, 0); /* SIGABRT; a sanitizer exits by itself */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(file_goes_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(file_mode_is_the_one_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_file_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_write_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_are_made_with_parents, setup, teardown),
        cmocka_unit_test(ids_are_unique_and_sort_by_time),
        cmocka_unit_test(clocks_agree),
        cmocka_unit_test(random_bytes_fill_everything),
        cmocka_unit_test(memory_is_zeroed_and_grows),
        cmocka_unit_test(impossible_size_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
