/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c - see publish.h. */
#include "broker/mint/publish.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/mint/secret.h"
#include "common/mem.h"

enum {
    FILE_MODE = 0640,
    FOLDER_MODE = 0750,
    BUNDLE_MAX = TLOG_TILE * (2 + TLOG_ENTRY_MAX),
    TEMP_MAX = TLOG_PATH + 8,
};

/* Which partial files of the tile (or bundle) that is growing are there: bit w for width w. */
struct partials {
    uint8_t width[TLOG_TILE / 8];
};

struct publish {
    int dir; /* borrowed */
    struct keyring *keys;
    struct note_key key;
    char vkey[NOTE_VKEY_MAX];
    struct checkpoint found; /* at start; size 0 when there was none */
    struct tlog_tree tree;
    struct tlog_tiles tiles;
    uint64_t published; /* size of the last checkpoint that we wrote */
    bool begun;         /* one was written */
    int64_t last_ms;
    struct partials bundle_partials;
    struct partials tile_partials[TLOG_LEVELS];
    struct wr bundle; /* of the entries after the last full bundle */
    uint8_t bundle_buf[BUNDLE_MAX];
};

int
publish_open_flags(void)
{
    return O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
}

/* Make the folders of a path, which are missing the first time only. */
static int
open_making(int dir, const char *path)
{
    char part[TEMP_MAX];
    int fd = openat(dir, path, publish_open_flags(), FILE_MODE);

    if (fd >= 0 || errno != ENOENT) {
        return fd;
    }
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdirat(dir, part, FOLDER_MODE); /* what is there already is fine */
        *slash = '/';
    }
    return openat(dir, path, publish_open_flags(), FILE_MODE);
}

static enum err
view_write(int dir, const char *path, struct slice bytes, bool sync, struct why *why)
{
    AUTO(fd_done) int fd = open_making(dir, path);

    if (fd < 0 || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len ||
        (sync && fdatasync(fd) != 0)) {
        return why_add(why, ERR_IO, "audit/%s: %s", path, strerrordesc_np(errno));
    }
    return ERR_OK;
}

/* Readers see the old file or the new one. */
static enum err
view_replace(int dir, const char *path, struct slice bytes, struct why *why)
{
    char temp[TEMP_MAX];

    (void)snprintf(temp, sizeof temp, "%s.new", path);
    TRY(view_write(dir, temp, bytes, true, why));
    if (renameat(dir, temp, dir, path) != 0) {
        return why_add(why, ERR_IO, "audit/%s: %s", path, strerrordesc_np(errno));
    }
    return ERR_OK;
}

void
publish_free(struct publish **p)
{
    mem_free(*p);
    *p = NULL;
}

static enum err
checkpoint_judge(struct publish *p, struct slice note, struct why *why)
{
    struct slice text = {0};

    if (note_open(note, &p->key, &text, why) != ERR_OK ||
        checkpoint_read(text, &p->found, why) != ERR_OK) {
        return why_add(why, ERR_UNABLE, "audit/checkpoint is not one of this log and key");
    }
    if (strcmp(p->found.origin, p->key.name) != 0) {
        return why_add(why, ERR_UNABLE, "audit/checkpoint is of \"%.60s\", not of \"%.60s\"",
                       p->found.origin, p->key.name);
    }
    return ERR_OK;
}

static enum err
checkpoint_find(struct publish *p, struct why *why)
{
    uint8_t note[NOTE_MAX];
    AUTO(fd_done) int fd = openat(p->dir, "checkpoint", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT) {
        return ERR_OK; /* first start, or never lived for a second */
    }

    ssize_t got = fd < 0 ? -1 : read(fd, note, sizeof note);

    if (got < 0) {
        return why_add(why, ERR_UNABLE, "audit/checkpoint: %s", strerrordesc_np(errno));
    }
    return checkpoint_judge(p, (struct slice){note, (size_t)got}, why);
}

static enum err
vkey_write(const struct publish *p, struct why *why)
{
    char line[NOTE_VKEY_MAX + 1];
    int len = snprintf(line, sizeof line, "%s\n", p->vkey);

    return view_replace(p->dir, "log.vkey", (struct slice){(const uint8_t *)line, (size_t)len},
                        why);
}

enum err
publish_open(int dir, const char *origin, struct keyring *keys, struct publish **out,
             struct why *why)
{
    AUTO(publish_free) struct publish *p = mem_new(1, sizeof *p);

    p->dir = dir;
    p->keys = keys;
    /* What an earlier run has left is not known: the first full tile looks for all of it. */
    memset(&p->bundle_partials, 0xff, sizeof p->bundle_partials);
    memset(p->tile_partials, 0xff, sizeof p->tile_partials);
    p->bundle = wr_init(p->bundle_buf, sizeof p->bundle_buf, "audit.bundle");
    TRY(note_key_make(origin, keyring_log_pub(keys), &p->key, why));
    note_key_text(&p->key, p->vkey);
    TRY(checkpoint_find(p, why));
    TRY(vkey_write(p, why));
    *out = p;
    p = NULL;
    return ERR_OK;
}

uint64_t
publish_covered(const struct publish *p)
{
    return p->found.size;
}

const char *
publish_vkey(const struct publish *p)
{
    return p->vkey;
}

/* While the log is read at start, full files that the last checkpoint covers were synced before
 * it and are taken as they are. */
