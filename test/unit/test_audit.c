/* SPDX-License-Identifier: Apache-2.0 */
/* test_audit.c - `countersign audit`: a sound folder passes, and every piece that was changed is
 * named. */
#include "test/unit/log_rig.h"

#include <sys/wait.h>

#include "attest/base/text.h"
#include "clients/audit_check.h"
#include "clients/commands.h"

enum { RECORDS = 600 };

/* 600 records: two full tiles and a partial one, published. */
static int
published(void **state)
{
    struct rig *r = NULL;

    (void)setup(state);
    r = *state;
    rig_start(r);
    rig_add(r, RECORDS, 64);
    rig_publish(r);
    return 0;
}

static void
sound(const struct rig *r, uint64_t records, uint64_t covered)
{
    struct audit_report report;
    struct why why = {0};

    fine(audit_check_folder(r->audit, NULL, &report, &why), &why);
    assert_int_equal(report.records, records);
    assert_int_equal(report.checkpoint.size, covered);
    assert_string_equal(report.checkpoint.origin, "test.example/log");
}

static void
broken(const struct rig *r, enum err wanted, const char *reason)
{
    struct audit_report report;
    struct why why = {0};

    refused(audit_check_folder(r->audit, NULL, &report, &why), wanted, &why, reason);
}

static void
a_sound_folder_passes(void **state)
{
    struct rig *r = *state;
    struct audit_report report;
    struct why why = {0};
    char path[SCRATCH_NAME];

    fine(audit_check_folder(r->audit, publish_vkey(r->view), &report, &why), &why);
    assert_int_equal(report.tiles, 2 + 1 + 1); /* two full, one partial, one of level 1 */
    assert_int_equal(report.bundles, 3);
    rig_add(r, 5, 1); /* not yet covered */
    sound(r, RECORDS + 5, RECORDS);
    rig_publish(r);
    sound(r, RECORDS + 5, RECORDS + 5);
    (void)snprintf(path, sizeof path, "%s/log", r->audit);
    fine(audit_check_log(path, &report, &why), &why);
    assert_int_equal(report.records, RECORDS + 5);
    assert_false(report.has_checkpoint);
}

/* Change one byte of a file, check, and change it back. */
static void
flipped(const struct rig *r, const char *name, size_t at, enum err wanted, const char *reason)
{
    struct slice was = scratch_read(r->audit, name);
    uint8_t *copy = mem_new(was.len, 1);

    assert_true(at < was.len);
    memcpy(copy, was.ptr, was.len);
    copy[at] ^= 0x01;
    scratch_write(r->audit, name, (struct slice){copy, was.len}, 0640);
    broken(r, wanted, reason);
    scratch_write(r->audit, name, was, 0640);
    mem_free(copy);
    scratch_free(was);
}

static void
flipped_bytes_are_named(void **state)
{
    struct rig *r = *state;

    flipped(r, "tile/entries/000", 5000, ERR_DENIED, "tile/entries/000: byte 5000 is not");
    flipped(r, "tile/entries/001", 0, ERR_DENIED, "tile/entries/001: byte 0 is not");
    flipped(r, "tile/entries/002.p/88", 3000, ERR_DENIED, "tile/entries/002.p/88: byte 3000");
    flipped(r, "tile/0/000", 31, ERR_DENIED, "tile/0/000: byte 31 is not");
    flipped(r, "tile/0/002.p/88", 2815, ERR_DENIED, "tile/0/002.p/88: byte 2815");
    flipped(r, "tile/1/000.p/2", 63, ERR_DENIED, "tile/1/000.p/2: byte 63");
    flipped(r, "log", 50000, ERR_DENIED, "is not sound");
    flipped(r, "log", 0, ERR_MALFORMED, "record 0 at byte 0 is not sound");
    flipped(r, "log", 9, ERR_DENIED, "record 0 at byte 0 is not sound");
    flipped(r, "checkpoint", 60, ERR_DENIED, "does not verify");
    sound(r, RECORDS, RECORDS);
}

