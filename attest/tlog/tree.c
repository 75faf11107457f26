/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - see tree.h. */
#include "attest/tlog/tree.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { PREFIX_LEAF = 0, PREFIX_NODE = 1, TILE_BITS = 8 };

void
tlog_leaf(struct slice entry, uint8_t out[SHA256_LEN])
{
    uint8_t in[1 + TLOG_ENTRY_MAX];

    assert(entry.len <= TLOG_ENTRY_MAX);
    in[0] = PREFIX_LEAF;
    if (entry.len > 0) {
        memcpy(in + 1, entry.ptr, entry.len);
    }
    hash_sha256((struct slice){in, 1 + entry.len}, out);
}

void
tlog_node(const uint8_t left[SHA256_LEN], const uint8_t right[SHA256_LEN], uint8_t out[SHA256_LEN])
{
    uint8_t in[1 + 2 * SHA256_LEN];

    in[0] = PREFIX_NODE;
    memcpy(in + 1, left, SHA256_LEN);
    memcpy(in + 1 + SHA256_LEN, right, SHA256_LEN);
    hash_sha256((struct slice){in, sizeof in}, out);
}

/* As in binary addition: two full subtrees of one size become the next larger one. */
void
tlog_push(struct tlog_tree *t, const uint8_t leaf[SHA256_LEN])
{
    uint8_t sum[SHA256_LEN];
    size_t bit = 0;

    assert(t->size < UINT64_MAX);
    memcpy(sum, leaf, sizeof sum);
    for (; (t->size >> bit & 1) != 0; bit++) {
        tlog_node(t->node[bit], sum, sum);
    }
    memcpy(t->node[bit], sum, sizeof sum);
    t->size++;
}

void
tlog_root(const struct tlog_tree *t, uint8_t out[SHA256_LEN])
{
    bool some = false;

    hash_sha256((struct slice){0}, out);
    for (size_t bit = 0; bit < 64; bit++) {
        if ((t->size >> bit & 1) == 0) {
            continue;
        }
        if (some) {
            tlog_node(t->node[bit], out, out);
        } else {
            memcpy(out, t->node[bit], SHA256_LEN);
        }
        some = true;
    }
}

/* The root of a full tile, which is one hash of the level above. */
static void
tile_root(const uint8_t tile[TLOG_TILE * SHA256_LEN], uint8_t out[SHA256_LEN])
{
    uint8_t row[TLOG_TILE * SHA256_LEN];

    memcpy(row, tile, sizeof row);
    for (size_t n = TLOG_TILE; n > 1; n /= 2) {
        for (size_t i = 0; i < n / 2; i++) {
            tlog_node(row + 2 * i * SHA256_LEN, row + (2 * i + 1) * SHA256_LEN,
                      row + i * SHA256_LEN);
        }
    }
    memcpy(out, row, SHA256_LEN);
}

size_t
tlog_tiles_push(struct tlog_tiles *t, const uint8_t leaf[SHA256_LEN])
{
    uint8_t hash[SHA256_LEN];
    size_t full = 0;

    memcpy(hash, leaf, sizeof hash);
    for (; full < TLOG_LEVELS; full++) {
        size_t at = tlog_tiles_width(t->size, full);

        memcpy(t->edge[full] + at * SHA256_LEN, hash, sizeof hash);
        if (at + 1 < TLOG_TILE) {
            break;
        }
        tile_root(t->edge[full], hash);
    }
    t->size++;
    return full;
}

size_t
tlog_tiles_width(uint64_t size, size_t level)
{
    assert(level < TLOG_LEVELS);
    return (size_t)(size >> (TILE_BITS * level) & (TLOG_TILE - 1));
}

/* C2SP tlog-tiles: groups of three digits, all but the last behind an "x". */
static void
path_of(const char *head, uint64_t index, size_t width, char dst[TLOG_PATH])
{
    uint64_t unit = 1;
    int len = snprintf(dst, TLOG_PATH, "tile/%s", head);

    assert(width >= 1 && width <= TLOG_TILE);
    while (index / unit >= 1000) {
        unit *= 1000;
    }
    for (; unit >= 1; unit /= 1000) {
        len += snprintf(dst + len, (size_t)(TLOG_PATH - len), "/%s%03u", unit > 1 ? "x" : "",
                        (unsigned)(index / unit % 1000));
    }
    if (width < TLOG_TILE) {
        len += snprintf(dst + len, (size_t)(TLOG_PATH - len), ".p/%zu", width);
    }
    assert(len > 0 && len < TLOG_PATH);
}

void
tlog_tile_path(size_t level, uint64_t index, size_t width, char dst[TLOG_PATH])
{
    char head[16];

    (void)snprintf(head, sizeof head, "%u", (unsigned)level % 100);
    path_of(head, index, width, dst);
}

void
tlog_bundle_path(uint64_t index, size_t width, char dst[TLOG_PATH])
{
    path_of("entries", index, width, dst);
}
