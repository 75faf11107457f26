/* SPDX-License-Identifier: Apache-2.0 */
/* audit_check.c - see audit_check.h. */
#include "clients/audit_check.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "clients/audit_log.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/sys.h"

enum { BUNDLE_MAX = TLOG_TILE * (2 + TLOG_ENTRY_MAX) };

struct check {
    const char *dir; /* NULL: the append file alone */
    struct audit_report *report;
    struct tlog_tree tree;
    struct tlog_tiles tiles;
    struct wr bundle;
    uint8_t bundle_buf[BUNDLE_MAX];
};

static void
check_free(struct check **c)
{
    mem_free(*c);
    *c = NULL;
}

static enum err
path_join(const char *dir, const char *name, char dst[PATH_MAX], struct why *why)
{
    int len = snprintf(dst, PATH_MAX, "%s/%s", dir, name);

    return len > 0 && len < PATH_MAX ? ERR_OK
                                     : why_add(why, ERR_UNABLE, "%s: path is too long", dir);
}

/* A missing file is somebody's to give us; any other failure is the machine's. */
static enum err
read_in(const char *dir, const char *name, size_t max, struct why *why, uint8_t **out, size_t *len)
{
    char path[PATH_MAX];

    TRY(path_join(dir, name, path, why));

    enum err err = file_read(path, max, out, len, why);

    return err == ERR_OK || err == ERR_NOT_FOUND || err == ERR_LIMIT ? err : ERR_UNABLE;
}

/* A file of the view is exactly what the log says; `begins`: it may go on after that. */
static enum err
compare_file(const struct check *c, const char *name, struct slice wanted, bool begins,
             struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *bytes = NULL;
    size_t len = 0;
    enum err err = read_in(c->dir, name, BUNDLE_MAX, why, &bytes, &len);

    if (err == ERR_LIMIT) {
        return why_add(why, ERR_DENIED, "%s: is too large", name);
    }
    TRY(err);
    if (begins ? len < wanted.len : len != wanted.len) {
        return why_add(why, ERR_DENIED, "%s: %zu bytes, the log gives %zu", name, len, wanted.len);
    }
    for (size_t i = 0; i < wanted.len; i++) {
        if (bytes[i] != wanted.ptr[i]) {
            return why_add(why, ERR_DENIED, "%s: byte %zu is not what the log gives", name, i);
        }
    }
    return ERR_OK;
}

/* C2SP tlog-tiles: a partial tile may go once the full one is there, and then begins as it did. */
static enum err
compare(const struct check *c, const char *name, const char *full, struct slice wanted,
        struct why *why)
{
    enum err err = compare_file(c, name, wanted, false, why);

    if (err == ERR_NOT_FOUND && strcmp(name, full) != 0) {
        why->n = 0;
        err = compare_file(c, full, wanted, true, why);
    }
    return err == ERR_NOT_FOUND ? why_add(why, ERR_DENIED, "%s: is missing", name) : err;
}

static enum err
compare_bundle(const struct check *c, uint64_t index, size_t width, struct why *why)
{
    char name[TLOG_PATH];
    char full[TLOG_PATH];

    tlog_bundle_path(index, width, name);
    tlog_bundle_path(index, TLOG_TILE, full);
    c->report->bundles++;
    return compare(c, name, full, wr_done(&c->bundle), why);
}

static enum err
compare_tile(const struct check *c, size_t level, uint64_t index, size_t width, struct why *why)
{
    char name[TLOG_PATH];
    char full[TLOG_PATH];

    tlog_tile_path(level, index, width, name);
    tlog_tile_path(level, index, TLOG_TILE, full);
    c->report->tiles++;
    return compare(c, name, full, (struct slice){c->tiles.edge[level], width * SHA256_LEN}, why);
}

static enum err
full_tiles(struct check *c, size_t levels, struct why *why)
{
    enum err err = ERR_OK;

    if (levels == 0) {
        return ERR_OK;
    }
    err = compare_bundle(c, c->tiles.size / TLOG_TILE - 1, TLOG_TILE, why);
    c->bundle.len = 0;
    for (size_t level = 0; level < levels && err == ERR_OK; level++) {
        err = compare_tile(c, level, (c->tiles.size >> 8 * (level + 1)) - 1, TLOG_TILE, why);
    }
    return err;
}

static enum err
partial_tiles(struct check *c, struct why *why)
{
    size_t width = tlog_tiles_width(c->tiles.size, 0);
    enum err err = ERR_OK;

    if (width > 0) {
        err = compare_bundle(c, c->tiles.size / TLOG_TILE, width, why);
    }
    for (size_t level = 0; level < TLOG_LEVELS && err == ERR_OK; level++) {
        width = tlog_tiles_width(c->tiles.size, level);
        if (width > 0) {
            err = compare_tile(c, level, (c->tiles.size >> 8 * level) / TLOG_TILE, width, why);
        }
    }
    return err;
}