static void
truncated_and_missing_files_are_named(void **state)
{
    static const char *const NAMES[] = {"tile/0/000", "tile/0/001", "tile/0/002.p/88",
                                        "tile/entries/001", "tile/1/000.p/2"};
    struct rig *r = *state;

    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        struct slice was = scratch_read(r->audit, NAMES[i]);
        char reason[128];

        (void)snprintf(reason, sizeof reason, "%s: %zu bytes, the log gives %zu", NAMES[i],
                       was.len - 32, was.len);
        scratch_write(r->audit, NAMES[i], (struct slice){was.ptr, was.len - 32}, 0640);
        broken(r, ERR_DENIED, reason);
        (void)snprintf(reason, sizeof reason, "%s: is missing", NAMES[i]);
        assert_int_equal(unlinkat(r->dir, NAMES[i], 0), 0);
        broken(r, ERR_DENIED, reason);
        scratch_write(r->audit, NAMES[i], was, 0640);
        scratch_free(was);
    }
    sound(r, RECORDS, RECORDS);
}

/* A mint that goes on publishing may take away a partial tile that an older checkpoint names. */
static void
a_full_tile_stands_in_for_its_partial(void **state)
{
    struct rig *r = *state;
    struct slice older = scratch_read(r->audit, "checkpoint");

    rig_add(r, 256, 64);
    rig_publish(r);
    assert_int_equal(faccessat(r->dir, "tile/0/002.p/88", F_OK, 0), -1);
    scratch_write(r->audit, "checkpoint", older, 0640);
    sound(r, RECORDS + 256, RECORDS);
    flipped(r, "tile/0/002", 87 * 32, ERR_DENIED, "tile/0/002: byte 2784 is not");
    scratch_free(older);
}

static void
edited_checkpoints_are_named(void **state)
{
    struct rig *r = *state;
    struct slice good = scratch_read(r->audit, "checkpoint");
    char text[NOTE_MAX];

    (void)snprintf(text, sizeof text, "%.*s", (int)good.len, (const char *)good.ptr);
    assert_memory_equal(text, "test.example/log\n600\n", 21);
    memcpy(text + 17, "599", 3);
    scratch_write(r->audit, "checkpoint", slice_text(text), 0640);
    broken(r, ERR_DENIED, "signature of test.example/log does not verify");
    scratch_write(r->audit, "checkpoint", slice_text("nothing"), 0640);
    broken(r, ERR_MALFORMED, "no signature block");
    assert_int_equal(unlinkat(r->dir, "checkpoint", 0), 0);
    broken(r, ERR_UNABLE, "checkpoint: cannot be read");
    scratch_free(good);
}

/* Where the last frame begins. */
static size_t
last_frame(struct slice log)
{
    size_t at = log.len - 4;

    while (memcmp(log.ptr + at, "CSL1", 4) != 0) {
        at--;
    }
    return at;
}

static void
a_cut_log_is_named(void **state)
{
    struct rig *r = *state;
    struct slice whole = scratch_read(r->audit, "log");
    size_t last = last_frame(whole);

    damage(r, (struct slice){whole.ptr, last});
    broken(r, ERR_DENIED, "log: ends after 599 records, the signed checkpoint covers 600");
    damage(r, (struct slice){whole.ptr, whole.len - 1});
    broken(r, ERR_DENIED, "record 599 at byte ");
    damage(r, (struct slice){0});
    broken(r, ERR_DENIED, "log: ends after 0 records");
    scratch_free(whole);
}

static void
room_after_the_last_record_is_no_damage(void **state)
{
    struct rig *r = *state;
    struct audit_report report;
    struct why why = {0};
    char path[SCRATCH_NAME];
    struct slice whole = scratch_read(r->audit, "log");

    lengthen(r, 1 << 20, "");
    sound(r, RECORDS, RECORDS);
    (void)snprintf(path, sizeof path, "%s/log", r->audit);
    fine(audit_check_log(path, &report, &why), &why);
    assert_int_equal(report.records, RECORDS);
    assert_int_equal(report.bytes, whole.len);
    lengthen(r, 0, "x");
    broken(r, ERR_DENIED, "record 600 at byte ");
    damage(r, (struct slice){whole.ptr, whole.len - 9}); /* torn, and room after it */
    lengthen(r, 1 << 19, "");
    broken(r, ERR_DENIED, "record 599 at byte ");
    scratch_free(whole);
}