static bool
there_already(const struct publish *p, const char *path, size_t len)
{
    struct stat st;

    return !p->begun && p->tree.size <= p->found.size &&
           fstatat(p->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (size_t)st.st_size == len;
}

/* C2SP tlog-tiles: partial tiles may go once the full one is there. */
static void
partials_remove(int dir, const char *path, struct partials *made)
{
    char name[TEMP_MAX];
    int len = snprintf(name, sizeof name, "%s.p", path);

    for (unsigned w = 1; w < TLOG_TILE; w++) {
        if ((made->width[w / 8] >> w % 8 & 1u) != 0) {
            (void)snprintf(name + len, sizeof name - (size_t)len, "/%u", w);
            (void)unlinkat(dir, name, 0);
        }
    }
    name[len] = '\0';
    (void)unlinkat(dir, name, AT_REMOVEDIR);
    *made = (struct partials){0};
}

static void
partials_add(struct partials *made, size_t width)
{
    made->width[width / 8] |= (uint8_t)(1u << width % 8);
}

static enum err
full_write(const struct publish *p, const char *path, struct slice bytes, struct partials *made,
           struct why *why)
{
    if (there_already(p, path, bytes.len)) {
        return ERR_OK;
    }
    TRY(view_write(p->dir, path, bytes, true, why));
    partials_remove(p->dir, path, made);
    return ERR_OK;
}

/* The bundle and the tiles that the last push has completed. */
static enum err
full_tiles(struct publish *p, size_t levels, struct why *why)
{
    char path[TLOG_PATH];
    enum err err = ERR_OK;

    if (levels == 0) {
        return ERR_OK;
    }
    tlog_bundle_path(p->tiles.size / TLOG_TILE - 1, TLOG_TILE, path);
    err = full_write(p, path, wr_done(&p->bundle), &p->bundle_partials, why);
    p->bundle.len = 0;
    for (size_t level = 0; level < levels && err == ERR_OK; level++) {
        struct slice tile = {p->tiles.edge[level], sizeof p->tiles.edge[level]};

        tlog_tile_path(level, (p->tiles.size >> 8 * (level + 1)) - 1, TLOG_TILE, path);
        err = full_write(p, path, tile, &p->tile_partials[level], why);
    }
    return err;
}

/* Whoever rewrote the file, checksums and chain and all, did not have the key of the checkpoint. */
static enum err
root_check(const struct publish *p, struct why *why)
{
    uint8_t root[SHA256_LEN];

    if (p->begun || p->tree.size != p->found.size) {
        return ERR_OK;
    }
    tlog_root(&p->tree, root);
    if (memcmp(root, p->found.root, sizeof root) != 0) {
        return why_add(why, ERR_UNABLE,
                       "audit log: its first %llu records are not those of the signed checkpoint",
                       (unsigned long long)p->found.size);
    }
    return ERR_OK;
}

enum err
publish_push(struct publish *p, struct slice entry, struct why *why)
{
    uint8_t leaf[SHA256_LEN];

    wr_be16(&p->bundle, (uint16_t)entry.len);
    wr_bytes(&p->bundle, entry);
    assert(!p->bundle.full); /* BUNDLE_MAX holds 256 of the longest */
    tlog_leaf(entry, leaf);
    tlog_push(&p->tree, leaf);
    TRY(root_check(p, why));
    return full_tiles(p, tlog_tiles_push(&p->tiles, leaf), why);
}

static enum err
partial_bundle(struct publish *p, struct why *why)
{
    char path[TLOG_PATH];
    size_t width = tlog_tiles_width(p->tiles.size, 0);

    if (width == 0) {
        return ERR_OK;
    }
    tlog_bundle_path(p->tiles.size / TLOG_TILE, width, path);
    partials_add(&p->bundle_partials, width);
    return view_write(p->dir, path, wr_done(&p->bundle), false, why);
}

/* Only levels that have grown since the last checkpoint. */
static enum err
partial_tiles(struct publish *p, struct why *why)
{
    char path[TLOG_PATH];
    enum err err = ERR_OK;

    for (size_t level = 0; level < TLOG_LEVELS && err == ERR_OK; level++) {
        size_t width = tlog_tiles_width(p->tiles.size, level);
        uint64_t have = p->tiles.size >> 8 * level;
        bool grown = !p->begun || have != p->published >> 8 * level;

        if (width > 0 && grown) {
            tlog_tile_path(level, have / TLOG_TILE, width, path);
            partials_add(&p->tile_partials[level], width);
            err = view_write(p->dir, path, (struct slice){p->tiles.edge[level], width * SHA256_LEN},
                             false, why);
        }
    }
    return err;
}

static enum err
checkpoint_put(struct publish *p, struct why *why)
{
    uint8_t note[NOTE_MAX];
    uint8_t sig[KEYRING_SIG];
    struct wr w = wr_init(note, sizeof note, "audit.checkpoint");
    struct checkpoint cp = {.size = p->tree.size};

    memcpy(cp.origin, p->key.name, sizeof cp.origin);
    tlog_root(&p->tree, cp.root);
    checkpoint_write(&w, &cp);
    TRY(keyring_sign_log(p->keys, wr_done(&w), sig, why));
    note_sign_write(&w, &p->key, sig);
    TRY(wr_end(&w, why));
    return view_replace(p->dir, "checkpoint", wr_done(&w), why);
}

enum err
publish_now(struct publish *p, int64_t now_ms, struct why *why)
{
    TRY(partial_bundle(p, why));
    TRY(partial_tiles(p, why));
    TRY(checkpoint_put(p, why));
    p->published = p->tree.size;
    p->begun = true;
    p->last_ms = now_ms;
    return ERR_OK;
}

int
publish_wait_ms(const struct publish *p, int64_t now_ms)
{
    uint64_t pending = p->tree.size - p->published;
    int64_t left = p->last_ms + PUBLISH_EVERY_MS - now_ms;

    if (pending == 0 && p->begun) {
        return -1;
    }
    return left <= 0 ? 0 : (int)(left > PUBLISH_EVERY_MS ? PUBLISH_EVERY_MS : left);
}