/* Where the checkpoint stands: its root, and the tiles that are not full. */
static enum err
at_checkpoint(struct check *c, struct why *why)
{
    uint8_t root[SHA256_LEN];

    tlog_root(&c->tree, root);
    if (memcmp(root, c->report->checkpoint.root, sizeof root) != 0) {
        return why_add(why, ERR_DENIED,
                       "checkpoint: the first %llu records do not have the root that was signed",
                       (unsigned long long)c->tree.size);
    }
    return partial_tiles(c, why);
}

/* The number inside the signed entry is the number outside. */
static enum err
entry_check(const struct log_frame *f, struct why *why)
{
    AUTO(json_free) json_t *entry = NULL;
    const json_t *seq = NULL;

    if (json_read(f->entry, &entry, why) == ERR_OK) {
        seq = json_object_get(entry, "seq");
    }
    if (!json_is_integer(seq) || json_integer_value(seq) != (json_int_t)f->seq) {
        return why_add(why, ERR_DENIED, "log: entry of record %llu is not JSON with that number",
                       (unsigned long long)f->seq);
    }
    return ERR_OK;
}

static enum err
covered(struct check *c, struct slice entry, struct why *why)
{
    uint8_t leaf[SHA256_LEN];

    wr_be16(&c->bundle, (uint16_t)entry.len);
    wr_bytes(&c->bundle, entry);
    tlog_leaf(entry, leaf);
    tlog_push(&c->tree, leaf);
    TRY(full_tiles(c, tlog_tiles_push(&c->tiles, leaf), why));
    return c->tree.size == c->report->checkpoint.size ? at_checkpoint(c, why) : ERR_OK;
}

static enum err
record(void *ctx, const struct log_frame *f, struct why *why)
{
    struct check *c = ctx;

    TRY(entry_check(f, why));
    c->report->first_ms = f->seq == 0 ? f->time_ms : c->report->first_ms;
    c->report->last_ms = f->time_ms;
    if (!c->report->has_checkpoint || c->tree.size >= c->report->checkpoint.size) {
        return ERR_OK;
    }
    return covered(c, f->entry, why);
}

static enum err
walk(struct check *c, const char *path, struct why *why)
{
    const struct audit_visitor v = {record, c};
    struct log_cursor at = {0};
    enum err err = audit_log_walk(path, &v, &at, why);

    c->report->records = at.seq;
    c->report->bytes = at.offset;
    return err;
}

static struct check *
check_new(const char *dir, struct audit_report *report)
{
    struct check *c = mem_new(1, sizeof *c);

    c->dir = dir;
    c->report = report;
    c->bundle = wr_init(c->bundle_buf, sizeof c->bundle_buf, "bundle");
    return c;
}

enum err
audit_check_log(const char *path, struct audit_report *out, struct why *why)
{
    AUTO(check_free) struct check *c = NULL;

    *out = (struct audit_report){0};
    c = check_new(NULL, out);
    return walk(c, path, why);
}

static enum err
key_find(const char *dir, const char *vkey, struct note_key *key, struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *line = NULL;
    size_t len = 0;

    if (vkey != NULL) {
        return note_key_read(slice_text(vkey), key, why);
    }
    if (read_in(dir, "log.vkey", NOTE_VKEY_MAX + 1, why, &line, &len) != ERR_OK) {
        return why_add(why, ERR_UNABLE, "log.vkey: cannot be read; give the key with --key");
    }
    len -= len > 0 && line[len - 1] == '\n' ? 1 : 0;
    return note_key_read((struct slice){line, len}, key, why);
}

static enum err
checkpoint_open(const char *dir, const struct note_key *key, struct audit_report *out,
                struct why *why)
{
    AUTO(mem_free_bytes) uint8_t *note = NULL;
    struct slice text = {0};
    size_t len = 0;

    if (read_in(dir, "checkpoint", NOTE_MAX, why, &note, &len) != ERR_OK) {
        return why_add(why, ERR_UNABLE, "checkpoint: cannot be read");
    }
    TRY(note_open((struct slice){note, len}, key, &text, why));
    TRY(checkpoint_read(text, &out->checkpoint, why));
    if (strcmp(out->checkpoint.origin, key->name) != 0) {
        return why_add(why, ERR_DENIED, "checkpoint: is of another log than the key");
    }
    out->has_checkpoint = true;
    return ERR_OK;
}

enum err
audit_check_folder(const char *dir, const char *vkey, struct audit_report *out, struct why *why)
{
    AUTO(check_free) struct check *c = NULL;
    struct note_key key = {0};
    char path[PATH_MAX];

    *out = (struct audit_report){0};
    TRY(key_find(dir, vkey, &key, why));
    note_key_text(&key, out->vkey);
    TRY(checkpoint_open(dir, &key, out, why)); /* first: what it covers is in the file already */
    TRY(path_join(dir, "log", path, why));
    c = check_new(dir, out);
    TRY(walk(c, path, why));
    if (out->records < out->checkpoint.size) {
        return why_add(why, ERR_DENIED,
                       "log: ends after %llu records, the signed checkpoint covers %llu",
                       (unsigned long long)out->records, (unsigned long long)out->checkpoint.size);
    }
    return ERR_OK;
}