/* Zeros where records were are no room: the checkpoint knows of them. */
static void
zeros_in_place_of_records_are_named(void **state)
{
    struct rig *r = *state;
    struct slice whole = scratch_read(r->audit, "log");
    size_t last = last_frame(whole);

    damage(r, (struct slice){whole.ptr, last});
    lengthen(r, whole.len - last, "");
    broken(r, ERR_DENIED, "log: ends after 599 records, the signed checkpoint covers 600");
    scratch_free(whole);
}

/* A mint that is in the middle of a write: half of its record is there, and a moment later all. */
static void
a_record_that_is_being_written_is_waited_for(void **state)
{
    struct rig *r = *state;
    struct slice whole = scratch_read(r->audit, "log");
    size_t half = whole.len - 20;
    int status = 0;

    damage(r, (struct slice){whole.ptr, half});
    lengthen(r, 1 << 19, "");

    int fd = openat(r->dir, "log", O_WRONLY | O_CLOEXEC);
    pid_t pid = fork();

    if (pid == 0) {
        (void)usleep(70000);
        _exit(pwrite(fd, whole.ptr + half, 20, (off_t)half) == 20 ? 0 : 1);
    }
    sound(r, RECORDS, RECORDS);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    (void)close(fd);
    scratch_free(whole);
}

/* The whole folder made anew by somebody without the key. */
static void
another_key_is_refused(void **state)
{
    struct rig *r = *state;
    struct audit_report report;
    struct why why = {0};
    struct note_key other;
    char vkey[NOTE_VKEY_MAX];
    uint8_t pub[NOTE_PUB] = {9};

    fine(note_key_make("test.example/log", pub, &other, &why), &why);
    note_key_text(&other, vkey);
    refused(audit_check_folder(r->audit, vkey, &report, &why), ERR_DENIED, &why,
            "no signature by test.example/log");
    why.n = 0;
    refused(audit_check_folder(r->audit, "not a key", &report, &why), ERR_MALFORMED, &why,
            "NAME+HASH+KEY");
    assert_int_equal(unlinkat(r->dir, "log.vkey", 0), 0);
    broken(r, ERR_UNABLE, "log.vkey: cannot be read");
}

/* Sound frames, a sound chain and a signed checkpoint over entries that lie about their number. */
static void
entries_with_another_number_are_named(void **state)
{
    struct rig *r = *state;
    struct why why = {0};
    struct slice entry = slice_text("{\"v\":1,\"seq\":7}");

    log_append(r->log, 1795543727000, entry);
    fine(log_commit(r->log, &why), &why);
    fine(publish_push(r->view, entry, &why), &why);
    rig_publish(r);
    broken(r, ERR_DENIED, "entry of record 600 is not JSON with that number");
}

static void
what_is_not_a_log(void **state)
{
    struct rig *r = *state;
    struct audit_report report;
    struct why why = {0};
    char path[SCRATCH_NAME];

    (void)snprintf(path, sizeof path, "%s/log.vkey", r->audit);
    refused(audit_check_log(path, &report, &why), ERR_MALFORMED, &why, "record 0 at byte 0");
    why.n = 0;
    (void)snprintf(path, sizeof path, "%s/none", r->audit);
    refused(audit_check_log(path, &report, &why), ERR_UNABLE, &why, "No such file");
    why.n = 0;
    refused(audit_check_folder(path, NULL, &report, &why), ERR_UNABLE, &why, "log.vkey");
}

/* Exit code of the command, and what it printed on standard output. */
static int
command(const char *const *words, char *out, size_t cap)
{
    char *argv[8] = {NULL};
    int argc = 0;
    int pipe_fd[2];
    int status = 0;
    size_t len = 0;
    ssize_t got = 1;

    for (; words[argc] != NULL; argc++) {
        argv[argc] = mem_text(slice_text(words[argc]));
    }
    assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
    (void)fflush(NULL);

    pid_t pid = fork();

    if (pid == 0) {
        (void)dup2(pipe_fd[1], STDOUT_FILENO);
        (void)dup2(pipe_fd[1], STDERR_FILENO);

        int code = cmd_audit(argc, argv);

        (void)fflush(NULL);
        _exit(code);
    }
    (void)close(pipe_fd[1]);
    while (got > 0 && len < cap - 1) {
        got = read(pipe_fd[0], out + len, cap - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    out[len] = '\0';
    (void)close(pipe_fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    for (int i = 0; i < argc; i++) {
        mem_free(argv[i]);
    }
    return WEXITSTATUS(status);
}

/* `part` NULL: it prints nothing. */
static void
prints(const char *const *words, int code, const char *part)
{
    static char out[1 << 17]; /* of the last command */
    int got = command(words, out, sizeof out);

    if (got != code || (part == NULL ? out[0] != '\0' : strstr(out, part) == NULL)) {
        fail_msg("exit code %d, wanted %d; no \"%s\" in:\n%.2000s", got, code,
                 part == NULL ? "(nothing)" : part, out);
    }
}

static void
the_command_and_its_exit_codes(void **state)
{
    struct rig *r = *state;
    const char *dir = r->audit;
    char log[SCRATCH_NAME];

    (void)snprintf(log, sizeof log, "%s/log", dir);
    prints((const char *const[]){"audit", "verify", dir, NULL}, 0, "covers 600 of them");
    prints((const char *const[]){"audit", "verify", dir, NULL}, 0, "came from the folder itself");
    prints((const char *const[]){"audit", "verify", dir, "--json", NULL}, 0,
           "\"verdict\":\"sound\"");
    prints((const char *const[]){"audit", "verify", "--log", log, NULL}, 0, "nobody has signed");
    prints((const char *const[]){"audit", "verify", dir, "--key", "x", "--json", NULL}, 2,
           "\"verdict\":\"malformed\"");
    prints((const char *const[]){"audit", "verify", "/nonexistent", NULL}, 3, "unable: log.vkey");
    prints((const char *const[]){"audit", "verify", NULL}, 64, "give a folder or --log FILE");
    prints((const char *const[]){"audit", "verify", dir, "--log", log, NULL}, 64, "give a folder");
    prints((const char *const[]){"audit", "nonsense", NULL}, 64, "no such audit command");
    assert_int_equal(unlinkat(r->dir, "tile/0/000", 0), 0);
    prints((const char *const[]){"audit", "verify", dir, NULL}, 1,
           "broken: tile/0/000: is missing");
    prints((const char *const[]){"audit", "verify", dir, "--json", NULL}, 1,
           "\"verdict\":\"broken\"");
}

static void
showing_records(void **state)
{
    struct rig *r = *state;
    struct why why = {0};
    const char *dir = r->audit;

    log_append(r->log, 1795543727000,
               slice_text("{\"v\":1,\"seq\":600,\"time\":\"2026-11-24T18:08:47.029Z\","
                          "\"action\":\"denied\",\"kind\":\"note\",\"sandbox\":\"sb-\\u001b[2J\","
                          "\"reasons\":[\"a.b\",\"c.d\"]}"));
    fine(log_commit(r->log, &why), &why);
    prints((const char *const[]){"audit", "show", dir, NULL}, 0,
           "600 2026-11-24T18:08:47.029Z denied note sandbox=sb-?[2J reasons=a.b,c.d\n");
    prints((const char *const[]){"audit", "show", dir, "--sandbox", "sb-1", NULL}, 0, NULL);
    prints((const char *const[]){"audit", "show", dir, "--sandbox", "sb-\x1b[2J", NULL}, 0,
           "600 2026-11-24T18:08:47.029Z denied note");
    prints((const char *const[]){"audit", "show", dir, "--json", NULL}, 0,
           "{\"v\":1,\"seq\":3,\"text\":\"0007\"}\n");
    damage(r, slice_text("rubbish, and more of it"));
    prints((const char *const[]){"audit", "show", dir, NULL}, 2, "is not sound");
}

#define FOLDER(f) cmocka_unit_test_setup_teardown(f, published, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER(a_sound_folder_passes),
        FOLDER(flipped_bytes_are_named),
        FOLDER(truncated_and_missing_files_are_named),
        FOLDER(a_full_tile_stands_in_for_its_partial),
        FOLDER(edited_checkpoints_are_named),
        FOLDER(a_cut_log_is_named),
        FOLDER(room_after_the_last_record_is_no_damage),
        FOLDER(zeros_in_place_of_records_are_named),
        FOLDER(a_record_that_is_being_written_is_waited_for),
        FOLDER(another_key_is_refused),
        FOLDER(entries_with_another_number_are_named),
        FOLDER(what_is_not_a_log),
        FOLDER(the_command_and_its_exit_codes),
        FOLDER(showing_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
